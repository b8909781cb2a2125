//! Writing a batch, in one transaction.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use super::failure::Outcome;
use super::record::{self, bytes};
use super::{fields, lease, row_id, sighting};
use crate::asset::{
    Asset, Batch, Change, CommitOutcome, Constraint, DirectoryGroup, DirectoryUser, Home, Link,
    MergeRecord, Sighting, Version, Waiting,
};
use crate::store::asset_columns::AssetColumns;
use crate::store::record::{LinkColumns, constraint_kind, document, home_bytes, key};
use crate::value::{AssetId, ObjectGuid, SourceId};

/// Writes the batch. Whatever ends this early ends the transaction with nothing written.
pub(super) fn commit(connection: &mut Connection, batch: &Batch) -> Outcome<CommitOutcome> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let organization = row_id::make_organization(&transaction, &batch.organization)?;
    let source = row_id::make_source(&transaction, organization, &batch.source)?;
    let writer = Writer { transaction: &transaction, organization, source };
    if !writer.enter(batch)? {
        return Ok(CommitOutcome::AlreadyApplied);
    }
    if let Some(token) = batch.lease {
        lease::read(&transaction, source)?.check(&batch.source, token)?;
    }
    let mut conflicts = BTreeSet::new();
    for change in &batch.changes {
        conflicts.extend(writer.write(change)?);
    }
    if !conflicts.is_empty() {
        return Ok(CommitOutcome::Conflict(conflicts.into_iter().collect()));
    }
    writer.close(batch)?;
    transaction.commit()?;
    Ok(CommitOutcome::Applied)
}

/// Writes everything anew that assets are found by, from their documents. Nothing else of them changes.
pub(super) fn index_anew(transaction: &Transaction<'_>) -> Outcome<()> {
    let sql = "SELECT number, organization, id, document FROM assets JOIN asset_documents ON asset = number
               WHERE number > ?1 ORDER BY number LIMIT 1000";
    let mut statement = transaction.prepare(sql)?;
    let (mut last, mut done) = (i64::MIN, 0_u64);
    loop {
        let assets = statement.query_and_then([last], |row| -> Outcome<_> {
            let id = AssetId::from_u128(u128::from_be_bytes(bytes(row, 2, "asset")?));
            let asset: Asset = record::read(row, 3, "asset", || id)?;
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, asset))
        })?;
        let assets: Vec<(i64, i64, Asset)> = assets.collect::<Outcome<_>>()?;
        let Some((number, ..)) = assets.last() else { return Ok(()) };
        last = *number;
        for (_, organization, asset) in &assets {
            let writer = Writer { transaction, organization: *organization, source: 0 };
            writer.update_asset(asset.version, asset)?;
        }
        done += assets.len() as u64;
        tracing::info!(assets = done, "indexing the inventory anew");
    }
}

struct Writer<'a> {
    transaction: &'a Transaction<'a>,
    organization: i64,
    source: i64,
}

impl Writer<'_> {
    /// Notes the batch's id; false if it was noted before.
    fn enter(&self, batch: &Batch) -> Outcome<bool> {
        let sql = "INSERT INTO batches (organization, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        let rows = self.execute(sql, params![self.organization, key(batch.id.as_u128())])?;
        Ok(rows == 1)
    }

    /// Makes one change. The asset that is not at the version it was planned on, if there is one.
    fn write(&self, change: &Change) -> Outcome<Option<AssetId>> {
        match change {
            Change::PutAsset { expected: None, asset } => return self.insert_asset(asset),
            Change::PutAsset { expected: Some(version), asset } => {
                return self.update_asset(*version, asset);
            }
            Change::RemoveAsset { id, expected, to } => {
                return self.remove_asset(*id, *expected, *to);
            }
            Change::PutLink(link) => self.put_link(link)?,
            Change::MoveLink { source, object, asset, home } => {
                self.move_link(source, *object, *asset, *home)?
            }
            Change::NoteSighting { object, seen } => self.note_sighting(*object, seen)?,
            Change::PutWaiting(waiting) => self.put_waiting(waiting)?,
            Change::RemoveWaiting { source, object } => self.remove_waiting(source, *object)?,
            Change::PutUser(user) => self.put_user(user)?,
            Change::PutGroup(group) => self.put_group(group)?,
            Change::RemoveObject { source, object } => self.remove_object(source, *object)?,
            Change::PutConstraint(constraint) => self.put_constraint(constraint)?,
            Change::RemoveConstraint(constraint) => self.remove_constraint(constraint)?,
            Change::PutMerge(record) => self.put_merge(record)?,
        }
        Ok(None)
    }

    fn insert_asset(&self, asset: &Asset) -> Outcome<Option<AssetId>> {
        let sql = "INSERT INTO assets (organization, id, version, site, os, os_version, type,
                                       first_seen, last_seen, name, sources, domains)
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                   ON CONFLICT DO NOTHING RETURNING number";
        let columns = AssetColumns::of(asset);
        let number = self.number(
            sql,
            params![
                self.organization,
                key(asset.id.as_u128()),
                asset.version.cast_signed(),
                columns.site,
                columns.os,
                columns.os_version,
                columns.kind,
                columns.first_seen,
                columns.last_seen,
                columns.name,
                columns.sources,
                columns.domains,
            ],
        )?;
        let Some(number) = number else { return Ok(Some(asset.id)) };
        let sql = "INSERT INTO asset_documents (asset, document) VALUES (?1, ?2)";
        self.execute(sql, params![number, document("asset", asset)?])?;
        fields::write_lists(self.transaction, number, asset)?;
        for key in asset.match_keys() {
            self.insert_key(number, key.as_str())?;
        }
        let sql = "DELETE FROM redirects WHERE organization = ?1 AND id = ?2";
        self.execute(sql, params![self.organization, key(asset.id.as_u128())])?;
        Ok(None)
    }

    fn update_asset(&self, expected: Version, asset: &Asset) -> Outcome<Option<AssetId>> {
        let sql = "UPDATE assets SET version = ?4, site = ?5, os = ?6, os_version = ?7, type = ?8,
                                     first_seen = ?9, last_seen = ?10, name = ?11, sources = ?12,
                                     domains = ?13
                   WHERE organization = ?1 AND id = ?2 AND version = ?3 RETURNING number";
        let columns = AssetColumns::of(asset);
        let number = self.number(
            sql,
            params![
                self.organization,
                key(asset.id.as_u128()),
                expected.cast_signed(),
                asset.version.cast_signed(),
                columns.site,
                columns.os,
                columns.os_version,
                columns.kind,
                columns.first_seen,
                columns.last_seen,
                columns.name,
                columns.sources,
                columns.domains,
            ],
        )?;
        let Some(number) = number else { return Ok(Some(asset.id)) };
        let sql = "UPDATE asset_documents SET document = ?2 WHERE asset = ?1";
        self.execute(sql, params![number, document("asset", asset)?])?;
        self.execute("DELETE FROM asset_names WHERE asset = ?1", [number])?;
        self.execute("DELETE FROM asset_texts WHERE asset = ?1", [number])?;
        fields::write_lists(self.transaction, number, asset)?;
        self.update_keys(number, asset)?;
        Ok(None)
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
            let sql = "INSERT INTO redirects (organization, id, leads_to, version)
                       VALUES (?1, ?2, ?3, ?4)
                       ON CONFLICT DO UPDATE SET leads_to = ?3, version = ?4";
            let (id, to) = (key(id.as_u128()), key(to.as_u128()));
            self.execute(sql, params![self.organization, id, to, expected.cast_signed()])?;
        }
        Ok((rows == 0).then_some(id))
    }

    /// Files an asset under its match keys. Most updates change none of them, and then write nothing.
    fn update_keys(&self, asset: i64, record: &Asset) -> Outcome<()> {
        let keys = record.match_keys();
        let mut wanted: BTreeSet<&str> = keys.iter().map(|key| key.as_str()).collect();
        let mut stale = Vec::new();
        let mut statement =
            self.transaction.prepare_cached("SELECT key FROM match_keys WHERE asset = ?1")?;
        let mut rows = statement.query([asset])?;
        while let Some(row) = rows.next()? {
            let present: String = row.get(0)?;
            if !wanted.remove(present.as_str()) {
                stale.push(present);
            }
        }
        let sql = "DELETE FROM match_keys WHERE organization = ?1 AND key = ?2 AND asset = ?3";
        for key in stale {
            self.execute(sql, params![self.organization, key, asset])?;
        }
        wanted.into_iter().try_for_each(|key| self.insert_key(asset, key))
    }

    fn insert_key(&self, asset: i64, key: &str) -> Outcome<()> {
        let sql = "INSERT INTO match_keys (organization, key, asset) VALUES (?1, ?2, ?3)";
        self.execute(sql, params![self.organization, key, asset])?;
        Ok(())
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

    fn note_sighting(&self, object: ObjectGuid, seen: &Sighting) -> Outcome<()> {
        let sql = "UPDATE links SET seen = ?3 WHERE source = ?1 AND object = ?2";
        self.execute(sql, params![self.source, object.as_bytes(), self.sighting(seen)?])?;
        Ok(())
    }

    fn sighting(&self, seen: &Sighting) -> Outcome<i64> {
        sighting::number(self.transaction, self.source, seen)
    }

    fn put_user(&self, user: &DirectoryUser) -> Outcome<()> {
        let sql = "INSERT INTO users (source, object, document) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET document = ?3";
        let document = document("user", user)?;
        self.execute(sql, params![self.source, user.object.as_bytes(), document])?;
        Ok(())
    }

    fn put_group(&self, group: &DirectoryGroup) -> Outcome<()> {
        let sql = "INSERT INTO directory_groups (source, object, document) VALUES (?1, ?2, ?3)
                   ON CONFLICT DO UPDATE SET document = ?3";
        let document = document("group", group)?;
        self.execute(sql, params![self.source, group.object.as_bytes(), document])?;
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

    /// Writes what only the last batch of a run has.
    fn close(&self, batch: &Batch) -> Outcome<()> {
        for asset in batch.removed_assets() {
            self.drop_links(asset)?;
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

    /// The one number that a statement returns.
    fn number(&self, sql: &str, parameters: impl rusqlite::Params) -> Outcome<Option<i64>> {
        let mut statement = self.transaction.prepare_cached(sql)?;
        Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
    }
}
