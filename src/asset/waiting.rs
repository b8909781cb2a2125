//! Computers that are part of no asset.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::{Asset, Home};
use crate::value::{AssetId, ObjectGuid, SourceId};

/// A computer that no asset shows, because several fit it equally well, with what its directory says of it: so
/// that it can be tied to one of them at once.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Waiting {
    /// The directory.
    pub source: SourceId,
    /// The computer.
    pub object: ObjectGuid,
    /// What the directory says of it, as an asset that has this one part and that nobody sees. The part's
    /// [`home`](super::SourceRecord::home) says where the rules alone have it, if they have it in an asset.
    pub record: Asset,
    /// Why it waits by the rules alone: a [`Decision`](crate::merge::Decision) as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<String>,
    /// Why it waits with what people decided, where that is not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
}

/// What is asked of a decision.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    candidates: Vec<Candidate>,
}

#[derive(Deserialize)]
struct Candidate {
    asset_id: AssetId,
    /// None if something speaks against it.
    #[serde(default)]
    level: Option<IgnoredAny>,
}

impl Waiting {
    /// The assets that it may be, as far as they were written down: those that a decision names which stands.
    pub fn candidates(&self) -> Vec<AssetId> {
        let told = self.told.as_deref().or(self.decision.as_deref()).unwrap_or_default();
        let told: Option<Told> = serde_json::from_str(told).ok();
        let candidates = told.into_iter().flat_map(|told| told.candidates);
        candidates.filter(|fit| fit.level.is_some()).map(|fit| fit.asset_id).collect()
    }

    /// Where the rules alone have it.
    pub fn home(&self) -> Home {
        self.record.parts.first().and_then(|part| part.home).unwrap_or(Home::Waiting)
    }
}
