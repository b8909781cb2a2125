//! A host that syncs by schedule until Ctrl-C, in a plain loop. The library starts nothing by itself.
//!
//! ```text
//! LDAP_PASSWORD=... cargo run --release --example scheduler -- \
//!     --url dc1.corp.example --username 'CORP\svc-inventory' --domain corp.example --at 02:30 --time-zone Europe/Berlin
//! ```

#[path = "program/exit.rs"]
mod exit;
#[path = "program/password.rs"]
mod password;
#[path = "program/store.rs"]
mod store;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use ldap_inventory::Result;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::{Credential, ServerUrl, Thumbprint};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::schedule::{Due, LocalTime, Recurrence, Schedule, Unit};
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::sync::{Cancellation, SyncOptions, SyncReport, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::{OrganizationId, SourceId, Timestamp};
use tokio::task::JoinSet;

use self::exit::{Failure, Status};

/// Syncs a directory every day, and makes up at once for a time that was missed, until Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "scheduler")]
struct Options {
    /// The server: HOST[:PORT] or IP[:PORT], with ldaps:// or ldap:// in front or without
    #[arg(long)]
    url: ServerUrl,

    /// The account, as a DN, user@domain or DOMAIN\user
    #[arg(long, value_name = "NAME")]
    username: String,

    /// A file with the account's password; without it the variable LDAP_PASSWORD is read
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,

    /// The certificate that must be presented at an address, as the example `thumbprint` prints it
    #[arg(long, value_name = "IP=SHA256:B64")]
    thumbprint: Vec<Thumbprint>,

    /// The DNS name of the domain
    #[arg(long, value_name = "NAME")]
    domain: String,

    /// When to sync, every day
    #[arg(long, value_name = "HH:MM", default_value = "02:30")]
    at: String,

    /// Whose clock that is, by its name in the IANA database
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    time_zone: String,

    /// The file that holds the inventory; it is created if need be
    #[arg(long, value_name = "FILE.db", default_value = "inventory.db")]
    inventory: String,

    /// The organization whose inventory it is
    #[arg(long, value_name = "NAME", default_value = "default")]
    organization: OrganizationId,
}

fn main() -> ExitCode {
    exit::with(run(&Options::parse()))
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    let tasks = [(options.task()?, options.schedule()?)];
    // A credential serves the organizations it is shared with, and no other.
    let reader = options.credential()?.shared_with(options.organization.clone());
    let directory = Arc::new(LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([reader]))));
    let inventory = store::open(&options.inventory)?;

    let stop = Cancellation::new();
    let mut loops = JoinSet::new();
    // One task for each directory, and one loop for each task: so no source has two runs at a time. Where
    // several hosts share an inventory, the source's lease refuses the second run.
    for (task, schedule) in tasks {
        loops.spawn(follow(task, schedule, directory.clone(), inventory.clone(), stop.clone()));
    }

    // A service listens for its own signal here.
    tokio::signal::ctrl_c().await.map_err(|error| {
        Failure::new(Status::Failed, format!("Ctrl-C cannot be listened for: {error}"))
    })?;
    eprintln!("stopping: runs end between two steps and give their leases back");
    stop.cancel();
    loops.join_all().await;
    Ok(Status::Complete)
}

impl Options {
    fn credential(&self) -> Result<Credential, Failure> {
        let password = password::read(self.password_file.as_deref())?;
        Ok(Credential::new("reader".parse()?, &self.username, password)
            .with_server(self.url.clone())
            .with_thumbprints(self.thumbprint.iter().copied()))
    }

    fn task(&self) -> Result<SyncTask> {
        let (organization, site) = (self.organization.clone(), "default".parse()?);
        let source = SourceId::new("ldap", &self.domain)?;
        Ok(SyncTask::new(&self.domain, organization, site, source, "reader".parse()?))
    }

    fn schedule(&self) -> Result<Schedule> {
        // The first of its days has passed. `with_grace` keeps what is late out of working hours.
        let start: LocalTime = format!("2026-01-02T{}", self.at).parse()?;
        Schedule::new(start, Recurrence::every(1, Unit::Days)?).with_time_zone(&self.time_zone)
    }
}

/// Runs a task whenever it is due, until it is stopped or nothing will be due again.
async fn follow(
    task: SyncTask,
    schedule: Schedule,
    directory: Arc<LdapSource>,
    inventory: Arc<dyn AssetRepository>,
    stop: Cancellation,
) {
    eprintln!("{}: {}", task.name, schedule.describe());
    let options = SyncOptions::new().with_cancellation(stop.clone());
    let mut last_run = match inventory.runs(&task.organization, &task.source, 1).await {
        Ok(runs) => runs.first().map(|run| run.started),
        Err(error) => return eprintln!("{}: error: {}", task.name, error.report()),
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
                    Ok(report) => eprintln!("{}: {}", task.name, done(&report)),
                    Err(error) => eprintln!("{}: error: {}", task.name, error.report()),
                }
            }
            Due::Over => return,
            // Asking is cheap. Sleeping until the next time would miss it when the clock is set or the
            // machine was asleep.
            _ => tokio::time::sleep(Duration::from_secs(1)).await,
        }
    }
}

fn done(report: &SyncReport) -> String {
    let (computers, outcome) =
        (&report.computers, if report.complete { "" } else { ", incomplete" });
    format!(
        "{} computers read, {} assets created, {} updated{outcome}",
        computers.read, computers.created, computers.updated
    )
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
