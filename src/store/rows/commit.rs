//! Making one write of a batch.
//!
//! What a batch depends on is read first; then its changes are made on what was read, and everything is written at
//! once, if what was read is still so. Nothing is locked meanwhile: who comes second begins again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::feed;
use super::key::{Keys, Table};
use super::record::{self, Head, encode};
use super::table::{KeyRange, Row, Rows, Write};
use crate::asset::{
    Asset, Batch, Change, CommitOutcome, FeedEntry, FeedExtent, Link, Redirect, RunRecord,
};
use crate::name::MatchKey;
use crate::store::LeaseState;
use crate::value::{AssetId, ObjectGuid, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What a host keeps of an asset in rows of its own.
pub(super) type Projection = Arc<dyn Fn(&Asset) -> Result<Vec<Row>> + Send + Sync>;

/// What a batch comes to on the rows as they are.
pub(super) enum Planned {
    /// Nothing is to be written.
    Decided(CommitOutcome),
    /// It is applied if this is written.
    Write(Write),
}

pub(super) async fn plan(
    rows: &(impl Rows + ?Sized),
    batch: &Batch,
    told: Option<&FeedEntry>,
    projection: Option<&Projection>,
) -> Result<Planned> {
    let mut draft = Draft::new(batch);
    draft.load(rows, draft.first_keys()).await?;
    if draft.value(&draft.keys.batch(batch.id)).is_some() {
        return Ok(Planned::Decided(CommitOutcome::AlreadyApplied));
    }
    draft.check_lease()?;
    let assets = batch.written_assets();
    let heads = draft.heads(assets.keys())?;
    let conflicts = batch.conflicts(|id| heads.get(&id).map(|head| head.version));
    if !conflicts.is_empty() {
        return Ok(Planned::Decided(CommitOutcome::Conflict(conflicts)));
    }
    let gone: BTreeSet<AssetId> =
        assets.iter().filter(|(_, asset)| asset.is_none()).map(|(id, _)| *id).collect();
    draft.load_links_to(rows, &gone).await?;
    for change in &batch.changes {
        draft.make(change)?;
    }
    draft.drop_links_to(&gone)?;
    draft.write_assets(rows, &assets, &heads, projection).await?;
    draft.tell(rows, told).await?;
    draft.close()?;
    Ok(Planned::Write(draft.into_write()))
}

struct Draft<'a> {
    batch: &'a Batch,
    keys: Keys,
    /// What was read. All of it must still be so when the batch is written.
    read: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// The objects that may be tied to assets that go.
    linked: BTreeSet<(AssetId, SourceId, ObjectGuid)>,
}

/// Reading.
impl<'a> Draft<'a> {
    fn new(batch: &'a Batch) -> Self {
        Self {
            batch,
            keys: Keys::of(&batch.organization),
            read: BTreeMap::new(),
            changed: BTreeMap::new(),
            linked: BTreeSet::new(),
        }
    }

    /// The keys of what decides on the batch, and of what its changes alter.
    fn first_keys(&self) -> BTreeSet<Vec<u8>> {
        let (keys, own) = (&self.keys, &self.batch.source);
        let of_change = |change: &Change| match change {
            Change::PutAsset { asset, .. } => Some(keys.asset(Table::Head, asset.id)),
            Change::RemoveAsset { id, .. } => Some(keys.asset(Table::Head, *id)),
            Change::MoveLink { source, object, .. } => {
                Some(keys.object(Table::Link, source, *object))
            }
            Change::NoteSighting { object, .. } => Some(keys.object(Table::Link, own, *object)),
            _ => None,
        };
        let run = self.batch.run.as_ref().map(|run| keys.run_start(own, run.id));
        let lease = self.batch.lease.map(|_| keys.lease(own));
        let of_batch = [keys.batch(self.batch.id), keys.table(Table::Feed)];
        let of_batch = of_batch.into_iter().chain(lease).chain(run);
        of_batch.chain(self.batch.changes.iter().filter_map(of_change)).collect()
    }

    async fn load(&mut self, rows: &(impl Rows + ?Sized), keys: BTreeSet<Vec<u8>>) -> Result<()> {
        let is_new = |key: &Vec<u8>| !self.read.contains_key(key);
        let keys: Vec<Vec<u8>> = keys.into_iter().filter(is_new).collect();
        if !keys.is_empty() {
            let found = rows.get(&keys).await?;
            self.read.extend(keys.into_iter().map(|key| (key, None)));
            self.read.extend(found.into_iter().map(|row| (row.key, Some(row.value))));
        }
        Ok(())
    }

    /// The value of a key after the changes made so far.
    fn value(&self, key: &[u8]) -> Option<&[u8]> {
        self.changed.get(key).or_else(|| self.read.get(key))?.as_deref()
    }

    fn check_lease(&self) -> Result<()> {
        let Some(token) = self.batch.lease else { return Ok(()) };
        let key = self.keys.lease(&self.batch.source);
        let leases = self.value(&key).map(|value| record::decode("lease", &key, value));
        let leases: LeaseState = leases.transpose()?.unwrap_or_default();
        leases.check(&self.batch.source, token)
    }

    /// The assets that are there, of these.
    fn heads<'i>(&self, ids: impl Iterator<Item = &'i AssetId>) -> Result<BTreeMap<AssetId, Head>> {
        let mut heads = BTreeMap::new();
        for id in ids {
            let key = self.keys.asset(Table::Head, *id);
            if let Some(value) = self.value(&key) {
                heads.insert(*id, record::decode("asset", &key, value)?);
            }
        }
        Ok(heads)
    }

    /// Reads the links that may be tied to these assets.
    async fn load_links_to(
        &mut self,
        rows: &(impl Rows + ?Sized),
        gone: &BTreeSet<AssetId>,
    ) -> Result<()> {
        for id in gone {
            let linked =
                rows.scan(&KeyRange::prefix(&self.keys.asset(Table::LinkedTo, *id))).await?;
            for row in linked {
                let (source, object) = record::decode_row("object of an asset", &row)?;
                self.linked.insert((*id, source, object));
            }
        }
        let links = self.linked.iter();
        let links = links.map(|(_, source, object)| self.keys.object(Table::Link, source, *object));
        self.load(rows, links.collect()).await
    }

    fn link(&self, source: &SourceId, object: ObjectGuid) -> Result<Option<Link>> {
        let key = self.keys.object(Table::Link, source, object);
        self.value(&key).map(|value| record::decode("link", &key, value)).transpose()
    }
}

/// Changing.
impl Draft<'_> {
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changed.insert(key, Some(value));
    }

    fn delete(&mut self, key: Vec<u8>) {
        self.changed.insert(key, None);
    }

    /// Makes a change of anything but an asset itself, of which only the last counts.
    fn make(&mut self, change: &Change) -> Result<()> {
        let own = &self.batch.source;
        match change {
            Change::PutAsset { asset, .. } => {
                self.delete(self.keys.asset(Table::Redirect, asset.id));
            }
            Change::RemoveAsset { id, expected: version, to } => {
                if let Some(to) = *to {
                    let redirect = Redirect { from: *id, to, version: *version };
                    let key = self.keys.asset(Table::Redirect, *id);
                    self.put(key, encode("redirect", &redirect)?);
                }
            }
            Change::PutLink { link, .. } => self.put_link(own, link)?,
            Change::MoveLink { source, object, asset, home } => {
                if let Some(link) = self.link(source, *object)? {
                    self.put_link(source, &Link { asset: *asset, home: *home, ..link })?;
                }
            }
            Change::NoteSighting { object, seen } => {
                if let Some(link) = self.link(own, *object)? {
                    self.put_link(own, &Link { seen: Some(seen.clone()), ..link })?;
                }
            }
            Change::RemoveObject { source, object } => {
                use Table::{Group, Link, Moved, User, Waiting};
                for table in [Link, Moved, Waiting, User, Group] {
                    self.delete(self.keys.object(table, source, *object));
                }
            }
            change => self.put_record(change)?,
        }
        Ok(())
    }

    /// Makes a change that needs to know nothing.
    fn put_record(&mut self, change: &Change) -> Result<()> {
        let (keys, own) = (&self.keys, &self.batch.source);
        let (key, value) = match change {
            Change::PutWaiting(waiting) => {
                let key = keys.object(Table::Waiting, &waiting.source, waiting.object);
                (key, Some(encode("waiting computer", waiting)?))
            }
            Change::RemoveWaiting { source, object } => {
                (keys.object(Table::Waiting, source, *object), None)
            }
            Change::PutUser(user) => {
                (keys.object(Table::User, own, user.object), Some(encode("user", user)?))
            }
            Change::PutGroup(group) => {
                (keys.object(Table::Group, own, group.object), Some(encode("group", group)?))
            }
            Change::PutConstraint(constraint) => {
                (keys.constraint(constraint), Some(encode("constraint", constraint)?))
            }
            Change::RemoveConstraint(constraint) => (keys.constraint(constraint), None),
            Change::PutMerge(merge) => (keys.merge(merge.id), Some(encode("merge", merge)?)),
            _ => return Ok(()),
        };
        self.changed.insert(key, value);
        Ok(())
    }

    fn put_link(&mut self, source: &SourceId, link: &Link) -> Result<()> {
        let object = link.object;
        self.put(self.keys.object(Table::Link, source, object), encode("link", link)?);
        let moved = self.keys.object(Table::Moved, source, object);
        match link.home {
            Some(_) => self.put(moved, encode("moved link", &(source, link))?),
            None => self.delete(moved),
        }
        // Where it was tied before, the row stays: whoever looks there sees by the link that it is not any more.
        if let Some(asset) = link.asset {
            let key = self.keys.linked_to(asset, source, object);
            self.put(key, encode("object of an asset", &(source, object))?);
            self.linked.insert((asset, source.clone(), object));
        }
        Ok(())
    }

    /// Drops the links to assets that are gone.
    fn drop_links_to(&mut self, gone: &BTreeSet<AssetId>) -> Result<()> {
        for (asset, source, object) in std::mem::take(&mut self.linked) {
            if !gone.contains(&asset) {
                continue;
            }
            if self.link(&source, object)?.is_some_and(|link| link.asset == Some(asset)) {
                self.delete(self.keys.object(Table::Link, &source, object));
                self.delete(self.keys.object(Table::Moved, &source, object));
            }
            self.delete(self.keys.linked_to(asset, &source, object));
        }
        Ok(())
    }

    async fn write_assets(
        &mut self,
        rows: &(impl Rows + ?Sized),
        assets: &BTreeMap<AssetId, Option<&Asset>>,
        heads: &BTreeMap<AssetId, Head>,
        projection: Option<&Projection>,
    ) -> Result<()> {
        let mut holders = Holders::default();
        for (id, asset) in assets {
            let before = heads.get(id);
            before
                .into_iter()
                .flat_map(|head| &head.projected)
                .for_each(|key| self.delete(key.clone()));
            let after = match asset {
                Some(asset) => Some(self.put_asset(asset, projection)?),
                None => {
                    self.delete(self.keys.asset(Table::Head, *id));
                    self.delete(self.keys.asset(Table::Asset, *id));
                    None
                }
            };
            holders.note(*id, before, after.as_ref());
        }
        self.write_holders(rows, holders).await
    }

    fn put_asset(&mut self, asset: &Asset, projection: Option<&Projection>) -> Result<Head> {
        let mut head = Head { version: asset.version, keys: asset.match_keys(), ..Head::default() };
        let of_asset =
            |error: Error| error.in_operation("projection").with_context("asset", asset.id);
        let refused = |message| of_asset(Error::new(ErrorKind::Invalid, message));
        let projected = projection.map(|project| project(asset)).transpose().map_err(of_asset)?;
        for row in projected.unwrap_or_default() {
            if row.key.first() == Some(&Row::OWN) {
                return Err(refused("a projection may not write to the repository's own rows"));
            }
            if !head.projected.insert(row.key.clone()) {
                return Err(refused("a projection gives two rows of one asset the same key"));
            }
            self.put(row.key, row.value);
        }
        self.put(self.keys.asset(Table::Head, asset.id), encode("asset", &head)?);
        self.put(self.keys.asset(Table::Asset, asset.id), encode("asset", asset)?);
        Ok(head)
    }

    /// Writes the match keys that assets gained and lost.
    async fn write_holders(
        &mut self,
        rows: &(impl Rows + ?Sized),
        Holders(changes): Holders,
    ) -> Result<()> {
        let rows_of = changes.keys().map(|key| self.keys.match_key(key)).collect();
        self.load(rows, rows_of).await?;
        for (match_key, changes) in changes {
            let key = self.keys.match_key(&match_key);
            let ids = self.value(&key).map(|value| record::decode_ids(&key, value)).transpose()?;
            let mut ids = ids.unwrap_or_default();
            for (id, has_it) in changes {
                if has_it {
                    ids.insert(id)
                } else {
                    ids.remove(&id)
                };
            }
            let value = Some(record::encode_ids(&ids)).filter(|_| !ids.is_empty());
            self.changed.insert(key, value);
        }
        Ok(())
    }

    /// Writes what those are told who follow. That there is nothing to tell is noted in the beginning only, when it shows that
    /// nothing was ever left out.
    async fn tell(&mut self, rows: &(impl Rows + ?Sized), told: Option<&FeedEntry>) -> Result<()> {
        let key = self.keys.table(Table::Feed);
        let known = self.value(&key).map(|value| record::decode("feed", &key, value));
        let known: Option<FeedExtent> = known.transpose()?;
        let mut extent = match known {
            Some(extent) => extent,
            None => feed::begun(rows, &self.keys).await?,
        };
        if let Some(entry) = told {
            self.put(self.keys.event(extent.end), encode("events", entry)?);
            extent.end = extent.end.saturating_add(1);
        }
        if known != Some(extent) {
            self.put(key, encode("feed", &extent)?);
        }
        Ok(())
    }

    /// Ends the batch: its checkpoint, its run, and its id, which is used up.
    fn close(&mut self) -> Result<()> {
        let (batch, source) = (self.batch, &self.batch.source);
        if let Some(checkpoint) = &batch.checkpoint {
            let key = self.keys.checkpoint(source, checkpoint.key);
            self.put(key, encode("checkpoint", checkpoint)?);
        }
        if let Some(run) = &batch.run {
            self.put_run(run)?;
        }
        self.put(self.keys.source(Table::Source, source), encode("source", source)?);
        self.put(self.keys.batch(batch.id), Vec::new());
        Ok(())
    }

    fn put_run(&mut self, run: &RunRecord) -> Result<()> {
        let source = &self.batch.source;
        let key = self.keys.run_start(source, run.id);
        let before = self.value(&key).map(|value| record::decode::<Timestamp>("run", &key, value));
        if let Some(started) = before.transpose()? {
            self.delete(self.keys.run(source, started, run.id));
        }
        self.put(key, encode("run", &run.started)?);
        self.put(self.keys.run(source, run.started, run.id), encode("run", run)?);
        Ok(())
    }

    fn into_write(self) -> Write {
        let mut write = Write::new();
        write.expected = self.read.into_iter().collect();
        write.changes = self.changed.into_iter().collect();
        write
    }
}

/// The match keys that assets gain, and those that they lose.
#[derive(Default)]
struct Holders(BTreeMap<MatchKey, Vec<(AssetId, bool)>>);

impl Holders {
    fn note(&mut self, id: AssetId, before: Option<&Head>, after: Option<&Head>) {
        let nothing = BTreeSet::new();
        let before = before.map_or(&nothing, |head| &head.keys);
        let after = after.map_or(&nothing, |head| &head.keys);
        let gained = after.difference(before).map(|key| (key, true));
        let lost = before.difference(after).map(|key| (key, false));
        for (key, has_it) in gained.chain(lost) {
            self.0.entry(key.clone()).or_default().push((id, has_it));
        }
    }
}
