//! Decisions of people that outrank every rule.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Printable;

use crate::value::{AssetId, ObjectGuid, OrganizationId, SourceId, Timestamp};

/// A person's decision on whether an object of a directory is an asset. It outranks every rule and
/// survives every later sync.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Constraint {
    /// The organization it holds in.
    pub organization: OrganizationId,
    /// The directory.
    pub source: SourceId,
    /// The object.
    pub object: ObjectGuid,
    /// The asset.
    pub asset: AssetId,
    /// What was decided.
    pub kind: ConstraintKind,
    /// Who decided.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// When and by whom it was taken back. It does not count any more then, and stays on record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forgotten: Option<(Timestamp, String)>,
    /// The same decision, made and taken back earlier, the latest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub earlier: Vec<Constraint>,
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { source, object, asset, kind, by, at, why, .. } = self;
        let is = match kind {
            ConstraintKind::MustLink => "is",
            ConstraintKind::CannotLink => "is not",
        };
        let by = Printable(by);
        write!(f, "{by} decided at {at} that object {object} of {source} {is} asset {asset}")?;
        if why.is_empty() { Ok(()) } else { write!(f, ": {}", Printable(why)) }
    }
}

impl Constraint {
    /// A decision that somebody makes now, and says no reason for.
    pub fn new(
        organization: OrganizationId,
        kind: ConstraintKind,
        (source, object): (SourceId, ObjectGuid),
        asset: AssetId,
        (by, at): (impl Into<String>, Timestamp),
    ) -> Self {
        let (by, why) = (by.into(), String::new());
        let (forgotten, earlier) = (None, Vec::new());
        Self { organization, source, object, asset, kind, by, at, why, forgotten, earlier }
    }

    /// The same decision for this reason.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = why.into();
        self
    }

    /// Whether it was not taken back.
    pub fn stands(&self) -> bool {
        self.forgotten.is_none()
    }
}

/// What a person decided on an object and an asset.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ConstraintKind {
    /// They are the same.
    MustLink,
    /// They are not.
    CannotLink,
}
