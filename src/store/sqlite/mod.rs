//! An inventory in one SQLite file.

mod asset_query;
mod assets;
mod check;
mod connections;
mod count;
mod failure;
mod feed;
mod fields;
mod file;
mod holders;
mod lease;
mod lending;
mod locks;
mod order;
mod packed;
mod read;
mod record;
mod retention;
mod row_id;
mod rows;
mod schema;
mod search;
mod searchers;
mod sighting;
mod threads;
mod write;

use std::path::Path;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use rusqlite::{Connection, Transaction};

use self::connections::Connections;
use self::failure::Outcome;
use self::read::PackedAsset;
use self::rows::BatchRows;
use self::sighting::Sightings;
use crate::asset::{
    Asset, AssetCounts, AssetRepository, AssetsRequest, Batch, CommitOutcome, Constraint,
    DirectoryGroup, DirectoryUser, Event, Facet, FeedPlace, Lease, LeaseRequest, Link,
    LinksRequest, MergeRecord, PrincipalsRequest, Redirect, RetainRuns, RunRecord, SearchPage,
    SearchRequest, Waiting,
};
use crate::name::MatchKey;
use crate::value::{AssetId, Checkpoint, OrganizationId, RecordDigest, RunId, SourceId, Timestamp};
use crate::{Error, Result};

/// How many links are read at a time.
const LINKS: usize = 4096;

/// How many assets, users or groups are read at a time: some megabytes.
const RECORDS: usize = 1000;

/// An inventory in one SQLite file (feature `sqlite`).
///
/// A clone is another handle to the same connections. Several processes may open one file; one of them
/// writes at a time, and the others wait for up to ten seconds.
///
/// # Durability
///
/// A commit is one transaction, and is on the disk when it returns: write-ahead log, `synchronous=FULL`,
/// so that a power failure takes nothing back that was reported as written. A batch is large and comes
/// once a second at most, so the price is not felt. What is interrupted is rolled back when the file is
/// next opened. The log beside the file (`-wal`) belongs to it while a process has it open: a backup
/// copies both, or uses SQLite's own `VACUUM INTO`.
///
/// # What is in it
///
/// Users, groups, decisions and runs are JSON, as are assets and what commits told: but these two are packed, by LZ4 against
/// a dictionary, with a checksum before each, since they are most of a file. Whatever is found by columns is beside them. An
/// octet that changed in one of them is an error that names it, and [`check`](Self::check) names them all. A file of an
/// earlier version is packed when it is opened, and has the room for as much again; SQLite's `VACUUM` gives that back.
///
/// # Who may read it
///
/// A new file, and what SQLite writes beside it, is its owner's alone (0600 on Unix; on Windows a file has the permissions of
/// its directory). A file that is there keeps its permissions, with a warning in the log where every user of the machine may
/// read or change it. It is never opened through a symbolic link, so that whoever may write its directory leads
/// nobody elsewhere. A trigger, a view or a table in it that this crate did not make is refused by name: such
/// things act, or answer, in the name of whoever opens the file.
///
/// # Searches
///
/// Searches and counts have connections of their own, so that a long one holds up no run. One that is given up, by
/// dropping its future, is interrupted, and so is one that lasts longer than its
/// [deadline](crate::asset::SearchRequest::deadline).
///
/// # Leases
///
/// A run that holds a lease has a locked file beside the inventory (`-lease-N`) as well. The lease of a process that was
/// killed is so known to be nobody's, and the next run need not wait until it expires.
///
/// # Errors
///
/// [`ErrorKind::Store`](crate::ErrorKind): with [`Retry::Transient`](crate::Retry) if another process
/// keeps the file busy, otherwise with [`Retry::Never`](crate::Retry): the disk is full, the file is
/// damaged, and the error names the record.
///
/// ```
/// use ldap_inventory::asset::{AssetRepository, LeaseRequest};
/// use ldap_inventory::store::SqliteRepository;
/// use ldap_inventory::value::{OrganizationId, RunId, SourceId, Timestamp};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let repository = SqliteRepository::open_in_memory()?;
/// let organization = OrganizationId::new("acme")?;
/// let source = SourceId::new("ldap", "corp.example")?;
/// let (run, now) = (RunId::random_v7(), Timestamp::now());
/// let hour = std::time::Duration::from_secs(3600);
/// let request = LeaseRequest::new(organization, source, run, now, hour);
/// let lease = repository.acquire_lease(request).await?;
/// assert_eq!(lease.token, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SqliteRepository {
    connections: Connections,
}

impl SqliteRepository {
    /// Opens the inventory in this file, creating it if there is none and bringing it to the newest
    /// schema if it is older. Blocks for as long as that takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind) if the path is empty, `:memory:` or a symbolic link, if the file is
    /// a database of another application, has something in it that this crate did not make,
    /// or was written by a newer version of this crate; nothing is changed in it then.
    /// [`ErrorKind::Store`](crate::ErrorKind) if it cannot be opened, may only be read, or is no database at all.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let opened = Connections::open(path.as_ref());
        opened.map(|connections| Self { connections }).map_err(|error| error.in_operation("open"))
    }

    /// Opens the inventory in this file to look into it alone, as somebody may who may not write it, or from a
    /// read-only disk. Whatever would write is refused.
    ///
    /// ```
    /// # fn main() -> ldap_inventory::Result<()> {
    /// use ldap_inventory::store::SqliteRepository;
    ///
    /// # let directory = tempfile::tempdir().unwrap();
    /// # let path = directory.path().join("inventory.db");
    /// let inventory = SqliteRepository::open(&path)?;
    /// let auditor = SqliteRepository::open_read_only(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open), [`ErrorKind::Store`](crate::ErrorKind) if there is no such file, and
    /// [`ErrorKind::Configuration`](crate::ErrorKind) if an older version of this crate wrote it, since bringing it
    /// up to date is writing.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self> {
        let opened = Connections::open_read_only(path.as_ref());
        opened.map(|connections| Self { connections }).map_err(|error| error.in_operation("open"))
    }

    /// An empty inventory in memory, lost with the last handle to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind) if there is no memory for it.
    pub fn open_in_memory() -> Result<Self> {
        let opened = Connections::open_in_memory();
        opened.map(|connections| Self { connections }).map_err(|error| error.in_operation("open"))
    }

    /// Reads the whole file, and looks for what is wrong with it: its pages, rows that refer to nothing, records that
    /// cannot be read, and whatever records are found by that does not agree with them. One sentence for each of these,
    /// and none if the file is sound. Takes a second for each few ten thousand assets.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// let inventory = ldap_inventory::store::SqliteRepository::open_in_memory()?;
    /// assert!(inventory.check().await?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind) if the file cannot be read, be it for the damage in it.
    pub async fn check(&self) -> Result<Vec<String>> {
        self.connections.read("check", |transaction| check::findings(transaction)).await
    }
}

#[async_trait]
impl AssetRepository for SqliteRepository {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        let LinksRequest { organization: o, source: s, objects } = request;
        let connections = self.connections.clone();
        if let Some(objects) = objects {
            let read = move |t: &Transaction<'_>| read::links_of(t, &o, &s, objects);
            let links = connections.read("links", read).await?;
            return Ok(stream::iter(links.into_iter().map(Ok)).boxed());
        }
        let first = (None, Sightings::default());
        Ok(records(pages(connections, "links", first, move |t, (after, mut sightings)| {
            let links = read::links(t, &o, &s, after, LINKS, &mut sightings)?;
            let last = links.last().filter(|_| links.len() == LINKS).map(|link| link.object);
            Ok((links, last.map(|last| (Some(last), sightings))))
        })))
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        let pages = pages(self.connections.clone(), "each_asset", request, |t, request| {
            let assets = read::each_asset(t, &request, RECORDS)?;
            let last = assets.last().filter(|_| assets.len() == RECORDS).map(|asset| asset.id);
            Ok((assets, last.map(|id| request.after(Some(id)))))
        });
        // No page ahead: nobody would go on with it while this one is looked at, and others who read would wait behind it.
        let unpack = |page| threads::each("each_asset", page, PackedAsset::unpack);
        Ok(records(pages.and_then(unpack)))
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        Ok(records(pages(self.connections.clone(), "each_user", request, |t, request| {
            let users = search::each_object(t, search::USERS, &request, RECORDS, |_| true)?;
            let next = users.last().filter(|_| users.len() == RECORDS).map(DirectoryUser::key);
            Ok((users, next.map(|key| request.after(Some(key)))))
        })))
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        Ok(records(pages(self.connections.clone(), "each_group", request, |t, request| {
            let groups = search::each_object(t, search::GROUPS, &request, RECORDS, |_| true)?;
            let next = groups.last().filter(|_| groups.len() == RECORDS).map(DirectoryGroup::key);
            Ok((groups, next.map(|key| request.after(Some(key)))))
        })))
    }

    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>> {
        let (organization, keys) = (organization.clone(), keys.to_vec());
        self.connections
            .read("candidates", move |t| read::candidates(t, &organization, &keys))
            .await
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        let (organization, ids) = (organization.clone(), ids.to_vec());
        self.connections.read("redirects", move |t| read::redirects(t, &organization, &ids)).await
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        let organization = organization.clone();
        self.connections.read("waiting", move |t| read::waiting(t, &organization)).await
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        let organization = organization.clone();
        self.connections.read("sources", move |t| read::sources(t, &organization)).await
    }

    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let organization = organization.clone();
        self.connections.read("moved", move |t| read::moved(t, &organization)).await
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        let organization = organization.clone();
        self.connections.read("constraints", move |t| read::constraints(t, &organization)).await
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        let organization = organization.clone();
        self.connections.read("merges", move |t| read::merges(t, &organization)).await
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        let (o, s) = (organization.clone(), source.clone());
        self.connections.read("checkpoint", move |t| read::checkpoint(t, &o, &s, key)).await
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        let (o, s) = (organization.clone(), source.clone());
        self.connections.read("runs", move |t| read::runs(t, &o, &s, limit)).await
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let holders = self.connections.holders();
        let acquire = move |c: &mut Connection| lease::acquire(c, &request, holders.as_deref());
        self.connections.write("acquire_lease", acquire).await
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let (o, s, holders) = (organization.clone(), source.clone(), self.connections.holders());
        let release =
            move |c: &mut Connection| lease::release(c, &o, &s, holder, holders.as_deref());
        self.connections.write("release_lease", release).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        batch.validate()?;
        let rows = BatchRows::of(batch).await?;
        self.connections.write("commit", move |c| write::commit(c, &rows)).await
    }

    async fn events_since(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let (organization, place) = (organization.clone(), FeedPlace::of(cursor)?);
        let since = move |t: &Transaction<'_>| feed::since(t, &organization, place, limit);
        self.connections.read("events_since", since).await
    }

    async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
        let organization = organization.clone();
        let extent = move |t: &Transaction<'_>| feed::extent(t, &organization);
        Ok(self.connections.read("events_end", extent).await?.end().to_string())
    }

    async fn prune_events(
        &self,
        organization: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        let (organization, place) = (organization.clone(), cursor.parse()?);
        let prune = move |c: &mut Connection| feed::prune(c, &organization, place, older_than);
        self.connections.write("prune_events", prune).await
    }

    async fn prune_runs(&self, organization: &OrganizationId, retain: RetainRuns) -> Result<()> {
        let organization = organization.clone();
        let prune = move |c: &mut Connection| retention::prune(c, &organization, retain);
        self.connections.write("prune_runs", prune).await
    }

    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<AssetCounts> {
        let (facets, deadline) = (facets.to_vec(), request.deadline);
        let count = move |t: &Transaction<'_>| count::assets(t, &request, &facets);
        self.connections.search("count_assets", deadline, count).await
    }

    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        let deadline = request.deadline;
        let search = move |t: &Transaction<'_>| search::assets(t, &request);
        self.connections.search("search_assets", deadline, search).await
    }

    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        let deadline = request.deadline;
        let search = move |t: &Transaction<'_>| search::users(t, &request);
        self.connections.search("search_users", deadline, search).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        let deadline = request.deadline;
        let search = move |t: &Transaction<'_>| search::groups(t, &request);
        self.connections.search("search_groups", deadline, search).await
    }
}

/// Pages, each read in a transaction of its own: what one page ends with says where the next begins.
fn pages<T: Send + 'static, P: Send + 'static>(
    connections: Connections,
    operation: &'static str,
    first: P,
    read: impl Fn(&Transaction<'_>, P) -> Outcome<(Vec<T>, Option<P>)> + Clone + Send + Sync + 'static,
) -> impl Stream<Item = Result<Vec<T>>> + Send + 'static {
    stream::try_unfold(Some(first), move |place| {
        let (connections, read) = (connections.clone(), read.clone());
        async move {
            let Some(place) = place else { return Ok(None) };
            Ok::<_, Error>(Some(connections.read(operation, move |t| read(t, place)).await?))
        }
    })
}

/// The records of all pages, one by one.
fn records<T: Send + 'static>(
    pages: impl Stream<Item = Result<Vec<T>>> + Send + 'static,
) -> BoxStream<'static, Result<T>> {
    pages.map_ok(|page| stream::iter(page.into_iter().map(Ok))).try_flatten().boxed()
}

#[cfg(test)]
mod tests;
