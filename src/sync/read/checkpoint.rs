//! Where the last read ended, and where the next may go on.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Deserialize;

use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::RunRecord;
use crate::directory::ServerIdentity;
use crate::sync::run::Run;
use crate::task::SyncTask;
use crate::value::{Checkpoint, ObjectGuid, ReadMode, RecordDigest, Timestamp};

/// With more computers to be read again than this, everything is.
const MOST_AGAIN: usize = 10_000;

/// How many of the latest runs are asked for until one of the task's own is among them.
const LATEST_RUNS: [usize; 3] = [1, 32, usize::MAX];

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

/// Whether a run since then was over an export, whatever came of it: that may have been older than what the checkpoint
/// stands for, and what it said is not among the changes since.
pub(super) async fn is_exported_since(run: &Run<'_>, earlier: Option<&Checkpoint>) -> Result<bool> {
    #[derive(Deserialize)]
    struct Report {
        server: ServerIdentity,
    }
    let Some(earlier) = earlier else { return Ok(false) };
    let is_own = |it: &RunRecord| it.checkpoint.as_ref().is_some_and(|it| it.key == earlier.key);
    let is_export = |it: &RunRecord| {
        let report = it.report.as_deref().and_then(|it| serde_json::from_str::<Report>(it).ok());
        report.is_some_and(|report| !report.server.is_reached())
    };
    for limit in LATEST_RUNS {
        let runs = run.repository.runs(&run.task.organization, &run.task.source, limit).await?;
        let since = runs.iter().take_while(|it| !is_own(it)).count();
        if runs.iter().take(since).any(is_export) {
            return Ok(true);
        }
        if since < runs.len() || runs.len() < limit {
            break;
        }
    }
    Ok(false)
}

/// Whether a read of changes is to make sure what is still there.
pub(super) fn is_census_due(run: &Run<'_>, earlier: &Checkpoint) -> bool {
    let SyncTask { census_every, census_runs, census_beyond, .. } = *run.task;
    let runs = earlier.runs_since_census.saturating_add(1);
    let is_over = is_over(run, earlier.census, census_every);
    is_over || runs >= census_runs || earlier.objects <= census_beyond
}

/// Whether so much time has passed since. A time that is yet to come is of a clock that was wrong.
pub(super) fn is_over(run: &Run<'_>, since: Option<Timestamp>, time: Duration) -> bool {
    since.is_none_or(|last| last > run.now || run.now.saturating_since(last) >= time)
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
    if end.makes_sure() {
        checkpoint.census = Some(run.now);
        checkpoint.objects = snapshot.count_present();
    } else if let Some(earlier) = earlier {
        checkpoint.census = earlier.census;
        checkpoint.runs_since_census = earlier.runs_since_census.saturating_add(1);
        checkpoint.objects = earlier.objects;
    }
    if knowledge.again.len() <= MOST_AGAIN {
        checkpoint.assets = knowledge.assets;
        checkpoint.again = knowledge.again;
    }
    Some(checkpoint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryRepository;
    use crate::sync::SyncOptions;
    use crate::value::{RunId, SourceId};

    fn task() -> SyncTask {
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let source = SourceId::new("ldap", "corp.example").unwrap();
        SyncTask::new("corp", "acme".parse().unwrap(), site, source, credential)
    }

    #[test]
    fn a_time_is_over_once_it_has_passed_and_where_its_beginning_is_unknown_or_yet_to_come() {
        let at = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
        let (task, repository) = (task(), MemoryRepository::new());
        let options = SyncOptions::new().with_run(RunId::from_u128(1), at(10_000));
        let run = Run::new(&task, &repository, &options);
        for (since, expected) in [
            (None, true),
            (Some(at(6_400)), true),
            (Some(at(6_401)), false),
            (Some(at(10_000)), false),
            (Some(at(10_001)), true),
        ] {
            assert_eq!(is_over(&run, since, Duration::from_secs(3600)), expected, "{since:?}");
        }
    }
}
