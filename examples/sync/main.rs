//! Brings an asset inventory in step with Active Directory: `cargo run --example sync`.
//!
//! Without arguments it shows itself at work on a [demonstration](demo). `--help` has the rest. How a host
//! calls the crate is in [`run`]: a credential, a source, a task, a repository, and one call of
//! [`sync`](ldap_inventory::sync::sync).

#[path = "../program/begin.rs"]
mod begin;
#[path = "../program/bounded.rs"]
mod bounded;
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
#[path = "../program/patience.rs"]
mod patience;
#[path = "../program/printed.rs"]
mod printed;
#[path = "../program/private.rs"]
mod private;
#[path = "../program/shell.rs"]
mod shell;
#[path = "../program/store.rs"]
mod store;
#[path = "../program/table.rs"]
mod table;
#[path = "../program/task.rs"]
mod task;
#[path = "../program/trust.rs"]
mod trust;
#[path = "../program/whole_file.rs"]
mod whole_file;

mod assets;
mod demo;
mod forest;
mod inventory;
mod options;
mod origin;
mod plan;
mod progress;
mod report;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::curation::Imported;
use ldap_inventory::directory::DirectorySource;
use ldap_inventory::sync::{MergePlan, Stopped, SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::SyncTask;
use serde::Serialize;

use self::assets::ScanFile;
use self::exit::{Failure, Status};
use self::interrupt::Interrupt;
use self::inventory::Inventory;
use self::options::Options;
use self::origin::Origin;
use self::patience::Patience;
use self::printed::{escaped, json_line, say};
use self::table::Form;

fn main() -> ExitCode {
    let is_demonstration =
        std::env::args_os().nth(1).is_none() && std::env::var_os("LDAP_URL").is_none();
    if is_demonstration {
        return exit::with(demo::run());
    }
    if let Some(told) = shell::told::<Options>() {
        return exit::with(told);
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
    let scanned = options.assets.as_deref();
    let scanned = scanned.map(|file| ScanFile::read(file, options.strict)).transpose()?;
    let origin = Origin::of(options)?;
    let interrupt = Interrupt::listen();
    let mut patience = Patience::new(Duration::from_secs(options.wait), &interrupt);
    let open = async || Inventory::open(options).await;
    let inventory = patiently(options, &mut patience, open).await?;
    let repository = &*inventory.repository;
    if let (true, Origin::Server(credential)) = (options.forest, &origin) {
        return forest::list((**credential).clone(), repository, options, &interrupt).await;
    }
    let imported = match &scanned {
        Some(scanned) => {
            // It ends whole, and gives its lease back.
            let import = async || scanned.import(repository, options).await;
            Some(patiently(options, &mut patience, import).await?)
        }
        None => None,
    };
    let ran = Box::pin(run_once(&origin, repository, options, (&interrupt, &mut patience))).await;
    conclude(ran, imported.as_ref(), repository, options).await
}

/// A run, or the plan of one: from the first word to the directory to the report.
async fn run_once(
    origin: &Origin,
    repository: &dyn AssetRepository,
    options: &Options,
    (interrupt, patience): (&Interrupt, &mut Patience<'_>),
) -> Result<(SyncReport, Option<MergePlan>), Failure> {
    let begin = async || interrupt.unless(Box::pin(origin.begin(repository, options))).await;
    let (directory, task) = patiently(options, patience, begin).await?;
    let sync_options = SyncOptions::new()
        .with_dry_run(options.dry_run)
        .with_explain(options.explain)
        .with_full_read(options.full)
        .with_takeover(options.take_over)
        .with_accept_empty(options.accept_empty)
        .with_accept_other_domain(options.accept_other_domain)
        .with_memory_bytes(options.memory_bytes)
        .with_spool_bytes(options.spool_bytes)
        .with_spool_folder(options.spool_folder.clone())
        .with_accept_weaker_transport(options.task.accept_weaker_transport)
        .with_confirmation(options.confirm)
        .with_cancellation(interrupt.cancellation());
    let sync_options = if options.quiet { sync_options } else { progress::shown(sync_options) };
    let run = async || sync_or_plan(&task, &*directory, repository, &sync_options, options).await;
    match patiently(options, patience, run).await {
        Ok(ran) => Ok(ran),
        Err(failure) => Err(trust::advised(failure, &options.task).await),
    }
}

/// Does something again while the inventory is busy, for as long as the command line allows in all.
async fn patiently<T>(
    options: &Options,
    patience: &mut Patience<'_>,
    mut work: impl AsyncFnMut() -> Result<T, Failure>,
) -> Result<T, Failure> {
    let is_silent = options.quiet || !io::stderr().is_terminal();
    let tell = |_: &Failure| {
        if !is_silent {
            say(format_args!("the inventory is busy; waiting for at most {} s", options.wait));
        }
    };
    loop {
        match work().await {
            Ok(done) => return Ok(done),
            Err(failure) => patience.wait(failure, tell).await?,
        }
    }
}

/// Runs, or plans where the plan is to be kept.
async fn sync_or_plan(
    task: &SyncTask,
    directory: &dyn DirectorySource,
    repository: &dyn AssetRepository,
    sync_options: &SyncOptions,
    options: &Options,
) -> Result<(SyncReport, Option<MergePlan>), Failure> {
    if options.dry_run && options.save_plan.is_some() {
        let plan = plan(task, directory, repository, sync_options).await?;
        return Ok((plan.report.clone(), Some(plan)));
    }
    Ok((sync(task, directory, repository, sync_options).await?, None))
}

/// Shows what a run did, or would have done if the brake had not stopped it, keeps its plan, and tells what was imported
/// before a run of which there is nothing to show.
async fn conclude(
    ran: Result<(SyncReport, Option<MergePlan>), Failure>,
    imported: Option<&Imported>,
    repository: &dyn AssetRepository,
    options: &Options,
) -> Result<Status, Failure> {
    let failure = match ran {
        Ok((report, plan)) => {
            let saved = plan.map_or(Ok(()), |plan| save(&plan, options));
            let status = if report.complete { Status::Complete } else { Status::Incomplete };
            let shown = show(report, imported, repository, options).await;
            return saved.and(shown).map(|()| status);
        }
        Err(failure) => failure,
    };
    match (failure.cause().and_then(Stopped::of), imported) {
        (Some(stopped), _) => {
            let saved = save(&stopped.plan, options);
            let shown = show(stopped.plan.report.clone(), imported, repository, options).await;
            // The program ends with the brake, whatever else went wrong.
            let sentence = saved.and(shown).err().map(|failure| failure.to_string());
            if let Some(sentence) = sentence.filter(|sentence| !sentence.is_empty()) {
                say(escaped(&sentence));
            }
        }
        (None, Some(imported)) if !options.dry_run => {
            say(format_args!("scanned assets, before that: {}", assets::summary(imported)));
        }
        (None, _) => {}
    }
    Err(failure)
}

/// Keeps the plan of a run that wrote nothing, if that is asked for.
fn save(plan: &MergePlan, options: &Options) -> Result<(), Failure> {
    options.save_plan.as_deref().map_or(Ok(()), |file| plan::save(plan, file))
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
    mut report: SyncReport,
    imported: Option<&Imported>,
    repository: &dyn AssetRepository,
    options: &Options,
) -> Result<(), Failure> {
    // A plan has the decisions in any case.
    report.decisions = report.decisions.filter(|_| options.explain);
    let report = &report;
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
        let named = decisions.iter().map(|decision| (&*decision.name, decision));
        report::decisions(&mut out, named, &names, Form::of_stdout())?;
    }
    Ok(out.flush()?)
}
