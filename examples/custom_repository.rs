//! A host's own store: `cargo run --release --example custom_repository`.
//!
//! All that this host has is a table of two columns. Three methods make a whole inventory of it. The crate's contract
//! suites check it, and then it takes part in a sync.

use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use ldap_inventory::asset::{AssetRepository, SearchRequest};
use ldap_inventory::query::Query;
use ldap_inventory::store::rows::{KeyRange, Row, Rows, RowsRepository, Write};
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{MockDirectory, MockRecord, contract};
use ldap_inventory::value::{SourceId, Timestamp};
use ldap_inventory::{Error, ErrorKind, Result};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

#[derive(Debug)]
pub(crate) struct Table(Mutex<Connection>);

impl Table {
    pub(crate) fn open(file: impl AsRef<std::path::Path>) -> rusqlite::Result<Self> {
        let connection = Connection::open(file)?;
        let table = "CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB NOT NULL)";
        connection.execute(table, []).map(|_| Self(Mutex::new(connection)))
    }

    /// One moment for who reads, all or nothing for who writes. Where many tasks run, do it on a thread that may block.
    fn transaction<T>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        let mut connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = connection.transaction_with_behavior(TransactionBehavior::Immediate);
        let done = begun.and_then(|t| work(&t).and_then(|done| t.commit().map(|()| done)));
        done.map_err(|error| Error::new(ErrorKind::Store, "the table fails").with_source(error))
    }
}

#[async_trait]
impl Rows for Table {
    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
        self.transaction(|t| keys.iter().filter_map(|key| row(t, key).transpose()).collect())
    }

    async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
        let sql = "SELECT key, value FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3";
        let range = (&scan.from, &scan.to, i64::try_from(scan.limit).unwrap_or(i64::MAX));
        self.transaction(|t| {
            let mut rows = t.prepare_cached(sql)?;
            let rows = rows.query_map(range, |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.map(|row| row.map(|(k, v): (Vec<u8>, Vec<u8>)| Row::new(k, v))).collect()
        })
    }

    async fn write(&self, write: &Write) -> Result<bool> {
        self.transaction(|t| {
            for (key, expected) in &write.expected {
                if row(t, key)?.map(|row| row.value) != *expected {
                    return Ok(false);
                }
            }
            for (key, new) in &write.changes {
                t.prepare_cached("DELETE FROM rows WHERE key = ?1")?.execute([key])?;
                if let Some(value) = new {
                    t.prepare_cached("INSERT INTO rows VALUES (?1, ?2)")?.execute((key, value))?;
                }
            }
            Ok(true)
        })
    }
}

fn row(t: &Transaction<'_>, key: &[u8]) -> rusqlite::Result<Option<Row>> {
    let mut found = t.prepare_cached("SELECT value FROM rows WHERE key = ?1")?;
    found.query_row([key], |row| Ok(Row::new(key, row.get::<_, Vec<u8>>(0)?))).optional()
}

#[allow(clippy::expect_used, reason = "a contract suite reports by panicking as well")]
#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let table = || Table::open(":memory:").expect("SQLite has memory");
    contract::rows(|| async { ((), table()) }).await;
    contract::asset_repository(|| async { ((), RowsRepository::over(table())) }).await;
    let mut out = std::io::stdout();
    writeln!(out, "the store keeps the contract of AssetRepository")?;
    let (store, source) = (RowsRepository::over(table()), SourceId::new("ldap", "corp.example")?);
    let directory = MockDirectory::new(["WEB1", "WEB2"].map(MockRecord::computer));
    let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
    let computers = sync(&task, &directory, &store, &SyncOptions::new()).await?.computers;
    writeln!(out, "{} read, {} assets created", computers.read, computers.created)?;
    let everything = SearchRequest::new(task.organization, Query::everything(), Timestamp::now());
    for asset in store.search_assets(everything).await?.records {
        writeln!(out, "  {}  {}", asset.id, asset.label())?;
    }
    Ok(())
}
