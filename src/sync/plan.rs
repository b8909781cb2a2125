//! Planning now, applying later.

use serde::{Deserialize, Serialize};

use super::run::{Outcome, Run};
use super::writer::{self, Sink};
use super::{Confirmation, Stopped, SyncOptions, SyncReport, matching, stale};
use crate::asset::{AssetRepository, Batch, CommitOutcome};
use crate::directory::DirectorySource;
use crate::task::SyncTask;
use crate::value::{AssetId, BatchId, RunId};
use crate::{Error, ErrorKind, Result};

/// How many of the latest runs are looked through for one that has written.
const RUNS: usize = 50;

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
    /// The run of the source that had finished last when the plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RunId>,
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
    let after = newest_run(&run).await?;
    let outcome = run.execute(directory, Sink::Collect).await?;
    Ok(MergePlan { task: task.clone(), report: outcome.report, batches: outcome.batches, after })
}

/// The plan of a run that the brake stopped.
pub(super) async fn of_stopped(run: &Run<'_>, outcome: Outcome) -> Result<Stopped> {
    let after = newest_run(run).await?;
    let Outcome { mut report, batches, .. } = outcome;
    report.dry_run = true;
    let Some(braked) = report.brake.clone() else {
        return Err(Error::new(ErrorKind::LimitsExceeded, "a run was stopped without a reason"));
    };
    Ok(Stopped { braked, plan: MergePlan { task: run.task.clone(), report, batches, after } })
}

/// Writes what a plan says, as far as it still holds.
///
/// A change to an asset that is not at the version it was planned on is dropped, together with the link that
/// goes with it, and so is a change to a computer that was tied to another asset since. Users and groups are
/// left as they are if another run has finished since: it has read them later. Nothing is ever added. If
/// anything was dropped, or may have been when the plan was applied before, or if another run has finished
/// since, the plan's checkpoint is not written, so that the next run reads everything.
///
/// # Errors
///
/// [`ErrorKind::LimitsExceeded`] if the plan is more than one run may change and the options do not
/// [confirm](SyncOptions::with_confirmation) it; nothing was written then. [`ErrorKind::Lease`] if a run of the
/// source is under way, and what the store reports. What was written before stays; applying the plan again goes on, since batches that were written are not written twice.
pub async fn apply(
    plan: &MergePlan,
    repository: &dyn AssetRepository,
    options: &SyncOptions,
) -> Result<Applied> {
    if let Some(braked) = &plan.report.brake
        && !Confirmation::covers(options.confirmation, braked)?
    {
        return Err(braked.error());
    }
    let run = Run::new(&plan.task, repository, options);
    run.with_lease(|token| apply_batches(&run, plan, token)).await
}

async fn apply_batches(run: &Run<'_>, plan: &MergePlan, token: u64) -> Result<Applied> {
    let newest = newest_run(run).await?;
    let overtaken = newest != plan.after && newest != Some(plan.report.run);
    let links = matching::links(run).await?;
    let decisions = plan.report.decisions.as_deref().unwrap_or_default();
    let mut applied = Applied::default();
    // A batch that is there already may have lost changes on its way: nobody knows any more.
    let mut is_doubtful = overtaken;
    for planned in &plan.batches {
        run.options.cancellation.check()?;
        let mut batch = planned.clone().with_lease(token);
        if overtaken {
            stale::drop_principals(&mut batch);
        }
        let tied = stale::tied_since(&batch, &links);
        stale::drop_assets(&mut batch, tied, &links, decisions);
        let drop = |batch: &mut Batch, assets: Vec<AssetId>| {
            stale::drop_assets(batch, assets.into_iter().collect(), &links, decisions);
        };
        let dropped = |batch: &Batch| (planned.changes.len() - batch.changes.len()) as u64;
        loop {
            if is_doubtful || applied.dropped + dropped(&batch) > 0 {
                batch.checkpoint = None;
            }
            let left = batch.changes.len();
            match writer::commit(run, batch.clone()).await? {
                CommitOutcome::Applied => {
                    applied.written += left as u64;
                    applied.dropped += dropped(&batch);
                    break;
                }
                CommitOutcome::AlreadyApplied => {
                    is_doubtful = true;
                    break;
                }
                CommitOutcome::Conflict(assets) => drop(&mut batch, assets),
            }
            if batch.changes.len() == left {
                return Err(Error::new(
                    ErrorKind::Conflict,
                    "the store reports a conflict over assets that the plan does not write",
                ));
            }
        }
    }
    settle(run, plan, token).await?;
    Ok(applied)
}

/// Lets the inventory show what people decided, with what the plan has written.
async fn settle(run: &Run<'_>, plan: &MergePlan, token: u64) -> Result<()> {
    let changes = writer::settling(run, []).await?;
    if changes.is_empty() {
        return Ok(());
    }
    let id = BatchId::random_v7();
    let batch = Batch::new(id, plan.task.organization.clone(), plan.task.source.clone());
    // Where somebody was faster, the next run settles it.
    let _ = writer::commit(run, batch.with_lease(token).with_changes(changes)).await?;
    Ok(())
}

/// The newest run that wrote what it had read. Behind too many that failed it counts as unknown.
async fn newest_run(run: &Run<'_>) -> Result<Option<RunId>> {
    let task = run.task;
    let runs = run.repository.runs(&task.organization, &task.source, RUNS).await?;
    Ok(runs.iter().find(|record| record.outcome.has_written()).map(|record| record.id))
}
