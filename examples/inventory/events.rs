//! What commits changed, one after the other, as other systems follow it.

use std::io::{self, BufWriter, Write};
use std::time::Duration;

use ldap_inventory::asset::{ConstraintKind, Event, EventKind, RetainRuns};
use ldap_inventory::name::Hostname;
use ldap_inventory::value::AssetId;
use serde_json::{Value, json};

use super::curate::Desk;
use super::exit::Failure;
use super::explain::minute;
use super::interrupt::Interrupt;
use super::options::{Following, Pruning};
use super::printed::{escaped, json_line, say};
use super::table::{Form, Table};

/// How many are asked for at a time.
const PAGE: usize = 500;

/// How long to wait before it is looked for more.
const AGAIN: Duration = Duration::from_secs(1);

/// Where only what is new from now on follows.
const END: &str = "end";

impl Desk<'_> {
    pub(crate) async fn events(&self, options: &Following) -> Result<(), Failure> {
        let interrupt = options.follow.then(Interrupt::listen);
        let mut cursor = self.cursor(options.after.as_deref()).await?;
        let mut left = options.limit.unwrap_or(usize::MAX);
        let mut out = BufWriter::new(io::stdout().lock());
        let form = Form::of_stdout();
        let mut is_titled = options.json || matches!(form, Form::Page(_));
        while left > 0 {
            let (organization, limit) = (self.organization, left.min(PAGE));
            let events = self.repository.events_since(organization, cursor.as_deref(), limit);
            let events = match &interrupt {
                Some(interrupt) => interrupt.unless(async { Ok(events.await?) }).await?,
                None => events.await?,
            };
            if !std::mem::replace(&mut is_titled, true) {
                writeln!(out, "at\tcursor\tsource\tevent\twhat")?;
            }
            match form {
                _ if options.json => events.iter().try_for_each(|it| json_line(&mut out, it))?,
                Form::Page(width) if !options.follow => page(&events).write(&mut out, width)?,
                Form::Page(_) => events.iter().try_for_each(|it| writeln!(out, "{}", line(it)))?,
                _ => events.iter().try_for_each(|it| writeln!(out, "{}", row(it)))?,
            }
            out.flush()?;
            left -= events.len();
            if let Some(last) = events.last() {
                cursor = Some(last.cursor.clone());
                continue;
            }
            let Some(interrupt) = &interrupt else { break };
            if interrupt.pause(AGAIN).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    pub(crate) async fn prune(&self, options: &Pruning) -> Result<(), Failure> {
        if let Some(before) = &options.before {
            let before = self.moment(before).await?;
            let cursor = match &options.up_to {
                Some(cursor) => cursor.clone(),
                None => self.repository.events_end(self.organization).await?,
            };
            self.repository.prune_events(self.organization, &cursor, before).await?;
            let minute = minute(before);
            say(format_args!("  No event from before {minute} UTC is kept that nobody needs."));
        }
        self.prune_runs(options).await
    }

    async fn prune_runs(&self, options: &Pruning) -> Result<(), Failure> {
        let mut retain = RetainRuns::last(options.keep_runs.unwrap_or(0));
        match &options.runs_before {
            Some(before) => retain.newer_than = Some(self.moment(before).await?),
            None if options.keep_runs.is_none() => return Ok(()),
            None => {}
        }
        self.repository.prune_runs(self.organization, retain).await?;
        let which = retain.newer_than.map(|before| format!(" from before {} UTC", minute(before)));
        let which = which.unwrap_or_else(|| " before the last".to_owned());
        say(format_args!("  No record of a run{which} is kept that no later run needs."));
        Ok(())
    }

    async fn cursor(&self, after: Option<&str>) -> Result<Option<String>, Failure> {
        Ok(match after {
            Some(END) => Some(self.repository.events_end(self.organization).await?),
            after => after.map(str::to_owned),
        })
    }
}

/// For people who look back.
fn page(events: &[Event]) -> Table {
    let mut table = Table::new(["When", "Cursor", "Event", "What"]);
    (table.wraps, table.whole) = (true, 3);
    for it in events {
        table.row([minute(it.at), it.cursor.clone(), word(it), what(it)]);
    }
    table
}

/// For people who wait for more.
fn line(event: &Event) -> String {
    format!("{}  {:<9} {}: {}", minute(event.at), event.cursor, word(event), escaped(&what(event)))
}

/// For other programs.
fn row(event: &Event) -> String {
    let Event { cursor, at, source, .. } = event;
    format!(
        "{at}\t{cursor}\t{}\t{}\t{}",
        escaped(source.as_str()),
        word(event),
        escaped(&what(event))
    )
}

/// `asset_created`.
fn word(event: &Event) -> String {
    json!(event).get("event").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// What it is about, and what there is to say of it.
fn what(event: &Event) -> String {
    match &event.kind {
        EventKind::AssetCreated { asset, names, .. } => called(*asset, names),
        EventKind::AssetUpdated { asset, names, fields, .. } => {
            let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
            format!("{}: {}", called(*asset, names), fields.join(", "))
        }
        EventKind::AssetRemoved { asset, to: Some(to) } => format!("{asset} is part of {to}"),
        EventKind::AssetRemoved { asset, to: None } => asset.to_string(),
        EventKind::AssetsMerged { survivor, others, by, why, .. } => {
            format!("{by} made {} part of {survivor}{}", list(others), because(why))
        }
        EventKind::AssetsUnmerged { survivor, others, by, .. } => {
            format!("{by} took {} out of {survivor} again", list(others))
        }
        EventKind::ObjectFirstSeen { object, kind, asset }
        | EventKind::ObjectMissing { object, kind, asset }
        | EventKind::ObjectGone { object, kind, asset }
        | EventKind::ObjectBack { object, kind, asset } => {
            let tied = asset.map(|asset| format!(", asset {asset}")).unwrap_or_default();
            format!("{kind} {object} of {}{tied}", event.source)
        }
        EventKind::ObjectForgotten { directory, object } => format!("{object} of {directory}"),
        EventKind::DecisionMade { directory, object, asset, decision, by, why } => {
            let is = word_of(*decision);
            format!("{by}: object {object} of {directory} {is} asset {asset}{}", because(why))
        }
        EventKind::DecisionTakenBack { directory, object, asset, decision, by } => {
            let by = if by.is_empty() { String::new() } else { format!("{by}: ") };
            let is = word_of(*decision);
            format!("{by}that object {object} of {directory} {is} asset {asset}")
        }
        EventKind::RunEnded { run, task, outcome } => {
            let outcome = json!(outcome);
            format!("{task}, {} (run {run})", outcome.as_str().unwrap_or_default())
        }
        _ => String::new(),
    }
}

fn called(asset: AssetId, names: &[Hostname]) -> String {
    match names.first() {
        Some(name) => format!("{} ({asset})", name.to_unicode()),
        None => asset.to_string(),
    }
}

fn list(assets: &[AssetId]) -> String {
    assets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(": {why}") }
}

fn word_of(decision: ConstraintKind) -> &'static str {
    match decision {
        ConstraintKind::MustLink => "is",
        ConstraintKind::CannotLink => "is not",
    }
}
