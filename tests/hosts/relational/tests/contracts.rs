//! The tables keep the contract of `AssetRepository`; so does the inventory in a table of two columns, which keeps that
//! of `Rows`.

#[path = "../../../rows/history.rs"]
mod history;
#[path = "../../../rows/kills.rs"]
mod kills;
mod table;

use std::sync::atomic::{AtomicU32, Ordering};

use host_relational::Relational;
use ldap_inventory::store::rows::RowsRepository;
use ldap_inventory::testing::contract;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use table::Table;

/// A schema of its own for each case.
async fn schema() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("case_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let sql = sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"));
    sqlx::query(sql).execute(&pool("public").await).await.unwrap();
    name
}

async fn pool(schema: &str) -> PgPool {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL names an empty database");
    let options: PgConnectOptions = url.parse().unwrap();
    let options = options.options([("search_path", schema)]);
    PgPoolOptions::new().max_connections(4).connect_with(options).await.unwrap()
}

async fn table(schema: String) -> Table {
    Table::open(pool(&schema).await).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_keep_the_contract() {
    let build = || async { ((), Relational::open(pool(&schema().await).await).await.unwrap()) };
    contract::asset_repository(build).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_of_two_columns_keeps_the_contract() {
    contract::rows(|| async { ((), table(schema().await).await) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_inventory_in_the_table_of_two_columns_keeps_the_contract() {
    let build = || async { ((), RowsRepository::over(table(schema().await).await)) };
    contract::asset_repository(build).await;
}

#[tokio::test]
async fn the_process_that_is_killed() {
    kills::write_until_killed(table).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_at_any_moment_leaves_a_table_between_two_batches() {
    let schema = schema().await;
    kills::kill("the_process_that_is_killed", schema, table, (40, 6_000, 11)).await;
}
