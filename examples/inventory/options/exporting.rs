//! What is exported, and how.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What to export, and how.
#[derive(Debug, Args)]
pub(crate) struct Exporting {
    /// What must hold of an asset, or of a user: as for `assets` and `users`. Everything unless given.
    pub(crate) query: Vec<String>,

    /// The format
    #[arg(long, value_enum)]
    pub(crate) format: ExportFormat,

    /// Users of the directories instead of assets
    #[arg(long)]
    pub(crate) users: bool,

    /// Only what changed since then: a run, by its id, or a time as `changes` takes it
    #[arg(long, value_name = "RUN|WHEN")]
    pub(crate) since: Option<String>,

    /// The columns of csv and spreadsheet: keys of JSON objects, and attributes such as @ldap.computer.operatingSystem
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Write this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// The formats of other systems.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum ExportFormat {
    /// Events of OCSF: Device Inventory Info (5001), User Inventory Info (5003), one JSON object a line
    Ocsf,
    /// ImportAsset of runZero's API, one JSON object a line
    Runzero,
    /// Comma-separated values with a header, as they are: for programs. A spreadsheet runs what begins as a formula does
    Csv,
    /// The same for a spreadsheet, where nothing is run: what begins as a formula does has an apostrophe before it
    Spreadsheet,
}
