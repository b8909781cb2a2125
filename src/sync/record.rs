//! What stays on record of a run.

use super::report::SyncReport;
use super::run::Run;
use crate::asset::{Batch, RunOutcome, RunRecord};
use crate::merge::Decision;
use crate::value::{BatchId, Checkpoint, Timestamp};
use crate::{Error, ErrorKind, Result};

/// The record of a run that came to its end. Of its decisions it keeps those that wait for a person.
pub(super) fn of_finished(
    run: &Run<'_>,
    report: &SyncReport,
    unresolved: Vec<Decision>,
    checkpoint: Option<Checkpoint>,
) -> Result<RunRecord> {
    let report =
        SyncReport { decisions: (!unresolved.is_empty()).then_some(unresolved), ..report.clone() };
    let text = serde_json::to_string(&report).map_err(|cause| {
        Error::new(ErrorKind::Invalid, "the run's report cannot be written as JSON")
            .with_source(cause)
    })?;
    let outcome = if report.complete { RunOutcome::Complete } else { RunOutcome::Incomplete };
    let record = RunRecord { checkpoint, ..of_ended(run, outcome) };
    Ok(RunRecord { mode: Some(report.mode), report: Some(text), ..record })
}

/// Notes that the change limits stopped the run.
pub(super) async fn note_stop(run: &Run<'_>, report: &SyncReport, lease: u64) {
    let summary = SyncReport { decisions: None, ..report.clone() };
    let record = RunRecord {
        mode: Some(report.mode),
        error: report.brake.as_ref().map(|exceeded| exceeded.error(&report.lost).to_string()),
        report: serde_json::to_string(&summary).ok(),
        ..of_ended(run, RunOutcome::Stopped)
    };
    note(run, record, lease).await;
}

/// Notes that the run failed.
pub(super) async fn note_failure(run: &Run<'_>, error: &Error, lease: u64) {
    let error = Some(error.report());
    note(run, RunRecord { error, ..of_ended(run, RunOutcome::Failed) }, lease).await;
}

fn of_ended(run: &Run<'_>, outcome: RunOutcome) -> RunRecord {
    RunRecord {
        id: run.id,
        task: run.task.name.clone(),
        started: run.now,
        finished: Timestamp::now().max(run.now),
        mode: None,
        outcome,
        checkpoint: None,
        error: None,
        report: None,
    }
}

/// Keeps the record of a run that wrote nothing, or not all. It is not worth an error of its own.
async fn note(run: &Run<'_>, record: RunRecord, lease: u64) {
    let task = run.task;
    // The batches of a run count from one.
    let id = BatchId::from_u128(run.id.as_u128());
    let batch = Batch::new(id, task.organization.clone(), task.source.clone());
    let noted = run.repository.commit(batch.with_lease(lease).closing(None, record)).await;
    if let Err(error) = noted {
        tracing::warn!(error = %error.report(), "the end of the run is not on record");
    }
}
