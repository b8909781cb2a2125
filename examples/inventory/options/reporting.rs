//! What is reported, and where to.

use std::path::PathBuf;

use clap::Args;

/// What to report.
#[derive(Debug, Args)]
pub(crate) struct Reporting {
    /// What must hold of an asset whose computers are reported: as for `assets`. Everything unless given.
    pub(crate) query: Vec<String>,

    /// Users as well: those of whom this holds, as for `users`
    #[arg(long, value_name = "QUERY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) users: Option<String>,

    /// Groups as well, with their members: those of which this holds, as for `groups`
    #[arg(long, value_name = "QUERY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) groups: Option<String>,

    /// Write this file, whole or not at all, instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}
