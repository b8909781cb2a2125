//! Runs that follow one another: when everything is read, and what may be concluded from what is not.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, Presence, RunOutcome};
use ldap_inventory::directory::{DirectoryObject, FullReadReason};
use ldap_inventory::ldap::{DeltaPolicy, LdapLimits};
use ldap_inventory::merge::Verdict;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, Grace, MatchPolicy, SyncTask};
use ldap_inventory::testing::{
    Fault, LdapResult, MockDirectory, MockEnding, MockRecord, OperationKind, Script, TestServer,
    When,
};
use ldap_inventory::value::{ReadMode, RunId, Timestamp};
use ldap_inventory::{ErrorKind, Result};

use crate::mock::{computer, group, mock_guid, user};

use super::interfering::Interfering;
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

    fn minute(&self, minute: u64) -> Timestamp {
        self.0.checked_add(Duration::from_secs(60 * minute)).unwrap()
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
        for hour in [0, 1, 2, 23] {
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

/// A task whose reads of changes take no census.
fn uncounted() -> SyncTask {
    task().with_census_beyond(0)
}

#[tokio::test]
async fn who_is_made_anew_takes_its_asset_over_though_nobody_has_told_that_the_earlier_one_went() {
    for is_there_still in [false, true] {
        for repository in stores() {
            scan(&*repository).await;
            let (clock, directory, task) = (Clock::new(), telling(), uncounted());
            at(&clock, 0, &task, &directory, &*repository).await;
            let mut objects: Vec<DirectoryObject> = domain();
            objects.retain(|it| is_there_still || it.guid != mock_guid("WEB1"));
            let anew = computer("WEB1").within("OU=Servers").with_guid(mock_guid("joined again"));
            objects.push(anew.build());
            directory.set_objects(objects);
            let options = SyncOptions::new().with_run(RunId::random_v7(), clock.minute(1));
            let report = sync(&task, &directory, &*repository, &options).await.unwrap();
            assert_eq!((report.mode, report.census), (ReadMode::DirSync, false));
            assert_eq!(report.computers.missing, 0);
            let earlier = link(&*repository, mock_guid("WEB1")).await;
            assert_eq!(earlier.is_some(), is_there_still);
            let anew = link(&*repository, mock_guid("joined again")).await.unwrap().asset;
            assert_eq!(anew == Some(asset_id(1)), !is_there_still);
            assert_consistent(&*repository).await;
        }
    }
}

#[tokio::test]
async fn who_waited_takes_the_place_of_one_that_went_whether_that_is_known_or_nobody_has_looked() {
    for is_known in [true, false] {
        for repository in stores() {
            put(&*repository, scanned(1, &["twin.corp.example"])).await;
            let (clock, task) = (Clock::new(), uncounted());
            let others = || ["A", "B", "C"].map(|name| computer(name).build()).into_iter();
            let earlier = || computer("TWIN").within("OU=Old").with_guid(mock_guid("earlier"));
            let directory = MockDirectory::new(others().chain([earlier().build()]));
            let directory = directory.with_deltas(ReadMode::DirSync, false);
            at(&clock, 0, &task, &directory, &*repository).await;
            assert_eq!(asset_of(&*repository, mock_guid("earlier")).await.id, asset_id(1));
            if is_known {
                directory.set_objects(others());
            }
            let report = at(&clock, 1, &task, &directory, &*repository).await;
            assert_eq!(report.computers.missing, u64::from(is_known));
            put(&*repository, scanned(2, &["twin.corp.example"])).await;
            put(&*repository, scanned(3, &["twin.corp.example"])).await;
            let still = (!is_known).then(|| earlier().build());
            let twin = || computer("TWIN").build();
            directory.set_objects(others().chain(still).chain([twin()]));
            let report = at(&clock, 2, &task, &directory, &*repository).await;
            assert_eq!(report.computers.ambiguous, 1);
            directory.set_objects(others().chain([twin()]));
            for (n, name) in [(2, "printer.corp.example"), (3, "plotter.corp.example")] {
                let mut renamed = scanned(n, &[name]);
                renamed.version = 2;
                put(&*repository, renamed).await;
            }
            let reads = directory.requests().len();
            let soon = clock.minute(121);
            let options = SyncOptions::new().with_run(RunId::random_v7(), soon).with_explain(true);
            let report = sync(&task, &directory, &*repository, &options).await.unwrap();
            assert_eq!((report.census, report.computers.read), (false, 1), "{report:?}");
            // Of one that is known to be missing nobody has to ask.
            directory.assert_reads(reads + if is_known { 1 } else { 2 });
            let twin = asset_of(&*repository, mock_guid("TWIN")).await.id;
            assert_eq!(twin, asset_id(1), "{:?}", report.decisions);
            assert_eq!(link(&*repository, mock_guid("earlier")).await, None);
            assert_consistent(&*repository).await;
        }
    }
}

#[tokio::test]
async fn what_another_run_took_for_missing_is_read_again_when_it_is_counted() {
    for repository in stores() {
        let (clock, directory) = (Clock::new(), telling());
        let (other, task) = (task(), task().with_computer_filter("(objectCategory=computer)"));
        at(&clock, 0, &task, &directory, &*repository).await;
        let mut objects = domain();
        let missed = [mock_guid("WEB1"), mock_guid("DB1")];
        objects.retain(|object| !missed.contains(&object.guid));
        let behind = MockDirectory::new(objects);
        let report = at(&clock, 1, &other, &behind, &*repository).await;
        assert_eq!(report.computers.missing, 2);
        let report = at(&clock, 2, &task, &directory, &*repository).await;
        assert_eq!((report.mode, report.computers.restored), (ReadMode::DirSync, 2));
        // And the account that is no machine, of which the task knows nothing.
        assert_eq!(report.computers.read, 3);
        for object in missed {
            assert!(link(&*repository, object).await.unwrap().presence.is_present());
        }
    }
}

/// A filter may let somebody in without a change of their own, and whom the task leaves out looks the same.
#[tokio::test]
async fn whom_a_filtered_task_does_not_know_is_read_again_as_long_as_there_are_few() {
    let unknown = MatchPolicy::default().with_exclude_unknown(true);
    let task = task().with_computer_filter("(memberOf=x)").with_matching(unknown);
    for (count, again) in [(1_000, 1_000), (1_001, 0)] {
        let repository = MemoryRepository::new();
        let computers = (0..count).map(|n| computer(&format!("PC{n}")));
        let directory = MockDirectory::new(computers).with_deltas(ReadMode::DirSync, false);
        let first = sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        assert_eq!(first.computers.skipped, count);
        let next = sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        assert_eq!((next.mode, next.computers.read), (ReadMode::DirSync, again), "{count}");
    }
}

/// So many users of one group, of whom the first manages two computers, and this is said of everybody.
fn described(count: usize, text: &str) -> Vec<DirectoryObject> {
    let of = |record: MockRecord| record.with("description", text);
    let users = (0..count).map(|n| of(user(&format!("user{n}"))).build());
    let users: Vec<DirectoryObject> = users.collect();
    let by = users[0].dn.as_str();
    let computers = ["PC1", "PC2"]
        .map(|name| of(computer(name)).with("primaryGroupID", "515").with("managedBy", by));
    let staff = users.iter().fold(group("Staff"), |group, user| group.with_member(&user.dn));
    users.into_iter().chain(computers.map(MockRecord::build)).chain([staff.build()]).collect()
}

#[tokio::test]
async fn a_change_of_known_accounts_asks_for_no_others_as_long_as_they_are_few() {
    let known = 1_010;
    for (changed, asks_for_all) in [(1, false), (1_000, false), (1_001, true)] {
        let repository = Interfering::new(MemoryRepository::new(), |_, _| None);
        let mut objects = described(known, "before");
        let directory = MockDirectory::new(objects.clone()).with_deltas(ReadMode::DirSync, false);
        let task = uncounted().with_change_limits(ChangeLimits::off());
        sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        let before = repository.streams();
        // The last of the users, and a computer.
        let places = known + 1 - changed..known + 1;
        objects[places.clone()].clone_from_slice(&described(known, "after")[places]);
        directory.set_objects(objects);
        let report = sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        assert_eq!((report.mode, report.census), (ReadMode::DirSync, false));
        let updated = (report.users.updated, report.computers.updated);
        assert_eq!(updated, (changed as u64 - 1, 1));
        assert_eq!(repository.streams() > before, asks_for_all, "{changed}");
    }
}

/// What an account may not read of memberships says nothing of them.
#[tokio::test]
async fn many_users_that_change_at_once_stay_in_the_group_that_alone_tells_of_them() {
    for count in [1_000, 1_001] {
        let repository = MemoryRepository::new();
        let directory = MockDirectory::new(described(count, "before"));
        let directory = directory.with_deltas(ReadMode::DirSync, false);
        let task = uncounted().with_change_limits(ChangeLimits::off());
        sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        let mut objects = described(count, "after");
        objects[count..].clone_from_slice(&described(count, "before")[count..]);
        directory.set_objects(objects);
        let report = sync(&task, &directory, &repository, &SyncOptions::new()).await.unwrap();
        assert_eq!((report.mode, report.users.updated), (ReadMode::DirSync, count as u64));
        assert!(users(&repository).await.iter().all(|user| user.groups.len() == 1), "{count}");
        assert_eq!(group_named(&repository, "Staff").await.members.len(), count);
    }
}
