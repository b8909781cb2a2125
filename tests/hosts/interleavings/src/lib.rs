//! What threads and hosts share, tried in every order in which they may meet. It is the crate's own source, with loom's
//! locks.

#![cfg(test)]

mod leases;
mod locks {
    pub(super) use loom::sync::{Arc, Mutex, MutexGuard};
}

#[path = "../../../../src/store/sqlite/lending.rs"]
mod lending;

use lending::{Idle, Interrupt, Lent, Search, Waiter};
use loom::model::Builder;
use loom::sync::Arc;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::atomic::{AtomicBool, AtomicUsize};
use loom::thread;

/// A connection. It counts who had it, and knows who was done and who was interrupted last.
#[derive(Clone)]
struct Connection {
    lent: Arc<AtomicUsize>,
    done: Arc<AtomicUsize>,
    interrupted: Arc<AtomicUsize>,
}

/// Interrupts the one who had it then, and must find no other.
struct Handle {
    connection: Connection,
    own: usize,
}

impl Connection {
    fn open() -> Self {
        let [lent, done, interrupted] = [(); 3].map(|()| Arc::new(AtomicUsize::new(0)));
        Self { lent, done, interrupted }
    }
}

impl Lent for Connection {
    type Handle = Handle;

    fn handle(&self) -> Handle {
        let own = self.lent.fetch_add(1, SeqCst) + 1;
        Handle { connection: self.clone(), own }
    }
}

impl Interrupt for Handle {
    fn interrupt(&self) {
        let Connection { lent, done, interrupted } = &self.connection;
        assert_eq!(lent.load(SeqCst), self.own, "another search has the connection");
        assert_ne!(done.load(SeqCst), self.own, "no search has the connection");
        interrupted.store(self.own, SeqCst);
    }
}

/// A search that looks once whether it is wanted, as those in SQLite do now and then. Whether it had its turn.
fn run(
    idle: &Idle<Connection>,
    search: &Search<Handle>,
    open: impl FnOnce() -> Connection,
    is_dropped: &AtomicBool,
) -> bool {
    let open = || Ok::<_, ()>(open());
    let lent = idle.lend(search, open, |connection| {
        let own = connection.lent.load(SeqCst);
        let is_dropped = is_dropped.load(SeqCst);
        let is_told = search.is_given_up() || connection.interrupted.load(SeqCst) == own;
        assert!(is_told || !is_dropped, "nobody waits any more, and it goes on");
        search.end();
        assert_eq!(connection.lent.load(SeqCst), own, "two searches have one connection");
        connection.done.store(own, SeqCst);
        Ok(())
    });
    lent.unwrap().is_some()
}

/// A search and whoever waits for it, and whether nobody does any more.
fn awaited() -> (Search<Handle>, Waiter<Handle>, Arc<AtomicBool>) {
    let (search, waiter) = Search::awaited();
    (search, waiter, Arc::new(AtomicBool::new(false)))
}

/// Tries a model in every order, with so many switches between threads that none of them asks for.
fn in_every_order(switches: Option<usize>, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = switches;
    builder.check(model);
}

#[test]
fn whoever_is_given_up_is_told_and_interrupts_nobody_who_has_the_connection_next() {
    in_every_order(None, || {
        let idle = Idle::new();
        let (first, given_up, is_dropped) = awaited();
        let (second, waiting, is_waiting) = awaited();
        let dropped = Arc::clone(&is_dropped);
        let one_after_the_other = thread::spawn(move || {
            run(&idle, &first, Connection::open, &dropped);
            // It is given back in any case.
            let opened_again = || unreachable!("the connection was lost");
            assert!(run(&idle, &second, opened_again, &is_waiting), "it was wanted");
        });
        drop(given_up);
        is_dropped.store(true, SeqCst);
        one_after_the_other.join().unwrap();
        drop(waiting);
    });
}

#[test]
fn searches_at_the_same_time_have_connections_of_their_own() {
    in_every_order(Some(3), || {
        let idle = Idle::new();
        let (first, given_up, is_dropped) = awaited();
        let (second, waiting, is_waiting) = awaited();
        let (other, dropped) = (idle.clone(), Arc::clone(&is_dropped));
        let one = thread::spawn(move || _ = run(&idle, &first, Connection::open, &dropped));
        let another = thread::spawn(move || {
            assert!(run(&other, &second, Connection::open, &is_waiting), "it was wanted");
        });
        drop(given_up);
        is_dropped.store(true, SeqCst);
        one.join().unwrap();
        another.join().unwrap();
        drop(waiting);
    });
}
