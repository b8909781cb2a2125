//! A host's own store: `cargo run --release --example custom_repository`.
//!
//! This host keeps everything as JSON rows under ordered keys, as a key-value store or a table with two
//! columns would. Its whole database is one `BTreeMap` behind a lock; the comments say what a real one
//! does instead. The crate's contract suite checks it, and then it takes part in a sync.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Bound;
use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::stream::{self, BoxStream, StreamExt};
use ldap_inventory::asset::{
    Asset, AssetRepository, AssetsRequest, Batch, Change, CommitOutcome, Constraint,
    DirectoryGroup, DirectoryUser, Lease, LeaseRequest, Link, LinksRequest, MergeRecord, ObjectKey,
    PrincipalsRequest, Redirect, RunRecord, SearchRequest, Version, Waiting,
};
use ldap_inventory::name::{Hostname, MatchKey};
use ldap_inventory::query::Query;
use ldap_inventory::store::{LeaseState, validate};
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{MockDirectory, computer, contract, user};
use ldap_inventory::value::{
    AssetId, Checkpoint, CheckpointKey, ObjectGuid, OrganizationId, RunId, SourceId, Timestamp,
};
use ldap_inventory::{Error, ErrorKind, Result};
use serde::{Serialize, de::DeserializeOwned};

/// The path of a row: organization, table, and what is unique within the table.
type Key = Vec<String>;
type Rows = BTreeMap<Key, String>;

macro_rules! key {
    ($($part:expr),+) => { vec![$($part.to_string()),+] };
}

#[derive(Debug, Default)]
struct HostStore {
    rows: Mutex<Rows>,
}

impl HostStore {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find<T: DeserializeOwned, I: Display>(&self, table: &Key, ids: &[I]) -> Result<Vec<T>> {
        let rows = self.rows();
        let ids: BTreeSet<String> = ids.iter().map(ToString::to_string).collect();
        let path = |id: &String| table.iter().chain([id]).cloned().collect::<Key>();
        ids.iter().filter_map(|id| rows.get(&path(id))).map(|row| decode(row)).collect()
    }

    fn all<T: DeserializeOwned>(&self, table: &Key) -> Result<Vec<T>> {
        below(&self.rows(), table, table).map(|(_, row)| decode(row)).collect()
    }

    /// The users or groups of a table that a request asks for, in the order of their keys.
    fn principals<T: DeserializeOwned + Send + 'static>(
        &self,
        table: &str,
        request: &PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<T>>> {
        let table = key![request.organization, table];
        let of_source = table.iter().cloned().chain(request.source.iter().map(|s| s.to_string()));
        let of_source: Key = of_source.collect();
        let place = |key: &ObjectKey| [key.source.to_string(), sortable(&key.object)];
        let after = request.after.as_ref().map(place);
        let after = table.iter().cloned().chain(after.into_iter().flatten()).collect();
        let rows = self.rows();
        let rows = below(&rows, &table, &after).filter(|(key, _)| key.starts_with(&of_source));
        let records: Vec<Result<T>> = rows.map(|(_, row)| decode(row)).collect();
        Ok(stream::iter(records).boxed())
    }
}

#[async_trait]
impl AssetRepository for HostStore {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        let table = key![request.organization, "link", request.source];
        let links: Vec<Link> = match &request.objects {
            None => self.all(&table)?,
            Some(objects) => {
                let objects: Vec<String> = objects.iter().map(sortable).collect();
                self.find(&table, &objects)?
            }
        };
        Ok(stream::iter(links.into_iter().map(Ok)).boxed())
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        let table = key![request.organization, "asset"];
        let after = table.iter().cloned().chain(request.after.map(|id| id.to_string())).collect();
        let rows = self.rows();
        let assets: Vec<Result<Asset>> =
            below(&rows, &table, &after).map(|(_, row)| decode(row)).collect();
        Ok(stream::iter(assets).boxed())
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        self.principals("user", &request)
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        self.principals("group", &request)
    }

    async fn candidates(&self, org: &OrganizationId, keys: &[MatchKey]) -> Result<Vec<Asset>> {
        // In SQL: SELECT DISTINCT asset FROM match_keys WHERE organization = ? AND key IN (...).
        let mut ids: Vec<String> = Vec::new();
        for key in keys {
            ids.extend(self.all::<String>(&key![org, "match key", key.as_str()])?);
        }
        self.find(&key![org, "asset"], &ids)
    }

    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        self.find(&key![organization, "asset"], ids)
    }

    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        let objects: Vec<String> = objects.iter().map(sortable).collect();
        self.find(&key![organization, "user", source], &objects)
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        let objects: Vec<String> = objects.iter().map(sortable).collect();
        self.find(&key![organization, "group", source], &objects)
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        self.find(&key![organization, "redirect"], ids)
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        self.all(&key![organization, "waiting"])
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        let table = key![organization, "link"];
        let rows = self.rows();
        let mut sources: Vec<SourceId> = Vec::new();
        for (key, _) in below(&rows, &table, &table) {
            let source = key.get(2).map(|source| source.parse()).transpose()?;
            sources.extend(source.filter(|source| sources.last() != Some(source)));
        }
        Ok(sources)
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        self.all(&key![organization, "constraint"])
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        let mut merges: Vec<MergeRecord> = self.all(&key![organization, "merge"])?;
        merges.sort_by_key(|merge| (merge.at, merge.id));
        Ok(merges)
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: CheckpointKey,
    ) -> Result<Option<Checkpoint>> {
        Ok(self.find(&key![organization, "checkpoint", source], &[key])?.pop())
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        let mut runs: Vec<RunRecord> = self.all(&key![organization, "run", source])?;
        runs.sort_by_key(|run| std::cmp::Reverse((run.started, run.id)));
        runs.truncate(limit);
        Ok(runs)
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let mut rows = self.rows();
        let key = key![request.organization, "lease", request.source];
        let mut leases: LeaseState =
            rows.get(&key).map_or(Ok(Default::default()), |r| decode(r))?;
        let lease = leases.acquire(&request)?;
        rows.insert(key, encode(&leases)?);
        Ok(lease)
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let mut rows = self.rows();
        if let Some(row) = rows.get_mut(&key![organization, "lease", source]) {
            let mut leases: LeaseState = decode(row)?;
            leases.release(holder);
            *row = encode(&leases)?;
        }
        Ok(())
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        validate::batch(&batch)?;
        let mut rows = self.rows();
        let mut transaction = Transaction { rows: &rows, writes: BTreeMap::new() };
        let committed = transaction.carry_out(&batch)?;
        // An error or a conflict has returned or left nothing to write; the rest is one moment for readers.
        let writes =
            if committed == CommitOutcome::Applied { transaction.writes } else { BTreeMap::new() };
        for (key, row) in writes {
            match row {
                Some(row) => rows.insert(key, row),
                None => rows.remove(&key),
            };
        }
        Ok(committed)
    }
}

/// What a batch writes, before it is visible to anybody. A database has this built in.
struct Transaction<'a> {
    rows: &'a Rows,
    writes: BTreeMap<Key, Option<String>>,
}

impl Transaction<'_> {
    fn carry_out(&mut self, batch: &Batch) -> Result<CommitOutcome> {
        let (org, source) = (&batch.organization, &batch.source);
        let repeated = key![org, "batch", batch.id];
        if self.get::<()>(&repeated)?.is_some() {
            return Ok(CommitOutcome::AlreadyApplied);
        }
        if let Some(token) = batch.lease {
            let leases: Option<LeaseState> = self.get(&key![org, "lease", source])?;
            leases.unwrap_or_default().check(source, token)?;
        }
        let (mut conflicts, mut removed) = (BTreeSet::new(), BTreeSet::new());
        for change in &batch.changes {
            match change {
                Change::PutAsset { expected, asset } => {
                    if !self.put_asset(org, asset, *expected)? {
                        conflicts.insert(asset.id);
                    }
                }
                Change::RemoveAsset { id, expected, to } => {
                    removed.insert(*id);
                    if let Some(to) = *to {
                        let redirect = Redirect { from: *id, to, version: *expected };
                        self.write(key![org, "redirect", id], &redirect)?;
                    }
                    if !self.remove_asset(org, *id, Some(*expected))? {
                        conflicts.insert(*id);
                    }
                }
                change => self.put(org, source, change)?,
            }
        }
        if !conflicts.is_empty() {
            return Ok(CommitOutcome::Conflict(conflicts.into_iter().collect()));
        }
        self.unlink(org, &removed)?;
        if let Some(checkpoint) = &batch.checkpoint {
            self.write(key![org, "checkpoint", source, checkpoint.key], checkpoint)?;
        }
        if let Some(run) = &batch.run {
            self.write(key![org, "run", source, run.id], run)?;
        }
        self.write(repeated, &())?;
        Ok(CommitOutcome::Applied)
    }

    /// Writes an asset and its match keys, if it is at the expected version.
    fn put_asset(
        &mut self,
        org: &OrganizationId,
        asset: &Asset,
        expected: Option<Version>,
    ) -> Result<bool> {
        if !self.remove_asset(org, asset.id, expected)? {
            return Ok(false);
        }
        for key in asset.match_keys() {
            self.write(key![org, "match key", key.as_str(), asset.id], &asset.id)?;
        }
        self.write(key![org, "asset", asset.id], asset)?;
        self.delete(key![org, "redirect", asset.id])?;
        Ok(true)
    }

    /// Takes an asset and its match keys away, if it is at the expected version.
    fn remove_asset(
        &mut self,
        org: &OrganizationId,
        id: AssetId,
        expected: Option<Version>,
    ) -> Result<bool> {
        let key = key![org, "asset", id];
        let present: Option<Asset> = self.get(&key)?;
        if present.as_ref().map(|asset| asset.version) != expected {
            return Ok(false);
        }
        for key in present.iter().flat_map(Asset::match_keys) {
            self.writes.insert(key![org, "match key", key.as_str(), id], None);
        }
        self.writes.insert(key, None);
        Ok(true)
    }

    fn put(&mut self, org: &OrganizationId, source: &SourceId, change: &Change) -> Result<()> {
        let of_object = |table: &str, object| key![org, table, source, sortable(object)];
        let of_constraint = |c: &Constraint| {
            let kind = format!("{:?}", c.kind);
            key![org, "constraint", c.source, sortable(&c.object), c.asset, kind]
        };
        match change {
            Change::PutLink(link) => self.write(of_object("link", &link.object), link),
            Change::PutUser(user) => self.write(of_object("user", &user.object), user),
            Change::PutGroup(group) => self.write(of_object("group", &group.object), group),
            Change::PutConstraint(constraint) => self.write(of_constraint(constraint), constraint),
            Change::PutMerge(merge) => self.write(key![org, "merge", merge.id], merge),
            Change::RemoveLink(object) => {
                self.delete(of_object("waiting", object))?;
                self.delete(of_object("link", object))
            }
            Change::RemoveConstraint(constraint) => self.delete(of_constraint(constraint)),
            Change::MoveLink { source, object, asset, home } => {
                let key = key![org, "link", source, sortable(object)];
                match self.get::<Link>(&key)? {
                    Some(link) => self.write(key, &Link { asset: *asset, home: *home, ..link }),
                    None => Ok(()),
                }
            }
            Change::NoteSighting { object, seen } => {
                let key = of_object("link", object);
                match self.get::<Link>(&key)? {
                    Some(link) => self.write(key, &Link { seen: Some(seen.clone()), ..link }),
                    None => Ok(()),
                }
            }
            Change::PutWaiting(waiting) => {
                let object = sortable(&waiting.object);
                self.write(key![org, "waiting", waiting.source, object], waiting)
            }
            Change::RemoveWaiting { source, object } => {
                self.delete(key![org, "waiting", source, sortable(object)])
            }
            // Better no write at all than half of one, should a later version know more changes.
            _ => Err(Error::new(ErrorKind::Store, "this store does not know such a change")),
        }
    }

    /// Takes away the links to assets that are gone. In SQL: ON DELETE CASCADE, deferred.
    fn unlink(&mut self, org: &OrganizationId, removed: &BTreeSet<AssetId>) -> Result<()> {
        let mut gone = removed.clone();
        gone.retain(|id| self.row(&key![org, "asset", id]).is_none());
        if gone.is_empty() {
            return Ok(());
        }
        let table = key![org, "link"];
        let written = self.writes.keys().filter(|key| key.starts_with(&table));
        let stored = below(self.rows, &table, &table).map(|(key, _)| key);
        let keys: BTreeSet<Key> = written.chain(stored).cloned().collect();
        for key in keys {
            let asset = self.get::<Link>(&key)?.and_then(|link| link.asset);
            if asset.is_some_and(|asset| gone.contains(&asset)) {
                self.writes.insert(key, None);
            }
        }
        Ok(())
    }

    fn row(&self, key: &Key) -> Option<&String> {
        self.writes.get(key).map_or_else(|| self.rows.get(key), Option::as_ref)
    }

    fn get<T: DeserializeOwned>(&self, key: &Key) -> Result<Option<T>> {
        self.row(key).map(|row| decode(row)).transpose()
    }

    fn write(&mut self, key: Key, record: &(impl Serialize + ?Sized)) -> Result<()> {
        self.writes.insert(key, Some(encode(record)?));
        Ok(())
    }

    fn delete(&mut self, key: Key) -> Result<()> {
        self.writes.insert(key, None);
        Ok(())
    }
}

/// The rows of a table after a key, in order.
fn below<'a>(
    rows: &'a Rows,
    table: &'a Key,
    after: &Key,
) -> impl Iterator<Item = (&'a Key, &'a String)> {
    let range = (Bound::Excluded(after.clone()), Bound::Unbounded);
    rows.range(range).take_while(move |(key, _)| key.starts_with(table))
}

/// GUIDs sort by their bytes, which their text does not.
fn sortable(object: &ObjectGuid) -> String {
    format!("{:032x}", u128::from_be_bytes(*object.as_bytes()))
}

fn encode(record: &(impl Serialize + ?Sized)) -> Result<String> {
    let refused =
        |error| Error::new(ErrorKind::Store, "a record cannot be written").with_source(error);
    serde_json::to_string(record).map_err(refused)
}

fn decode<T: DeserializeOwned>(row: &str) -> Result<T> {
    let refused = |error| Error::new(ErrorKind::Store, "a row cannot be read").with_source(error);
    serde_json::from_str(row).map_err(refused)
}

#[tokio::main]
async fn main() -> ExitCode {
    contract::asset_repository(|| async { ((), HostStore::default()) }).await;
    println!("the store keeps the contract of AssetRepository");
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.report());
            ExitCode::FAILURE
        }
    }
}

/// One sync from a directory without a network into the host's store.
async fn run() -> Result<()> {
    let store = HostStore::default();
    let directory = MockDirectory::new([computer("WEB1"), computer("WEB2"), user("alice")]);
    let organization = OrganizationId::new("acme")?;
    let source = SourceId::new("ldap", "corp.example")?;
    let task =
        SyncTask::new("nightly", organization.clone(), "hq".parse()?, source, "reader".parse()?);
    let report = sync(&task, &directory, &store, &SyncOptions::new()).await?;
    println!(
        "{} computers read, {} assets created",
        report.computers.read, report.computers.created
    );

    let query = Query::parse("source:ldap")?;
    let request = SearchRequest::new(organization, query, Timestamp::now());
    for asset in store.search_assets(request).await?.records {
        let names: Vec<_> = asset.live_names().map(Hostname::to_unicode).collect();
        println!("  {}  {}", asset.id, names.join(", "));
    }
    Ok(())
}
