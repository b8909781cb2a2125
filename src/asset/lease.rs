//! One run per source at a time.

use serde::{Deserialize, Serialize};

use crate::value::{RunId, Timestamp};

/// The right of one run to write for a source until it expires or is released.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Lease {
    /// The run that holds it.
    pub holder: RunId,
    /// Grows with every grant for the source. A batch with an older token than the newest granted is
    /// refused, so that a run which lost its lease while it slept cannot write late.
    pub token: u64,
    /// When others may take it over.
    pub expires: Timestamp,
}
