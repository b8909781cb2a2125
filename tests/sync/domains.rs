//! Two directories that claim the name of one source.

use ldap_inventory::asset::{AssetRepository, RunOutcome};
use ldap_inventory::directory::{DirectoryObject, ServerIdentity};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::{ChangeLimits, Limit};
use ldap_inventory::testing::{MockDirectory, MockEnding, TestDirectory, TestServer};
use ldap_inventory::{ErrorKind, Result, Retry};

use super::wire::{PASSWORD, credential, source};
use super::world::*;
use crate::mock::{computer, user};

const ONE: &str = "S-1-5-21-1-1-1";
const OTHER: &str = "S-1-5-21-2-2-2";

/// A directory that tells this SID of its domain, if any.
fn told(sid: Option<&str>, objects: Vec<DirectoryObject>) -> MockDirectory {
    let directory = MockDirectory::new(objects);
    directory.edit_end(|end| end.server.domain_sid = sid.map(|sid| sid.parse().unwrap()));
    directory
}

async fn run_of(
    sid: Option<&str>,
    repository: &dyn AssetRepository,
    options: &SyncOptions,
) -> Result<SyncReport> {
    let task = task().with_change_limits(ChangeLimits::off());
    sync(&task, &told(sid, domain()), repository, options).await
}

#[tokio::test]
async fn another_domain_under_the_name_of_a_source_is_refused_and_nothing_is_written() {
    for repository in stores() {
        let plain = SyncOptions::new();
        run_of(Some(ONE), &*repository, &plain).await.unwrap();
        let before = inventory(&*repository).await;
        let error = run_of(Some(OTHER), &*repository, &plain).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::OtherDomain, Retry::Never));
        for said in [ONE, OTHER, "corp.example", "--accept-other-domain", "of its own"] {
            assert!(error.report().contains(said), "{said}: {error:?}");
        }
        let other = told(Some(OTHER), domain_later());
        assert_eq!(
            plan(&task(), &other, &*repository, &plain).await.unwrap_err().kind(),
            ErrorKind::OtherDomain
        );
        // One that is cut short writes what it read, and so it may not either.
        other.set_ending(MockEnding::Incomplete { pages: 1, kind: ErrorKind::Timeout });
        let error = sync(&task(), &other, &*repository, &plain).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OtherDomain);
        assert_eq!(inventory(&*repository).await, before);
        let runs = repository.runs(&acme(), &corp(), 1).await.unwrap();
        assert_eq!(runs[0].outcome, RunOutcome::Failed);
        // However often it fails in between, the source is what it was.
        for _ in 0..6 {
            run_of(Some(OTHER), &*repository, &plain).await.unwrap_err();
        }
        run_of(Some(ONE), &*repository, &plain).await.unwrap();
    }
}

#[tokio::test]
async fn where_a_sid_is_not_told_nothing_is_concluded() {
    for repository in stores() {
        let plain = SyncOptions::new();
        for sid in [None, Some(ONE), None, Some(ONE), None] {
            run_of(sid, &*repository, &plain).await.unwrap();
        }
        // What an earlier run told stands.
        run_of(Some(OTHER), &*repository, &plain).await.unwrap_err();
        let accepted = SyncOptions::new().with_accept_other_domain(true);
        run_of(Some(OTHER), &*repository, &accepted).await.unwrap();
        run_of(Some(OTHER), &*repository, &plain).await.unwrap();
        run_of(Some(ONE), &*repository, &plain).await.unwrap_err();
    }
}

/// It was made of what may be another domain by the time it is applied.
#[tokio::test]
async fn a_plan_of_another_domain_is_refused_like_a_run_of_it() {
    for repository in stores() {
        let (plain, accepted) =
            (SyncOptions::new(), SyncOptions::new().with_accept_other_domain(true));
        let task = task().with_change_limits(ChangeLimits::off());
        let planned = plan(&task, &told(Some(OTHER), domain()), &*repository, &plain).await;
        let planned = planned.unwrap();
        run_of(Some(ONE), &*repository, &plain).await.unwrap();
        let before = inventory(&*repository).await;
        let error = planned.apply(&*repository, &plain).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OtherDomain, "{error:?}");
        assert_eq!(inventory(&*repository).await, before);
        planned.apply(&*repository, &accepted).await.unwrap();
    }
}

#[tokio::test]
async fn another_source_may_have_any_domain() {
    for repository in stores() {
        run_of(Some(ONE), &*repository, &SyncOptions::new()).await.unwrap();
        let mut task = task();
        task.source = "ldap/other.example".parse().unwrap();
        let other = told(Some(OTHER), vec![computer("A").build(), user("b").build()]);
        sync(&task, &other, &*repository, &SyncOptions::new()).await.unwrap();
    }
}

/// A domain of the same name, built anew: every object is another one, though most are called as before.
#[tokio::test]
async fn a_domain_that_was_built_anew_takes_the_place_of_the_earlier_one_when_that_is_accepted() {
    let built = async |seed, computers: &[&str]| {
        let directory = TestDirectory::of_domain("corp.example", "CORP", seed);
        directory.write().add_account("svc", PASSWORD).unwrap();
        for name in computers {
            directory.write().add_computer(name).unwrap();
        }
        let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
        server.start().await.unwrap()
    };
    let (one, other) = (built(1, &["WEB1", "DB1"]).await, built(2, &["WEB1", "NEW1"]).await);
    let at = |server: &TestServer| source(credential(server.ldap_url()).with_insecure(true));
    let task = task().with_change_limits(ChangeLimits::off());
    let repository = MemoryRepository::new();
    let plain = SyncOptions::new();
    let first = sync(&task, &at(&one), &repository, &plain).await.unwrap();
    let tells =
        |server: &ServerIdentity| server.domain_sid.is_some() && server.domain_guid.is_some();
    assert!(tells(&first.server));
    let before = inventory(&repository).await;
    let error = sync(&task, &at(&other), &repository, &plain).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OtherDomain, "{error:?}");
    assert_eq!(inventory(&repository).await, before);

    let accepted = SyncOptions::new().with_accept_other_domain(true);
    let report = sync(&task, &at(&other), &repository, &accepted).await.unwrap();
    assert_eq!(report.computers.read, 3, "{report:?}");
    // Two are called as before, one is new, and one of the earlier domain is there no more.
    let counts = report.computers;
    assert_eq!((counts.matched, counts.created, counts.missing), (2, 1, 1), "{report:?}");
    let again = sync(&task, &at(&other), &repository, &plain).await.unwrap();
    assert_eq!((again.computers.created, again.computers.updated), (0, 0), "{again:?}");
}

/// What is new counts as new where the scope is that of before, and not telling the SID does not make it another one.
#[tokio::test]
async fn a_domain_that_does_not_tell_its_sid_any_more_does_not_loosen_the_brake() {
    let directory = TestDirectory::of_domain("corp.example", "CORP", 1);
    directory.write().add_account("svc", PASSWORD).unwrap();
    directory.write().add_computer("WEB1").unwrap();
    let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
    let server = server.start().await.unwrap();
    let directory_at = source(credential(server.ldap_url()).with_insecure(true));
    let mut limits = ChangeLimits::off();
    limits.creates = Limit::percent(50);
    let task = task().with_change_limits(limits);
    let repository = MemoryRepository::new();
    let full = SyncOptions::new().with_full_read(true);
    let attempt = || sync(&task, &directory_at, &repository, &full);
    assert!(attempt().await.unwrap().server.domain_sid.is_some());
    let base = directory.read().base_dn().to_owned();
    let sid = directory.read().entry(&base).unwrap().values("objectSid").to_vec();
    directory.write().set(&base, "objectSid", Vec::<Vec<u8>>::new()).unwrap();
    for n in 0..9 {
        directory.write().add_computer(&format!("NEW{n}")).unwrap();
    }
    let error = attempt().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitsExceeded, "{error:?}");
    directory.write().set(&base, "objectSid", sid).unwrap();
    assert_eq!(attempt().await.unwrap_err().kind(), ErrorKind::LimitsExceeded);
}
