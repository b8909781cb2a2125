//! Which asset is each computer? Two exports reconciled offline, by the rules of a sync and their defaults:
//! `cargo run --release --example plan -- --assets assets.csv --hosts hosts.csv`
//!
//! Nothing is read from a directory and nothing is written. With `--truth` the answer is scored: how many of the ties are
//! right, how many of those that there are were found, of how much of what nobody can say that is said, and every wrong
//! tie.

#[path = "plan/answer.rs"]
mod answer;
#[path = "program/exit.rs"]
mod exit;
#[path = "plan/files.rs"]
mod files;
#[path = "program/printed.rs"]
mod printed;
#[path = "plan/score.rs"]
mod score;
#[path = "program/shell.rs"]
mod shell;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use ldap_inventory::merge::Planner;
use ldap_inventory::task::MatchPolicy;

use self::answer::{Answer, Seconds};
use self::exit::{Failure, Status};
use self::files::{Assets, Hosts, Truth};
use self::score::Score;
use self::shell::ForShells;

/// Decides which asset each computer is, from two CSV files, and says how many found theirs.
#[derive(Debug, Parser)]
#[command(name = "plan", version)]
struct Options {
    /// The inventory: a CSV file with the columns id and name; an asset has as many rows as names
    #[arg(long, value_name = "CSV")]
    assets: PathBuf,

    /// The directory: a CSV file with the columns guid, fqdn and cn; fqdn may be empty
    #[arg(long, value_name = "CSV")]
    hosts: PathBuf,

    /// What is right: a CSV file with the columns guid and asset. A computer that is none of the assets has an empty one, and
    /// a ? where nobody can say
    #[arg(long, value_name = "CSV")]
    truth: Option<PathBuf>,

    /// The domain of the directory, as in corp.example, which all computers are in; unless set, each is in that of its FQDN
    #[arg(long, value_name = "DNS")]
    domain: Option<String>,

    /// How many threads decide; the answer is the same for any number
    #[arg(long, value_name = "N", default_value = "1")]
    threads: NonZeroUsize,

    /// Print one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    _for_shells: ForShells,
}

fn main() -> ExitCode {
    if let Some(told) = shell::told::<Options>() {
        return exit::with(told);
    }
    exit::with(run(&Options::parse()))
}

fn run(options: &Options) -> Result<Status, Failure> {
    let mut clock = Instant::now();
    let mut lap = || std::mem::replace(&mut clock, Instant::now()).elapsed().as_secs_f64();
    let assets = Assets::read(&options.assets)?;
    let mut hosts = Hosts::read(&options.hosts, options.domain.as_deref())?;
    hosts.all.first_new = assets.first_new();
    let truth = options.truth.as_deref().map(|file| Truth::read(file, &hosts)).transpose()?;
    let load = lap();
    let planner = Planner::on_threads(&assets.all, options.threads);
    let index = lap();
    let decisions = planner.plan(&hosts.all, &MatchPolicy::default());
    let seconds = Seconds { load, index, plan: lap() };
    let score = truth.map(|truth| Score::of(&decisions, &truth, &assets, &hosts));
    let answer = Answer::of(&decisions, &assets, seconds, score);
    if options.json { answer.print_json() } else { answer.print() }?;
    Ok(Status::Complete)
}
