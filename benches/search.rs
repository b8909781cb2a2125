//! Searching an inventory of 100,000 assets in a SQLite file for a page of 100: `search/source_and_os/100k`.
#![allow(missing_docs, clippy::unwrap_used)]

mod tied;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, Facet, SearchRequest, Sort,
    SourceRecord,
};
use ldap_inventory::name::Hostname;
use ldap_inventory::query::Query;
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::testing::population;
use ldap_inventory::value::{AssetId, BatchId, OrganizationId, RunId, SiteId, SourceId, Timestamp};
use tokio::runtime::Runtime;

const COUNT: usize = 100_000;

/// One asset in so many is not in the directory.
const ONLY_SCANNED: usize = 5_000;

/// What is asked, and how many assets are on the first page.
const QUERIES: [(&str, &str, usize); 10] = [
    ("source_and_os", "source:ldap AND os:windows", 100),
    ("not_source", "NOT source:ldap", COUNT / ONLY_SCANNED),
    ("name", "host-98765", 1),
    ("exact_name", "name:=host-98765.corp.example", 1),
    ("no_name", "no-such-host", 0),
    ("attribute", "@ldap.computer.dNSHostName:=\"host-98765.corp.example\"", 1),
    ("fuzzy_attribute", "@ldap.computer.dNSHostName:host-9876", 11),
    ("flag", "@ldap.computer.isDomainController:true", 0),
    ("name_overlap", "name_overlap:t", 0),
    ("last_seen", "last_seen:<1day", 0),
];

fn search(criterion: &mut Criterion) {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let store = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    runtime.block_on(fill(&store));
    let mut group = criterion.benchmark_group("search");
    group.sample_size(20);
    for (name, query, expected) in QUERIES {
        group.bench_function(BenchmarkId::new(name, "100k"), |bencher| {
            bencher.to_async(&runtime).iter(async || {
                let page = store.search_assets(request(query)).await.unwrap();
                assert_eq!(page.records.len(), expected, "{query}");
            });
        });
    }
    group.bench_function(BenchmarkId::new("sorted_by_last_seen", "100k"), |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let sort: Sort = "-last_seen".parse().unwrap();
            let page = store.search_assets(request("source:ldap").with_sort(sort)).await.unwrap();
            assert_eq!(page.records.len(), 100);
        });
    });
    group.bench_function(BenchmarkId::new("count", "100k"), |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let counts = store.count_assets(request("os:windows"), &[]).await.unwrap();
            assert_eq!(counts.total, in_directory());
        });
    });
    group.bench_function(BenchmarkId::new("facets", "100k"), |bencher| {
        bencher.to_async(&runtime).iter(async || {
            let facets = [Facet::Source, Facet::Os, Facet::Domain, Facet::Site];
            let counts = store.count_assets(request(""), &facets).await.unwrap();
            assert_eq!(counts.facets.len(), 4);
        });
    });
    group.finish();
}

fn in_directory() -> u64 {
    (COUNT - COUNT / ONLY_SCANNED) as u64
}

fn organization() -> OrganizationId {
    OrganizationId::new("bench").unwrap()
}

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_790_000_000).unwrap()
}

fn request(query: &str) -> SearchRequest {
    SearchRequest::new(organization(), Query::parse(query).unwrap(), now())
}

async fn fill(store: &SqliteRepository) {
    let (site, source) =
        (SiteId::new("hq").unwrap(), SourceId::new("ldap", "corp.example").unwrap());
    let (first, run) = (AssetId::new_v7(now(), [0; 10]), RunId::new_v7(now(), [0; 10]));
    let objects = population::computers(1, COUNT);
    for (batch, objects) in (0_u64..).zip(objects.chunks(1_000)) {
        let changes = (0_u64..).zip(objects).map(|(n, object)| {
            let n = batch * 1_000 + n;
            let id = first.nth(n);
            let asset = if (n as usize).is_multiple_of(ONLY_SCANNED) {
                printer(id, n, &site)
            } else {
                tied::tied(id, object, &source, run, now())
            };
            Change::create(asset)
        });
        let id = BatchId::from_u128(run.as_u128()).nth(batch);
        let batch = Batch::new(id, organization(), source.clone()).with_changes(changes);
        assert_eq!(store.commit(batch).await.unwrap(), CommitOutcome::Applied);
    }
}

fn printer(id: AssetId, n: u64, site: &SiteId) -> Asset {
    let mut asset = Asset::new(id, organization(), site.clone());
    asset.parts.push(SourceRecord::new(
        0,
        SourceId::new("scan", "hq").unwrap(),
        "@scan.asset",
        now(),
    ));
    let name = Hostname::parse(&format!("printer-{n}")).unwrap();
    asset.names.push(Claim::new(name, 0, None, now()));
    asset
}

criterion_group!(benches, search);
criterion_main!(benches);
