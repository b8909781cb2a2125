//! Outward calls that fail as planned.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::asset::{
    Asset, AssetCounts, AssetRepository, AssetsRequest, Batch, CommitOutcome, Constraint,
    DirectoryGroup, DirectoryUser, Event, Facet, Lease, LeaseRequest, Link, LinksRequest,
    MergeRecord, PrincipalsRequest, Redirect, RetainRuns, RunRecord, SearchPage, SearchRequest,
    Waiting,
};
use crate::credential::{Credential, CredentialStore};
use crate::directory::{DirectoryEvent, DirectorySource, ReadRequest};
use crate::name::MatchKey;
use crate::value::{
    AssetId, Checkpoint, CredentialId, ObjectGuid, OrganizationId, RecordDigest, RunId, SourceId,
    Timestamp,
};
use crate::{Error, ErrorKind, Result, Retry};

/// What goes wrong with one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CallFault {
    /// The call happens, and its answer is lost: the error looks like
    /// [`Unreachable`](Self::Unreachable).
    AnswerLost,
    /// The call does not happen: an error that trying again does not help against.
    Broken,
    /// The call does not happen: it takes too long.
    TimedOut,
    /// The call does not happen: an error that is expected to pass.
    Unreachable,
}

/// Which of the outward calls fail, and how; and which calls there were.
///
/// Calls are counted from 0, over all wrappers that share the plan; a clone shares it. Without faults a
/// plan only counts, so that a test can then fail each call in turn:
///
/// ```
/// use ldap_inventory::asset::AssetRepository;
/// use ldap_inventory::store::MemoryRepository;
/// use ldap_inventory::testing::{CallFault, FaultPlan, Faulty};
/// use ldap_inventory::value::OrganizationId;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> ldap_inventory::Result<()> {
/// async fn work(repository: impl AssetRepository) -> ldap_inventory::Result<()> {
///     repository.constraints(&OrganizationId::new("acme")?).await?;
///     Ok(())
/// }
///
/// let counting = FaultPlan::new();
/// work(Faulty::new(MemoryRepository::new(), &counting)).await?;
/// assert_eq!(counting.calls(), ["constraints"]);
/// for n in 0..counting.calls().len() {
///     let plan = FaultPlan::new().with(n, CallFault::TimedOut);
///     assert!(work(Faulty::new(MemoryRepository::new(), &plan)).await.is_err());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    state: Arc<Mutex<PlanState>>,
}

#[derive(Debug, Default)]
struct PlanState {
    faults: BTreeMap<usize, CallFault>,
    calls: Vec<&'static str>,
}

impl FaultPlan {
    /// A plan in which nothing fails.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fails the `n`-th call, counted from 0.
    #[must_use]
    pub fn with(self, n: usize, fault: CallFault) -> Self {
        self.state().faults.insert(n, fault);
        self
    }

    /// The calls there were, by name and in order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.state().calls.clone()
    }

    fn state(&self) -> MutexGuard<'_, PlanState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call.
    fn next(&self, operation: &'static str) -> Option<CallFault> {
        let mut state = self.state();
        let n = state.calls.len();
        state.calls.push(operation);
        state.faults.get(&n).copied()
    }

    async fn call<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        match self.next(operation) {
            None => call.await,
            Some(fault) => {
                if fault == CallFault::AnswerLost {
                    call.await?;
                }
                Err(fault.error(operation))
            }
        }
    }
}

impl CallFault {
    fn error(self, operation: &'static str) -> Error {
        let (kind, retry, message) = match self {
            Self::AnswerLost | Self::Unreachable => {
                (ErrorKind::Store, Retry::Transient, "the connection was closed (a planned fault)")
            }
            Self::Broken => (ErrorKind::Store, Retry::Never, "it is broken (a planned fault)"),
            Self::TimedOut => {
                (ErrorKind::Timeout, Retry::Transient, "it took too long (a planned fault)")
            }
        };
        Error::new(kind, message).with_retry(retry).in_operation(operation)
    }
}

/// A repository, a directory or a credential store whose calls fail as planned.
///
/// Of a directory, beginning a read is one call (`read`), and so is every event (`event`); a fault on an event ends the
/// stream with an error, as a source does.
#[derive(Clone, Debug)]
pub struct Faulty<T> {
    inner: T,
    plan: FaultPlan,
}

impl<T> Faulty<T> {
    /// Wraps it.
    pub fn new(inner: T, plan: &FaultPlan) -> Self {
        Self { inner, plan: plan.clone() }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<R: AssetRepository> AssetRepository for Faulty<R> {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        self.plan.call("links", self.inner.links(request)).await
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        self.plan.call("each_asset", self.inner.each_asset(request)).await
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        self.plan.call("each_user", self.inner.each_user(request)).await
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        self.plan.call("each_group", self.inner.each_group(request)).await
    }

    async fn candidates(
        &self,
        organization: &OrganizationId,
        keys: &[MatchKey],
    ) -> Result<Vec<Asset>> {
        self.plan.call("candidates", self.inner.candidates(organization, keys)).await
    }

    async fn assets(&self, organization: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Asset>> {
        self.plan.call("assets", self.inner.assets(organization, ids)).await
    }

    async fn users(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryUser>> {
        self.plan.call("users", self.inner.users(organization, source, objects)).await
    }

    async fn groups(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        objects: &[ObjectGuid],
    ) -> Result<Vec<DirectoryGroup>> {
        self.plan.call("groups", self.inner.groups(organization, source, objects)).await
    }

    async fn redirects(
        &self,
        organization: &OrganizationId,
        ids: &[AssetId],
    ) -> Result<Vec<Redirect>> {
        self.plan.call("redirects", self.inner.redirects(organization, ids)).await
    }

    async fn waiting(&self, organization: &OrganizationId) -> Result<Vec<Waiting>> {
        self.plan.call("waiting", self.inner.waiting(organization)).await
    }

    async fn sources(&self, organization: &OrganizationId) -> Result<Vec<SourceId>> {
        self.plan.call("sources", self.inner.sources(organization)).await
    }

    async fn moved(&self, organization: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        self.plan.call("moved", self.inner.moved(organization)).await
    }

    async fn constraints(&self, organization: &OrganizationId) -> Result<Vec<Constraint>> {
        self.plan.call("constraints", self.inner.constraints(organization)).await
    }

    async fn merges(&self, organization: &OrganizationId) -> Result<Vec<MergeRecord>> {
        self.plan.call("merges", self.inner.merges(organization)).await
    }

    async fn checkpoint(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        self.plan.call("checkpoint", self.inner.checkpoint(organization, source, key)).await
    }

    async fn runs(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        limit: usize,
    ) -> Result<Vec<RunRecord>> {
        self.plan.call("runs", self.inner.runs(organization, source, limit)).await
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        self.plan.call("acquire_lease", self.inner.acquire_lease(request)).await
    }

    async fn release_lease(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
        holder: RunId,
    ) -> Result<()> {
        let release = self.inner.release_lease(organization, source, holder);
        self.plan.call("release_lease", release).await
    }

    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        self.plan.call("commit", self.inner.commit(batch)).await
    }

    async fn events_since(
        &self,
        organization: &OrganizationId,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Event>> {
        let events = self.inner.events_since(organization, cursor, limit);
        self.plan.call("events_since", events).await
    }

    async fn events_end(&self, organization: &OrganizationId) -> Result<String> {
        self.plan.call("events_end", self.inner.events_end(organization)).await
    }

    async fn prune_events(
        &self,
        organization: &OrganizationId,
        cursor: &str,
        older_than: Timestamp,
    ) -> Result<()> {
        let prune = self.inner.prune_events(organization, cursor, older_than);
        self.plan.call("prune_events", prune).await
    }

    async fn prune_runs(&self, organization: &OrganizationId, retain: RetainRuns) -> Result<()> {
        self.plan.call("prune_runs", self.inner.prune_runs(organization, retain)).await
    }

    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<AssetCounts> {
        self.plan.call("count_assets", self.inner.count_assets(request, facets)).await
    }

    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        self.plan.call("search_assets", self.inner.search_assets(request)).await
    }

    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        self.plan.call("search_users", self.inner.search_users(request)).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        self.plan.call("search_groups", self.inner.search_groups(request)).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<D: DirectorySource> DirectorySource for Faulty<D> {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let events = self.plan.call("read", self.inner.read(request)).await?;
        let first = Some((events, self.plan.clone()));
        let planned = stream::unfold(first, |next| async move {
            let (mut events, plan) = next?;
            let event = events.next().await?;
            let event = plan.call("event", std::future::ready(event)).await;
            let next = event.is_ok().then_some((events, plan));
            Some((event, next))
        });
        Ok(planned.boxed())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<C: CredentialStore> CredentialStore for Faulty<C> {
    async fn credential(
        &self,
        id: &CredentialId,
        organization: &OrganizationId,
    ) -> Result<Option<Credential>> {
        self.plan.call("credential", self.inner.credential(id, organization)).await
    }
}
