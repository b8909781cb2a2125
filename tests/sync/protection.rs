//! How a run is protected, and how the one before it was.

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::BoxStream;
use ldap_inventory::asset::{AssetRepository, Batch, CommitOutcome, RunOutcome, RunRecord};
use ldap_inventory::credential::ServerUrl;
use ldap_inventory::directory::{
    DirectoryEvent, DirectorySource, ReadRequest, Transport, Verification,
};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{
    BatchId, Checkpoint, ReadMode, RecordDigest, RunId, SourceId, Timestamp,
};
use ldap_inventory::{ErrorKind, Result};
use serde_json::json;

use super::world::*;

/// A directory that does not look at what a request says of its protection.
#[derive(Debug)]
struct Careless {
    directory: MockDirectory,
    reached: (Transport, Verification),
}

#[async_trait]
impl DirectorySource for Careless {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let (transport, verification) = self.reached;
        let events = self.directory.read(request).await?.map(move |event| {
            event.map(|mut event| {
                if let DirectoryEvent::Begin(end) | DirectoryEvent::End(end) = &mut event {
                    (end.transport, end.verification) = (transport, verification);
                }
                event
            })
        });
        Ok(events.boxed())
    }
}

#[tokio::test]
async fn a_source_that_takes_less_protection_than_before_is_found_out_and_nothing_is_written() {
    for repository in stores() {
        let run = async |transport, verification, accepts| {
            let directory = MockDirectory::new(domain());
            let directory = Careless { directory, reached: (transport, verification) };
            let options = SyncOptions::new().with_accept_weaker_transport(accepts);
            sync(&task(), &directory, &*repository, &options).await
        };
        let last = async || SyncReport::last_protection(&*repository, &task(), &[]).await;
        let (ldaps, ca) = (Transport::Ldaps, Verification::CertificateAuthority);
        assert_eq!(last().await.unwrap(), None);
        run(ldaps, ca, false).await.unwrap();
        // However often it fails in between: failing is easily brought about.
        for _ in 0..6 {
            let error = run(Transport::Ldap, Verification::Nothing, false).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error}");
        }
        assert_eq!(last().await.unwrap(), Some((ldaps, ca)));
        run(Transport::Ldap, Verification::Nothing, true).await.unwrap();
        assert_eq!(last().await.unwrap(), Some((Transport::Ldap, Verification::Nothing)));
        run(Transport::Ldap, Verification::Nothing, false).await.unwrap();
    }
}

/// Notes a run of a task in the history of a source, and no more.
async fn note(
    repository: &dyn AssetRepository,
    source: &SourceId,
    task: &SyncTask,
    outcome: RunOutcome,
    report: Option<String>,
) {
    let now = Timestamp::now();
    let mut record = RunRecord::new(RunId::random_v7(), &*task.name, (now, now), outcome);
    record.report = report;
    if outcome == RunOutcome::Complete {
        let mut left = Checkpoint::new(ReadMode::Full, RecordDigest::of(["scope"]), Vec::new());
        left.key = task.checkpoint_key();
        record.checkpoint = Some(left);
    }
    let batch = Batch::new(BatchId::random_v7(), acme(), source.clone()).closing(None, record);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

/// As much of a report as is asked for: how a server was reached.
fn report(transport: &str, verified_by: &str, name: &str, address: &str) -> Option<String> {
    let server = json!({ "address": address, "dns_host_name": name });
    let report = json!({ "transport": transport, "verified_by": verified_by, "server": server });
    Some(report.to_string())
}

const PLAIN: (Transport, Verification) = (Transport::Ldap, Verification::Nothing);
const PROVEN: (Transport, Verification) = (Transport::Ldaps, Verification::CertificateAuthority);

fn plain() -> Option<String> {
    report("ldap", "nothing", "dc1.corp.example", "10.0.0.1:389")
}

fn proven() -> Option<String> {
    report("ldaps", "ca", "dc1.corp.example", "10.0.0.1:636")
}

#[tokio::test]
async fn each_task_is_held_to_its_own_last_run_and_a_new_one_to_the_best_of_all() {
    for repository in stores() {
        let last = async |task: &SyncTask| {
            SyncReport::last_protection(&*repository, task, &[]).await.unwrap()
        };
        let below = |base: &str| task().with_base_dns([base.to_owned()]);
        let mut renamed = below("OU=Berlin,DC=corp,DC=example");
        renamed.name = "Berlin".to_owned();
        let (berlin, paris) = (below("ou=berlin, dc=corp, dc=example"), below("OU=Paris,DC=corp"));
        note(&*repository, &corp(), &berlin, RunOutcome::Complete, proven()).await;
        note(&*repository, &corp(), &paris, RunOutcome::Complete, plain()).await;
        for _ in 0..5 {
            note(&*repository, &corp(), &paris, RunOutcome::Complete, plain()).await;
        }
        assert_eq!(last(&paris).await, Some(PLAIN));
        assert_eq!(last(&berlin).await, Some(PROVEN));
        // Nothing is known of these.
        for other in [&task(), &renamed, &below("OU=Rome,DC=corp")] {
            assert_eq!(last(other).await, Some(PROVEN), "{other:?}");
        }
        note(&*repository, &corp(), &berlin, RunOutcome::Complete, plain()).await;
        assert_eq!(last(&task()).await, Some(PLAIN));
    }
}

#[tokio::test]
async fn however_many_runs_fail_or_cannot_be_read_the_last_complete_one_counts() {
    for repository in stores() {
        let last = async || SyncReport::last_protection(&*repository, &task(), &[]).await.unwrap();
        note(&*repository, &corp(), &task(), RunOutcome::Complete, proven()).await;
        for _ in 0..60 {
            for (outcome, report) in [
                (RunOutcome::Failed, None),
                (RunOutcome::Incomplete, plain()),
                (RunOutcome::Stopped, plain()),
                (RunOutcome::Complete, Some("{\"transport\":\"ldap\"}".to_owned())),
                (RunOutcome::Complete, Some("damaged".to_owned())),
                (RunOutcome::Complete, None),
            ] {
                note(&*repository, &corp(), &task(), outcome, report).await;
            }
        }
        assert_eq!(last().await, Some(PROVEN));
        // A run that was noted before each task had a checkpoint of its own is known by the name of its task.
        let mut old = task();
        old.credential = "of earlier".parse().unwrap();
        note(&*repository, &corp(), &old, RunOutcome::Complete, plain()).await;
        assert_eq!(last().await, Some(PROVEN));
    }
}

#[tokio::test]
async fn before_a_directory_is_known_its_servers_tell_how_it_was_protected() {
    let urls = |hosts: &[&str]| {
        hosts.iter().map(|host| ServerUrl::parse(host).unwrap()).collect::<Vec<_>>()
    };
    let named = |name: &str| SourceId::new("ldap", name).unwrap();
    let called = |name: &str| {
        let mut task = task();
        task.source = named(name);
        task
    };
    for repository in stores() {
        let (corp, lab) = (called("corp.example"), called("lab.example"));
        let in_the_lab = report("ldap", "nothing", "dc1.lab.example", "10.0.9.1:389");
        note(&*repository, &corp.source, &corp, RunOutcome::Complete, proven()).await;
        note(&*repository, &lab.source, &lab, RunOutcome::Complete, in_the_lab).await;
        // What only failed, and what is no directory, say nothing.
        note(&*repository, &named("10.0.0.1"), &corp, RunOutcome::Failed, None).await;
        let scans = SourceId::new("scan", "nmap").unwrap();
        note(&*repository, &scans, &corp, RunOutcome::Complete, proven()).await;
        for (name, hosts, sources, expected) in [
            ("10.0.0.1", &["10.0.0.1"][..], &["corp.example"][..], Some(PROVEN)),
            ("x", &["DC1.Lab.Example"], &["lab.example"], Some(PLAIN)),
            ("x", &["dc1.lab.example", "10.0.0.1"], &["corp.example", "lab.example"], Some(PROVEN)),
            ("x", &["elsewhere"], &["corp.example", "lab.example"], Some(PROVEN)),
            ("lab.example", &["10.0.0.1"], &["corp.example"], Some(PLAIN)),
            ("x", &[], &["corp.example", "lab.example"], None),
        ] {
            let (task, servers) = (called(name), urls(hosts));
            let last = SyncReport::last_protection(&*repository, &task, &servers).await;
            assert_eq!(last.unwrap(), expected, "{name} {hosts:?}");
            let likely = SyncReport::likely_sources(&*repository, &task, &servers).await.unwrap();
            let sources: Vec<_> = sources.iter().map(|name| named(name)).collect();
            assert_eq!(likely, sources, "{name} {hosts:?}");
        }
        let mut other = called("corp.example");
        other.organization = "other".parse().unwrap();
        let last = SyncReport::last_protection(&*repository, &other, &urls(&["10.0.0.1"])).await;
        assert_eq!(last.unwrap(), None);
    }
}

#[tokio::test]
async fn a_server_is_known_that_a_run_reached_however_many_reached_another_since() {
    let named = |name: &str| SourceId::new("ldap", name).unwrap();
    let servers = [ServerUrl::parse("10.0.0.1").unwrap()];
    for repository in stores() {
        let task = task();
        let elsewhere = report("ldaps", "ca", "dc1.lab.example", "10.0.9.1:636");
        let other = report("ldaps", "ca", "dc2.corp.example", "10.0.0.2:636");
        note(&*repository, &named("lab.example"), &task, RunOutcome::Complete, elsewhere).await;
        note(&*repository, &corp(), &task, RunOutcome::Complete, proven()).await;
        for _ in 0..20 {
            note(&*repository, &corp(), &task, RunOutcome::Complete, other.clone()).await;
            let likely = SyncReport::likely_sources(&*repository, &task, &servers).await;
            assert_eq!(likely.unwrap(), [corp()]);
        }
    }
}
