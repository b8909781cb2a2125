//! Working under the lease of a source: one at a time writes for it.

use std::time::Duration;

use super::{AssetRepository, LeaseRequest};
use crate::value::{OrganizationId, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// Who holds the lease of a source while it works.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeaseHolder<'a> {
    pub(crate) repository: &'a dyn AssetRepository,
    pub(crate) organization: &'a OrganizationId,
    pub(crate) source: &'a SourceId,
    pub(crate) run: RunId,
    /// For how long the lease is granted at a time. It is prolonged as long as the work goes on.
    pub(crate) time: Duration,
}

impl LeaseHolder<'_> {
    /// Works under the lease, whose token the work is given, and gives it back however the work ends.
    pub(crate) async fn hold<T, W: Future<Output = Result<T>>>(
        self,
        work: impl FnOnce(u64) -> W,
    ) -> Result<T> {
        let outcome = match self.acquire().await {
            Ok(token) => tokio::select! {
                outcome = work(token) => outcome,
                error = self.keep(token) => Err(error),
            },
            Err(error) if error.kind() == ErrorKind::Lease => return Err(error),
            // It may have been granted all the same.
            Err(error) => Err(error),
        };
        self.release().await;
        outcome
    }

    async fn acquire(&self) -> Result<u64> {
        let (organization, source) = (self.organization.clone(), self.source.clone());
        let now = Timestamp::now();
        let request = LeaseRequest::new(organization, source, self.run, now, self.time);
        Ok(self.repository.acquire_lease(request).await?.token)
    }

    async fn release(&self) {
        let Self { repository, organization, source, run, .. } = *self;
        if let Err(error) = repository.release_lease(organization, source, run).await {
            tracing::warn!(error = %error.report(), "the lease was not given back; it will expire");
        }
    }

    /// Prolongs the lease for ever; returns only when that fails. Whoever finds it broken is granted a new one, with another
    /// token: that is for a later run, and what this one read may be out of date.
    async fn keep(&self, token: u64) -> Error {
        loop {
            tokio::time::sleep(self.time / 3).await;
            match self.acquire().await {
                Ok(renewed) if renewed == token => {}
                Ok(_) => return self.broken(),
                Err(error) => return error.with_context("run", self.run),
            }
        }
    }

    fn broken(&self) -> Error {
        let message =
            "the lease of the run was broken, so that the run ends; what it had written stays";
        Error::new(ErrorKind::Lease, message)
            .with_context("source", self.source)
            .with_context("run", self.run)
    }
}
