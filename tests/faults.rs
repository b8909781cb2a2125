//! The wrappers that fail calls, and the mock directory.

use futures::{StreamExt, TryStreamExt};
use ldap_inventory::asset::{AssetRepository, Batch, Change, CommitOutcome, Link, LinksRequest};
use ldap_inventory::credential::CredentialStore;
use ldap_inventory::directory::{Completeness, DirectoryEvent, DirectorySource, ReadRequest};
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory, MockEnding};
use ldap_inventory::value::{BatchId, ObjectKind, OrganizationId, SourceId};
use ldap_inventory::{ErrorKind, Result, Retry};

use crate::mock::{computer, group, mock_guid, user};

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn corp() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

fn batch() -> Batch {
    let link = Link::new(ObjectKind::Computer, mock_guid("WEB1"));
    Batch::new(BatchId::from_u128(1), acme(), corp())
        .with_changes([Change::PutLink { link, was: None }])
}

async fn count(repository: &impl AssetRepository) -> usize {
    let links = repository.links(LinksRequest::new(acme(), corp())).await.unwrap();
    links.try_collect::<Vec<_>>().await.unwrap().len()
}

#[tokio::test]
async fn a_lost_answer_leaves_a_commit_behind_and_other_faults_do_not() {
    for (fault, kind, retry, links) in [
        (CallFault::AnswerLost, ErrorKind::Store, Retry::Transient, 1),
        (CallFault::Broken, ErrorKind::Store, Retry::Never, 0),
        (CallFault::TimedOut, ErrorKind::Timeout, Retry::Transient, 0),
        (CallFault::Unreachable, ErrorKind::Store, Retry::Transient, 0),
    ] {
        let inner = MemoryRepository::new();
        let plan = FaultPlan::new().with(1, fault);
        let repository = Faulty::new(inner.clone(), &plan);
        repository.constraints(&acme()).await.unwrap();
        let error = repository.commit(batch()).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (kind, retry), "{fault:?}");
        assert_eq!(error.operation(), Some("commit"));
        assert_eq!(count(&inner).await, links, "{fault:?}");
        let again = repository.commit(batch()).await.unwrap();
        let known = fault == CallFault::AnswerLost;
        assert_eq!(
            again,
            if known { CommitOutcome::AlreadyApplied } else { CommitOutcome::Applied }
        );
        assert_eq!(plan.calls(), ["constraints", "commit", "commit"]);
    }
}

fn request() -> ReadRequest {
    ReadRequest::new("reader".parse().unwrap(), acme())
}

async fn read(source: &impl DirectorySource) -> Vec<Result<DirectoryEvent>> {
    source.read(request()).await.unwrap().collect().await
}

/// What came, a letter each: beginning, page, end, incomplete end, error.
fn shape(events: &[Result<DirectoryEvent>]) -> String {
    let letter = |event: &Result<DirectoryEvent>| match event {
        Ok(DirectoryEvent::Begin(_)) => 'b',
        Ok(DirectoryEvent::Page(_)) => 'p',
        Ok(DirectoryEvent::End(end)) if end.completeness.is_complete() => 'e',
        Ok(_) => 'i',
        Err(_) => 'x',
    };
    events.iter().map(letter).collect()
}

fn directory() -> MockDirectory {
    let objects = [computer("WEB1"), computer("WEB2"), user("alice"), user("bob"), group("Staff")];
    MockDirectory::new(objects).with_page_size(2)
}

#[tokio::test]
async fn a_mock_directory_ends_as_it_is_told_to() {
    let directory = directory();
    assert_eq!(shape(&read(&directory).await), "bpppe");
    let kind = ErrorKind::LimitExceeded;
    for (ending, expected) in [
        (MockEnding::Incomplete { pages: 2, kind }, "bppi"),
        (MockEnding::Incomplete { pages: 9, kind }, "bpppi"),
        (MockEnding::Error { pages: 1, kind }, "bpx"),
        (MockEnding::CutOff { pages: 2 }, "bpp"),
        (MockEnding::CutOff { pages: 0 }, "b"),
    ] {
        directory.set_ending(ending.clone());
        assert_eq!(shape(&read(&directory).await), expected, "{ending:?}");
    }
    directory.set_ending(MockEnding::Refused(ErrorKind::BindRefused));
    let Err(error) = directory.read(request()).await else { panic!("it was to be refused") };
    assert_eq!((error.kind(), error.retry()), (ErrorKind::BindRefused, Retry::Never));
    assert_eq!(directory.requests().len(), 7);
}

#[tokio::test]
async fn an_incomplete_end_has_no_checkpoint_and_says_why() {
    let ending = MockEnding::Incomplete { pages: 1, kind: ErrorKind::Disconnected };
    let events = read(&directory().ending(ending)).await;
    let Some(Ok(DirectoryEvent::End(end))) = events.last() else { panic!("no end") };
    assert_eq!(end.checkpoint, None);
    let Completeness::Incomplete { kind, reason } = &end.completeness else { panic!("complete") };
    assert_eq!(*kind, ErrorKind::Disconnected);
    assert!(!reason.is_empty());
}

#[tokio::test]
async fn a_mock_directory_serves_the_bases_and_kinds_that_are_asked_for() {
    let directory = MockDirectory::new([
        computer("WEB1").within("OU=Servers"),
        computer("PC1").within("OU=Desks"),
        user("alice").within("OU=Servers"),
    ]);
    let base = "OU=Servers,DC=corp,DC=example".parse().unwrap();
    let narrow = request().with_base_dns([base]).with_kinds([ObjectKind::Computer]);
    let events: Vec<_> = directory.read(narrow).await.unwrap().try_collect().await.unwrap();
    let [_, DirectoryEvent::Page(page), DirectoryEvent::End(narrow)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(page.objects.len(), 1);
    assert_eq!(page.objects[0].guid, mock_guid("WEB1"));
    let Some(Ok(DirectoryEvent::End(whole))) = read(&directory).await.pop() else { panic!() };
    assert_ne!(narrow.scope, whole.scope);
}

#[tokio::test]
async fn each_outward_call_of_a_read_can_fail() {
    let counting = FaultPlan::new();
    assert_eq!(shape(&read(&Faulty::new(directory(), &counting)).await), "bpppe");
    assert_eq!(counting.calls(), ["read", "event", "event", "event", "event", "event"]);
    for (n, expected) in [(1, "x"), (2, "bx"), (3, "bpx"), (4, "bppx"), (5, "bpppx")] {
        let plan = FaultPlan::new().with(n, CallFault::Unreachable);
        let events = read(&Faulty::new(directory(), &plan)).await;
        assert_eq!(shape(&events), expected, "call {n}");
    }
    let plan = FaultPlan::new().with(0, CallFault::Broken);
    assert!(Faulty::new(directory(), &plan).read(request()).await.is_err());
}

#[tokio::test]
async fn wrappers_may_share_a_plan() {
    let plan = FaultPlan::new().with(1, CallFault::Broken);
    let credentials = Faulty::new(MemoryCredentialStore::new(), &plan);
    let repository = Faulty::new(MemoryRepository::new(), &plan);
    repository.constraints(&acme()).await.unwrap();
    let id = "reader".parse().unwrap();
    assert!(credentials.credential(&id, &acme()).await.is_err());
    assert!(credentials.credential(&id, &acme()).await.unwrap().is_none());
    assert_eq!(plan.calls(), ["constraints", "credential", "credential"]);
}

#[test]
fn a_made_up_object_is_the_same_in_every_run() {
    let web1 = computer("WEB1").build();
    assert_eq!(web1, computer("WEB1").build());
    let renamed = computer("WEB9").with_guid(web1.guid).in_domain("branch.example").build();
    assert_eq!(renamed.guid, web1.guid);
    assert_eq!(renamed.host_names()[0].as_str(), "web9.branch.example");
    let given = computer("WEB1").with("dnshostname", "other.example").build();
    let names: Vec<_> = given.attributes.values("dNSHostName").collect();
    assert_eq!(names, ["other.example"]);
}
