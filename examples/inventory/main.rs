//! Looks into an inventory, and corrects it: `cargo run --release --example inventory -- --inventory FILE.db assets`.
//!
//! Each kind of record says in its own module how it is found, and how tools and people see it.

#[path = "../program/color.rs"]
mod color;
#[path = "../program/exit.rs"]
mod exit;
#[path = "../program/interrupt.rs"]
mod interrupt;
#[path = "../program/log.rs"]
mod log;
#[path = "../program/printed.rs"]
mod printed;
#[path = "../program/private.rs"]
mod private;
#[path = "../program/shell.rs"]
mod shell;
#[path = "../program/store.rs"]
mod store;
#[path = "../program/table.rs"]
mod table;
#[path = "../program/whole_file.rs"]
mod whole_file;

mod annotate;
mod assets;
mod changes;
mod check;
mod column;
mod count;
mod curate;
mod events;
mod explain;
mod export;
mod groups;
mod list;
mod manual;
mod members;
mod nothing;
mod options;
mod output;
mod record;
mod report;
mod runs;
mod shared;
mod short;
mod subject;
mod unresolved;
mod users;

use std::io::{self, Write};
use std::process::ExitCode;

use ldap_inventory::asset::{Asset, DirectoryGroup, DirectoryUser, SearchRequest, Sort};
use ldap_inventory::query::{ParseError, Query};
use ldap_inventory::value::Timestamp;

use self::curate::Desk;
use self::exit::{Failure, Status};
use self::list::{Order, list, order};
use self::options::{AssetSearch, Command, GroupSearch, Options, PrincipalSearch, Reporting};
use self::printed::escaped;
use self::record::Record;
use self::report::Report;

fn main() -> ExitCode {
    if let Some(told) = shell::told::<Options>() {
        return exit::with(told);
    }
    let options = Options::read();
    options.color.apply();
    options.log.begin();
    exit::with(run(&options))
}

#[tokio::main]
async fn run(options: &Options) -> Result<Status, Failure> {
    match &options.command {
        Command::Query => {
            io::stdout().write_all(manual::text().as_bytes())?;
            return Ok(Status::Complete);
        }
        Command::Plan { file } => {
            runs::plan(file)?;
            return Ok(Status::Complete);
        }
        _ => {}
    }
    let place = options.inventory();
    if let Command::Check = options.command {
        return check::check(place).await;
    }
    let repository = &*match options.command.writes() {
        true => store::open_existing(place).await?,
        false => store::open_to_read(place).await?,
    };
    let desk = Desk::new(repository, &options.organization);
    match &options.command {
        Command::Assets(asked) if asked.search.count || !asked.facets.is_empty() => {
            count::assets(repository, request::<Asset>(options, &asked.search.query)?, asked)
                .await?;
        }
        Command::Assets(AssetSearch { search, .. }) => {
            let sort = search.sort.as_deref().unwrap_or("name").parse::<Sort>()?;
            let request = request::<Asset>(options, &search.query)?;
            list::<Asset>(repository, request, search, Order::Stored(sort)).await?;
        }
        Command::Users(PrincipalSearch { search, nested }) => {
            let request = request::<DirectoryUser>(options, &search.query)?.with_nested(*nested);
            let order = order::<DirectoryUser>(search.sort.as_deref())?;
            list::<DirectoryUser>(repository, request, search, order).await?;
        }
        Command::Groups(GroupSearch { groups: PrincipalSearch { search, nested }, members }) => {
            let request = request::<DirectoryGroup>(options, &search.query)?.with_nested(*nested);
            if *members {
                members::list(repository, &request, search).await?;
            } else {
                let order = order::<DirectoryGroup>(search.sort.as_deref())?;
                list::<DirectoryGroup>(repository, request, search, order).await?;
            }
        }
        Command::Export(exporting) => {
            let request = match exporting.users {
                true => request::<DirectoryUser>(options, &exporting.query)?,
                false => request::<Asset>(options, &exporting.query)?,
            };
            desk.export(exporting, request).await?;
        }
        Command::Report(reporting) => report(&desk, options, reporting).await?,
        Command::Annotate(annotating) => {
            let query = std::slice::from_ref(&annotating.what);
            desk.annotate(annotating, || request::<Asset>(options, query)).await?;
        }
        Command::Merge(merging) => desk.merge(merging).await?,
        Command::Delete(deleting) => desk.delete(deleting).await?,
        Command::Unmerge(unmerging) => desk.unmerge(unmerging).await?,
        Command::Link(deciding) => desk.link(deciding).await?,
        Command::Separate(deciding) => desk.separate(deciding).await?,
        Command::Forget(deciding) => desk.forget(deciding).await?,
        Command::Settle(settling) => desk.settle(settling).await?,
        Command::Overlaps { near: true, survey, .. } => desk.near_misses(survey).await?,
        Command::Overlaps { addresses: true, survey, .. } => desk.shared_addresses(survey).await?,
        Command::Overlaps { survey, .. } => desk.overlaps(survey).await?,
        Command::Coverage { by, days, survey } => desk.coverage(*by, *days, survey.json).await?,
        Command::Explain { asset, survey } => desk.explain(asset, survey.json).await?,
        Command::Unresolved(directory) => desk.unresolved(directory).await?,
        Command::History(survey) => desk.history(survey).await?,
        Command::Changes(changing) => desk.changes(changing).await?,
        Command::Events(following) => desk.events(following).await?,
        Command::Prune(pruning) => desk.prune(pruning).await?,
        Command::Runs(runs) => desk.runs(runs).await?,
        Command::Apply(applying) => desk.apply(applying).await?,
        Command::Release(releasing) => desk.release(releasing).await?,
        Command::Check | Command::Plan { .. } | Command::Query => {}
    }
    Ok(Status::Complete)
}

/// Writes what a person wants to report, with names that nobody has.
async fn report(desk: &Desk<'_>, options: &Options, reporting: &Reporting) -> Result<(), Failure> {
    let computers = request::<Asset>(options, &reporting.query)?;
    let of = |query: &Option<String>| query.as_ref().map(|query| [query.clone()]);
    let users = of(&reporting.users).map(|query| request::<DirectoryUser>(options, &query));
    let groups = of(&reporting.groups).map(|query| request::<DirectoryGroup>(options, &query));
    let (users, groups) = (users.transpose()?, groups.transpose()?);
    output::to(reporting.output.as_deref(), async |out| {
        let mut report = Report::begin(out);
        report.computers(desk, &computers).await?;
        if let Some(users) = &users {
            report.users(desk, users).await?;
        }
        if let Some(groups) = &groups {
            report.groups(desk, groups).await?;
        }
        report.end();
        Ok(())
    })
    .await
}

/// What the command line asks for. The name of a field that no such record has is refused.
fn request<R: Record>(options: &Options, query: &[String]) -> Result<SearchRequest, Failure> {
    let text = query.iter().map(|word| word.trim()).collect::<Vec<_>>().join(" ");
    let query = Query::parse_known(&text, R::FIELDS).map_err(|error| unreadable(&text, &error))?;
    Ok(SearchRequest::new(options.organization.clone(), query, Timestamp::now()))
}

/// Shows the place in the query at which it cannot be read.
fn unreadable(query: &str, error: &ParseError) -> Failure {
    // As wide as what is printed before it: letters may be wider than one column, or escaped.
    let before = escaped(query.get(..error.position).unwrap_or(query));
    let caret = " ".repeat(console::measure_text_width(&before));
    let query = escaped(query);
    let sentence = format!("the query cannot be read at {error}\n  {query}\n  {caret}^");
    Failure::new(Status::Usage, sentence)
}
