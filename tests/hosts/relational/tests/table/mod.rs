//! A table of two columns in PostgreSQL.

use std::collections::HashMap;

use async_trait::async_trait;
use ldap_inventory::store::rows::{Row, Rows, KeyRange, Write};
use ldap_inventory::{Error, ErrorKind, Result, Retry};
use sqlx::postgres::PgPool;

#[derive(Debug)]
pub struct Table(PgPool);

impl Table {
    pub async fn open(pool: PgPool) -> Result<Self> {
        let table = "CREATE TABLE IF NOT EXISTS rows (key bytea PRIMARY KEY, value bytea NOT NULL)";
        sqlx::query(table).execute(&pool).await.map_err(failed)?;
        Ok(Self(pool))
    }
}

#[async_trait]
impl Rows for Table {
    async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
        let found = sqlx::query_as("SELECT key, value FROM rows WHERE key = ANY($1)").bind(keys);
        rows(found.fetch_all(&self.0).await)
    }

    async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
        let sql = "SELECT key, value FROM rows WHERE key >= $1 AND key < $2 ORDER BY key LIMIT $3";
        let found = sqlx::query_as(sql).bind(&scan.from).bind(&scan.to);
        let limit = i64::try_from(scan.limit).unwrap_or(i64::MAX);
        rows(found.bind(limit).fetch_all(&self.0).await)
    }

    /// The isolation level sees to it that what was read is still so at the end: who comes second is told to try again.
    async fn write(&self, write: &Write) -> Result<bool> {
        let mut t =
            self.0.begin_with("BEGIN ISOLATION LEVEL SERIALIZABLE").await.map_err(failed)?;
        let keys: Vec<&Vec<u8>> = write.expected.iter().map(|(key, _)| key).collect();
        let found = sqlx::query_as("SELECT key, value FROM rows WHERE key = ANY($1)").bind(keys);
        let found: Vec<(Vec<u8>, Vec<u8>)> = found.fetch_all(&mut *t).await.map_err(failed)?;
        let found: HashMap<Vec<u8>, Vec<u8>> = found.into_iter().collect();
        if write.expected.iter().any(|(key, expected)| found.get(key) != expected.as_ref()) {
            return Ok(false);
        }
        let gone = write.changes.iter().filter(|(_, value)| value.is_none());
        let gone: Vec<&Vec<u8>> = gone.map(|(key, _)| key).collect();
        let delete = sqlx::query("DELETE FROM rows WHERE key = ANY($1)").bind(gone);
        if let Err(error) = delete.execute(&mut *t).await {
            return overtaken(error);
        }
        let put = write.changes.iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        let (keys, values): (Vec<&Vec<u8>>, Vec<&Vec<u8>>) = put.unzip();
        let sql = "INSERT INTO rows SELECT * FROM unnest($1::bytea[], $2::bytea[])
                   ON CONFLICT (key) DO UPDATE SET value = excluded.value";
        if let Err(error) = sqlx::query(sql).bind(keys).bind(values).execute(&mut *t).await {
            return overtaken(error);
        }
        match t.commit().await {
            Ok(()) => Ok(true),
            Err(error) => overtaken(error),
        }
    }
}

/// Somebody else wrote what was read: a serialization failure, or a deadlock.
fn overtaken(error: sqlx::Error) -> Result<bool> {
    let code = error.as_database_error().and_then(|error| error.code());
    match code.as_deref() {
        Some("40001" | "40P01") => Ok(false),
        _ => Err(failed(error)),
    }
}

fn rows(found: sqlx::Result<Vec<(Vec<u8>, Vec<u8>)>>) -> Result<Vec<Row>> {
    let found = found.map_err(failed)?;
    Ok(found.into_iter().map(|(key, value)| Row::new(key, value)).collect())
}

fn failed(error: sqlx::Error) -> Error {
    let message = "the table fails";
    Error::new(ErrorKind::Store, message).with_source(error).with_retry(Retry::Transient)
}
