//! A repository that tells of each batch and each lease.

use std::time::Instant;

use async_trait::async_trait;
use futures::stream::BoxStream;
use ldap_inventory::Result;
use ldap_inventory::asset::*;
use ldap_inventory::name::MatchKey;
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::value::*;

use crate::told::{Told, clock, micros};

#[derive(Debug)]
pub(crate) struct Watched(SqliteRepository);

impl Watched {
    pub(crate) fn new(repository: SqliteRepository) -> Self {
        Self(repository)
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl AssetRepository for Watched {
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        let (id, source, events) = (batch.id, batch.source.clone(), batch.events().len());
        Told::Sending { batch: id, source, events }.tell();
        let begun = Instant::now();
        let outcome = self.0.commit(batch).await;
        let micros = micros(begun);
        match &outcome {
            Ok(CommitOutcome::Applied) => Told::Sent { batch: id, is_written: Some(true), micros },
            Ok(CommitOutcome::AlreadyApplied) => {
                Told::Sent { batch: id, is_written: Some(false), micros }
            }
            Ok(CommitOutcome::Conflict(_)) => Told::Sent { batch: id, is_written: None, micros },
            Err(_) => Told::Unanswered { batch: id },
        }
        .tell();
        outcome
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        let (source, asked) = (request.source.clone(), clock());
        let lease = self.0.acquire_lease(request).await?;
        let (holder, token) = (lease.holder, lease.token);
        Told::Leased { source, holder, token, asked, granted: clock() }.tell();
        Ok(lease)
    }

    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        self.0.links(request).await
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        self.0.each_asset(request).await
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        self.0.each_user(request).await
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        self.0.each_group(request).await
    }

    async fn candidates(&self, o: &OrganizationId, keys: &[MatchKey]) -> Result<Vec<Asset>> {
        self.0.candidates(o, keys).await
    }

    async fn assets(&self, o: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        self.0.assets(o, ids).await
    }

    async fn redirects(&self, o: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Redirect>> {
        self.0.redirects(o, ids).await
    }

    async fn waiting(&self, o: &OrganizationId) -> Result<Vec<Waiting>> {
        self.0.waiting(o).await
    }

    async fn sources(&self, o: &OrganizationId) -> Result<Vec<SourceId>> {
        self.0.sources(o).await
    }

    async fn moved(&self, o: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        self.0.moved(o).await
    }

    async fn users(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        self.0.users(o, s, objects).await
    }

    async fn groups(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        self.0.groups(o, s, objects).await
    }

    async fn constraints(&self, o: &OrganizationId) -> Result<Vec<Constraint>> {
        self.0.constraints(o).await
    }

    async fn merges(&self, o: &OrganizationId) -> Result<Vec<MergeRecord>> {
        self.0.merges(o).await
    }

    async fn checkpoint(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        self.0.checkpoint(o, s, key).await
    }

    async fn runs(&self, o: &OrganizationId, s: &SourceId, limit: usize) -> Result<Vec<RunRecord>> {
        self.0.runs(o, s, limit).await
    }

    async fn release_lease(&self, o: &OrganizationId, s: &SourceId, holder: RunId) -> Result<()> {
        self.0.release_lease(o, s, holder).await
    }

    async fn events_since(
        &self,
        o: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        self.0.events_since(o, cursor, limit).await
    }

    async fn events_end(&self, o: &OrganizationId) -> Result<String> {
        self.0.events_end(o).await
    }

    async fn prune_events(
        &self,
        o: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        self.0.prune_events(o, cursor, older_than).await
    }

    async fn prune_runs(&self, o: &OrganizationId, retain: RetainRuns) -> Result<()> {
        self.0.prune_runs(o, retain).await
    }

    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<AssetCounts> {
        self.0.count_assets(request, facets).await
    }

    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        self.0.search_assets(request).await
    }

    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        self.0.search_users(request).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        self.0.search_groups(request).await
    }
}
