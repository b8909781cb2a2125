//! The database that the tests have, and schemas in it.

use std::sync::atomic::{AtomicU32, Ordering};

use deadpool_postgres::Pool;
use deadpool_postgres::tokio_postgres::Config;
use host_postgres::{inventory, pool};
use ldap_inventory::store::PostgresRepository;

pub(crate) fn config() -> Config {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL names an empty database");
    url.parse().expect("DATABASE_URL is a URL")
}

/// A new schema, whose name nobody else has.
pub(crate) async fn schema(database: &Config) -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let name = format!("case_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    execute(&pool(database, "public", 1).unwrap(), &format!("CREATE SCHEMA {name}")).await;
    name
}

/// An empty inventory.
pub(crate) async fn empty() -> PostgresRepository {
    let schema = schema(&config()).await;
    inventory(&pool(&config(), &schema, 4).unwrap()).await.unwrap()
}

pub(crate) async fn execute(pool: &Pool, sql: &str) {
    pool.get().await.unwrap().batch_execute(sql).await.unwrap();
}
