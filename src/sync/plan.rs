//! Planning now, applying later.

use serde::{Deserialize, Serialize};

use super::run::Run;
use super::writer::{self, Sink};
use super::{SyncOptions, SyncReport};
use crate::asset::{AssetRepository, Batch, Change, Committed};
use crate::directory::DirectorySource;
use crate::schedule::SyncTask;
use crate::value::AssetId;
use crate::{Error, ErrorKind, Result};

/// What a run would do: every write, with the reason of every decision.
///
/// It serialises, so it can be stored, shown to people and applied later.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MergePlan {
    /// The task it is for.
    pub task: SyncTask,
    /// What would be done, in numbers, with every decision.
    pub report: SyncReport,
    /// What would be written.
    pub batches: Vec<Batch>,
}

/// What applying a plan did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Applied {
    /// Changes that were written.
    pub written: u64,
    /// Changes that were dropped, because the assets they speak of have changed since the plan was made.
    pub dropped: u64,
}

/// Runs the very code of [`sync`](super::sync) and stops before the first write.
///
/// Takes no lease and writes nothing. The plan holds every asset it would write: on a large domain that
/// takes as much memory as those assets do.
///
/// # Errors
///
/// Those of [`sync`](super::sync), the lease apart.
pub async fn plan(
    task: &SyncTask,
    directory: &dyn DirectorySource,
    repository: &dyn AssetRepository,
    options: &SyncOptions,
) -> Result<MergePlan> {
    let options = options.clone().with_dry_run(true).with_explain(true);
    let run = Run::new(task, repository, &options);
    let (report, batches) = run.execute(directory, Sink::Collect).await?;
    Ok(MergePlan { task: task.clone(), report, batches })
}

/// Writes what a plan says, as far as it still holds.
///
/// A change to an asset that is not at the version it was planned on is dropped, together with the link that
/// goes with it. Nothing is ever added. If anything was dropped, or another run has finished since, the
/// plan's checkpoint is not written, so that the next run reads everything.
///
/// # Errors
///
/// [`ErrorKind::Lease`] if a run of the source is under way, and what the store reports. What was written
/// before stays; applying the plan again goes on, since batches that were written are not written twice.
pub async fn apply(
    plan: &MergePlan,
    repository: &dyn AssetRepository,
    options: &SyncOptions,
) -> Result<Applied> {
    let run = Run::new(&plan.task, repository, options);
    let token = run.acquire_lease().await?;
    let outcome = tokio::select! {
        outcome = apply_batches(&run, plan, token) => outcome,
        error = run.keep_lease() => Err(error),
    };
    run.release_lease().await;
    outcome
}

async fn apply_batches(run: &Run<'_>, plan: &MergePlan, token: u64) -> Result<Applied> {
    let mut applied = Applied::default();
    for batch in &plan.batches {
        run.options.cancellation.check()?;
        let mut batch = batch.clone().with_lease(token);
        if applied.dropped > 0 {
            batch.checkpoint = None;
        }
        let planned = batch.changes.len();
        let mut attempts = 0;
        let written = loop {
            match writer::commit(run, batch.clone()).await? {
                Committed::Applied => break batch.changes.len(),
                Committed::AlreadyApplied => break 0,
                Committed::Conflict(stale) if !stale.is_empty() && attempts <= planned => {
                    attempts += 1;
                    drop_stale(&mut batch, &stale);
                }
                Committed::Conflict(_) => {
                    return Err(Error::new(
                        ErrorKind::Conflict,
                        "the store reports a conflict over assets that the plan does not write",
                    ));
                }
            }
        };
        applied.written += written as u64;
        applied.dropped += (planned - batch.changes.len()) as u64;
    }
    Ok(applied)
}

fn drop_stale(batch: &mut Batch, stale: &[AssetId]) {
    batch.changes.retain(|change| {
        let asset = match change {
            Change::PutAsset { asset, .. } => Some(asset.id),
            Change::RemoveAsset { id, .. } => Some(*id),
            Change::PutLink(link) => link.asset,
            _ => None,
        };
        !asset.is_some_and(|asset| stale.contains(&asset))
    });
}
