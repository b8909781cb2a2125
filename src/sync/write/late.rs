//! Known computers that were not read, and that go to assets which came since.

use std::collections::HashSet;

use super::load::load;
use super::writer::Writer;
use crate::Result;
use crate::asset::{Change, CommitOutcome};
use crate::merge::{Decision, LateArrival};
use crate::sync::decide::Matching;
use crate::sync::report::ComputerCounts;
use crate::sync::run::Run;
use crate::value::ObjectGuid;

/// Writes that assets of known computers, which were not read, become part of others. One that somebody else changes
/// at this moment is for the next run.
pub(in crate::sync) async fn write(
    writer: &mut Writer<'_>,
    matching: &mut Matching,
    counts: &mut ComputerCounts,
) -> Result<()> {
    let late: Vec<Decision> = matching.late().cloned().collect();
    for decisions in late.chunks(writer.run.options.batch_size) {
        let changes = draft(writer.run, matching, decisions).await?;
        let moved = moved(&changes);
        let all: HashSet<ObjectGuid> = decisions.iter().map(|decision| decision.object).collect();
        match writer.submit(changes).await? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {
                counts.matched += moved.len() as u64;
                counts.updated += moved.len() as u64;
                matching.put_off(&all.difference(&moved).copied().collect());
            }
            CommitOutcome::Conflict(assets) => {
                tracing::debug!(?assets, "assets changed that others were to become part of");
                matching.put_off(&all);
            }
        }
    }
    Ok(())
}

/// Drafts that known computers, which were not read, go to assets that came since.
async fn draft(run: &Run<'_>, matching: &Matching, decisions: &[Decision]) -> Result<Vec<Change>> {
    let arrivals = decisions.iter().filter_map(|late| matching.arrives(late));
    let arrivals: Vec<(LateArrival<'_>, bool)> = arrivals.collect();
    let ids = arrivals.iter().flat_map(|(it, _)| it.link.asset.into_iter().chain([it.to]));
    let mut assets = load(run, ids).await?;
    let mut changes = Vec::new();
    for (arrival, is_plain) in arrivals {
        let writing = run.write_context(arrival.decision.object);
        let moved = match arrival.link.asset.filter(|_| is_plain) {
            Some(from) => arrival.move_record(&mut assets, from, &writing),
            None => arrival.note_home(&mut assets, &run.task.site, &writing),
        };
        // What somebody else changed meanwhile is for the next run.
        changes.extend(moved.unwrap_or_default());
    }
    let mut all = assets.into_changes();
    all.append(&mut changes);
    Ok(all)
}

/// The computers that these changes move.
fn moved(changes: &[Change]) -> HashSet<ObjectGuid> {
    let moved = changes.iter().filter_map(|change| match change {
        Change::MoveLink { object, .. } => Some(*object),
        _ => None,
    });
    moved.collect()
}
