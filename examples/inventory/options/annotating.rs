//! Which assets are annotated, and what is said of them.

use clap::Args;

use super::person::Person;

/// What its help ends with.
pub(super) const EXAMPLES: &str = "\
Examples

    inventory annotate web1 --owner jane --tag pci --criticality high
    inventory annotate 'site:hq os_eol:<now' --tag 'replace=2027' --dry-run
    inventory annotate tag:pci --no-tag pci --owner ''";

/// Which assets, and what is said of them.
#[derive(Debug, Args)]
pub(crate) struct Annotating {
    /// An asset, by its name, its id or enough of the id; or all that a query with a field finds: site:hq
    #[arg(value_name = "ASSET|QUERY")]
    pub(crate) what: String,

    /// Who is responsible; nobody, if it is empty
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,

    /// A word to file it under, or a key and a value; may be given several times
    #[arg(long = "tag", value_name = "TAG")]
    pub(crate) tags: Vec<String>,

    /// A tag to take away; may be given several times
    #[arg(long = "no-tag", value_name = "TAG")]
    pub(crate) no_tags: Vec<String>,

    /// Anything else; nothing, if it is empty
    #[arg(long, value_name = "TEXT")]
    pub(crate) comment: Option<String>,

    /// How much depends on it: low, medium, high or critical; not known, if it is empty
    #[arg(long, value_name = "HOW")]
    pub(crate) criticality: Option<String>,

    /// Show what would change, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print JSON, one object for each asset that changes
    #[arg(long)]
    pub(crate) json: bool,
}
