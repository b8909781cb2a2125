//! For how long an object may be missing.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// For how long an object that complete reads do not show is missing before it is gone. Both must have passed.
///
/// Neither takes anything away: a missing object and one that is gone come back by themselves, to the same asset.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Grace {
    /// Complete reads in a row without it, the first included. 3 unless set: one may have hit a restart, two a
    /// replica that lags.
    pub runs: u32,
    /// Time since the first of them. None unless set, so that it depends on the schedule alone; a source that is
    /// read every few minutes wants a day.
    pub time: Duration,
}

impl Default for Grace {
    fn default() -> Self {
        Self { runs: 3, time: Duration::ZERO }
    }
}

impl Grace {
    /// Sets how many complete reads.
    #[must_use]
    pub fn with_runs(mut self, runs: u32) -> Self {
        self.runs = runs;
        self
    }

    /// Sets how much time.
    #[must_use]
    pub fn with_time(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    /// Whether it has passed for an object that was missing for so many reads and so long.
    pub fn has_passed(&self, runs: u32, time: Duration) -> bool {
        runs >= self.runs && time >= self.time
    }
}
