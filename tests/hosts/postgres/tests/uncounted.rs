//! A database that has not counted what is in its tables yet, as after the first sync: what a run asks for next is found
//! by indexes all the same.

use host_postgres::{inventory, pool};
use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, SearchRequest,
};
use ldap_inventory::name::Hostname;
use ldap_inventory::query::Query;
use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId, Timestamp};

use crate::database::{config, execute, schema};

const ASSETS: u64 = 10_000;

fn acme() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

/// Two of them share a name.
fn asset(n: u64, version: u64) -> Asset {
    let id = AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000).nth(n);
    let mut asset = Asset::new(id, acme(), "hq".parse().unwrap());
    asset.version = version;
    let name = Hostname::parse(&format!("host-{}.corp.example", n.max(1))).unwrap();
    asset.names.push(Claim::new(
        name,
        0,
        None,
        Timestamp::from_unix_seconds(1_790_000_000).unwrap(),
    ));
    asset
}

fn batch(id: u128, expected: Option<u64>) -> Batch {
    let put = |n| {
        let asset = Box::new(asset(n, expected.map_or(1, |version| version + 1)));
        Change::PutAsset { expected, asset, changed: None }
    };
    let source = SourceId::new("scan", "hq").unwrap();
    Batch::new(BatchId::from_u128(id), acme(), source).with_changes((0..ASSETS).map(put))
}

/// What goes through everything once for each asset is broken off.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_has_counted_nothing_is_asked_by_its_indexes() {
    let pool = pool(&config(), &schema(&config()).await, 1).unwrap();
    let inventory = inventory(&pool).await.unwrap();
    for table in ["assets", "asset_documents", "asset_terms", "links"] {
        let sql = format!("ALTER TABLE {table} SET (autovacuum_enabled = false)");
        execute(&pool, &sql).await;
    }
    // The one connection of the pool keeps it.
    execute(&pool, "SET statement_timeout = '20s'").await;
    for (id, expected) in [(1, None), (2, Some(1))] {
        assert_eq!(inventory.commit(batch(id, expected)).await.unwrap(), CommitOutcome::Applied);
    }
    let query = Query::parse("name_overlap:true").unwrap();
    let now = Timestamp::from_unix_seconds(1_790_000_000).unwrap();
    let found = inventory.search_assets(SearchRequest::new(acme(), query, now)).await.unwrap();
    assert_eq!(found.records, [asset(0, 2), asset(1, 2)]);
    let keys: Vec<_> = (0..ASSETS).flat_map(|n| asset(n, 2).match_keys()).collect();
    assert_eq!(inventory.candidates(&acme(), &keys).await.unwrap().len() as u64, ASSETS);
}
