//! A host that keeps its own data in SQLite by sqlx.

use sqlx::sqlite::SqlitePool;

/// Opens the host's own database, in memory, and counts what is in it.
pub async fn own_database(runs: &[u64]) -> sqlx::Result<i64> {
    let pool = SqlitePool::connect("sqlite::memory:").await?;
    let mut connection = pool.acquire().await?;
    sqlx::query("CREATE TABLE runs (created INTEGER NOT NULL)").execute(&mut *connection).await?;
    for created in runs {
        let created = i64::try_from(*created).unwrap_or(i64::MAX);
        let insert = sqlx::query("INSERT INTO runs VALUES (?)").bind(created);
        insert.execute(&mut *connection).await?;
    }
    sqlx::query_scalar("SELECT sum(created) FROM runs").fetch_one(&mut *connection).await
}

#[cfg(test)]
mod tests {
    use ldap_inventory::asset::AssetRepository;
    use ldap_inventory::store::{MemoryRepository, SqliteRepository};
    use ldap_inventory::sync::{SyncOptions, sync};
    use ldap_inventory::task::SyncTask;
    use ldap_inventory::testing::{MockDirectory, MockRecord};
    use ldap_inventory::value::SourceId;

    use super::*;

    async fn created(inventory: &dyn AssetRepository) -> u64 {
        let directory = MockDirectory::new([MockRecord::computer("WEB1"), MockRecord::computer("WEB2")]);
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let (organization, site) = ("acme".parse().unwrap(), "hq".parse().unwrap());
        let task = SyncTask::new("corp", organization, site, source, "reader".parse().unwrap());
        let report = sync(&task, &directory, inventory, &SyncOptions::new()).await.unwrap();
        assert!(report.complete);
        report.computers.created
    }

    #[tokio::test]
    async fn the_hosts_database_and_both_inventories_share_one_sqlite() {
        let in_memory = created(&MemoryRepository::new()).await;
        let in_sqlite = created(&SqliteRepository::open_in_memory().unwrap()).await;
        assert_eq!((in_memory, in_sqlite), (2, 2));
        assert_eq!(own_database(&[in_memory, in_sqlite]).await.unwrap(), 4);
    }
}
