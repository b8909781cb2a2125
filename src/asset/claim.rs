//! Values with their provenance.

use serde::{Deserialize, Serialize};

use crate::value::{RunId, Timestamp};

/// One value that one part of an asset claims for it: who says so, since when, and what it replaced.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
#[non_exhaustive]
pub struct Claim<T> {
    /// The value.
    pub value: T,
    /// Which of the asset's parts says so: a [`SourceRecord::number`](super::SourceRecord::number).
    pub part: u32,
    /// The run that wrote it; `None` for what no run wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// When it was written.
    pub since: Timestamp,
    /// When the part ceased to say so. The value stays as a dated alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What the same part had said before, where it says one thing at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaced: Option<T>,
}

/// All claims to one asset-level value or list. The first one holds; the order is survivorship's.
pub(crate) type Claims<T> = Vec<Claim<T>>;

impl<T> Claim<T> {
    /// A claim that replaces nothing.
    pub fn new(value: T, part: u32, run: Option<RunId>, since: Timestamp) -> Self {
        Self { value, part, run, since, until: None, replaced: None }
    }

    /// Whether the part still says so.
    pub fn is_live(&self) -> bool {
        self.until.is_none()
    }
}
