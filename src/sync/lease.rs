//! The lease of the source: one run at a time writes for it.

use super::run::Run;
use crate::asset::LeaseRequest;
use crate::value::Timestamp;
use crate::{Error, ErrorKind, Result};

/// Works under the lease of the source, and gives it back however the work ends. A run that is cancelled takes none.
pub(super) async fn hold<T, W: Future<Output = Result<T>>>(
    run: &Run<'_>,
    work: impl FnOnce(u64) -> W,
) -> Result<T> {
    run.options.cancellation.check()?;
    let outcome = match acquire(run).await {
        Ok(token) => tokio::select! {
            outcome = work(token) => outcome,
            error = keep(run, token) => Err(error),
        },
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

/// Prolongs the lease for ever; returns only when that fails. Whoever finds it broken is granted a new one, with another
/// token: that is for a later run, and what this one read may be out of date.
async fn keep(run: &Run<'_>, token: u64) -> Error {
    loop {
        tokio::time::sleep(run.options.lease_time / 3).await;
        match acquire(run).await {
            Ok(renewed) if renewed == token => {}
            Ok(_) => return broken(run),
            Err(error) => return error.with_context("run", run.id),
        }
    }
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
}
