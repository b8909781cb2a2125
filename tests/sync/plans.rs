//! Leases, cancelled runs, and plans that are applied later.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::ErrorKind;
use ldap_inventory::asset::{
    AssetRepository, Batch, Change, CommitOutcome, Constraint, ConstraintKind, LeaseRequest,
    Presence,
};
use ldap_inventory::sync::{Cancellation, MergePlan, Progress, SyncOptions, plan, sync};
use ldap_inventory::testing::{MockDirectory, MockEnding};
use ldap_inventory::value::{BatchId, ObjectGuid, RunId, Timestamp};

use crate::mock::{computer, mock_guid};

use super::world::*;

async fn planned(directory: &MockDirectory, repository: &dyn AssetRepository) -> MergePlan {
    plan(&task(), directory, repository, &SyncOptions::new()).await.unwrap()
}

async fn hold_lease(repository: &dyn AssetRepository) -> RunId {
    let (holder, now) = (RunId::random_v7(), Timestamp::now());
    repository
        .acquire_lease(LeaseRequest::new(acme(), corp(), holder, now, Duration::from_secs(60)))
        .await
        .unwrap();
    holder
}

#[tokio::test]
async fn a_source_that_another_run_holds_is_refused_and_not_even_read() {
    for repository in stores() {
        let holder = hold_lease(&*repository).await;
        let directory = MockDirectory::new(domain());
        let run = sync(&task(), &directory, &*repository, &SyncOptions::new()).await;
        let error = run.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Lease);
        assert!(error.to_string().contains(&holder.to_string()), "{error}");
        assert_eq!(directory.requests().len(), 0);
        let dry = SyncOptions::new().with_dry_run(true);
        sync(&task(), &directory, &*repository, &dry).await.unwrap();
        repository.release_lease(&acme(), &corp(), holder).await.unwrap();
        super::world::run(&directory, &*repository).await;
    }
}

#[tokio::test]
async fn two_runs_at_once_are_one_run_and_one_refusal() {
    for repository in stores() {
        let directory = MockDirectory::new(domain());
        let (task, options) = (task(), SyncOptions::new());
        let outcomes = futures::join!(
            sync(&task, &directory, &*repository, &options),
            sync(&task, &directory, &*repository, &options),
        );
        // On a fast store the first may be done before the second begins.
        let refused: Vec<_> =
            [outcomes.0, outcomes.1].into_iter().filter_map(Result::err).collect();
        assert!(refused.len() < 2, "{refused:?}");
        assert!(refused.iter().all(|error| error.kind() == ErrorKind::Lease), "{refused:?}");
        assert_eq!(assets(&*repository).await.len(), 5);
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn a_run_that_lost_its_lease_while_it_slept_cannot_write() {
    for repository in stores() {
        let (thief, now) = (RunId::random_v7(), Timestamp::now());
        let later = now.checked_add(Duration::from_secs(3600)).unwrap();
        let inner = Arc::clone(&repository);
        let options = SyncOptions::new().with_progress(move |progress| {
            if let Progress::Deciding { .. } = progress {
                // On another thread, since a listener must not wait for its own runtime.
                let steal = || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    let ttl = Duration::from_secs(60);
                    let lease = runtime.block_on(inner.acquire_lease(LeaseRequest::new(
                        acme(),
                        corp(),
                        thief,
                        later,
                        ttl,
                    )));
                    lease.unwrap();
                };
                std::thread::scope(|scope| scope.spawn(steal).join()).unwrap();
            }
        });
        let directory = MockDirectory::new(domain());
        let run = sync(&task(), &directory, &*repository, &options).await;
        assert_eq!(run.unwrap_err().kind(), ErrorKind::Lease);
        assert_eq!(links(&*repository).await, []);
        assert_eq!(repository.runs(&acme(), &corp(), 9).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_cancelled_run_stops_wherever_it_is_and_gives_its_lease_back() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain()).with_page_size(2);
        let told = count_progress(&directory).await;
        for stop in 0..told {
            let cancellation = Cancellation::new();
            let (stopper, mut seen) = (cancellation.clone(), 0);
            let count = std::sync::Mutex::new(move || {
                if seen == stop {
                    stopper.cancel();
                }
                seen += 1;
            });
            let options = SyncOptions::new()
                .with_batch_size(1)
                .with_cancellation(cancellation.clone())
                .with_progress(move |_| count.lock().unwrap()());
            let outcome = sync(&task(), &directory, &*repository, &options).await;
            assert!(cancellation.is_cancelled());
            match outcome {
                Ok(report) => assert!(report.complete && stop + 2 >= told, "{stop} of {told}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Cancelled),
            }
            assert_consistent(&*repository).await;
            let holder = hold_lease(&*repository).await;
            repository.release_lease(&acme(), &corp(), holder).await.unwrap();
        }
        run(&directory, &*repository).await;
        let undisturbed = stores().remove(0);
        scan(&*undisturbed).await;
        run(&directory, &*undisturbed).await;
        assert_same(&content(&*repository).await, &content(&*undisturbed).await, "the other store");
    }
}

/// How often a run over an empty store tells of its progress.
async fn count_progress(directory: &MockDirectory) -> usize {
    let told = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = Arc::clone(&told);
    let options = SyncOptions::new().with_batch_size(1).with_progress(move |_| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    sync(&task(), directory, &*stores().remove(0), &options).await.unwrap();
    told.load(std::sync::atomic::Ordering::Relaxed)
}

#[tokio::test]
async fn a_plan_writes_nothing_and_applying_it_writes_what_a_run_would_have_written() {
    for (repository, other) in stores().into_iter().zip(stores()) {
        let directory = MockDirectory::new(domain());
        for objects in [domain(), domain_later(), domain()] {
            directory.set_objects(objects);
            if links(&*other).await.is_empty() {
                scan(&*repository).await;
                scan(&*other).await;
            }
            let before = inventory(&*repository).await;
            let plan = planned(&directory, &*repository).await;
            assert_same(&inventory(&*repository).await, &before, "before");
            assert!(plan.report.dry_run && plan.report.decisions.is_some());
            let json = serde_json::to_string(&plan).unwrap();
            let stored: MergePlan = serde_json::from_str(&json).unwrap();
            assert_eq!(serde_json::to_string(&stored).unwrap(), json);
            let applied = stored.apply(&*repository, &SyncOptions::new()).await.unwrap();
            let report = run(&directory, &*other).await;
            assert_eq!(applied.dropped, 0);
            let planned: usize = plan.batches.iter().map(|batch| batch.changes.len()).sum();
            assert_eq!(applied.written, planned as u64);
            assert_eq!(plan.report.computers, report.computers);
            assert_same(&content(&*repository).await, &content(&*other).await, "the other store");
            assert_consistent(&*repository).await;
        }
        let again = planned(&directory, &*repository).await.report.computers;
        assert_eq!((again.created, again.updated), (0, 0));
    }
}

#[tokio::test]
async fn new_assets_are_written_once_all_known_ones_are() {
    for repository in stores() {
        scan(&*repository).await;
        let names = ["NEW1", "WEB1", "NEW2", "DB1", "NEW3"];
        let computers = names
            .into_iter()
            .zip(1..)
            .map(|(name, n)| computer(name).with_guid(ObjectGuid::from_bytes([n; 16])).build());
        let directory = MockDirectory::new(computers);
        let options = SyncOptions::new().with_batch_size(1);
        let plan = plan(&task(), &directory, &*repository, &options).await.unwrap();
        let changes = plan.batches.iter().flat_map(|batch| &batch.changes);
        let is_new: Vec<bool> = changes
            .filter_map(|change| match change {
                Change::PutAsset { expected, .. } => Some(expected.is_none()),
                _ => None,
            })
            .collect();
        assert_eq!(is_new, [false, false, true, true, true]);
    }
}

#[tokio::test]
async fn a_plan_that_is_applied_twice_writes_once() {
    for repository in stores() {
        scan(&*repository).await;
        let plan = planned(&MockDirectory::new(domain()), &*repository).await;
        plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        let before = inventory(&*repository).await;
        let again = plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        assert_eq!((again.written, again.dropped), (0, 0));
        assert_same(&inventory(&*repository).await, &before, "before");
    }
}

#[tokio::test]
async fn a_plan_is_not_applied_while_a_run_is_under_way() {
    for repository in stores() {
        let plan = planned(&MockDirectory::new(domain()), &*repository).await;
        hold_lease(&*repository).await;
        let refused = plan.apply(&*repository, &SyncOptions::new()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Lease);
        assert_eq!(links(&*repository).await, []);
    }
}

#[tokio::test]
async fn a_change_to_an_asset_that_was_written_meanwhile_is_dropped_with_its_link() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        let plan = planned(&directory, &*repository).await;
        let mut touched = repository.assets(&acme(), &[asset_id(1)]).await.unwrap().remove(0);
        touched.version += 1;
        put(&*repository, touched.clone()).await;
        let applied = plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        assert_eq!(applied.dropped, 2);
        assert_eq!(link(&*repository, mock_guid("WEB1")).await, None);
        assert_eq!(repository.assets(&acme(), &[asset_id(1)]).await.unwrap(), [touched]);
        assert_eq!(asset_of(&*repository, mock_guid("DB1")).await.id, asset_id(2));
        assert_eq!(
            repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap(),
            None
        );
        assert_consistent(&*repository).await;
        run(&directory, &*repository).await;
        assert_eq!(asset_of(&*repository, mock_guid("WEB1")).await.id, asset_id(1));
    }
}

#[tokio::test]
async fn a_takeover_that_went_stale_leaves_the_old_link_in_place() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        run(&directory, &*repository).await;
        let mut objects = domain();
        objects.retain(|object| object.guid != mock_guid("WEB1"));
        objects.push(computer("WEB1").with_guid(mock_guid("joined again")).build());
        directory.set_objects(objects);
        let plan = planned(&directory, &*repository).await;
        let mut touched = repository.assets(&acme(), &[asset_id(1)]).await.unwrap().remove(0);
        touched.version += 1;
        put(&*repository, touched).await;
        plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        let kept = link(&*repository, mock_guid("WEB1")).await.unwrap();
        assert_eq!((kept.asset, kept.presence), (Some(asset_id(1)), Presence::Present));
        assert_eq!(link(&*repository, mock_guid("joined again")).await, None);
        assert_consistent(&*repository).await;
    }
}

#[tokio::test]
async fn a_plan_that_a_run_has_overtaken_makes_no_second_asset() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        let plan = planned(&directory, &*repository).await;
        run(&directory, &*repository).await;
        let before = inventory(&*repository).await;
        let applied = plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        assert!(applied.dropped > 0, "{applied:?}");
        assert_consistent(&*repository).await;
        assert_same(&inventory(&*repository).await, &before, "before");
    }
}

#[tokio::test]
async fn a_plan_that_a_run_has_overtaken_does_not_say_where_the_next_read_begins() {
    for repository in stores() {
        let directory = MockDirectory::new(domain());
        let plan = planned(&directory, &*repository).await;
        let narrow = task().with_base_dns(["CN=Users,DC=corp,DC=example".to_owned()]);
        sync(&narrow, &directory, &*repository, &SyncOptions::new()).await.unwrap();
        let before =
            repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap();
        plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        assert_eq!(
            repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap(),
            before
        );
    }
}

#[tokio::test]
async fn however_many_runs_failed_since_a_plan_knows_which_one_has_overtaken_it() {
    for repository in stores() {
        let directory = MockDirectory::new(domain());
        let plan = planned(&directory, &*repository).await;
        let narrow = task().with_base_dns(["CN=Users,DC=corp,DC=example".to_owned()]);
        sync(&narrow, &directory, &*repository, &SyncOptions::new()).await.unwrap();
        directory.set_ending(MockEnding::Refused(ErrorKind::BindRefused));
        for _ in 0..120 {
            sync(&narrow, &directory, &*repository, &SyncOptions::new()).await.unwrap_err();
        }
        plan.apply(&*repository, &SyncOptions::new()).await.unwrap();
        let left = repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap();
        assert_eq!(left, None);
    }
}

#[tokio::test]
async fn what_a_person_decides_before_a_plan_is_applied_is_shown() {
    for repository in stores() {
        scan(&*repository).await;
        let directory = MockDirectory::new(domain());
        let planned = planned(&directory, &*repository).await;
        let (of, by) = ((corp(), mock_guid("WEB1")), ("ann", Timestamp::now()));
        let apart = Constraint::new(acme(), ConstraintKind::CannotLink, of, asset_id(1), by);
        let batch = Batch::new(BatchId::random_v7(), acme(), corp());
        let batch = batch.with_changes([Change::PutConstraint(apart)]);
        assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
        planned.apply(&*repository, &SyncOptions::new()).await.unwrap();
        let web1 = asset_of(&*repository, mock_guid("WEB1")).await;
        assert_ne!(web1.id, asset_id(1));
        assert_consistent(&*repository).await;
    }
}
