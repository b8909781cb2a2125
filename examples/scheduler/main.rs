//! A host that syncs by schedule until it is stopped, in a plain loop. The library starts nothing by itself.
//!
//! ```text
//! LDAP_PASSWORD=... cargo run --release --example scheduler -- \
//!     --url dc1.corp.example --username 'CORP\svc-inventory' --at 02:30 --time-zone Europe/Berlin
//! ```
//!
//! Several directories, each with a schedule of its own, stand in a file: `--help` shows one.

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
#[path = "../program/task.rs"]
mod task;
#[path = "../program/trust.rs"]
mod trust;

mod plan;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, CommandFactory, FromArgMatches, Parser};
use ldap_inventory::Result;
use ldap_inventory::asset::AssetRepository;
use ldap_inventory::credential::Credential;
use ldap_inventory::schedule::Due;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::value::Timestamp;
use tokio::task::JoinSet;

use self::begin::{Begun, begin};
use self::color::Color;
use self::exit::{Failure, Status};
use self::interrupt::Interrupt;
use self::log::Log;
use self::patience::Patience;
use self::plan::{Plan, Timing};
use self::printed::say;
use self::shell::ForShells;
use self::task::TaskOptions;

/// Syncs one directory, or several, each by a schedule, and makes up at once for a time that was missed.
///
/// It says one line for each run on standard error, and goes on until Ctrl-C, or until the service manager stops it:
/// runs then end between two steps, and give their leases back. A run that finds the directory busy with another one
/// waits for it.
#[derive(Debug, Parser)]
#[command(name = "scheduler", version, after_help = FILE)]
#[command(mut_arg("accept_weaker_transport", |arg| arg.hide(true)))]
struct Options {
    /// A file of tasks, instead of the one that the options describe: no other option of a task is taken beside it
    #[arg(long, value_name = "FILE.toml")]
    tasks: Option<PathBuf>,

    /// The file that holds the inventory, or the URL of a PostgreSQL database; it is created if need be
    #[arg(
        long,
        value_name = "FILE.db",
        env = "LDAP_INVENTORY",
        hide_env_values = true,
        default_value = "inventory.db"
    )]
    inventory: String,

    /// Print the times of the next N runs, 5 unless given, and end
    #[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "5")]
    next: Option<usize>,

    #[command(flatten)]
    timing: Timing,

    #[command(flatten)]
    task: TaskOptions,

    #[command(flatten)]
    color: Color,

    #[command(flatten)]
    log: Log,

    #[command(flatten)]
    _for_shells: ForShells,
}

const FILE: &str = r#"A file of tasks has a [[task]] for each directory. Its keys are the options without their dashes,
and `name`:

    [[task]]
    name = "Head office"
    url = ["dc1.corp.example", "dc2.corp.example"]
    username = "svc-inventory@corp.example"
    password-file = "/etc/ldap-inventory/corp"
    ca-file = "/etc/ldap-inventory/ca.pem"
    base-dn = "OU=Berlin,DC=corp,DC=example"
    site = "berlin"
    exclude-disabled = true
    every = "1 day"
    at = "02:30"
    time-zone = "Europe/Berlin"

A run that goes wrong is told, and the next one comes in its time. Exit status: 0 stopped; 2 usage;
4 refused (a certificate or a password that cannot be read); 1 anything else."#;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    if let Some(told) = shell::told::<Options>() {
        return exit::with(told);
    }
    let options = Options::read();
    options.color.apply();
    options.log.begin();
    exit::with(run(&options))
}

impl Options {
    /// The command line. What a file of tasks does not say, variables may; an option beside it would have no effect.
    fn read() -> Self {
        let mut command = Self::command();
        let matches = command.get_matches_mut();
        let is_typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let of_tasks = plan::options();
        let mut typed =
            of_tasks.get_arguments().filter(|option| is_typed(option.get_id().as_str()));
        if let (true, Some(option)) = (is_typed("tasks"), typed.next().and_then(Arg::get_long)) {
            let sentence =
                format!("--{option} is of no effect beside --tasks; write it into the file");
            command.error(ErrorKind::ArgumentConflict, sentence).exit();
        }
        Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    let plans = match &options.tasks {
        Some(file) => plan::read(file)?,
        None => vec![Plan::of(options.task.clone(), &options.timing)?],
    };
    if let Some(count) = options.next {
        return next(&plans, count);
    }
    // What is wrong is said now, and not at night.
    let mut ready = Vec::new();
    for plan in plans {
        let credential = plan.options.credential()?;
        ready.push((plan, credential));
    }
    let inventory = store::open(&options.inventory).await?;
    let interrupt = Interrupt::listen();
    let mut loops = JoinSet::new();
    // One loop for each task.
    for (plan, credential) in ready {
        loops.spawn(follow(plan, credential, inventory.clone(), interrupt.clone()));
    }
    until_ended(loops, &interrupt).await
}

/// Waits until every loop has ended. One that ends by a fault of the program ends the others as well, so that nothing goes
/// on that only seems to do its work.
async fn until_ended(mut loops: JoinSet<()>, interrupt: &Interrupt) -> Result<Status, Failure> {
    let mut outcome = Ok(Status::Complete);
    let mut is_stopping = false;
    loop {
        tokio::select! {
            () = interrupt.wait(), if !is_stopping => {
                say("stopping: runs end between two steps and give their leases back");
                is_stopping = true;
            }
            ended = loops.join_next() => match ended {
                None => return outcome,
                Some(Ok(())) => {}
                Some(Err(fault)) => {
                    outcome = Err(Failure::new(Status::Failed, format!("a task ended: {fault}")));
                    interrupt.stop();
                }
            }
        }
    }
}

/// The next runs of all tasks, the first one first.
fn next(plans: &[Plan], count: usize) -> Result<Status, Failure> {
    let now = Timestamp::now();
    let of_plan = |plan: &Plan| {
        let times: Vec<_> = plan.schedule.upcoming(now).take(count).collect();
        times.into_iter().map(|time| (time, plan.name.clone())).collect::<Vec<_>>()
    };
    let mut runs: Vec<(Timestamp, String)> = plans.iter().flat_map(of_plan).collect();
    runs.sort();
    let mut out = io::stdout().lock();
    for (time, name) in runs.iter().take(count) {
        writeln!(out, "{time}\t{name}")?;
    }
    Ok(Status::Complete)
}

/// Runs a task whenever it is due, until it is stopped or nothing will be due again.
async fn follow(
    plan: Plan,
    credential: Credential,
    inventory: Arc<dyn AssetRepository>,
    interrupt: Interrupt,
) {
    let Plan { name, schedule, .. } = &plan;
    say(format_args!("{name}: {}", schedule.describe()));
    let Ok(mut last_run) = last_run(&plan, &*inventory, &interrupt).await else { return };
    let mut told = None;
    while !interrupt.cancellation().is_cancelled() {
        let now = Timestamp::now();
        let due = schedule.due(now, last_run);
        if told.replace(due) != Some(due) {
            say(format_args!("{name}: {}", in_words(due)));
        }
        match due {
            Due::Since(_) => {
                // Noted before it runs: a run that fails is not repeated until the next time.
                last_run = Some(now);
                match run_once(&plan, &credential, &*inventory, &interrupt).await {
                    Ok(report) => say(format_args!("{name}: {}", done(&report))),
                    Err(failure) => say(format_args!("{name}: error: {failure}")),
                }
            }
            Due::Over => return,
            // Asking is cheap. Sleeping until the next time would miss it when the clock is set or the
            // machine was asleep.
            _ => tokio::time::sleep(TICK).await,
        }
    }
}

/// Runs a task, once its directory is free: another task, or another host, may be at it.
async fn run_once(
    plan: &Plan,
    credential: &Credential,
    inventory: &dyn AssetRepository,
    interrupt: &Interrupt,
) -> Result<SyncReport, Failure> {
    // A file is read again, since the password or the key in it may be another one by now.
    let credential = match plan.options.has_secret_file() {
        true => plan.options.credential()?,
        false => credential.clone(),
    };
    let waiting = |failure: &Failure| say(format_args!("{}: waiting: {failure}", plan.name));
    let mut patience = Patience::new(Duration::MAX, interrupt);
    let Begun { directory, task } = loop {
        let begun = begin(&plan.name, &plan.options, credential.clone(), inventory, true);
        match interrupt.unless(Box::pin(begun)).await {
            Ok(begun) => break begun,
            Err(failure) => patience.wait(failure, waiting).await?,
        }
    };
    let options = SyncOptions::new().with_cancellation(interrupt.cancellation());
    loop {
        let failure = match sync(&task, &directory, inventory, &options).await {
            Ok(report) => return Ok(report),
            Err(error) => trust::advised(error.into(), &plan.options).await,
        };
        patience.wait(failure, waiting).await?;
    }
}

/// When the latest run of a task began, if there was one. An inventory that does not tell is asked until it does.
async fn last_run(
    plan: &Plan,
    inventory: &dyn AssetRepository,
    interrupt: &Interrupt,
) -> Result<Option<Timestamp>, Failure> {
    let mut told = String::new();
    loop {
        let error = match latest_run(plan, inventory).await {
            Ok(latest) => return Ok(latest),
            Err(error) => error.report(),
        };
        if told != error {
            say(format_args!("{}: error: {error}; asking again", plan.name));
            told = error;
        }
        interrupt.pause(TICK).await?;
    }
}

async fn latest_run(plan: &Plan, inventory: &dyn AssetRepository) -> Result<Option<Timestamp>> {
    let organization = &plan.options.organization;
    let mut latest = None;
    for source in inventory.sources(organization).await? {
        // The newest come first, and other tasks may have had many since.
        for limit in [4, 100, usize::MAX] {
            let runs = inventory.runs(organization, &source, limit).await?;
            let of_task = runs.iter().filter(|run| run.task == plan.name);
            let found = of_task.map(|run| run.started).max();
            latest = latest.max(found);
            if found.is_some() || runs.len() < limit {
                break;
            }
        }
    }
    Ok(latest)
}

fn done(report: &SyncReport) -> String {
    let computers = &report.computers;
    let counted = |count: u64, one: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let mut line = format!(
        "{} read, {} created, {} updated",
        counted(computers.read, "computer"),
        counted(computers.created, "asset"),
        computers.updated
    );
    if computers.missing > 0 {
        line.push_str(&format!(", {} missing", computers.missing));
    }
    if !report.complete {
        line.push_str(", incomplete");
    }
    line
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
