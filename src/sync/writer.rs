//! Writing in batches: what is drafted is committed, collected or discarded.

use std::collections::BTreeSet;
use std::ops::Range;
use std::time::Duration;

use super::Progress;
use super::draft;
use super::matching::Matching;
use super::report::ComputerCounts;
use super::run::Run;
use super::snapshot::Snapshot;
use crate::asset::{Batch, Change, CommitOutcome, RunRecord};
use crate::grouping::{self, Decisions};
use crate::value::{AssetId, BatchId, Checkpoint};
use crate::{Error, ErrorKind, Result, Retry};

/// What becomes of a run's batches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sink {
    /// They are committed.
    Commit,
    /// They are kept for a plan.
    Collect,
    /// They are dropped.
    Discard,
}

impl Sink {
    pub(super) fn writes(self) -> bool {
        self == Self::Commit
    }
}

/// Writes a run's changes, batch by batch.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) snapshot: &'a Snapshot,
    sink: Sink,
    lease: Option<u64>,
    batches: Vec<Batch>,
    count: u64,
    done: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        run: &'a Run<'a>,
        sink: Sink,
        lease: Option<u64>,
        snapshot: &'a Snapshot,
    ) -> Self {
        Self { run, snapshot, sink, lease, batches: Vec::new(), count: 0, done: 0 }
    }

    /// Writes what changed of the computers. New assets come last: if the run breaks off, none of them
    /// looks like one more candidate to a computer that has not got to the asset it fits.
    pub(super) async fn write_computers(
        &mut self,
        matching: &mut Matching,
        counts: &mut ComputerCounts,
    ) -> Result<()> {
        let total = self.snapshot.computers.len();
        let mut waiting: BTreeSet<usize> = (0..total).collect();
        for with_new_assets in [false, true] {
            let mut begin = 0;
            while begin < total {
                let places = begin..total.min(begin + self.run.options.batch_size);
                let written = self
                    .write_batch(matching, places.clone(), counts, |matching, place| {
                        waiting.contains(&place) && (with_new_assets || !matching.creates(place))
                    })
                    .await?;
                written.iter().for_each(|place| _ = waiting.remove(place));
                begin = places.end;
            }
        }
        Ok(())
    }

    /// Writes that assets of known computers, which were not read, become part of others. One that somebody else changes
    /// at this moment is for the next run.
    pub(super) async fn write_late(&mut self, matching: &Matching) -> Result<()> {
        for decisions in matching.late().chunks(self.run.options.batch_size) {
            let changes = draft::late(self, matching, decisions).await?;
            if let CommitOutcome::Conflict(assets) = self.submit(changes).await? {
                tracing::debug!(?assets, "assets changed that others were to become part of");
            }
        }
        Ok(())
    }

    /// Writes those of these computers whose turn it is, and says which. If their assets changed meanwhile,
    /// all of them are decided again.
    async fn write_batch(
        &mut self,
        matching: &mut Matching,
        places: Range<usize>,
        counts: &mut ComputerCounts,
        is_turn: impl Fn(&Matching, usize) -> bool,
    ) -> Result<Vec<usize>> {
        let mut attempt = 0;
        loop {
            let turn: Vec<usize> =
                places.clone().filter(|place| is_turn(matching, *place)).collect();
            let drafted = draft::computers(self, matching, &turn).await?;
            let stale = match drafted.stale {
                Some(asset) => vec![asset],
                None => match self.submit(drafted.changes).await? {
                    CommitOutcome::Applied | CommitOutcome::AlreadyApplied => {
                        counts.add(&drafted.counts);
                        self.progress(turn.len());
                        return Ok(turn);
                    }
                    CommitOutcome::Conflict(assets) => assets,
                },
            };
            attempt += 1;
            if attempt > self.run.options.conflict_retries {
                return Err(conflict(&stale));
            }
            tracing::debug!(assets = stale.len(), attempt, "assets changed; deciding again");
            matching.decide_again(self.run, places.clone()).await?;
        }
    }

    /// Commits a batch, or does with it what the sink does. An empty one is nothing.
    pub(super) async fn submit(&mut self, changes: Vec<Change>) -> Result<CommitOutcome> {
        self.run.options.cancellation.check()?;
        if changes.is_empty() {
            return Ok(CommitOutcome::Applied);
        }
        let batch = self.batch().with_changes(changes);
        self.deliver(batch).await
    }

    /// Writes the last batch: where the read ended, and the run's record.
    pub(super) async fn close(
        &mut self,
        checkpoint: Option<Checkpoint>,
        record: RunRecord,
    ) -> Result<()> {
        let batch = self.batch().closing(checkpoint, record);
        match self.deliver(batch).await? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => Ok(()),
            CommitOutcome::Conflict(assets) => Err(conflict(&assets)),
        }
    }

    /// Writes what has to be so that the inventory shows what people decided, with all that the run has written.
    pub(super) async fn settle(&mut self, matching: &Matching) -> Result<()> {
        let mut attempt = 0;
        while self.sink.writes() {
            let changes = settling(self.run, matching.decided_on()).await?;
            match self.submit(changes).await? {
                CommitOutcome::Applied | CommitOutcome::AlreadyApplied => break,
                CommitOutcome::Conflict(assets) => {
                    attempt += 1;
                    if attempt > self.run.options.conflict_retries {
                        return Err(conflict(&assets));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) fn into_batches(self) -> Vec<Batch> {
        self.batches
    }

    pub(super) fn progress(&mut self, records: usize) {
        self.done += records as u64;
        let snapshot = self.snapshot;
        let total = snapshot.computers.len() + snapshot.users.len() + snapshot.groups.len();
        self.run.options.tell(Progress::Writing { done: self.done, total: total as u64 });
    }

    fn batch(&mut self) -> Batch {
        self.count += 1;
        let id = BatchId::from_u128(self.run.id.as_u128()).nth(self.count);
        let task = self.run.task;
        let batch = Batch::new(id, task.organization.clone(), task.source.clone());
        match self.lease {
            Some(token) => batch.with_lease(token),
            None => batch,
        }
    }

    async fn deliver(&mut self, batch: Batch) -> Result<CommitOutcome> {
        match self.sink {
            Sink::Discard => Ok(CommitOutcome::Applied),
            Sink::Collect => {
                self.batches.push(batch);
                Ok(CommitOutcome::Applied)
            }
            Sink::Commit => commit(self.run, batch).await,
        }
    }
}

/// What has to be written so that the inventory shows what people decided.
pub(super) async fn settling(
    run: &Run<'_>,
    also: impl IntoIterator<Item = AssetId>,
) -> Result<Vec<Change>> {
    let (repository, organization) = (run.repository, &run.task.organization);
    let standing = Decisions::load(repository, organization).await?.standing();
    let policy = &run.task.matching;
    let settled = grouping::settle(repository, organization, &standing, also, policy).await?;
    grouping::changes(repository, organization, settled).await
}

/// Commits a batch, and tries again where the store failed in passing: it may have been done all the same,
/// and then its id tells.
pub(super) async fn commit(run: &Run<'_>, batch: Batch) -> Result<CommitOutcome> {
    let mut attempt = 0;
    loop {
        let error = match run.repository.commit(batch.clone()).await {
            Ok(committed) => return Ok(committed),
            Err(error) => error,
        };
        attempt += 1;
        if error.retry() != Retry::Transient {
            return Err(error);
        }
        if attempt > run.options.commit_retries {
            return Err(error.with_retry(Retry::Exhausted).with_context("attempts", attempt));
        }
        tracing::warn!(error = %error.report(), attempt, "the commit failed; trying again");
        run.options.cancellation.check()?;
        tokio::time::sleep(Duration::from_millis(50 << attempt.min(6))).await;
    }
}

pub(super) fn conflict(assets: &[AssetId]) -> Error {
    let error = Error::new(
        ErrorKind::Conflict,
        "somebody else keeps changing the same assets; what was committed before stays, run again later",
    )
    .in_operation("commit")
    .with_retry(Retry::Exhausted);
    match assets.first() {
        Some(asset) => error.with_context("asset", asset),
        None => error,
    }
}
