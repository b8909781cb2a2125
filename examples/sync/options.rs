//! The command line.

use std::path::PathBuf;

use clap::Parser;
use ldap_inventory::sync::{Confirmation, SyncOptions};
use ldap_inventory::value::SourceId;

use super::color::Color;
use super::exit::{Failure, STATUSES};
use super::log::Log;
use super::shell::ForShells;
use super::task::TaskOptions;

/// Brings an asset inventory in step with Active Directory.
///
/// Without any argument it shows itself at work on a demonstration domain, served within the program.
///
/// The password is read from a file, from the variable LDAP_PASSWORD or from the terminal, never from the command line.
#[derive(Debug, Parser)]
#[command(name = "sync", version, after_help = format!("{EXAMPLE}\n\n{STATUSES}"))]
pub(crate) struct Options {
    #[command(flatten)]
    pub(crate) task: TaskOptions,

    /// Read this export of a directory in LDIF instead of asking a server: what ldapsearch, ldbsearch or ldifde wrote, packed
    /// with gzip or not
    #[arg(long, value_name = "FILE.ldif")]
    pub(crate) ldif: Option<PathBuf>,

    /// The export is whole: what it does not have of its kinds is missing from now on. Without this only one that shows it by
    /// itself is taken for whole, as that of a whole domain by ldapsearch does, without -L
    #[arg(long, requires = "ldif")]
    pub(crate) ldif_complete: bool,

    /// The file that holds the inventory, or the URL of a PostgreSQL database (postgres://USER@HOST/DATABASE, with the
    /// password in PGPASSWORD); it is created if need be. Without it nothing is kept.
    #[arg(long, value_name = "FILE.db", env = "LDAP_INVENTORY", hide_env_values = true)]
    pub(crate) inventory: Option<String>,

    /// Scanned assets to import first: one JSON object a line, such as an export of assets from runZero, or comma-separated
    /// values with a header.
    #[arg(long, value_name = "FILE.jsonl|FILE.csv")]
    pub(crate) assets: Option<PathBuf>,

    /// The scanner whose file it is. Each has records of its own, so that the files of several scanners, or of several
    /// sites, do not speak for each other.
    #[arg(long, value_name = "NAME", default_value = "import", requires = "assets")]
    assets_source: String,

    /// Refuse the file of scanned assets if a line or a value of it cannot be taken, instead of leaving that out.
    #[arg(long, requires = "assets")]
    pub(crate) strict: bool,

    /// The file has every asset that the scanner knows: what it does not have any more is missing from now on, and
    /// what the scanner said of it is dated out.
    #[arg(long, requires = "assets")]
    pub(crate) assets_complete: bool,

    /// Work everything out and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Read everything, though what changed since the last run would do.
    #[arg(long)]
    pub(crate) full: bool,

    /// Read nothing, and list the domains that the directory knows: those of its forest and those that trusts connect it
    /// with, how each is related, whether DNS has controllers of it, and with --json a task for each
    #[arg(long, conflicts_with_all = ["assets", "dry_run", "full", "explain", "save_plan", "confirm", "quiet", "ldif"])]
    pub(crate) forest: bool,

    /// Conclude that whatever is known below the bases is gone if it is not read, even if another account saw it
    /// last: once, after the account was replaced by one that sees as much.
    #[arg(long)]
    pub(crate) take_over: bool,

    /// Conclude that all computers, all users or all groups are gone if none is read: once, after you have made sure
    /// that the account has not lost its read rights. The brake holds all the same.
    #[arg(long)]
    pub(crate) accept_empty: bool,

    /// Let the directory be another domain than the one that was read under its name before: once, after the domain was
    /// built anew. The brake holds all the same.
    #[arg(long)]
    pub(crate) accept_other_domain: bool,

    /// Let the run through that the brake stopped with this confirmation, and no other.
    #[arg(long, value_name = "CONFIRMATION")]
    pub(crate) confirm: Option<Confirmation>,

    /// Keep the plan of a run that writes nothing, a dry one or one that the brake stopped, in this file: `inventory
    /// plan` shows it, and `inventory apply` writes what it says
    #[arg(long, value_name = "FILE.json")]
    pub(crate) save_plan: Option<PathBuf>,

    /// How many octets of what is read may be held in memory at once: some two million users, or a million computers,
    /// unless given. A read that needs more is incomplete
    #[arg(long, value_name = "OCTETS", default_value_t = SyncOptions::new().memory_bytes)]
    pub(crate) memory_bytes: u64,

    /// Beyond so many octets, what is read is put aside in a temporary file
    #[arg(long, value_name = "OCTETS", default_value_t = SyncOptions::new().spool_bytes)]
    pub(crate) spool_bytes: usize,

    /// Where that file is written: where the system has its temporary files unless given
    #[arg(long, value_name = "FOLDER")]
    pub(crate) spool_folder: Option<PathBuf>,

    /// How long to wait for an inventory that is busy with another run of the same directory, or with another program
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,

    /// Print one JSON object on standard output, and all else on standard error
    #[arg(long)]
    pub(crate) json: bool,

    /// Say for every computer which asset it is, and why
    #[arg(long)]
    pub(crate) explain: bool,

    /// Say nothing unless something goes wrong
    #[arg(short, long, conflicts_with_all = ["json", "explain"])]
    pub(crate) quiet: bool,

    #[command(flatten)]
    pub(crate) color: Color,

    #[command(flatten)]
    pub(crate) log: Log,

    #[command(flatten)]
    _for_shells: ForShells,
}

const EXAMPLE: &str = "\
Example: what a first run would do, and why

    sync --url dc1.corp.example --username svc-inventory@corp.example --inventory inventory.db \\
        --dry-run --explain";

impl Options {
    /// The source that scanned assets are imported from.
    pub(crate) fn scanner(&self) -> Result<SourceId, Failure> {
        Ok(SourceId::new("scan", &self.assets_source)?)
    }
}
