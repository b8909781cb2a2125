//! What a host knows of assets itself, filed as records of a source of its own.

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{Asset, AssetRepository, SearchRequest};
use ldap_inventory::curation::{Curation, ImportOptions, Imported, Scan};
use ldap_inventory::query::Query;
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty};
use ldap_inventory::value::{Attributes, SourceId, Timestamp};

use crate::curation::{acme, anna, assets, corp, home, id, put, run, scanned};
use crate::mock::{computer, mock_guid};

const KEY: &str = "@cmdb.asset";

fn cmdb() -> SourceId {
    SourceId::new("cmdb", "main").unwrap()
}

fn owned_by(owner: &str) -> Attributes {
    [("owner", owner)].into_iter().collect()
}

fn owners(asset: &Asset) -> Vec<&str> {
    asset.parts.iter().filter_map(|part| part.attributes.first("owner")).collect()
}

#[tokio::test]
async fn what_a_host_says_is_found_replaced_and_taken_back() {
    let stores: [Box<dyn AssetRepository>; 2] =
        [Box::new(MemoryRepository::new()), Box::new(SqliteRepository::open_in_memory().unwrap())];
    for repository in &stores {
        let repository = &**repository;
        put(repository, [scanned(1, &["web1"]), scanned(2, &["web2"])]).await;
        let bare = assets(repository).await;
        let curation = Curation::new(repository, acme());
        let written = curation.contribute(id(1), &cmdb(), KEY, owned_by("anna")).await.unwrap();
        assert_eq!((written.version, owners(&written)), (2, vec!["anna"]));
        let same = curation.contribute(id(1), &cmdb(), KEY, owned_by("anna")).await.unwrap();
        assert_eq!(same, written);
        let query = Query::parse("@cmdb.asset.owner:anna").unwrap();
        let request = SearchRequest::new(acme(), query, Timestamp::now());
        assert_eq!(repository.search_assets(request).await.unwrap().records, [written]);
        let replaced = curation.contribute(id(1), &cmdb(), KEY, owned_by("bob")).await.unwrap();
        assert_eq!((replaced.version, owners(&replaced)), (3, vec!["bob"]));
        let without = curation.retract(id(1), &cmdb()).await.unwrap();
        assert_eq!(without.parts, bare[0].parts);
        assert_eq!(curation.retract(id(1), &cmdb()).await.unwrap().version, 4);
    }
}

#[tokio::test]
async fn what_is_said_of_an_asset_goes_with_it_into_a_merge_and_out_again() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"]), scanned(2, &["web2"])]).await;
    let curation = Curation::new(&repository, acme());
    curation.contribute(id(1), &cmdb(), KEY, owned_by("anna")).await.unwrap();
    let merged = curation.merge(&[id(1), id(2)], &anna()).await.unwrap();
    let both = curation.contribute(id(2), &cmdb(), KEY, owned_by("bob")).await.unwrap();
    assert_eq!((both.id, owners(&both)), (id(1), vec!["anna", "bob"]));
    let both = curation.contribute(id(2), &cmdb(), KEY, owned_by("carol")).await.unwrap();
    assert_eq!(owners(&both), ["anna", "carol"]);
    assert!(curation.uphold().await.unwrap().is_empty());
    curation.unmerge(merged.id, &anna()).await.unwrap();
    let [one, two] = assets(&repository).await.try_into().unwrap();
    assert_eq!((owners(&one), owners(&two)), (vec!["anna"], vec!["carol"]));
    assert!(two.parts.iter().all(|part| part.home.is_none()));
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_writes_meanwhile_is_kept() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["web1"])]).await;
    let plan = FaultPlan::new().with(1, CallFault::Unreachable);
    let slow = Faulty::new(repository.clone(), &plan);
    let (late, early) = (Curation::new(&slow, acme()), Curation::new(&repository, acme()));
    let (cmdb, other) = (cmdb(), SourceId::new("scanner", "two").unwrap());
    let (late, early) = tokio::join!(
        late.contribute(id(1), &cmdb, KEY, owned_by("anna")),
        early.contribute(id(1), &other, "@scanner.host", owned_by("bob")),
    );
    assert_eq!(owners(&early.unwrap()), ["bob"]);
    let late = late.unwrap();
    assert_eq!((owners(&late), late.version), (vec!["bob", "anna"], 3));
    assert_eq!(assets(&repository).await, [late]);
}

#[tokio::test]
async fn what_cannot_be_filed_is_refused_and_nothing_is_written() {
    let repository = MemoryRepository::new();
    let mut asset = scanned(1, &["web1"]);
    asset.parts[0].source = corp();
    asset.parts[0].object = Some(crate::mock::mock_guid("WEB1"));
    put(&repository, [asset.clone()]).await;
    let curation = Curation::new(&repository, acme());
    for (asset, source, key, kind) in [
        (id(7), cmdb(), KEY, ErrorKind::NotFound),
        (id(1), corp(), KEY, ErrorKind::Invalid),
        (id(1), cmdb(), "cmdb", ErrorKind::Invalid),
    ] {
        let refused = curation.contribute(asset, &source, key, owned_by("anna")).await;
        assert_eq!(refused.unwrap_err().kind(), kind, "{asset} {source} {key}");
    }
    assert_eq!(curation.retract(id(1), &cmdb()).await.unwrap(), asset);
    assert_eq!(assets(&repository).await, [asset]);
}

/// A complete import of the very source that contributes.
async fn import(repository: &dyn AssetRepository, lines: &str) -> Imported {
    let scan = Scan::parse(lines.as_bytes(), "2026-06-01T00:00:00Z".parse().unwrap());
    let options = ImportOptions::new("hq".parse().unwrap()).with_complete(true);
    Curation::new(repository, acme()).import(&cmdb(), &scan, &options).await.unwrap()
}

#[tokio::test]
async fn an_import_of_the_same_source_leaves_alone_what_was_contributed() {
    let repository = MemoryRepository::new();
    let lines = "{\"id\":\"4711\",\"names\":[\"pc1.corp.example\"]}\n{\"names\":[\"web1\"]}";
    put(&repository, [scanned(1, &["pc1.corp.example"]), scanned(2, &["web1"])]).await;
    let curation = Curation::new(&repository, acme());
    let named = |owner| [("name", "web1"), ("owner", owner)].into_iter().collect();
    curation.contribute(id(1), &cmdb(), KEY, owned_by("anna")).await.unwrap();
    curation.contribute(id(2), &cmdb(), KEY, named("bob")).await.unwrap();
    for (joined, unchanged) in [(2, 0), (0, 2)] {
        let imported = import(&repository, lines).await;
        assert_eq!((imported.created, imported.joined), (0, joined), "{imported:?}");
        assert_eq!((imported.updated, imported.unchanged), (0, unchanged));
        assert_eq!(imported.ended, []);
        let [one, two] = assets(&repository).await.try_into().unwrap();
        assert_eq!((owners(&one), owners(&two)), (vec!["anna"], vec!["bob"]));
        assert!(one.parts.iter().chain(&two.parts).all(|part| part.presence.is_present()));
    }
    let merged = curation.merge(&[id(2), id(1)], &anna()).await.unwrap();
    assert_eq!(import(&repository, lines).await.unchanged, 2, "wherever a person took it");
    curation.unmerge(merged.id, &anna()).await.unwrap();
    curation.retract(id(2), &cmdb()).await.unwrap();
    let two = repository.assets(&acme(), &[id(2)]).await.unwrap().remove(0);
    assert_eq!((two.parts.len(), owners(&two)), (2, vec![]));
}

#[tokio::test]
async fn what_is_said_under_an_id_whose_computer_was_linked_away_stays_where_it_went() {
    let repository = MemoryRepository::new();
    put(&repository, [scanned(1, &["t.corp.example"])]).await;
    run(&repository, vec![computer("PC1").build()]).await;
    let pc1 = home(&repository, "PC1").await.unwrap();
    let curation = Curation::new(&repository, acme());
    curation.link(id(1), &corp(), mock_guid("PC1"), &anna()).await.unwrap();
    for _ in 0..2 {
        let filed = curation.contribute(pc1, &cmdb(), KEY, owned_by("anna")).await.unwrap();
        assert_eq!((filed.id, owners(&filed)), (id(1), vec!["anna"]));
        assert!(curation.uphold().await.unwrap().is_empty());
        run(&repository, vec![computer("PC1").build()]).await;
        let [only] = assets(&repository).await.try_into().unwrap();
        assert_eq!((only.id, owners(&only)), (id(1), vec!["anna"]));
    }
    assert_eq!(owners(&curation.retract(pc1, &cmdb()).await.unwrap()), Vec::<&str>::new());
}
