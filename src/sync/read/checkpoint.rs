//! Where the last read ended, and where the next may go on.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use crate::Result;
use crate::sync::run::Run;
use crate::task::SyncTask;
use crate::value::{Checkpoint, ObjectGuid, ReadMode, RecordDigest};

/// With more computers to be read again than this, everything is.
const MOST_AGAIN: usize = 10_000;

/// What a run knew beside what it read.
#[derive(Debug)]
pub(in crate::sync) struct Knowledge {
    /// The [digest](super::outside::digest) of what it decided by.
    pub(in crate::sync) assets: Option<RecordDigest>,
    /// Computers that it left out although an asset has one of their names, and groups that did not show all their members.
    pub(in crate::sync) again: BTreeSet<ObjectGuid>,
}

/// Where the task's last complete read ended. In an inventory from before tasks had one each, the source's.
pub(in crate::sync) async fn earlier(run: &Run<'_>) -> Result<Option<Checkpoint>> {
    let SyncTask { organization, source, .. } = run.task;
    let own = run.task.checkpoint_key();
    match run.repository.checkpoint(organization, source, own).await? {
        Some(checkpoint) => Ok(Some(checkpoint)),
        None => run.repository.checkpoint(organization, source, RecordDigest::default()).await,
    }
}

/// Where the next run may go on. An incomplete read moves nothing on; after a complete one at least the scope is kept.
pub(in crate::sync) fn after(
    run: &Run<'_>,
    snapshot: &Snapshot,
    earlier: Option<&Checkpoint>,
    knowledge: Knowledge,
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
    if knowledge.again.len() <= MOST_AGAIN {
        checkpoint.assets = knowledge.assets;
        checkpoint.again = knowledge.again;
    }
    Some(checkpoint)
}
