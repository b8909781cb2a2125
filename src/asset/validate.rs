//! What no store writes, whoever asks.

use super::{Asset, Batch, Change, Version};
use crate::value::{OrganizationId, SourceId};
use crate::{Error, ErrorKind, Result};

impl Batch {
    /// Refuses a batch that would write for another organization or source than its own, or an asset whose
    /// version does not follow the expected one.
    ///
    /// A store asks this before it looks at anything else. What only the stored records tell (versions, leases, batch
    /// ids) it checks within its transaction.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] that names the batch and what is wrong in it.
    pub fn validate(&self) -> Result<()> {
        self.changes.iter().try_for_each(|change| admit_change(self, change))
    }
}

fn admit_change(batch: &Batch, change: &Change) -> Result<()> {
    match change {
        Change::PutAsset { expected, asset, .. } => {
            of_organization(batch, &asset.organization)?;
            follows(*expected, asset)
        }
        Change::PutUser(user) => {
            of_organization(batch, &user.organization)?;
            of_source(batch, &user.source)
        }
        Change::PutGroup(group) => {
            of_organization(batch, &group.organization)?;
            of_source(batch, &group.source)
        }
        Change::PutConstraint(constraint) | Change::RemoveConstraint(constraint) => {
            of_organization(batch, &constraint.organization)
        }
        Change::PutMerge(record) => of_organization(batch, &record.organization),
        Change::PutWaiting(waiting) => of_organization(batch, &waiting.record.organization),
        Change::RemoveAsset { .. }
        | Change::PutLink { .. }
        | Change::MoveLink { .. }
        | Change::NoteSighting { .. }
        | Change::RemoveWaiting { .. }
        | Change::RemoveObject { .. } => Ok(()),
    }
}

fn of_organization(batch: &Batch, organization: &OrganizationId) -> Result<()> {
    if *organization == batch.organization {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "a batch writes for its own organization only")
        .with_context("batch", batch.id)
        .with_context("organization", organization))
}

fn of_source(batch: &Batch, source: &SourceId) -> Result<()> {
    if *source == batch.source {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "a batch writes users and groups of its own source only")
        .with_context("batch", batch.id)
        .with_context("source", source))
}

fn follows(expected: Option<Version>, asset: &Asset) -> Result<()> {
    let is_next = match expected {
        Some(version) => version.checked_add(1) == Some(asset.version),
        // An asset that a merge took away comes back at a later version than its first.
        None => asset.version > 0,
    };
    if is_next {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Invalid, "an asset's version must be one more than the expected one")
        .with_context("asset", asset.id)
        .with_context("version", asset.version))
}
