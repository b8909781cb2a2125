//! Hosts that share a source, and the leases by which they take turns: in every order of their transactions, with clocks
//! that go on in between.

use std::time::Duration;

use ldap_inventory::asset::{Lease, LeaseRequest};
use ldap_inventory::store::LeaseState;
use ldap_inventory::value::{OrganizationId, RunId, SourceId, Timestamp};
use loom::sync::atomic::AtomicUsize;
use loom::sync::atomic::Ordering::SeqCst;
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::in_every_order;

/// The seconds for which a lease is asked for.
const TTL: usize = 60;

/// A store and a clock that hosts share.
#[derive(Clone)]
struct World {
    /// Whoever has it locked is in a transaction.
    store: Arc<Mutex<Store>>,
    seconds: Arc<AtomicUsize>,
}

/// What a store has of a source, and beside it what came to pass, by which that is judged.
#[derive(Default)]
struct Store {
    leases: LeaseState,
    /// Every lease in the order of the grants, as it was prolonged last. One that was given back has expired.
    granted: Vec<Lease>,
    /// The tokens of all writes.
    written: Vec<u64>,
}

fn source() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

impl World {
    fn new() -> Self {
        let (store, seconds) = (Mutex::new(Store::default()), AtomicUsize::new(0));
        Self { store: Arc::new(store), seconds: Arc::new(seconds) }
    }

    fn transaction<T>(&self, work: impl FnOnce(&mut Store) -> T) -> T {
        work(&mut self.store.lock().unwrap())
    }

    fn pass(&self, seconds: usize) {
        self.seconds.fetch_add(seconds, SeqCst);
    }

    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.seconds.load(SeqCst)).unwrap();
        Timestamp::from_unix_seconds(1_767_225_600 + passed).unwrap()
    }

    /// As runs do it: what time it is was asked before the transaction began.
    fn acquire(&self, run: u128) -> Option<u64> {
        let (run, now) = (RunId::from_u128(run), self.now());
        self.transaction(|store| store.acquire(run, now))
    }

    fn write(&self, token: u64) -> bool {
        self.transaction(|store| store.write(token))
    }

    fn release(&self, run: u128) {
        self.transaction(|store| store.release(RunId::from_u128(run)));
    }

    /// A run that writes, prolongs its lease, writes again whether or not it has it, and gives it back.
    fn run(&self, run: u128) {
        let Some(token) = self.acquire(run) else { return self.release(run) };
        self.write(token);
        if self.acquire(run).is_some_and(|prolonged| prolonged != token) {
            assert!(
                !self.write(token),
                "the lease in between was another's, and its own is not over"
            );
        }
        self.write(token);
        self.release(run);
    }
}

impl Store {
    /// The token that this run is granted, or is left with.
    fn acquire(&mut self, run: RunId, now: Timestamp) -> Option<u64> {
        let organization = OrganizationId::new("acme").unwrap();
        let ttl = Duration::from_secs(TTL as u64);
        let before = self.leases;
        let request = LeaseRequest::new(organization, source(), run, now, ttl);
        let Ok(lease) = self.leases.acquire(&request) else {
            let another = |last: &Lease| last.holder != run && now < last.expires;
            assert!(self.granted.last().is_some_and(another), "nobody else has it");
            assert_eq!(self.leases, before, "a refusal changed it");
            return None;
        };
        match self.granted.last_mut() {
            Some(last) if last.token == lease.token => {
                assert_eq!(last.holder, run, "two runs have one token");
                *last = lease;
            }
            last => {
                // Those before it were over when it was granted.
                let is_over = last.is_none_or(|last| last.expires <= now);
                assert!(is_over, "two leases are alive at once");
                assert!(self.newest() < Some(lease.token), "a token came again");
                self.granted.push(lease);
            }
        }
        Some(lease.token)
    }

    /// Whether this token was admitted.
    fn write(&mut self, token: u64) -> bool {
        let is_admitted = self.leases.check(&source(), token).is_ok();
        if is_admitted {
            self.note(token);
        } else {
            assert_ne!(self.newest(), Some(token), "the newest was refused");
        }
        is_admitted
    }

    fn note(&mut self, token: u64) {
        assert_eq!(self.newest(), Some(token), "a lease that was lost has written");
        self.written.push(token);
        assert!(self.written.is_sorted(), "it has written after whoever took the lease over");
    }

    fn newest(&self) -> Option<u64> {
        self.granted.last().map(|last| last.token)
    }

    fn release(&mut self, run: RunId) {
        let before = self.leases;
        self.leases.release(run);
        if before.held.is_some_and(|held| held.holder == run) {
            let own = self.granted.last_mut().unwrap();
            (own.holder, own.expires) = (run, Timestamp::MIN);
            assert_eq!(self.leases.held, None, "it is not given back");
        } else {
            assert_eq!(self.leases, before, "somebody else's was given back");
        }
        assert_eq!(self.leases.newest, before.newest, "a token is forgotten");
    }
}

#[test]
fn of_two_hosts_whoever_lost_the_lease_writes_nothing_after_whoever_took_it() {
    in_every_order(None, || {
        let world = World::new();
        let other = world.clone();
        let late = thread::spawn(move || other.run(1));
        world.pass(TTL);
        world.run(2);
        late.join().unwrap();
        // Whatever became of these two: both have given back what they had.
        assert!(world.acquire(3).is_some_and(|token| world.write(token)));
    });
}

#[test]
fn of_three_hosts_no_two_have_the_lease_at_once_however_their_clocks_go_on() {
    in_every_order(Some(2), || {
        let world = World::new();
        let hosts = [1, 2].map(|run| {
            let host = world.clone();
            thread::spawn(move || host.run(run))
        });
        world.pass(TTL / 2);
        world.pass(TTL / 2);
        world.run(3);
        for host in hosts {
            host.join().unwrap();
        }
        assert!(world.acquire(4).is_some_and(|token| world.write(token)));
    });
}

#[test]
fn a_host_that_gives_its_lease_back_late_takes_none_from_the_next() {
    in_every_order(None, || {
        let world = World::new();
        assert_eq!(world.acquire(1), Some(1));
        world.pass(TTL);
        let late = world.clone();
        let late = thread::spawn(move || late.release(1));
        let token = world.acquire(2).unwrap();
        assert!(world.write(token));
        late.join().unwrap();
        assert_eq!(world.acquire(3), None, "the second one has it still");
        assert!(world.write(token));
    });
}

/// That these models can fail: so a store must not do it.
#[test]
#[should_panic(expected = "a lease that was lost has written")]
fn a_write_apart_from_the_check_of_its_token_comes_too_late() {
    in_every_order(None, || {
        let world = World::new();
        let token = world.acquire(1).unwrap();
        world.pass(TTL);
        let other = world.clone();
        let other = thread::spawn(move || _ = other.acquire(2));
        if world.transaction(|store| store.leases.check(&source(), token)).is_ok() {
            world.transaction(|store| store.note(token));
        }
        other.join().unwrap();
    });
}
