//! Writing in batches: what is drafted is committed, collected or discarded.

use super::commit::{commit, conflict};
use crate::Result;
use crate::asset::{Batch, Change, CommitOutcome, RunRecord};
use crate::directory::Outline;
use crate::sync::Progress;
use crate::sync::read::Snapshot;
use crate::sync::run::Run;
use crate::value::{BatchId, Checkpoint};

/// The memory of the records that are written in one batch, save that one record may be larger. A thousand usual ones take
/// a quarter of it; of the largest that are read, eight go into a batch.
const BATCH_OCTETS: usize = 4 << 20;

/// What becomes of a run's batches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::sync) enum Sink {
    /// They are committed.
    Commit,
    /// They are kept for a plan.
    Collect,
    /// They are dropped.
    Discard,
}

impl Sink {
    pub(in crate::sync) fn writes(self) -> bool {
        self == Self::Commit
    }
}

/// Writes a run's changes, batch by batch.
#[derive(Debug)]
pub(in crate::sync) struct Writer<'a> {
    pub(in crate::sync) run: &'a Run<'a>,
    pub(in crate::sync) snapshot: &'a Snapshot,
    pub(super) sink: Sink,
    lease: Option<u64>,
    batches: Vec<Batch>,
    count: u64,
    done: u64,
}

impl<'a> Writer<'a> {
    pub(in crate::sync) fn new(
        run: &'a Run<'a>,
        sink: Sink,
        lease: Option<u64>,
        snapshot: &'a Snapshot,
    ) -> Self {
        Self { run, snapshot, sink, lease, batches: Vec::new(), count: 0, done: 0 }
    }

    /// Commits a batch, or does with it what the sink does. An empty one is nothing.
    pub(in crate::sync) async fn submit(&mut self, changes: Vec<Change>) -> Result<CommitOutcome> {
        self.run.options.cancellation.check()?;
        if changes.is_empty() {
            return Ok(CommitOutcome::Applied);
        }
        let batch = self.batch().with_changes(changes);
        self.deliver(batch).await
    }

    /// Writes the last batch: where the read ended, and the run's record.
    pub(in crate::sync) async fn close(
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

    pub(in crate::sync) fn into_batches(self) -> Vec<Batch> {
        self.batches
    }

    /// How many of these are written in one batch: as many as the options say, or as their size allows.
    pub(super) fn batch_length(&self, objects: &[Outline]) -> usize {
        let mut octets = 0_usize;
        let fits = |object: &&Outline| {
            octets = octets.saturating_add(usize::try_from(object.footprint).unwrap_or(usize::MAX));
            octets <= BATCH_OCTETS
        };
        let most = objects.iter().take(self.run.options.batch_size);
        most.take_while(fits).count().max(1)
    }

    pub(in crate::sync) fn progress(&mut self, records: usize) {
        self.done += records as u64;
        let snapshot = self.snapshot;
        let total = snapshot.count() as u64;
        self.run.options.tell(Progress::Writing { done: self.done, total });
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

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::directory::{
        DirectoryObject, ReadEnd, ReadScope, ServerIdentity, Transport, Verification,
    };
    use crate::name::DistinguishedName;
    use crate::store::MemoryRepository;
    use crate::sync::SyncOptions;
    use crate::task::SyncTask;
    use crate::value::{ObjectGuid, ObjectKind, SourceId};

    fn task() -> SyncTask {
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let source = SourceId::new("ldap", "corp.example").unwrap();
        SyncTask::new("corp", "acme".parse().unwrap(), site, source, credential)
    }

    /// A read of so many computers.
    fn read(count: u8) -> Snapshot {
        let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
        let (transport, verification) = (Transport::Ldaps, Verification::Thumbprint);
        let scope = ReadScope::of_account(["reader"], []);
        let end = ReadEnd::complete(scope, transport, verification, server);
        let computers = (0..count).map(|n| {
            let dn = DistinguishedName::parse(&format!("CN=PC{n},DC=corp")).unwrap();
            DirectoryObject::new(ObjectKind::Computer, ObjectGuid::from_bytes([n; 16]), dn)
        });
        Snapshot::of(computers.collect(), end)
    }

    #[test]
    fn a_batch_has_as_many_records_as_it_may_and_as_fit_into_its_memory_but_one_at_least() {
        let (task, repository) = (task(), MemoryRepository::new());
        let (options, snapshot) = (SyncOptions::new().with_batch_size(4), read(1));
        let run = Run::new(&task, &repository, &options);
        let writer = Writer::new(&run, Sink::Discard, None, &snapshot);
        let [outline] = snapshot.computers.outlines() else { panic!("{snapshot:?}") };
        let length = |footprints: &[usize]| {
            let of = |octets: &usize| {
                let mut outline = outline.clone();
                outline.footprint = *octets as u32;
                outline
            };
            writer.batch_length(&footprints.iter().map(of).collect::<Vec<_>>())
        };
        let half = BATCH_OCTETS / 2;
        assert_eq!(length(&[1, 1]), 2);
        assert_eq!(length(&[1; 9]), 4);
        assert_eq!(length(&[half, half, 1]), 2);
        assert_eq!(length(&[half, half + 1]), 1);
        assert_eq!(length(&[BATCH_OCTETS + 1, 1]), 1);
    }

    #[test]
    fn progress_tells_how_many_records_are_done_so_far_of_how_many() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&told);
        let listen = move |progress| listener.lock().unwrap().push(progress);
        let (task, repository) = (task(), MemoryRepository::new());
        let (options, snapshot) = (SyncOptions::new().with_progress(listen), read(5));
        let run = Run::new(&task, &repository, &options);
        let mut writer = Writer::new(&run, Sink::Discard, None, &snapshot);
        writer.progress(2);
        writer.progress(3);
        let expected = [2, 5].map(|done| Progress::Writing { done, total: 5 });
        assert_eq!(*told.lock().unwrap(), expected);
    }
}
