//! The trait that stores the inventory.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;

use super::{
    Asset, Batch, CommitOutcome, Constraint, Counts, DirectoryGroup, DirectoryUser, Facet, Lease,
    Link, MergeRecord, Redirect, RunRecord, SearchPage, SearchRequest, Waiting,
};
use crate::Result;
use crate::name::MatchKey;
use crate::value::{
    AssetId, Checkpoint, CheckpointKey, ObjectGuid, OrganizationId, RunId, SourceId, Timestamp,
};

/// A store for the inventory.
///
/// [`store::MemoryRepository`](crate::store::MemoryRepository) and the SQLite store are embedded; a host
/// writes its own over its database. A store decides nothing: it keeps records, finds them by equality
/// of keys, and writes batches whole.
///
/// # Contract
///
/// - Everything belongs to an organization; nothing of another one is ever returned or written.
/// - [`commit`](Self::commit) is all or nothing, also when the process dies in the middle of it. What it
///   wrote is seen by every later call.
/// - A batch whose id was committed before is a no-op that says so.
/// - A [`Change::PutAsset`](super::Change) on another version than the expected one, or on an asset that
///   exists though none was expected, makes the whole batch a [`CommitOutcome::Conflict`]: no lost update.
/// - A batch with a lease token that is not the newest granted for its source is refused with
///   [`ErrorKind::Lease`](crate::ErrorKind).
/// - A link never points to an asset that is not there: taking an asset away takes the links to it away,
///   unless the same batch ties them to another asset.
/// - The id of an asset that was taken away leads where the change says, until an asset is written under it.
/// - [`candidates`](Self::candidates) returns every asset of the organization that has at least one of
///   the keys among its [`match_keys`](Asset::match_keys), each once, and no other.
/// - Links, users and groups are keyed by organization, source and objectGUID, checkpoints by organization, source
///   and their own [key](Checkpoint::key).
/// - A search finds what [`Query::matches`](crate::query::Query::matches) says, put to each user and group, and
///   to each asset [among](super::AssetInContext) the others, in the order of [`SortKey`](super::SortKey). Its pages together
///   are everything, each record once, also if other records are written in between.
///
/// # Errors
///
/// [`ErrorKind::Store`](crate::ErrorKind) with [`Retry::Transient`](crate::Retry) for what is expected to
/// pass (a busy database), with [`Retry::Never`](crate::Retry) for what is not (a damaged file).
///
/// # Cancellation
///
/// A dropped `commit` has either happened or not, whole; the batch id tells when it is repeated. Other
/// calls have no effects to undo.
///
/// # Testing your implementation
///
/// `testing::contract::asset_repository` checks all of the above, given a builder.
#[async_trait]
pub trait AssetRepository: Debug + Send + Sync + 'static {
    /// What is known of every object of a directory.
    async fn links(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
    ) -> Result<BoxStream<'static, Result<Link>>>;

    /// Every asset that has at least one of these keys.
    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>>;

    /// The assets with these ids, as far as they exist, in any order.
    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>>;

    /// The users with these objectGUIDs, as far as they exist, in any order.
    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>>;

    /// The groups with these objectGUIDs, as far as they exist, in any order.
    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>>;

    /// Where the ids of these assets lead, as far as they were taken away and lead somewhere, in any order.
    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>>;

    /// The computers of all directories that wait for a person, in any order.
    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>>;

    /// The links of all directories that have a [`home`](Link::home): those that decisions hold elsewhere than the
    /// rules would. In any order.
    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>>;

    /// The decisions of people, those that were taken back included.
    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>>;

    /// The merges by people, oldest first, those that were undone included.
    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>>;

    /// Where the last complete read of a directory ended that was kept under this key.
    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: CheckpointKey,
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
    /// until when.
    async fn acquire_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
        now: Timestamp,
        ttl: Duration,
    ) -> Result<Lease>;

    /// Gives a lease back. Nothing happens if it is not held by this holder any more.
    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()>;

    /// Writes a batch, whole or not at all.
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome>;

    /// Counts the assets that a query finds, and how many of them have which value of these facets, at most
    /// `limit` values of each. The request's order and place mean nothing here.
    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<Counts>;

    /// Finds assets, in the order of [`SearchRequest::sort`].
    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>>;

    /// Finds users. The order is that of their sources and objectGUIDs.
    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>>;

    /// Finds groups. The order is that of their sources and objectGUIDs.
    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>>;
}

macro_rules! delegate {
    ($pointer:ident) => {
        #[async_trait]
        impl<T: AssetRepository + ?Sized> AssetRepository for $pointer<T> {
            async fn links(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
            ) -> Result<BoxStream<'static, Result<Link>>> {
                (**self).links(organization, source).await
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
                key: CheckpointKey,
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
            async fn acquire_lease(
                &self,
                organization: &OrganizationId,
                source: &SourceId,
                holder: RunId,
                now: Timestamp,
                ttl: Duration,
            ) -> Result<Lease> {
                (**self).acquire_lease(organization, source, holder, now, ttl).await
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
            async fn count_assets(
                &self,
                request: SearchRequest,
                facets: &[Facet],
            ) -> Result<Counts> {
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
