//! Every embedded implementation keeps the contract of its trait.

use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::CredentialStore;
use ldap_inventory::directory::{DirectorySource, ReadRequest};
use ldap_inventory::store::rows::Rows;
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository, MemoryRows};
use ldap_inventory::testing::{FaultPlan, Faulty, MockDirectory, contract};
use ldap_inventory::value::ReadMode;

use crate::mock::{computer, group, user};

#[tokio::test]
async fn memory_repository() {
    contract::asset_repository(|| async { ((), MemoryRepository::new()) }).await;
}

#[tokio::test]
async fn memory_rows() {
    contract::rows(|| async { ((), MemoryRows::new()) }).await;
    contract::rows(|| async {
        let boxed: Box<dyn Rows> = Box::new(MemoryRows::new());
        let shared: Arc<dyn Rows> = Arc::new(boxed);
        ((), shared)
    })
    .await;
}

#[tokio::test]
async fn shared_repository() {
    contract::asset_repository(|| async {
        let shared: Arc<dyn AssetRepository> = Arc::new(MemoryRepository::new());
        ((), shared)
    })
    .await;
}

#[tokio::test]
async fn boxed_repository() {
    contract::asset_repository(|| async {
        let boxed: Box<dyn AssetRepository> = Box::new(MemoryRepository::new());
        ((), boxed)
    })
    .await;
}

#[tokio::test]
async fn repository_without_faults() {
    contract::asset_repository(|| async {
        ((), Faulty::new(MemoryRepository::new(), &FaultPlan::new()))
    })
    .await;
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use ldap_inventory::store::SqliteRepository;

    use super::*;

    #[tokio::test]
    async fn sqlite_repository_in_memory() {
        let build = || async { ((), SqliteRepository::open_in_memory().unwrap()) };
        contract::asset_repository(build).await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn sqlite_repository_in_a_file() {
        contract::asset_repository(|| async {
            let directory = tempfile::tempdir().unwrap();
            let repository = SqliteRepository::open(directory.path().join("inventory.db")).unwrap();
            (directory, repository)
        })
        .await;
    }
}

#[tokio::test]
async fn memory_credentials() {
    contract::credential_store(|credentials| async {
        ((), credentials.into_iter().collect::<MemoryCredentialStore>())
    })
    .await;
}

#[tokio::test]
async fn shared_boxed_and_wrapped_credentials() {
    contract::credential_store(|credentials| async {
        let store: MemoryCredentialStore = credentials.into_iter().collect();
        let boxed: Box<dyn CredentialStore> = Box::new(store);
        let shared: Arc<dyn CredentialStore> = Arc::new(boxed);
        ((), Faulty::new(shared, &FaultPlan::new()))
    })
    .await;
}

fn directory() -> MockDirectory {
    let computers = (0..7).map(|n| computer(&format!("PC{n}")));
    let others = [user("alice"), user("bob"), group("Staff")];
    MockDirectory::new(computers.chain(others)).with_page_size(3)
}

fn request() -> ReadRequest {
    ReadRequest::new("reader".parse().unwrap(), "acme".parse().unwrap())
}

#[tokio::test]
async fn mock_directory() {
    contract::directory_source(|| async { ((), directory(), request()) }).await;
    for mode in [ReadMode::DirSync, ReadMode::Usn] {
        let telling = || async move { ((), directory().with_deltas(mode, false), request()) };
        contract::directory_source(telling).await;
    }
}

#[tokio::test]
async fn shared_boxed_and_wrapped_directory() {
    contract::directory_source(|| async {
        let boxed: Box<dyn DirectorySource> = Box::new(directory());
        let shared: Arc<dyn DirectorySource> = Arc::new(boxed);
        ((), Faulty::new(shared, &FaultPlan::new()), request())
    })
    .await;
}
