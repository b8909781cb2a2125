//! Applying a plan that was made before.

use serde::{Deserialize, Serialize};

use super::domain;
use super::lease;
use super::limits::Confirmation;
use super::links;
use super::options::SyncOptions;
use super::plan::{MergePlan, newest_run};
use super::run::Run;
use super::stage::stage;
use super::stale;
use super::write::{commit, settle};
use crate::asset::{AssetRepository, Batch, CommitOutcome};
use crate::value::{AssetId, BatchId};
use crate::{Error, ErrorKind, Result};

/// What applying a plan did.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Applied {
    /// Changes that were written.
    pub written: u64,
    /// Changes that were dropped, because the assets they speak of have changed since the plan was made.
    pub dropped: u64,
}

impl MergePlan {
    /// Writes what it says, as far as it still holds.
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
    /// [confirm](SyncOptions::with_confirmation) it, and [`ErrorKind::OtherDomain`] if it is of another domain than the one
    /// that the source's last complete run read, and the options do not
    /// [accept](SyncOptions::with_accept_other_domain) that; nothing was written then. [`ErrorKind::Lease`] if a run of the
    /// source is under way, and what the store reports. What was written before stays; applying the plan again goes on, since
    /// batches that were written are not written twice.
    pub async fn apply(
        &self,
        repository: &dyn AssetRepository,
        options: &SyncOptions,
    ) -> Result<Applied> {
        if let Some(braked) = &self.report.brake
            && !Confirmation::covers(options.confirmation, braked)?
        {
            return Err(braked.error(&self.report.lost));
        }
        let run = &Run::new(&self.task, repository, options);
        lease::hold(run, |token| stage(move || apply_batches(run, self, token))).await
    }
}

async fn apply_batches(run: &Run<'_>, plan: &MergePlan, token: u64) -> Result<Applied> {
    domain::check(run, &plan.report.server).await?;
    let newest = newest_run(run).await?;
    let overtaken = newest != plan.after && newest != Some(plan.report.run);
    let links = links::load(run).await?;
    let decisions = plan.report.decisions.as_deref().unwrap_or_default();
    let mut applied = Applied::default();
    // A batch that is there already may have lost changes on its way: nobody knows any more.
    let mut is_doubtful = overtaken;
    for planned in &plan.batches {
        run.options.cancellation.check()?;
        let mut batch = planned.clone().with_lease(token);
        if overtaken {
            stale::drop_principals(&mut batch, &links);
        }
        stale::renew_presence(&mut batch, &links);
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
            match commit(run, batch.clone()).await? {
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
    let changes = settle::changes(run, &plan.report.server).await?;
    if changes.is_empty() {
        return Ok(());
    }
    let id = BatchId::random_v7();
    let batch = Batch::new(id, plan.task.organization.clone(), plan.task.source.clone());
    // Where somebody was faster, the next run settles it.
    let _ = commit(run, batch.with_lease(token).with_changes(changes)).await?;
    Ok(())
}
