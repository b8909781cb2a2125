//! What is wrong with a file: its pages, its records, and what they are found by.

use std::fmt;

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use super::failure::{Failure, Outcome};
use super::record::{self, bytes, read_link};
use super::sighting::Sightings;
use super::{feed, fields, read};
use crate::asset::{
    Asset, Constraint, DirectoryGroup, DirectoryUser, MergeRecord, RunRecord, Waiting,
};
use crate::store::record::key;
use crate::value::{Checkpoint, ObjectGuid};
use crate::{Error, ErrorKind};

/// Looks at a row of a record's name and its document.
type Look = fn(&Row<'_>) -> Outcome<()>;

/// Tables of documents and the column that names a record, and how each is read.
const DOCUMENTS: [(&str, &str, Look); 7] = [
    ("users", "object", |row| {
        let user: DirectoryUser = read::object(row)?;
        named(user.object.as_bytes(), row)
    }),
    ("directory_groups", "object", |row| {
        let group: DirectoryGroup = read::object(row)?;
        named(group.object.as_bytes(), row)
    }),
    ("waiting", "object", |row| {
        let waiting: Waiting = read::object(row)?;
        named(waiting.object.as_bytes(), row)
    }),
    ("decisions", "object", |row| {
        let decision: Constraint = read::object(row)?;
        named(decision.object.as_bytes(), row)
    }),
    ("merges", "id", |row| {
        let merge: MergeRecord = document(row, "merge")?;
        named(&key(merge.id.as_u128()), row)
    }),
    ("runs", "id", |row| {
        let run: RunRecord = document(row, "run")?;
        named(&key(run.id.as_u128()), row)
    }),
    ("checkpoints", "key", |row| {
        let checkpoint: Checkpoint = document(row, "checkpoint")?;
        named(&checkpoint.key.0, row)
    }),
];

/// One sentence for each thing that is wrong, and none if nothing is. Where pages are damaged, records are not looked at:
/// whatever they say would follow from that.
pub(super) fn findings(connection: &Connection) -> Outcome<Vec<String>> {
    let mut findings = pages(connection)?;
    if !findings.is_empty() {
        return Ok(findings);
    }
    findings.extend(dangling(connection)?);
    for (table, name, read) in DOCUMENTS {
        let sql = format!("SELECT {name}, document FROM {table}");
        each(connection, &sql, &mut findings, read)?;
    }
    assets(connection, &mut findings)?;
    links(connection, &mut findings)?;
    let sql = "SELECT entry, document FROM feed_entries ORDER BY organization, entry";
    each(connection, sql, &mut findings, |row| feed::entry(row).map(drop))?;
    Ok(findings)
}

fn pages(connection: &Connection) -> Outcome<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA integrity_check")?;
    let found = statement.query_map([], |row| row.get(0))?;
    let mut found: Vec<String> = found.collect::<rusqlite::Result<_>>()?;
    found.retain(|sentence| sentence != "ok");
    Ok(found)
}

fn dangling(connection: &Connection) -> Outcome<Vec<String>> {
    let mut statement = connection.prepare("PRAGMA foreign_key_check")?;
    let found = statement.query_map([], |row| {
        let (table, row_id, target): (String, Option<i64>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let row = row_id.map_or("a row".to_owned(), |row| format!("row {row}"));
        Ok(format!("{row} of {table} refers to one of {target} that is not there"))
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Assets whose document does not decode, or is not what the rows beside it were written from.
fn assets(connection: &Connection, findings: &mut Vec<String>) -> Outcome<()> {
    let sql = "SELECT id, document, number, version FROM assets
               LEFT JOIN asset_documents ON asset = number ORDER BY number";
    each(connection, sql, findings, |row| {
        let asset: Asset = read::asset(row)?;
        named(&key(asset.id.as_u128()), row)?;
        let (number, version): (i64, i64) = (row.get(2)?, row.get(3)?);
        if asset.version != version.cast_unsigned() {
            return Err(differs("asset", asset.id, "version"));
        }
        match fields::stale(connection, number, &asset)? {
            Some(what) => Err(differs("asset", asset.id, what)),
            None => Ok(()),
        }
    })
}

/// Links that do not decode, or lead to an asset that is not there.
fn links(connection: &Connection, findings: &mut Vec<String>) -> Outcome<()> {
    let mut sightings = Sightings::default();
    let sql = format!("SELECT {} FROM links ORDER BY source, object", record::LINK);
    each(connection, &sql, findings, |row| {
        read_link(connection, row, &mut sightings)?;
        Ok(())
    })?;
    let sql = "SELECT object FROM links JOIN sources ON source = sources.number
               WHERE links.asset IS NOT NULL AND NOT EXISTS (SELECT 1 FROM assets
                   WHERE assets.organization = sources.organization AND id = links.asset)";
    each(connection, sql, findings, |row| {
        let object = ObjectGuid::from_bytes(bytes(row, 0, "link")?);
        let sentence = format!("the link of {object} leads to an asset that is not there");
        Err(Error::new(ErrorKind::Store, sentence).into())
    })
}

/// Looks at each row of a statement, and notes what is wrong with it.
fn each(
    connection: &Connection,
    sql: &str,
    findings: &mut Vec<String>,
    mut look: impl FnMut(&Row<'_>) -> Outcome<()>,
) -> Outcome<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        match look(row) {
            Err(Failure::Refused(error)) => findings.push(error.report()),
            other => other?,
        }
    }
    Ok(())
}

/// The record of a row of id and document.
fn document<T: DeserializeOwned>(row: &Row<'_>, item: &'static str) -> Outcome<T> {
    let id = u128::from_be_bytes(bytes(row, 0, item)?);
    record::read(row, 1, item, || format!("{id:032x}"))
}

/// Refuses a record that is filed under another key than its own.
fn named(key: &[u8], row: &Row<'_>) -> Outcome<()> {
    let filed = bytes(row, 0, "record")?;
    if filed == key {
        return Ok(());
    }
    Err(differs("record", format!("{:032x}", u128::from_be_bytes(filed)), "key"))
}

fn differs(item: &str, name: impl fmt::Display, what: &str) -> Failure {
    let sentence = format!("the {item} {name} is filed under another {what} than its record has");
    Error::new(ErrorKind::Store, sentence).into()
}
