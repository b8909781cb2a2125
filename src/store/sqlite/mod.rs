//! An inventory in one SQLite file.

mod asset_query;
mod connections;
mod count;
mod failure;
mod fields;
mod lease;
mod order;
mod read;
mod record;
mod row_id;
mod schema;
mod search;
mod sighting;
mod write;

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};

use self::connections::Connections;
use self::failure::damaged;
use self::sighting::Sightings;
use crate::asset::{
    Asset, AssetRepository, Batch, CommitOutcome, Constraint, Counts, DirectoryGroup,
    DirectoryUser, Facet, Lease, Link, MergeRecord, Redirect, RunRecord, SearchPage, SearchRequest,
    Waiting,
};
use crate::name::MatchKey;
use crate::value::{
    AssetId, Checkpoint, CheckpointKey, ObjectGuid, OrganizationId, RunId, SourceId, Timestamp,
};
use crate::{Error, Result};

/// How many links are read at a time.
const LINKS: usize = 4096;

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
/// # Errors
///
/// [`ErrorKind::Store`](crate::ErrorKind): with [`Retry::Transient`](crate::Retry) if another process
/// keeps the file busy, otherwise with [`Retry::Never`](crate::Retry): the disk is full, the file is
/// damaged, and the error names the record.
///
/// ```
/// use ldap_inventory::asset::{AssetRepository, SearchRequest};
/// use ldap_inventory::store::SqliteRepository;
/// use ldap_inventory::value::{OrganizationId, RunId, SourceId, Timestamp};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// let repository = SqliteRepository::open_in_memory()?;
/// let organization = OrganizationId::new("acme")?;
/// let source = SourceId::new("ldap", "corp.example")?;
/// let (run, now) = (RunId::random_v7(), Timestamp::now());
/// let hour = std::time::Duration::from_secs(3600);
/// let lease = repository.acquire_lease(&organization, &source, run, now, hour).await?;
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
    /// [`ErrorKind::Configuration`](crate::ErrorKind) if the file is a database of another application,
    /// or was written by a newer version of this crate; nothing is changed in it then.
    /// [`ErrorKind::Store`](crate::ErrorKind) if it cannot be opened, or is no database at all.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let opened = Connections::open(path.as_ref());
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

    /// Reads the whole file and checks that it is sound. Takes a second for each few hundred megabytes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind) that says what is not.
    pub async fn check_integrity(&self) -> Result<()> {
        let check = |transaction: &rusqlite::Transaction<'_>| {
            let found: String =
                transaction.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            if found != "ok" {
                return Err(damaged("file", "the whole", found));
            }
            let mut dangling = transaction.prepare("PRAGMA foreign_key_check")?;
            if dangling.exists([])? {
                return Err(damaged("file", "the whole", "a row refers to one that is not there"));
            }
            Ok(())
        };
        self.connections.read("check_integrity", check).await
    }
}

#[async_trait]
impl AssetRepository for SqliteRepository {
    async fn links(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
    ) -> Result<BoxStream<'static, Result<Link>>> {
        let (o, s) = (organization.clone(), source.clone());
        let first = (self.connections.clone(), o, s, None, Sightings::default());
        let pages = stream::try_unfold(Some(first), |next| async move {
            let Some((connections, o, s, after, mut sightings)) = next else { return Ok(None) };
            let read = move |t: &rusqlite::Transaction<'_>| {
                let links = read::links(t, &o, &s, after, LINKS, &mut sightings)?;
                Ok((links, o, s, sightings))
            };
            let (links, o, s, sightings) = connections.read("links", read).await?;
            let next = match links.last() {
                Some(last) if links.len() == LINKS => {
                    Some((connections, o, s, Some(last.object), sightings))
                }
                _ => None,
            };
            Ok::<_, Error>(Some((stream::iter(links.into_iter().map(Ok)), next)))
        });
        Ok(pages.try_flatten().boxed())
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

    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        let (organization, ids) = (organization.clone(), ids.to_vec());
        self.connections.read("assets", move |t| read::assets(t, &organization, &ids)).await
    }

    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        let sql = "SELECT object, document FROM users WHERE source = ?1 AND object = ?2";
        let (o, s, objects) = (organization.clone(), source.clone(), objects.to_vec());
        self.connections.read("users", move |t| read::objects(t, sql, &o, &s, &objects)).await
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        let sql = "SELECT object, document FROM directory_groups WHERE source = ?1 AND object = ?2";
        let (o, s, objects) = (organization.clone(), source.clone(), objects.to_vec());
        self.connections.read("groups", move |t| read::objects(t, sql, &o, &s, &objects)).await
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
        key: CheckpointKey,
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

    async fn acquire_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease> {
        let (o, s) = (organization.clone(), source.clone());
        let acquire = move |c: &mut _| lease::acquire(c, &o, &s, holder, now, ttl);
        self.connections.write("acquire_lease", acquire).await
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let (o, s) = (organization.clone(), source.clone());
        self.connections.write("release_lease", move |c| lease::release(c, &o, &s, holder)).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        super::validate::batch(&batch)?;
        self.connections.write("commit", move |c| write::commit(c, &batch)).await
    }

    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<Counts> {
        let facets = facets.to_vec();
        self.connections.read("count_assets", move |t| count::assets(t, &request, &facets)).await
    }

    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        self.connections.read("search_assets", move |t| search::assets(t, &request)).await
    }

    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        let sql = "SELECT object, document FROM users
                   WHERE source = ?1 AND object > ?2 ORDER BY object";
        self.connections.read("search_users", move |t| search::objects(t, sql, &request)).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        let sql = "SELECT object, document FROM directory_groups
                   WHERE source = ?1 AND object > ?2 ORDER BY object";
        self.connections.read("search_groups", move |t| search::objects(t, sql, &request)).await
    }
}

#[cfg(test)]
mod tests;
