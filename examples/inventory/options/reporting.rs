//! What is reported, and where to.

use std::path::PathBuf;

use clap::Args;
use ldap_inventory::value::SourceId;

/// What to report.
#[derive(Debug, Args)]
pub(crate) struct Reporting {
    /// Write the directory's computers, users and groups into this file, whole or not at all; with .gz behind its name
    /// it is packed
    #[arg(short, long, value_name = "FILE.ldif[.gz]")]
    pub(crate) output: PathBuf,

    /// Write what other sources know of assets into this file as well, one JSON object a line: what the decisions
    /// depended on
    #[arg(long, value_name = "FILE.jsonl")]
    pub(crate) assets: Option<PathBuf>,

    /// The directory, such as ldap/corp.example: the only one unless given
    #[arg(long)]
    pub(crate) source: Option<SourceId>,
}

/// What `inventory report --help` says at its end.
pub(crate) const EXAMPLE: &str = "\
No name of a computer, a person, a group, an OU or a domain leaves as it is, and no text but the names
of operating systems and classes: equal names become equal words, made with a key that is not kept.
What decisions depend on stays: which names are equal, which are within which domain, which are cut at
15 characters, numbers, flags and times. Look at the files before you send them.

    inventory --inventory inventory.db report -o report.ldif.gz --assets report.jsonl
    sync --ldif report.ldif.gz --ldif-complete --assets report.jsonl --dry-run --explain";
