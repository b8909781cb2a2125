//! Over any history of a domain, a chain of reads of changes keeps the very inventory that full reads keep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::directory::{DirectoryObject, DirectorySource, FullReadReason};
use ldap_inventory::ldap::{DeltaPolicy, LdapSource};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, SyncTask};
use ldap_inventory::testing::{MockDirectory, TestDirectory, TestServer};
use ldap_inventory::value::{ObjectGuid, ReadMode, RunId, Timestamp};
use serde_json::{Value, json};

use super::history::{Domain, Random, disturb, disturb_network, mend_network, zones_and_subnets};
use super::wire::{PASSWORD, credential, source};
use super::world::*;
use crate::cases::cases;
use crate::following::Follower;
use crate::mock::{computer, group, user};

const FOREVER: Duration = Duration::from_secs(1 << 40);

/// Two inventories of one directory: one that reads everything every time, and one that reads what changed.
struct Chains {
    full: Arc<dyn AssetRepository>,
    changes: Arc<dyn AssetRepository>,
    task: SyncTask,
    runs: u64,
}

impl Chains {
    async fn new(task: SyncTask, stores: [Arc<dyn AssetRepository>; 2]) -> Self {
        let [full, changes] = stores;
        for store in [&full, &changes] {
            scan(&**store).await;
        }
        Self { full, changes, task: task.with_change_limits(ChangeLimits::off()), runs: 0 }
    }

    /// Names and dates runs, so that two of them can be compared to the last bit.
    fn next_run(&mut self) -> SyncOptions {
        self.runs += 1;
        let now = Timestamp::from_unix_seconds(1_790_000_000 + 3_600 * self.runs as i64).unwrap();
        SyncOptions::new().with_run(RunId::new_v7(now, [self.runs as u8; 10]), now)
    }

    /// Syncs both, and compares them. What the chain of changes did.
    async fn step(&mut self, directory: &dyn DirectorySource, context: &str) -> SyncReport {
        let changes = self.sync(directory).await;
        if !are_equal(&*self.full, &*self.changes).await {
            let (one, other) = (inventory(&*self.full).await, inventory(&*self.changes).await);
            assert_same(&one, &other, format!("{context}, {:?}", changes.mode));
        }
        changes
    }

    /// The same with a census only if one is due: after one both inventories say the same of what is there, and in between
    /// nothing is missing that is there.
    async fn step_without(
        &mut self,
        directory: &dyn DirectorySource,
        is_due: bool,
        context: &str,
    ) -> SyncReport {
        let every = if is_due { Duration::ZERO } else { FOREVER };
        self.task = self.task.clone().with_census_every(every, u32::MAX).with_census_beyond(0);
        let changes = self.sync(directory).await;
        assert_eq!(changes.census, is_due || changes.mode == ReadMode::Full, "{context}");
        if changes.census {
            let (full, changes) = (present(&*self.full).await, present(&*self.changes).await);
            assert_same(&full, &changes, context);
        }
        let there: BTreeMap<ObjectGuid, bool> = links(&*self.full)
            .await
            .iter()
            .map(|link| (link.object, link.presence.is_present()))
            .collect();
        for link in links(&*self.changes).await {
            let is_there = there.get(&link.object).copied().unwrap_or_default();
            assert!(link.presence.is_present() || !is_there, "{context}: {link:?}");
        }
        changes
    }

    /// Syncs both. What the chain of changes did.
    async fn sync(&mut self, directory: &dyn DirectorySource) -> SyncReport {
        let options = self.next_run();
        let everything = self.task.clone().with_full_read_every(Duration::ZERO);
        let full = sync(&everything, directory, &*self.full, &options).await.unwrap();
        assert_eq!(full.mode, ReadMode::Full);
        let never = self.task.clone().with_full_read_every(FOREVER);
        sync(&never, directory, &*self.changes, &options).await.unwrap()
    }

    /// A scanner finds something, and tells both.
    async fn scan(&self, n: u64, name: &str) {
        for store in [&self.full, &self.changes] {
            put(&**store, scanned(n, &[name])).await;
        }
    }

    /// A full read after the chain finds nothing to write, and a new inventory holds the same.
    async fn finish(&mut self, directory: &dyn DirectorySource, context: &str) {
        for store in [&self.full, &self.changes] {
            Follower::default().catch_up(&**store, &acme()).await;
        }
        assert_consistent(&*self.changes).await;
        let before = inventory(&*self.changes).await;
        let options = self.next_run().with_full_read(true);
        let report = sync(&self.task, directory, &*self.changes, &options).await.unwrap();
        assert_eq!(report.mode, ReadMode::Full);
        if self.task.matching.exclude_unknown {
            // What is known stays, also where it would not be known today.
            assert_eq!((report.computers.created, report.computers.updated), (0, 0), "{context}");
            return;
        }
        for (created, updated) in [
            (report.computers.created, report.computers.updated),
            (report.users.created, report.users.updated),
            (report.groups.created, report.groups.updated),
        ] {
            assert_eq!((created, updated), (0, 0), "{context}: {report:?}");
        }
        let after = inventory(&*self.changes).await;
        assert_same(&without_absences(before), &without_absences(after), context);
        let fresh = MemoryRepository::new();
        scan(&fresh).await;
        sync(&self.task, directory, &fresh, &options).await.unwrap();
        let (one, other) = (present(&*self.changes).await, present(&fresh).await);
        assert_same(&one, &other, format!("{context}: a new inventory"));
    }
}

/// Whether two inventories are the same to the last bit, the history of runs apart.
async fn are_equal(one: &dyn AssetRepository, other: &dyn AssetRepository) -> bool {
    assets(one).await == assets(other).await
        && users(one).await == users(other).await
        && groups(one).await == groups(other).await
        && links(one).await == links(other).await
}

/// How long something is missing is counted on.
fn without_absences(mut inventory: Value) -> Value {
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                if fields.get("presence").is_some_and(|presence| presence != "present") {
                    for passing in ["presence", "version", "run", "written"] {
                        fields.remove(passing);
                    }
                }
                let holds_absent = fields
                    .get("parts")
                    .and_then(Value::as_array)
                    .is_some_and(|parts| parts.iter().any(|part| part["presence"] != "present"));
                if holds_absent {
                    fields.remove("version");
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(values) => values.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut inventory);
    inventory
}

/// What the inventory says of every object that the directory has, without when it came to say so. Which asset a
/// computer is depends on when it came: an asset that one was tied to is not free for another.
async fn present(repository: &dyn AssetRepository) -> Value {
    let mut objects = BTreeMap::new();
    for link in links(repository).await.into_iter().filter(|link| link.presence.is_present()) {
        let seen = json!([link.kind, link.digest, link.dn_digest, link.attributes]);
        objects.insert(link.object.to_string(), vec![seen]);
    }
    let mut tell = |object: String, mut what: Value| {
        if let Some(known) = objects.get_mut(&object) {
            for passing in ["run", "written"] {
                what.as_object_mut().unwrap().remove(passing);
            }
            for passing in ["ts", "uSNChanged", "whenChangedTS"] {
                what["attributes"].as_object_mut().unwrap().remove(passing);
            }
            known.push(what);
        }
    };
    for user in users(repository).await {
        tell(user.object.to_string(), json!(user));
    }
    for group in groups(repository).await {
        tell(group.object.to_string(), json!(group));
    }
    json!(objects)
}

/// One history through the mock directory: 200 steps, and a run after every ten.
async fn through_the_mock(seed: u64, tombstones: bool) {
    let mut random = Random::new(seed);
    let mut domain = Domain::new();
    let mode = if seed.is_multiple_of(2) { ReadMode::DirSync } else { ReadMode::Usn };
    let directory = MockDirectory::new(domain.objects()).with_deltas(mode, tombstones);
    let mut task = task().with_addresses_from_dns();
    let (is_scanned, excludes) = (seed % 5 < 2, seed.is_multiple_of(5));
    task.matching.exclude_unknown = excludes;
    let stores: [Arc<dyn AssetRepository>; 2] =
        [Arc::new(MemoryRepository::new()), Arc::new(MemoryRepository::new())];
    let mut chains = Chains::new(task, stores).await;
    chains.step(&directory, "the first run").await;
    let mut read_in_full = 0;
    for step in 1..=20 {
        for _ in 0..10 {
            domain.change(&mut random);
        }
        directory.set_objects(domain.objects());
        let scans = is_scanned && step % 4 == 0;
        if scans {
            chains.scan(100 + step, &domain.any_host(&mut random)).await;
        }
        let context = format!("history {seed}, run {step}");
        let report = chains.step(&directory, &context).await;
        let is_full = report.full_because == Some(FullReadReason::Widespread);
        let has_assets = report.full_because == Some(FullReadReason::InventoryChanged);
        assert_eq!(has_assets, excludes && scans, "{context}: {:?}", report.full_because);
        assert!(report.mode == mode || is_full || has_assets, "{context}: {report:?}");
        read_in_full += usize::from(is_full);
    }
    assert!(read_in_full < 10, "{read_in_full} of 20 in history {seed}");
    chains.finish(&directory, &format!("history {seed}")).await;
}

/// Histories from a seed on.
async fn many_through_the_mock(first: u64) {
    for seed in (first..).take(cases(300) as usize) {
        through_the_mock(seed, seed % 4 < 2).await;
    }
}

#[tokio::test]
async fn three_hundred_histories_of_a_mock_end_as_full_reads_end() {
    many_through_the_mock(0).await;
}

#[tokio::test]
async fn three_hundred_more_histories_of_a_mock_end_as_full_reads_end() {
    many_through_the_mock(1_000).await;
}

/// A domain of which some of every kind stay: where nothing of a kind shows, a full read doubts it, and a deletion that is
/// told is believed.
fn never_empty(domain: &Domain) -> Vec<DirectoryObject> {
    let stay = [computer("STAYS").build(), user("stays").build(), group("Stays").build()];
    domain.objects().into_iter().chain(stay).collect()
}

/// One history through the mock directory of which a census is taken now and then.
async fn with_few_censuses(seed: u64) {
    let mut random = Random::new(seed);
    let mut domain = Domain::new();
    let mode = if seed.is_multiple_of(2) { ReadMode::DirSync } else { ReadMode::Usn };
    let directory = MockDirectory::new(never_empty(&domain)).with_deltas(mode, seed % 4 < 2);
    let stores: [Arc<dyn AssetRepository>; 2] =
        [Arc::new(MemoryRepository::new()), Arc::new(MemoryRepository::new())];
    let mut chains = Chains::new(task().with_addresses_from_dns(), stores).await;
    for step in 0..20 {
        let is_due = step == 0 || step == 19 || random.below(3) == 0;
        chains.step_without(&directory, is_due, &format!("history {seed}, run {step}")).await;
        for _ in 0..6 {
            domain.change(&mut random);
        }
        directory.set_objects(never_empty(&domain));
    }
}

#[tokio::test]
async fn where_a_census_was_taken_a_history_is_where_full_reads_are() {
    for seed in 0..u64::from(cases(250)) {
        with_few_censuses(seed).await;
    }
}

fn wire_domain(seed: u64) -> TestDirectory {
    let directory = TestDirectory::of_domain("corp.example", "CORP", seed);
    let mut tree = directory.write();
    tree.add_account("svc", PASSWORD).unwrap();
    for name in ["WEB1", "DB1", "TWIN"] {
        tree.add_computer(name).unwrap();
    }
    let staff = tree.add_group("Staff").unwrap();
    let alice = tree.add_user("alice").unwrap();
    tree.add_values(&staff, "member", [alice]).unwrap();
    tree.add_organizational_unit("Servers").unwrap();
    tree.add_organizational_unit("Away").unwrap();
    drop(tree);
    directory
}

/// One history through the server on the wire: 200 steps, and a run after every twenty. With few censuses it is compared
/// where one was taken.
async fn over_the_wire(seed: u64, takes_few_censuses: bool, has_addresses: bool) {
    let (policy, mode) =
        [(DeltaPolicy::DirSync, ReadMode::DirSync), (DeltaPolicy::Usn, ReadMode::Usn)]
            [(seed % 2) as usize];
    let directory = wire_domain(seed);
    let mut task = task();
    if has_addresses {
        directory.write().add_dns_zone("corp.example").unwrap();
        directory.write().add_subnet("10.0.0.0/8", "Berlin").unwrap();
        task = task.with_addresses_from_dns();
    }
    let mut builder = TestServer::builder(&directory).with_ldap().with_plain_binds();
    builder = builder.with_dirsync_entries(7).with_max_values(3);
    if seed % 4 < 2 {
        builder = builder.with_readable_tombstones();
    }
    let server = builder.start().await.unwrap();
    let credential = credential(server.ldap_url()).with_insecure(true);
    let source: LdapSource = source(credential).with_delta(policy);
    let stores: [Arc<dyn AssetRepository>; 2] =
        [Arc::new(MemoryRepository::new()), Arc::new(MemoryRepository::new())];
    let mut chains = Chains::new(task, stores).await;
    chains.step(&source, "the first run").await;
    let mut random = Random::new(seed);
    for step in 1..=10 {
        let before = zones_and_subnets(&directory.read());
        for part in 0..20 {
            let (mut tree, number) = (directory.write(), seed * 1_000 + step * 20 + part);
            match has_addresses && random.below(2) == 0 {
                true => disturb_network(&mut tree, number, &mut random),
                false => disturb(&mut tree, number, &mut random),
            }
        }
        let context = format!("history {seed}, run {step}");
        let report = match takes_few_censuses {
            true => chains.step_without(&source, random.below(3) == 0, &context).await,
            false => chains.step(&source, &context).await,
        };
        let is_full = match report.full_because {
            Some(FullReadReason::NetworkChanged) => {
                has_addresses && zones_and_subnets(&directory.read()) != before
            }
            because => because == Some(FullReadReason::Widespread),
        };
        assert!(report.mode == mode || is_full, "{context}: {:?}", report.full_because);
    }
    // A new inventory has nothing to keep where something is in doubt.
    mend_network(&mut directory.write());
    if has_addresses {
        chains.step(&source, &format!("history {seed}, mended")).await;
    }
    if takes_few_censuses {
        chains.step_without(&source, true, &format!("history {seed}, the last run")).await;
    } else {
        chains.finish(&source, &format!("history {seed}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_histories_over_the_wire_end_as_full_reads_end() {
    for seed in 0..u64::from(cases(100)) {
        over_the_wire(seed, false, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_histories_with_addresses_over_the_wire_end_as_full_reads_end() {
    for seed in 0..u64::from(cases(40)) {
        over_the_wire(seed, false, true).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_census_was_taken_a_history_over_the_wire_is_where_full_reads_are() {
    for seed in 0..u64::from(cases(60)) {
        over_the_wire(seed, true, false).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_member_of_a_large_group_costs_no_range_reads() {
    let directory = wire_domain(1);
    let staff = "CN=Staff,CN=Users,DC=corp,DC=example";
    for n in 0..10 {
        let mut tree = directory.write();
        let user = tree.add_user(&format!("user{n}")).unwrap();
        tree.add_values(staff, "member", [user]).unwrap();
    }
    let stores: [Arc<dyn AssetRepository>; 2] =
        [Arc::new(MemoryRepository::new()), Arc::new(MemoryRepository::new())];
    let mut chains = Chains::new(task(), stores).await;
    for is_first in [true, false] {
        let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
        let server = server.with_max_values(3).start().await.unwrap();
        let source = source(credential(server.ldap_url()).with_insecure(true));
        if is_first {
            chains.step(&source, "the first run").await;
            let mut tree = directory.write();
            let bob = tree.add_user("bob").unwrap();
            tree.add_values(staff, "member", [bob]).unwrap();
            continue;
        }
        let options = chains.next_run();
        let report = sync(&chains.task, &source, &*chains.changes, &options).await.unwrap();
        // The other is the primary group of users.
        assert_eq!((report.mode, report.groups.updated), (ReadMode::DirSync, 2));
        assert!(!server.received(b"member;range="));
        chains.finish(&source, "after a new member").await;
    }
    let staff = groups(&*chains.changes).await.into_iter().find(|group| group.dn.as_str() == staff);
    let staff = staff.unwrap();
    assert_eq!((staff.members.len(), staff.complete), (12, true));
}
