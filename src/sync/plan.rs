//! What a run would do, to be looked at.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::conductor::{self, Outcome};
use super::limits::LimitsExceeded;
use super::loss::Loss;
use super::options::SyncOptions;
use super::protection::LATEST;
use super::report::SyncReport;
use super::run::Run;
use super::write::Sink;
use crate::asset::{AssetRepository, Batch, Change, Link, Presence};
use crate::directory::DirectorySource;
use crate::task::SyncTask;
use crate::value::RunId;
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
    /// The run of the source that had finished last when the plan was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RunId>,
}

/// A run that the brake stopped: what it would have done. It is the source of the error.
///
/// ```no_run
/// # use ldap_inventory::sync::{Stopped, SyncOptions, sync};
/// # async fn run(task: &ldap_inventory::task::SyncTask, directory: &dyn ldap_inventory::directory::DirectorySource,
/// #     inventory: &dyn ldap_inventory::asset::AssetRepository) -> ldap_inventory::Result<()> {
/// let error = match sync(task, directory, inventory, &SyncOptions::new()).await {
///     Ok(_) => return Ok(()),
///     Err(error) => error,
/// };
/// if let Some(stopped) = Stopped::of(&error) {
///     // Show the plan to a person. If it is right, this run goes through, and no other:
///     let confirmed = SyncOptions::new().with_confirmation(Some(stopped.braked.confirmation));
///     sync(task, directory, inventory, &confirmed).await?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Stopped {
    /// What is too much.
    pub braked: LimitsExceeded,
    /// Everything that the run would have done, with every decision.
    pub plan: MergePlan,
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
    let outcome = conductor::execute(&run, directory, Sink::Collect).await?;
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

impl Stopped {
    /// The stopped run behind an error of kind [`ErrorKind::LimitsExceeded`].
    pub fn of(error: &Error) -> Option<&Self> {
        std::error::Error::source(error)?.downcast_ref()
    }

    pub(super) fn into_error(self) -> Error {
        self.braked.error(&self.plan.report.lost).with_source(self)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let batches = self.plan.batches.iter().map(|batch| batch.changes.len()).sum::<usize>();
        write!(f, "the plan of the stopped run has {batches} changes")
    }
}

impl std::error::Error for Stopped {}

impl MergePlan {
    /// What would go missing that is there as far as the inventory knows: computers, then groups, then users, each in the
    /// order of their objectGUIDs.
    ///
    /// Empty in a plan whose batches were written by hand, without the marks of what is missing.
    pub fn losses(&self) -> Vec<Loss> {
        let mut losses: Vec<Loss> = self
            .batches
            .iter()
            .flat_map(|batch| {
                let lost = batch.changes.iter().filter_map(|change| self.lost(change));
                lost.map(|link| Loss::of(link, &batch.changes, &batch.source))
            })
            .collect();
        losses.sort_by_key(|loss| (loss.kind, loss.object));
        losses
    }

    /// The link that a change writes, if the run is the first to miss its object.
    fn lost<'a>(&self, change: &'a Change) -> Option<&'a Link> {
        let Change::PutLink { link, .. } = change else { return None };
        let since = match link.presence {
            Presence::Present => return None,
            Presence::Missing { since, .. } | Presence::Gone { since } => since,
        };
        (since == self.report.started).then_some(link)
    }
}

/// The newest run that wrote what it had read, however many failed since.
pub(super) async fn newest_run(run: &Run<'_>) -> Result<Option<RunId>> {
    let task = run.task;
    for limit in LATEST {
        let runs = run.repository.runs(&task.organization, &task.source, limit).await?;
        let newest = runs.iter().find(|record| record.outcome.has_written());
        if newest.is_some() || runs.len() < limit {
            return Ok(newest.map(|record| record.id));
        }
    }
    Ok(None)
}
