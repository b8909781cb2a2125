//! A record on its way to where it is shown.

use super::record::Record;
use crate::value::AssetId;

/// One record: where it was shown, and where it shall be.
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) record: Record,
    pub(super) was: Option<AssetId>,
    pub(super) spot: Spot,
    /// If it waited: why, by the rules alone and as it was told.
    pub(super) waited: Option<(Option<String>, Option<String>)>,
    /// If it waits because of a decision, or nobody noted why by the rules alone: why.
    pub(super) told: Option<String>,
}

/// Where a record shall be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Spot {
    In(AssetId),
    Waits,
    /// The rules decide on it anew.
    Open,
}

impl Placed {
    /// Where the rules alone have it; of what waits, an asset that does not exist.
    pub(super) fn home(&self) -> AssetId {
        self.record.home().asset().unwrap_or(AssetId::from_u128(0))
    }

    /// The asset that shows it, unless it waits.
    pub(super) fn now(&self) -> Option<AssetId> {
        match self.spot {
            Spot::In(asset) => Some(asset),
            Spot::Waits | Spot::Open => None,
        }
    }
}
