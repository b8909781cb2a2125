//! Taking assets out of the inventory.

use serde::{Deserialize, Serialize};

use super::{Author, Curation, conflict};
use crate::asset::{Asset, Batch, Change, CommitOutcome, RunOutcome, RunRecord};
use crate::error::Printable;
use crate::grouping::Decisions;
use crate::value::{AssetId, BatchId, RunId, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What the record of a deletion is filed under.
const TASK: &str = "delete";

/// An asset that was deleted, as it stays on record.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Deletion {
    pub(super) asset: AssetId,
    pub(super) name: String,
    pub(super) by: String,
    pub(super) why: String,
}

impl Curation<'_> {
    /// Takes an asset out of the inventory that no source has any more: all of its records are missing or gone, or it has
    /// none. Returns it as it was. There is no taking back; who deleted it stays in the [history](Self::history). Should a
    /// source have it again one day, it comes as a new asset.
    ///
    /// ```
    /// use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change};
    /// use ldap_inventory::curation::{Author, Curation};
    /// use ldap_inventory::store::MemoryRepository;
    /// use ldap_inventory::value::{AssetId, BatchId, OrganizationId, SourceId};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> ldap_inventory::Result<()> {
    /// let (repository, organization) = (MemoryRepository::new(), OrganizationId::new("acme")?);
    /// let mistake = Asset::new(AssetId::random_v7(), organization.clone(), "hq".parse()?);
    /// let id = mistake.id;
    /// let put = Change::create(mistake);
    /// let batch = Batch::new(BatchId::random_v7(), organization.clone(), SourceId::new("scan", "hq")?);
    /// let _ = repository.commit(batch.with_changes([put])).await?;
    ///
    /// let curation = Curation::new(&repository, organization);
    /// curation.delete(id, &Author::new("anna").because("typed wrong")).await?;
    /// assert_eq!(curation.history().await?.len(), 1);
    /// assert!(curation.explain(id).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it is not there; [`ErrorKind::InUse`] if a source still has it, which one;
    /// [`ErrorKind::Conflict`] if a decision or a merge that stands names it, which has to be taken back first, or if it was
    /// changed at this moment. Nothing was written then.
    pub async fn delete(&self, asset: AssetId, author: &Author) -> Result<Asset> {
        let asset = self.asset(asset).await?;
        check_unused(&asset)?;
        self.check_undecided(&asset).await?;
        let removal = Change::RemoveAsset { id: asset.id, expected: asset.version, to: None };
        // The links to it go along; said here, so that whoever follows hears of it.
        let forgotten = asset.parts.iter().filter_map(|part| {
            Some(Change::RemoveObject { source: part.source.clone(), object: part.object? })
        });
        let batch =
            Batch::new(BatchId::random_v7(), self.organization.clone(), SourceId::of_people())
                .with_changes([removal].into_iter().chain(forgotten))
                .closing(None, record(&asset, author)?);
        match self.send(&batch).await.map_err(|error| error.in_operation("delete"))? {
            CommitOutcome::Applied | CommitOutcome::AlreadyApplied => Ok(asset),
            CommitOutcome::Conflict(assets) => Err(conflict(&assets)),
        }
    }

    /// What was deleted, and when, oldest first.
    pub(super) async fn deletions(&self) -> Result<Vec<(Timestamp, Deletion)>> {
        let source = SourceId::of_people();
        let runs = self.repository.runs(&self.organization, &source, usize::MAX).await?;
        let deletion = |run: RunRecord| {
            let report = run.report.filter(|_| run.task == TASK)?;
            Some((run.started, serde_json::from_str(&report).ok()?))
        };
        Ok(runs.into_iter().rev().filter_map(deletion).collect())
    }

    async fn check_undecided(&self, asset: &Asset) -> Result<()> {
        let standing = Decisions::load(self.repository, &self.organization).await?.standing();
        if !standing.named().contains(&asset.id) {
            return Ok(());
        }
        let message = "people decided on the asset or merged it; take that back first";
        Err(Error::new(ErrorKind::Conflict, message).with_context("asset", asset.id))
    }
}

/// Refuses an asset that a source still has.
fn check_unused(asset: &Asset) -> Result<()> {
    let of_people = SourceId::of_people();
    let mut of_sources = asset.parts.iter().filter(|part| part.source != of_people);
    match of_sources.find(|part| part.presence.is_present()) {
        None => Ok(()),
        Some(part) => {
            let message = "a source still has the asset, so it would only come back; delete it when the source has it \
                           no more";
            Err(Error::new(ErrorKind::InUse, message)
                .with_context("asset", asset.id)
                .with_context("source", &part.source))
        }
    }
}

/// The record of a deletion: the last thing that is known of the asset.
fn record(asset: &Asset, author: &Author) -> Result<RunRecord> {
    let Author { by, why } = author.clone();
    let name = Printable(&asset.label()).to_string();
    let deletion = Deletion { asset: asset.id, name, by, why };
    let report = serde_json::to_string(&deletion).map_err(|cause| {
        Error::new(ErrorKind::Invalid, "the deletion cannot be written as JSON").with_source(cause)
    })?;
    let now = Timestamp::now();
    let done = RunRecord::new(RunId::random_v7(), TASK, (now, now), RunOutcome::Complete);
    Ok(RunRecord { report: Some(report), ..done })
}
