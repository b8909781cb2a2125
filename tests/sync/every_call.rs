//! A read of changes, a saved plan and a merge: each outward call fails in turn, and each is dropped at every rest.

use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::{Author, Curation};
use ldap_inventory::directory::DirectorySource;
use ldap_inventory::sync::{MergePlan, SyncOptions, plan, sync};
use ldap_inventory::task::{Grace, SyncTask};
use ldap_inventory::testing::{CallFault, FaultPlan, Faulty, MockDirectory};
use ldap_inventory::value::ReadMode;
use ldap_inventory::{Error, ErrorKind, Result};
use serde_json::Value;

use super::cancellation::{polled, settled};
use super::world::*;

const FAULTS: [CallFault; 4] =
    [CallFault::AnswerLost, CallFault::Broken, CallFault::TimedOut, CallFault::Unreachable];

/// What is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Work {
    Changes,
    Plan,
    Merge,
}

/// An inventory after a first run, a directory that changed since, and the plan of the next run.
struct Scene {
    repository: Arc<dyn AssetRepository>,
    directory: MockDirectory,
    plan: MergePlan,
}

fn options() -> SyncOptions {
    SyncOptions::new().with_batch_size(2)
}

/// However often it is run, what is missing is not gone yet.
fn patient() -> SyncTask {
    task().with_grace(Grace::default().with_runs(100))
}

impl Scene {
    async fn new(store: usize) -> Self {
        let repository = stores().remove(store);
        scan(&*repository).await;
        for (n, name) in [(6, "app1.corp.example"), (7, "app1-mgmt.corp.example")] {
            put(&*repository, scanned(n, &[name])).await;
        }
        let directory = MockDirectory::new(domain()).with_page_size(4);
        let directory = directory.with_deltas(ReadMode::DirSync, false);
        run(&directory, &*repository).await;
        directory.set_objects(domain_later());
        let plan = plan(&patient(), &directory, &*repository, &options()).await.unwrap();
        Self { repository, directory, plan }
    }

    /// Does the work, by whatever is in front of the store and the directory.
    async fn work(
        &self,
        work: Work,
        repository: &dyn AssetRepository,
        directory: &dyn DirectorySource,
    ) -> Result<()> {
        match work {
            Work::Changes => {
                let report = sync(&patient(), directory, repository, &options()).await?;
                let broken_off = || Error::new(ErrorKind::Disconnected, "the read is incomplete");
                report.complete.then_some(()).ok_or_else(broken_off)
            }
            Work::Plan => self.plan.apply(repository, &options()).await.map(drop),
            Work::Merge => {
                let author = Author::new("anna").because("one box");
                let curation = Curation::new(repository, acme());
                curation.merge(&[asset_id(6), asset_id(7)], &author).await.map(drop)
            }
        }
    }

    /// Does it again after it broke off, and runs once more.
    async fn again(&self, work: Work) -> Value {
        let is_merged = !self.repository.merges(&acme()).await.unwrap().is_empty();
        if !(work == Work::Merge && is_merged) {
            self.work(work, &*self.repository, &self.directory).await.unwrap();
        }
        let directory = &self.directory;
        sync(&patient(), directory, &*self.repository, &options()).await.unwrap();
        assert_consistent(&*self.repository).await;
        assert_eq!(
            self.repository.merges(&acme()).await.unwrap().len(),
            usize::from(work == Work::Merge)
        );
        content(&*self.repository).await
    }
}

/// What an undisturbed work ends in, and its calls.
async fn undisturbed(work: Work, store: usize) -> (Value, Vec<&'static str>) {
    let scene = Scene::new(store).await;
    let counting = FaultPlan::new();
    let repository = Faulty::new(Arc::clone(&scene.repository), &counting);
    let directory = Faulty::new(scene.directory.clone(), &counting);
    scene.work(work, &repository, &directory).await.unwrap();
    if work == Work::Changes {
        let history = scene.repository.runs(&acme(), &corp(), 1).await.unwrap();
        assert_eq!(history[0].mode, Some(ReadMode::DirSync));
    }
    (scene.again(work).await, counting.calls())
}

async fn each_call_fails(work: Work, store: usize) {
    let (expected, calls) = undisturbed(work, store).await;
    assert!(calls.contains(&"commit"), "{calls:?}");
    for (n, name) in calls.iter().enumerate() {
        for fault in FAULTS {
            let context = format!("{work:?}: {fault:?} at call {n}, {name}");
            let scene = Scene::new(store).await;
            let plan = FaultPlan::new().with(n, fault);
            let repository = Faulty::new(Arc::clone(&scene.repository), &plan);
            let directory = Faulty::new(scene.directory.clone(), &plan);
            let outcome = scene.work(work, &repository, &directory).await;
            assert!(plan.calls().len() > n, "{context}: the fault was not reached");
            if let Err(error) = outcome {
                let kind = error.kind();
                let is_told = matches!(kind, ErrorKind::Store | ErrorKind::Timeout);
                assert!(
                    is_told
                        || (["event", "read"].contains(name) && kind == ErrorKind::Disconnected),
                    "{context}: {error:?}"
                );
            }
            settled(&*scene.repository).await;
            assert_same(&scene.again(work).await, &expected, &context);
        }
    }
    println!("{work:?}: {} calls, {} faults converged", calls.len(), calls.len() * FAULTS.len());
}

#[tokio::test(start_paused = true)]
async fn whichever_call_of_a_read_of_changes_a_plan_or_a_merge_fails_it_can_be_done_again() {
    for work in [Work::Changes, Work::Plan, Work::Merge] {
        each_call_fails(work, 0).await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn whichever_call_fails_of_them_a_file_is_whole() {
    for work in [Work::Changes, Work::Plan, Work::Merge] {
        each_call_fails(work, 1).await;
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn dropped_at_any_rest_they_leave_a_store_between_two_batches() {
    for work in [Work::Changes, Work::Plan, Work::Merge] {
        let (expected, _) = undisturbed(work, 1).await;
        for times in 0.. {
            assert!(times < 10_000, "{work:?} has no end");
            let scene = Scene::new(1).await;
            let working = scene.work(work, &*scene.repository, &scene.directory);
            let outcome = polled(times, working).await;
            settled(&*scene.repository).await;
            if let Some(done) = outcome {
                done.unwrap();
                assert!(times > 0, "{work:?} never rests");
                break;
            }
            let context = format!("{work:?}, dropped after {times} polls");
            assert_same(&scene.again(work).await, &expected, context);
        }
    }
}
