//! What a person says of one computer settles it for the others, and everybody who waits for a person is named.

use ldap_inventory::asset::{AssetRepository, Batch, Change, CommitOutcome};
use ldap_inventory::curation::{Curation, Unresolved};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::merge::{Considered, Decision, Verdict};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, SourceId};

use crate::mock::{computer, mock_guid};

use super::curation::{acme, anna, assets, corp, id, picture, put, scanned};

/// The scanned asset `srv9`.
const SCAN: u128 = 1;

fn branch() -> SourceId {
    SourceId::new("ldap", "branch.example").unwrap()
}

fn theirs() -> ObjectGuid {
    mock_guid("SRV9 of branch")
}

fn in_corp() -> Vec<DirectoryObject> {
    vec![computer("SRV9").build(), computer("X1").build()]
}

fn in_branch() -> Vec<DirectoryObject> {
    let in_branch = |name| computer(name).in_domain("branch.example");
    vec![in_branch("SRV9").with_guid(theirs()).build(), in_branch("X2").build()]
}

async fn read(
    repository: &dyn AssetRepository,
    source: &SourceId,
    objects: Vec<DirectoryObject>,
) -> Vec<Decision> {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    let task = SyncTask::new("Head office", acme(), site, source.clone(), credential)
        .with_change_limits(ChangeLimits::off());
    let options = SyncOptions::new().with_explain(true);
    let directory = MockDirectory::new(objects);
    sync(&task, &directory, repository, &options).await.unwrap().decisions.unwrap()
}

fn on(decisions: &[Decision], object: ObjectGuid) -> &Decision {
    decisions.iter().find(|decision| decision.object == object).unwrap()
}

/// SRV9 of two directories, and one scan with the bare name: the first has it, the newcomer waits.
async fn contested() -> MemoryRepository {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(SCAN, &["srv9"])]).await;
    read(&repository, &corp(), in_corp()).await;
    read(&repository, &branch(), in_branch()).await;
    assert_eq!(shown(&repository, mock_guid("SRV9")).await, Some(id(SCAN)));
    assert_eq!(shown(&repository, theirs()).await, None);
    assert_eq!(
        unresolved(&repository).await.len(),
        2,
        "the newcomer, and the tie that it questions"
    );
    repository
}

async fn shown(repository: &dyn AssetRepository, object: ObjectGuid) -> Option<AssetId> {
    let has = |part: &ldap_inventory::asset::SourceRecord| part.object == Some(object);
    let assets = assets(repository).await;
    assets.iter().find(|asset| asset.parts.iter().any(has)).map(|asset| asset.id)
}

async fn unresolved(repository: &dyn AssetRepository) -> Vec<Unresolved> {
    let curation = Curation::new(repository, acme());
    let mut all = Vec::new();
    for source in curation.directories().await.unwrap() {
        all.extend(curation.unresolved(&source).await.unwrap());
    }
    all
}

#[tokio::test]
async fn a_doubt_is_settled_for_both_sides_at_once() {
    for (source, object, other) in
        [(corp(), mock_guid("SRV9"), theirs()), (branch(), theirs(), mock_guid("SRV9"))]
    {
        let repository = contested().await;
        let before = picture(&repository).await;
        let curation = Curation::new(&repository, acme());
        curation.link(id(SCAN), &source, object, &anna()).await.unwrap();
        for run in 0..3 {
            let one = shown(&repository, object).await;
            let other = shown(&repository, other).await.expect("it has an asset");
            assert_eq!(one, Some(id(SCAN)), "{source} {run}");
            assert_ne!(other, id(SCAN), "{source} {run}");
            assert_eq!(unresolved(&repository).await, [], "{source} {run}");
            let mut decisions = read(&repository, &corp(), in_corp()).await;
            decisions.extend(read(&repository, &branch(), in_branch()).await);
            for decision in &decisions {
                assert!(matches!(decision.verdict, Verdict::Linked(_)), "{decision:?}");
                assert!(!decision.is_open() && decision.doubtful().is_none(), "{decision:?}");
                let reason = decision.reason();
                assert!(!reason.contains("a person must decide"), "{reason}");
            }
            let released =
                on(&decisions, if source == corp() { theirs() } else { mock_guid("SRV9") });
            let why = released.candidates()[0].lost_because().unwrap();
            assert!(why.starts_with("anna decided that it is srv9."), "{why}");
        }
        let kind = ldap_inventory::asset::ConstraintKind::MustLink;
        curation.forget(id(SCAN), &source, object, kind, &anna()).await.unwrap();
        assert_eq!(picture(&repository).await, before, "{source}: it waits again");
    }
}

#[tokio::test]
async fn a_run_tells_who_puts_a_tie_in_question_until_that_is_settled() {
    let repository = contested().await;
    let decisions = read(&repository, &corp(), in_corp()).await;
    let tied = on(&decisions, mock_guid("SRV9"));
    assert_eq!(tied.verdict, Verdict::Linked(id(SCAN)));
    let by = tied.doubtful().expect("the newcomer questions it");
    assert!(by.contains("branch.example") && tied.is_open(), "{by}");
    let other = on(&decisions, mock_guid("X1"));
    assert!(other.doubtful().is_none() && !other.is_open(), "{other:?}");
}

#[tokio::test]
async fn a_bare_name_may_mean_a_computer_of_another_directory_that_waits() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(SCAN, &["srv9"]), scanned(2, &["srv9"])]).await;
    read(&repository, &branch(), in_branch()).await;
    assert_eq!(shown(&repository, theirs()).await, None, "it could be either");
    let mut other = scanned(2, &["printer"]);
    other.version = 2;
    let rename = Change::PutAsset { expected: Some(1), asset: Box::new(other), changed: None };
    let batch = Batch::new(BatchId::random_v7(), acme(), corp()).with_changes([rename]);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
    let decisions = read(&repository, &corp(), in_corp()).await;
    let newcomer = on(&decisions, mock_guid("SRV9"));
    assert_eq!(newcomer.verdict, Verdict::Ambiguous, "{}", newcomer.reason());
    assert_eq!(shown(&repository, mock_guid("SRV9")).await, None);
}

#[tokio::test]
async fn what_a_doubt_leaves_goes_to_another_asset_that_it_fits() {
    let repository = contested().await;
    put(&repository, [scanned(2, &["srv9.branch.example"])]).await;
    let curation = Curation::new(&repository, acme());
    curation.link(id(SCAN), &corp(), mock_guid("SRV9"), &anna()).await.unwrap();
    assert_eq!(shown(&repository, theirs()).await, Some(id(2)));
}

#[tokio::test]
async fn a_decision_on_one_of_another_name_puts_nothing_in_question() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(SCAN, &["srv9"])]).await;
    read(&repository, &corp(), in_corp()).await;
    let others = vec![computer("NEW-9").in_domain("branch.example").build()];
    read(&repository, &branch(), others).await;
    let curation = Curation::new(&repository, acme());
    curation.link(id(SCAN), &branch(), mock_guid("NEW-9"), &anna()).await.unwrap();
    let both = [mock_guid("SRV9"), mock_guid("NEW-9")];
    for object in both {
        assert_eq!(shown(&repository, object).await, Some(id(SCAN)), "one host, two accounts");
    }
}

#[tokio::test]
async fn a_computer_that_a_decision_set_free_says_so() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["kiosk"]), scanned(2, &["KIOSK"])]).await;
    let objects = || vec![computer("KIOSK").build()];
    read(&repository, &corp(), objects()).await;
    let curation = Curation::new(&repository, acme());
    for asset in [1, 2] {
        curation.separate(id(asset), &corp(), mock_guid("KIOSK"), &anna()).await.unwrap();
        let decisions = read(&repository, &corp(), objects()).await;
        let decision = on(&decisions, mock_guid("KIOSK"));
        assert!(matches!(decision.verdict, Verdict::Linked(_)), "{decision:?}");
        let reason = decision.reason();
        assert!(!reason.contains("a person must decide"), "{reason}");
        let mut lost = decision.candidates().iter().filter_map(Considered::lost_because);
        assert!(lost.any(|why| why.starts_with("anna decided")));
    }
}

#[tokio::test]
async fn a_directory_whose_computers_all_wait_is_one() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["kiosk"]), scanned(2, &["KIOSK"])]).await;
    read(&repository, &corp(), vec![computer("KIOSK").build()]).await;
    let curation = Curation::new(&repository, acme());
    let directories = curation.directories().await.unwrap();
    assert_eq!(directories.into_iter().collect::<Vec<_>>(), [corp()]);
    assert_eq!(unresolved(&repository).await.len(), 1);
}

#[tokio::test]
async fn several_late_arrivals_are_named_until_a_person_takes_one() {
    let repository = MemoryRepository::new();
    let objects = || vec![computer("UXPC-01").build(), computer("OTHER").build()];
    let object = mock_guid("UXPC-01");
    read(&repository, &corp(), objects()).await;
    put(&repository, [scanned(1, &["uxpc-01"]), scanned(2, &["UXPC-01"])]).await;
    for run in 0..3 {
        let [waiting] = unresolved(&repository).await.try_into().unwrap();
        assert_eq!((waiting.object, waiting.candidates.len()), (object, 2), "{run}");
        assert!(waiting.to_string().contains("2 assets that came since"), "{waiting}");
        read(&repository, &corp(), objects()).await;
    }
    let curation = Curation::new(&repository, acme());
    curation.separate(id(1), &corp(), object, &anna()).await.unwrap();
    assert_eq!(unresolved(&repository).await, []);
    assert_eq!(shown(&repository, object).await, Some(id(2)), "what is left is it");
    read(&repository, &corp(), objects()).await;
    assert_eq!(shown(&repository, object).await, Some(id(2)));
    assert_eq!(unresolved(&repository).await, []);
}

#[tokio::test]
async fn a_late_arrival_that_goes_by_itself_is_nobody_s_matter() {
    let repository = MemoryRepository::new();
    read(&repository, &corp(), vec![computer("UXPC-01").build()]).await;
    put(&repository, [scanned(1, &["uxpc-01"])]).await;
    assert_eq!(unresolved(&repository).await, []);
}
