//! Runs that follow one another: when everything is read, and what may be concluded from what is not.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, Presence, RunOutcome};
use ldap_inventory::directory::{DirectoryObject, FullReadReason};
use ldap_inventory::ldap::{DeltaPolicy, LdapLimits};
use ldap_inventory::merge::Verdict;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{Grace, MatchPolicy, SyncTask};
use ldap_inventory::testing::{
    Fault, LdapResult, MockDirectory, MockEnding, OperationKind, Script, TestServer, When,
};
use ldap_inventory::value::{ReadMode, RunId, Timestamp};
use ldap_inventory::{ErrorKind, Result};

use crate::mock::{computer, mock_guid};

use super::wire::{credential, directory, source};
use super::world::*;

fn hours(n: u64) -> Duration {
    Duration::from_secs(n * 3_600)
}

/// Runs that begin at chosen hours.
struct Clock(Timestamp);

impl Clock {
    fn new() -> Self {
        Self(Timestamp::from_unix_seconds(1_790_000_000).unwrap())
    }

    fn at(&self, hour: u64) -> SyncOptions {
        let now = self.0.checked_add(hours(hour)).unwrap();
        SyncOptions::new().with_run(RunId::random_v7(), now)
    }
}

fn telling() -> MockDirectory {
    MockDirectory::new(domain()).with_deltas(ReadMode::DirSync, false)
}

async fn at(
    clock: &Clock,
    hour: u64,
    task: &SyncTask,
    directory: &MockDirectory,
    repository: &dyn AssetRepository,
) -> SyncReport {
    sync(task, directory, repository, &clock.at(hour)).await.unwrap()
}

#[tokio::test]
async fn everything_is_read_when_it_is_due_asked_for_or_decided_anew() {
    use FullReadReason as Why;
    for repository in stores() {
        let (clock, directory, task) = (Clock::new(), telling(), task());
        let reads = |report: &SyncReport| (report.mode, report.full_because);
        let first = at(&clock, 0, &task, &directory, &*repository).await;
        assert_eq!(reads(&first), (ReadMode::Full, Some(Why::NoCheckpoint)));
        for hour in [1, 2, 23] {
            let report = at(&clock, hour, &task, &directory, &*repository).await;
            assert_eq!(reads(&report), (ReadMode::DirSync, None), "hour {hour}");
        }
        let due = at(&clock, 24, &task, &directory, &*repository).await;
        assert_eq!(reads(&due), (ReadMode::Full, Some(Why::Due)));
        let next = at(&clock, 47, &task, &directory, &*repository).await;
        assert_eq!(reads(&next), (ReadMode::DirSync, None));
        // The clock was far ahead when everything was last read, or is wrong now.
        let behind = at(&clock, 1, &task, &directory, &*repository).await;
        assert_eq!(reads(&behind), (ReadMode::Full, Some(Why::Due)));
        let asked = clock.at(2).with_full_read(true);
        let asked = sync(&task, &directory, &*repository, &asked).await.unwrap();
        assert_eq!(reads(&asked), (ReadMode::Full, Some(Why::Asked)));
        let strict = task.clone().with_matching(MatchPolicy::default().with_exclude_unknown(true));
        let other = at(&clock, 3, &strict, &directory, &*repository).await;
        assert_eq!(reads(&other), (ReadMode::Full, Some(Why::RulesChanged)));
        let same = at(&clock, 4, &strict, &directory, &*repository).await;
        assert_eq!(reads(&same), (ReadMode::DirSync, None));
        directory.refuse_checkpoints();
        let refused = at(&clock, 5, &strict, &directory, &*repository).await;
        assert_eq!(reads(&refused), (ReadMode::Full, Some(Why::CheckpointRefused)));
        let narrow = strict.with_base_dns(["CN=Users,DC=corp,DC=example".to_owned()]);
        let scope = at(&clock, 6, &narrow, &directory, &*repository).await;
        assert_eq!(reads(&scope), (ReadMode::Full, Some(Why::NoCheckpoint)));
    }
}

#[tokio::test]
async fn a_failed_run_leaves_the_checkpoint_and_goes_on_record() {
    for repository in stores() {
        let (clock, directory, task) = (Clock::new(), telling(), task());
        at(&clock, 0, &task, &directory, &*repository).await;
        let kept = repository.checkpoint(&acme(), &corp(), task.checkpoint_key()).await.unwrap();
        directory.set_objects([computer("NEW2").build()].into_iter().chain(domain()));
        let kind = ErrorKind::Disconnected;
        for ending in [
            MockEnding::Incomplete { pages: 0, kind },
            MockEnding::Error { pages: 1, kind },
            MockEnding::Refused(kind),
        ] {
            directory.set_ending(ending.clone());
            let run: Result<_> = sync(&task, &directory, &*repository, &clock.at(1)).await;
            let outcome = if run.is_ok() { RunOutcome::Incomplete } else { RunOutcome::Failed };
            let record = repository.runs(&acme(), &corp(), 1).await.unwrap().remove(0);
            assert_eq!((record.outcome, record.task.as_str()), (outcome, "Head office"));
            assert_eq!(record.checkpoint, None);
            assert_eq!(
                repository.checkpoint(&acme(), &corp(), task.checkpoint_key()).await.unwrap(),
                kept,
                "{ending:?}"
            );
        }
        directory.set_ending(MockEnding::Complete);
        let report = at(&clock, 2, &task, &directory, &*repository).await;
        // The new computer was read, and written, before the one read broke off.
        assert_eq!((report.mode, report.computers.read), (ReadMode::DirSync, 1));
        assert_eq!((report.computers.created, report.computers.unchanged), (0, 1));
    }
}

#[tokio::test]
async fn who_waits_for_a_person_is_looked_at_again_by_every_run() {
    for repository in stores() {
        scan(&*repository).await;
        let (clock, directory, task) = (Clock::new(), telling(), task());
        let first = at(&clock, 0, &task, &directory, &*repository).await;
        assert_eq!(first.computers.ambiguous, 1);
        let again = at(&clock, 1, &task, &directory, &*repository).await;
        assert_eq!(
            (again.mode, again.computers.read, again.computers.ambiguous),
            (ReadMode::DirSync, 1, 1)
        );
        // The other of the two goes by another name now.
        let mut other = repository.assets(&acme(), &[asset_id(4)]).await.unwrap().remove(0);
        other.names = scanned(4, &["other.corp.example"]).names;
        other.version += 1;
        put(&*repository, other).await;
        let settled = at(&clock, 2, &task, &directory, &*repository).await;
        assert_eq!((settled.computers.matched, settled.computers.ambiguous), (1, 0));
        assert_eq!(asset_of(&*repository, mock_guid("TWIN")).await.id, asset_id(3));
        let quiet = at(&clock, 3, &task, &directory, &*repository).await;
        assert_eq!(quiet.computers.read, 0);
    }
}

#[tokio::test]
async fn an_object_is_missing_for_as_long_as_the_grace_says_in_runs_and_in_time() {
    for repository in stores() {
        let (clock, directory) = (Clock::new(), telling());
        let task = task().with_grace(Grace::default().with_runs(2).with_time(hours(5)));
        at(&clock, 0, &task, &directory, &*repository).await;
        let mut objects = domain();
        objects.retain(|object| object.guid != mock_guid("WEB1"));
        directory.set_objects(objects);
        for (hour, gone) in [(1, 0), (2, 0), (5, 0), (6, 1), (7, 1)] {
            let report = at(&clock, hour, &task, &directory, &*repository).await;
            assert_eq!(report.mode, ReadMode::DirSync);
            assert_eq!(
                (report.computers.missing, report.computers.gone),
                (1 - gone, gone),
                "{hour}"
            );
        }
        directory.set_objects(domain());
        let report = at(&clock, 8, &task, &directory, &*repository).await;
        assert_eq!((report.computers.restored, report.computers.created), (1, 0));
        let link = link(&*repository, mock_guid("WEB1")).await.unwrap();
        assert_eq!(link.presence, Presence::Present);
    }
}

/// A run over the wire, by changes if there was one before.
async fn wire_run(
    server: &TestServer,
    repository: &dyn AssetRepository,
    options: &SyncOptions,
    policy: DeltaPolicy,
) -> Result<SyncReport> {
    let credential = credential(server.ldap_url()).with_insecure(true);
    let limits = LdapLimits::default().with_page_size(20);
    let source = source(credential).with_limits(limits).with_delta(policy);
    sync(&task(), &source, repository, options).await
}

/// The searches of the last connection whose filter says so, by their numbers.
fn searches(server: &TestServer, filter: &str) -> Vec<usize> {
    let searches = server.recorded().pop().unwrap().searches;
    let found = searches.iter().enumerate().filter(|(_, search)| search.filter.contains(filter));
    found.map(|(n, _)| n + 1).collect()
}

#[tokio::test]
async fn a_result_code_on_the_second_page_marks_nothing_missing_and_the_report_says_why() {
    let directory = directory();
    let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
    let server = server.start().await.unwrap();
    for policy in [DeltaPolicy::DirSync, DeltaPolicy::Usn] {
        let repository: Arc<dyn AssetRepository> = Arc::new(MemoryRepository::new());
        server.set_script(Script::new());
        for full in [true, false] {
            let options = SyncOptions::new().with_full_read(full);
            wire_run(&server, &*repository, &options, policy).await.unwrap();
            server.set_script(Script::new());
            wire_run(&server, &*repository, &options, policy).await.unwrap();
            let before = inventory(&*repository).await;
            // Of a full read the second page of computers, of one of changes that of its census.
            let second = searches(&server, "(objectClass=computer)")[1];
            for code in [3, 4, 11, 51, 53] {
                let when = When::operation(OperationKind::Search).nth(second);
                let answer = Fault::Answer(LdapResult::new(code, "no more"));
                server.set_script(Script::new().with(when, answer));
                let outcome = wire_run(&server, &*repository, &options, policy).await;
                let said = match outcome {
                    Ok(report) => {
                        assert!(!report.complete, "{code}");
                        report.incomplete_because.unwrap()
                    }
                    Err(error) => error.report(),
                };
                assert!(said.contains(&format!("result code: {code}")), "{said}");
                assert_same(&inventory(&*repository).await, &before, format!("{code}"));
                server.set_script(Script::new());
            }
        }
    }
}

#[tokio::test]
async fn lost_read_rights_mark_nothing_missing_and_the_report_says_why() {
    let directory = directory();
    let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
    let server = server.start().await.unwrap();
    for policy in [DeltaPolicy::DirSync, DeltaPolicy::Usn] {
        let repository = MemoryRepository::new();
        let options = SyncOptions::new();
        wire_run(&server, &repository, &options, policy).await.unwrap();
        let before = inventory(&repository).await;
        let computers: Vec<String> = {
            let tree = directory.read();
            let is_computer = |classes: &[Vec<u8>]| classes.iter().any(|c| c == b"computer");
            let computers = tree.entries().filter(|e| is_computer(e.values("objectClass")));
            computers.map(|entry| entry.dn().to_owned()).collect()
        };
        let hide = |hidden| {
            for dn in &computers {
                directory.write().set_hidden(dn, hidden).unwrap();
            }
        };
        hide(true);
        for full in [false, true] {
            let options = SyncOptions::new().with_full_read(full);
            let report = wire_run(&server, &repository, &options, policy).await.unwrap();
            assert_eq!(report.mode == ReadMode::Full, full);
            assert_eq!((report.computers.missing, report.computers.gone), (0, 0));
            let said = report.warnings.concat();
            assert!(said.contains("no computer was read"), "{said}");
            assert_same(&inventory(&repository).await, &before, "hidden");
        }
        hide(false);
        let report = wire_run(&server, &repository, &options, policy).await.unwrap();
        assert_eq!((report.computers.created, report.computers.missing), (0, 0));
    }
}

#[tokio::test]
async fn a_computer_made_anew_between_two_reads_of_changes_takes_its_asset_over() {
    for repository in stores() {
        scan(&*repository).await;
        let (clock, directory, task) = (Clock::new(), telling(), task());
        at(&clock, 0, &task, &directory, &*repository).await;
        let mut objects: Vec<DirectoryObject> = domain();
        objects.retain(|object| object.guid != mock_guid("WEB1"));
        objects.push(computer("WEB1").with_guid(mock_guid("joined again")).build());
        directory.set_objects(objects);
        let options = clock.at(1).with_explain(true);
        let report = sync(&task, &directory, &*repository, &options).await.unwrap();
        assert_eq!((report.mode, report.computers.missing), (ReadMode::DirSync, 0));
        let decisions = report.decisions.unwrap();
        let decision = decisions.iter().find(|d| d.object == mock_guid("joined again")).unwrap();
        assert_eq!(decision.verdict, Verdict::Matched(asset_id(1)));
        assert_eq!(decision.succeeds(), [mock_guid("WEB1")]);
        assert_consistent(&*repository).await;
    }
}
