//! What a manual merge was, so that it can be undone.

use serde::{Deserialize, Serialize};

use super::Asset;
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
