//! The repository over a table of keys and values.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use super::commit::{self, Planned, Projection};
use super::feed;
use super::key::{Key, Keys, Table};
use super::record::{Record, decode, decode_ids, decode_row, encode};
use super::retention;
use super::table::{KeyRange, Row, Rows, Write};
use crate::asset::{
    Asset, AssetRepository, AssetsRequest, Batch, CommitOutcome, Constraint, DirectoryGroup,
    DirectoryUser, Event, FeedEntry, FeedPlace, Lease, LeaseRequest, Link, LinksRequest,
    MergeRecord, PrincipalsRequest, Redirect, RetainRuns, RunRecord, Sighting, Waiting,
};
use crate::name::MatchKey;
use crate::store::LeaseState;
use crate::value::{AssetId, Checkpoint, OrganizationId, RecordDigest, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

/// How many records of a stream are read at a time.
const PAGE: usize = 1000;

/// How often something is begun again because others came first. Each time one of them got on.
const ATTEMPTS: usize = 1000;

/// The whole [`AssetRepository`] over any table of keys and values.
///
/// Records are kept as JSON under ordered keys, with rows beside them by which they are found. A commit reads what it
/// depends on and writes everything in one [`Write`] that expects what was read; if another came between, it begins
/// again. Searches put the query to every record.
///
/// A clone is another handle to the same table.
///
/// # Your own rows
///
/// A host that wants some values of each asset in columns of its own, or in an index of its own, says by a
/// [projection](Self::with_projection) what they are. They are written, and taken away, in the same write as the
/// asset:
///
/// ```
/// use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change, CommitOutcome};
/// use ldap_inventory::store::MemoryRepository;
/// use ldap_inventory::store::rows::{Row, Rows, KeyRange};
/// use ldap_inventory::value::{AssetId, BatchId, SourceId};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let by_site = |asset: &Asset| {
///     let key = format!("site/{}/{}", asset.site, asset.id);
///     Ok(vec![Row::new(key, asset.label().into_owned())])
/// };
/// let repository = MemoryRepository::new().with_projection(by_site);
///
/// let asset = Asset::new(AssetId::random_v7(), "acme".parse()?, "hq".parse()?);
/// let put = Change::create(asset);
/// let source = SourceId::new("scan", "office")?;
/// let batch = Batch::new(BatchId::random_v7(), "acme".parse()?, source).with_changes([put]);
/// assert_eq!(repository.commit(batch).await?, CommitOutcome::Applied);
/// assert_eq!(repository.rows().scan(&KeyRange::prefix(b"site/hq/")).await?.len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct RowsRepository<R: ?Sized> {
    projection: Option<Projection>,
    rows: Arc<R>,
}

impl<R: Rows> RowsRepository<R> {
    /// The inventory in this table; empty, if the table is.
    pub fn over(rows: R) -> Self {
        Self { projection: None, rows: Arc::new(rows) }
    }
}

impl<R: Rows + ?Sized> RowsRepository<R> {
    /// Keeps these rows of every asset in step with it: they are written when the asset is, and those that were
    /// written when it was written last go, as they all do when it goes.
    ///
    /// Keys of such rows may begin with anything but [`Row::OWN`](super::Row::OWN), and two assets share none, which
    /// is not checked: put the id in. An error of the projection fails the commit. Assets that were written without it have no
    /// such rows until they are written again: to fill it, read [each](AssetRepository::each_asset) and commit it as it is,
    /// with the next version. Every program that writes must have the same projection.
    #[must_use]
    pub fn with_projection(
        mut self,
        project: impl Fn(&Asset) -> Result<Vec<Row>> + Send + Sync + 'static,
    ) -> Self {
        self.projection = Some(Arc::new(project));
        self
    }

    /// The table.
    pub fn rows(&self) -> &R {
        &self.rows
    }

    /// What the keys of all rows of an organization begin with. A host that drops an organization drops these.
    pub fn prefix_of(organization: &OrganizationId) -> Vec<u8> {
        Key::organization(organization).into_bytes()
    }

    /// The records with these keys, as far as they exist, in the order of the keys.
    async fn records<T: Record>(
        &self,
        item: &'static str,
        keys: impl IntoIterator<Item = Vec<u8>>,
    ) -> Result<Vec<T>> {
        let mut rows = self.get(keys.into_iter().collect()).await?;
        rows.sort_by(|one, other| one.key.cmp(&other.key));
        rows.iter().map(|row| decode_row(item, row)).collect()
    }

    /// The records of all rows that begin with this.
    async fn all<T: Record>(
        &self,
        item: &'static str,
        prefix: Vec<u8>,
        limit: usize,
    ) -> Result<Vec<T>> {
        let rows = self.rows.scan(&KeyRange::prefix(&prefix).with_limit(limit)).await?;
        rows.iter().map(|row| decode_row(item, row)).collect()
    }

    async fn get(&self, keys: BTreeSet<Vec<u8>>) -> Result<Vec<Row>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys: Vec<Vec<u8>> = keys.into_iter().collect();
        self.rows.get(&keys).await
    }

    /// The assets of these match keys' rows.
    async fn holders(
        &self,
        keys: &BTreeSet<Vec<u8>>,
    ) -> Result<BTreeMap<Vec<u8>, BTreeSet<AssetId>>> {
        let rows = self.get(keys.clone()).await?;
        let holders = rows.into_iter().map(|row| {
            let ids = decode_ids(&row.key, &row.value)?;
            Ok((row.key, ids))
        });
        holders.collect()
    }

    /// Changes the leases of a source, as soon as nobody else does.
    async fn change_lease<T>(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        change: impl Fn(&mut LeaseState) -> Result<T>,
    ) -> Result<T> {
        let key = Keys::of(organization).lease(source);
        for _ in 0..ATTEMPTS {
            let before =
                self.rows.get(std::slice::from_ref(&key)).await?.pop().map(|row| row.value);
            let leases = before.as_deref().map(|value| decode("lease", &key, value)).transpose()?;
            let stored: LeaseState = leases.unwrap_or_default();
            let mut leases = stored;
            let done = change(&mut leases)?;
            if leases == stored {
                return Ok(done);
            }
            let write = Write::new().expecting(key.clone(), before);
            let write = write.put(key.clone(), encode("lease", &leases)?);
            if self.rows.write(&write).await? {
                return Ok(done);
            }
        }
        Err(overtaken())
    }
}

impl<R: Rows> RowsRepository<R> {
    /// The records of a range, read page by page.
    fn stream<T: Record>(
        &self,
        item: &'static str,
        range: KeyRange,
    ) -> BoxStream<'static, Result<T>> {
        let rows = Arc::clone(&self.rows);
        let range = range.with_limit(PAGE);
        let pages = stream::try_unfold(Some(range), move |range| {
            let rows = Arc::clone(&rows);
            async move {
                let Some(range) = range else { return Ok(None) };
                let page = rows.scan(&range).await?;
                let last = page.last().filter(|_| page.len() >= PAGE);
                let next = last.map(|last| range.after(&last.key));
                let records = page.into_iter().map(move |row| decode_row(item, &row));
                Ok::<_, Error>(Some((stream::iter(records), next)))
            }
        });
        pages.try_flatten().boxed()
    }

    async fn principals<T: Record>(
        &self,
        item: &'static str,
        table: Table,
        request: &PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<T>>> {
        let keys = Keys::of(&request.organization);
        let after = request.after.as_ref().map(|after| keys.place(table, after));
        if let Some(objects) = &request.objects {
            let sources = match &request.source {
                Some(source) => vec![source.clone()],
                None => self.sources(&request.organization).await?,
            };
            let asked = sources.iter().flat_map(|source| {
                objects.iter().map(|object| keys.object(table, source, *object))
            });
            let asked = asked.filter(|key| Some(key) > after.as_ref());
            return Ok(listed(self.records(item, asked.collect::<Vec<_>>()).await?));
        }
        let prefix = match &request.source {
            Some(source) => keys.source(table, source),
            None => keys.table(table),
        };
        let range = KeyRange::prefix(&prefix);
        Ok(self.stream(item, after.map_or(range.clone(), |after| range.after(&after))))
    }
}

/// Records that are there already.
fn listed<T: Send + 'static>(records: Vec<T>) -> BoxStream<'static, Result<T>> {
    stream::iter(records.into_iter().map(Ok)).boxed()
}

#[async_trait]
impl<R: Rows> AssetRepository for RowsRepository<R> {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        let (keys, source) = (Keys::of(&request.organization), &request.source);
        let mut seen = Sightings::default();
        if let Some(objects) = request.objects {
            let keys = objects.into_iter().map(|object| keys.object(Table::Link, source, object));
            let links: Vec<Link> = self.records("link", keys).await?;
            return Ok(stream::iter(links.into_iter().map(Ok)).boxed());
        }
        let links = self.stream("link", KeyRange::prefix(&keys.source(Table::Link, source)));
        Ok(links.map_ok(move |link| seen.share(link)).boxed())
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        let keys = Keys::of(&request.organization);
        if let Some(ids) = request.ids {
            let ids = ids.into_iter().filter(|id| Some(*id) > request.after);
            let ids = ids.map(|id| keys.asset(Table::Asset, id));
            return Ok(listed(self.records("asset", ids).await?));
        }
        let range = KeyRange::prefix(&keys.table(Table::Asset));
        Ok(match request.after {
            Some(id) => self.stream("asset", range.after(&keys.asset(Table::Asset, id))),
            None => self.stream("asset", range),
        })
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        self.principals("user", Table::User, &request).await
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        self.principals("group", Table::Group, &request).await
    }

    /// What the match keys lead to, and the assets, are read one after the other: if they do not fit, or the match keys
    /// lead elsewhere by now, somebody wrote in between.
    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>> {
        let own = Keys::of(organization);
        let rows: BTreeSet<Vec<u8>> = keys.iter().map(|key| own.match_key(key)).collect();
        let mut holders = self.holders(&rows).await?;
        for _ in 0..ATTEMPTS {
            let ids: BTreeSet<AssetId> = holders.values().flatten().copied().collect();
            if ids.is_empty() {
                return Ok(Vec::new());
            }
            let assets = ids.iter().map(|id| own.asset(Table::Asset, *id));
            let assets: Vec<Asset> = self.records("asset", assets).await?;
            let again = self.holders(&rows).await?;
            if again == holders {
                return Ok(assets);
            }
            holders = again;
        }
        Err(overtaken())
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        let keys = Keys::of(organization);
        self.records("redirect", ids.iter().map(|id| keys.asset(Table::Redirect, *id))).await
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        let table = Keys::of(organization).table(Table::Waiting);
        self.all("waiting computer", table, usize::MAX).await
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        let table = Keys::of(organization).table(Table::Source);
        self.all("source", table, usize::MAX).await
    }

    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let table = Keys::of(organization).table(Table::Moved);
        self.all("moved link", table, usize::MAX).await
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        let table = Keys::of(organization).table(Table::Constraint);
        self.all("constraint", table, usize::MAX).await
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        let table = Keys::of(organization).table(Table::Merge);
        let mut merges: Vec<MergeRecord> = self.all("merge", table, usize::MAX).await?;
        merges.sort_by_key(|merge| (merge.at, merge.id));
        Ok(merges)
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        let key = Keys::of(organization).checkpoint(source, key);
        Ok(self.records("checkpoint", [key]).await?.pop())
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        self.all("run", Keys::of(organization).source(Table::Run, source), limit).await
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let acquire = |leases: &mut LeaseState| leases.acquire(&request);
        self.change_lease(&request.organization, &request.source, acquire).await
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let release = |leases: &mut LeaseState| {
            leases.release(holder);
            Ok(())
        };
        self.change_lease(organization, source, release).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        batch.validate()?;
        let told = FeedEntry::of(&batch);
        for _ in 0..ATTEMPTS {
            let projection = self.projection.as_ref();
            match commit::plan(&*self.rows, &batch, told.as_ref(), projection).await? {
                Planned::Decided(outcome) => return Ok(outcome),
                Planned::Write(write) => {
                    if self.rows.write(&write).await? {
                        return Ok(CommitOutcome::Applied);
                    }
                }
            }
        }
        Err(overtaken())
    }

    async fn events_since(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let place = FeedPlace::of(cursor)?;
        feed::since(&*self.rows, &Keys::of(organization), place, limit).await
    }

    async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
        let extent = feed::extent(&*self.rows, &Keys::of(organization)).await?;
        Ok(extent.end().to_string())
    }

    async fn prune_events(
        &self,
        organization: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        let (keys, place) = (Keys::of(organization), cursor.parse()?);
        for _ in 0..ATTEMPTS {
            if feed::prune(&*self.rows, &keys, place, older_than).await? {
                return Ok(());
            }
        }
        Err(overtaken())
    }

    async fn prune_runs(&self, organization: &OrganizationId, retain: RetainRuns) -> Result<()> {
        let keys = Keys::of(organization);
        for _ in 0..ATTEMPTS {
            if retention::prune(&*self.rows, &keys, retain).await? {
                return Ok(());
            }
        }
        Err(overtaken())
    }
}

impl<R: ?Sized> Clone for RowsRepository<R> {
    fn clone(&self) -> Self {
        Self { projection: self.projection.clone(), rows: Arc::clone(&self.rows) }
    }
}

impl<R: fmt::Debug + ?Sized> fmt::Debug for RowsRepository<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RowsRepository").field("rows", &self.rows).finish_non_exhaustive()
    }
}

/// What several links have in common, once for all of them.
#[derive(Default)]
struct Sightings(HashSet<Arc<Sighting>>);

impl Sightings {
    fn share(&mut self, mut link: Link) -> Link {
        if let Some(seen) = &mut link.seen {
            match self.0.get(seen) {
                Some(known) => *seen = Arc::clone(known),
                None => _ = self.0.insert(Arc::clone(seen)),
            }
        }
        link
    }
}

fn overtaken() -> Error {
    let message = "others wrote to the inventory first, again and again; try again";
    Error::new(ErrorKind::Store, message).with_retry(Retry::Transient)
}
