//! Decisions that act at once, and leave nothing behind when they are taken back.

use std::num::NonZeroUsize;

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change, ConstraintKind, Redirect};
use ldap_inventory::curation::{Action, Author, Curation};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::merge::{DirectoryComputers, Planner};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::task::MatchPolicy;
use ldap_inventory::testing::population;
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, SiteId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::curation::{acme, anna, assets, corp, home, id, picture, put, run, scanned};

const MUST: ConstraintKind = ConstraintKind::MustLink;
const CANNOT: ConstraintKind = ConstraintKind::CannotLink;
/// The scanned asset that PC1 belongs to, and two others.
const PC1: u128 = 1;
const S: u128 = 2;
const T: u128 = 3;

/// PC1, which belongs to an asset of that name, and two other scanned assets.
async fn pc1() -> (MemoryRepository, Vec<DirectoryObject>) {
    let repository = MemoryRepository::new();
    let names = [(PC1, "pc1.corp.example"), (S, "s.corp.example"), (T, "t.corp.example")];
    put(&repository, names.map(|(n, name)| scanned(n, &[name]))).await;
    let objects = vec![computer("PC1").build()];
    run(&repository, objects.clone()).await;
    (repository, objects)
}

fn object() -> ObjectGuid {
    mock_guid("PC1")
}

/// The ids of all assets.
async fn ids(repository: &MemoryRepository) -> Vec<AssetId> {
    assets(repository).await.iter().map(|asset| asset.id).collect()
}

#[tokio::test]
async fn a_merge_and_a_separation_taken_back_leave_a_computer_where_it_was() {
    let (repository, _) = pc1().await;
    let before = picture(&repository).await;
    let curation = Curation::new(&repository, acme());
    let merge = curation.merge(&[id(S), id(PC1)], &anna()).await.unwrap().id;
    curation.separate(id(S), &corp(), object(), &anna()).await.unwrap();
    assert!(![id(S), id(PC1)].contains(&home(&repository, "PC1").await.unwrap()));
    curation.unmerge(merge, &anna()).await.unwrap();
    assert_eq!(home(&repository, "PC1").await, Some(id(PC1)));
    curation.forget(id(S), &corp(), object(), CANNOT, &anna()).await.unwrap();
    assert_eq!(picture(&repository).await, before);
}

#[tokio::test]
async fn a_merge_and_a_link_taken_back_after_a_sync_leave_a_computer_where_it_was() {
    let (repository, objects) = pc1().await;
    let before = picture(&repository).await;
    let curation = Curation::new(&repository, acme());
    let merge = curation.merge(&[id(S), id(PC1)], &anna()).await.unwrap().id;
    curation.link(id(T), &corp(), object(), &anna()).await.unwrap();
    run(&repository, objects).await;
    curation.unmerge(merge, &anna()).await.unwrap();
    assert_eq!(home(&repository, "PC1").await, Some(id(T)));
    curation.forget(id(T), &corp(), object(), MUST, &anna()).await.unwrap();
    assert_eq!(picture(&repository).await, before);
}

#[tokio::test]
async fn links_that_followed_each_other_are_taken_back_in_any_order() {
    for order in [[T, S], [S, T]] {
        let (repository, objects) = pc1().await;
        let before = picture(&repository).await;
        let curation = Curation::new(&repository, acme());
        for asset in [T, S] {
            curation.link(id(asset), &corp(), object(), &anna()).await.unwrap();
            run(&repository, objects.clone()).await;
            assert_eq!(home(&repository, "PC1").await, Some(id(asset)));
        }
        for asset in order {
            curation.forget(id(asset), &corp(), object(), MUST, &anna()).await.unwrap();
        }
        assert_eq!(picture(&repository).await, before, "{order:?}");
    }
}

#[tokio::test]
async fn a_link_that_stands_outlives_the_merges_around_it() {
    let (repository, objects) = pc1().await;
    let curation = Curation::new(&repository, acme());
    curation.link(id(T), &corp(), object(), &anna()).await.unwrap();
    let linked = picture(&repository).await;
    let mut merges = Vec::new();
    for other in [T, PC1] {
        merges.push(curation.merge(&[id(S), id(other)], &anna()).await.unwrap().id);
    }
    run(&repository, objects).await;
    assert_eq!(home(&repository, "PC1").await, Some(id(S)));
    for merge in merges {
        curation.unmerge(merge, &anna()).await.unwrap();
    }
    assert_eq!(home(&repository, "PC1").await, Some(id(T)));
    assert_eq!(picture(&repository).await, linked);
}

#[tokio::test]
async fn a_link_leaves_no_ghost_and_taking_it_back_brings_the_asset_back() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(T, &["t.corp.example"])]).await;
    let objects = vec![computer("PC1").build()];
    run(&repository, objects.clone()).await;
    let before = picture(&repository).await;
    let created = home(&repository, "PC1").await.unwrap();
    let curation = Curation::new(&repository, acme());
    let linked = curation.link(id(T), &corp(), object(), &anna()).await.unwrap();
    assert_eq!(ids(&repository).await, [id(T)]);
    let [moved] = linked.moves.records.as_slice() else { panic!("{:?}", linked.moves) };
    assert_eq!((moved.from, moved.to), (Some(created), Some(id(T))));
    assert_eq!(linked.moves.gone, [(created, Some(id(T)))].into());
    // Its id leads where it went, for whoever names it.
    let leads = repository.redirects(&acme(), &[created]).await.unwrap();
    assert!(matches!(leads.as_slice(), [Redirect { to, .. }] if *to == id(T)));
    assert_eq!(curation.explain(created).await.unwrap().asset, id(T));
    let again = curation.link(created, &corp(), object(), &anna()).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict, "that is decided already");
    run(&repository, objects).await;
    let forgotten = curation.forget(id(T), &corp(), object(), MUST, &anna()).await.unwrap();
    assert_eq!(forgotten.moves.came, [created]);
    assert_eq!(picture(&repository).await, before);
    let back = repository.assets(&acme(), &[created]).await.unwrap();
    assert!(back[0].version > 1, "nobody overwrites it by what was planned before");
}

#[tokio::test]
async fn history_tells_what_was_taken_back_and_by_whom() {
    let (repository, _) = pc1().await;
    let curation = Curation::new(&repository, acme());
    let bob = Author::new("bob");
    for _ in 0..2 {
        curation.link(id(T), &corp(), object(), &anna()).await.unwrap();
        curation.forget(id(T), &corp(), object(), MUST, &bob).await.unwrap();
    }
    let history = curation.history().await.unwrap();
    let told: Vec<(&str, bool)> = history
        .iter()
        .map(|entry| (entry.by.as_str(), matches!(entry.action, Action::Forgot { .. })))
        .collect();
    assert_eq!(told, [("anna", false), ("bob", true), ("anna", false), ("bob", true)]);
    let sentence = history[1].to_string();
    assert!(sentence.starts_with("bob took back at "), "{sentence}");
    assert!(sentence.contains("anna decided at "), "{sentence}");
}

#[tokio::test]
async fn a_separation_takes_the_place_of_a_link_and_says_so() {
    let (repository, _) = pc1().await;
    let before = picture(&repository).await;
    let curation = Curation::new(&repository, acme());
    curation.link(id(T), &corp(), object(), &anna()).await.unwrap();
    let separated = curation.separate(id(T), &corp(), object(), &anna()).await.unwrap();
    let [replaced] = separated.replaced.as_slice() else { panic!("{separated:?}") };
    assert_eq!((replaced.asset, replaced.kind), (id(T), MUST));
    assert_eq!(home(&repository, "PC1").await, Some(id(PC1)));
    let gone = curation.forget(id(T), &corp(), object(), MUST, &anna()).await.unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "it was taken back already");
    curation.forget(id(T), &corp(), object(), CANNOT, &anna()).await.unwrap();
    assert_eq!(picture(&repository).await, before);
}

#[tokio::test]
async fn ruling_one_of_two_candidates_out_settles_a_computer_at_once() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["pc1"]), scanned(2, &["pc1"])]).await;
    run(&repository, vec![computer("PC1").build()]).await;
    let curation = Curation::new(&repository, acme());
    let waiting = curation.unresolved(&corp()).await.unwrap();
    assert_eq!(waiting.len(), 1);
    curation.separate(id(1), &corp(), object(), &anna()).await.unwrap();
    assert_eq!(home(&repository, "PC1").await, Some(id(2)));
    curation.separate(id(2), &corp(), object(), &anna()).await.unwrap();
    assert_eq!(ids(&repository).await.len(), 3, "it is neither of them");
    for asset in [1, 2] {
        curation.forget(id(asset), &corp(), object(), CANNOT, &anna()).await.unwrap();
    }
    assert_eq!(curation.unresolved(&corp()).await.unwrap(), waiting);
}

#[tokio::test]
async fn a_newcomer_does_not_share_what_a_decision_had_taken_for_another_computer() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["pc1.corp.example"]), scanned(2, &["pc2.corp.example"])]).await;
    run(&repository, vec![computer("PC1").build()]).await;
    let curation = Curation::new(&repository, acme());
    let merge = curation.merge(&[id(1), id(2)], &anna()).await.unwrap().id;
    let both = vec![computer("PC1").build(), computer("PC2").build()];
    run(&repository, both.clone()).await;
    let own = home(&repository, "PC2").await.unwrap();
    assert!(![id(1), id(2)].contains(&own), "PC1 is there");
    // As long as PC1 is there.
    run(&repository, both[1..].to_vec()).await;
    assert_eq!(home(&repository, "PC2").await, Some(id(1)));
    run(&repository, both).await;
    assert_eq!(home(&repository, "PC2").await, Some(own));
    curation.unmerge(merge, &anna()).await.unwrap();
    assert_eq!(home(&repository, "PC2").await, Some(id(2)));
}

#[tokio::test]
async fn a_newcomer_does_not_share_what_a_person_had_linked_another_computer_to() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["pc1.corp.example"])]).await;
    run(&repository, vec![computer("DB1").build()]).await;
    let curation = Curation::new(&repository, acme());
    let db1 = mock_guid("DB1");
    curation.link(id(1), &corp(), db1, &anna()).await.unwrap();
    run(&repository, vec![computer("DB1").build(), computer("PC1").build()]).await;
    assert_eq!(home(&repository, "DB1").await, Some(id(1)));
    assert!(home(&repository, "PC1").await.is_some_and(|own| own != id(1)), "DB1 is there");
    curation.forget(id(1), &corp(), db1, MUST, &anna()).await.unwrap();
    assert_eq!(home(&repository, "PC1").await, Some(id(1)));
}

#[tokio::test]
async fn assets_of_which_nothing_is_known_are_merged_and_come_back() {
    let repository = MemoryRepository::new();
    let bare = [4, 5].map(|n| Asset::new(id(n), acme(), "hq".parse().unwrap()));
    put(&repository, bare.into_iter().chain([scanned(1, &["pc1"])])).await;
    let before = picture(&repository).await;
    let curation = Curation::new(&repository, acme());
    for order in [[4, 5, 1], [1, 4, 5]] {
        let merge = curation.merge(&order.map(id), &anna()).await.unwrap().id;
        assert_eq!(ids(&repository).await, [id(order[0])]);
        assert_eq!(curation.explain(id(5)).await.unwrap().asset, id(order[0]));
        let mut restored = curation.unmerge(merge, &anna()).await.unwrap().restored;
        restored.sort_unstable();
        assert!(restored.contains(&id(5)), "{restored:?}");
        assert_eq!(picture(&repository).await, before);
    }
}

#[tokio::test]
async fn a_computer_is_linked_back_to_an_asset_that_it_was_linked_to_before() {
    let (repository, _) = pc1().await;
    let curation = Curation::new(&repository, acme());
    for asset in [S, T, S] {
        curation.link(id(asset), &corp(), object(), &anna()).await.unwrap();
        assert_eq!(home(&repository, "PC1").await, Some(id(asset)));
        let again = curation.link(id(asset), &corp(), object(), &anna()).await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::Conflict, "{again}");
    }
    let linked = curation.history().await.unwrap();
    assert_eq!(linked.len(), 3, "all of it stays on record: {linked:?}");
    curation.forget(id(S), &corp(), object(), MUST, &anna()).await.unwrap();
    assert_eq!(home(&repository, "PC1").await, Some(id(T)), "the one that stands");
}

#[tokio::test]
async fn of_several_decisions_on_what_is_one_asset_the_one_that_is_named_is_taken_back() {
    for order in [[S, T], [T, S]] {
        let (repository, _) = pc1().await;
        let curation = Curation::new(&repository, acme());
        for asset in order {
            curation.link(id(asset), &corp(), object(), &anna()).await.unwrap();
        }
        let merge = curation.merge(&order.map(id), &anna()).await.unwrap().id;
        let named = curation.forget(id(order[0]), &corp(), object(), MUST, &anna()).await.unwrap();
        assert_eq!(named.decision.asset, id(order[0]));
        curation.unmerge(merge, &anna()).await.unwrap();
        assert_eq!(home(&repository, "PC1").await, Some(id(order[1])));
    }
}

#[tokio::test]
async fn a_candidate_that_was_deleted_is_none_any_more() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["kiosk"]), scanned(2, &["KIOSK"]), scanned(3, &["kiosk"])])
        .await;
    run(&repository, vec![computer("KIOSK").build()]).await;
    let curation = Curation::new(&repository, acme());
    let [before] = curation.unresolved(&corp()).await.unwrap().try_into().unwrap();
    assert_eq!(before.candidates.len(), 3);
    let gone = repository.assets(&acme(), &[id(1)]).await.unwrap().remove(0);
    let batch = Batch::new(BatchId::random_v7(), acme(), corp());
    let (id_of_gone, expected) = (gone.id, gone.version);
    let delete = Change::RemoveAsset { id: id_of_gone, expected, to: None };
    let _ = repository.commit(batch.with_changes([delete])).await.unwrap();
    let [waiting] = curation.unresolved(&corp()).await.unwrap().try_into().unwrap();
    let left: Vec<AssetId> = waiting.candidates.iter().map(|candidate| candidate.asset).collect();
    assert_eq!(left, [id(2), id(3)]);
    // Also by what was shown before.
    let decided = curation.settle(&before, None, &anna()).await.unwrap();
    assert_eq!(decided.iter().map(|it| it.decision.asset).collect::<Vec<_>>(), left);
    let own = home(&repository, "KIOSK").await.unwrap();
    assert!(![id(1), id(2), id(3)].contains(&own));
}

#[tokio::test]
async fn what_was_told_apart_is_no_overlap_under_the_name_of_a_merge() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["a.corp.example"]), scanned(2, &["pc1.corp.example"])]).await;
    run(&repository, vec![computer("PC1").build()]).await;
    let curation = Curation::new(&repository, acme());
    assert_eq!(home(&repository, "PC1").await, Some(id(2)));
    curation.separate(id(2), &corp(), object(), &anna()).await.unwrap();
    assert_eq!(curation.overlaps().await.unwrap(), []);
    curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    assert_eq!(curation.overlaps().await.unwrap(), []);
}

#[test]
fn any_number_of_threads_decides_the_same() {
    let (count, now, site) = (20_000, Timestamp::now(), SiteId::new("hq").unwrap());
    let assets = population::scanned(count, &acme(), &site, now).unwrap();
    let computers = DirectoryComputers::new(corp(), site, now)
        .with_domain(Some("corp.example"), Some("CORP"))
        .with_objects(population::computers(1, count));
    let plan = |threads| {
        let planner = Planner::on_threads(&assets, NonZeroUsize::new(threads).unwrap());
        planner.plan(&computers, &MatchPolicy::default())
    };
    assert_eq!(plan(3), plan(1));
}
