//! The lease of the source: one run at a time writes for it.

use super::run::Run;
use crate::Result;
use crate::asset::LeaseHolder;

/// Works under the lease of the source, and gives it back however the work ends.
pub(super) async fn hold<T, W: Future<Output = Result<T>>>(
    run: &Run<'_>,
    work: impl FnOnce(u64) -> W,
) -> Result<T> {
    let (organization, source) = (&run.task.organization, &run.task.source);
    let (repository, time) = (run.repository, run.options.lease_time);
    LeaseHolder { repository, organization, source, run: run.id, time }.hold(work).await
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::time::Duration;

    use super::*;
    use crate::ErrorKind;
    use crate::curation::{Author, Curation};
    use crate::store::MemoryRepository;
    use crate::sync::SyncOptions;
    use crate::task::SyncTask;
    use crate::value::{CredentialId, OrganizationId, SiteId, SourceId};

    #[tokio::test(start_paused = true)]
    async fn a_run_whose_lease_was_broken_ends_instead_of_taking_it_back() {
        let (acme, corp) = (OrganizationId::new("acme"), SourceId::new("ldap", "corp.example"));
        let (acme, corp) = (acme.unwrap(), corp.unwrap());
        let (site, credential) = (SiteId::new("hq").unwrap(), CredentialId::new("corp").unwrap());
        let task = SyncTask::new("corp", acme.clone(), site, corp.clone(), credential);
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
}
