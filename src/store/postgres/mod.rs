//! An inventory in a PostgreSQL database, or in a distributed one that speaks its protocol.

mod asset_query;
mod assets;
mod check;
mod connections;
mod count;
mod draft;
mod failure;
mod feed;
mod fields;
mod keys;
mod lease;
mod links;
mod order;
mod read;
mod retention;
mod schema;
mod search;
mod snapshot;
mod write;
mod writer;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_postgres::Pool;
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use serde::de::DeserializeOwned;

use self::connections::Connections;
use self::draft::Draft;
use self::snapshot::Snapshot;
use crate::asset::{
    Asset, AssetCounts, AssetRepository, AssetsRequest, Batch, CommitOutcome, Constraint,
    DirectoryGroup, DirectoryUser, Event, Facet, FeedPlace, Lease, LeaseRequest, Link,
    LinksRequest, MergeRecord, ObjectKey, PrincipalsRequest, Redirect, RetainRuns, RunRecord,
    SearchPage, SearchRequest, Waiting,
};
use crate::name::MatchKey;
use crate::value::{AssetId, Checkpoint, OrganizationId, RecordDigest, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// An inventory in a PostgreSQL database (feature `postgres`), for several machines, or for a host that has one.
///
/// A clone is another handle to the same pool.
///
/// ```no_run
/// use deadpool_postgres::tokio_postgres::{Config, NoTls};
/// use deadpool_postgres::{Manager, Pool};
/// use ldap_inventory::store::PostgresRepository;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let config: Config = "host=/run/postgresql user=inventory dbname=inventory".parse()?;
/// let pool = Pool::builder(Manager::new(config, NoTls)).max_size(8).build()?;
/// let inventory = PostgresRepository::open(pool).await?;
/// # Ok(())
/// # }
/// ```
///
/// # The pool
///
/// It is the host's, of the crate `deadpool-postgres`: how many connections there are, how long to wait for one, TLS, and
/// the password are settled there. That crate and `tokio-postgres` below it need no compiler but Rust's, no macros and
/// no TLS of their own, and share no C library with anything. sqlx, the other choice, is twice as heavy here, and ties
/// its version of SQLite to that of the whole build even where only PostgreSQL is asked for. Four connections are enough
/// for a run: it writes on one.
///
/// # The tables
///
/// They are in the first schema of the connection's `search_path`, which should be the inventory's own, in a database
/// encoded in UTF-8. [`open`](Self::open) makes them, and a later version of this crate brings them up to date; a user
/// without the right to make tables opens what is up to date. The organization leads every key: once they are made, and
/// before they are filled, tables can be distributed by it (Citus: `create_distributed_table`), or replaced by partitioned
/// ones of the same columns (PostgreSQL: `PARTITION BY LIST (organization)`). A later version may bring tables of its own, to be distributed as the
/// others are once it has made them.
///
/// # Several hosts
///
/// Batches of one organization are written one after the other: each counts a row up first, and what the count is then is
/// its place among the events that others follow. Those of different
/// organizations are written at once, and reading waits for nobody. Of two runs for one source the second is refused,
/// until the first gives its lease back or the lease expires; the token is checked in the transaction that writes.
///
/// # What is tried again
///
/// A transaction that gave way to another (serialisation, deadlock), and one whose connection ended, is tried five times
/// within two seconds. The batch's id is written in the same transaction: if the first try was written and only its answer
/// was lost, the second finds that out and changes nothing. What takes longer is an error with
/// [`Retry::Transient`](crate::Retry), and a run tries it again for as long as it is told to.
///
/// # Searches
///
/// The statements of a search see one state, that of its beginning, in one transaction that only reads. One that is given up,
/// by dropping its future, is stopped, and so is one that lasts longer than its
/// [deadline](crate::asset::SearchRequest::deadline), the wait for a connection included: its connection leaves the pool,
/// which makes another in its place, and the server is told to stop.
///
/// # Durability
///
/// That of the database: with `synchronous_commit` as it comes, a batch is on its disk when it is reported as written.
///
/// # What else understands it
///
/// No extension is used, no function is defined, and nothing that only PostgreSQL has:
///
/// | construct | PostgreSQL 15 | CockroachDB 23.1 | YugabyteDB 2.18 | Citus 12 |
/// |---|---|---|---|---|
/// | `uuid`, `bytea`, `bigint`, `text`, `bit varying` and `\|` on it | yes | yes | yes | yes |
/// | `unnest` of several arrays, as rows to insert, update or delete | yes | yes | yes | yes, in a query of one organization |
/// | `INSERT .. ON CONFLICT DO NOTHING` or `DO UPDATE`, `RETURNING` | yes | yes | yes | yes, the key has the organization |
/// | `UPDATE .. FROM`, `(a, b) IN (SELECT ..)`, `= ANY (array)` | yes | yes | yes | yes, in a query of one organization |
/// | `SELECT .. FOR UPDATE` | yes | yes | yes | yes, of one organization |
/// | `START TRANSACTION ISOLATION LEVEL READ COMMITTED` | yes | yes, or stricter where it is not enabled | yes, or stricter | yes |
/// | the same with `REPEATABLE READ READ ONLY` | yes | yes, stricter | yes | yes, of one organization |
/// | `SET LOCAL statement_timeout`, `pg_backend_pid()` | yes | yes | yes | yes |
/// | `pg_cancel_backend` | yes | no: what is given up goes on until its timeout | yes | yes |
/// | indexes of several columns, and of some rows (`WHERE`) | yes | yes | yes | yes |
/// | `COLLATE "C"` in expressions, and in one of an index | yes | yes | yes | yes |
/// | `LIKE .. ESCAPE`, `strpos`, `~`, `string_to_array`, `chr`, `NULLS LAST` | yes | yes | yes | yes |
/// | `WITH RECURSIVE`, with a subquery that refers to it | yes | yes | yes | yes, in a query of one organization |
/// | correlated `EXISTS` | yes | yes | yes | yes, in a query of one organization |
/// | `pg_catalog.pg_tables` and `pg_views`, `current_schema()`, `SHOW server_encoding` | yes | yes | yes | yes |
/// | tables made in a transaction | undone with it | undone with it | made one by one, each once | undone with it |
///
/// The column of PostgreSQL is tested, and the others are what their documentation says. Left out on purpose: advisory
/// locks, `COPY`, sequences, foreign keys, `jsonb` (it has no U+0000), collations of columns, and functions.
///
/// # Errors
///
/// [`ErrorKind::Store`](crate::ErrorKind): with [`Retry::Transient`](crate::Retry) if the database cannot be reached or
/// others write to it, otherwise with [`Retry::Never`](crate::Retry): its disk is full, a record is damaged, and the error
/// names it. [`ErrorKind::Configuration`](crate::ErrorKind) if the user or the password is refused, or may not do it. No
/// error holds the password.
#[derive(Clone, Debug)]
pub struct PostgresRepository {
    connections: Connections,
}

impl PostgresRepository {
    /// Opens the inventory in a database, making its tables if there are none and bringing them to the newest schema if
    /// they are older.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`](crate::ErrorKind) if the schema has tables of another application, if it was written
    /// by a newer version of this crate, or if the database is not encoded in UTF-8; nothing is changed then.
    /// [`ErrorKind::Store`](crate::ErrorKind) if the database cannot be reached.
    pub async fn open(pool: Pool) -> Result<Self> {
        let connections = Connections::of(pool);
        schema::migrate(&connections).await?;
        Ok(Self { connections })
    }

    /// Reads the whole inventory, of all organizations, in one state, and looks for what is wrong with it: rows that refer to
    /// nothing, records that cannot be read, and whatever assets are found by that does not agree with them. One sentence
    /// for each of these, and none if the inventory is sound. What is wrong with the pages of the database is for its own
    /// means to find, such as `pg_amcheck`. Takes some seconds for each hundred thousand assets.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`](crate::ErrorKind) if the database cannot be read.
    pub async fn check(&self) -> Result<Vec<String>> {
        let check = async |snapshot: Arc<Snapshot>| check::findings(&snapshot).await;
        self.connections.search("check", Duration::MAX, check).await
    }
}

#[async_trait]
impl AssetRepository for PostgresRepository {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        let LinksRequest { organization, source, objects } = request;
        let connections = self.connections.clone();
        if let Some(objects) = objects {
            let place = (&organization, &source);
            let read = || links::of_objects(&connections, place, &objects);
            let links = connections.retried("links", read).await?;
            return Ok(stream::iter(links.into_iter().map(Ok)).boxed());
        }
        let first = (None, links::Sightings::new());
        let pages = stream::try_unfold(Some(first), move |place| {
            let (connections, organization, source) =
                (connections.clone(), organization.clone(), source.clone());
            async move {
                let Some((after, sightings)) = place else { return Ok(None) };
                let read = || {
                    links::page(
                        &connections,
                        (&organization, &source),
                        after,
                        read::LINKS,
                        &sightings,
                    )
                };
                let (links, sightings) = connections.retried("links", read).await?;
                let last =
                    links.last().filter(|_| links.len() == read::LINKS).map(|link| link.object);
                let next = last.map(|last| (Some(last), sightings));
                Ok::<_, Error>(Some((stream::iter(links.into_iter().map(Ok)), next)))
            }
        });
        Ok(pages.try_flatten().boxed())
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        let connections = self.connections.clone();
        let pages = stream::try_unfold(Some(request), move |request| {
            let connections = connections.clone();
            async move {
                let Some(request) = request else { return Ok(None) };
                let read = || read::each_asset(&connections, &request, read::RECORDS);
                let assets = connections.retried("each_asset", read).await?;
                let last =
                    assets.last().filter(|_| assets.len() == read::RECORDS).map(|asset| asset.id);
                let next = last.map(|last| request.after(Some(last)));
                Ok::<_, Error>(Some((stream::iter(assets.into_iter().map(Ok)), next)))
            }
        });
        Ok(pages.try_flatten().boxed())
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        Ok(self.each_object(search::USERS, request, DirectoryUser::key))
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        Ok(self.each_object(search::GROUPS, request, DirectoryGroup::key))
    }

    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>> {
        let read = || read::candidates(&self.connections, organization, keys);
        self.connections.retried("candidates", read).await
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        let read = || read::redirects(&self.connections, organization, ids);
        self.connections.retried("redirects", read).await
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        let read = || read::waiting(&self.connections, organization);
        self.connections.retried("waiting", read).await
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        let read = || read::sources(&self.connections, organization);
        self.connections.retried("sources", read).await
    }

    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let read = || links::moved(&self.connections, organization);
        self.connections.retried("moved", read).await
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        let read = || read::constraints(&self.connections, organization);
        self.connections.retried("constraints", read).await
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        let read = || read::merges(&self.connections, organization);
        self.connections.retried("merges", read).await
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        let read = || read::checkpoint(&self.connections, (organization, source), key);
        self.connections.retried("checkpoint", read).await
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        let read = || read::runs(&self.connections, (organization, source), limit);
        self.connections.retried("runs", read).await
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let acquire = || lease::acquire(&self.connections, &request);
        self.connections.retried("acquire_lease", acquire).await
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let release = || lease::release(&self.connections, organization, source, holder);
        self.connections.retried("release_lease", release).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        batch.validate()?;
        // On a thread that may work for a while; nothing is locked meanwhile.
        let drafted = tokio::task::spawn_blocking(move || Draft::of(&batch).map(|it| (batch, it)));
        let drafted = drafted.await.map_err(|error| {
            Error::new(ErrorKind::Store, "the work on a batch was broken off").with_source(error)
        });
        let drafted = drafted.and_then(|drafted| drafted);
        let (batch, draft) = drafted.map_err(|error| error.in_operation("commit"))?;
        let commit = || write::commit(&self.connections, &batch, &draft);
        self.connections.retried("commit", commit).await
    }

    async fn events_since(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let place = FeedPlace::of(cursor)?;
        let since = || feed::since(&self.connections, organization, place, limit);
        self.connections.retried("events_since", since).await
    }

    async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
        let extent = || feed::extent(&self.connections, organization);
        Ok(self.connections.retried("events_end", extent).await?.end().to_string())
    }

    async fn prune_events(
        &self,
        organization: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        let place = cursor.parse()?;
        let prune = || feed::prune(&self.connections, organization, place, older_than);
        self.connections.retried("prune_events", prune).await
    }

    async fn prune_runs(&self, organization: &OrganizationId, retain: RetainRuns) -> Result<()> {
        let prune = || retention::prune(&self.connections, organization, retain);
        self.connections.retried("prune_runs", prune).await
    }

    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<AssetCounts> {
        let count = |snapshot| count::assets(snapshot, &request, facets);
        self.connections.search("count_assets", request.deadline, count).await
    }

    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        let search = |snapshot| search::assets(snapshot, &request);
        self.connections.search("search_assets", request.deadline, search).await
    }

    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        let search = |snapshot| search::users(snapshot, &request);
        self.connections.search("search_users", request.deadline, search).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        let search = |snapshot| search::groups(snapshot, &request);
        self.connections.search("search_groups", request.deadline, search).await
    }
}

impl PostgresRepository {
    /// A stream of what a table has for objects, page by page.
    fn each_object<T: DeserializeOwned + Send + 'static>(
        &self,
        table: &'static str,
        request: PrincipalsRequest,
        key: fn(&T) -> ObjectKey,
    ) -> BoxStream<'static, Result<T>> {
        let connections = self.connections.clone();
        let pages = stream::try_unfold(Some(request), move |request| {
            let connections = connections.clone();
            async move {
                let Some(request) = request else { return Ok(None) };
                let read = || {
                    search::each_object(&connections, table, &request, read::RECORDS, |_: &T| true)
                };
                let records = connections.retried(table, read).await?;
                let last = records.last().filter(|_| records.len() == read::RECORDS).map(key);
                let next = last.map(|last| request.after(Some(last)));
                Ok::<_, Error>(Some((stream::iter(records.into_iter().map(Ok)), next)))
            }
        });
        pages.try_flatten().boxed()
    }
}
