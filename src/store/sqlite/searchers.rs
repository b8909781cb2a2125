//! The connections of searches.
//!
//! What a search takes is for whoever asks to choose, and many are given up before they are done. So searches have
//! connections of their own, which hold up no run; they are interrupted where nobody waits for them any more, and at their
//! deadline. An interrupt ends what runs at that moment. A search may be many short statements, so between them each looks
//! for itself whether it is still wanted.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, Transaction};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::failure::Outcome;
use crate::store::deadline::too_long;
use crate::{Error, ErrorKind};

/// The most searches of one handle at the same time; more wait for their turn. Each connection has a page cache.
const MOST: usize = 4;

/// How many instructions of SQLite's a search goes on before it looks whether it is wanted: some microseconds, and a hundred
/// short statements.
const INSTRUCTIONS: i32 = 1_000;

/// Opens one more connection that reads.
type Open = dyn Fn() -> Outcome<Connection> + Send + Sync;

/// The connections of searches, opened when they are first needed.
#[derive(Clone)]
pub(super) struct Searchers {
    open: Arc<Open>,
    idle: Arc<Mutex<Vec<Connection>>>,
    turns: Arc<Semaphore>,
}

/// Where a search is.
#[derive(Default)]
enum Progress {
    #[default]
    Waiting,
    Running(InterruptHandle),
    Done,
    GivenUp,
}

/// A search, as its own thread and whoever waits for it know it.
#[derive(Clone, Default)]
struct Search(Arc<Mutex<Progress>>);

/// Gives a search up when it is dropped, unless it is done.
struct Waiter(Search);

impl Searchers {
    pub(super) fn new(open: impl Fn() -> Outcome<Connection> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), idle: Arc::default(), turns: Arc::new(Semaphore::new(MOST)) }
    }

    /// What a search finds in one consistent state, on a thread that may block. It ends with the future, or at its deadline.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let searching = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(broken_off)?;
            let (search, searchers) = (Search::default(), self.clone());
            let waiter = Waiter(search.clone());
            let done = spawn_blocking(move || {
                let outcome = searchers.run(&search, work);
                drop(turn);
                outcome
            });
            let outcome = done.await.map_err(broken_off)?;
            drop(waiter);
            outcome
        };
        match timeout(deadline, searching).await {
            Ok(outcome) => outcome,
            Err(_) => Err(too_long(deadline).into()),
        }
    }

    fn run<T>(
        &self,
        search: &Search,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let idle = self.idle().pop();
        let mut connection = idle.map_or_else(|| (self.open)(), Ok)?;
        if !search.begin(connection.get_interrupt_handle()) {
            self.idle().push(connection);
            return Err(Error::new(ErrorKind::Cancelled, "the search was given up").into());
        }
        let transaction = connection.transaction()?;
        let own = search.clone();
        // It gives nothing back in the earlier of the versions that we take, and cannot fail on a connection of our own.
        let _ = transaction.progress_handler(INSTRUCTIONS, Some(move || own.is_given_up()));
        let outcome = work(&transaction);
        // From here on nobody interrupts it, not even its end, so that the next search may have it.
        let _ = transaction.progress_handler(0, None::<fn() -> bool>);
        search.end();
        drop(transaction);
        self.idle().push(connection);
        outcome
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Searchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Searchers").finish_non_exhaustive()
    }
}

impl Search {
    /// False if it was given up before.
    fn begin(&self, handle: InterruptHandle) -> bool {
        let mut progress = self.progress();
        let is_wanted = !matches!(*progress, Progress::GivenUp);
        if is_wanted {
            *progress = Progress::Running(handle);
        }
        is_wanted
    }

    fn end(&self) {
        *self.progress() = Progress::Done;
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

    fn is_given_up(&self) -> bool {
        matches!(*self.progress(), Progress::GivenUp)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.give_up();
    }
}

fn broken_off(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Store, "the search in the inventory file was broken off")
        .with_source(cause)
}
