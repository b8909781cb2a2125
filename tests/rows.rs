//! An inventory in a host's table of two columns: the one of the example, in a real file.

#[allow(dead_code, reason = "its own program is the example")]
#[path = "../examples/custom_repository.rs"]
mod custom_repository;
#[path = "rows/history.rs"]
pub(crate) mod history;
#[path = "rows/kills.rs"]
mod kills;

use custom_repository::Table;
use ldap_inventory::asset::{Asset, AssetRepository, AssetsRequest, CommitOutcome};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::store::rows::{KeyRange, Row, Rows, RowsRepository};
use ldap_inventory::testing::contract;
use ldap_inventory::{Error, ErrorKind, Result};

fn table() -> (tempfile::TempDir, Table) {
    let directory = tempfile::tempdir().unwrap();
    let table = Table::open(directory.path().join("rows.db")).unwrap();
    (directory, table)
}

#[tokio::test]
async fn a_table_in_a_file_keeps_the_contract() {
    contract::rows(|| async { table() }).await;
}

#[tokio::test]
async fn the_inventory_in_a_table_in_a_file_keeps_the_contract() {
    contract::asset_repository(|| async {
        let (directory, table) = table();
        (directory, RowsRepository::over(table))
    })
    .await;
}

async fn open(file: String) -> Table {
    Table::open(file).unwrap()
}

#[tokio::test]
async fn the_process_that_is_killed() {
    kills::write_until_killed(open).await;
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_moment_leaves_a_table_between_two_batches() {
    let (directory, table) = table();
    drop(table);
    let file = directory.path().join("rows.db").to_str().unwrap().to_owned();
    kills::kill("rows::the_process_that_is_killed", file, open, (60, 6_000, 7)).await;
}

/// What the host of this test keeps of an asset beside it.
fn names(asset: &Asset) -> Result<Vec<Row>> {
    let key = |name: &str| format!("name/{name}/{}", asset.id);
    Ok(asset
        .live_names()
        .map(|name| Row::new(key(name.as_str()), asset.version.to_string()))
        .collect())
}

#[tokio::test]
async fn a_projection_is_in_step_with_every_asset() {
    let repository = MemoryRepository::new().with_projection(names);
    for n in 0..45 {
        let committed = repository.commit(history::batch(n)).await.unwrap();
        assert_eq!(committed, CommitOutcome::Applied);
        // The same batch again, and one that was planned on an older version, change nothing.
        let committed = repository.commit(history::batch(n)).await.unwrap();
        assert_eq!(committed, CommitOutcome::AlreadyApplied);
        let mut stale = history::batch(n);
        stale.id = stale.id.nth(1_000_000);
        assert!(matches!(repository.commit(stale).await.unwrap(), CommitOutcome::Conflict(_)));

        let all = AssetsRequest::new(history::organization());
        let assets = repository.each_asset(all).await.unwrap();
        let assets: Vec<Asset> = futures::TryStreamExt::try_collect(assets).await.unwrap();
        let mut expected: Vec<Row> =
            assets.iter().flat_map(|asset| names(asset).unwrap()).collect();
        expected.sort_by(|one, other| one.key.cmp(&other.key));
        let found = repository.rows().scan(&KeyRange::prefix(b"name/")).await.unwrap();
        assert_eq!(found, expected, "after batch {n}");
    }
}

#[tokio::test]
async fn a_projection_that_fails_or_reaches_too_far_fails_the_commit() {
    type Project = fn(&Asset) -> Result<Vec<Row>>;
    let projections: [(Project, ErrorKind); 3] = [
        (|_| Ok(vec![Row::new([1, 2], [])]), ErrorKind::Invalid),
        (|_| Ok(vec![Row::new([9, 2], []), Row::new([9, 2], [1])]), ErrorKind::Invalid),
        (|_| Err(Error::new(ErrorKind::Store, "no column")), ErrorKind::Store),
    ];
    for (projection, kind) in projections {
        let repository = MemoryRepository::new().with_projection(projection);
        let error = repository.commit(history::batch(0)).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        let told = error.report();
        assert!(told.contains("projection") && told.contains("asset: "), "{told}");
        assert_eq!(repository.rows().scan(&KeyRange::new([0], [255])).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_dropped_organization_leaves_nothing() {
    let repository = MemoryRepository::new();
    for n in 0..20 {
        assert_eq!(repository.commit(history::batch(n)).await.unwrap(), CommitOutcome::Applied);
    }
    let prefix = MemoryRepository::prefix_of(&history::organization());
    let all = repository.rows().scan(&KeyRange::new([0], [255])).await.unwrap();
    let below = repository.rows().scan(&KeyRange::prefix(&prefix)).await.unwrap();
    assert!(!all.is_empty() && all == below);
}
