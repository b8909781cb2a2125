//! Following a run, and stopping it.

use tokio::sync::watch;

use crate::{Error, ErrorKind, Result};

/// Where a run is. Enough to draw a bar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Progress {
    /// Connecting to the directory and binding.
    Connecting,
    /// Reading. How many objects there will be is not known before the end.
    Reading {
        /// Objects read so far.
        objects: u64,
    },
    /// Half of what may be held is held, while it reads. If as much again is to come, the read will be incomplete, and
    /// the next run needs more [`memory_bytes`](super::SyncOptions::memory_bytes).
    HalfOfMemory {
        /// Objects read so far.
        objects: u64,
        /// The octets that are held.
        held: u64,
        /// The octets that may be held: `memory_bytes`.
        limit: u64,
    },
    /// Looking up candidates and deciding.
    Deciding {
        /// Computers to decide on.
        computers: u64,
    },
    /// Working out and writing changes.
    Writing {
        /// Records done with, whether or not there was something to write.
        done: u64,
        /// All records.
        total: u64,
    },
    /// Everything is written.
    Finished,
}

/// Stops runs, from any thread. Clones stop the same runs.
///
/// A run that is cancelled ends with [`ErrorKind::Cancelled`] between two steps, having given back its
/// lease; what it had committed stays and is whole. Dropping the run's future stops it as well, but
/// leaves the lease to expire.
#[derive(Clone, Debug)]
pub struct Cancellation(watch::Sender<bool>);

impl Cancellation {
    /// Not cancelled yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    /// Stops the runs that were given this.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(cancelled()) } else { Ok(()) }
    }

    /// The future's outcome, unless it is cancelled first; the future is dropped then.
    pub(super) async fn guard<T>(&self, future: impl Future<Output = Result<T>>) -> Result<T> {
        let mut watcher = self.0.subscribe();
        tokio::select! {
            biased;
            _ = watcher.wait_for(|cancelled| *cancelled) => Err(cancelled()),
            outcome = future => outcome,
        }
    }
}

impl Default for Cancellation {
    fn default() -> Self {
        Self::new()
    }
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the run was cancelled; what it had committed stays")
}
