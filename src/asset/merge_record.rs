//! What a manual merge was, so that it can be undone.

use serde::{Deserialize, Serialize};

use super::{Asset, Constraint};
use crate::value::{AssetId, MergeId, OrganizationId, Timestamp};

/// A manual merge of several assets into one.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct MergeRecord {
    /// Its identity.
    pub id: MergeId,
    /// The organization.
    pub organization: OrganizationId,
    /// The asset that the others became part of.
    pub survivor: AssetId,
    /// All assets as they were before, the survivor first.
    pub before: Vec<Asset>,
    /// What was added to the part numbers of each of them, so that no two parts of the survivor have the
    /// same: 0 for the survivor's own.
    #[serde(default)]
    pub shifts: Vec<u32>,
    /// The decisions that the merge wrote: the objects that moved with their assets stay where they are
    /// now, and what people decided on an asset that was taken away holds for the survivor.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decided: Vec<Constraint>,
    /// The decisions that the merge took away with their assets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Constraint>,
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
