//! Taking away records of runs and ids of batches, in rows.

use super::key::{Keys, Table};
use super::record::decode_row;
use super::table::{KeyRange, Row, Rows, Write};
use crate::Result;
use crate::asset::{KeptRuns, RetainRuns, RunRecord};
use crate::value::{BatchId, SourceId};

/// How many records of runs are read at a time: one has up to some hundred kilobytes.
const RUNS: usize = 16;

/// How many ids of batches are.
const BATCHES: usize = 1000;

/// Takes away what is not kept; `false` if another write came first. Whatever was taken away by then may go alone.
pub(super) async fn prune(
    rows: &(impl Rows + ?Sized),
    keys: &Keys,
    retain: RetainRuns,
) -> Result<bool> {
    // Every commit of a run is told there, so that nobody writes another run unseen.
    let told = keys.table(Table::Feed);
    let before = rows.get(std::slice::from_ref(&told)).await?.pop().map(|row| row.value);
    for row in rows.scan(&KeyRange::prefix(&keys.table(Table::Source))).await? {
        let mut write = Write::new().expecting(told.clone(), before.clone());
        for (run, record) in expendable(rows, keys, &decode_row("source", &row)?, retain).await? {
            write = write.delete(run).delete(record);
        }
        write.changes.sort_unstable();
        if !write.changes.is_empty() && !rows.write(&write).await? {
            return Ok(false);
        }
    }
    prune_batches(rows, keys, retain).await
}

/// The keys of the runs of a source that are not kept: that of when each began, and that of its record.
async fn expendable(
    rows: &(impl Rows + ?Sized),
    keys: &Keys,
    source: &SourceId,
    retain: RetainRuns,
) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut kept = KeptRuns::new(retain, source);
    let mut expendable = Vec::new();
    let mut range = KeyRange::prefix(&keys.source(Table::Run, source)).with_limit(RUNS);
    loop {
        let page = rows.scan(&range).await?;
        for row in &page {
            let run: RunRecord = decode_row("run", row)?;
            if !kept.keeps(&run) {
                expendable.push((keys.run_start(source, run.id), row.key.clone()));
            }
        }
        match page.last().filter(|_| page.len() >= RUNS) {
            Some(last) => range = range.after(&last.key),
            None => return Ok(expendable),
        }
    }
}

async fn prune_batches(
    rows: &(impl Rows + ?Sized),
    keys: &Keys,
    retain: RetainRuns,
) -> Result<bool> {
    let Some(oldest) = retain.oldest_batch() else { return Ok(true) };
    let all = KeyRange::prefix(&keys.table(Table::Batch));
    let mut range = KeyRange::new(all.from, keys.batch(oldest)).with_limit(BATCHES);
    loop {
        let page = rows.scan(&range).await?;
        let mut write = Write::new();
        for row in page.iter().filter(|row| !retain.keeps_batch(id(row))) {
            write = write.delete(row.key.clone());
        }
        // Nothing is expected, since nobody writes an id that is there; but a table may refuse what meets another write.
        if !write.changes.is_empty() && !rows.write(&write).await? {
            return Ok(false);
        }
        match page.last().filter(|_| page.len() >= BATCHES) {
            Some(last) => range = range.after(&last.key),
            None => return Ok(true),
        }
    }
}

/// The id of a batch, which its key ends with.
fn id(row: &Row) -> BatchId {
    BatchId::from_u128(row.key.last_chunk().map_or(0, |bytes| u128::from_be_bytes(*bytes)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use async_trait::async_trait;

    use super::*;
    use crate::asset::{AssetRepository as _, Batch, CommitOutcome, RunOutcome};
    use crate::store::rows::RowsRepository;
    use crate::store::{MemoryRepository, MemoryRows};
    use crate::value::{OrganizationId, RunId, Timestamp};

    #[tokio::test]
    async fn of_any_number_of_runs_of_one_kind_the_newest_stays() {
        let at = |n| Timestamp::from_unix_seconds(1_767_225_600 + n).unwrap();
        let (acme, repository) = (OrganizationId::new("acme").unwrap(), MemoryRepository::new());
        let corp = SourceId::new("ldap", "corp.example").unwrap();
        for n in 1..=2 * RUNS as i64 {
            let (run, times) = (RunId::from_u128(n as u128), (at(n), at(n)));
            let run = RunRecord::new(run, "corp", times, RunOutcome::Complete);
            let batch = Batch::new(BatchId::from_u128(n as u128), acme.clone(), corp.clone());
            let committed = repository.commit(batch.closing(None, run)).await.unwrap();
            assert_eq!(committed, CommitOutcome::Applied);
        }
        repository.prune_runs(&acme, RetainRuns::last(0)).await.unwrap();
        let left = repository.runs(&acme, &corp, 99).await.unwrap();
        let left: Vec<u128> = left.iter().map(|run| run.id.as_u128()).collect();
        assert_eq!(left, [2 * RUNS as u128]);
    }

    #[tokio::test]
    async fn of_any_number_of_old_ids_of_batches_none_stays_and_of_new_ones_all_do() {
        let at = |n| Timestamp::from_unix_seconds(1_767_225_600 + n).unwrap();
        let (acme, repository) = (OrganizationId::new("acme").unwrap(), MemoryRepository::new());
        let old = (0..=BATCHES as i64).map(|n| BatchId::new_v7(at(n), [7; 10]));
        let new = BatchId::new_v7(at(1_000_000), [7; 10]);
        for id in old.chain([new]) {
            let batch = Batch::new(id, acme.clone(), SourceId::new("scan", "hq").unwrap());
            assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
        }
        repository.prune_runs(&acme, RetainRuns::newer_than(at(1_000_000))).await.unwrap();
        let all = KeyRange::prefix(&Keys::of(&acme).table(Table::Batch));
        let left = repository.rows().scan(&all).await.unwrap();
        assert_eq!(left.iter().map(id).collect::<Vec<_>>(), [new]);
    }

    /// A table that refuses one write once it is told to.
    #[derive(Debug, Default)]
    struct Busy {
        rows: MemoryRows,
        refuses: AtomicBool,
    }

    #[async_trait]
    impl Rows for Busy {
        async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
            self.rows.get(keys).await
        }

        async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
            self.rows.scan(scan).await
        }

        async fn write(&self, write: &Write) -> Result<bool> {
            Ok(!self.refuses.swap(false, Ordering::Relaxed) && self.rows.write(write).await?)
        }
    }

    #[tokio::test]
    async fn old_ids_of_batches_are_taken_away_again_where_another_write_came_first() {
        let at = |n: i64| Timestamp::from_unix_seconds(1_767_225_600 + n).unwrap();
        let acme = OrganizationId::new("acme").unwrap();
        let repository = RowsRepository::over(Busy::default());
        let old = BatchId::new_v7(at(0), [7; 10]);
        let batch = Batch::new(old, acme.clone(), SourceId::new("scan", "hq").unwrap());
        assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
        repository.rows().refuses.store(true, Ordering::Relaxed);
        repository.prune_runs(&acme, RetainRuns::newer_than(at(1_000_000))).await.unwrap();
        let all = KeyRange::prefix(&Keys::of(&acme).table(Table::Batch));
        assert_eq!(repository.rows().scan(&all).await.unwrap(), []);
    }
}
