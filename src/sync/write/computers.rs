//! Writing what changed of the computers.

use std::collections::BTreeSet;
use std::ops::Range;

use super::commit::conflict;
use super::draft;
use super::writer::Writer;
use crate::Result;
use crate::asset::CommitOutcome;
use crate::sync::decide::Matching;
use crate::sync::report::ComputerCounts;

/// Writes what changed of the computers. New assets come last: if the run breaks off, none of them
/// looks like one more candidate to a computer that has not got to the asset it fits.
pub(in crate::sync) async fn write(
    writer: &mut Writer<'_>,
    matching: &mut Matching,
    counts: &mut ComputerCounts,
) -> Result<()> {
    let total = writer.snapshot.computers.len();
    let mut waiting: BTreeSet<usize> = (0..total).collect();
    for with_new_assets in [false, true] {
        let mut begin = 0;
        while begin < total {
            let rest = writer.snapshot.computers.get(begin..).unwrap_or_default();
            let places = begin..total.min(begin + writer.batch_length(rest));
            let written =
                write_batch(writer, matching, places.clone(), counts, |matching, place| {
                    waiting.contains(&place) && (with_new_assets || !matching.creates(place))
                })
                .await?;
            written.iter().for_each(|place| _ = waiting.remove(place));
            begin = places.end;
        }
    }
    Ok(())
}

/// Writes those of these computers whose turn it is, and says which. If their assets changed meanwhile,
/// all of them are decided again.
async fn write_batch(
    writer: &mut Writer<'_>,
    matching: &mut Matching,
    places: Range<usize>,
    counts: &mut ComputerCounts,
    is_turn: impl Fn(&Matching, usize) -> bool,
) -> Result<Vec<usize>> {
    let mut attempt = 0;
    loop {
        let turn: Vec<usize> = places.clone().filter(|place| is_turn(matching, *place)).collect();
        let drafted = draft::computers(writer.run, writer.snapshot, matching, &turn).await?;
        let stale = match drafted.stale {
            Some(asset) => vec![asset],
            None => match writer.submit(drafted.changes).await? {
                CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {
                    counts.add(&drafted.counts);
                    writer.progress(turn.len());
                    return Ok(turn);
                }
                CommitOutcome::Conflict(assets) => assets,
            },
        };
        attempt += 1;
        if attempt > writer.run.options.conflict_retries {
            return Err(conflict(&stale));
        }
        tracing::debug!(assets = stale.len(), attempt, "assets changed; deciding again");
        matching.decide_again(writer.run, places.clone()).await?;
    }
}
