//! Runs and plans that break off between two commits, and what goes on from there.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{AssetRepository, LeaseRequest};
use ldap_inventory::directory::DirectoryObject;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{Cancellation, MergePlan, Progress, SyncOptions, plan, sync};
use ldap_inventory::testing::SplitMix;
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory};
use ldap_inventory::value::{AssetId, ObjectGuid, RunId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::interfering::Interfering;
use super::orders::{crowded_domain, crowded_scan};
use super::world::*;

fn one_by_one() -> SyncOptions {
    SyncOptions::new().with_batch_size(1)
}

/// A run that ends after so many steps of writing.
async fn break_off(steps: usize, directory: &MockDirectory, repository: &dyn AssetRepository) {
    let cancellation = Cancellation::new();
    let (stopper, told) = (cancellation.clone(), std::sync::atomic::AtomicUsize::new(0));
    let options = one_by_one().with_cancellation(cancellation).with_progress(move |progress| {
        if matches!(progress, Progress::Writing { .. })
            && told.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1 == steps
        {
            stopper.cancel();
        }
    });
    if let Err(error) = sync(&task(), directory, repository, &options).await {
        assert_eq!(error.kind(), ErrorKind::Cancelled);
    }
}

/// Two computers with the name of one scanned asset, as a replication conflict leaves them. The one that
/// does not get the asset comes first by its objectGUID.
fn namesakes() -> Vec<DirectoryObject> {
    let guid = |n| ObjectGuid::from_bytes([n; 16]);
    let loser = computer("WEB1").within("OU=Old").disabled().with_guid(guid(1));
    let winner = computer("WEB1").with_guid(guid(2));
    vec![loser.build(), winner.build()]
}

#[tokio::test]
async fn wherever_a_run_breaks_off_the_next_one_matches_what_it_would_have_matched() {
    for objects in [namesakes(), domain()] {
        let directory = MockDirectory::new(objects);
        let undisturbed = MemoryRepository::new();
        scan(&undisturbed).await;
        sync(&task(), &directory, &undisturbed, &one_by_one()).await.unwrap();
        let expected = content(&undisturbed).await;
        for steps in 1..16 {
            for repository in stores() {
                scan(&*repository).await;
                break_off(steps, &directory, &*repository).await;
                assert_consistent(&*repository).await;
                sync(&task(), &directory, &*repository, &one_by_one()).await.unwrap();
                assert_same(&content(&*repository).await, &expected, format!("{steps} steps"));
            }
        }
    }
}

/// Where names collide this much, what waits for a person may depend on where a run broke off; that every
/// computer is known and that no two of them share an asset does not.
#[tokio::test]
async fn a_crowded_run_that_breaks_off_again_and_again_shares_no_asset() {
    for seed in 0..20 {
        let mut random = SplitMix::new(seed);
        let directory = MockDirectory::new(crowded_domain(&mut random));
        let repository = MemoryRepository::new();
        crowded_scan(&mut random, &repository).await;
        for _ in 0..5 {
            break_off(1 + random.below(70), &directory, &repository).await;
            assert_consistent(&repository).await;
        }
        let report = sync(&task(), &directory, &repository, &one_by_one()).await.unwrap();
        let links = links(&repository).await;
        let read = report.computers.read + report.users.read + report.groups.read;
        assert_eq!(links.len() as u64, read, "seed {seed}");
        let tied: Vec<AssetId> = links.iter().filter_map(|link| link.asset).collect();
        assert_eq!(tied.iter().collect::<BTreeSet<_>>().len(), tied.len(), "seed {seed}");
    }
}

#[tokio::test]
async fn a_run_that_loses_its_lease_before_any_batch_writes_neither_it_nor_a_later_one() {
    let directory = MockDirectory::new(domain());
    for at in 0.. {
        let mut commits = 0;
        for inner in stores() {
            scan(&*inner).await;
            let (victim, then) = (Arc::clone(&inner), Arc::new(Mutex::new(None)));
            let noted = Arc::clone(&then);
            let repository = Interfering::new(Arc::clone(&inner), move |n, _| {
                if n == at {
                    *noted.lock().unwrap() = Some(steal(&victim));
                }
                None
            });
            let run = sync(&task(), &directory, &repository, &one_by_one()).await;
            commits = repository.commits();
            let Some(before) = then.lock().unwrap().take() else { continue };
            assert_eq!(run.unwrap_err().kind(), ErrorKind::Lease, "before batch {at}");
            assert_eq!(commits, at + 1, "it went on after batch {at}");
            assert_same(&inventory(&*inner).await, &before, format!("after batch {at}"));
            assert_consistent(&*inner).await;
        }
        if commits <= at {
            assert!(at > 5, "only {at} batches");
            break;
        }
    }
}

/// Another run gets the lease, an hour later. Returns the inventory that it finds.
fn steal(repository: &Arc<dyn AssetRepository>) -> serde_json::Value {
    let steal = || {
        // On another thread, since whoever writes must not wait for its own runtime.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let later = Timestamp::now().checked_add(Duration::from_secs(3_600)).unwrap();
            let (thief, ttl) = (RunId::random_v7(), Duration::from_secs(60));
            repository
                .acquire_lease(LeaseRequest::new(acme(), corp(), thief, later, ttl))
                .await
                .unwrap();
            inventory(&**repository).await
        })
    };
    std::thread::scope(|scope| scope.spawn(steal).join()).unwrap()
}

async fn planned(directory: &MockDirectory, repository: &dyn AssetRepository) -> MergePlan {
    let plan = plan(&task(), directory, repository, &one_by_one()).await.unwrap();
    assert!(plan.batches.last().unwrap().checkpoint.is_some());
    plan
}

/// A person writes to the asset that the plan ties WEB1 to, so that this change is dropped.
async fn interfere(repository: &dyn AssetRepository) {
    let mut touched = repository.assets(&acme(), &[asset_id(1)]).await.unwrap().remove(0);
    touched.version += 1;
    put(repository, touched).await;
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_dropped_something_and_broke_off_does_not_say_where_the_next_read_begins() {
    let directory = MockDirectory::new(domain());
    for fault in [CallFault::Broken, CallFault::AnswerLost] {
        for n in 0.. {
            let mut calls = 0;
            for inner in stores() {
                scan(&*inner).await;
                let plan = planned(&directory, &*inner).await;
                interfere(&*inner).await;
                let faults = FaultPlan::new().with(n, fault);
                let faulty = Faulty::new(Arc::clone(&inner), &faults);
                let _ = plan.apply(&faulty, &SyncOptions::new()).await;
                calls = faults.calls().len();
                expire_lease(&*inner).await;
                plan.apply(&*inner, &SyncOptions::new()).await.unwrap();
                let context = format!("{fault:?} at call {n}, {:?}", faults.calls());
                assert_eq!(link(&*inner, mock_guid("WEB1")).await, None, "{context}");
                assert_consistent(&*inner).await;
                let checkpoint =
                    inner.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap();
                assert_eq!(checkpoint, None, "{context}");
            }
            if n > calls {
                break;
            }
        }
    }
}
