//! An inventory in memory.

mod inventory;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use self::inventory::Inventory;
use super::validate;
use crate::Result;
use crate::asset::{
    Asset, AssetRepository, AssetsRequest, Batch, CommitOutcome, Constraint, DirectoryGroup,
    DirectoryUser, Lease, LeaseRequest, Link, LinksRequest, MergeRecord, ObjectKey,
    PrincipalsRequest, Redirect, RunRecord, Waiting,
};
use crate::name::MatchKey;
use crate::value::{
    AssetId, Checkpoint, CheckpointKey, ObjectGuid, OrganizationId, RunId, SourceId,
};

/// An inventory in memory: for tests, for trying things out, and for hosts that read everything anew
/// when they start.
///
/// A clone is another handle to the same inventory. What it holds is lost with its last handle.
///
/// ```
/// use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change, CommitOutcome};
/// use ldap_inventory::store::MemoryRepository;
/// use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let repository = MemoryRepository::new();
/// let organization = OrganizationId::new("acme")?;
/// let asset = Asset::new(AssetId::random_v7(), organization.clone(), "hq".parse()?);
/// let id = asset.id;
/// let put = Change::PutAsset { expected: None, asset: Box::new(asset) };
/// let source = SourceId::new("scan", "office")?;
/// let batch = Batch::new(BatchId::random_v7(), organization.clone(), source).with_changes([put]);
///
/// assert_eq!(repository.commit(batch.clone()).await?, CommitOutcome::Applied);
/// assert_eq!(repository.commit(batch).await?, CommitOutcome::AlreadyApplied);
/// assert_eq!(repository.assets(&organization, &[id]).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MemoryRepository {
    inventory: Arc<Mutex<Inventory>>,
}

impl MemoryRepository {
    /// An empty inventory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing panics while it holds the lock after it began to write, so a poisoned lock guards an
    /// inventory that is whole.
    fn lock(&self) -> MutexGuard<'_, Inventory> {
        self.inventory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl AssetRepository for MemoryRepository {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        let inventory = self.lock();
        let source = inventory.source(&request.organization, &request.source);
        let links: Vec<Result<Link>> = match (source, request.objects) {
            (None, _) => Vec::new(),
            (Some(source), None) => source.links.values().cloned().map(Ok).collect(),
            (Some(source), Some(objects)) => {
                let objects: BTreeSet<ObjectGuid> = objects.into_iter().collect();
                let links = objects.iter().filter_map(|object| source.links.get(object));
                links.cloned().map(Ok).collect()
            }
        };
        Ok(stream::iter(links).boxed())
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        let inventory = self.lock();
        let assets = inventory.organization(&request.organization).map(|o| &o.assets);
        let range = (behind(request.after), Bound::Unbounded);
        let assets = assets.into_iter().flat_map(|assets| assets.range(range));
        let assets: Vec<_> = assets.map(|(_, asset)| Ok(asset.clone())).collect();
        Ok(stream::iter(assets).boxed())
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        let inventory = self.lock();
        let users = inventory.organization(&request.organization).map(|o| &o.users);
        Ok(users.map_or_else(|| stream::empty().boxed(), |users| in_order(users, &request)))
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        let inventory = self.lock();
        let groups = inventory.organization(&request.organization).map(|o| &o.groups);
        Ok(groups.map_or_else(|| stream::empty().boxed(), |groups| in_order(groups, &request)))
    }

    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>> {
        Ok(self.lock().organization(organization).map(|o| o.candidates(keys)).unwrap_or_default())
    }

    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        let inventory = self.lock();
        let Some(organization) = inventory.organization(organization) else {
            return Ok(Vec::new());
        };
        let ids: BTreeSet<&AssetId> = ids.iter().collect();
        Ok(ids.into_iter().filter_map(|id| organization.assets.get(id)).cloned().collect())
    }

    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        let inventory = self.lock();
        let users = inventory.organization(organization).map(|o| &o.users);
        Ok(users.map(|users| at_places(users, source, objects)).unwrap_or_default())
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        let inventory = self.lock();
        let groups = inventory.organization(organization).map(|o| &o.groups);
        Ok(groups.map(|groups| at_places(groups, source, objects)).unwrap_or_default())
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        let inventory = self.lock();
        let Some(organization) = inventory.organization(organization) else {
            return Ok(Vec::new());
        };
        Ok(ids.iter().filter_map(|id| organization.redirects.get(id)).copied().collect())
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        let inventory = self.lock();
        let waiting = inventory.organization(organization).map(|o| o.waiting.values());
        Ok(waiting.into_iter().flatten().cloned().collect())
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        let inventory = self.lock();
        let sources = inventory.organization(organization).map(|o| o.sources.keys());
        Ok(sources.into_iter().flatten().cloned().collect())
    }

    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let inventory = self.lock();
        let sources = inventory.organization(organization).map(|o| &o.sources);
        let links = sources.into_iter().flatten().flat_map(|(id, source)| {
            let moved = source.links.values().filter(|link| link.home.is_some());
            moved.map(|link| (id.clone(), link.clone()))
        });
        Ok(links.collect())
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        let inventory = self.lock();
        let constraints = inventory.organization(organization).map(|o| o.constraints.values());
        Ok(constraints.into_iter().flatten().cloned().collect())
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        let inventory = self.lock();
        let merges = inventory.organization(organization).map(|o| o.merges.values());
        let mut merges: Vec<MergeRecord> = merges.into_iter().flatten().cloned().collect();
        merges.sort_by_key(|record| (record.at, record.id));
        Ok(merges)
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: CheckpointKey,
    ) -> Result<Option<Checkpoint>> {
        let inventory = self.lock();
        let source = inventory.source(organization, source);
        Ok(source.and_then(|source| source.checkpoints.get(&key)).cloned())
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        let inventory = self.lock();
        let runs = inventory.source(organization, source).map(|source| source.runs.values());
        let mut runs: Vec<RunRecord> = runs.into_iter().flatten().cloned().collect();
        runs.sort_by_key(|run| std::cmp::Reverse((run.started, run.id)));
        runs.truncate(limit);
        Ok(runs)
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let mut inventory = self.lock();
        let source = inventory.source_mut(&request.organization, &request.source);
        source.leases.acquire(&request)
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        self.lock().source_mut(organization, source).leases.release(holder);
        Ok(())
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        validate::batch(&batch)?;
        self.lock().commit(batch)
    }
}

impl fmt::Debug for MemoryRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryRepository").finish_non_exhaustive()
    }
}

fn behind<T>(after: Option<T>) -> Bound<T> {
    after.map_or(Bound::Unbounded, Bound::Excluded)
}

fn in_order<T: Clone + Send + 'static>(
    records: &BTreeMap<ObjectKey, T>,
    request: &PrincipalsRequest,
) -> BoxStream<'static, Result<T>> {
    let records = records.range((behind(request.after.clone()), Bound::Unbounded));
    let of_source =
        records.filter(|(key, _)| request.source.as_ref().is_none_or(|s| key.source == *s));
    let found: Vec<Result<T>> = of_source.map(|(_, record)| Ok(record.clone())).collect();
    stream::iter(found).boxed()
}

fn at_places<T: Clone>(
    records: &BTreeMap<ObjectKey, T>,
    source: &SourceId,
    objects: &[ObjectGuid],
) -> Vec<T> {
    let objects: BTreeSet<&ObjectGuid> = objects.iter().collect();
    let places = objects.into_iter().map(|object| ObjectKey::new(source.clone(), *object));
    places.filter_map(|place| records.get(&place)).cloned().collect()
}
