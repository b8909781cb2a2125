//! Several hosts on one database.

use std::sync::Arc;

use futures::TryStreamExt;
use futures::future::join_all;
use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{Asset, AssetRepository, AssetsRequest};
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::testing::{MockDirectory, MockRecord};
use ldap_inventory::value::SourceId;

use crate::stores;

const COMPUTERS: usize = 300;

fn task(domain: &str) -> SyncTask {
    let source = SourceId::new("ldap", domain).unwrap();
    let (organization, site) = ("acme".parse().unwrap(), "hq".parse().unwrap());
    SyncTask::new(domain, organization, site, source, "reader".parse().unwrap())
}

/// A domain whose computers are its own.
fn directory(domain: &str) -> MockDirectory {
    let computer = |n| {
        let name = format!("{}-{n}", domain.split('.').next().unwrap());
        MockRecord::computer(&name).in_domain(domain)
    };
    MockDirectory::new((0..COMPUTERS).map(computer))
}

async fn assets(inventory: &dyn AssetRepository) -> Vec<Asset> {
    let all = AssetsRequest::new("acme".parse().unwrap());
    inventory.each_asset(all).await.unwrap().try_collect().await.unwrap()
}

async fn hosts() -> Vec<Arc<dyn AssetRepository>> {
    stores::empty().await.remove(0).handles
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_sync_different_directories_at_once() {
    let hosts = hosts().await;
    let runs =
        ["a.example", "b.example"].into_iter().zip(&hosts).map(|(domain, host)| async move {
            let (task, directory) = (task(domain), directory(domain));
            let options = SyncOptions::new().with_batch_size(20);
            let first = sync(&task, &directory, &**host, &options).await.unwrap();
            let again = sync(&task, &directory, &**host, &options).await.unwrap();
            assert!(first.complete && again.complete);
            assert_eq!(first.computers.created, COMPUTERS as u64);
            assert_eq!(again.computers.unchanged, COMPUTERS as u64);
        });
    join_all(runs).await;
    assert_eq!(assets(&*hosts[0]).await.len(), 2 * COMPUTERS);
    assert_eq!(assets(&*hosts[0]).await, assets(&*hosts[1]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_hosts_that_sync_one_directory_at_once_one_does() {
    let hosts = hosts().await;
    let runs = (0..4).map(|n| {
        let host = Arc::clone(&hosts[n % hosts.len()]);
        async move {
            let options = SyncOptions::new().with_batch_size(20);
            sync(&task("a.example"), &directory("a.example"), &*host, &options).await
        }
    });
    let mut created = 0;
    for run in join_all(runs).await {
        match run {
            Ok(report) => created += report.computers.created,
            Err(error) => assert_eq!(error.kind(), ErrorKind::Lease, "{}", error.report()),
        }
    }
    assert_eq!(created, COMPUTERS as u64);
    assert_eq!(assets(&*hosts[0]).await.len(), COMPUTERS);
}
