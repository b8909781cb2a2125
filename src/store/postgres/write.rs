//! Writing a batch, in one transaction.

use std::collections::BTreeMap;

use deadpool_postgres::tokio_postgres::IsolationLevel;
use uuid::Uuid;

use super::connections::{Connections, Parameter};
use super::draft::{Documents, Draft, Object};
use super::failure::Outcome;
use super::keys::{asset_id, asset_key, keys, object_key};
use super::writer::Writer;
use super::{assets, lease, links};
use crate::asset::{Batch, CommitOutcome, Version};
use crate::store::record::document;
use crate::value::AssetId;

/// Writes the batch. Whatever ends this early ends the transaction with nothing written.
///
/// Each statement sees what was committed before it began, whatever the database does if it is not told: whoever waits
/// for a turn then sees what was written meanwhile.
pub(super) async fn commit(
    connections: &Connections,
    batch: &Batch,
    draft: &Draft,
) -> Outcome<CommitOutcome> {
    let mut client = connections.client().await?;
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let writer = Writer { transaction: begin.start().await?, batch };
    let outcome = writer.write(draft).await?;
    if outcome == CommitOutcome::Applied {
        writer.transaction.commit().await?;
    }
    Ok(outcome)
}

impl Writer<'_> {
    async fn write(&self, draft: &Draft) -> Outcome<CommitOutcome> {
        let commit = self.take_turn().await?;
        if !self.enter().await? {
            return Ok(CommitOutcome::AlreadyApplied);
        }
        lease::check(self).await?;
        let conflicts = self.conflicts(draft).await?;
        if !conflicts.is_empty() {
            return Ok(CommitOutcome::Conflict(conflicts));
        }
        assets::write(self, draft).await?;
        links::write(self, &draft.links).await?;
        self.write_documents("users", &draft.users).await?;
        self.write_documents("directory_groups", &draft.groups).await?;
        self.write_documents("waiting", &draft.waiting).await?;
        self.write_decisions(draft).await?;
        links::drop_those_to(self, &draft.gone).await?;
        self.close().await?;
        if let Some(told) = &draft.told {
            told.write(self, commit).await?;
        }
        Ok(CommitOutcome::Applied)
    }

    /// Waits until nobody else writes to the organization, and numbers the commit. Counting is a change, so that whoever read before the turn
    /// came is told so, in databases that would let it go on with what it read.
    async fn take_turn(&self) -> Outcome<i64> {
        let sql = "INSERT INTO organizations (id, commits) VALUES ($1, 1)
                   ON CONFLICT (id) DO UPDATE SET commits = organizations.commits + 1
                   RETURNING commits";
        let rows = self.rows(sql, &[]).await?;
        rows.first().map_or(Ok(0), |row| Ok(row.try_get(0)?))
    }

    /// Notes the batch's id; false if it was noted before.
    async fn enter(&self) -> Outcome<bool> {
        let sql = "INSERT INTO batches (organization, id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        Ok(self.execute(sql, &[&Uuid::from_u128(self.batch.id.as_u128())]).await? == 1)
    }

    /// The assets that are not at the versions they were planned on. New ones are written on the way, which tells
    /// whether they were there without a look before.
    async fn conflicts(&self, draft: &Draft) -> Outcome<Vec<AssetId>> {
        let known = draft.assets.iter().map(|row| row.id).chain(draft.gone.iter().copied());
        let ids: Vec<Uuid> = known.map(asset_key).collect();
        let sql = "SELECT id, version FROM assets WHERE organization = $1 AND id = ANY($2)";
        let mut stored: BTreeMap<AssetId, Version> = BTreeMap::new();
        for row in self.rows(sql, &[&ids]).await? {
            stored.insert(asset_id(row.try_get(0)?), row.try_get::<_, i64>(1)?.cast_unsigned());
        }
        // At which version those are that were there does not matter: none was expected.
        let were_there = assets::insert(self, &draft.new_assets).await?;
        stored.extend(were_there.into_iter().map(|id| (id, Version::MAX)));
        Ok(self.batch.conflicts(|id| stored.get(&id).copied()))
    }

    /// Writes what a table has for objects of directories.
    async fn write_documents(&self, table: &str, documents: &Documents<Object>) -> Outcome<()> {
        let gone = documents.iter().filter(|(_, document)| document.is_none()).map(|(key, _)| key);
        let (sources, objects) = keys(gone);
        let sql = format!(
            "DELETE FROM {table} WHERE organization = $1
             AND (source, object) IN (SELECT * FROM unnest($2::text[], $3::uuid[]))"
        );
        if !objects.is_empty() {
            self.execute(&sql, &[&sources, &objects]).await?;
        }
        let put = documents.iter().filter_map(|(key, document)| Some((key, document.as_deref()?)));
        let (put, documents): (Vec<&Object>, Vec<&str>) = put.unzip();
        let (sources, objects) = keys(put.into_iter());
        let sql = format!(
            "INSERT INTO {table} (organization, source, object, document)
             SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::text[])
             ON CONFLICT (organization, source, object) DO UPDATE SET document = excluded.document"
        );
        if !objects.is_empty() {
            self.execute(&sql, &[&sources, &objects, &documents]).await?;
        }
        Ok(())
    }

    /// Writes what people decided. There is little of it in one batch.
    async fn write_decisions(&self, draft: &Draft) -> Outcome<()> {
        for ((source, object, asset, kind), document) in &draft.constraints {
            let (object, asset) = (object_key(*object), asset_key(*asset));
            let sql =
                "DELETE FROM decisions WHERE organization = $1 AND source = $2 AND object = $3
                       AND asset = $4 AND kind = $5";
            let key: [Parameter<'_>; 4] = [&source.as_str(), &object, &asset, kind];
            self.execute(sql, &key).await?;
            if let Some(document) = document {
                let sql =
                    "INSERT INTO decisions (organization, source, object, asset, kind, document)
                           VALUES ($1, $2, $3, $4, $5, $6)";
                let [source, object, asset, kind] = key;
                self.execute(sql, &[source, object, asset, kind, document]).await?;
            }
        }
        let sql = "INSERT INTO merges (organization, id, at, document) VALUES ($1, $2, $3, $4)
                   ON CONFLICT (organization, id)
                   DO UPDATE SET at = excluded.at, document = excluded.document";
        for (id, (at, document)) in &draft.merges {
            self.execute(sql, &[&Uuid::from_u128(id.as_u128()), at, document]).await?;
        }
        Ok(())
    }

    /// Writes what only the last batch of a run has.
    async fn close(&self) -> Outcome<()> {
        let source = self.batch.source.as_str();
        if let Some(checkpoint) = &self.batch.checkpoint {
            let sql = "INSERT INTO checkpoints (organization, source, key, document)
                       VALUES ($1, $2, $3, $4)
                       ON CONFLICT (organization, source, key)
                       DO UPDATE SET document = excluded.document";
            let document = document("checkpoint", checkpoint)?;
            self.execute(sql, &[&source, &checkpoint.key.0.as_slice(), &document]).await?;
        }
        if let Some(run) = &self.batch.run {
            let sql = "INSERT INTO runs (organization, source, id, started, document)
                       VALUES ($1, $2, $3, $4, $5)
                       ON CONFLICT (organization, source, id)
                       DO UPDATE SET started = excluded.started, document = excluded.document";
            let id = Uuid::from_u128(run.id.as_u128());
            let (started, document) = (run.started.as_micros(), document("run", run)?);
            self.execute(sql, &[&source, &id, &started, &document]).await?;
        }
        Ok(())
    }
}
