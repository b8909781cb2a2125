//! A connection that ends after every single byte of a read.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::ldap::{LdapLimits, LdapSource};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{Fault, OperationKind, Script, TestDirectory, TestServer, When};
use serde_json::Value;

use super::wire::{PASSWORD, credential, source};
use super::world::*;

/// How many servers are cut off at the same time.
const LANES: u64 = 4;

struct Lane {
    server: TestServer,
    task: SyncTask,
    source: LdapSource,
    repository: Arc<dyn AssetRepository>,
    before: Value,
    total: u64,
}

/// A run that reads everything, though the changes alone would do.
fn everything() -> SyncOptions {
    SyncOptions::new().with_full_read(true)
}

impl Lane {
    /// A plain server, whose computers come on three pages, and an inventory that holds all of it.
    async fn new(
        repository: Arc<dyn AssetRepository>,
        domain: fn() -> (TestDirectory, SyncTask),
    ) -> Self {
        let (directory, task) = domain();
        let builder = TestServer::builder(&directory).with_ldap().with_plain_binds();
        let server = builder.with_references(["ldap://dc9.example/DC=x"]).start().await.unwrap();
        let credential = credential(server.ldap_url()).with_insecure(true);
        let limits = LdapLimits::default().with_page_size(1);
        let source = source(credential).with_limits(limits);
        let report = sync(&task, &source, &*repository, &SyncOptions::new()).await.unwrap();
        assert!(report.complete && report.computers.created == 3, "{report:?}");
        server.set_script(without_start_tls());
        let again = sync(&task, &source, &*repository, &everything()).await.unwrap();
        assert!(again.complete && again.computers.unchanged == 3);
        let searches = server.recorded().pop().unwrap().searches;
        let paged = searches.iter().filter(|search| search.filter == "(objectClass=computer)");
        assert_eq!(paged.count(), 3, "three pages");
        let before = inventory(&*repository).await;
        let total = server.bytes_sent();
        Self { server, task, source, repository, before, total }
    }

    /// Cuts the connection after so many bytes.
    async fn cut(&self, bytes: u64, fault: Fault) {
        self.server.set_script(without_start_tls().with(When::bytes_sent(bytes), fault));
        let options = everything();
        let run = sync(&self.task, &self.source, &*self.repository, &options);
        let outcome = tokio::time::timeout(Duration::from_secs(60), run).await;
        let outcome = outcome.unwrap_or_else(|_| panic!("the run hangs at byte {bytes}"));
        let context = format!("cut after {bytes} of {} bytes", self.total);
        if let Ok(report) = outcome {
            assert_eq!(report.complete, bytes >= self.total, "{context}");
            let (computers, others) = (report.computers, [report.users, report.groups]);
            assert_eq!((computers.missing, computers.gone), (0, 0), "{context}");
            assert!(others.iter().all(|c| (c.missing, c.gone) == (0, 0)), "{context}");
        } else {
            assert!(bytes < self.total, "{context}: {outcome:?}");
        }
        assert_same(&inventory(&*self.repository).await, &self.before, &context);
    }
}

/// Sends nothing at all on the connection that asks for StartTLS, so that every byte that is counted is one
/// of the read.
fn without_start_tls() -> Script {
    Script::new().with(When::operation(OperationKind::StartTls), Fault::Close)
}

/// Three computers that say little, and nothing else within the base.
fn small() -> (TestDirectory, SyncTask) {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc", PASSWORD).unwrap();
    let base = tree.add_organizational_unit("Lab").unwrap();
    for name in ["PC1", "PC2", "PC3"] {
        let dn = tree.add_computer_in(&base, name).unwrap();
        let names: Vec<String> =
            tree.entry(&dn).unwrap().attribute_names().map(str::to_owned).collect();
        for name in names.iter().filter(|name| !SMALL.contains(&name.as_str())) {
            tree.set(&dn, name, Vec::<Vec<u8>>::new()).unwrap();
        }
    }
    drop(tree);
    (directory, task().with_base_dns([base]))
}

/// The attributes that a small computer keeps.
const SMALL: [&str; 5] = ["objectClass", "objectGUID", "cn", "sAMAccountName", "distinguishedName"];

/// A whole domain: computers, the server among them, users, a group with a member, references.
fn whole() -> (TestDirectory, SyncTask) {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc", PASSWORD).unwrap();
    tree.add_computer("PC1").unwrap();
    let member = tree.add_computer("PC2").unwrap();
    let group = tree.add_group("Staff").unwrap();
    tree.add_values(&group, "member", [member]).unwrap();
    drop(tree);
    (directory, task())
}

/// Cuts at every place of a read, or at every so many, and returns how many places there are.
async fn cut_everywhere(domain: fn() -> (TestDirectory, SyncTask), step: u64) -> u64 {
    let lanes = (0..LANES).map(|lane| {
        tokio::spawn(async move {
            let cuts = Lane::new(Arc::new(MemoryRepository::new()), domain).await;
            for bytes in (lane * step..=cuts.total).step_by((LANES * step) as usize) {
                cuts.cut(bytes, Fault::Truncate).await;
            }
            cuts.cut(cuts.total, Fault::Truncate).await;
            cuts.total
        })
    });
    futures::future::try_join_all(lanes).await.unwrap()[0]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_cut_after_any_byte_is_incomplete_and_removes_nothing() {
    let total = cut_everywhere(small, 1).await;
    assert!(total > 1_500, "only {total} places to cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_of_everything_that_is_cut_is_incomplete_and_removes_nothing() {
    let total = cut_everywhere(whole, 5).await;
    assert!(total > 6_000, "only {total} places to cut");
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_reset_leaves_a_file_as_it_was() {
    use ldap_inventory::store::SqliteRepository;

    let folder = tempfile::tempdir().unwrap();
    let repository = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    let lane = Lane::new(Arc::new(repository.clone()), whole).await;
    for bytes in (0..lane.total).step_by(197) {
        lane.cut(bytes, Fault::Reset).await;
        lane.cut(bytes, Fault::Close).await;
    }
    assert!(repository.check().await.unwrap().is_empty());
}
