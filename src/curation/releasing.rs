//! Breaking the lease of a run that will not give it back.

use std::time::Duration;

use super::{Author, Curation};
use crate::asset::{Batch, LeaseRequest, RunOutcome, RunRecord};
use crate::value::{BatchId, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What such an act is called among the runs of a source.
const TASK: &str = "release";

/// How long the lease is held that makes the broken one old. It is given back at once.
const MOMENT: Duration = Duration::from_secs(60);

impl Curation<'_> {
    /// Takes the lease of a source from the run that holds it, as if it had expired: for a run that is known to be dead, or that
    /// must not write any more. Whatever it still sends is refused. The act is among the runs of the source, with who did it
    /// and why. Returns the run; `None` if none holds the source, and then nothing is written.
    ///
    /// ```
    /// # use ldap_inventory::asset::{AssetRepository, LeaseRequest};
    /// # use ldap_inventory::curation::{Author, Curation};
    /// # use ldap_inventory::value::{OrganizationId, RunId, SourceId, Timestamp};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// # let repository = ldap_inventory::store::MemoryRepository::new();
    /// # let (acme, corp) = (OrganizationId::new("acme")?, SourceId::new("ldap", "corp.example")?);
    /// # let (run, hour) = (RunId::random_v7(), std::time::Duration::from_secs(3600));
    /// let request = LeaseRequest::new(acme.clone(), corp.clone(), run, Timestamp::now(), hour);
    /// repository.acquire_lease(request).await?;
    /// let curation = Curation::new(&repository, acme);
    /// let anna = Author::new("anna").because("the host is gone");
    /// assert_eq!(curation.release(&corp, &anna).await?, Some(run));
    /// assert_eq!(curation.release(&corp, &anna).await?, None);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`AssetRepository::acquire_lease`](crate::asset::AssetRepository::acquire_lease) and of the other methods
    /// that it needs.
    pub async fn release(&self, source: &SourceId, author: &Author) -> Result<Option<RunId>> {
        let own = RunId::random_v7();
        let Some(holder) = self.holder(source, own).await? else { return Ok(None) };
        self.repository.release_lease(&self.organization, source, holder).await?;
        // Whoever had it may go on writing until the next run has it: so this is the next one, for a moment.
        if let Some(other) = self.holder(source, own).await? {
            let message = "another run has taken the lease meanwhile; it is left to it";
            return Err(Error::new(ErrorKind::Lease, message).with_context("holder", other));
        }
        self.record(source, own, holder, author).await?;
        Ok(Some(holder))
    }

    /// The run that holds a source. Where there is none, the source was held for a moment.
    async fn holder(&self, source: &SourceId, own: RunId) -> Result<Option<RunId>> {
        let organization = self.organization.clone();
        let request =
            LeaseRequest::new(organization, source.clone(), own, Timestamp::now(), MOMENT);
        match self.repository.acquire_lease(request).await {
            Ok(_) => {
                self.repository.release_lease(&self.organization, source, own).await?;
                Ok(None)
            }
            Err(error) if error.kind() == ErrorKind::Lease => {
                let holder = error.context().find(|(key, _)| *key == "holder");
                let holder = holder.and_then(|(_, holder)| holder.parse().ok());
                holder.map(Some).ok_or(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn record(
        &self,
        source: &SourceId,
        own: RunId,
        holder: RunId,
        author: &Author,
    ) -> Result<()> {
        let Author { by, why } = author;
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        let now = Timestamp::now();
        let record = RunRecord {
            id: own,
            task: TASK.to_owned(),
            started: now,
            finished: now,
            mode: None,
            outcome: RunOutcome::Failed,
            checkpoint: None,
            error: Some(format!("{by} broke the lease of the run {holder}{why}")),
            report: None,
        };
        let batch = Batch::new(BatchId::random_v7(), self.organization.clone(), source.clone());
        // A batch without changes meets no conflict.
        let _ = self.repository.commit(batch.closing(None, record)).await?;
        Ok(())
    }
}
