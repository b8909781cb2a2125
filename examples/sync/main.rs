//! Brings an asset inventory in step with Active Directory: `cargo run --release --example sync`.
//!
//! Without arguments it shows itself at work on a [demonstration](demo). `--help` has the rest. How a host
//! calls the crate is in [`run`]: a credential, a source, a task, a repository, and one call of
//! [`sync`](ldap_inventory::sync::sync).

#[path = "../program/begin.rs"]
mod begin;
#[path = "../program/certificate.rs"]
mod certificate;
#[path = "../program/color.rs"]
mod color;
#[path = "../program/exit.rs"]
mod exit;
#[path = "../program/interrupt.rs"]
mod interrupt;
#[path = "../program/log.rs"]
mod log;
#[path = "../program/password.rs"]
mod password;
#[path = "../program/printed.rs"]
mod printed;
#[path = "../program/private.rs"]
mod private;
#[path = "../program/store.rs"]
mod store;
#[path = "../program/table.rs"]
mod table;
#[path = "../program/task.rs"]
mod task;
#[path = "../program/trust.rs"]
mod trust;

mod assets;
mod demo;
mod inventory;
mod options;
mod plan;
mod progress;
mod report;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::Imported;
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::sync::{Cancellation, Stopped, SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::SyncTask;
use serde::Serialize;

use self::assets::ScanFile;
use self::begin::{Begun, begin};
use self::exit::{Failure, Status};
use self::inventory::Inventory;
use self::options::Options;
use self::printed::json_line;
use self::table::Form;

/// How long to wait before a busy inventory is asked again.
const AGAIN: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let is_demonstration =
        std::env::args_os().nth(1).is_none() && std::env::var_os("LDAP_URL").is_none();
    if is_demonstration {
        return exit::with(demo::run());
    }
    let options = Options::parse();
    options.color.apply();
    options.log.begin();
    exit::with(run(&options))
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    // What was typed wrong is said before anybody is asked for a password.
    options.inventory.as_deref().map_or(Ok(()), store::check)?;
    let credential = options.task.credential()?;
    let scanned = options.assets.as_deref();
    let scanned = scanned.map(|file| ScanFile::read(file, options.strict)).transpose()?;
    let inventory = patiently(options, async || Inventory::open(options).await).await?;
    let repository = &*inventory.repository;
    let imported = match scanned {
        Some(scanned) => Some(scanned.import(repository, options).await?),
        None => None,
    };
    let is_noted = !options.dry_run;
    let Begun { directory, task } =
        begin("Command line", &options.task, credential, repository, is_noted).await?;

    let sync_options = SyncOptions::new()
        .with_dry_run(options.dry_run)
        .with_explain(options.explain)
        .with_full_read(options.full)
        .with_takeover(options.take_over)
        .with_accept_empty(options.accept_empty)
        .with_memory_bytes(options.memory_bytes)
        .with_accept_weaker_transport(options.task.accept_weaker_transport)
        .with_confirmation(options.confirm)
        .with_cancellation(on_interrupt());
    let sync_options = if options.quiet { sync_options } else { progress::shown(sync_options) };
    let run = async || sync_or_plan(&task, &directory, repository, &sync_options, options).await;
    let outcome = patiently(options, run).await;
    drop(sync_options);
    let report = match outcome {
        Ok(report) => report,
        Err(error) => return stopped(error, imported.as_ref(), repository, options).await,
    };
    show(&report, imported.as_ref(), repository, options).await?;
    Ok(if report.complete { Status::Complete } else { Status::Incomplete })
}

/// Does something again while the inventory is busy, for as long as the command line allows.
async fn patiently<T>(
    options: &Options,
    mut work: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let begun = Instant::now();
    let mut is_told = options.quiet || !io::stderr().is_terminal();
    loop {
        let failure = match work().await {
            Ok(done) => return Ok(done),
            Err(failure) => failure,
        };
        let is_over = begun.elapsed() >= Duration::from_secs(options.wait);
        if failure.status() != Status::Busy || is_over {
            return Err(failure);
        }
        if !is_told {
            eprintln!("the inventory is busy; waiting for at most {} s", options.wait);
            is_told = true;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Runs, or plans where the plan is to be kept.
async fn sync_or_plan(
    task: &SyncTask,
    directory: &LdapSource,
    repository: &dyn AssetRepository,
    sync_options: &SyncOptions,
    options: &Options,
) -> Result<SyncReport, Failure> {
    match &options.save_plan {
        Some(file) if options.dry_run => {
            let plan = plan(task, directory, repository, sync_options).await?;
            plan::save(&plan, file)?;
            let mut report = plan.report;
            report.decisions = report.decisions.filter(|_| options.explain);
            Ok(report)
        }
        _ => Ok(sync(task, directory, repository, sync_options).await?),
    }
}

/// Shows what a run would have done that the brake stopped.
async fn stopped(
    failure: Failure,
    imported: Option<&Imported>,
    repository: &dyn AssetRepository,
    options: &Options,
) -> Result<Status, Failure> {
    if let Some(stopped) = failure.cause().and_then(Stopped::of) {
        if let Some(file) = &options.save_plan {
            plan::save(&stopped.plan, file)?;
        }
        let mut report = stopped.plan.report.clone();
        report.decisions = report.decisions.filter(|_| options.explain);
        show(&report, imported, repository, options).await?;
    }
    Err(trust::advised(failure, &options.task).await)
}

/// Ctrl-C, or a service that is stopped, ends the run between two steps, with its lease given back.
fn on_interrupt() -> Cancellation {
    let cancellation = Cancellation::new();
    let interrupted = cancellation.clone();
    tokio::spawn(async move {
        interrupt::wait().await;
        interrupted.cancel();
    });
    cancellation
}

/// The report of a run, with what was imported before it.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    report: &'a SyncReport,
    #[serde(skip_serializing_if = "Option::is_none")]
    assets: Option<&'a Imported>,
}

/// One JSON object for tools, or tables for people. A run that was asked to be quiet, and that went well, says nothing.
async fn show(
    report: &SyncReport,
    imported: Option<&Imported>,
    repository: &dyn AssetRepository,
    options: &Options,
) -> Result<(), Failure> {
    let is_well = report.complete && report.brake.is_none();
    if options.json {
        let mut out = io::stdout().lock();
        json_line(&mut out, &Shown { report, assets: imported })?;
        let err = &mut io::stderr().lock();
        if !is_well || io::stderr().is_terminal() {
            report::imported(err, imported)?;
            report::summary(err, report)?;
        } else {
            report::warnings(err, report)?;
        }
        return Ok(());
    }
    if options.quiet && is_well {
        return Ok(());
    }
    let decisions = report.decisions.as_deref().unwrap_or_default();
    let names = report::asset_names(repository, &options.task.organization, decisions).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    report::imported(&mut out, imported)?;
    report::summary(&mut out, report)?;
    if options.explain {
        writeln!(out)?;
        let named = decisions.iter().map(|decision| (decision.name.as_str(), decision));
        report::decisions(&mut out, named, &names, Form::of_stdout())?;
    }
    Ok(out.flush()?)
}
