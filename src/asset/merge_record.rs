//! What a manual merge was, so that it can be undone.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Asset, Constraint};
use crate::error::Printable;
use crate::value::{AssetId, MergeId, OrganizationId, Timestamp};

/// A manual merge of several assets into one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct MergeRecord {
    /// Its identity.
    pub id: MergeId,
    /// The organization.
    pub organization: OrganizationId,
    /// The asset that the others became part of.
    pub survivor: AssetId,
    /// The assets that it made one, the survivor first.
    #[serde(default)]
    pub assets: Vec<AssetId>,
    /// What the first version of the inventory kept instead of leaving it to the records.
    #[serde(flatten)]
    pub(crate) first_version: Option<Box<FirstVersion>>,
    /// Who merged.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// When and by whom it was undone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undone: Option<(Timestamp, String)>,
}

/// What the first version of the inventory kept of a merge, so that it could be undone.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct FirstVersion {
    /// All assets as they were before, the survivor first.
    pub(crate) before: Vec<Asset>,
    /// What was added to the part numbers of each of them, so that no two parts of the survivor had the same: 0
    /// for the survivor's own.
    #[serde(default)]
    pub(crate) shifts: Vec<u32>,
    /// The decisions that the merge wrote.
    #[serde(default)]
    pub(crate) decided: Vec<Constraint>,
    /// The decisions that the merge took away with their assets.
    #[serde(default)]
    pub(crate) withdrawn: Vec<Constraint>,
}

impl MergeRecord {
    /// Whether it was not undone.
    pub fn stands(&self) -> bool {
        self.undone.is_none()
    }

    /// The assets that became part of the survivor.
    pub fn others(&self) -> impl Iterator<Item = AssetId> {
        let first_version = self.first_version.iter().flat_map(|kept| &kept.before);
        let assets = self.assets.iter().copied().chain(first_version.map(|asset| asset.id));
        assets.filter(|asset| *asset != self.survivor)
    }

    /// Whether an asset took part in it.
    pub fn involves(&self, asset: AssetId) -> bool {
        asset == self.survivor || self.others().any(|other| other == asset)
    }
}

impl fmt::Display for MergeRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others: Vec<String> = self.others().map(|other| other.to_string()).collect();
        let by = Printable(&self.by);
        write!(f, "{by} merged {} into {} at {}", others.join(", "), self.survivor, self.at)?;
        if !self.why.is_empty() {
            write!(f, ": {}", Printable(&self.why))?;
        }
        write!(f, " (merge {})", self.id)?;
        match &self.undone {
            Some((at, by)) => write!(f, "; {} undid it at {at}", Printable(by)),
            None => Ok(()),
        }
    }
}
