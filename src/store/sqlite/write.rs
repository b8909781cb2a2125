//! Writing a batch, in one transaction: what is written was worked out before.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::assets::AssetWriter;
use super::failure::Outcome;
use super::rows::{AssetRows, BatchRows, Row};
use super::{lease, read, row_id, sighting};
use crate::asset::{
    Asset, Batch, Change, CommitOutcome, Constraint, Home, Link, MergeRecord, Sighting, Version,
    Waiting,
};
use crate::store::record::{LinkColumns, constraint_kind, document, home_bytes, key};
use crate::value::{AssetId, ObjectGuid, SourceId};

/// Writes the batch. Whatever ends this early ends the transaction with nothing written.
pub(super) fn commit(connection: &mut Connection, rows: &BatchRows) -> Outcome<CommitOutcome> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let outcome = write(&transaction, rows)?;
    if outcome == CommitOutcome::Applied {
        transaction.commit()?;
    }
    Ok(outcome)
}

fn write(transaction: &Transaction<'_>, rows: &BatchRows) -> Outcome<CommitOutcome> {
    let batch = &rows.batch;
    let organization = row_id::make_organization(transaction, &batch.organization)?;
    let source = row_id::make_source(transaction, organization, &batch.source)?;
    let mut writer = Writer::of(transaction, organization, source)?;
    if !writer.enter(batch)? {
        return Ok(CommitOutcome::AlreadyApplied);
    }
    if let Some(token) = batch.lease {
        lease::read(transaction, source)?.check(&batch.source, token)?;
    }
    let mut conflicts = BTreeSet::new();
    for row in &rows.changes {
        conflicts.extend(writer.write(row)?);
    }
    if !conflicts.is_empty() {
        return Ok(CommitOutcome::Conflict(conflicts.into_iter().collect()));
    }
    writer.close(rows)?;
    Ok(CommitOutcome::Applied)
}

/// Writes everything anew that assets are found by, from their documents. Nothing else of them changes.
pub(super) fn index_anew(transaction: &Transaction<'_>) -> Outcome<()> {
    let sql = "SELECT id, document, number, organization FROM assets JOIN asset_documents ON asset = number
               WHERE number > ?1 ORDER BY number LIMIT 1000";
    let mut statement = transaction.prepare(sql)?;
    let mut writer = AssetWriter::of(transaction)?;
    let (mut last, mut done) = (i64::MIN, 0_u64);
    loop {
        let assets = statement.query_and_then([last], |row| -> Outcome<_> {
            Ok((row.get::<_, i64>(2)?, row.get::<_, i64>(3)?, read::asset(row)?))
        })?;
        let assets: Vec<(i64, i64, Asset)> = assets.collect::<Outcome<_>>()?;
        let Some((number, ..)) = assets.last() else { return Ok(()) };
        last = *number;
        for (_, organization, asset) in &assets {
            writer.update(*organization, asset.version, &AssetRows::of(asset)?)?;
        }
        done += assets.len() as u64;
        tracing::info!(assets = done, "indexing the inventory anew");
    }
}

struct Writer<'a> {
    transaction: &'a Transaction<'a>,
    organization: i64,
    source: i64,
    assets: AssetWriter<'a>,
    /// Whether the id of any asset may lead elsewhere. Where none does, as in a first run, a new one is not looked for there.
    has_redirects: Cell<bool>,
    /// The numbers of sightings that were looked up.
    sightings: RefCell<HashMap<Arc<Sighting>, i64>>,
}

impl<'a> Writer<'a> {
    fn of(transaction: &'a Transaction<'a>, organization: i64, source: i64) -> Outcome<Self> {
        let sql = "SELECT EXISTS (SELECT 1 FROM redirects WHERE organization = ?1)";
        let mut statement = transaction.prepare_cached(sql)?;
        let has_redirects = statement.query_row([organization], |row| row.get(0))?;
        Ok(Self {
            transaction,
            organization,
            source,
            assets: AssetWriter::of(transaction)?,
            has_redirects: Cell::new(has_redirects),
            sightings: RefCell::default(),
        })
    }

    /// Notes the batch's id; false if it was noted before.
    fn enter(&self, batch: &Batch) -> Outcome<bool> {
        let sql = "INSERT INTO batches (organization, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let rows = self.execute(sql, params![self.organization, key(batch.id.as_u128())])?;
        Ok(rows == 1)
    }

    /// Makes one change. The asset that is not at the version it was planned on, if there is one.
    fn write(&mut self, row: &Row) -> Outcome<Option<AssetId>> {
        match row {
            Row::Asset { expected, rows } => return self.put_asset(*expected, rows),
            Row::User { object, document } => self.put_principal("users", *object, document)?,
            Row::Group { object, document } => {
                self.put_principal("directory_groups", *object, document)?
            }
            Row::Other(change) => return self.make(change),
        }
        Ok(None)
    }

    fn make(&mut self, change: &Change) -> Outcome<Option<AssetId>> {
        match change {
            Change::RemoveAsset { id, expected, to } => {
                return self.remove_asset(*id, *expected, *to);
            }
            Change::PutLink { link, .. } => self.put_link(link)?,
            Change::MoveLink { source, object, asset, home } => {
                self.move_link(source, *object, *asset, *home)?
            }
            Change::NoteSighting { object, seen } => self.note_sighting(*object, seen)?,
            Change::PutWaiting(waiting) => self.put_waiting(waiting)?,
            Change::RemoveWaiting { source, object } => self.remove_waiting(source, *object)?,
            Change::RemoveObject { source, object } => self.remove_object(source, *object)?,
            Change::PutConstraint(constraint) => self.put_constraint(constraint)?,
            Change::RemoveConstraint(constraint) => self.remove_constraint(constraint)?,
            Change::PutMerge(record) => self.put_merge(record)?,
            Change::PutAsset { .. } | Change::PutUser(_) | Change::PutGroup(_) => {
                return self.write(&Row::of(change.clone())?);
            }
        }
        Ok(None)
    }

    fn put_asset(
        &mut self,
        expected: Option<Version>,
        asset: &AssetRows,
    ) -> Outcome<Option<AssetId>> {
        let is_written = match expected {
            Some(expected) => self.assets.update(self.organization, expected, asset)?,
            None => self.assets.insert(self.organization, asset)?,
        };
        if is_written && expected.is_none() && self.has_redirects.get() {
            let sql = "DELETE FROM redirects WHERE organization = ?1 AND id = ?2";
            self.execute(sql, params![self.organization, key(asset.id.as_u128())])?;
        }
        Ok((!is_written).then_some(asset.id))
    }

    fn remove_asset(
        &self,
        id: AssetId,
        expected: Version,
        to: Option<AssetId>,
    ) -> Outcome<Option<AssetId>> {
        let sql = "DELETE FROM assets WHERE organization = ?1 AND id = ?2 AND version = ?3";
        let parameters = params![self.organization, key(id.as_u128()), expected.cast_signed()];
        let rows = self.execute(sql, parameters)?;
        if let Some(to) = to {
            self.has_redirects.set(true);
            let sql = "INSERT INTO redirects (organization, id, leads_to, version)
                       VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET leads_to = ?3, version = ?4";
            let (id, to) = (key(id.as_u128()), key(to.as_u128()));
            self.execute(sql, params![self.organization, id, to, expected.cast_signed()])?;
        }
        Ok((rows == 0).then_some(id))
    }

    fn put_link(&self, link: &Link) -> Outcome<()> {
        let sql = "INSERT INTO links (source, object, kind, asset, digest, place, attributes,
                                      presence, since, runs, seen, home)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                   ON CONFLICT DO UPDATE SET kind = ?3, asset = ?4, digest = ?5, place = ?6,
                       attributes = ?7, presence = ?8, since = ?9, runs = ?10, seen = ?11, home = ?12";
        let columns = LinkColumns::of(link);
        let seen = link.seen.as_ref().map(|seen| self.sighting(seen)).transpose()?;
        self.execute(
            sql,
            params![
                self.source,
                link.object.as_bytes(),
                columns.kind,
                link.asset.map(|asset| key(asset.as_u128())),
                link.digest.0,
                link.dn_digest.0,
                link.attributes,
                columns.presence,
                columns.since,
                columns.runs,
                seen,
                columns.home,
            ],
        )?;
        Ok(())
    }

    fn move_link(
        &self,
        source: &SourceId,
        object: ObjectGuid,
        asset: Option<AssetId>,
        home: Option<Home>,
    ) -> Outcome<()> {
        let sql = "UPDATE links SET asset = ?4, home = ?5 WHERE object = ?3 AND source =
                   (SELECT number FROM sources WHERE organization = ?1 AND id = ?2)";
        let asset = asset.map(|asset| key(asset.as_u128()));
        let (source, object) = (source.as_str(), object.as_bytes());
        let home = home.map(home_bytes);
        self.execute(sql, params![self.organization, source, object, asset, home])?;
        Ok(())
    }

    fn put_waiting(&self, waiting: &Waiting) -> Outcome<()> {
        let source = row_id::make_source(self.transaction, self.organization, &waiting.source)?;
        let sql = "INSERT INTO waiting (source, object, document) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET document = ?3";
        let document = document("waiting computer", waiting)?;
        self.execute(sql, params![source, waiting.object.as_bytes(), document])?;
        Ok(())
    }

    fn remove_waiting(&self, source: &SourceId, object: ObjectGuid) -> Outcome<()> {
        let sql = "DELETE FROM waiting WHERE object = ?3 AND source =
                   (SELECT number FROM sources WHERE organization = ?1 AND id = ?2)";
        self.execute(sql, params![self.organization, source.as_str(), object.as_bytes()])?;
        Ok(())
    }

    fn remove_object(&self, source: &SourceId, object: ObjectGuid) -> Outcome<()> {
        for table in ["links", "waiting", "users", "directory_groups"] {
            let sql = format!(
                "DELETE FROM {table} WHERE object = ?3 AND source =
                 (SELECT number FROM sources WHERE organization = ?1 AND id = ?2)"
            );
            self.execute(&sql, params![self.organization, source.as_str(), object.as_bytes()])?;
        }
        Ok(())
    }

    fn note_sighting(&self, object: ObjectGuid, seen: &Arc<Sighting>) -> Outcome<()> {
        let sql = "UPDATE links SET seen = ?3 WHERE source = ?1 AND object = ?2";
        self.execute(sql, params![self.source, object.as_bytes(), self.sighting(seen)?])?;
        Ok(())
    }

    fn sighting(&self, seen: &Arc<Sighting>) -> Outcome<i64> {
        if let Some(number) = self.sightings.borrow().get(seen) {
            return Ok(*number);
        }
        let number = sighting::number(self.transaction, self.source, seen)?;
        self.sightings.borrow_mut().insert(Arc::clone(seen), number);
        Ok(number)
    }

    /// Writes a user or a group.
    fn put_principal(&self, table: &str, object: ObjectGuid, document: &str) -> Outcome<()> {
        let sql = format!(
            "INSERT INTO {table} (source, object, document) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET document = ?3"
        );
        self.execute(&sql, params![self.source, object.as_bytes(), document])?;
        Ok(())
    }

    fn put_constraint(&self, constraint: &Constraint) -> Outcome<()> {
        let sql = "INSERT INTO decisions (organization, source, object, asset, kind, document)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET document = ?6";
        self.execute(
            sql,
            params![
                self.organization,
                constraint.source.as_str(),
                constraint.object.as_bytes(),
                key(constraint.asset.as_u128()),
                constraint_kind(constraint.kind),
                document("constraint", constraint)?,
            ],
        )?;
        Ok(())
    }

    fn remove_constraint(&self, constraint: &Constraint) -> Outcome<()> {
        let sql = "DELETE FROM decisions WHERE organization = ?1 AND source = ?2 AND object = ?3
                   AND asset = ?4 AND kind = ?5";
        self.execute(
            sql,
            params![
                self.organization,
                constraint.source.as_str(),
                constraint.object.as_bytes(),
                key(constraint.asset.as_u128()),
                constraint_kind(constraint.kind),
            ],
        )?;
        Ok(())
    }

    fn put_merge(&self, record: &MergeRecord) -> Outcome<()> {
        let sql = "INSERT INTO merges (organization, id, at, document) VALUES (?1, ?2, ?3, ?4)
                   ON CONFLICT DO UPDATE SET at = ?3, document = ?4";
        let document = document("merge", record)?;
        let (id, at) = (key(record.id.as_u128()), record.at.as_micros());
        self.execute(sql, params![self.organization, id, at, document])?;
        Ok(())
    }

    /// Writes what only the last batch of a run has, and what is told of all that was written.
    fn close(&self, BatchRows { batch, removed, told, .. }: &BatchRows) -> Outcome<()> {
        for asset in removed {
            self.drop_links(*asset)?;
        }
        if let Some(checkpoint) = &batch.checkpoint {
            let sql = "INSERT INTO checkpoints (source, key, document) VALUES (?1, ?2, ?3)
                       ON CONFLICT DO UPDATE SET document = ?3";
            let document = document("checkpoint", checkpoint)?;
            self.execute(sql, params![self.source, checkpoint.key.0, document])?;
        }
        if let Some(run) = &batch.run {
            let sql = "INSERT INTO runs (source, id, started, document) VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET started = ?3, document = ?4";
            let (id, started) = (key(run.id.as_u128()), run.started.as_micros());
            self.execute(sql, params![self.source, id, started, document("run", run)?])?;
        }
        if let Some(told) = told {
            told.write(self.transaction, self.organization)?;
        }
        Ok(())
    }

    /// Drops the links to an asset that was taken away, unless it is there again.
    fn drop_links(&self, asset: AssetId) -> Outcome<usize> {
        let sql = "DELETE FROM links WHERE asset = ?2
                   AND source IN (SELECT number FROM sources WHERE organization = ?1)
                   AND NOT EXISTS (SELECT 1 FROM assets WHERE organization = ?1 AND id = ?2)";
        self.execute(sql, params![self.organization, key(asset.as_u128())])
    }

    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> Outcome<usize> {
        Ok(self.transaction.prepare_cached(sql)?.execute(parameters)?)
    }
}
