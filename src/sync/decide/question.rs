//! What the rules alone are asked, on a thread of its own.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::spawn_blocking;

use super::surroundings::Surroundings;
use crate::merge::{self, Computer, Decision, Exclusion, MatchContext, Rules, Watch};
use crate::sync::Cancellation;
use crate::task::SyncTask;
use crate::value::{AssetId, ObjectGuid, Timestamp};
use crate::{Error, ErrorKind, Result};

/// What some computers are, by the rules alone.
pub(super) struct Question {
    pub(super) task: SyncTask,
    /// Everything that was read.
    pub(super) read: Arc<Vec<Computer>>,
    /// What of it is asked about.
    pub(super) places: Range<usize>,
    /// Known computers that were not read and are asked about all the same.
    pub(super) unread: Vec<Computer>,
    pub(super) links: HashMap<ObjectGuid, AssetId>,
    pub(super) absent: Arc<HashSet<ObjectGuid>>,
    pub(super) alone: HashSet<ObjectGuid>,
    pub(super) surroundings: Surroundings,
    pub(super) first_new: AssetId,
    pub(super) now: Timestamp,
}

/// Stops what nobody waits for any more, and what was cancelled.
struct Patience {
    cancellation: Cancellation,
    is_over: Arc<AtomicBool>,
}

/// Who waits. A run that is dropped waits no more.
struct Waiting(Arc<AtomicBool>);

impl Question {
    /// Asks it. A million computers take seconds, in which other work of the host goes on, and the lease is prolonged.
    pub(super) async fn ask(
        self,
        cancellation: &Cancellation,
    ) -> Result<(Vec<Decision>, Surroundings)> {
        let waiting = Waiting(Arc::default());
        let patience =
            Patience { cancellation: cancellation.clone(), is_over: Arc::clone(&waiting.0) };
        let answered = spawn_blocking(move || {
            let decisions = self.answer(&patience)?;
            Ok((decisions, self.surroundings))
        });
        match answered.await {
            Ok(answer) => answer,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(error) => Err(broken_off().with_source(error)),
            },
        }
    }

    fn answer(&self, watch: &impl Watch<Stop = Error>) -> Result<Vec<Decision>> {
        let Self { task, surroundings, .. } = self;
        let known = MatchContext {
            source: &task.source,
            links: &self.links,
            absent: &self.absent,
            alone: &self.alone,
            elsewhere: &surroundings.elsewhere,
            others: &surroundings.others,
            constraints: &[],
            first_new: self.first_new,
            threads: NonZeroUsize::MIN,
            now: self.now,
        };
        let exclusion = Exclusion::of(&task.exclusions, self.now);
        let rules = Rules { exclusion: &exclusion, policy: &task.matching, site: &task.site };
        let read = self.read.get(self.places.clone()).unwrap_or_default();
        let candidates = surroundings.candidates.values();
        merge::decide_watched(read.iter().chain(&self.unread), candidates, &known, rules, watch)
    }
}

impl Watch for Patience {
    type Stop = Error;

    fn passed(&self, _: usize) -> Result<()> {
        if self.is_over.load(Ordering::Relaxed) {
            Err(broken_off())
        } else {
            self.cancellation.check()
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn broken_off() -> Error {
    Error::new(ErrorKind::Cancelled, "deciding was broken off: nobody waits for it any more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deciding_goes_on_until_it_is_cancelled_or_nobody_waits_for_it_any_more() {
        for is_cancelled in [true, false] {
            let (waiting, cancellation) = (Waiting(Arc::default()), Cancellation::new());
            let is_over = Arc::clone(&waiting.0);
            let patience = Patience { cancellation: cancellation.clone(), is_over };
            patience.passed(1).unwrap();
            if is_cancelled {
                cancellation.cancel();
            } else {
                drop(waiting);
            }
            assert_eq!(patience.passed(1).unwrap_err().kind(), ErrorKind::Cancelled);
        }
    }
}
