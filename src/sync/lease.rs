//! The lease of the source: one run at a time writes for it.

use tokio::time::Instant;

use super::record;
use super::run::Run;
use crate::asset::LeaseRequest;
use crate::value::Timestamp;
use crate::{Error, ErrorKind, Result, Retry};

/// Works under the lease of the source, and gives it back however the work ends. A failure goes on record before that.
pub(super) async fn hold<T, W: Future<Output = Result<T>>>(
    run: &Run<'_>,
    work: impl FnOnce(u64) -> W,
) -> Result<T> {
    let asked = Instant::now();
    let outcome = match acquire(run).await {
        Ok(token) => {
            let outcome = tokio::select! {
                outcome = work(token) => outcome,
                error = keep(run, token, asked) => Err(error),
            };
            // A run that lost the lease must write nothing more, not even this.
            if let Err(error) = &outcome
                && error.kind() != ErrorKind::Lease
            {
                record::note_failure(run, error, token).await;
            }
            outcome
        }
        Err(error) if error.kind() == ErrorKind::Lease => return Err(error),
        // It may have been granted all the same.
        Err(error) => Err(error),
    };
    release(run).await;
    outcome
}

async fn acquire(run: &Run<'_>) -> Result<u64> {
    let (organization, source) = (run.task.organization.clone(), run.task.source.clone());
    let (now, time) = (Timestamp::now(), run.options.lease_time);
    let request = LeaseRequest::new(organization, source, run.id, now, time);
    Ok(run.repository.acquire_lease(request).await?.token)
}

async fn release(run: &Run<'_>) {
    let task = run.task;
    let released = run.repository.release_lease(&task.organization, &task.source, run.id).await;
    if let Err(error) = released {
        tracing::warn!(error = %error.report(), "the lease was not given back; it will expire");
    }
}

/// Prolongs the lease for ever, and returns when that fails; what is expected to pass is tried again while at least a
/// quarter of the time is left that was `granted` last. Whoever finds it broken is granted a new one, with another
/// token: that is for a later run, and what this one read may be out of date.
async fn keep(run: &Run<'_>, token: u64, mut granted: Instant) -> Error {
    let (usual, soon) = (run.options.lease_time / 3, run.options.lease_time / 12);
    let mut pause = usual;
    loop {
        tokio::time::sleep(pause).await;
        let asked = Instant::now();
        match acquire(run).await {
            Ok(renewed) if renewed == token => (granted, pause) = (asked, usual),
            Ok(_) => return broken(run),
            Err(error) if may_pass(&error) && granted.elapsed() < soon * 9 => {
                tracing::warn!(error = %error.report(), "the lease was not prolonged yet");
                pause = soon;
            }
            Err(error) => return error.with_context("run", run.id),
        }
    }
}

/// Whether an error of the store is worth another try. That somebody else has the lease is none of the store's.
fn may_pass(error: &Error) -> bool {
    error.retry() == Retry::Transient && error.kind() != ErrorKind::Lease
}

fn broken(run: &Run<'_>) -> Error {
    let message =
        "the lease of the run was broken, so that the run ends; what it had written stays";
    Error::new(ErrorKind::Lease, message)
        .with_context("source", &run.task.source)
        .with_context("run", run.id)
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;
    use crate::curation::{Author, Curation};
    use crate::store::MemoryRepository;
    use crate::sync::SyncOptions;
    use crate::task::SyncTask;
    use crate::value::{CredentialId, OrganizationId, SiteId, SourceId};

    fn task() -> SyncTask {
        let (acme, corp) = (OrganizationId::new("acme"), SourceId::new("ldap", "corp.example"));
        let (site, credential) = (SiteId::new("hq").unwrap(), CredentialId::new("corp").unwrap());
        SyncTask::new("corp", acme.unwrap(), site, corp.unwrap(), credential)
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_whose_lease_was_broken_ends_instead_of_taking_it_back() {
        let task = task();
        let (acme, corp) = (task.organization.clone(), task.source.clone());
        let repository = MemoryRepository::new();
        let mut options = SyncOptions::new();
        options.lease_time = Duration::from_secs(3600);
        let run = Run::new(&task, &repository, &options);
        let curation = Curation::new(&repository, acme);
        let author = Author::new("anna");
        let held = hold(&run, |_| async {
            assert_eq!(curation.release(&corp, &author).await?, Some(run.id));
            pending::<Result<()>>().await
        });
        assert_eq!(held.await.unwrap_err().kind(), ErrorKind::Lease);
        // It has none now, either.
        assert_eq!(curation.release(&corp, &author).await.unwrap(), None);
    }

    #[cfg(feature = "testing")]
    mod renewals {
        use super::*;
        use crate::asset::{AssetRepository, RunOutcome};
        use crate::testing::{CallFault, FaultPlan, Faulty};

        /// What comes of a run that takes two leases' time, with a store whose first renewals fail like this, and its record.
        async fn renewing(failures: usize, fault: CallFault) -> (Result<()>, Vec<RunOutcome>) {
            let plan = (1..=failures).fold(FaultPlan::new(), |plan, n| plan.with(n, fault));
            let repository = Faulty::new(MemoryRepository::new(), &plan);
            let (task, mut options) = (task(), SyncOptions::new());
            options.lease_time = Duration::from_secs(3600);
            let run = Run::new(&task, &repository, &options);
            let outcome = hold(&run, |_| async {
                tokio::time::sleep(options.lease_time * 2).await;
                Ok(())
            });
            let outcome = outcome.await;
            let runs = repository.runs(&task.organization, &task.source, 9).await.unwrap();
            (outcome, runs.iter().map(|run| run.outcome).collect())
        }

        #[tokio::test(start_paused = true)]
        async fn a_passing_failure_to_prolong_the_lease_ends_no_run_and_a_lasting_one_is_on_record()
        {
            for failures in 0..6 {
                let (outcome, runs) = renewing(failures, CallFault::Unreachable).await;
                assert_eq!((outcome.is_ok(), runs.len()), (true, 0), "{failures}");
            }
            for (failures, fault) in [(6, CallFault::Unreachable), (1, CallFault::Broken)] {
                let (outcome, runs) = renewing(failures, fault).await;
                assert_eq!(outcome.unwrap_err().kind(), ErrorKind::Store);
                assert_eq!(runs, [RunOutcome::Failed]);
            }
        }
    }
}
