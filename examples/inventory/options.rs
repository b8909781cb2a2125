//! The command line.

mod annotating;
mod exporting;
mod following;
mod person;
mod reporting;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use ldap_inventory::asset::Facet;
use ldap_inventory::sync::Confirmation;
use ldap_inventory::value::{MergeId, OrganizationId, SourceId};

pub(crate) use self::annotating::Annotating;
pub(crate) use self::exporting::{ExportFormat, Exporting};
pub(crate) use self::following::{Following, Pruning};
pub(crate) use self::person::Person;
pub(crate) use self::reporting::Reporting;
use super::color::Color;
use super::log::Log;
use super::shell::ForShells;
use super::table::Form;

/// Looks into an inventory that `sync` keeps, and corrects it.
///
/// On a terminal answers are tables, as wide as it is; in a pipe or a file they are whole rows, with tabs between the
/// cells and a header.
#[derive(Debug, Parser)]
#[command(name = "inventory", version, after_help = STATUSES)]
pub(crate) struct Options {
    /// The file that holds the inventory, or the URL of a PostgreSQL database
    #[arg(
        long,
        value_name = "FILE.db",
        env = "LDAP_INVENTORY",
        hide_env_values = true,
        global = true,
        display_order = LAST
    )]
    inventory: Option<String>,

    /// The organization whose inventory it is
    #[arg(long, value_name = "NAME", default_value = "default", global = true, display_order = LAST)]
    pub(crate) organization: OrganizationId,

    #[command(flatten)]
    pub(crate) color: Color,

    #[command(flatten)]
    pub(crate) log: Log,

    #[command(flatten)]
    _for_shells: ForShells,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Where options stand in help that are the same for every command: below its own.
const LAST: usize = 900;

const STATUSES: &str = "\
An ASSET is named by its name if no other asset has it, by its id, or by enough of the id's
beginning or end; a COMPUTER of a directory by its name, its account or its objectGUID.

Exit status: 0 done; 2 usage; 75 the inventory is busy, try again later; 1 anything else.";

/// The commands whose arguments are a query.
const SEARCHES: [&str; 5] = ["assets", "users", "groups", "export", "report"];

/// What to look for, or to change.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Assets: `assets NOT source:ldap` finds those outside the domain
    Assets(AssetSearch),
    /// Users of the directories
    Users(PrincipalSearch),
    /// Groups of the directories, with their members
    Groups(GroupSearch),
    /// The inventory in the formats of other systems
    Export(Exporting),
    /// An export in LDIF to report a fault with: what a directory has, with names that nobody has
    ///
    /// The same name has the same pseudonym everywhere in the report, and names that begin alike, or are cut, have
    /// pseudonyms that do: so `sync --ldif` decides on it as on what it stands for. Operating systems, flags, times and the
    /// numbers of accounts are as they are, and so are names that any host could have (`localhost`, `raspberrypi`) and the
    /// last label of domains. Values that may have other names in them are left out, and counted. Nobody can tell the
    /// names again: what they depend on is random, and kept nowhere.
    Report(Reporting),
    /// The manual of queries: every field, with its type, its meaning and an example
    #[command(long_about = super::manual::text(), help_template = "{about}")]
    Query,
    /// Why an asset is what it is
    Explain {
        /// The asset: its name, its id, or enough of the id's beginning or end
        asset: String,
        #[command(flatten)]
        survey: Surveying,
    },
    /// What changed: new, updated, matched, missing and gone, and what people decided
    ///
    /// Of users and groups only those are told that are missing or gone: what they were before is not kept.
    /// `inventory users 'whenCreatedTS:<2days'` finds those that a directory made in the last two days, `whenChangedTS`
    /// those that it changed; `inventory runs --json` has how many each run found.
    Changes(Changing),
    /// What every commit changed, in order, for other systems to follow: each event has the cursor to go on behind it
    Events(Following),
    /// Take events and records of runs away that nobody needs any more; whoever still follows from before has to begin anew
    Prune(Pruning),
    /// The latest runs, newest first: what they read, what they did, what ended them
    Runs(Runs),
    /// Assets by site and system: in the directory, seen by scans, in both, out of support
    Coverage {
        /// What assets are counted by beside their site: the operating system, or the AD site of their addresses
        #[arg(long, value_name = "WHAT", value_enum, default_value_t = CountedBy::Os)]
        by: CountedBy,
        /// After how many days without a sight an asset is stale
        #[arg(long, value_name = "N", default_value_t = 30)]
        days: u64,
        #[command(flatten)]
        survey: Surveying,
    },
    /// Computers that several assets fit equally well, and how to settle them
    Unresolved(Directory),
    /// Say which asset a waiting computer is: the one with this number in `unresolved`, or a new one
    Settle(Settling),
    /// Say that a computer of a directory is an asset, whatever the names are
    Link(Deciding),
    /// Say that a computer of a directory is not an asset
    Separate(Deciding),
    /// Take back what was said with link or separate
    Forget(Deciding),
    /// Pairs of assets that the rules would tie together today
    Overlaps {
        /// Instead, names that are nearly the same: suggestions that tie nothing
        #[arg(long)]
        near: bool,
        /// Instead, addresses that several assets have, and when their records in the DNS were refreshed: some of them are
        /// stale, and none of them ties anything
        #[arg(long, conflicts_with = "near")]
        addresses: bool,
        #[command(flatten)]
        survey: Surveying,
    },
    /// Say who owns assets, what they are filed under, how much depends on them
    #[command(after_help = annotating::EXAMPLES)]
    Annotate(Annotating),
    /// Make one asset of several; the first one survives
    Merge(Merging),
    /// Take a merge back: every asset gets what is its own
    Unmerge(Unmerging),
    /// Take an asset out of the inventory that no source has any more
    Delete(Deleting),
    /// What people merged, decided and deleted: who, when and why
    History(Surveying),
    /// What a plan that sync --save-plan kept would do
    Plan {
        /// The plan
        #[arg(value_name = "FILE.json")]
        file: PathBuf,
    },
    /// Write what a kept plan says, as far as it still holds
    Apply(Applying),
    /// Take the lease of a directory from a run that is dead and does not give it back
    Release(Releasing),
    /// Read the whole inventory and print what is wrong with it, a line for each thing; status 1 if anything is
    Check,
}

impl Command {
    /// Whether it changes the inventory. What does not opens it to read alone.
    pub(crate) fn writes(&self) -> bool {
        match self {
            Self::Annotate(annotating) => !annotating.dry_run,
            Self::Merge(merging) => !merging.dry_run,
            Self::Delete(_)
            | Self::Prune(_)
            | Self::Unmerge(_)
            | Self::Link(_)
            | Self::Separate(_)
            | Self::Forget(_)
            | Self::Settle(_)
            | Self::Apply(_)
            | Self::Release(_) => true,
            _ => false,
        }
    }
}

/// Which assets to merge.
#[derive(Debug, Args)]
pub(crate) struct Merging {
    /// The assets, by name, id or enough of the id; or - for the pairs on standard input, as `overlaps --json` prints
    /// them
    #[arg(required = true, num_args = 1.., value_name = "ASSET")]
    pub(crate) assets: Vec<String>,

    /// Show what would be, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which merge to take back.
#[derive(Debug, Args)]
pub(crate) struct Unmerging {
    /// The merge's id, as merge and history tell it
    #[arg(value_name = "MERGE_ID")]
    pub(crate) merge: MergeId,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which asset to delete.
#[derive(Debug, Args)]
pub(crate) struct Deleting {
    /// The asset: its name, its id, or enough of the id's beginning or end
    pub(crate) asset: String,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which computer is which of its candidates.
#[derive(Debug, Args)]
pub(crate) struct Settling {
    /// The computer that waits: its name, its account or its objectGUID
    pub(crate) computer: String,

    /// The number of the asset that it is, as `unresolved` shows it, or `new` for an asset of its own
    #[arg(value_name = "N|new")]
    pub(crate) choice: String,

    /// The directory, such as ldap/corp.example: looked for unless given
    #[arg(long)]
    pub(crate) source: Option<SourceId>,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print JSON, one object for each decision
    #[arg(long)]
    pub(crate) json: bool,
}

/// Since when.
#[derive(Debug, Args)]
pub(crate) struct Changing {
    /// Since when: yesterday, today, so long ago (36hours, 7days), a date or a time (2026-11-26T12:00, UTC unless an
    /// offset is given), or the beginning of a run by its id
    #[arg(long, value_name = "WHEN", default_value = "yesterday")]
    pub(crate) since: String,

    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// An asset and a computer of a directory.
#[derive(Debug, Args)]
pub(crate) struct Deciding {
    /// The asset: its name, its id, or enough of the id's beginning or end
    pub(crate) asset: String,

    /// The computer: its name, its account or its objectGUID
    pub(crate) computer: String,

    /// The directory, such as ldap/corp.example: looked for unless given
    #[arg(long)]
    pub(crate) source: Option<SourceId>,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a survey is shown.
#[derive(Debug, Args)]
pub(crate) struct Surveying {
    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// What coverage counts by.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CountedBy {
    Os,
    #[value(name = "adSite")]
    AdSite,
}

/// Which directory.
#[derive(Debug, Args)]
pub(crate) struct Directory {
    /// The directory, such as ldap/corp.example: all of them unless given
    #[arg(long)]
    pub(crate) source: Option<SourceId>,

    /// Print JSON, one object a line
    #[arg(long)]
    pub(crate) json: bool,
}

/// Whose lease.
#[derive(Debug, Args)]
pub(crate) struct Releasing {
    /// The directory, such as ldap/corp.example
    pub(crate) source: SourceId,

    #[command(flatten)]
    pub(crate) author: Person,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which runs.
#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(flatten)]
    pub(crate) directory: Directory,

    /// Show at most so many of each directory
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(crate) limit: usize,
}

/// Which plan to apply.
#[derive(Debug, Args)]
pub(crate) struct Applying {
    /// The plan
    #[arg(value_name = "FILE.json")]
    pub(crate) file: PathBuf,

    /// Let a plan through that the brake stopped, by the confirmation that it names
    #[arg(long, value_name = "CONFIRMATION")]
    pub(crate) confirm: Option<Confirmation>,

    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which records, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct Search {
    /// What must hold of a record: words, which are looked for in its names, field:value, AND, OR, NOT (or a dash
    /// before what must not hold), parentheses; `inventory help query` has every field. Everything unless given.
    pub(crate) query: Vec<String>,

    /// Print one JSON object a line
    #[arg(long, conflicts_with = "csv")]
    pub(crate) json: bool,

    /// Print comma-separated values with a header, as they are: a spreadsheet runs what begins as a formula does
    #[arg(long)]
    csv: bool,

    /// Print comma-separated values for a spreadsheet, where nothing is run: what begins as a formula does has an apostrophe
    /// before it
    #[arg(long, conflicts_with_all = ["csv", "json"])]
    spreadsheet: bool,

    /// Show these columns: keys of the JSON objects, and attributes such as @ldap.computer.operatingSystem
    #[arg(long, value_name = "A,B,C", value_delimiter = ',')]
    pub(crate) columns: Vec<String>,

    /// Show them in this order, with - before it the highest first: for assets first_seen, id, last_seen, name, os or
    /// site, for users and groups any column; by name unless given. JSON of all users or groups is by name only if asked
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,

    /// Show only how many there are
    #[arg(long, conflicts_with_all = ["columns", "sort"])]
    pub(crate) count: bool,

    /// Show at most so many: 100 on a terminal and all in a pipe or a file unless given
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

/// Which users or groups, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct PrincipalSearch {
    #[command(flatten)]
    pub(crate) search: Search,

    /// Let group: and member: find membership through other groups as well
    #[arg(long)]
    pub(crate) nested: bool,
}

/// Which groups, and whether their members are listed.
#[derive(Debug, Args)]
pub(crate) struct GroupSearch {
    #[command(flatten)]
    pub(crate) groups: PrincipalSearch,

    /// List their members, with --nested also those through other groups
    #[arg(long, conflicts_with_all = ["columns", "count", "sort"])]
    pub(crate) members: bool,
}

/// Which assets, and how they are shown.
#[derive(Debug, Args)]
pub(crate) struct AssetSearch {
    #[command(flatten)]
    pub(crate) search: Search,

    /// Show only how they divide by domain, os, site, source or type; may be given several times
    #[arg(long = "facet", value_name = "FACET", conflicts_with_all = ["columns", "sort"])]
    pub(crate) facets: Vec<Facet>,
}

impl Search {
    /// How a table of what is found is written.
    pub(crate) fn form(&self) -> Form {
        match (self.csv, self.spreadsheet) {
            (true, _) => Form::Csv,
            (_, true) => Form::Spreadsheet,
            _ => Form::of_stdout(),
        }
    }
}

impl Options {
    /// The command line. What begins with one dash in a search, and is no option, is the opposite of a condition:
    /// `assets -source:ldap`.
    pub(crate) fn read() -> Self {
        let command = Self::command();
        let mut arguments: Vec<OsString> = std::env::args_os().collect();
        let is_search = |argument: &OsString| SEARCHES.iter().any(|search| argument == search);
        let searched = arguments.iter().position(is_search).unwrap_or(arguments.len());
        let mut before = OsString::new();
        for argument in arguments.iter_mut().skip(searched).take_while(|it| *it != "--") {
            let is_value = before == "--sort";
            before.clone_from(argument);
            let text = argument.to_str().filter(|text| !is_value && is_negated(text, &command));
            if let Some(text) = text {
                // What begins with a blank is no option to clap.
                *argument = format!(" {text}").into();
            }
        }
        Self::parse_from(arguments)
    }

    /// The place of the inventory. Global options cannot be required, so this one is by hand.
    pub(crate) fn inventory(&self) -> &str {
        self.inventory.as_deref().unwrap_or_else(|| {
            let sentence =
                "the following required argument was not provided: --inventory <FILE.db>";
            Self::command().error(ErrorKind::MissingRequiredArgument, sentence).exit()
        })
    }
}

/// Whether this is the opposite of a condition: neither an option nor, with a dash too few, its name.
fn is_negated(text: &str, command: &clap::Command) -> bool {
    let Some(condition) = text.strip_prefix('-').filter(|it| !it.starts_with('-')) else {
        return false;
    };
    let searches = command.get_subcommands().filter(|it| SEARCHES.contains(&it.get_name()));
    let mut named = searches.flat_map(|it| it.get_arguments()).chain(command.get_arguments());
    let is_short = condition.chars().all(|c| "hvV".contains(c));
    !is_short && !named.any(|option| option.get_long() == Some(condition))
}
