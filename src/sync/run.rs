//! One run, from the lease to the report.

use std::time::Instant;

use tracing::Instrument;

use super::absence::{self, Absences};
use super::matching::{self, Matching};
use super::membership::Memberships;
use super::snapshot::Snapshot;
use super::writer::{Sink, Writer};
use super::{Progress, SyncOptions, SyncReport};
use crate::asset::{AssetRepository, Batch, RunOutcome, RunRecord};
use crate::directory::DirectorySource;
use crate::merge::Decision;
use crate::schedule::SyncTask;
use crate::value::{Checkpoint, ObjectKind, ReadMode, RunId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What every step of a run needs to know.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) task: &'a SyncTask,
    pub(super) repository: &'a dyn AssetRepository,
    pub(super) options: &'a SyncOptions,
    pub(super) id: RunId,
    /// The one time that everything of the run is dated by.
    pub(super) now: Timestamp,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        task: &'a SyncTask,
        repository: &'a dyn AssetRepository,
        options: &'a SyncOptions,
    ) -> Self {
        Self { task, repository, options, id: RunId::random_v7(), now: Timestamp::now() }
    }

    /// Holds the lease while the run is carried out, if it writes, and gives it back however it ends.
    pub(super) async fn execute(
        &self,
        directory: &dyn DirectorySource,
        sink: Sink,
    ) -> Result<(SyncReport, Vec<Batch>)> {
        let source = &self.task.source;
        let span = tracing::info_span!("sync", run = %self.id, source = %source);
        async {
            if !sink.writes() {
                return self.carry_out(directory, sink, None).await;
            }
            self.with_lease(|token| self.carry_out(directory, sink, Some(token))).await
        }
        .instrument(span)
        .await
    }

    /// Works under the lease of the source, and gives it back however the work ends.
    pub(super) async fn with_lease<T, W: Future<Output = Result<T>>>(
        &self,
        work: impl FnOnce(u64) -> W,
    ) -> Result<T> {
        let outcome = match self.acquire_lease().await {
            Ok(token) => tokio::select! {
                outcome = work(token) => outcome,
                error = self.keep_lease() => Err(error),
            },
            Err(error) if error.kind() == ErrorKind::Lease => return Err(error),
            // It may have been granted all the same.
            Err(error) => Err(error),
        };
        self.release_lease().await;
        outcome
    }

    async fn acquire_lease(&self) -> Result<u64> {
        let (task, options) = (self.task, self.options);
        let lease = self
            .repository
            .acquire_lease(
                &task.organization,
                &task.source,
                self.id,
                Timestamp::now(),
                options.lease_time,
            )
            .await?;
        Ok(lease.token)
    }

    async fn release_lease(&self) {
        let task = self.task;
        let released =
            self.repository.release_lease(&task.organization, &task.source, self.id).await;
        if let Err(error) = released {
            tracing::warn!(error = %error.report(), "the lease was not given back; it will expire");
        }
    }

    /// Prolongs the lease for ever; returns only when that fails.
    async fn keep_lease(&self) -> Error {
        loop {
            tokio::time::sleep(self.options.lease_time / 3).await;
            if let Err(error) = self.acquire_lease().await {
                return error.with_context("run", self.id);
            }
        }
    }

    async fn carry_out(
        &self,
        directory: &dyn DirectorySource,
        sink: Sink,
        lease: Option<u64>,
    ) -> Result<(SyncReport, Vec<Batch>)> {
        let begun = Instant::now();
        let snapshot = Snapshot::read(self.task, None, directory, self.options).await?;
        let dry_run = self.options.dry_run;
        let mut report = SyncReport::of_read(self.id, self.now, dry_run, &snapshot.end);
        report.stages.connect = snapshot.connect_seconds;
        report.stages.read = snapshot.read_seconds;
        count_read(&snapshot, &mut report);

        let planning = Instant::now();
        self.options.tell(Progress::Deciding { computers: report.computers.read });
        let earlier = self.earlier_checkpoint().await?;
        let links = matching::links(self).await?;
        let mut absences = Absences::find(self, &snapshot, earlier.as_ref(), &links, &mut report);
        let absent = absences.absent(&snapshot, &links);
        let mut matching = Matching::decide(self, &snapshot, links, absent).await?;
        let memberships = Memberships::of(&snapshot, self.task.nested_groups);
        report.stages.plan = planning.elapsed().as_secs_f64();

        let writing = Instant::now();
        let mut writer = Writer::new(self, sink, lease, &snapshot);
        writer.write_computers(&mut matching, &mut report.computers).await?;
        for kind in [ObjectKind::Group, ObjectKind::User] {
            let counts = match kind {
                ObjectKind::Group => &mut report.groups,
                _ => &mut report.users,
            };
            writer.write_principals(kind, &memberships, &matching, counts).await?;
        }
        absences.settle(&matching, &mut report);
        absence::write(&mut writer, absences).await?;
        report.stages.commit = writing.elapsed().as_secs_f64();
        report.duration_seconds = begun.elapsed().as_secs_f64();
        let record = self.record(&report, matching.unresolved())?;
        writer.close(self.checkpoint_after(&snapshot), record).await?;
        if self.options.explain {
            report.decisions = Some(matching.into_decisions());
        }
        self.options.tell(Progress::Finished);
        Ok((report, writer.into_batches()))
    }

    async fn earlier_checkpoint(&self) -> Result<Option<Checkpoint>> {
        self.repository.checkpoint(&self.task.organization, &self.task.source).await
    }

    /// An incomplete read moves nothing on; after a complete one at least the scope is kept.
    fn checkpoint_after(&self, snapshot: &Snapshot) -> Option<Checkpoint> {
        let end = &snapshot.end;
        end.completeness.is_complete().then(|| {
            end.checkpoint.clone().unwrap_or(Checkpoint {
                mode: ReadMode::Full,
                scope: end.scope,
                token: Vec::new(),
            })
        })
    }

    /// The record of the run. Of its decisions it keeps those that wait for a person.
    fn record(&self, report: &SyncReport, unresolved: Vec<Decision>) -> Result<RunRecord> {
        let report = SyncReport {
            decisions: (!unresolved.is_empty()).then_some(unresolved),
            ..report.clone()
        };
        let text = serde_json::to_string(&report).map_err(|cause| {
            Error::new(ErrorKind::Invalid, "the run's report cannot be written as JSON")
                .with_source(cause)
        })?;
        Ok(RunRecord {
            id: self.id,
            started: self.now,
            finished: Timestamp::now(),
            mode: report.mode,
            outcome: if report.complete { RunOutcome::Complete } else { RunOutcome::Incomplete },
            report: text,
        })
    }
}

fn count_read(snapshot: &Snapshot, report: &mut SyncReport) {
    report.computers.read = snapshot.computers.len() as u64;
    report.computers.rejected = snapshot.rejected(ObjectKind::Computer);
    report.users.read = snapshot.users.len() as u64;
    report.users.rejected = snapshot.rejected(ObjectKind::User);
    report.groups.read = snapshot.groups.len() as u64;
    report.groups.rejected = snapshot.rejected(ObjectKind::Group);
}
