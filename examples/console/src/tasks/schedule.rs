//! When tasks run by themselves. The library starts nothing: this loop does.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::Result;
use ldap_inventory::asset::{RunOutcome, RunRecord};
use ldap_inventory::schedule::Due;

use super::{Entry, Errand, Manner, start};
use crate::{Console, now};

/// How often the clock is looked at. Sleeping until the next time would miss it when the clock is set, or the machine was
/// asleep.
const TICK: Duration = Duration::from_secs(1);

/// Runs every task when it is due.
pub(crate) async fn follow(console: Arc<Console>) {
    while !console.tasks.cancellation().is_cancelled() {
        for entry in console.tasks.all() {
            if is_due(&entry) {
                // Where somebody was faster, it runs or is no more.
                let _ = start(&console, &entry, Errand::Sync(Manner::default()));
            }
        }
        tokio::time::sleep(TICK).await;
    }
}

fn is_due(entry: &Entry) -> bool {
    let schedule = entry.definition().schedule;
    let due = schedule.map(|schedule| schedule.due(now(), entry.last_begun()));
    matches!(due, Some(Due::Since(_))) && entry.is_resting()
}

/// Asks the inventory when each task ran last, so that what was missed is made up for, and nothing runs twice.
pub(crate) async fn recall(console: &Console) -> Result<()> {
    for entry in console.tasks.all() {
        let runs = history(console, &entry, usize::MAX).await?;
        let begun = runs.iter().map(|run| run.started).max();
        let complete = runs.iter().filter(|run| run.outcome == RunOutcome::Complete);
        entry.recall(begun, complete.map(|run| run.finished).max());
    }
    Ok(())
}

/// The latest runs of a task, newest first, at most `limit`.
pub(crate) async fn history(
    console: &Console,
    entry: &Entry,
    limit: usize,
) -> Result<Vec<RunRecord>> {
    let task = entry.definition().task;
    let mut asked = limit;
    loop {
        // Those of other tasks of the source are among them.
        let mut runs = console.inventory.runs(&task.organization, &task.source, asked).await?;
        let is_all = runs.len() < asked;
        runs.retain(|run| run.task == task.name);
        if is_all || runs.len() >= limit {
            runs.truncate(limit);
            return Ok(runs);
        }
        asked = asked.saturating_mul(4);
    }
}
