//! A run of changes beside a full one, over the wire from the test server, which is in the same process, into a SQLite file:
//! `delta/100/100k` is 100 changed computers of 100,000, `delta/none/100k` no change, `delta/census/100k` no change and a
//! census. `delta/full/100k` reads everything again, and changes nothing either.
#![allow(missing_docs, clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use ldap_inventory::credential::{Credential, ServerUrl, Sharing};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::{MemoryCredentialStore, SqliteRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{DirectoryEntry, TestDirectory, TestServer};
use ldap_inventory::value::{CredentialId, ReadMode, Secret, SourceId};
use tokio::runtime::Runtime;

const COMPUTERS: usize = 100_000;
const USERS: usize = 20_000;
const GROUPS: usize = 1_000;
const CHANGES: usize = 100;

/// A domain, its server, and the inventory of it.
struct Rig {
    directory: TestDirectory,
    computers: Vec<String>,
    source: LdapSource,
    inventory: SqliteRepository,
    task: SyncTask,
    _server: TestServer,
}

impl Rig {
    async fn new(file: &std::path::Path) -> Self {
        let directory = TestDirectory::generated(1, COMPUTERS, USERS, GROUPS);
        directory.write().add_account("reader", "password").unwrap();
        let server = TestServer::builder(&directory).with_ldap().with_plain_binds().start();
        let server = server.await.unwrap();
        let is_computer = |entry: &&DirectoryEntry| {
            entry.values("objectClass").iter().any(|class| class == b"computer")
        };
        let computers: Vec<String> =
            directory.read().entries().filter(is_computer).map(|it| it.dn().to_owned()).collect();
        let source = source(&server.ldap_url().unwrap());
        let inventory = SqliteRepository::open(file).unwrap();
        let id = SourceId::new("ldap", "corp.example.test").unwrap();
        let [organization, site] = ["bench", "hq"];
        let (organization, site) = (organization.parse().unwrap(), site.parse().unwrap());
        let task = SyncTask::new("Bench", organization, site, id, "bench".parse().unwrap())
            .with_census_every(Duration::from_secs(1 << 30), u32::MAX);
        Self { directory, computers, source, inventory, task, _server: server }
    }

    /// Changes some computers, others each time.
    fn change(&self, round: usize) {
        let mut tree = self.directory.write();
        for dn in self.computers.iter().cycle().skip(round * CHANGES).take(CHANGES) {
            tree.set(dn, "description", [format!("round {round}")]).unwrap();
        }
    }

    async fn sync(&self, task: &SyncTask) -> SyncReport {
        sync(task, &self.source, &self.inventory, &SyncOptions::new()).await.unwrap()
    }
}

fn source(url: &str) -> LdapSource {
    let id = CredentialId::new("bench").unwrap();
    let credential = Credential::new(id, "CORP\\reader", Secret::new("password"))
        .with_server(ServerUrl::parse(url).unwrap())
        .with_insecure(true)
        .with_sharing(Sharing::Global);
    LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
}

fn delta(criterion: &mut Criterion) {
    let (runtime, folder) = (Runtime::new().unwrap(), tempfile::tempdir().unwrap());
    let rig = runtime.block_on(Rig::new(&folder.path().join("inventory.db")));
    let begun = Instant::now();
    let first = runtime.block_on(rig.sync(&rig.task));
    let all = first.computers.read;
    assert!(all >= COMPUTERS as u64, "{all}");
    eprintln!("the first run: {:.2} s, {:?}", begun.elapsed().as_secs_f64(), first.stages());
    let rare = rig.task.clone().with_census_beyond(0);
    let counted = rig.task.clone();
    let full = rig.task.clone().with_full_read_every(Duration::ZERO);
    let mut group = criterion.benchmark_group("delta");
    group.sample_size(10);
    let mut round = 0;
    for (name, task, changes, mode) in [
        ("100", &rare, CHANGES, ReadMode::DirSync),
        ("none", &rare, 0, ReadMode::DirSync),
        ("census", &counted, 0, ReadMode::DirSync),
        ("full", &full, 0, ReadMode::Full),
    ] {
        group.bench_function(BenchmarkId::new(name, "100k"), |bencher| {
            bencher.to_async(&runtime).iter_batched(
                || {
                    round += 1;
                    if changes > 0 {
                        rig.change(round);
                    }
                },
                |()| async {
                    let report = rig.sync(task).await;
                    assert_eq!(report.mode, mode);
                    let read = if mode == ReadMode::Full { all } else { changes as u64 };
                    assert_eq!(report.computers.read, read);
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, delta);
criterion_main!(benches);
