//! The lease of the source: one run at a time writes for it.

use super::record;
use super::run::Run;
use crate::asset::LeaseHolder;
use crate::{Error, Result};

/// Works under the lease of the source, and gives it back however the work ends. A failure goes on record before that. A
/// run that is cancelled takes none.
pub(super) async fn hold<T, W: Future<Output = Result<T>>>(
    run: &Run<'_>,
    work: impl FnOnce(u64) -> W,
) -> Result<T> {
    run.options.cancellation.check()?;
    let (organization, source) = (&run.task.organization, &run.task.source);
    let (repository, time) = (run.repository, run.options.lease_time);
    let note = async |error: Error, token| {
        record::note_failure(run, &error, token).await;
        error
    };
    LeaseHolder { repository, organization, source, run: run.id, time }.hold(work, note).await
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;
    use crate::asset::AssetRepository;
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

    #[tokio::test]
    async fn a_run_that_is_cancelled_before_it_begins_takes_no_lease() {
        let (task, repository, options) = (task(), MemoryRepository::new(), SyncOptions::new());
        options.cancellation.cancel();
        let run = Run::new(&task, &repository, &options);
        let refused = hold(&run, |_| async { Ok(()) }).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Cancelled);
        assert!(repository.sources(&task.organization).await.unwrap().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_whose_lease_was_broken_ends_instead_of_taking_it_back() {
        let task = task();
        let corp = task.source.clone();
        let repository = MemoryRepository::new();
        let mut options = SyncOptions::new();
        options.lease_time = Duration::from_secs(3600);
        let run = Run::new(&task, &repository, &options);
        let curation = Curation::new(&repository, task.organization.clone());
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
        use crate::asset::RunOutcome;
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
