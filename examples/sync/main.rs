//! Brings an asset inventory in step with Active Directory: `cargo run --release --example sync`.
//!
//! Without arguments it shows itself at work on a [demonstration](demo). `--help` has the rest. How a host
//! calls the crate is in [`run`]: a credential, a source, a task, a repository, and one call of
//! [`sync`](ldap_inventory::sync::sync).

#[path = "../program/exit.rs"]
mod exit;
#[path = "../program/password.rs"]
mod password;
#[path = "../program/store.rs"]
mod store;
#[path = "../program/table.rs"]
mod table;

mod assets;
mod demo;
mod inventory;
mod options;
mod plan;
mod progress;
mod report;

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use ldap_inventory::Result;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::Credential;
use ldap_inventory::curation::Imported;
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::sync::{Cancellation, Stopped, SyncOptions, SyncReport, plan, sync};
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::SourceId;
use serde::Serialize;

use self::assets::ScanFile;
use self::exit::{Failure, Status};
use self::inventory::Inventory;
use self::options::Options;

fn main() -> ExitCode {
    log_as_asked();
    let is_demonstration = std::env::args_os().nth(1).is_none();
    exit::with(if is_demonstration { demo::run() } else { run(&Options::parse()) })
}

/// Logs to standard error what the variable `RUST_LOG` asks for; nothing if it is not set.
fn log_as_asked() {
    if std::env::var_os("RUST_LOG").is_some() {
        tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_writer(io::stderr)
            .init();
    }
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    let credential = options.credential()?;
    let scanned = options.assets.as_deref();
    let scanned = scanned.map(|file| ScanFile::read(file, options.strict)).transpose()?;
    let inventory = Inventory::open(options)?;
    let repository = &*inventory.repository;
    let imported = match scanned {
        Some(scanned) => Some(scanned.import(repository, options).await?),
        None => None,
    };

    let task_credential = credential.id.clone();
    let directory =
        LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential.clone()])))
            .with_limits(options.limits())
            .with_delta(options.delta.into());
    let source = SourceId::new("ldap", domain(&directory, &credential, options).await?)?;
    let matching = options.matching();
    let (organization, site) = (options.organization.clone(), options.site.clone());
    let mut task = SyncTask::new("Command line", organization, site, source, task_credential)
        .with_matching(matching)
        .with_exclusions(options.exclusions())
        .with_base_dns(options.base_dn.iter().map(ToString::to_string));
    task.computer_filter.clone_from(&options.computer_filter);
    let sync_options = SyncOptions::new()
        .with_dry_run(options.dry_run)
        .with_explain(options.explain)
        .with_full_read(options.full)
        .with_takeover(options.take_over)
        .with_accept_empty(options.accept_empty)
        .with_confirmation(options.confirm)
        .with_cancellation(on_interrupt());
    let sync_options = progress::shown(sync_options);

    let outcome = sync_or_plan(&task, &directory, repository, &sync_options, options).await;
    drop(sync_options);
    let report = match outcome {
        Ok(report) => report,
        Err(error) => return stopped(error, imported.as_ref(), repository, options).await,
    };
    show(&report, imported.as_ref(), repository, options).await?;
    Ok(if report.complete { Status::Complete } else { Status::Incomplete })
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
        let losses = stopped.plan.losses();
        match options.json {
            true => report::losses(&mut io::stderr().lock(), &losses)?,
            false => report::losses(&mut io::stdout().lock(), &losses)?,
        }
    }
    Err(failure)
}

/// What the directory is called, whichever of its servers is asked: the DNS name of its domain.
async fn domain(
    directory: &LdapSource,
    credential: &Credential,
    options: &Options,
) -> Result<String> {
    let mut domains = options.base_dn.iter().map(DistinguishedName::domain);
    if let Some(Some(domain)) = domains.next()
        && domains.all(|other| other.as_ref() == Some(&domain))
    {
        return Ok(domain);
    }
    let server = directory.identify(&credential.id, &options.organization).await?;
    let asked = options.url.first().map(|url| url.host()).unwrap_or_default();
    let root = server.default_naming_context.as_ref().and_then(|root| root.domain());
    Ok(server.domain.or(root).unwrap_or(asked))
}

/// Ctrl-C ends the run between two steps, with its lease given back.
fn on_interrupt() -> Cancellation {
    let cancellation = Cancellation::new();
    let interrupted = cancellation.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            interrupted.cancel();
        }
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

/// One JSON object for tools, or tables for people.
async fn show(
    report: &SyncReport,
    imported: Option<&Imported>,
    repository: &dyn AssetRepository,
    options: &Options,
) -> Result<(), Failure> {
    if options.json {
        let mut out = io::stdout().lock();
        serde_json::to_writer(&mut out, &Shown { report, assets: imported })
            .map_err(io::Error::from)?;
        writeln!(out)?;
        report::summary(&mut io::stderr().lock(), report)?;
        return Ok(());
    }
    let decisions = report.decisions.as_deref().unwrap_or_default();
    let names = report::asset_names(repository, &options.organization, decisions).await?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    report::summary(&mut out, report)?;
    if options.explain {
        writeln!(out)?;
        let named = decisions.iter().map(|decision| (decision.name.as_str(), decision));
        report::decisions(&mut out, named, &names)?;
    }
    Ok(out.flush()?)
}
