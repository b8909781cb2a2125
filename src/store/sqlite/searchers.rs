//! The connections of searches.
//!
//! What a search takes is for whoever asks to choose, and many are given up before they are done. So searches have
//! connections of their own, which hold up no run; they are interrupted where nobody waits for them any more, and at their
//! deadline. An interrupt ends what runs at that moment. A search may be many short statements, so between them each looks
//! for itself whether it is still wanted.

use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, InterruptHandle, Transaction};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::failure::Outcome;
use super::lending::{Idle, Interrupt, Lent, Search};
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
    idle: Idle<Connection>,
    turns: Arc<Semaphore>,
}

impl Searchers {
    pub(super) fn new(open: impl Fn() -> Outcome<Connection> + Send + Sync + 'static) -> Self {
        Self { open: Arc::new(open), idle: Idle::new(), turns: Arc::new(Semaphore::new(MOST)) }
    }

    /// What a search finds in one consistent state, on a thread that may block. It ends with the future, or at its deadline.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        deadline: Duration,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Outcome<T> {
        let searching = async {
            let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(broken_off)?;
            let ((search, waiter), searchers) = (Search::awaited(), self.clone());
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
        search: &Search<InterruptHandle>,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T>,
    ) -> Outcome<T> {
        let own = search.clone();
        let found = self.idle.lend(search, &*self.open, |connection| {
            let transaction = connection.transaction()?;
            // It gives nothing back in the earlier of the versions that we take, and cannot fail on a connection of our own.
            let is_given_up = move || own.is_given_up();
            let _ = transaction.progress_handler(INSTRUCTIONS, Some(is_given_up));
            let outcome = work(&transaction);
            let _ = transaction.progress_handler(0, None::<fn() -> bool>);
            // Not even the end of the transaction is to be interrupted.
            search.end();
            outcome
        })?;
        found.ok_or_else(|| Error::new(ErrorKind::Cancelled, "the search was given up").into())
    }
}

impl Lent for Connection {
    type Handle = InterruptHandle;

    fn handle(&self) -> InterruptHandle {
        self.get_interrupt_handle()
    }
}

impl Interrupt for InterruptHandle {
    fn interrupt(&self) {
        Self::interrupt(self);
    }
}

fn broken_off(cause: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::new(ErrorKind::Store, "the search in the inventory file was broken off")
        .with_source(cause)
}
