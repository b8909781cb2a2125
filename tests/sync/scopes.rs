//! Several tasks on one directory: each speaks for what it covers, and for nothing else.
//!
//! An object is missing exactly if a complete read that covers the place where it was last seen did not show it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use ldap_inventory::Result;
use ldap_inventory::asset::{AssetRepository, Link, Sighting};
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, FullReadReason, ReadRequest,
};
use ldap_inventory::sync::{Measure, Stopped, SyncOptions, SyncReport, sync};
use ldap_inventory::task::{ChangeLimits, Limit, SyncTask};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::value::{AssetId, ObjectGuid, ObjectKind, ReadMode, RunId, Timestamp, View};

use super::history::Random;
use super::world::*;
use crate::cases::cases;
use crate::mock::{computer, group, mock_guid, user};

fn dn(unit: &str) -> String {
    if unit.is_empty() {
        "DC=corp,DC=example".to_owned()
    } else {
        format!("{unit},DC=corp,DC=example")
    }
}

/// A task below these OUs.
fn below(units: &[&str]) -> SyncTask {
    task().with_base_dns(units.iter().map(|unit| dn(unit))).with_change_limits(ChangeLimits::off())
}

fn by(account: &str, task: SyncTask) -> SyncTask {
    let mut task = task;
    task.credential = account.parse().unwrap();
    task
}

/// Names and dates runs, so that those of a history are the same every time.
fn nth(n: u64) -> SyncOptions {
    let now = Timestamp::from_unix_seconds(1_790_000_000 + 3_600 * n as i64).unwrap();
    SyncOptions::new().with_run(RunId::new_v7(now, [n as u8; 10]), now)
}

/// A directory in which accounts and filters show different objects.
#[derive(Debug, Default)]
struct Shared {
    views: BTreeMap<(String, Option<String>), MockDirectory>,
}

#[async_trait]
impl DirectorySource for Shared {
    async fn read(
        &self,
        request: ReadRequest,
    ) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let view = (request.credential.to_string(), request.computer_filter.clone());
        self.views[&view].read(request).await
    }
}

impl Shared {
    fn show(&mut self, task: &SyncTask, objects: Vec<DirectoryObject>, seed: u64) {
        let view = (task.credential.to_string(), task.computer_filter.clone());
        let mode = if seed.is_multiple_of(2) { ReadMode::DirSync } else { ReadMode::Usn };
        let empty = || MockDirectory::new(Vec::<DirectoryObject>::new());
        let directory = self
            .views
            .entry(view)
            .or_insert_with(|| empty().with_deltas(mode, seed.is_multiple_of(3)));
        directory.set_objects(objects);
    }
}

const UNITS: [&str; 4] = ["OU=A", "OU=B", "OU=C,OU=B", "OU=D"];
const FILTERS: [&str; 2] = ["(tag=0)", "(tag=1)"];
const ACCOUNTS: [&str; 2] = ["one", "two"];

/// A thing of the directory.
#[derive(Clone, Debug)]
struct Thing {
    name: String,
    kind: ObjectKind,
    unit: usize,
    tag: usize,
    /// Which of the accounts may see it.
    seen_by: [bool; 2],
    revision: u32,
}

impl Thing {
    fn guid(&self) -> ObjectGuid {
        mock_guid(&self.name)
    }

    fn object(&self) -> DirectoryObject {
        let record = match self.kind {
            ObjectKind::User => user(&self.name),
            _ => computer(&self.name),
        };
        let revision = self.revision.to_string();
        record.within(UNITS[self.unit]).with("description", &revision).build()
    }

    /// Whether account and filter of a task show it, wherever it stands.
    fn shows_to(&self, task: &SyncTask) -> bool {
        let account = ACCOUNTS.iter().position(|name| *name == task.credential.as_str()).unwrap();
        let filter = task.computer_filter.as_deref().filter(|_| self.kind == ObjectKind::Computer);
        self.seen_by[account] && filter.is_none_or(|filter| filter == FILTERS[self.tag])
    }
}

/// What must be known of an object: the law, as plainly as it can be put.
#[derive(Clone, Debug)]
struct Known {
    kind: ObjectKind,
    unit: usize,
    account: String,
    filter: Option<String>,
    missing: bool,
}

#[derive(Debug, Default)]
struct Model(BTreeMap<ObjectGuid, Known>);

fn is_below(unit: usize, task: &SyncTask) -> bool {
    task.base_dns.iter().any(|base| dn(UNITS[unit]).ends_with(base.as_str()))
}

impl Model {
    fn run(&mut self, task: &SyncTask, things: &[Thing]) {
        for kind in [ObjectKind::Computer, ObjectKind::User] {
            let shown: Vec<&Thing> = things
                .iter()
                .filter(|thing| {
                    thing.kind == kind && is_below(thing.unit, task) && thing.shows_to(task)
                })
                .collect();
            let filter = task.computer_filter.clone().filter(|_| kind == ObjectKind::Computer);
            let mut covered: Vec<&mut Known> = self.0.values_mut().collect();
            covered.retain(|known| {
                let shows_all = filter.is_none() || filter == known.filter;
                known.kind == kind
                    && is_below(known.unit, task)
                    && known.account == task.credential.as_str()
                    && shows_all
            });
            // A kind that vanishes altogether below a base is what lost read rights look like.
            let stands_below = |unit: usize, base: &str| dn(UNITS[unit]).ends_with(base);
            covered.retain(|known| {
                let mut above = task.base_dns.iter().filter(|base| stands_below(known.unit, base));
                above.any(|base| shown.iter().any(|thing| stands_below(thing.unit, base)))
            });
            covered.into_iter().for_each(|known| known.missing = true);
            for thing in shown {
                let account = task.credential.to_string();
                let (filter, unit) = (filter.clone(), thing.unit);
                let known = Known { kind, unit, account, filter, missing: false };
                self.0.insert(thing.guid(), known);
            }
        }
    }

    fn assert_is(&self, links: &[Link], context: &str) {
        let found: BTreeSet<ObjectGuid> = links.iter().map(|link| link.object).collect();
        assert!(found.iter().eq(self.0.keys()), "{context}: {links:?}");
        for link in links {
            let known = &self.0[&link.object];
            assert_eq!(!link.presence.is_present(), known.missing, "{context}: {known:?} {link:?}");
            let view = View::of_account([known.account.as_str()]).through(known.filter.as_deref());
            let container = Some(dn(UNITS[known.unit]).to_lowercase().into());
            let seen = Sighting { container, view };
            assert_eq!(link.seen.as_deref(), Some(&seen), "{context}: {known:?}");
        }
    }
}

/// Tasks with random bases, filters and accounts.
fn tasks(random: &mut Random) -> Vec<SyncTask> {
    let count = 2 + random.below(3);
    let made = (0..count).map(|_| {
        let bases: BTreeSet<&str> = match random.below(4) {
            0 => [""].into(),
            1 => [UNITS[random.below(4)], UNITS[random.below(4)]].into(),
            _ => [UNITS[random.below(4)]].into(),
        };
        let task = below(&bases.into_iter().collect::<Vec<_>>());
        let task = by(ACCOUNTS[random.below(3) / 2], task);
        match random.below(4) {
            0 => task.with_computer_filter(FILTERS[random.below(2)]),
            _ => task,
        }
    });
    made.collect()
}

fn change(things: &mut Vec<Thing>, made: &mut usize, random: &mut Random) {
    let any = random.below(things.len());
    match random.below(9) {
        0 | 1 => {
            *made += 1;
            let kind = if random.below(3) == 0 { ObjectKind::User } else { ObjectKind::Computer };
            let seen_by = [true, random.below(3) > 0];
            let (unit, tag) = (random.below(4), random.below(2));
            let name = format!("thing{made}");
            things.push(Thing { name, kind, unit, tag, seen_by, revision: 0 });
        }
        2 | 3 if things.len() > 3 => drop(things.remove(any)),
        4 | 5 => things[any].unit = random.below(4),
        6 => things[any].tag ^= 1,
        7 => things[any].seen_by[random.below(2)] ^= true,
        _ => things[any].revision += 1,
    }
}

/// One history: changes and runs of random tasks, with what must be known after every run.
async fn history(seed: u64, repository: &dyn AssetRepository) {
    let mut random = Random::new(seed);
    let (mut things, mut made) = (Vec::new(), 0);
    let (mut model, mut assets_of) = (Model::default(), BTreeMap::<ObjectGuid, AssetId>::new());
    let tasks = tasks(&mut random);
    let every = if random.below(3) == 0 { Duration::ZERO } else { Duration::from_secs(1 << 40) };
    let mut directory = Shared::default();
    for n in 0..30 {
        for _ in 0..random.below(4) {
            if things.is_empty() {
                let kind = ObjectKind::Computer;
                let seen_by = [true, true];
                things.push(Thing {
                    name: "first".to_owned(),
                    kind,
                    unit: 0,
                    tag: 0,
                    seen_by,
                    revision: 0,
                });
            }
            change(&mut things, &mut made, &mut random);
        }
        for task in &tasks {
            let shown = things.iter().filter(|thing| thing.shows_to(task)).map(Thing::object);
            directory.show(task, shown.collect(), seed);
        }
        let chosen = random.below(tasks.len());
        let task = tasks[chosen].clone().with_full_read_every(every);
        let context =
            format!("history {seed}, run {n} of task {chosen} of {tasks:#?} over {things:?}");
        let run = async |options: SyncOptions| {
            sync(&task, &directory, repository, &options).await.unwrap()
        };
        run(nth(2 * n)).await;
        model.run(&task, &things);
        model.assert_is(&links(repository).await, &context);
        for link in links(repository).await {
            if let Some(asset) = link.asset {
                assert_eq!(*assets_of.entry(link.object).or_insert(asset), asset, "{context}");
            }
        }
        let before = still(repository).await;
        let again = run(nth(2 * n + 1)).await;
        model.run(&task, &things);
        model.assert_is(&links(repository).await, &context);
        let written = (again.computers.created, again.computers.updated, again.computers.restored);
        assert_eq!((written, again.users.updated), ((0, 0, 0), 0), "{context}");
        assert_eq!(still(repository).await, before, "{context}");
    }
    assert_consistent(repository).await;
}

/// What a repeated run must not touch: how long something is missing is counted on.
async fn still(repository: &dyn AssetRepository) -> (Vec<Link>, usize, Vec<u64>) {
    let mut links = links(repository).await;
    links.retain(|link| link.presence.is_present());
    let present: BTreeSet<_> = links.iter().filter_map(|link| link.asset).collect();
    let assets = assets(repository).await;
    let versions = assets.iter().filter(|asset| present.contains(&asset.id));
    let versions = versions.map(|asset| asset.version).collect();
    (links, users(repository).await.len(), versions)
}

#[tokio::test]
async fn two_hundred_histories_of_scopes_keep_the_law() {
    for seed in 0..u64::from(cases(200)) {
        for repository in stores() {
            history(seed, &*repository).await;
        }
    }
}

/// The domain with a computer, a user and a group below each of two OUs.
fn two_units() -> Vec<DirectoryObject> {
    let of = |unit: &str| {
        let container = format!("OU={unit}");
        let user = user(&format!("user{unit}")).within(&container).build();
        let group = group(&format!("group{unit}")).within(&container).with_member(&user.dn);
        [computer(&format!("PC{unit}")).within(&container).build(), user, group.build()]
    };
    [of("A"), of("B")].concat()
}

fn without(names: &[&str]) -> Vec<DirectoryObject> {
    let gone: Vec<_> = names.iter().map(|name| mock_guid(name)).collect();
    let mut objects = two_units();
    // Groups lose who is deleted.
    for object in &mut objects {
        if let Some(list) = &mut object.membership {
            list.members.retain(|dn| !names.iter().any(|name| dn.as_str().contains(name)));
        }
    }
    objects.retain(|object| !gone.contains(&object.guid));
    objects
}

async fn missing(repository: &dyn AssetRepository) -> Vec<ObjectGuid> {
    let links = links(repository).await.into_iter();
    links.filter(|link| !link.presence.is_present()).map(|link| link.object).collect()
}

#[tokio::test]
async fn alternating_tasks_find_their_own_deletions_and_nobody_elses() {
    for with_changes in [false, true] {
        for repository in stores() {
            let (a, b) = (below(&["OU=A"]), below(&["OU=B"]));
            let directory = MockDirectory::new(two_units());
            let directory = match with_changes {
                true => directory.with_deltas(ReadMode::DirSync, false),
                false => directory,
            };
            let run = async |task: &SyncTask| {
                sync(task, &directory, &*repository, &SyncOptions::new()).await.unwrap()
            };
            for task in [&a, &b, &a, &a, &b, &b, &a] {
                let report = run(task).await;
                assert_eq!(report.warnings, Vec::<String>::new());
                assert_eq!(missing(&*repository).await, []);
            }
            directory.set_objects(without(&["PCB", "userB"]));
            let report = run(&a).await;
            assert_eq!((report.computers.missing, report.users.missing), (0, 0));
            let report = run(&b).await;
            assert_eq!((report.computers.missing, report.users.missing), (0, 0), "all of a kind");
            directory.set_objects(
                [without(&["PCB"]), vec![computer("PCB2").within("OU=B").build()]].concat(),
            );
            assert_eq!(run(&a).await.computers.missing, 0);
            assert_eq!(run(&b).await.computers.missing, 1);
            assert_eq!(missing(&*repository).await, [mock_guid("PCB")]);
            directory.set_objects(two_units());
            assert_eq!(run(&b).await.computers.restored, 1);
            run(&b).await;
            directory
                .set_objects([two_units(), vec![computer("PCA2").within("OU=A").build()]].concat());
            run(&a).await;
            directory.set_objects(
                without(&["PCA"])
                    .into_iter()
                    .chain([computer("PCA2").within("OU=A").build()])
                    .collect::<Vec<_>>(),
            );
            assert_eq!(run(&b).await.computers.missing, 0);
            assert_eq!(run(&a).await.computers.missing, 1);
            directory.set_objects(two_units());
            for task in [&a, &b] {
                run(task).await;
            }
        }
    }
}

#[tokio::test]
async fn a_narrowed_base_says_nothing_of_what_is_outside_and_a_widened_one_covers_it() {
    for repository in stores() {
        let directory = MockDirectory::new(two_units());
        let run = async |units: &[&str]| {
            sync(&below(units), &directory, &*repository, &SyncOptions::new()).await.unwrap()
        };
        run(&[""]).await;
        for _ in 0..4 {
            assert_eq!(run(&["OU=A"]).await.warnings, Vec::<String>::new());
            assert_eq!(missing(&*repository).await, []);
        }
        let report = run(&["CN=Nowhere"]).await;
        assert_eq!((report.warnings, missing(&*repository).await), (Vec::new(), Vec::new()));
        directory.set_objects(without(&["PCB"]));
        run(&["OU=A"]).await;
        assert_eq!(missing(&*repository).await, []);
        assert_eq!(run(&[""]).await.computers.missing, 1);
        assert_eq!(missing(&*repository).await, [mock_guid("PCB")]);
    }
}

#[tokio::test]
async fn a_move_from_one_scope_to_another_keeps_the_asset_in_any_order_of_runs() {
    for repository in stores() {
        for reader in ["OU=A", "OU=B"] {
            let (a, b) = (below(&["OU=A"]), below(&["OU=B"]));
            let directory = MockDirectory::new(two_units());
            for task in [&a, &b] {
                sync(task, &directory, &*repository, &SyncOptions::new()).await.unwrap();
            }
            let before = asset_of(&*repository, mock_guid("PCA")).await;
            let mut moved = without(&["PCA"]);
            let twin = computer("PCA3").within("OU=A").build();
            moved.extend([computer("PCA").within("OU=B").build(), twin]);
            directory.set_objects(moved);
            let order = if reader == "OU=A" { [&a, &b, &a] } else { [&b, &a, &b] };
            for task in order {
                sync(task, &directory, &*repository, &SyncOptions::new()).await.unwrap();
                assert_eq!(asset_of(&*repository, mock_guid("PCA")).await.id, before.id);
            }
            assert_eq!(missing(&*repository).await, []);
            directory
                .set_objects([two_units(), vec![computer("PCA3").within("OU=A").build()]].concat());
            for task in [&a, &b] {
                sync(task, &directory, &*repository, &SyncOptions::new()).await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn another_account_says_nothing_but_how_much_it_did_not_show_and_may_take_over() {
    for repository in stores() {
        let directory = MockDirectory::new(two_units());
        let run = async |account: &str, options: &SyncOptions| {
            let task = by(account, below(&[""]));
            sync(&task, &directory, &*repository, options).await.unwrap()
        };
        run("one", &SyncOptions::new()).await;
        directory.set_objects(without(&["PCB", "userA"]));
        for _ in 0..2 {
            let report = run("two", &SyncOptions::new()).await;
            assert_eq!(report.warnings.len(), 1, "{:?}", report.warnings);
            assert!(report.warnings[0].starts_with("2 known objects"), "{:?}", report.warnings);
            assert_eq!(missing(&*repository).await, []);
        }
        let report = run("two", &SyncOptions::new().with_takeover(true)).await;
        assert_eq!((report.computers.missing, report.users.missing), (1, 1));
        assert_eq!(report.warnings, Vec::<String>::new());
        directory.set_objects(two_units());
        run("one", &SyncOptions::new()).await;
        assert_eq!(missing(&*repository).await, []);
    }
}

#[tokio::test]
async fn a_filter_hides_and_does_not_remove() {
    for repository in stores() {
        let mut directory = Shared::default();
        let (whole, web) = (below(&[""]), below(&[""]).with_computer_filter("(cn=web*)"));
        let [whole, web] = [whole, web].map(|task| by("one", task));
        let objects = |names: &[&str]| names.iter().map(|name| computer(name).build()).collect();
        let run = async |directory: &Shared, task: &SyncTask| {
            sync(task, directory, &*repository, &SyncOptions::new()).await.unwrap()
        };
        directory.show(&whole, objects(&["web1", "web2", "pc1", "pc2"]), 1);
        directory.show(&web, objects(&["web1", "web2"]), 1);
        for task in [&whole, &web, &web, &whole, &web] {
            run(&directory, task).await;
            assert_eq!(missing(&*repository).await, []);
        }
        // Of what was seen through the filter, both tell; of the rest, the whole read alone.
        directory.show(&whole, objects(&["web1", "pc1"]), 1);
        directory.show(&web, objects(&["web1"]), 1);
        assert_eq!(run(&directory, &web).await.computers.missing, 1);
        assert_eq!(run(&directory, &whole).await.computers.missing, 2);
    }
}

/// Two overlapping scopes; groups, primary groups and members on both sides, in and out of the overlap.
fn overlapping() -> Vec<DirectoryObject> {
    let [a, b, c] = ["OU=A", "OU=B", "OU=C,OU=B"];
    let person = |name: &str, unit: &str, rid| {
        with_rid(user(name).within(unit).with("primaryGroupID", "513"), rid)
    };
    let (ann, bea, cay) =
        (person("ann", a, 1_001), person("bea", b, 1_002), person("cay", c, 1_003));
    let pc = computer("PC1").within(b).build();
    let inner = group("Inner").within(a).with_member(&ann.dn).with_member(&bea.dn).build();
    let middle = group("Middle").within(c).with_member(&inner.dn).with_member(&pc.dn);
    let middle = middle.with_member(&cay.dn).build();
    let outer = group("Outer").within(b).with_member(&middle.dn).with_member(&ann.dn).build();
    let everybody = group("Domain Users").within(c);
    vec![
        ann,
        bea,
        cay,
        pc,
        with_rid(inner, 1_101),
        with_rid(middle, 1_102),
        with_rid(outer, 1_103),
        with_rid(everybody, 513),
    ]
}

#[tokio::test]
async fn memberships_across_scopes_come_out_the_same_whichever_scope_reads_last() {
    let scopes = [&["OU=A", "OU=C,OU=B"][..], &["OU=B"], &["OU=A"]];
    let mut ends = Vec::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
        for repository in stores() {
            let directory = MockDirectory::new(overlapping());
            let run = async |n: usize| {
                sync(&below(scopes[n]), &directory, &*repository, &SyncOptions::new())
                    .await
                    .unwrap()
            };
            for n in order.into_iter().chain(order) {
                run(n).await;
            }
            let settled = inventory(&*repository).await;
            for n in [2, 0, 1, 1, 0, 2] {
                let report = run(n).await;
                let written = (report.groups.updated, report.users.updated);
                assert_eq!(written, (0, 0), "{order:?}, scope {n}");
                let now = inventory(&*repository).await;
                assert_same(&now, &settled, format!("{order:?}, scope {n}"));
            }
            ends.push((order, content(&*repository).await));
        }
    }
    for (order, end) in &ends {
        assert_same(end, &ends[0].1, format!("{order:?}"));
    }
}

#[tokio::test]
async fn a_read_of_changes_does_not_look_for_what_stands_in_other_scopes() {
    for repository in stores() {
        let directory = MockDirectory::new(overlapping()).with_deltas(ReadMode::DirSync, true);
        let (a, b) = (below(&["OU=A"]), below(&["OU=B"]));
        let run = async |task: &SyncTask| -> SyncReport {
            sync(task, &directory, &*repository, &SyncOptions::new()).await.unwrap()
        };
        for task in [&a, &b, &a, &b] {
            run(task).await;
        }
        // Who is renamed in one scope is a member of groups in the other.
        let mut renamed = overlapping();
        let old = renamed[0].dn.clone();
        renamed[0] = with_rid(
            user("anna").with_guid(mock_guid("ann")).within("OU=A").with("primaryGroupID", "513"),
            1_001,
        );
        let new = renamed[0].dn.clone();
        for object in &mut renamed {
            for member in object.membership.iter_mut().flat_map(|list| &mut list.members) {
                if *member == old {
                    *member = new.clone();
                }
            }
        }
        directory.set_objects(renamed);
        for task in [&a, &b, &a, &b] {
            let report = run(task).await;
            assert_ne!(report.full_because, Some(FullReadReason::Widespread));
            assert_eq!(report.mode, ReadMode::DirSync);
            assert_eq!(missing(&*repository).await, []);
        }
    }
}

#[tokio::test]
async fn the_brake_measures_against_what_the_read_covers() {
    for repository in stores() {
        let estate = |unit: &str, count: usize| -> Vec<DirectoryObject> {
            let named = |n| computer(&format!("PC{n}-{}", &unit[3..])).within(unit).build();
            (0..count).map(named).collect()
        };
        let directory = MockDirectory::new([estate("OU=A", 10), estate("OU=B", 200)].concat());
        for unit in ["OU=A", "OU=B"] {
            sync(&below(&[unit]), &directory, &*repository, &SyncOptions::new()).await.unwrap();
        }
        directory.set_objects([estate("OU=A", 4), estate("OU=B", 200)].concat());
        let limit = ChangeLimits::off().with_losses(Limit::percent(50));
        let a = below(&["OU=A"]).with_change_limits(limit);
        let error = sync(&a, &directory, &*repository, &SyncOptions::new()).await.unwrap_err();
        let exceeded = &Stopped::of(&error).unwrap().braked.exceeded[0];
        assert_eq!((exceeded.what, exceeded.number, exceeded.of), (Measure::LostComputers, 6, 10));
        let b = below(&["OU=B"]).with_change_limits(limit);
        sync(&b, &directory, &*repository, &SyncOptions::new()).await.unwrap();
        assert_eq!(missing(&*repository).await, []);
    }
}

#[tokio::test]
async fn each_task_goes_on_from_where_itself_ended() {
    for repository in stores() {
        let directory = MockDirectory::new(two_units()).with_deltas(ReadMode::Usn, true);
        let tasks = [below(&["OU=A"]), below(&["OU=B"]), by("two", below(&["OU=A"]))];
        for (n, mode) in [ReadMode::Full, ReadMode::Usn, ReadMode::Usn].into_iter().enumerate() {
            for task in &tasks {
                let report = sync(task, &directory, &*repository, &SyncOptions::new()).await;
                assert_eq!(report.unwrap().mode, mode, "round {n}");
            }
        }
        let keys: BTreeSet<_> = tasks.iter().map(SyncTask::checkpoint_key).collect();
        assert_eq!(keys.len(), tasks.len());
        let shared: Arc<dyn AssetRepository> = repository;
        for key in keys {
            assert!(shared.checkpoint(&acme(), &corp(), key).await.unwrap().is_some());
        }
    }
}
