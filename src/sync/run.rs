//! One run, from the lease to the report.

use std::time::Instant;

use tracing::Instrument;

use super::absence::{self, Absences};
use super::impact::ChangeImpact;
use super::matching::{self, Matching};
use super::sightings;
use super::snapshot::Snapshot;
use super::writer::{Sink, Writer};
use super::{Confirmation, LimitsExceeded, Progress, SyncOptions, SyncReport};
use crate::asset::{AssetRepository, Batch, LeaseRequest, RunOutcome, RunRecord};
use crate::directory::{DirectorySource, LeftOut, ServerIdentity};
use crate::merge::Decision;
use crate::task::SyncTask;
use crate::value::{
    BatchId, Checkpoint, CheckpointKey, ObjectKind, ReadMode, RecordDigest, RunId, Timestamp,
};
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
        let (id, now) = options.run.unwrap_or_else(|| (RunId::random_v7(), Timestamp::now()));
        Self { task, repository, options, id, now }
    }

    /// Holds the lease while the run is carried out, if it writes, and gives it back however it ends.
    pub(super) async fn execute(
        &self,
        directory: &dyn DirectorySource,
        sink: Sink,
    ) -> Result<Outcome> {
        let source = &self.task.source;
        let span = tracing::info_span!("sync", run = %self.id, source = %source);
        async {
            if !sink.writes() {
                return self.carry_out(directory, sink, None).await;
            }
            self.with_lease(|token| async move {
                let outcome = self.carry_out(directory, sink, Some(token)).await;
                match &outcome {
                    Ok(outcome) if outcome.is_stopped => self.note_stop(outcome, token).await,
                    Ok(_) => {}
                    // Who lost the lease must not write any more, not even this.
                    Err(error) if error.kind() == ErrorKind::Lease => {}
                    Err(error) => self.note_failure(error, token).await,
                }
                outcome
            })
            .await
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
        let request = LeaseRequest::new(
            self.task.organization.clone(),
            self.task.source.clone(),
            self.id,
            Timestamp::now(),
            self.options.lease_time,
        );
        Ok(self.repository.acquire_lease(request).await?.token)
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
        mut sink: Sink,
        lease: Option<u64>,
    ) -> Result<Outcome> {
        let begun = Instant::now();
        let earlier = self.earlier_checkpoint().await?;
        let reading = self.read(directory, earlier.as_ref()).await?;
        let snapshot = &reading.snapshot;
        let dry_run = self.options.dry_run;
        let mut report = SyncReport::of_read(self.id, self.now, dry_run, &snapshot.end);
        report.own_suffixes = self.own_suffixes(&snapshot.end.server);
        report.stages.connect = snapshot.connect_seconds;
        report.stages.read = snapshot.read_seconds;
        count_read(snapshot, &mut report);
        report.note_left_out(LeftOut::of(snapshot.objects()));

        let planning = Instant::now();
        self.options.tell(Progress::Deciding { computers: report.computers.read });
        // Asked for again: people may have decided while the directory was read.
        let links = matching::links(self).await?;
        let mut absences = Absences::find(self, snapshot, &links, &mut report);
        let absent = absences.absent(snapshot, &links);
        let mut matching = Matching::decide(self, snapshot, links, absent).await?;
        let nested = self.task.nested_groups;
        let memberships = reading.memberships(nested, |computer| matching.keeps(computer));
        let impact =
            ChangeImpact::of(self, earlier.as_ref(), &reading, &matching, &absences, &memberships)
                .await?;
        report.brake = impact.judge(&self.task.change_limits);
        let is_stopped = sink.writes() && self.is_stopped(report.brake.as_ref())?;
        if is_stopped {
            sink = Sink::Collect;
        }
        report.stages.plan = planning.elapsed().as_secs_f64();

        let writing = Instant::now();
        let mut writer = Writer::new(self, sink, lease, snapshot);
        writer.write_late(&matching).await?;
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
        writer.settle(&matching).await?;
        sightings::write(&mut writer, &matching).await?;
        report.stages.commit = writing.elapsed().as_secs_f64();
        report.duration_seconds = begun.elapsed().as_secs_f64();
        let checkpoint = self.checkpoint_after(snapshot, earlier.as_ref());
        let record = self.record(&report, matching.unresolved(), checkpoint.clone())?;
        writer.close(checkpoint, record).await?;
        if self.options.explain || is_stopped {
            report.decisions = Some(matching.into_decisions());
        }
        self.options.tell(Progress::Finished);
        Ok(Outcome { report, batches: writer.into_batches(), is_stopped })
    }

    /// Whether the run must not write what is too much.
    fn is_stopped(&self, brake: Option<&LimitsExceeded>) -> Result<bool> {
        let Some(braked) = brake else { return Ok(false) };
        Ok(!Confirmation::covers(self.options.confirmation, braked)?)
    }

    /// Where the task's last complete read ended. In an inventory from before tasks had one each, the source's.
    /// The suffixes that stand for the directory's domain.
    pub(super) fn own_suffixes(&self, server: &ServerIdentity) -> Vec<String> {
        self.task.matching.own_suffixes.iter().chain(&server.allowed_suffixes).cloned().collect()
    }

    async fn earlier_checkpoint(&self) -> Result<Option<Checkpoint>> {
        let SyncTask { organization, source, .. } = self.task;
        let own = self.task.checkpoint_key();
        match self.repository.checkpoint(organization, source, own).await? {
            Some(checkpoint) => Ok(Some(checkpoint)),
            None => {
                let of_any_task = CheckpointKey::default();
                self.repository.checkpoint(organization, source, of_any_task).await
            }
        }
    }

    /// The digest of what decides where a computer goes, besides what it is and what the inventory has.
    pub(super) fn rules(&self) -> RecordDigest {
        let SyncTask { site, matching, exclusions, nested_groups, .. } = self.task;
        let rules = (site, matching, exclusions, nested_groups);
        let mut hasher = RecordDigest::hasher();
        hasher.text(&serde_json::to_string(&rules).unwrap_or_default());
        hasher.finish()
    }

    /// An incomplete read moves nothing on; after a complete one at least the scope is kept.
    fn checkpoint_after(
        &self,
        snapshot: &Snapshot,
        earlier: Option<&Checkpoint>,
    ) -> Option<Checkpoint> {
        let end = &snapshot.end;
        if !end.completeness.is_complete() {
            return None;
        }
        let left = end.checkpoint.clone();
        let mut checkpoint = left
            .unwrap_or_else(|| Checkpoint::new(ReadMode::Full, end.scope.fingerprint, Vec::new()));
        checkpoint.key = self.task.checkpoint_key();
        checkpoint.rules = Some(self.rules());
        checkpoint.full_read = match snapshot.is_changes() {
            true => earlier.and_then(|earlier| earlier.full_read),
            false => Some(self.now),
        };
        Some(checkpoint)
    }

    /// The record of a run that came to its end. Of its decisions it keeps those that wait for a person.
    fn record(
        &self,
        report: &SyncReport,
        unresolved: Vec<Decision>,
        checkpoint: Option<Checkpoint>,
    ) -> Result<RunRecord> {
        let report = SyncReport {
            decisions: (!unresolved.is_empty()).then_some(unresolved),
            ..report.clone()
        };
        let text = serde_json::to_string(&report).map_err(|cause| {
            Error::new(ErrorKind::Invalid, "the run's report cannot be written as JSON")
                .with_source(cause)
        })?;
        let outcome = if report.complete { RunOutcome::Complete } else { RunOutcome::Incomplete };
        let record = RunRecord { checkpoint, ..self.ended(outcome) };
        Ok(RunRecord { mode: Some(report.mode), report: Some(text), ..record })
    }

    fn ended(&self, outcome: RunOutcome) -> RunRecord {
        RunRecord {
            id: self.id,
            task: self.task.name.clone(),
            started: self.now,
            finished: Timestamp::now().max(self.now),
            mode: None,
            outcome,
            checkpoint: None,
            error: None,
            report: None,
        }
    }

    async fn note_stop(&self, outcome: &Outcome, token: u64) {
        let Outcome { report, .. } = outcome;
        let summary = SyncReport { decisions: None, ..report.clone() };
        let record = RunRecord {
            mode: Some(report.mode),
            error: report.brake.as_ref().map(|braked| braked.error().to_string()),
            report: serde_json::to_string(&summary).ok(),
            ..self.ended(RunOutcome::Stopped)
        };
        self.note(record, token).await;
    }

    async fn note_failure(&self, error: &Error, token: u64) {
        let error = Some(error.report());
        self.note(RunRecord { error, ..self.ended(RunOutcome::Failed) }, token).await;
    }

    /// Keeps the record of a run that wrote nothing, or not all. It is not worth an error of its own.
    async fn note(&self, record: RunRecord, token: u64) {
        let task = self.task;
        // The batches of a run count from one.
        let id = BatchId::from_u128(self.id.as_u128());
        let batch = Batch::new(id, task.organization.clone(), task.source.clone());
        let noted = self.repository.commit(batch.with_lease(token).closing(None, record)).await;
        if let Err(error) = noted {
            tracing::warn!(error = %error.report(), "the end of the run is not on record");
        }
    }
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) report: SyncReport,
    /// What was to be written, where it was not.
    pub(super) batches: Vec<Batch>,
    /// Whether the brake stopped it.
    pub(super) is_stopped: bool,
}

fn count_read(snapshot: &Snapshot, report: &mut SyncReport) {
    report.computers.read = snapshot.computers.len() as u64;
    report.computers.rejected = snapshot.rejected(ObjectKind::Computer);
    report.users.read = snapshot.users.len() as u64;
    if snapshot.trusts > 0 {
        let (accounts, stand) = match snapshot.trusts {
            1 => ("account was", "it stands"),
            _ => ("accounts were", "they stand"),
        };
        let trusts = snapshot.trusts;
        let warning = format!(
            "{trusts} trust {accounts} left out: {stand} for other domains, not for people"
        );
        report.warnings.push(warning);
    }
    report.users.rejected = snapshot.rejected(ObjectKind::User);
    report.groups.read = snapshot.groups.len() as u64;
    report.groups.rejected = snapshot.rejected(ObjectKind::Group);
}
