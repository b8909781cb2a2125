//! A process that syncs: its own directory mostly, and the one that others sync as well.

use std::time::{Duration, Instant};

use ldap_inventory::store::SqliteRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::{ErrorKind, Result};
use tokio::time::sleep;

use crate::directories::{source, task};
use crate::process::Working;
use crate::told::{Told, failed, micros};
use crate::watched::Watched;

/// Small, so that a run has many commits.
const BATCH: usize = 40;
/// After a run that was refused.
const PAUSE: Duration = Duration::from_millis(20);

pub(crate) async fn work(mut working: Working) -> Result<()> {
    let repository = Watched::new(SqliteRepository::open(&working.file)?);
    let contended = working.urls.len() - 1;
    while working.goes_on() {
        let directory = if working.random.below(3) == 0 { contended } else { working.number };
        let options =
            SyncOptions::new().with_batch_size(BATCH).with_full_read(working.random.below(6) == 0);
        let begun = Instant::now();
        let server = source(directory, &working.urls[directory])?;
        match sync(&task(directory), &server, &repository, &options).await {
            Ok(report) => {
                let (run, is_complete) = (report.run, report.complete);
                Told::Ran { directory, run, is_complete, micros: micros(begun) }.tell();
            }
            Err(error) => {
                // Nobody else syncs its own directory, and the lease of a process that was killed keeps nobody away.
                let own: &[ErrorKind] = &[ErrorKind::Conflict];
                let of_all: &[ErrorKind] = &[ErrorKind::Conflict, ErrorKind::Lease];
                failed("sync", &error, if directory == contended { of_all } else { own });
                sleep(PAUSE).await;
            }
        }
    }
    Ok(())
}
