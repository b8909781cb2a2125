//! The lease of the source: one run at a time writes for it.

use super::run::Run;
use crate::asset::LeaseRequest;
use crate::value::Timestamp;
use crate::{Error, ErrorKind, Result};

/// Works under the lease of the source, and gives it back however the work ends.
pub(super) async fn hold<T, W: Future<Output = Result<T>>>(
    run: &Run<'_>,
    work: impl FnOnce(u64) -> W,
) -> Result<T> {
    let outcome = match acquire(run).await {
        Ok(token) => tokio::select! {
            outcome = work(token) => outcome,
            error = keep(run) => Err(error),
        },
        Err(error) if error.kind() == ErrorKind::Lease => return Err(error),
        // It may have been granted all the same.
        Err(error) => Err(error),
    };
    release(run).await;
    outcome
}

async fn acquire(run: &Run<'_>) -> Result<u64> {
    let (organization, source) = (run.task.organization.clone(), run.task.source.clone());
    let (now, time) = (Timestamp::now(), run.options.lease_time);
    let request = LeaseRequest::new(organization, source, run.id, now, time);
    Ok(run.repository.acquire_lease(request).await?.token)
}

async fn release(run: &Run<'_>) {
    let task = run.task;
    let released = run.repository.release_lease(&task.organization, &task.source, run.id).await;
    if let Err(error) = released {
        tracing::warn!(error = %error.report(), "the lease was not given back; it will expire");
    }
}

/// Prolongs the lease for ever; returns only when that fails.
async fn keep(run: &Run<'_>) -> Error {
    loop {
        tokio::time::sleep(run.options.lease_time / 3).await;
        if let Err(error) = acquire(run).await {
            return error.with_context("run", run.id);
        }
    }
}
