//! A host that syncs by schedule until Ctrl-C, in a plain loop. The library starts nothing by itself.
//!
//! ```text
//! LDAP_URL=dc1.corp.example LDAP_USERNAME='CORP\svc-inventory' LDAP_PASSWORD=... \
//!     cargo run --example scheduler
//! ```

use std::env;
use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::Credential;
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::schedule::{Due, Recurrence, Schedule, SyncTask, Unit};
use ldap_inventory::store::{MemoryCredentialStore, SqliteRepository};
use ldap_inventory::sync::{Cancellation, SyncOptions, sync};
use ldap_inventory::value::{Secret, SourceId, Timestamp};
use ldap_inventory::{Error, ErrorKind, Result};
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> Result<()> {
    let reader = Credential::new(
        "reader".parse()?,
        setting("LDAP_USERNAME")?,
        Secret::new(setting("LDAP_PASSWORD")?),
    )
    .with_server(setting("LDAP_URL")?.parse()?);
    let directory = Arc::new(LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([reader]))));
    let inventory = Arc::new(SqliteRepository::open("inventory.db")?);

    let stop = Cancellation::new();
    let mut loops = JoinSet::new();
    // One task for each directory, and one loop for each task: so no source has two runs at a time. Where
    // several hosts share an inventory, the source's lease refuses the second run.
    for task in tasks()? {
        loops.spawn(follow(task, directory.clone(), inventory.clone(), stop.clone()));
    }

    // A service listens for its own signal here.
    tokio::signal::ctrl_c().await.map_err(|error| {
        Error::new(ErrorKind::Configuration, "cannot listen for Ctrl-C").with_source(error)
    })?;
    eprintln!("stopping: runs end between two steps and give their leases back");
    stop.cancel();
    loops.join_all().await;
    Ok(())
}

fn tasks() -> Result<Vec<SyncTask>> {
    let nightly = Schedule::new("2026-01-02T02:30".parse()?, Recurrence::every(1, Unit::Days)?)
        .with_time_zone("Europe/Berlin")?
        .with_grace(Duration::from_secs(4 * 3_600))?;
    let source = SourceId::new("ldap", "corp.example")?;
    let (acme, hq) = ("acme".parse()?, "hq".parse()?);
    Ok(vec![
        SyncTask::new("Head office", acme, hq, source, "reader".parse()?).with_schedule(nightly),
    ])
}

/// Runs a task whenever it is due, until it is stopped or nothing will be due again.
async fn follow(
    task: SyncTask,
    directory: Arc<LdapSource>,
    inventory: Arc<SqliteRepository>,
    stop: Cancellation,
) {
    let Some(schedule) = task.schedule.clone() else { return };
    eprintln!("{}: {}", task.name, schedule.describe());
    let options = SyncOptions::new().with_cancellation(stop.clone());
    let mut last_run = match inventory.runs(&task.organization, &task.source, 1).await {
        Ok(runs) => runs.first().map(|run| run.started),
        Err(error) => return eprintln!("{}: {}", task.name, error.report()),
    };
    let mut told = None;
    while !stop.is_cancelled() {
        let now = Timestamp::now();
        let due = schedule.due(now, last_run);
        if told.replace(due) != Some(due) {
            eprintln!("{}: {}", task.name, in_words(due));
        }
        match due {
            Due::Since(_) => {
                // Noted before it runs: a run that fails is not repeated until the next time.
                last_run = Some(now);
                match sync(&task, &*directory, &*inventory, &options).await {
                    Ok(report) => eprintln!("{}: {} computers", task.name, report.computers.read),
                    Err(error) => eprintln!("{}: {}", task.name, error.report()),
                }
            }
            Due::Over => return,
            // Asking is cheap. Sleeping until the next time would miss it when the clock is set or the
            // machine was asleep.
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

fn in_words(due: Due) -> String {
    let next = due.at().map_or("never".to_owned(), |time| time.to_string());
    match due {
        Due::Since(_) => format!("due since {next}"),
        Due::Missed { at, .. } => format!("skipped {at}, which is too long ago; next: {next}"),
        Due::ClockBehind { .. } => format!("the clock is behind the last run; next: {next}"),
        _ => format!("next: {next}"),
    }
}

fn setting(name: &'static str) -> Result<String> {
    env::var(name).map_err(|error| {
        Error::new(ErrorKind::Configuration, format!("set the variable {name}")).with_source(error)
    })
}
