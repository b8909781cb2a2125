//! What changed since a moment.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use ldap_inventory::curation::{ChangedField, NotedChange, Occasion};
use ldap_inventory::value::{RunId, Timestamp};
use serde_json::json;

use super::curate::{Desk, lines};
use super::exit::{Failure, Status};
use super::explain::minute;
use super::options::Changing;
use super::short::{self, ShortIds};
use super::table::{Form, Table, prose};

/// What every sight of an asset changes, so that people are not told.
const SIGHTS: [&str; 2] = ["first_seen", "last_seen"];

/// What may be left out at the end of a time: the zone, seconds, the time of the day.
const ENDS: [&str; 4] = ["", "Z", ":00Z", "T00:00:00Z"];

/// What is not told.
const PRINCIPALS: &str = "Of users and groups only those are told that are missing or gone. Those that are new \
                          or changed: inventory users whenCreatedTS:'<2days', inventory groups whenChangedTS:'<2days'";

impl Desk<'_> {
    pub(crate) async fn changes(&self, options: &Changing) -> Result<(), Failure> {
        let since = self.moment(&options.since).await?;
        let mut changes = self.curation.changes(since).await?;
        if options.json {
            return lines(&changes);
        }
        for change in &mut changes {
            change.fields.retain(|changed| !is_sight(changed));
        }
        changes.retain(|it| it.change != Occasion::Updated || !it.fields.is_empty());
        let mut out = BufWriter::new(io::stdout().lock());
        let form = Form::of_stdout();
        let Form::Page(width) = form else {
            rows(&changes).put(&mut out, form)?;
            return Ok(out.flush()?);
        };
        if changes.is_empty() {
            writeln!(out, "  Nothing changed since {} UTC.", minute(since))?;
        } else {
            let ids = ShortIds::of(self.repository, self.organization).await?;
            page(&changes, ids).write(&mut out, width)?;
        }
        writeln!(out)?;
        prose(&mut out, PRINCIPALS, width)?;
        Ok(out.flush()?)
    }

    /// When a time that somebody named was.
    pub(super) async fn moment(&self, text: &str) -> Result<Timestamp, Failure> {
        let now = Timestamp::now();
        let day = |time: Timestamp| format!("{}T00:00:00Z", time.date()).parse().ok();
        let ago = |length| now.checked_sub(length);
        let moment = match text {
            "today" => day(now),
            "yesterday" => ago(Duration::from_secs(86_400)).and_then(day),
            _ => None,
        };
        let moment = moment
            .or_else(|| ENDS.iter().find_map(|end| format!("{text}{end}").parse().ok()))
            .or_else(|| length(text).and_then(ago));
        match moment {
            Some(moment) => Ok(moment),
            None => self.beginning_of_run(text).await,
        }
    }

    async fn beginning_of_run(&self, text: &str) -> Result<Timestamp, Failure> {
        let mut begun = Vec::new();
        for source in self.repository.sources(self.organization).await? {
            for run in self.repository.runs(self.organization, &source, usize::MAX).await? {
                if is_part(text, run.id) {
                    begun.push(run.started);
                }
            }
        }
        let sentence = match begun.as_slice() {
            [started] => return Ok(*started),
            [] => format!(
                "{text} is no time and no run; say yesterday, 7days, a date such as {}, or a run as `runs` lists it",
                Timestamp::now().date()
            ),
            _ => format!("several runs are meant by {text}; give more of the run's id"),
        };
        Err(Failure::new(Status::Usage, sentence))
    }
}

/// For people: what changed under the name that it has.
fn page(changes: &[NotedChange], ids: ShortIds) -> Table {
    let mut table = Table::new(["When", "Change", "ID", "What"]);
    (table.wraps, table.whole) = (true, 3);
    for it in changes {
        let id = it.asset.map(|id| ids.show(id)).unwrap_or_default();
        let told = it.asset.into_iter().fold(what(it), |told, id| ids.shorten(&told, id));
        let what = [it.name.clone(), told].into_iter().filter(|text| !text.is_empty());
        table.row([minute(it.at), word(it), id, what.collect::<Vec<_>>().join(": ")]);
    }
    table
}

/// For other programs.
fn rows(changes: &[NotedChange]) -> Table {
    let mut table = Table::new(["at", "change", "asset", "name", "what"]);
    for it in changes {
        let asset = it.asset.map(|id| id.to_string()).unwrap_or_default();
        table.row([it.at.to_string(), word(it), asset, it.name.clone(), what(it)]);
    }
    table
}

fn word(change: &NotedChange) -> String {
    json!(change.change).as_str().unwrap_or_default().to_owned()
}

/// What became what, or why.
fn what(change: &NotedChange) -> String {
    if let Some(reason) = &change.reason {
        return reason.clone();
    }
    let field = |ChangedField { field, from, to, .. }: &ChangedField| match (from, to) {
        (Some(from), Some(to)) => format!("{field}: {from} -> {to}"),
        (None, Some(to)) => format!("{field}: + {to}"),
        (Some(from), None) => format!("{field}: - {from}"),
        (None, None) => (*field).to_owned(),
    };
    change.fields.iter().map(field).collect::<Vec<_>>().join("; ")
}

fn is_sight(changed: &ChangedField) -> bool {
    SIGHTS.contains(&changed.field)
}

fn is_part(text: &str, run: RunId) -> bool {
    let run = run.to_string();
    short::may_be(text) && (run.starts_with(text) || run.ends_with(text))
}

/// `36hours`, `7days`, `2weeks`.
fn length(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(unit)?;
    let seconds = match unit.trim() {
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3_600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 604_800,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}
