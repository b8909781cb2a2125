//! Where the last read ended, and where the next may go on.

use super::snapshot::Snapshot;
use crate::Result;
use crate::sync::run::Run;
use crate::task::SyncTask;
use crate::value::{Checkpoint, CheckpointKey, ReadMode};

/// Where the task's last complete read ended. In an inventory from before tasks had one each, the source's.
pub(in crate::sync) async fn earlier(run: &Run<'_>) -> Result<Option<Checkpoint>> {
    let SyncTask { organization, source, .. } = run.task;
    let own = run.task.checkpoint_key();
    match run.repository.checkpoint(organization, source, own).await? {
        Some(checkpoint) => Ok(Some(checkpoint)),
        None => run.repository.checkpoint(organization, source, CheckpointKey::default()).await,
    }
}

/// Where the next run may go on. An incomplete read moves nothing on; after a complete one at least the scope is kept.
pub(in crate::sync) fn after(
    run: &Run<'_>,
    snapshot: &Snapshot,
    earlier: Option<&Checkpoint>,
) -> Option<Checkpoint> {
    let end = &snapshot.end;
    if !end.completeness.is_complete() {
        return None;
    }
    let left = end.checkpoint.clone();
    let mut checkpoint =
        left.unwrap_or_else(|| Checkpoint::new(ReadMode::Full, end.scope.fingerprint, Vec::new()));
    checkpoint.key = run.task.checkpoint_key();
    checkpoint.rules = Some(run.rules());
    checkpoint.full_read = match snapshot.is_changes() {
        true => earlier.and_then(|earlier| earlier.full_read),
        false => Some(run.now),
    };
    Some(checkpoint)
}
