//! Where the ids of assets lead that are gone.

use serde::{Deserialize, Serialize};

use super::Version;
use crate::value::AssetId;

/// Where the id of an asset leads that was taken away, because its records are part of others.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Redirect {
    /// The asset that is gone.
    pub from: AssetId,
    /// Where its id leads: an asset that may have gone since, too.
    pub to: AssetId,
    /// Its last version. Should it come back, it does at a later one.
    pub version: Version,
}

impl Redirect {
    /// From an asset that is taken away at this version.
    pub fn new(from: AssetId, version: Version, to: AssetId) -> Self {
        Self { from, to, version }
    }
}
