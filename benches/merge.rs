//! Deciding which asset every computer is, and finding the assets that may be one: `merge/plan/1k` and its like, by what
//! was known before, up to `100k`; with `BENCH_MILLION` set also `1m`, which takes minutes and 4 GiB.
#![allow(missing_docs, clippy::unwrap_used)]

mod tied;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ldap_inventory::asset::{Asset, Claim};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::merge::{DirectoryComputers, Overlap, Planner, Verdict};
use ldap_inventory::name::Hostname;
use ldap_inventory::task::MatchPolicy;
use ldap_inventory::testing::population;
use ldap_inventory::value::{AssetId, OrganizationId, RunId, SiteId, SourceId, Timestamp};

/// When the computers were last seen by the directory, too: a bare name is theirs only as long as they live.
const NOW: i64 = 1_767_225_600;

/// An inventory, and a directory that is read.
type World = (Vec<Asset>, Vec<DirectoryObject>);

/// Names of computers and of assets by their numbers, such as an adversary would choose.
type Named = fn(usize) -> String;

fn sizes() -> Vec<(&'static str, usize)> {
    let mut sizes = vec![("1k", 1_000), ("10k", 10_000), ("100k", 100_000)];
    if std::env::var_os("BENCH_MILLION").is_some() {
        sizes.push(("1m", 1_000_000));
    }
    sizes
}

/// The first sync: of four computers three are known to scans.
fn first(criterion: &mut Criterion) {
    let world = |count| (scanned(count), population::computers(1, count));
    plan(criterion, "plan", world, |count| count / 4 * 3);
}

/// Nothing is new.
fn unchanged(criterion: &mut Criterion) {
    plan(criterion, "unchanged", known, |_| 0);
}

/// Of a hundred computers one is new, and known to scans.
fn changed(criterion: &mut Criterion) {
    let world = |count| {
        let (mut assets, computers) = known(count);
        for asset in assets.iter_mut().step_by(100) {
            for part in &mut asset.parts {
                (part.object, part.source) = (None, SourceId::new("scan", "network").unwrap());
            }
        }
        (assets, computers)
    };
    plan(criterion, "changed", world, |count| count / 100);
}

/// One short name in as many domains as there are computers.
fn one_name(criterion: &mut Criterion) {
    let name: Named = |n| format!("server.d{n}.example");
    plan(criterion, "one_name", move |count| named(count, name), |count| count);
}

/// All names begin with the 15 characters that NetBIOS would leave of them.
fn one_beginning(criterion: &mut Criterion) {
    let name: Named = |n| format!("averylonghostname-{n}.corp.example");
    plan(criterion, "one_beginning", move |count| named(count, name), |count| count);
}

fn plan(
    criterion: &mut Criterion,
    what: &str,
    world: impl Fn(usize) -> World,
    matched: fn(usize) -> usize,
) {
    let mut group = criterion.benchmark_group(format!("merge/{what}"));
    group.sample_size(10);
    let policy = MatchPolicy::default();
    for (name, count) in sizes() {
        let mut made: Option<(Vec<Asset>, DirectoryComputers)> = None;
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            // Only for those that are asked for.
            let (assets, computers) = made.get_or_insert_with(|| {
                let (assets, objects) = world(count);
                (assets, read(objects))
            });
            bencher.iter(|| {
                let decisions = Planner::of(assets).plan(computers, &policy);
                let all = decisions.iter().filter(|d| matches!(d.verdict, Verdict::Matched(_)));
                assert_eq!(all.count(), matched(count));
                decisions
            });
        });
    }
    group.finish();
}

/// Of every hundred assets one is there twice.
fn overlaps(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge/overlaps");
    group.sample_size(10);
    for (name, count) in sizes() {
        let mut made: Option<(Vec<Asset>, usize)> = None;
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            let (assets, twins) = made.get_or_insert_with(|| with_twins(count));
            bencher.iter(|| {
                let pairs = Overlap::among(assets.iter(), &[], &MatchPolicy::default());
                assert_eq!(pairs.len(), *twins);
                pairs
            });
        });
    }
    group.finish();
}

fn with_twins(count: usize) -> (Vec<Asset>, usize) {
    let mut assets = scanned(count);
    let mut twins: Vec<Asset> = assets.iter().step_by(100).cloned().collect();
    let last = assets.last().unwrap().id;
    (1..).zip(&mut twins).for_each(|(n, twin)| twin.id = last.nth(n));
    let added = twins.len();
    assets.extend(twins);
    (assets, added)
}

fn read(objects: Vec<DirectoryObject>) -> DirectoryComputers {
    let source = SourceId::new("ldap", "corp.example").unwrap();
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    DirectoryComputers::new(source, SiteId::new("hq").unwrap(), now)
        .with_domain(Some("corp.example"), Some("CORP"))
        .with_objects(objects)
}

fn scanned(count: usize) -> Vec<Asset> {
    let organization = OrganizationId::new("bench").unwrap();
    let site = SiteId::new("hq").unwrap();
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    population::scanned(count, &organization, &site, now).unwrap()
}

/// Every computer has its asset.
fn known(count: usize) -> World {
    let source = SourceId::new("ldap", "corp.example").unwrap();
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    let run = RunId::new_v7(now, [0; 10]);
    let computers = population::computers(1, count);
    let first = AssetId::from_u128(run.as_u128());
    let assets = computers
        .iter()
        .zip(1_u64..)
        .map(|(object, n)| tied::tied(first.nth(n), object, &source, run, now));
    (assets.collect(), computers)
}

/// Every computer has an asset of its own name.
fn named(count: usize, name: Named) -> World {
    let mut computers = population::computers(1, count);
    let mut assets: Vec<Asset> = scanned(count / 3 * 4 + 4);
    assets.truncate(count);
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    for ((computer, asset), n) in computers.iter_mut().zip(&mut assets).zip(0..) {
        let name = name(n);
        computer.attributes =
            [("cn", name.split('.').next().unwrap()), ("dNSHostName", &name)].into_iter().collect();
        asset.names = vec![Claim::new(Hostname::parse(&name).unwrap(), 0, None, now)];
    }
    (assets, computers)
}

criterion_group!(benches, first, unchanged, changed, one_name, one_beginning, overlaps);
criterion_main!(benches);
