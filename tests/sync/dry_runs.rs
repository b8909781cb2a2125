//! Runs that write nothing, dropped and cancelled wherever they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use ldap_inventory::store::SqliteRepository;
use ldap_inventory::sync::{Cancellation, SyncOptions, plan, sync};
use ldap_inventory::testing::MockDirectory;
use ldap_inventory::{ErrorKind, Result};

use super::cancellation::polled;
use super::world::*;

/// Options that cancel a run when it tells of its progress for this time, counted from 0.
fn cancelling_at(time: usize) -> (SyncOptions, Cancellation) {
    let (cancellation, told) = (Cancellation::new(), AtomicUsize::new(0));
    let stopper = cancellation.clone();
    let options = SyncOptions::new().with_cancellation(cancellation.clone());
    let options = options.with_progress(move |_| {
        if told.fetch_add(1, Ordering::Relaxed) == time {
            stopper.cancel();
        }
    });
    (options, cancellation)
}

/// Everything in a folder to the last octet, but for the indexes of logs, which hold no data: readers mark their places there.
fn octets(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|file| !file.to_str().unwrap().ends_with("-shm"));
    files.map(|file| (file.clone(), fs::read(file).unwrap())).collect()
}

/// Ends a run that may write nothing wherever it can be ended, and looks at the folder of its inventory: a batch, a record
/// of the run, a lease or the file of one would show there.
async fn ended_everywhere(folder: &Path, run: impl AsyncFn(SyncOptions) -> Result<bool>) {
    let before = octets(folder);
    for polls in 0.. {
        let outcome = polled(polls, run(SyncOptions::new())).await;
        assert!(octets(folder) == before, "something was written within {polls} polls");
        if let Some(would_write) = outcome {
            assert!(would_write.unwrap(), "there was to be something to write");
            assert!(polls > 10, "{polls} places to drop the run");
            break;
        }
    }
    let mut cancelled = 0;
    for time in 0.. {
        let (options, cancellation) = cancelling_at(time);
        let outcome = run(options).await;
        assert!(octets(folder) == before, "something was written, cancelled at {time}");
        match outcome {
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Cancelled);
                cancelled += 1;
            }
            Ok(_) if cancellation.is_cancelled() => {}
            Ok(_) => break,
        }
    }
    assert!(cancelled > 3, "{cancelled} runs were cancelled");
}

#[tokio::test]
async fn a_dry_run_and_a_plan_that_end_anywhere_leave_the_folder_as_it_was_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let repository = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    let directory = MockDirectory::new(domain()).with_page_size(2);
    scan(&repository).await;
    run(&directory, &repository).await;
    directory.set_objects(domain_later());
    ended_everywhere(folder.path(), async |options| {
        let planned = plan(&task(), &directory, &repository, &options).await?;
        Ok(planned.batches.iter().any(|batch| !batch.changes.is_empty()))
    })
    .await;
    ended_everywhere(folder.path(), async |options: SyncOptions| {
        let dry = options.with_dry_run(true);
        let report = sync(&task(), &directory, &repository, &dry).await?;
        Ok(report.computers.created > 0)
    })
    .await;
    // None of them holds the next run up.
    run(&directory, &repository).await;
    assert_consistent(&repository).await;
}
