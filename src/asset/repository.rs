//! The trait that stores the inventory.

use std::fmt::Debug;
use std::future::ready;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use futures::stream::BoxStream;

use super::evaluate::Surroundings;
use super::nesting::{NestedSearch, asks_for_nesting};
use super::{
    Asset, AssetCounts, AssetsRequest, Batch, CommitOutcome, Constraint, DirectoryGroup,
    DirectoryUser, Event, Facet, Lease, LeaseRequest, Link, LinksRequest, MergeRecord,
    PrincipalsRequest, Redirect, RetainRuns, RunRecord, SearchPage, SearchRequest, Waiting,
    evaluate,
};
use crate::name::MatchKey;
use crate::value::{
    AssetId, Checkpoint, ObjectGuid, OrganizationId, RecordDigest, RunId, SourceId, Timestamp,
};
use crate::{Error, ErrorKind, Result};

/// A store for the inventory.
///
/// [`store::MemoryRepository`](crate::store::MemoryRepository) and the SQLite store are embedded, and there is one over
/// PostgreSQL. A host that has a table of keys and bytes implements the three methods of
/// [`store::rows::Rows`](crate::store::rows::Rows) and gets the whole repository; one that wants tables of its own
/// implements this trait. A store decides nothing: it
/// keeps records, finds them by equality of keys, and writes batches whole.
///
/// What a run asks for, by key once for each batch, is required. Searching and counting have bodies, which put the
/// query to every record that [`each_asset`](Self::each_asset), [`each_user`](Self::each_user) and
/// [`each_group`](Self::each_group) bring: right for every store, and fast enough for some ten thousand assets. A
/// store that has indexes overrides them ([`query::sql`](crate::query::sql) compiles queries). Methods that later
/// versions add have bodies.
///
/// # Contract
///
/// *What belongs together.* Everything belongs to an organization; nothing of another one is ever returned or
/// written. The same ids, batch ids included, may occur in several.
///
/// *What is unique.* Within an organization: an asset by its id; a link, a user, a group and a waiting computer by
/// source and objectGUID; a constraint by source, objectGUID, asset and kind; a merge, a run and a batch by their
/// ids, a run within its source; a checkpoint by source and its own [key](Checkpoint::key); a redirect by the id
/// that it leads from. Writing one again replaces it.
///
/// *What is whole.* [`commit`](Self::commit) is all or nothing, also when the process dies in the middle of it, and
/// what it wrote is seen by every later call. No other method sees a part of it. Two at once have the same effect as
/// one after the other.
///
/// *What must not be lost.* A [`Change::PutAsset`](super::Change) on another version than the expected one, or on an
/// asset that exists though none was expected, makes the whole batch a [`CommitOutcome::Conflict`]. So does a
/// [`Change::RemoveAsset`](super::Change). Changes are made in their order, so that a batch may write one asset
/// twice.
///
/// *When a batch id is used up.* When its batch was applied, and not before: a batch that was in conflict or was
/// refused may come again under its id. A batch whose id is used up is a no-op that says so, even if its lease was
/// lost since; ids are kept until a host has them [pruned](Self::prune_runs).
///
/// *What is refused.* A batch with a lease token that is not the newest granted for its source
/// ([`ErrorKind::Lease`](crate::ErrorKind)), and one that [`Batch::validate`] does not pass
/// ([`ErrorKind::Invalid`](crate::ErrorKind)). [`store::LeaseState`](crate::store::LeaseState) is the rule of
/// leases.
///
/// *What follows from a change.* A link never goes on pointing to an asset that was taken away: taking an asset away
/// takes the links of all sources to it away, unless a later change of the same batch ties them elsewhere or brings
/// the asset back. The id of an asset that was taken away leads where the change says, until an asset is written
/// under it. Forgetting a link forgets that its object waits.
///
/// *What finds an asset.* [`candidates`](Self::candidates) returns every asset of the organization that has at least
/// one of the keys among its [`match_keys`](Asset::match_keys), each once, and no other. Keys are compared byte by
/// byte.
///
/// *Orders.* Ids compare as numbers, objectGUIDs by their bytes on the wire, texts byte by byte (UTF-8), never by a
/// language's rules: in PostgreSQL `COLLATE "C"`, in SQLite `BINARY`. Streams come in such an order; lists do where
/// their method says so.
///
/// *What a stream is.* A record that is written while a stream is read may come as it was or as it is. Every record
/// that is there all the time comes once.
///
/// *What is told.* A store may keep a feed: what every commit changed, as the [`Event`]s that its batch makes, for other
/// systems to follow. They are written in the transaction of the commit, so that none is lost and none comes twice, and are
/// read in the order of commits, those of one commit in the order of its changes. Behind a cursor that was handed out no
/// event ever appears: whoever commits has its place in the order before anybody sees what comes after. The stores of this
/// crate keep one; a store of a host's own that keeps none refuses to be followed.
///
/// *Searches* find what [`Query::matches`](crate::query::Query::matches) says, put to each user and group, and
/// to each asset [among](SearchRequest::selects_asset) the others, in the order of [`SortKey`](super::SortKey) or
/// [`ObjectKey`](super::ObjectKey). Their pages together are everything, each record once, also if other records are
/// written in between.
///
/// *What comes back* is equal to what was written, in every field. Records are `serde` values; a store that keeps
/// them as JSON keeps also what later versions add.
///
/// *A host's own rows* may stand beside these, refer to assets by their ids, and be written in the transaction of a
/// commit. A host that changes an asset does so by a commit, so that its version tells; an asset that it takes away
/// behind the contract's back comes back as a new one.
///
/// # Errors
///
/// [`ErrorKind::Store`](crate::ErrorKind) with [`Retry::Transient`](crate::Retry) for what is expected to
/// pass (a busy database), with [`Retry::Never`](crate::Retry) for what is not (a damaged file). A run tries again
/// what is transient, and then a batch under the same id.
///
/// # Cancellation
///
/// A dropped `commit` has either happened or not, whole; the batch id tells when it is repeated. A lease that was
/// granted to nobody any more expires. Other calls have no effects to undo.
///
/// # Testing your implementation
///
/// `testing::contract::asset_repository` checks all of the above, given a builder.
#[async_trait]
pub trait AssetRepository: Debug + Send + Sync + 'static {
    /// What is known of the objects of a directory, in any order.
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>>;

    /// The assets of an organization, in the order of their ids.
    async fn each_asset(&self, request: AssetsRequest)
    -> Result<BoxStream<'static, Result<Asset>>>;

    /// The users of an organization, in the order of their [keys](super::ObjectKey).
    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>>;

    /// The groups of an organization, in the order of their [keys](super::ObjectKey).
    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>>;

    /// Every asset that has at least one of these keys.
    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>>;

    /// Where the ids of these assets lead, as far as they were taken away and lead somewhere, in any order.
    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>>;

    /// The computers of all directories that wait for a person, in any order.
    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>>;

    /// The directories that have links, in any order. Others may be among them.
    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>>;

    /// The decisions of people, those that were taken back included.
    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>>;

    /// The merges by people, oldest first, those that were undone included.
    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>>;

    /// Where the last complete read of a directory ended that was kept under this key.
    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>>;

    /// The latest runs of a source, newest first, at most `limit`.
    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>>;

    /// Grants the source to a run until `now + ttl`, if no other run's lease is alive at `now`.
    ///
    /// The holder may call it again to prolong its lease; the token stays. While another run holds the
    /// lease the error is of kind [`ErrorKind::Lease`](crate::ErrorKind), names the holder and says
    /// until when. A lease that expires more than an hour after `now + ttl` is of a clock that was wrong, and void.
    /// [`LeaseState::acquire`](crate::store::LeaseState::acquire) decides all that. A store that knows for
    /// certain that the holder's process is dead may take its lease back first.
    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease>;

    /// Gives a lease back. Nothing happens if it is not held by this holder any more.
    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()>;

    /// Writes a batch, whole or not at all.
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome>;

    /// The assets with these ids, as far as they exist, in any order.
    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        let request = AssetsRequest::new(organization.clone()).of_ids(ids.iter().copied());
        self.each_asset(request).await?.try_collect().await
    }

    /// The users with these objectGUIDs, as far as they exist, in any order.
    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        let request = PrincipalsRequest::new(organization.clone()).of_source(source.clone());
        let request = request.of_objects(objects.iter().copied());
        self.each_user(request).await?.try_collect().await
    }

    /// The groups with these objectGUIDs, as far as they exist, in any order.
    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        let request = PrincipalsRequest::new(organization.clone()).of_source(source.clone());
        let request = request.of_objects(objects.iter().copied());
        self.each_group(request).await?.try_collect().await
    }

    /// The links of all directories that have a [`home`](Link::home): those that decisions hold elsewhere than the
    /// rules would. In any order.
    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let mut moved = Vec::new();
        for source in self.sources(organization).await? {
            let links = LinksRequest::new(organization.clone(), source.clone());
            let links = self.links(links).await?;
            let has_home = |link: &Link| ready(link.home.is_some());
            let links: Vec<Link> = links.try_filter(has_home).try_collect().await?;
            moved.extend(links.into_iter().map(|link| (source.clone(), link)));
        }
        Ok(moved)
    }

    /// What commits changed since a cursor, or since the first commit without one: at most `limit` events, in their order. Each
    /// has the cursor to go on with behind it; where none comes, there is none yet.
    ///
    /// Whoever follows the inventory keeps the cursor of the last event that it has acted on, and so sees each once, or
    /// again what it had acted on without keeping the cursor. To begin in the middle: ask where the events
    /// [end](Self::events_end), read the inventory, and follow from there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Outdated`](crate::ErrorKind::Outdated) if events that follow are not kept any more, be it that the
    /// inventory was written to before it kept them; [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a text that is no
    /// cursor; [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the store keeps no events.
    async fn events_since(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let _ = (organization, cursor, limit);
        Err(keeps_no_events("events_since"))
    }

    /// The cursor behind all events that there are: where whoever follows from now on begins.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the store keeps no events.
    async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
        let _ = organization;
        Err(keeps_no_events("events_end"))
    }

    /// Takes events away that nobody needs any more: those of commits before a cursor that are older than a time. Nothing is
    /// ever taken away unless a host says so. Whoever still follows from before them is told to begin anew.
    ///
    /// To keep what one system has not seen, give its cursor; to go by time alone, give the
    /// [end](Self::events_end).
    ///
    /// # Errors
    ///
    /// Those of [`events_since`](Self::events_since).
    async fn prune_events(
        &self,
        organization: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        let _ = (organization, cursor, older_than);
        Err(keeps_no_events("prune_events"))
    }

    /// Takes records of runs away that nobody asks for any more, and ids of batches that nobody sends again. Nothing is ever
    /// taken away unless a host says so, and nothing but that goes: checkpoints, what people did, what was told, and every
    /// record by which later runs decide stay, so that they do what they would have done.
    /// [`RetainRuns::expendable`] and [`RetainRuns::keeps_batch`] say what goes.
    ///
    /// What is pruned is not told any more: what went missing then, by
    /// [`Curation::changes`](crate::curation::Curation::changes), and what the run was of which a value is known to be.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`](crate::ErrorKind::Unsupported) if the store keeps all for ever.
    async fn prune_runs(&self, organization: &OrganizationId, retain: RetainRuns) -> Result<()> {
        let _ = (organization, retain);
        let error = Error::new(ErrorKind::Unsupported, "the store keeps all records of runs");
        Err(error.in_operation("prune_runs"))
    }

    /// Counts the assets that a query finds, and how many of them have which value of these facets, at most
    /// `limit` values of each. The request's order and place mean nothing here.
    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<AssetCounts> {
        let surroundings = surroundings(self, &request).await?;
        let all = AssetsRequest::new(request.organization.clone());
        evaluate::count_assets(self.each_asset(all).await?, &request, &surroundings, facets).await
    }

    /// Finds assets, in the order of [`SearchRequest::sort`].
    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        let surroundings = surroundings(self, &request).await?;
        let assets = self.each_asset(evaluate::assets(&request)?).await?;
        evaluate::search_assets(assets, &request, &surroundings).await
    }

    /// Finds users, in the order of their [keys](super::ObjectKey).
    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        let search = NestedSearch::users(&request, &groups_asked_for(self, &request).await?);
        let users = self.each_user(evaluate::principals(&request)?).await?;
        evaluate::search_users(users, request.limit, &search).await
    }

    /// Finds groups, in the order of their [keys](super::ObjectKey).
    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        let search = NestedSearch::groups(&request, &groups_asked_for(self, &request).await?);
        let groups = self.each_group(evaluate::principals(&request)?).await?;
        evaluate::search_groups(groups, request.limit, &search).await
    }
}

fn keeps_no_events(operation: &'static str) -> Error {
    let message = "this store does not keep what commits changed, so nobody can follow it; compare the inventory with \
                   an earlier copy instead";
    Error::new(ErrorKind::Unsupported, message).in_operation(operation)
}

/// All groups, if a search asks for nested membership.
async fn groups_asked_for(
    repository: &(impl AssetRepository + ?Sized),
    request: &SearchRequest,
) -> Result<Vec<DirectoryGroup>> {
    if !asks_for_nesting(request) {
        return Ok(Vec::new());
    }
    let all = PrincipalsRequest::new(request.organization.clone());
    repository.each_group(all).await?.try_collect().await
}

/// What the query asks about assets that they alone do not tell.
pub(super) async fn surroundings(
    repository: &(impl AssetRepository + ?Sized),
    request: &SearchRequest,
) -> Result<Surroundings> {
    let mut surroundings = Surroundings::default();
    if evaluate::asks_for_overlaps(request) {
        let all = AssetsRequest::new(request.organization.clone());
        surroundings.shared = evaluate::shared_keys(repository.each_asset(all).await?).await?;
    }
    if evaluate::asks_for_states(request) {
        let waiting = repository.waiting(&request.organization).await?;
        surroundings.unresolved = evaluate::unresolved(&waiting);
    }
    Ok(surroundings)
}

macro_rules! delegate {
    ($pointer:ident) => {
        // A method with a body is passed on as well: the store may have its own.
        #[async_trait]
        #[deny(clippy::missing_trait_methods)]
        impl<T: AssetRepository + ?Sized> AssetRepository for $pointer<T> {
            async fn links(
                &self,
                request: LinksRequest,
            ) -> Result<BoxStream<'static, Result<Link>>> {
                (**self).links(request).await
            }
            async fn each_asset(
                &self,
                request: AssetsRequest,
            ) -> Result<BoxStream<'static, Result<Asset>>> {
                (**self).each_asset(request).await
            }
            async fn each_user(
                &self,
                request: PrincipalsRequest,
            ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
                (**self).each_user(request).await
            }
            async fn each_group(
                &self,
                request: PrincipalsRequest,
            ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
                (**self).each_group(request).await
            }
            async fn candidates(
                &self,
                organization: &OrganizationId,
                keys: &[MatchKey],
            ) -> Result<Vec<Asset>> {
                (**self).candidates(organization, keys).await
            }
            async fn assets(
                &self,
                organization: &OrganizationId,
                ids: &[AssetId],
            ) -> Result<Vec<Asset>> {
                (**self).assets(organization, ids).await
            }
            async fn redirects(
                &self,
                organization: &OrganizationId,
                ids: &[AssetId],
            ) -> Result<Vec<Redirect>> {
                (**self).redirects(organization, ids).await
            }
            async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
                (**self).waiting(organization).await
            }
            async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
                (**self).sources(organization).await
            }
            async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
                (**self).moved(organization).await
            }
            async fn users(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
                objects: &[ObjectGuid],
            ) -> Result<Vec<DirectoryUser>> {
                (**self).users(organization, source, objects).await
            }
            async fn groups(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
                objects: &[ObjectGuid],
            ) -> Result<Vec<DirectoryGroup>> {
                (**self).groups(organization, source, objects).await
            }
            async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
                (**self).constraints(organization).await
            }
            async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
                (**self).merges(organization).await
            }
            async fn checkpoint(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
                key: RecordDigest,
            ) -> Result<Option<Checkpoint>> {
                (**self).checkpoint(organization, source, key).await
            }
            async fn runs(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
                limit: usize,
            ) -> Result<Vec<RunRecord>> {
                (**self).runs(organization, source, limit).await
            }
            async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
                (**self).acquire_lease(request).await
            }
            async fn release_lease(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
                holder: RunId,
            ) -> Result<()> {
                (**self).release_lease(organization, source, holder).await
            }
            async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
                (**self).commit(batch).await
            }
            async fn events_since(
                &self,
                organization: &OrganizationId,
                cursor: Option<&str>,
                limit: usize,
            ) -> Result<Vec<Event>> {
                (**self).events_since(organization, cursor, limit).await
            }
            async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
                (**self).events_end(organization).await
            }
            async fn prune_events(
                &self,
                organization: &OrganizationId,
                cursor: &str,
                older_than: Timestamp,
            ) -> Result<()> {
                (**self).prune_events(organization, cursor, older_than).await
            }
            async fn prune_runs(
                &self,
                organization: &OrganizationId,
                retain: RetainRuns,
            ) -> Result<()> {
                (**self).prune_runs(organization, retain).await
            }
            async fn count_assets(
                &self,
                request: SearchRequest,
                facets: &[Facet],
            ) -> Result<AssetCounts> {
                (**self).count_assets(request, facets).await
            }
            async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
                (**self).search_assets(request).await
            }
            async fn search_users(
                &self,
                request: SearchRequest,
            ) -> Result<SearchPage<DirectoryUser>> {
                (**self).search_users(request).await
            }
            async fn search_groups(
                &self,
                request: SearchRequest,
            ) -> Result<SearchPage<DirectoryGroup>> {
                (**self).search_groups(request).await
            }
        }
    };
}

delegate!(Arc);
delegate!(Box);
