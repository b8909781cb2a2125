//! What is lent to searches, one after another, and searches that may be given up while they have it.
//!
//! Who waits for a search and who runs it are two threads: `tests/hosts/interleavings` tries every order in which they
//! may meet.

use super::locks::{Arc, Mutex, MutexGuard};

/// What can be lent, and interrupted by whoever waits for the search that has it.
pub(super) trait Lent {
    /// What interrupts it from another thread.
    type Handle: Interrupt;

    fn handle(&self) -> Self::Handle;
}

/// Interrupts what runs at that moment.
pub(super) trait Interrupt {
    fn interrupt(&self);
}

/// What no search has at the moment.
pub(super) struct Idle<C>(Arc<Mutex<Vec<C>>>);

/// A search, as its own thread and whoever waits for it know it.
pub(super) struct Search<H>(Arc<Mutex<Progress<H>>>);

/// Gives a search up when it is dropped, unless it is done.
pub(super) struct Waiter<H: Interrupt>(Search<H>);

/// Where a search is.
enum Progress<H> {
    Waiting,
    Running(H),
    Done,
    GivenUp,
}

impl<C: Lent> Idle<C> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(Vec::new())))
    }

    /// Lets a search have one, a new one if none is idle. The search [ends](Search::end) before it lets go of it, so that
    /// nobody interrupts whoever has it next. `None` if it was given up before it had any.
    pub(super) fn lend<T, E>(
        &self,
        search: &Search<C::Handle>,
        open: impl FnOnce() -> Result<C, E>,
        work: impl FnOnce(&mut C) -> Result<T, E>,
    ) -> Result<Option<T>, E> {
        let idle = self.all().pop();
        let mut lent = idle.map_or_else(open, Ok)?;
        let outcome = search.begin(lent.handle()).then(|| work(&mut lent)).transpose();
        search.end();
        self.all().push(lent);
        outcome
    }

    fn all(&self) -> MutexGuard<'_, Vec<C>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<H: Interrupt> Search<H> {
    /// A search, and whoever waits for it.
    pub(super) fn awaited() -> (Self, Waiter<H>) {
        let search = Self(Arc::new(Mutex::new(Progress::Waiting)));
        (search.clone(), Waiter(search))
    }

    /// From here on nobody interrupts it.
    pub(super) fn end(&self) {
        let mut progress = self.progress();
        if matches!(*progress, Progress::Running(_)) {
            *progress = Progress::Done;
        }
    }

    pub(super) fn is_given_up(&self) -> bool {
        matches!(*self.progress(), Progress::GivenUp)
    }

    /// False if it was given up before.
    fn begin(&self, handle: H) -> bool {
        let mut progress = self.progress();
        let is_wanted = !matches!(*progress, Progress::GivenUp);
        if is_wanted {
            *progress = Progress::Running(handle);
        }
        is_wanted
    }

    fn give_up(&self) {
        let mut progress = self.progress();
        match &*progress {
            Progress::Running(handle) => handle.interrupt(),
            Progress::Done => return,
            Progress::Waiting | Progress::GivenUp => {}
        }
        *progress = Progress::GivenUp;
    }

    fn progress(&self) -> MutexGuard<'_, Progress<H>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

impl<C> Clone for Idle<C> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> Clone for Search<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H: Interrupt> Drop for Waiter<H> {
    fn drop(&mut self) {
        self.0.give_up();
    }
}
