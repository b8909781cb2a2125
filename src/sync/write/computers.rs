//! Writing what changed of the computers.

use std::collections::BTreeSet;
use std::ops::Range;

use futures::join;

use super::commit::conflict;
use super::draft::{self, Draft};
use super::writer::Writer;
use crate::Result;
use crate::asset::CommitOutcome;
use crate::sync::decide::Matching;
use crate::sync::read::Snapshot;
use crate::sync::report::ComputerCounts;
use crate::sync::run::Run;

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
        let mut places = self::places(writer, 0);
        let mut ahead = None;
        while !places.is_empty() {
            let next = self::places(writer, places.end);
            let turns = Turns { waiting: &waiting, with_new_assets, next: next.clone() };
            let written = write_batch(writer, matching, places, counts, &turns, ahead).await?;
            ahead = written.ahead;
            written.places.iter().for_each(|place| _ = waiting.remove(place));
            places = next;
        }
    }
    Ok(())
}

/// The places of the batch that begins here.
fn places(writer: &Writer<'_>, begin: usize) -> Range<usize> {
    let rest = writer.snapshot.computers.outlines().get(begin..).unwrap_or_default();
    begin..rest.len().min(writer.batch_length(rest)) + begin
}

/// Whose turn it is.
struct Turns<'a> {
    waiting: &'a BTreeSet<usize>,
    with_new_assets: bool,
    /// The places of the batch that comes next.
    next: Range<usize>,
}

impl Turns<'_> {
    fn among(&self, places: &Range<usize>, matching: &Matching) -> Vec<usize> {
        let is_turn = |place: &usize| {
            self.waiting.contains(place) && (self.with_new_assets || !matching.creates(*place))
        };
        places.clone().filter(is_turn).collect()
    }

    /// Drafts the next batch, if it is one of new assets, which depend on nothing that is stored.
    async fn draft_ahead(
        &self,
        run: &Run<'_>,
        snapshot: &Snapshot,
        matching: &Matching,
    ) -> Result<Option<Draft>> {
        let turn = self.among(&self.next, matching);
        match self.with_new_assets && !turn.is_empty() {
            true => draft::ahead(run, snapshot, matching, &turn).await,
            false => Ok(None),
        }
    }
}

/// What became of a batch.
struct Written {
    /// The places of the computers that are written.
    places: Vec<usize>,
    /// The next batch, if it was drafted meanwhile.
    ahead: Option<Draft>,
}

/// Writes those of these computers whose turn it is, and says which. If their assets changed meanwhile,
/// all of them are decided again.
async fn write_batch(
    writer: &mut Writer<'_>,
    matching: &mut Matching,
    places: Range<usize>,
    counts: &mut ComputerCounts,
    turns: &Turns<'_>,
    mut drafted: Option<Draft>,
) -> Result<Written> {
    let (run, snapshot) = (writer.run, writer.snapshot);
    let mut attempt = 0;
    loop {
        let turn = turns.among(&places, matching);
        let draft = match drafted.take() {
            Some(draft) => draft,
            None => draft::computers(run, snapshot, matching, &turn).await?,
        };
        let stale = match draft.stale {
            Some(asset) => vec![asset],
            None => {
                let ahead = turns.draft_ahead(run, snapshot, matching);
                let (committed, ahead) = join!(writer.submit(draft.changes), ahead);
                match committed? {
                    CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {
                        counts.add(&draft.counts);
                        writer.progress(turn.len());
                        return Ok(Written { places: turn, ahead: ahead? });
                    }
                    // What was drafted ahead may be decided in another way now.
                    CommitOutcome::Conflict(assets) => assets,
                }
            }
        };
        attempt += 1;
        if attempt > run.options.conflict_retries {
            return Err(conflict(&stale));
        }
        tracing::debug!(assets = stale.len(), attempt, "assets changed; deciding again");
        matching.decide_again(run, places.clone()).await?;
    }
}
