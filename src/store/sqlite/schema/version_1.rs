//! What a file of version 1 tells of where objects were last seen.
//!
//! Links did not remember it, but records have the DN, and the run that wrote them kept the fingerprint of its scope.
//! So a run of that very scope goes on finding what is gone, and no other one does before it has seen the object. The
//! documents are read as version 1 wrote them, whatever the types of today have become.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Transaction, params};
use serde::Deserialize;
use serde_json::Value;

use super::super::failure::{Outcome, damaged};
use super::super::sighting;
use crate::asset::Sighting;
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, RecordDigest, View};

/// Gives links the sightings that can be worked out.
pub(super) fn fill_sightings(transaction: &Transaction<'_>) -> Outcome<()> {
    let mut sources = transaction.prepare("SELECT number, organization, id FROM sources")?;
    let sources = sources.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    let sources: Vec<(i64, i64, String)> = sources.collect::<Result<_, _>>()?;
    let mut known = BTreeMap::new();
    for (number, organization, id) in sources {
        let source = Source::read(transaction, number)?;
        source.fill_principals(transaction, "users")?;
        source.fill_principals(transaction, "directory_groups")?;
        known.insert((organization, id), source);
    }
    fill_computers(transaction, &known)?;
    known.values().try_for_each(|source| source.fill_rest(transaction))
}

/// A source, and what its runs covered.
struct Source {
    number: i64,
    /// The scope of each complete run, by the run's id.
    runs: BTreeMap<String, RecordDigest>,
    /// The scope of all of them, if they had the same.
    only: Option<RecordDigest>,
}

#[derive(Deserialize)]
struct Checkpoint {
    scope: RecordDigest,
}

#[derive(Deserialize)]
struct Run {
    id: String,
    #[serde(default)]
    checkpoint: Option<Checkpoint>,
}

/// What is asked of a user, a group, or a part of an asset.
#[derive(Deserialize)]
struct Record {
    #[serde(default)]
    dn: Option<String>,
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    object: Option<ObjectGuid>,
    #[serde(default)]
    attributes: BTreeMap<String, Value>,
    #[serde(default)]
    run: Option<String>,
}

#[derive(Deserialize)]
struct Asset {
    #[serde(default)]
    parts: Vec<Record>,
}

impl Source {
    fn read(transaction: &Transaction<'_>, number: i64) -> Outcome<Self> {
        let mut statement = transaction.prepare("SELECT document FROM runs WHERE source = ?1")?;
        let documents = statement.query_and_then([number], |row| -> Outcome<Run> {
            let text: String = row.get(0)?;
            serde_json::from_str(&text).map_err(|cause| damaged("run of source", number, cause))
        })?;
        let mut runs = BTreeMap::new();
        for run in documents {
            let Run { id, checkpoint } = run?;
            runs.extend(checkpoint.map(|checkpoint| (id, checkpoint.scope)));
        }
        let scopes: BTreeSet<[u8; 16]> = runs.values().map(|scope| scope.0).collect();
        let only = scopes.first().filter(|_| scopes.len() == 1).map(|scope| RecordDigest(*scope));
        Ok(Self { number, runs, only })
    }

    fn fill_principals(&self, transaction: &Transaction<'_>, table: &str) -> Outcome<()> {
        let sql = format!("SELECT object, document FROM {table} WHERE source = ?1");
        let mut statement = transaction.prepare(&sql)?;
        let records = statement.query_and_then([self.number], |row| -> Outcome<_> {
            let (object, text): ([u8; 16], String) = (row.get(0)?, row.get(1)?);
            let record: Record = serde_json::from_str(&text)
                .map_err(|cause| damaged("object", ObjectGuid::from_bytes(object), cause))?;
            Ok((ObjectGuid::from_bytes(object), record))
        })?;
        for record in records {
            let (object, record) = record?;
            self.fill(transaction, object, record.dn.as_deref(), record.run.as_deref())?;
        }
        Ok(())
    }

    /// Notes where an object stood, as the run that last wrote it saw it.
    fn fill(
        &self,
        transaction: &Transaction<'_>,
        object: ObjectGuid,
        dn: Option<&str>,
        run: Option<&str>,
    ) -> Outcome<()> {
        let scope = run.and_then(|run| self.runs.get(run)).copied().or(self.only);
        let dn = dn.and_then(|dn| DistinguishedName::parse(dn).ok());
        if let (Some(dn), Some(scope)) = (dn, scope) {
            let seen = Sighting::of(&dn, View::of_scope(scope));
            let seen = sighting::number(transaction, self.number, &seen)?;
            let sql = "UPDATE links SET seen = ?3 WHERE source = ?1 AND object = ?2";
            transaction.prepare_cached(sql)?.execute(params![
                self.number,
                object.as_bytes(),
                seen
            ])?;
        }
        Ok(())
    }

    /// Of computers that wait for a decision there is no record. If all runs had one scope, it was that one.
    fn fill_rest(&self, transaction: &Transaction<'_>) -> Outcome<()> {
        let Some(scope) = self.only else { return Ok(()) };
        let seen = Sighting { container: None, view: View::of_scope(scope) };
        let seen = sighting::number(transaction, self.number, &seen)?;
        let sql = "UPDATE links SET seen = ?2 WHERE source = ?1 AND seen IS NULL";
        transaction.execute(sql, [self.number, seen])?;
        Ok(())
    }
}

fn fill_computers(
    transaction: &Transaction<'_>,
    sources: &BTreeMap<(i64, String), Source>,
) -> Outcome<()> {
    let sql = "SELECT organization, number, document FROM assets
               JOIN asset_documents ON asset = number";
    let mut statement = transaction.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (organization, number, text): (i64, i64, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let asset: Asset =
            serde_json::from_str(&text).map_err(|cause| damaged("asset", number, cause))?;
        for part in asset.parts {
            let (Some(source), Some(object)) = (part.source, part.object) else { continue };
            let Some(source) = sources.get(&(organization, source)) else { continue };
            let dn = part.attributes.get("distinguishedName").and_then(Value::as_str);
            source.fill(transaction, object, dn, part.run.as_deref())?;
        }
    }
    Ok(())
}
