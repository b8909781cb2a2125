//! What is decided stays decided, and what belongs together meets, whatever came first.

use std::collections::BTreeMap;

use ldap_inventory::asset::{Asset, AssetRepository, Batch, Change, CommitOutcome};
use ldap_inventory::merge::{Decision, Verdict};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::{MatchPolicy, SyncTask};
use ldap_inventory::testing::{MockDirectory, SplitMix};
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, ReadMode};

use super::dense::{Dense, task};
use super::world::{acme, assets};
use crate::cases::cases;

/// What was decided for every computer, and why. What was matched or created is linked from then on.
fn decided(report: &SyncReport) -> BTreeMap<ObjectGuid, (Option<AssetId>, &'static str, String)> {
    let of = |decision: &Decision| match decision.verdict {
        Verdict::Linked(_) | Verdict::Matched(_) | Verdict::Create(_) => {
            (decision.verdict.asset(), "linked", String::new())
        }
        Verdict::Ambiguous => (None, "ambiguous", decision.reason()),
        _ => (None, "skipped", decision.reason()),
    };
    let decisions = report.decisions.iter().flatten();
    decisions.map(|decision| (decision.object, of(decision))).collect()
}

/// The inventory after a run, and what it decided.
async fn after(
    world: &Dense,
    repository: &MemoryRepository,
    of: usize,
) -> (Vec<Asset>, SyncReport) {
    let report = world.sync(repository, of).await;
    (assets(repository).await, report)
}

#[tokio::test]
async fn on_unchanged_input_every_later_run_decides_the_same_and_writes_nothing() {
    let mut verdicts = BTreeMap::new();
    for seed in 0..u64::from(cases(600)) {
        let world = Dense::new(&mut SplitMix::new(seed));
        let repository = MemoryRepository::new();
        for scanner in 0..3 {
            world.import(&repository, scanner).await;
        }
        let (mut before, mut first) = after(&world, &repository, 0).await;
        for decision in first.decisions.iter().flatten() {
            let verdict = format!("{:?}", decision.verdict);
            let word = verdict.split('(').next().unwrap_or_default().to_owned();
            *verdicts.entry(word).or_insert(0) += 1;
        }
        for run in 2..=3 {
            let (assets, report) = after(&world, &repository, 0).await;
            assert_eq!(decided(&report), decided(&first), "seed {seed}, run {run}");
            assert_eq!(report.computers.updated, 0, "seed {seed}, run {run}");
            assert_eq!(assets, before, "seed {seed}, run {run}");
            (before, first) = (assets, report);
        }
    }
    let often = |verdict: &&str| verdicts.get(*verdict).is_some_and(|count| *count > cases(90));
    assert!(["Matched", "Create", "Ambiguous", "Skipped"].iter().all(often), "{verdicts:?}");
}

#[tokio::test]
async fn two_directories_come_to_rest() {
    for seed in 0..u64::from(cases(600)) {
        let world = Dense::new(&mut SplitMix::new(seed));
        let repository = MemoryRepository::new();
        for scanner in 0..3 {
            world.import(&repository, scanner).await;
        }
        for of in [0, 1, 0, 1] {
            world.sync(&repository, of).await;
        }
        let mut seen = [after(&world, &repository, 0).await, after(&world, &repository, 1).await];
        for run in 4..=5 {
            for of in [0, 1] {
                let (assets, report) = after(&world, &repository, of).await;
                assert_eq!(decided(&report), decided(&seen[of].1), "seed {seed}, run {run}");
                assert_eq!(assets, seen[1].0, "seed {seed}, run {run}");
                seen[of].1 = report;
            }
        }
    }
}

#[tokio::test]
async fn in_whatever_order_things_come_nothing_stands_beside_what_it_belongs_to() {
    for seed in 0..u64::from(cases(200)) {
        let mut random = SplitMix::new(seed);
        let world = Dense::new(&mut random);
        let order = order(&mut random);
        let repository = arrive(&world, &order).await;
        for asset in assets(&repository).await {
            let [part] = &asset.parts[..] else { continue };
            let Some(object) = part.object else { continue };
            let of = usize::from(part.source != task(0).source);
            let decision = if_it_were_new(&world, &order, of, object).await;
            assert!(
                !matches!(decision.verdict, Verdict::Matched(_)),
                "seed {seed}, {order:?}: {} stands beside what it would be tied to: {}",
                decision.name,
                decision.reason()
            );
        }
    }
}

/// Syncs (0 and 1) and imports (2 to 4), each at least once, some again, and both directories at the end.
fn order(random: &mut SplitMix) -> Vec<usize> {
    let mut order: Vec<usize> = (0..5).chain((0..3).map(|_| random.below(5))).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, random.below(last + 1));
    }
    order.extend([0, 1]);
    order
}

async fn arrive(world: &Dense, order: &[usize]) -> MemoryRepository {
    let repository = MemoryRepository::new();
    for event in order {
        match event {
            0 | 1 => _ = world.sync(&repository, *event).await,
            scanner => world.import(&repository, scanner - 2).await,
        }
    }
    repository
}

/// Where a computer that has an asset to itself would go if the inventory did not know it.
async fn if_it_were_new(world: &Dense, order: &[usize], of: usize, object: ObjectGuid) -> Decision {
    let repository = arrive(world, order).await;
    forget(&repository, of, object).await;
    let report = world.sync(&repository, of).await;
    report.decisions.into_iter().flatten().find(|decision| decision.object == object).unwrap()
}

/// Takes a computer and the asset that it has to itself out of the inventory.
async fn forget(repository: &MemoryRepository, of: usize, object: ObjectGuid) {
    let source = task(of).source;
    let all = assets(repository).await;
    let asset = all.iter().find(|asset| asset.part_of(&source, object).is_some()).unwrap();
    let forget = [
        Change::RemoveObject { source: source.clone(), object },
        Change::RemoveAsset { id: asset.id, expected: asset.version, to: None },
    ];
    let batch = Batch::new(BatchId::random_v7(), acme(), source).with_changes(forget);
    assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
}

/// A dense world that goes on: computers get other names between runs that read everything, or what changed. One of the
/// tasks may leave out what is unknown.
struct Living {
    world: Dense,
    directories: [MockDirectory; 2],
    tasks: [SyncTask; 2],
    repository: MemoryRepository,
}

impl Living {
    /// Lives through some events and then comes to rest, by reads of changes alone.
    async fn lived(seed: u64) -> Self {
        let mut random = SplitMix::new(seed);
        let world = Dense::new(&mut random);
        let directory = |of: usize| {
            let objects = world.directories[of].iter().cloned();
            MockDirectory::new(objects).with_deltas(ReadMode::DirSync, seed.is_multiple_of(2))
        };
        let matching =
            |of: usize| MatchPolicy::default().with_exclude_unknown(seed % 3 == of as u64);
        let mut living = Self {
            directories: [0, 1].map(directory),
            tasks: [0, 1].map(|of| task(of).with_matching(matching(of))),
            repository: MemoryRepository::new(),
            world,
        };
        for _ in 0..12 {
            living.go_on(&mut random).await;
        }
        for of in [0, 1, 0, 1] {
            living.sync(of, false).await;
        }
        living
    }

    async fn go_on(&mut self, random: &mut SplitMix) {
        match random.below(8) {
            of @ (0 | 1) => _ = self.sync(of, random.below(3) == 0).await,
            scanner @ 2..=4 => self.world.import(&self.repository, scanner - 2).await,
            _ => {
                let of = self.world.disturb(random);
                self.directories[of].set_objects(self.world.directories[of].iter().cloned());
            }
        }
    }

    async fn sync(&self, of: usize, full: bool) -> SyncReport {
        let options = SyncOptions::new().with_full_read(full).with_explain(true);
        let (task, directory) = (&self.tasks[of], &self.directories[of]);
        sync(task, directory, &self.repository, &options).await.unwrap()
    }
}

#[tokio::test]
async fn runs_of_changes_come_to_rest_where_full_reads_do() {
    let mut by_changes = 0;
    for seed in 0..u64::from(cases(300)) {
        let living = Living::lived(seed).await;
        let before = assets(&living.repository).await;
        for of in [0, 1] {
            by_changes += usize::from(living.sync(of, false).await.mode == ReadMode::DirSync);
        }
        assert_eq!(assets(&living.repository).await, before, "seed {seed}, by changes");
        for of in [0, 1] {
            let report = living.sync(of, true).await;
            let news: Vec<&Decision> = report
                .decisions
                .iter()
                .flatten()
                .filter(|d| matches!(d.verdict, Verdict::Matched(_) | Verdict::Create(_)))
                .collect();
            assert!(news.is_empty(), "seed {seed}, directory {of}: {news:?}");
            assert_eq!(report.computers.updated, 0, "seed {seed}, directory {of}");
        }
        assert_eq!(assets(&living.repository).await, before, "seed {seed}, a full read");
    }
    assert_eq!(by_changes, 600, "nothing came since that a full read would be due for");
}

#[tokio::test]
async fn whatever_is_renamed_nothing_stands_beside_what_it_belongs_to() {
    for seed in 0..u64::from(cases(100)) {
        let living = Living::lived(seed).await;
        for asset in assets(&living.repository).await {
            let [part] = &asset.parts[..] else { continue };
            let Some(object) = part.object else { continue };
            let of = usize::from(part.source != task(0).source);
            let other = Living::lived(seed).await;
            forget(&other.repository, of, object).await;
            let report = other.sync(of, true).await;
            let decision = report.decisions.iter().flatten().find(|d| d.object == object).unwrap();
            assert!(
                !matches!(decision.verdict, Verdict::Matched(_)),
                "seed {seed}: {} stands beside what it would be tied to: {}",
                decision.name,
                decision.reason()
            );
        }
    }
}
