//! Looks into an inventory, and corrects it: `cargo run --release --example inventory -- --inventory FILE.db assets`.
//!
//! Each kind of record says in its own module how it is found, and how tools and people see it.

#[path = "../program/exit.rs"]
mod exit;
#[path = "../program/store.rs"]
mod store;
#[path = "../program/table.rs"]
mod table;

mod assets;
mod count;
mod curate;
mod explain;
mod groups;
mod manual;
mod members;
mod nothing;
mod options;
mod record;
mod runs;
mod users;

use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use ldap_inventory::Printable;
use ldap_inventory::asset::{Asset, AssetRepository, DirectoryGroup, DirectoryUser, SearchRequest};
use ldap_inventory::query::{ParseError, Query};
use ldap_inventory::value::Timestamp;

use self::curate::Desk;
use self::exit::{Failure, Status};
use self::options::{AssetSearch, Command, GroupSearch, Options, PrincipalSearch, Search};
use self::record::Record;
use self::table::Table;

/// Records that are read at once.
const PAGE: usize = 500;

/// Rows of a table for people, unless they ask for more.
const ROWS: usize = 100;

fn main() -> ExitCode {
    exit::with(run(&Options::parse()))
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    if let Command::Query = options.command {
        print!("{}", manual::text());
        return Ok(Status::Complete);
    }
    let repository = &*open(options.inventory())?;
    let desk = Desk::new(repository, &options.organization);
    match &options.command {
        Command::Assets(asked) if asked.count || !asked.facets.is_empty() => {
            count::assets(repository, request::<Asset>(options, &asked.search)?, asked).await?;
        }
        Command::Assets(AssetSearch { search, sort, .. }) => {
            let request = request::<Asset>(options, search)?.with_sort(*sort);
            list::<Asset>(repository, request, search).await?;
        }
        Command::Users(PrincipalSearch { search, nested }) => {
            let request = request::<DirectoryUser>(options, search)?.with_nested(*nested);
            list::<DirectoryUser>(repository, request, search).await?;
        }
        Command::Groups(GroupSearch { groups: PrincipalSearch { search, nested }, members }) => {
            let request = request::<DirectoryGroup>(options, search)?.with_nested(*nested);
            match members {
                true => members::list(repository, &request, search).await?,
                false => list::<DirectoryGroup>(repository, request, search).await?,
            }
        }
        Command::Query => {}
        Command::Merge(merging) => desk.merge(merging).await?,
        Command::Unmerge(unmerging) => desk.unmerge(unmerging).await?,
        Command::Link(deciding) => desk.link(deciding).await?,
        Command::Separate(deciding) => desk.separate(deciding).await?,
        Command::Forget(deciding) => desk.forget(deciding).await?,
        Command::Overlaps { near: true, survey } => desk.near_misses(survey).await?,
        Command::Overlaps { near: false, survey } => desk.overlaps(survey).await?,
        Command::Coverage { days, survey } => desk.coverage(*days, survey.json).await?,
        Command::Explain { asset, survey } => desk.explain(asset, survey.json).await?,
        Command::Unresolved(directory) => desk.unresolved(directory).await?,
        Command::History(survey) => desk.history(survey).await?,
        Command::Runs(runs) => desk.runs(runs).await?,
        Command::Plan { file } => desk.plan(file)?,
        Command::Apply(applying) => desk.apply(applying).await?,
    }
    Ok(Status::Complete)
}

/// Opens an inventory, and does not create one.
fn open(place: &str) -> Result<std::sync::Arc<dyn AssetRepository>, Failure> {
    if !place.contains("://") && !Path::new(place).exists() {
        let sentence = format!("there is no inventory {place}; sync --inventory creates one");
        return Err(Failure::new(Status::Usage, sentence));
    }
    store::open(place)
}

/// What the command line asks for. The name of a field that no such record has is refused.
fn request<R: Record>(options: &Options, search: &Search) -> Result<SearchRequest, Failure> {
    let text = search.query.join(" ");
    let query = Query::parse_known(&text, R::FIELDS).map_err(|error| unreadable(&text, &error))?;
    Ok(SearchRequest::new(options.organization.clone(), query, Timestamp::now()))
}

/// Lists what a search finds, page by page: JSON lines for tools, a table for people.
async fn list<R: Record>(
    repository: &dyn AssetRepository,
    request: SearchRequest,
    search: &Search,
) -> Result<(), Failure> {
    let limit = search.limit.unwrap_or(if search.json { usize::MAX } else { ROWS });
    let mut out = BufWriter::new(io::stdout().lock());
    let mut table = Table::new(R::TITLES);
    let (mut shown, mut after) = (0, None);
    while shown < limit {
        let page = request.clone().with_limit(PAGE.min(limit - shown)).after(after);
        let page = R::search(repository, page).await?;
        for record in &page.records {
            if search.json {
                serde_json::to_writer(&mut out, &record.json()).map_err(io::Error::from)?;
                writeln!(out)?;
            } else {
                table.row(record.cells());
            }
        }
        shown += page.records.len();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if shown == 0 && limit > 0 {
        nothing::explain::<R>(repository, &request).await?;
    }
    if !search.json {
        table.write(&mut out, table::width())?;
        let more = if after.is_some() { ", and there are more (--limit)" } else { "" };
        writeln!(out, "\n  {shown} {}{more}", R::PLURAL)?;
    }
    Ok(out.flush()?)
}

/// Shows the place in the query at which it cannot be read.
fn unreadable(query: &str, error: &ParseError) -> Failure {
    let caret = " ".repeat(error.column.saturating_sub(1));
    let query = Printable(query);
    let sentence = format!("the query cannot be read at {error}\n  {query}\n  {caret}^");
    Failure::new(Status::Usage, sentence)
}
