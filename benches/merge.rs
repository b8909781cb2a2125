//! Deciding which asset every computer is, `merge/plan/1k` to `merge/plan/100k`, and finding the assets that may be
//! one, `merge/overlaps/1k` to `merge/overlaps/100k`.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ldap_inventory::asset::Asset;
use ldap_inventory::merge::{DirectoryComputers, Overlap, Planner, Verdict};
use ldap_inventory::task::MatchPolicy;
use ldap_inventory::testing::population;
use ldap_inventory::value::{OrganizationId, SiteId, SourceId, Timestamp};

/// When the computers were last seen by the directory, too: a bare name is theirs only as long as they live.
const NOW: i64 = 1_767_225_600;

fn planning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge/plan");
    group.sample_size(10);
    for (name, count) in [("1k", 1_000), ("10k", 10_000), ("100k", 100_000)] {
        let (assets, computers) = (scanned(count), read(count));
        let policy = MatchPolicy::default();
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let decisions = Planner::of(&assets).plan(&computers, &policy);
                let matched = decisions.iter().filter(|d| matches!(d.verdict, Verdict::Matched(_)));
                assert_eq!(matched.count(), count / 4 * 3);
                decisions
            });
        });
    }
    group.finish();
}

/// Of every hundred assets one is there twice.
fn survey(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("merge/overlaps");
    group.sample_size(10);
    for (name, count) in [("1k", 1_000), ("10k", 10_000), ("100k", 100_000)] {
        let mut assets = scanned(count);
        let twins: Vec<Asset> = assets.iter().step_by(100).cloned().collect();
        let last = assets.last().unwrap().id;
        let twins = (1..).zip(twins).map(|(n, mut twin)| {
            twin.id = last.nth(n);
            twin
        });
        assets.extend(twins.collect::<Vec<_>>());
        let expected = assets.len() - scanned(count).len();
        group.throughput(Throughput::Elements(assets.len() as u64));
        group.bench_function(BenchmarkId::from_parameter(name), |bencher| {
            bencher.iter(|| {
                let pairs = Overlap::among(&assets, &[], &MatchPolicy::default());
                assert_eq!(pairs.len(), expected);
                pairs
            });
        });
    }
    group.finish();
}

fn read(count: usize) -> DirectoryComputers {
    let source = SourceId::new("ldap", "corp.example").unwrap();
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    DirectoryComputers::new(source, SiteId::new("hq").unwrap(), now)
        .with_domain(Some("corp.example"), Some("CORP"))
        .with_objects(population::computers(1, count))
}

fn scanned(count: usize) -> Vec<Asset> {
    let organization = OrganizationId::new("bench").unwrap();
    let site = SiteId::new("hq").unwrap();
    let now = Timestamp::from_unix_seconds(NOW).unwrap();
    population::scanned(count, &organization, &site, now).unwrap()
}

criterion_group!(benches, planning, survey);
criterion_main!(benches);
