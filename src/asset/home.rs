//! Where a record is by the rules alone.

use serde::{Deserialize, Serialize};

use crate::value::AssetId;

/// Where the rules alone have a record, whatever people decided.
///
/// A record whose place nobody decided on is at home. One that a decision holds elsewhere remembers its home, so
/// that it is there again when the decision is taken back.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Home {
    /// In this asset.
    Asset(AssetId),
    /// In none: it waits for a person, because several assets fit it equally well.
    Waiting,
}

impl Home {
    /// In this asset, or else waiting.
    pub fn of(asset: Option<AssetId>) -> Self {
        asset.map_or(Self::Waiting, Self::Asset)
    }

    /// The asset, unless it waits.
    pub fn asset(self) -> Option<AssetId> {
        match self {
            Self::Asset(asset) => Some(asset),
            Self::Waiting => None,
        }
    }

    /// What is noted of it on a record that is in this place.
    pub fn away_from(self, place: Option<AssetId>) -> Option<Self> {
        (self != Self::of(place)).then_some(self)
    }
}
