//! A connection that ends after every single byte of a read.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::ldap::{LdapLimits, LdapSource};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::{Fault, OperationKind, Script, TestDirectory, TestServer, When};
use serde_json::Value;

use super::wire::{PASSWORD, credential, source};
use super::world::*;

/// How many servers are cut off at the same time.
const LANES: u64 = 4;

struct Lane {
    server: TestServer,
    source: LdapSource,
    repository: Arc<dyn AssetRepository>,
    before: Value,
    total: u64,
}

impl Lane {
    /// A plain server of three computers, itself one of them, on a page each, and an inventory that holds all of it.
    async fn new(repository: Arc<dyn AssetRepository>) -> Self {
        let directory = TestDirectory::new();
        for name in ["PC1", "PC2"] {
            directory.write().add_computer(name).unwrap();
        }
        directory.write().add_account("svc", PASSWORD).unwrap();
        let group = directory.write().add_group("Staff").unwrap();
        let member = "CN=PC1,CN=Computers,DC=corp,DC=example,DC=test";
        directory.write().add_values(&group, "member", [member]).unwrap();
        let builder = TestServer::builder(&directory).with_ldap().with_plain_binds();
        let server = builder.with_references(["ldap://dc9.example/DC=x"]).start().await.unwrap();
        let credential = credential(server.ldap_url()).with_insecure(true);
        let limits = LdapLimits::default().with_page_size(1);
        let source = source(credential).with_limits(limits);
        let report = sync(&task(), &source, &*repository, &SyncOptions::new()).await.unwrap();
        assert!(report.complete && report.computers.created == 3, "{report:?}");
        server.set_script(without_start_tls());
        let again = sync(&task(), &source, &*repository, &SyncOptions::new()).await.unwrap();
        assert!(again.complete && again.computers.unchanged == 3);
        let searches = server.recorded().pop().unwrap().searches;
        let paged = searches.iter().filter(|search| search.filter == "(objectClass=computer)");
        assert_eq!(paged.count(), 3, "three pages");
        let before = inventory(&*repository).await;
        let total = server.bytes_sent();
        Self { server, source, repository, before, total }
    }

    /// Cuts the connection after so many bytes.
    async fn cut(&self, bytes: u64, fault: Fault) {
        self.server.set_script(without_start_tls().with(When::bytes_sent(bytes), fault));
        let (task, options) = (task(), SyncOptions::new());
        let run = sync(&task, &self.source, &*self.repository, &options);
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_cut_after_any_byte_is_incomplete_and_removes_nothing() {
    let lanes = (0..LANES).map(|lane| {
        tokio::spawn(async move {
            let cuts = Lane::new(Arc::new(MemoryRepository::new())).await;
            for bytes in (lane..=cuts.total).step_by(LANES as usize) {
                cuts.cut(bytes, Fault::Truncate).await;
            }
            cuts.total
        })
    });
    for total in futures::future::try_join_all(lanes).await.unwrap() {
        assert!(total > 2_000, "only {total} places to cut");
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_that_is_reset_leaves_a_file_as_it_was() {
    use ldap_inventory::store::SqliteRepository;

    let folder = tempfile::tempdir().unwrap();
    let repository = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    let lane = Lane::new(Arc::new(repository.clone())).await;
    for bytes in (0..lane.total).step_by(97) {
        lane.cut(bytes, Fault::Reset).await;
        lane.cut(bytes, Fault::Close).await;
    }
    repository.check_integrity().await.unwrap();
}
