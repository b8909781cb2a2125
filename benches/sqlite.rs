//! Writing new assets to a SQLite file in batches of a thousand: `sqlite/commit/10k`.
#![allow(missing_docs, clippy::unwrap_used)]

mod tied;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ldap_inventory::asset::{AssetRepository, Batch, Change, CommitOutcome};
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::testing::population;
use ldap_inventory::value::{AssetId, BatchId, OrganizationId, RunId, SourceId, Timestamp};

const COUNT: usize = 10_000;

fn commit(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let batches = batches();
    let mut group = criterion.benchmark_group("sqlite/commit");
    group.sample_size(10).throughput(Throughput::Elements(COUNT as u64));
    group.bench_function(BenchmarkId::from_parameter("10k"), |bencher| {
        bencher.to_async(&runtime).iter_batched(
            || {
                let folder = tempfile::tempdir().unwrap();
                let store = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
                (folder, store, batches.clone())
            },
            |(folder, store, batches)| async move {
                for batch in batches {
                    assert_eq!(store.commit(batch).await.unwrap(), CommitOutcome::Applied);
                }
                drop(folder);
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn batches() -> Vec<Batch> {
    let organization = OrganizationId::new("bench").unwrap();
    let source = SourceId::new("ldap", "corp.example").unwrap();
    let now = Timestamp::from_unix_seconds(1_790_000_000).unwrap();
    let run = RunId::new_v7(now, [0; 10]);
    let changes: Vec<Change> = population::computers(1, COUNT)
        .iter()
        .zip(1_u64..)
        .map(|(object, n)| {
            let id = AssetId::from_u128(run.as_u128()).nth(n);
            let asset = tied::tied(id, object, &source, run, now);
            Change::create(asset)
        })
        .collect();
    changes
        .chunks(1_000)
        .zip(1_u64..)
        .map(|(chunk, n)| {
            let id = BatchId::from_u128(run.as_u128()).nth(n);
            Batch::new(id, organization.clone(), source.clone()).with_changes(chunk.to_vec())
        })
        .collect()
}

criterion_group!(benches, commit);
criterion_main!(benches);
