//! A host that keeps its inventory in PostgreSQL, over a pool that it has anyway.

use deadpool_postgres::tokio_postgres::{Config, NoTls};
use deadpool_postgres::{BuildError, Manager, Pool, Runtime};
use ldap_inventory::Result;
use ldap_inventory::store::PostgresRepository;

/// A pool of so many connections to this database, in which tables are looked for in this schema.
pub fn pool(
    database: &Config,
    schema: &str,
    connections: usize,
) -> std::result::Result<Pool, BuildError> {
    let mut database = database.clone();
    database.options(format!("-c search_path={schema}"));
    let manager = Manager::new(database, NoTls);
    Pool::builder(manager).max_size(connections).runtime(Runtime::Tokio1).build()
}

/// The inventory over such a pool.
pub async fn inventory(pool: &Pool) -> Result<PostgresRepository> {
    PostgresRepository::open(pool.clone()).await
}
