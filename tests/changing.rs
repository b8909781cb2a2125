//! What changed since a moment, told to those who ask again and again.

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::{Curation, NotedChange, Occasion};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{RunId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::curation::{acme, corp, id, put, scanned};

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
