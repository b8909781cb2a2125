//! What changed since a moment, told to those who ask again and again.

use std::collections::BTreeSet;
use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, ConstraintKind};
use ldap_inventory::curation::{Curation, NotedChange, Occasion};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{AssetId, RunId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::curation::{acme, anna, assets, corp, home, id, put, scanned};

/// A run that began at this moment.
async fn run_at(repository: &dyn AssetRepository, began: Timestamp, objects: Vec<DirectoryObject>) {
    let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
    let task = SyncTask::new("Head office", acme(), site, corp(), credential)
        .with_change_limits(ChangeLimits::off());
    let options = SyncOptions::new().with_run(RunId::random_v7(), began);
    sync(&task, &MockDirectory::new(objects), repository, &options).await.unwrap();
}

async fn changes(repository: &dyn AssetRepository, since: Timestamp) -> Vec<NotedChange> {
    Curation::new(repository, acme()).changes(since).await.unwrap()
}

fn told(changes: &[NotedChange]) -> Vec<(Occasion, &str)> {
    changes.iter().map(|noted| (noted.change, noted.name.as_str())).collect()
}

#[tokio::test]
async fn a_computer_that_the_rules_take_to_another_asset_is_told() {
    let repository = MemoryRepository::new();
    let objects = || vec![computer("WEB1").build(), computer("WEB2").build()];
    run_at(&repository, Timestamp::now(), objects()).await;
    put(&repository, [scanned(1, &["web1.corp.example"])]).await;
    let since = Timestamp::now();
    run_at(&repository, since, objects()).await;
    let noted = changes(&repository, since).await;
    assert_eq!(told(&noted), [(Occasion::Matched, "web1.corp.example")], "{noted:#?}");
    assert_eq!(noted[0].asset, Some(id(1)));
    let reason = noted[0].reason.as_deref().unwrap();
    assert!(reason.contains("web1.corp.example"), "{reason}");
}

#[tokio::test]
async fn what_a_run_wrote_is_told_to_who_asked_while_it_was_under_way() {
    let repository = MemoryRepository::new();
    let first: Timestamp = "2026-03-01T00:00:00Z".parse().unwrap();
    run_at(&repository, first, vec![computer("WEB1").build(), computer("WEB2").build()]).await;
    let began: Timestamp = "2026-03-02T00:00:00Z".parse().unwrap();
    // Somebody asks while the second run is under way, and again when it is over.
    let asked = Timestamp::now();
    run_at(&repository, began, vec![computer("WEB1").build(), computer("DB1").build()]).await;
    let noted = changes(&repository, asked).await;
    let told: Vec<_> = noted.iter().map(|noted| (noted.change, noted.object, noted.at)).collect();
    let web2 = Some(mock_guid("WEB2"));
    let expected = [(Occasion::Created, None, began), (Occasion::Missing, web2, began)];
    assert_eq!(told, expected, "{noted:#?}");
    assert_eq!(changes(&repository, Timestamp::now()).await, []);
}

/// A moment later than whatever people did.
async fn next_moment(repository: &dyn AssetRepository) -> Timestamp {
    let history = Curation::new(repository, acme()).history().await.unwrap();
    let latest = history.last().map_or(Timestamp::MIN, |entry| entry.at);
    latest.checked_add(Duration::from_micros(1)).unwrap().max(Timestamp::now())
}

/// What people did since, under each of the assets that it is told of.
async fn told_since(repository: &dyn AssetRepository, since: Timestamp) -> BTreeSet<AssetId> {
    let noted = changes(repository, since).await;
    let by_people = noted.iter().filter(|noted| noted.change != Occasion::Updated);
    assert!(by_people.clone().all(|noted| noted.reason.is_some()), "{noted:#?}");
    by_people.filter_map(|noted| noted.asset).collect()
}

#[tokio::test]
async fn what_people_decide_is_told_of_the_asset_that_gets_a_record_and_of_the_one_that_loses_it() {
    let repository = MemoryRepository::new();
    let names = [(1, "web1.corp.example"), (2, "web1"), (3, "other")];
    put(&repository, names.map(|(n, name)| scanned(n, &[name]))).await;
    run_at(&repository, Timestamp::now(), vec![computer("WEB1").build()]).await;
    let (curation, web1, anna) = (Curation::new(&repository, acme()), mock_guid("WEB1"), anna());
    assert_eq!(home(&repository, "WEB1").await, Some(id(1)));
    let both = BTreeSet::from([id(1), id(2)]);

    // The rules take it to the other asset that has its name, and back.
    let separated = next_moment(&repository).await;
    curation.separate(id(1), &corp(), web1, &anna).await.unwrap();
    assert_eq!(home(&repository, "WEB1").await, Some(id(2)));
    assert_eq!(told_since(&repository, separated).await, both);
    let noted = changes(&repository, separated).await;
    assert!(noted.iter().all(|it| it.reason == noted[0].reason), "{noted:#?}");
    let forgotten = next_moment(&repository).await;
    let kind = ConstraintKind::CannotLink;
    curation.forget(id(1), &corp(), web1, kind, &anna).await.unwrap();
    assert_eq!(told_since(&repository, forgotten).await, both);

    // A person takes it from one asset to another, and it goes home from there.
    curation.link(id(2), &corp(), web1, &anna).await.unwrap();
    let linked = next_moment(&repository).await;
    curation.link(id(3), &corp(), web1, &anna).await.unwrap();
    assert_eq!(told_since(&repository, linked).await, BTreeSet::from([id(2), id(3)]));
    let kind = ConstraintKind::MustLink;
    curation.forget(id(2), &corp(), web1, kind, &anna).await.unwrap();
    let forgotten = next_moment(&repository).await;
    curation.forget(id(3), &corp(), web1, kind, &anna).await.unwrap();
    assert_eq!(told_since(&repository, forgotten).await, BTreeSet::from([id(1), id(3)]));

    // What a merge had made one is there again.
    let merged = curation.merge(&[id(1), id(2)], &anna).await.unwrap().id;
    let unmerged = next_moment(&repository).await;
    curation.unmerge(merged, &anna).await.unwrap();
    assert_eq!(told_since(&repository, unmerged).await, both);
    assert_eq!(assets(&repository).await.len(), 3);
    assert_eq!(changes(&repository, next_moment(&repository).await).await, []);
}
