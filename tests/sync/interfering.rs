//! A store that others write to at the worst moment.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use ldap_inventory::Result;
use ldap_inventory::asset::*;
use ldap_inventory::name::MatchKey;
use ldap_inventory::value::*;

/// Who writes before a batch: given its number, counted from 0, and the batch.
type Rival = Box<dyn FnMut(usize, &Batch) -> Option<Batch> + Send>;

/// A repository in which somebody else commits a batch just before ours, or does something meanwhile.
pub(crate) struct Interfering<R> {
    inner: R,
    rival: Mutex<(usize, Rival)>,
    /// What is done meanwhile, until it is, and after how many looks.
    meanwhile: Mutex<Option<(usize, BoxFuture<'static, ()>)>>,
    /// How often all links of a directory were asked for.
    streams: AtomicUsize,
}

impl<R> Interfering<R> {
    pub(crate) fn new(
        inner: R,
        rival: impl FnMut(usize, &Batch) -> Option<Batch> + Send + 'static,
    ) -> Self {
        let rival = Mutex::new((0, Box::new(rival) as Rival));
        Self { inner, rival, meanwhile: Mutex::default(), streams: AtomicUsize::new(0) }
    }

    /// Does this once, when somebody looks for the n-th time, counted from 0, at the assets that decisions touch: what is
    /// decided is known then, and the assets are not.
    pub(crate) fn meanwhile(
        self,
        n: usize,
        act: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { meanwhile: Mutex::new(Some((n, Box::pin(act)))), ..self }
    }

    /// Whether that was done.
    pub(crate) fn is_done(&self) -> bool {
        self.meanwhile.lock().unwrap().is_none()
    }

    /// How many batches were to be committed.
    pub(crate) fn commits(&self) -> usize {
        self.rival.lock().unwrap().0
    }

    /// How often all links of a directory were asked for, and not those of some objects.
    pub(crate) fn streams(&self) -> usize {
        self.streams.load(Ordering::Relaxed)
    }

    fn rival(&self, batch: &Batch) -> Option<Batch> {
        let (count, rival) = &mut *self.rival.lock().unwrap();
        *count += 1;
        rival(*count - 1, batch)
    }
}

impl<R> fmt::Debug for Interfering<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Interfering")
    }
}

#[async_trait]
impl<R: AssetRepository> AssetRepository for Interfering<R> {
    async fn links(&self, request: LinksRequest) -> Result<BoxStream<'static, Result<Link>>> {
        self.streams.fetch_add(usize::from(request.objects.is_none()), Ordering::Relaxed);
        self.inner.links(request).await
    }

    async fn each_asset(
        &self,
        request: AssetsRequest,
    ) -> Result<BoxStream<'static, Result<Asset>>> {
        self.inner.each_asset(request).await
    }

    async fn each_user(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryUser>>> {
        self.inner.each_user(request).await
    }

    async fn each_group(
        &self,
        request: PrincipalsRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryGroup>>> {
        self.inner.each_group(request).await
    }

    async fn candidates(&self, o: &OrganizationId, keys: &[MatchKey]) -> Result<Vec<Asset>> {
        self.inner.candidates(o, keys).await
    }

    async fn redirects(&self, o: &OrganizationId, ids: &[AssetId]) -> Result<Vec<Redirect>> {
        self.inner.redirects(o, ids).await
    }

    async fn waiting(&self, o: &OrganizationId) -> Result<Vec<Waiting>> {
        self.inner.waiting(o).await
    }

    async fn sources(&self, o: &OrganizationId) -> Result<Vec<SourceId>> {
        self.inner.sources(o).await
    }

    async fn moved(&self, o: &OrganizationId) -> Result<Vec<(SourceId, Link)>> {
        let due = self.meanwhile.lock().unwrap().take();
        match due {
            Some((0, act)) => act.await,
            later => *self.meanwhile.lock().unwrap() = later.map(|(n, act)| (n - 1, act)),
        }
        self.inner.moved(o).await
    }

    async fn constraints(&self, o: &OrganizationId) -> Result<Vec<Constraint>> {
        self.inner.constraints(o).await
    }

    async fn merges(&self, o: &OrganizationId) -> Result<Vec<MergeRecord>> {
        self.inner.merges(o).await
    }

    async fn checkpoint(
        &self,
        o: &OrganizationId,
        s: &SourceId,
        key: RecordDigest,
    ) -> Result<Option<Checkpoint>> {
        self.inner.checkpoint(o, s, key).await
    }

    async fn runs(&self, o: &OrganizationId, s: &SourceId, n: usize) -> Result<Vec<RunRecord>> {
        self.inner.runs(o, s, n).await
    }

    async fn acquire_lease(&self, request: LeaseRequest) -> Result<Lease> {
        self.inner.acquire_lease(request).await
    }

    async fn release_lease(&self, o: &OrganizationId, s: &SourceId, holder: RunId) -> Result<()> {
        self.inner.release_lease(o, s, holder).await
    }

    /// Rests first, as a store behind a network does.
    async fn commit(&self, batch: Batch) -> Result<CommitOutcome> {
        tokio::task::yield_now().await;
        if let Some(other) = self.rival(&batch) {
            assert_eq!(self.inner.commit(other).await?, CommitOutcome::Applied);
        }
        self.inner.commit(batch).await
    }

    async fn count_assets(&self, request: SearchRequest, facets: &[Facet]) -> Result<AssetCounts> {
        self.inner.count_assets(request, facets).await
    }

    async fn search_assets(&self, request: SearchRequest) -> Result<SearchPage<Asset>> {
        self.inner.search_assets(request).await
    }

    async fn search_users(&self, request: SearchRequest) -> Result<SearchPage<DirectoryUser>> {
        self.inner.search_users(request).await
    }

    async fn search_groups(&self, request: SearchRequest) -> Result<SearchPage<DirectoryGroup>> {
        self.inner.search_groups(request).await
    }
}
