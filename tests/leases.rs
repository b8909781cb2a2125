//! Leases, as several runs take them, lose them and write under them in any order.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;
use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{
    AssetRepository, Batch, Change, CommitOutcome, LeaseRequest, Link, LinksRequest,
};
use ldap_inventory::value::{
    BatchId, ObjectGuid, ObjectKind, OrganizationId, RunId, SourceId, Timestamp,
};
use proptest::prelude::*;

use crate::cases::cases;
use crate::stores;

/// What happens next.
#[derive(Clone, Debug)]
enum Step {
    /// A run asks for the lease, or prolongs it, for so many seconds.
    Acquire { run: usize, seconds: u64 },
    /// A run gives the lease back, whether it has it or not.
    Release { run: usize },
    /// A run writes with the last token that it was granted.
    Commit { run: usize },
    /// A run dies, and another one is started in its place. Nobody gives its lease back.
    Die { run: usize },
    /// A run's commit goes on after the run itself is dead: with an old token.
    CommitOf { token: u64 },
    /// A person writes, without a lease.
    CommitByHand,
    /// Time passes, or the clock is put back.
    Pass { seconds: i64 },
}

const RUNS: usize = 3;

fn step() -> impl Strategy<Value = Step> {
    let run = || 0..RUNS;
    prop_oneof![
        6 => (run(), prop_oneof![Just(0), 1..60u64]).prop_map(|(run, seconds)| Step::Acquire { run, seconds }),
        2 => run().prop_map(|run| Step::Release { run }),
        6 => run().prop_map(|run| Step::Commit { run }),
        2 => run().prop_map(|run| Step::Die { run }),
        1 => (0..9u64).prop_map(|token| Step::CommitOf { token }),
        1 => Just(Step::CommitByHand),
        4 => (-10..60i64).prop_map(|seconds| Step::Pass { seconds }),
    ]
}

fn organization() -> OrganizationId {
    OrganizationId::new("acme").unwrap()
}

fn source() -> SourceId {
    SourceId::new("ldap", "corp.example").unwrap()
}

/// What was granted, by token.
#[derive(Clone, Copy, Debug)]
struct Grant {
    holder: RunId,
    expires: Timestamp,
    is_released: bool,
}

/// One history of a store, and what must have come of it.
struct History {
    /// Handles to one store, as several processes have them.
    handles: Vec<Arc<dyn AssetRepository>>,
    now: Timestamp,
    /// The runs that live, and the last token that each was granted.
    runs: [(RunId, u64); RUNS],
    grants: BTreeMap<u64, Grant>,
    started: u128,
    batches: u128,
    written: Vec<ObjectGuid>,
}

impl History {
    fn new(handles: Vec<Arc<dyn AssetRepository>>) -> Self {
        let runs = [1, 2, 3].map(|n| (RunId::from_u128(n), 0));
        Self {
            handles,
            now: Timestamp::from_unix_seconds(1_790_000_000).unwrap(),
            runs,
            grants: BTreeMap::new(),
            started: RUNS as u128,
            batches: 0,
            written: Vec::new(),
        }
    }

    fn handle(&self, run: usize) -> &dyn AssetRepository {
        &*self.handles[run % self.handles.len()]
    }

    async fn take(&mut self, step: &Step) {
        match *step {
            Step::Acquire { run, seconds } => self.acquire(run, Duration::from_secs(seconds)).await,
            Step::Release { run } => {
                let holder = self.runs[run].0;
                self.handle(run).release_lease(&organization(), &source(), holder).await.unwrap();
                let own = self.grants.values_mut().filter(|grant| grant.holder == holder);
                own.for_each(|grant| grant.is_released = true);
            }
            Step::Commit { run } => self.commit(run, Some(self.runs[run].1)).await,
            Step::CommitOf { token } => self.commit(0, Some(token)).await,
            Step::CommitByHand => self.commit(0, None).await,
            Step::Die { run } => {
                self.started += 1;
                self.runs[run] = (RunId::from_u128(self.started), 0);
            }
            Step::Pass { seconds } => {
                let micros = self.now.as_micros() + seconds * 1_000_000;
                self.now = Timestamp::from_micros(micros).unwrap();
            }
        }
    }

    /// The lease is granted if nobody else has one that is alive, and to its holder in any case.
    async fn acquire(&mut self, run: usize, ttl: Duration) {
        let (holder, now) = (self.runs[run].0, self.now);
        let granted = self
            .handle(run)
            .acquire_lease(LeaseRequest::new(organization(), source(), holder, now, ttl))
            .await;
        let newest = self.grants.last_key_value().map(|(token, grant)| (*token, *grant));
        let held = newest.filter(|(_, grant)| !grant.is_released);
        let is_own = held.is_some_and(|(_, grant)| grant.holder == holder);
        let is_alive = held.is_some_and(|(_, grant)| now < grant.expires);
        let newest = newest.map_or(0, |(token, _)| token);
        match granted {
            Ok(lease) => {
                assert!(is_own || !is_alive, "{lease:?} was granted beside {held:?} at {now}");
                assert_eq!((lease.holder, lease.expires), (holder, now.checked_add(ttl).unwrap()));
                assert!(if is_own { lease.token == newest } else { lease.token > newest });
                let grant = Grant { holder, expires: lease.expires, is_released: false };
                self.grants.insert(lease.token, grant);
                self.runs[run].1 = lease.token;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Lease, "{error:?}");
                assert!(is_alive && !is_own, "nobody else has it: {held:?} at {now}");
            }
        }
    }

    /// A batch is written if its token is the newest that was granted, and by hand in any case.
    async fn commit(&mut self, run: usize, token: Option<u64>) {
        self.batches += 1;
        let mut object = [0; 16];
        object.copy_from_slice(&self.batches.to_be_bytes());
        let object = ObjectGuid::from_bytes(object);
        let batch = Batch::new(BatchId::from_u128(self.batches), organization(), source());
        let batch = batch.with_changes([Change::PutLink {
            link: Link::new(ObjectKind::User, object),
            was: None,
        }]);
        let batch = match token {
            Some(token) => batch.with_lease(token),
            None => batch,
        };
        let newest = self.grants.last_key_value().map(|(token, _)| *token);
        match self.handle(run).commit(batch).await {
            Ok(committed) => {
                assert_eq!(committed, CommitOutcome::Applied);
                assert!(token.is_none() || token == newest, "{token:?} wrote after {newest:?}");
                self.written.push(object);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Lease, "{error:?}");
                assert!(token.is_some() && token != newest, "the holder was refused");
            }
        }
        for handle in &self.handles {
            let links = handle.links(LinksRequest::new(organization(), source())).await.unwrap();
            let mut links: Vec<Link> = links.try_collect().await.unwrap();
            links.sort_by_key(|link| link.object);
            let found = links.into_iter().map(|link| link.object);
            let mut expected = self.written.clone();
            expected.sort_unstable();
            assert_eq!(found.collect::<Vec<_>>(), expected);
        }
    }

    /// However it came, once every lease has expired a new run gets it, and nobody from before can write.
    async fn end(&mut self) {
        let expires = self.grants.values().map(|grant| grant.expires).max();
        self.now = self.now.max(expires.unwrap_or(self.now));
        let before: Vec<u64> = self.grants.keys().copied().collect();
        self.take(&Step::Die { run: 0 }).await;
        self.take(&Step::Acquire { run: 0, seconds: 60 }).await;
        let token = self.runs[0].1;
        assert!(token > 0, "a dead holder blocks for ever");
        for old in before {
            let written = self.written.len();
            self.commit(1, Some(old)).await;
            assert_eq!(self.written.len(), written, "token {old} wrote after {token} was granted");
        }
        self.commit(0, Some(token)).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(100)))]

    #[test]
    fn a_dead_or_slow_holder_neither_blocks_for_ever_nor_writes_late(
        steps in prop::collection::vec(step(), 1..40),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for store in runtime.block_on(stores::empty()) {
            let mut history = History::new(store.handles.clone());
            runtime.block_on(async {
                for step in &steps {
                    history.take(step).await;
                }
                history.end().await;
            });
        }
    }
}
