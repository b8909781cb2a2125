//! The history of runs.

use serde::{Deserialize, Serialize};

use crate::value::{ReadMode, RunId, Timestamp};

/// One finished run of a source.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// How the directory was read.
    pub mode: ReadMode,
    /// How it ended.
    pub outcome: RunOutcome,
    /// The whole report, as JSON. Its decisions are those that wait for a person.
    pub report: String,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunOutcome {
    /// The whole directory was read and written.
    Complete,
    /// The read was incomplete; what was read is written, nothing was removed.
    Incomplete,
}
