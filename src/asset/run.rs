//! The history of runs.

use serde::{Deserialize, Serialize};

use crate::value::{Checkpoint, ReadMode, RunId, Timestamp};

/// One run of a task that came to its end, whatever the end was.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct RunRecord {
    /// The run.
    pub id: RunId,
    /// What people call the task.
    pub task: String,
    /// When it began.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Timestamp,
    /// How the directory was read, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<ReadMode>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Where the read ended, if it was complete: what the run left for the next one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<Checkpoint>,
    /// What ended it early, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The whole report, as JSON, if it came to one. Its decisions are those that wait for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<String>,
}

impl RunRecord {
    /// A run of a task from its beginning to its end, of which nothing more is told.
    pub fn new(
        id: RunId,
        task: impl Into<String>,
        (started, finished): (Timestamp, Timestamp),
        outcome: RunOutcome,
    ) -> Self {
        let (task, mode, checkpoint) = (task.into(), None, None);
        Self { id, task, started, finished, mode, outcome, checkpoint, error: None, report: None }
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunOutcome {
    /// The directory was read, everything or what changed, and written.
    Complete,
    /// The read was incomplete; what was read is written, nothing was removed.
    Incomplete,
    /// The brake stopped it before it wrote anything.
    Stopped,
    /// It failed. What it had committed before stays; mostly that is nothing.
    Failed,
}

impl RunOutcome {
    /// Whether the run came to write what it had read.
    pub fn has_written(self) -> bool {
        matches!(self, Self::Complete | Self::Incomplete)
    }
}
