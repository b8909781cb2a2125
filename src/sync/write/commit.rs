//! Handing a batch to the store.

use std::time::Duration;

use crate::asset::{Batch, CommitOutcome};
use crate::sync::run::Run;
use crate::value::AssetId;
use crate::{Error, ErrorKind, Result, Retry};

/// Commits a batch, and tries again where the store failed in passing: it may have been done all the same,
/// and then its id tells.
pub(in crate::sync) async fn commit(run: &Run<'_>, batch: Batch) -> Result<CommitOutcome> {
    let mut attempt = 0;
    loop {
        let error = match run.repository.commit(batch.clone()).await {
            Ok(committed) => return Ok(committed),
            Err(error) => error,
        };
        attempt += 1;
        if error.retry() != Retry::Transient {
            return Err(error);
        }
        if attempt > run.options.commit_retries {
            return Err(error.with_retry(Retry::Exhausted).with_context("attempts", attempt));
        }
        tracing::warn!(error = %error.report(), attempt, "the commit failed; trying again");
        run.options.cancellation.check()?;
        tokio::time::sleep(Duration::from_millis(50 << attempt.min(6))).await;
    }
}

pub(super) fn conflict(assets: &[AssetId]) -> Error {
    let error = Error::new(
        ErrorKind::Conflict,
        "somebody else keeps changing the same assets; what was committed before stays, run again later",
    )
    .in_operation("commit")
    .with_retry(Retry::Exhausted);
    match assets.first() {
        Some(asset) => error.with_context("asset", asset),
        None => error,
    }
}
