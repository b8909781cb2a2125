//! What a host knows of assets itself, filed as records of a source of its own.

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{Asset, AssetRepository, SearchRequest};
use ldap_inventory::curation::Curation;
use ldap_inventory::query::Query;
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty};
use ldap_inventory::value::{Attributes, SourceId, Timestamp};

use crate::curation::{acme, anna, assets, corp, id, put, scanned};

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
