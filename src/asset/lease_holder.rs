//! Working under the lease of a source: one at a time writes for it.

use std::time::Duration;

use tokio::time::Instant;

use super::{AssetRepository, LeaseRequest};
use crate::value::{OrganizationId, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result, Retry};

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
    /// Works under the lease, whose token the work is given, and gives it back however the work ends. A failure is told
    /// before that, with the token, to be noted.
    pub(crate) async fn hold<T, W: Future<Output = Result<T>>>(
        self,
        work: impl FnOnce(u64) -> W,
        note: impl AsyncFnOnce(Error, u64) -> Error,
    ) -> Result<T> {
        let asked = Instant::now();
        let outcome = match self.acquire().await {
            Ok(token) => {
                let outcome = tokio::select! {
                    outcome = work(token) => outcome,
                    error = self.keep(token, asked) => Err(error),
                };
                match outcome {
                    // Whoever lost the lease must write nothing more, not even this.
                    Err(error) if error.kind() != ErrorKind::Lease => Err(note(error, token).await),
                    outcome => outcome,
                }
            }
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

    /// Prolongs the lease for ever, and returns when that fails; what is expected to pass is tried again while at least a
    /// quarter of the time is left that was `granted` last. Whoever finds it broken is granted a new one, with another
    /// token: that is for a later run, and what this one read may be out of date.
    async fn keep(&self, token: u64, mut granted: Instant) -> Error {
        let (usual, soon) = (self.time / 3, self.time / 12);
        let mut pause = usual;
        loop {
            tokio::time::sleep(pause).await;
            let asked = Instant::now();
            match self.acquire().await {
                Ok(renewed) if renewed == token => (granted, pause) = (asked, usual),
                Ok(_) => return self.broken(),
                Err(error) if may_pass(&error) && granted.elapsed() < soon * 9 => {
                    tracing::warn!(error = %error.report(), "the lease was not prolonged yet");
                    pause = soon;
                }
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

/// Whether an error of the store is worth another try. That somebody else has the lease is none of the store's.
fn may_pass(error: &Error) -> bool {
    error.retry() == Retry::Transient && error.kind() != ErrorKind::Lease
}
