//! The command line.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand};
use ldap_inventory::value::OrganizationId;

/// Looks into an inventory that `sync` keeps.
#[derive(Debug, Parser)]
#[command(name = "inventory")]
pub(crate) struct Options {
    /// The file that holds the inventory.
    #[arg(long, value_name = "FILE.db", global = true)]
    inventory: Option<String>,

    /// The organization whose inventory it is.
    #[arg(long, value_name = "NAME", default_value = "default", global = true)]
    pub(crate) organization: OrganizationId,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What to look for.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Assets: `assets NOT source:ldap` are those outside the domain
    Assets(Search),
    /// Users of the directory
    Users(Search),
    /// Groups of the directory, with their members
    Groups(Search),
}

/// Which records, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What must hold of a record: words, which are looked for in its names, field:value, AND, OR, NOT,
    /// parentheses. Everything unless given.
    pub(crate) query: Vec<String>,

    /// Print one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,

    /// Show at most so many records: 100 in a table and all as JSON unless given
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

impl Options {
    /// The place of the inventory. Global options cannot be required, so this one is by hand.
    pub(crate) fn inventory(&self) -> &str {
        self.inventory.as_deref().unwrap_or_else(|| {
            let sentence =
                "the following required argument was not provided: --inventory <FILE.db>";
            Self::command().error(ErrorKind::MissingRequiredArgument, sentence).exit()
        })
    }
}
