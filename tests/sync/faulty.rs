//! Each outward call of a run fails in turn.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, Change, CommitOutcome, Constraint, ConstraintKind,
};
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory};
use ldap_inventory::value::{AssetId, BatchId, ObjectGuid, RunId, Timestamp};
use ldap_inventory::{Error, ErrorKind, Result, Retry};
use serde_json::Value;

use crate::mock::{computer, mock_guid};

use super::interfering::Interfering;
use super::world::*;

const FAULTS: [CallFault; 4] =
    [CallFault::AnswerLost, CallFault::Broken, CallFault::TimedOut, CallFault::Unreachable];

fn options() -> SyncOptions {
    SyncOptions::new().with_batch_size(2)
}

/// A store after a run over the domain, and the domain as it became since.
async fn prepared(repository: &dyn AssetRepository) -> MockDirectory {
    scan(repository).await;
    let directory = MockDirectory::new(domain()).with_page_size(4);
    run(&directory, repository).await;
    directory.set_objects(domain_later());
    directory
}

async fn run_with(
    directory: &MockDirectory,
    repository: &Arc<dyn AssetRepository>,
    plan: &FaultPlan,
) -> Result<()> {
    let repository = Faulty::new(Arc::clone(repository), plan);
    let directory = Faulty::new(directory.clone(), plan);
    let report = sync(&task(), &directory, &repository, &options()).await?;
    // A read that broke off is no error, but for a test of errors it is one.
    let broken_off = || Error::new(ErrorKind::Disconnected, "the read was incomplete");
    report.complete.then_some(()).ok_or_else(broken_off)
}

/// Missing for one run or for two: how often a run was tried again is no difference.
async fn undisturbed(repository: &Arc<dyn AssetRepository>) -> (Value, Vec<&'static str>) {
    let directory = prepared(&**repository).await;
    let counting = FaultPlan::new();
    run_with(&directory, repository, &counting).await.unwrap();
    run(&directory, &**repository).await;
    (content(&**repository).await, counting.calls())
}

async fn each_call_fails(store: usize) {
    let build = || Arc::clone(&stores()[store]);
    let (expected, calls) = undisturbed(&build()).await;
    for name in ["read", "event", "acquire_lease", "links", "candidates", "assets", "commit"] {
        assert!(calls.contains(&name), "{name} is not among {calls:?}");
    }
    for (n, name) in calls.iter().enumerate() {
        for fault in FAULTS {
            let context = format!("{fault:?} at call {n}, {name}");
            let repository = build();
            let directory = prepared(&*repository).await;
            let plan = FaultPlan::new().with(n, fault);
            let outcome = run_with(&directory, &repository, &plan).await;
            assert!(plan.calls().len() > n, "{context}: the fault was not reached");
            assert_consistent(&*repository).await;
            let passing = *name == "commit" && fault != CallFault::Broken;
            if passing || *name == "release_lease" {
                assert!(outcome.is_ok(), "{context}: {outcome:?}");
            } else {
                let kind = outcome.expect_err(&context).kind();
                let broken_off = *name == "event" && kind == ErrorKind::Disconnected;
                assert!(
                    broken_off || matches!(kind, ErrorKind::Store | ErrorKind::Timeout),
                    "{context}: {kind:?}"
                );
            }
            if *name == "release_lease" && fault != CallFault::AnswerLost {
                let refused = run_with(&directory, &repository, &FaultPlan::new()).await;
                assert_eq!(refused.unwrap_err().kind(), ErrorKind::Lease, "{context}");
                expire_lease(&*repository).await;
            }
            run(&directory, &*repository).await;
            assert_consistent(&*repository).await;
            assert_same(&content(&*repository).await, &expected, &context);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whichever_call_fails_the_next_run_ends_where_an_undisturbed_one_does() {
    each_call_fails(0).await;
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn whichever_call_fails_a_file_is_whole_and_the_next_run_mends_it() {
    each_call_fails(1).await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_keeps_failing_in_passing_is_asked_a_bounded_number_of_times() {
    let repository = &stores()[0];
    let directory = prepared(&**repository).await;
    let counting = FaultPlan::new();
    let dry = stores().remove(0);
    let other = prepared(&*dry).await;
    run_with(&other, &dry, &counting).await.unwrap();
    let first = counting.calls().iter().position(|call| *call == "commit").unwrap();
    let plan =
        (first..first + 100).fold(FaultPlan::new(), |plan, n| plan.with(n, CallFault::Unreachable));
    let before = inventory(&**repository).await;
    let begun = tokio::time::Instant::now();
    let error = run_with(&directory, repository, &plan).await.unwrap_err();
    // Longer each time.
    assert!(begun.elapsed() >= Duration::from_millis(100 + 200 + 400));
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, Retry::Exhausted));
    let commits = plan.calls().iter().filter(|call| **call == "commit").count();
    // The last one is to note how the run ended.
    assert_eq!(commits, 1 + options().commit_retries + 1);
    assert_same(&inventory(&**repository).await, &before, "before");
}

/// What somebody else writes: the asset with another operating system, or with another name.
fn touched(asset: &Asset, change: impl FnOnce(&mut Asset)) -> Batch {
    let mut asset = asset.clone();
    let expected: Option<u64> = Some(asset.version);
    asset.version += 1;
    change(&mut asset);
    let id = BatchId::from_u128(RunId::random_v7().as_u128());
    let change = Change::PutAsset { expected, asset: Box::new(asset), changed: None };
    Batch::new(id, acme(), corp()).with_changes([change])
}

/// The asset as it stood when a batch that writes it was planned; its version is told from the batch.
fn planned_on(batch: &Batch, id: AssetId) -> Option<u64> {
    batch.changes.iter().find_map(|change| match change {
        Change::PutAsset { expected, asset, .. } if asset.id == id => *expected,
        _ => None,
    })
}

#[tokio::test]
async fn an_asset_that_somebody_writes_meanwhile_is_decided_on_again() {
    for inner in stores() {
        scan(&*inner).await;
        let rival_asset = scanned(1, &["web1.corp.example"]);
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let version = planned_on(batch, asset_id(1))?;
            (version < 3).then(|| {
                let mut current = rival_asset.clone();
                current.version = version;
                touched(&current, |asset| asset.domains.clear())
            })
        });
        let directory = MockDirectory::new(domain());
        let report = run(&directory, &repository).await;
        assert_eq!((report.computers.matched, report.computers.created), (2, 2));
        let asset = asset_of(&*inner, mock_guid("WEB1")).await;
        // Twice by the rival, once by the run.
        assert_eq!((asset.id, asset.version), (asset_id(1), 4));
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn a_name_that_somebody_takes_away_meanwhile_is_no_match_any_more() {
    for inner in stores() {
        scan(&*inner).await;
        let current = scanned(1, &["web1.corp.example"]);
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let version = planned_on(batch, asset_id(1))?;
            let renamed = scanned(1, &["lathe"]).names;
            (version == 1).then(|| touched(&current, |asset| asset.names = renamed))
        });
        let report = run(&MockDirectory::new(domain()), &repository).await;
        assert_eq!((report.computers.matched, report.computers.created), (1, 3));
        assert_ne!(asset_of(&*inner, mock_guid("WEB1")).await.id, asset_id(1));
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn an_asset_that_somebody_takes_away_meanwhile_is_not_brought_back() {
    for inner in stores() {
        scan(&*inner).await;
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let expected = planned_on(batch, asset_id(1))?;
            let id = BatchId::from_u128(RunId::random_v7().as_u128());
            let change = Change::RemoveAsset { id: asset_id(1), expected, to: None };
            Some(Batch::new(id, acme(), corp()).with_changes([change]))
        });
        let report = run(&MockDirectory::new(domain()), &repository).await;
        assert_eq!((report.computers.matched, report.computers.created), (1, 3));
        assert_eq!(inner.assets(&acme(), &[asset_id(1)]).await.unwrap(), []);
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn an_asset_that_is_gone_before_its_batch_is_decided_on_again() {
    for inner in stores() {
        scan(&*inner).await;
        let repository = Interfering::new(Arc::clone(&inner), move |n, batch| {
            let other = if planned_on(batch, asset_id(1)).is_some() { 2 } else { 1 };
            let change = Change::RemoveAsset { id: asset_id(other), expected: 1, to: None };
            (n == 0)
                .then(|| Batch::new(BatchId::random_v7(), acme(), corp()).with_changes([change]))
        });
        let directory = MockDirectory::new([computer("WEB1"), computer("DB1")]);
        let options = SyncOptions::new().with_batch_size(1);
        let report = sync(&task(), &directory, &repository, &options).await.unwrap();
        assert_eq!((report.computers.matched, report.computers.created), (1, 1));
        let mut found = Vec::new();
        for name in ["WEB1", "DB1"] {
            found.push(asset_of(&*inner, mock_guid(name)).await.id);
        }
        assert_eq!(found.iter().filter(|id| [asset_id(1), asset_id(2)].contains(*id)).count(), 1);
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn a_decision_that_somebody_takes_meanwhile_is_kept_to() {
    for inner in stores() {
        scan(&*inner).await;
        let current = scanned(1, &["web1.corp.example"]);
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            (planned_on(batch, asset_id(1))? == 1).then(|| {
                let mut batch = touched(&current, |_| ());
                let (of, by) = ((corp(), mock_guid("WEB1")), ("ann", Timestamp::now()));
                let kind = ConstraintKind::CannotLink;
                let decided = Constraint::new(acme(), kind, of, asset_id(1), by);
                batch.changes.push(Change::PutConstraint(decided));
                batch
            })
        });
        run(&MockDirectory::new(domain()), &repository).await;
        assert_ne!(asset_of(&*inner, mock_guid("WEB1")).await.id, asset_id(1));
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn who_keeps_changing_an_asset_ends_the_run_after_a_bounded_number_of_tries() {
    for inner in stores() {
        scan(&*inner).await;
        let current = scanned(1, &["web1.corp.example"]);
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let mut current = current.clone();
            current.version = planned_on(batch, asset_id(1))?;
            Some(touched(&current, |_| ()))
        });
        let directory = MockDirectory::new([computer("WEB1")]);
        let run = sync(&task(), &directory, &repository, &SyncOptions::new()).await;
        let error = run.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Exhausted));
        // The last one notes how the run ended.
        assert_eq!(repository.commits(), 1 + SyncOptions::new().conflict_retries + 1);
        assert_eq!(link(&*inner, mock_guid("WEB1")).await, None);
        // The lease was given back, and the next run goes on.
        super::world::run(&directory, &*inner).await;
        assert_eq!(asset_of(&*inner, mock_guid("WEB1")).await.id, asset_id(1));
    }
}

#[tokio::test]
async fn an_asset_that_somebody_writes_while_it_is_marked_missing_keeps_both() {
    for inner in stores() {
        let directory = prepared(&*inner).await;
        let before = asset_of(&*inner, mock_guid("NEW1")).await;
        let (id, current) = (before.id, before.clone());
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let version = planned_on(batch, id)?;
            let name = scanned(9, &["nickname"]).names;
            (version == 1).then(|| touched(&current, |asset| asset.names.extend(name)))
        });
        run(&directory, &repository).await;
        let after = asset_of(&*inner, mock_guid("NEW1")).await;
        assert_eq!(after.version, before.version + 2);
        assert!(after.live_names().any(|name| name.as_str() == "nickname"));
        assert!(!after.part_of(&corp(), mock_guid("NEW1")).unwrap().presence.is_present());
        assert_consistent(&*inner).await;
    }
}

/// One more asset of the same name could be in the way of a computer that has not got to its own.
#[tokio::test]
async fn new_assets_are_written_after_all_that_is_known() {
    for inner in stores() {
        scan(&*inner).await;
        let written = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&written);
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let assets = batch.changes.iter().filter_map(|change| match change {
                Change::PutAsset { asset, .. } => Some(asset.id),
                _ => None,
            });
            seen.lock().unwrap().extend(assets);
            None
        });
        let numbered = |name, n| computer(name).with_guid(ObjectGuid::from_bytes([n; 16]));
        let directory = MockDirectory::new([numbered("NEW1", 1), numbered("WEB1", 2)]);
        let options = SyncOptions::new().with_batch_size(1);
        sync(&task(), &directory, &repository, &options).await.unwrap();
        let written = written.lock().unwrap();
        assert_eq!((written.len(), written.first()), (2, Some(&asset_id(1))));
    }
}

/// Writes an asset each time a batch is about to, up to this version.
fn always_first(mut asset: Asset, up_to: u64) -> impl FnMut(usize, &Batch) -> Option<Batch> + Send {
    move |_, batch| {
        asset.version = planned_on(batch, asset.id).filter(|version| *version <= up_to)?;
        Some(touched(&asset, |_| ()))
    }
}

#[tokio::test]
async fn who_keeps_changing_what_goes_missing_ends_the_run_after_a_bounded_number_of_tries() {
    for inner in stores() {
        let directory = MockDirectory::new([computer("PC1"), computer("PC2")]);
        run(&directory, &*inner).await;
        let pc1 = asset_of(&*inner, mock_guid("PC1")).await;
        directory.set_objects([computer("PC2")]);
        let repository = Interfering::new(Arc::clone(&inner), always_first(pc1, u64::MAX));
        let error = sync(&task(), &directory, &repository, &SyncOptions::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Exhausted));
        assert_eq!(repository.commits(), 1 + SyncOptions::new().conflict_retries + 1);
        assert!(link(&*inner, mock_guid("PC1")).await.unwrap().presence.is_present());
        let report = run(&directory, &*inner).await;
        assert_eq!(report.computers.missing, 1);
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn what_a_person_decided_is_shown_however_often_the_asset_is_written_meanwhile_up_to_a_bound()
{
    let tries = 1 + SyncOptions::new().conflict_retries;
    for (often, is_shown) in [(1, true), (tries - 1, true), (tries, false)] {
        for inner in stores() {
            scan(&*inner).await;
            let directory = MockDirectory::new([computer("WEB1")]);
            run(&directory, &*inner).await;
            let web1 = asset_of(&*inner, mock_guid("WEB1")).await;
            let (of, by) = ((corp(), mock_guid("WEB1")), ("ann", Timestamp::now()));
            let apart = Constraint::new(acme(), ConstraintKind::CannotLink, of, web1.id, by);
            let batch = Batch::new(BatchId::random_v7(), acme(), corp());
            let batch = batch.with_changes([Change::PutConstraint(apart)]);
            assert_eq!(inner.commit(batch).await.unwrap(), CommitOutcome::Applied);
            let last = web1.version + often as u64 - 1;
            let repository = Interfering::new(Arc::clone(&inner), always_first(web1, last));
            let outcome = sync(&task(), &directory, &repository, &SyncOptions::new()).await;
            if let Err(error) = &outcome {
                assert_eq!((error.kind(), error.retry()), (ErrorKind::Conflict, Retry::Exhausted));
            }
            assert_eq!(outcome.is_ok(), is_shown, "{often}");
            // The last one closes the run, or notes how it ended.
            assert_eq!(repository.commits(), tries.min(often + 1) + 1);
            let now = asset_of(&*inner, mock_guid("WEB1")).await.id;
            assert_eq!(now != asset_id(1), is_shown, "{often}");
            assert_consistent(&*inner).await;
        }
    }
}

#[tokio::test]
async fn what_another_computer_is_about_to_be_is_nobody_elses_when_it_is_decided_again() {
    for inner in stores() {
        put(&*inner, scanned(1, &["pc1.corp.example"])).await;
        put(&*inner, scanned(2, &["pc1-new.corp.example"])).await;
        let numbered = |name, n| computer(name).with_guid(ObjectGuid::from_bytes([n; 16]));
        let new = numbered("PC1-NEW", 1).with("dNSHostName", "pc1.corp.example");
        let used = numbered("PC1", 2).with("lastLogonTimestamp", "134200000000000000");
        let current = scanned(2, &["pc1-new.corp.example"]);
        let repository = Interfering::new(Arc::clone(&inner), move |_, batch| {
            let renamed = scanned(2, &["lathe"]).names;
            let is_first = planned_on(batch, asset_id(2))? == 1;
            is_first.then(|| touched(&current, |asset| asset.names = renamed))
        });
        let directory = MockDirectory::new([new, used]);
        let options = SyncOptions::new().with_batch_size(1).with_explain(true);
        let report = sync(&task(), &directory, &repository, &options).await.unwrap();
        let assets = assets(&*inner).await;
        let of = |id| assets.iter().find(|asset| asset.id == id).unwrap().parts.len();
        assert_eq!((of(asset_id(1)), of(asset_id(2))), (2, 1), "{:?}", report.decisions);
        let held = asset_of(&*inner, ObjectGuid::from_bytes([2; 16])).await.id;
        assert_eq!(held, asset_id(1), "{:?}", report.decisions);
        assert_consistent(&*inner).await;
    }
}

#[tokio::test]
async fn a_place_that_is_taken_only_when_it_is_decided_again_is_not_missing() {
    for inner in stores() {
        scan(&*inner).await;
        let directory = MockDirectory::new([computer("NEW1"), computer("WEB1")]);
        run(&directory, &*inner).await;
        let anew = computer("NEWER1").with_guid(mock_guid("joined again"));
        directory.set_objects([anew, computer("WEB1").with("description", "changed")]);
        let new1 = asset_of(&*inner, mock_guid("NEW1")).await;
        let web1 = asset_of(&*inner, mock_guid("WEB1")).await;
        let held = new1.id;
        let repository = Interfering::new(Arc::clone(&inner), move |n, _| {
            (n == 0).then(|| {
                let mut batch = touched(&web1, |_| ());
                let name = scanned(9, &["newer1.corp.example"]).names;
                batch.changes.extend(touched(&new1, |asset| asset.names.extend(name)).changes);
                batch
            })
        });
        let report = run(&directory, &repository).await;
        assert_eq!((report.computers.created, report.computers.missing), (0, 0));
        assert_eq!(link(&*inner, mock_guid("NEW1")).await, None);
        assert_eq!(asset_of(&*inner, mock_guid("joined again")).await.id, held);
        assert_consistent(&*inner).await;
    }
}
