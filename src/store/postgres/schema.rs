//! The schema, and how a database comes to have it.

use std::collections::BTreeSet;

use deadpool_postgres::Transaction;

use super::connections::Connections;
use super::failure::Outcome;
use crate::{Error, ErrorKind, Result};

/// What leads from one version to the next. One that is released is never changed. A statement that was run before
/// does nothing, since not every database takes back with a transaction what it did to tables.
const MIGRATIONS: [&str; 2] = [include_str!("schema/1.sql"), include_str!("schema/2.sql")];

/// The version of the tables, in a row that whoever changes them locks.
const VERSION: &str = "
    CREATE TABLE IF NOT EXISTS inventory_schema (id bigint PRIMARY KEY, version bigint NOT NULL);
    INSERT INTO inventory_schema (id, version) VALUES (1, 0) ON CONFLICT DO NOTHING;";

/// Brings the database to the newest schema, once of all that open it at the same time. One that is there already is
/// only looked at, so that a user opens it who may make no tables.
pub(super) async fn migrate(connections: &Connections) -> Result<()> {
    connections.retried("open", || try_to_migrate(connections)).await
}

async fn try_to_migrate(connections: &Connections) -> Outcome<()> {
    let mut client = connections.client().await?;
    let transaction = client.transaction().await?;
    check_encoding(&transaction).await?;
    let tables = tables(&transaction).await?;
    if tables.contains("inventory_schema") {
        if version(&transaction, "").await? == newest() {
            return Ok(());
        }
    } else if let Some(table) = own_tables().find(|own| tables.contains(*own)) {
        let message = "the schema of the database has a table of another application; nothing was changed in it, give \
                       the inventory a schema of its own (search_path)";
        let error = Error::new(ErrorKind::Configuration, message).with_context("table", table);
        return Err(error.into());
    }
    transaction.batch_execute(VERSION).await?;
    let present = version(&transaction, "FOR UPDATE").await?;
    for migration in MIGRATIONS.iter().skip(present) {
        transaction.batch_execute(migration).await?;
    }
    let sql = "UPDATE inventory_schema SET version = $1 WHERE id = 1";
    transaction.execute(sql, &[&i64::try_from(newest()).unwrap_or(i64::MAX)]).await?;
    Ok(transaction.commit().await?)
}

fn newest() -> usize {
    MIGRATIONS.len()
}

/// The names of the tables that the migrations make.
fn own_tables() -> impl Iterator<Item = &'static str> {
    let made = MIGRATIONS.iter().flat_map(|migration| migration.lines());
    let made = made.filter_map(|line| line.strip_prefix("CREATE TABLE IF NOT EXISTS "));
    made.filter_map(|rest| rest.split(' ').next())
}

async fn check_encoding(transaction: &Transaction<'_>) -> Outcome<()> {
    let encoding: String = transaction.query_one("SHOW server_encoding", &[]).await?.try_get(0)?;
    if encoding.eq_ignore_ascii_case("UTF8") {
        return Ok(());
    }
    let message = "the database must be in UTF-8; create one with ENCODING 'UTF8'";
    let error = Error::new(ErrorKind::Configuration, message).with_context("encoding", encoding);
    Err(error.into())
}

/// The tables of the schema in which tables would be made.
async fn tables(transaction: &Transaction<'_>) -> Outcome<BTreeSet<String>> {
    let sql = "SELECT CAST(current_schema() AS text)";
    let schema: Option<String> = transaction.query_one(sql, &[]).await?.try_get(0)?;
    let Some(schema) = schema else {
        let message =
            "none of the schemas in the search_path of the connection is there; create it";
        return Err(Error::new(ErrorKind::Configuration, message).into());
    };
    // The catalog has those, too, on which the user has no rights.
    let sql = "SELECT CAST(tablename AS text) FROM pg_catalog.pg_tables
               WHERE CAST(schemaname AS text) = $1
               UNION SELECT CAST(viewname AS text) FROM pg_catalog.pg_views
               WHERE CAST(schemaname AS text) = $1";
    let rows = transaction.query(sql, &[&schema]).await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The version of the tables, at most the newest that is known.
async fn version(transaction: &Transaction<'_>, lock: &str) -> Outcome<usize> {
    let sql = format!("SELECT version FROM inventory_schema WHERE id = 1 {lock}");
    let present: i64 = match transaction.query_opt(&sql, &[]).await? {
        Some(row) => row.try_get(0)?,
        None => 0,
    };
    match usize::try_from(present) {
        Ok(version) if version <= newest() => Ok(version),
        _ => {
            let message = "the inventory was written by a newer version of ldap-inventory; update the program, \
                           nothing was changed in the database";
            let error = Error::new(ErrorKind::Configuration, message)
                .with_context("schema of the database", present)
                .with_context("newest known schema", newest());
            Err(error.into())
        }
    }
}
