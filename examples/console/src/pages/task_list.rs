//! Tasks: which there are, when they run next, and a new one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use ldap_inventory::asset::RunOutcome;
use ldap_inventory::schedule::{LocalTime, Recurrence, Schedule, Unit};
use ldap_inventory::sync::Progress;
use ldap_inventory::task::{Exclusions, MatchPolicy, SyncTask};
use ldap_inventory::value::{CredentialId, SiteId, SourceId};
use maud::{Markup, html};
use serde::Deserialize;

use crate::asked::Posted;
use crate::failure::{Answer, Failure};
use crate::page::{Place, page, table};
use crate::shown::{Shown, counted, minute_or};
use crate::tasks::{Activity, Definition, Entry};
use crate::{Console, now};

/// By what a task may recur; never, unless chosen.
const UNITS: [(&str, &str); 6] = [
    ("", "only when I say so"),
    ("minutes", "minutes"),
    ("hours", "hours"),
    ("days", "days"),
    ("weeks", "weeks"),
    ("months", "months"),
];

/// When a task runs by itself, as it is written into a form.
#[derive(Debug, Deserialize)]
pub(crate) struct Timing {
    every: String,
    unit: String,
    start: String,
    zone: String,
}

/// A new task, as it is written into the form.
#[derive(Debug, Deserialize)]
pub(crate) struct New {
    name: String,
    directory: String,
    site: String,
    credential: String,
    base_dns: String,
    #[serde(default)]
    exclude_disabled: String,
    exclude_stale: String,
    #[serde(default)]
    exclude_unknown: String,
    every: String,
    unit: String,
    start: String,
    zone: String,
}

pub(crate) async fn list(State(console): State<Arc<Console>>) -> Answer {
    let tasks = console.tasks.all();
    let content = html! {
        @if tasks.is_empty() { p role="status" { "There is none yet." } } @else { (rows(&tasks)) }
        section aria-labelledby="new" {
            h2 #new { "A new task" }
            (form(&console)?)
        }
    };
    page(&console, Place::Tasks, "Tasks", content).await
}

fn rows(tasks: &[Arc<Entry>]) -> Markup {
    let rows = html! {
        @for entry in tasks {
            @let Definition { task, schedule, .. } = entry.definition();
            tr {
                th scope="row" { a href={ "/tasks/" (entry.number) } { (Shown(&task.name)) } }
                td { (Shown(task.source.name())) }
                td { (Shown(task.site.as_str())) }
                td { (activity(&entry.activity().borrow())) }
                td { (minute_or(entry.last_complete(), "never")) }
                td { (minute_or(schedule.and_then(|it| it.next_after(now())), "when asked")) }
            }
        }
    };
    table("Tasks", &["Name", "Directory", "Site", "Now", "Last complete run", "Next run"], &rows)
}

/// What a task does now, in words.
pub(crate) fn activity(activity: &Activity) -> String {
    match activity {
        Activity::Resting => "resting".to_owned(),
        Activity::Beginning => "beginning".to_owned(),
        Activity::Waiting => "waiting for another run of this directory".to_owned(),
        Activity::Running(progress) => match progress {
            Progress::Connecting => "connecting".to_owned(),
            Progress::Reading { objects } => {
                format!("reading: {}", counted(*objects, "object", "objects"))
            }
            Progress::HalfOfMemory { objects, .. } => {
                format!("reading: {objects} objects, and half of the memory is used")
            }
            Progress::Deciding { computers } => {
                format!("deciding on {}", counted(*computers, "computer", "computers"))
            }
            Progress::Writing { done, total } => format!("writing: {done} of {total} records"),
            _ => "finishing".to_owned(),
        },
    }
}

/// The word for how a run ended.
pub(crate) fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Complete => "complete",
        RunOutcome::Incomplete => "incomplete",
        RunOutcome::Stopped => "stopped",
        _ => "failed",
    }
}

fn form(console: &Console) -> Answer {
    let credentials = console.vault.all()?.credentials;
    Ok(html! {
        @if credentials.is_empty() {
            p { "Add a " a href="/credentials" { "credential" } " first: the account that reads the directory." }
        } @else {
            form.fields method="post" action="/tasks" {
                (console.access.field())
                div { label for="name" { "Name" } input #name name="name" required maxlength="256"; }
                div {
                    label for="directory" { "Domain" }
                    input #directory name="directory" required placeholder="corp.example";
                }
                div { label for="site" { "Site of new assets" } input #site name="site" required; }
                div {
                    label for="credential" { "Credential" }
                    select #credential name="credential" {
                        @for credential in &credentials {
                            option value=(credential.id) { (Shown(credential.id.as_str())) }
                        }
                    }
                }
                div.wide {
                    label for="base" { "Read below these DNs alone, one a line (optional)" }
                    textarea #base name="base_dns" rows="2" {}
                }
                fieldset.wide {
                    legend { "Computers to leave out, unless an asset has them" }
                    label.choice {
                        input type="checkbox" name="exclude_disabled" value="yes";
                        span { "Those whose account is disabled" }
                    }
                    label.choice {
                        input type="checkbox" name="exclude_unknown" value="yes";
                        span { "Those that no other source knows" }
                    }
                    label.row {
                        span { "Those that did not sign in for so many days" }
                        input type="number" name="exclude_stale" min="1" max="36500";
                    }
                }
                (timing(None))
                div.end { button type="submit" { "Add" } }
            }
        }
    })
}

/// The fields that say when a task runs by itself.
pub(crate) fn timing(schedule: Option<&Schedule>) -> Markup {
    let every = schedule.map(Schedule::recurrence);
    let (count, unit) = match every {
        Some(Recurrence::Every { count, unit, .. }) => (count, unit_name(unit)),
        _ => (1, ""),
    };
    let start = schedule.map_or_else(tomorrow, |it| it.start().to_string());
    let start = start.get(..16).unwrap_or(&start).to_owned();
    let zone = schedule.map_or("UTC", Schedule::time_zone);
    html! {
        div { label for="every" { "Runs every" } input #every type="number" name="every" min="1" max=(Recurrence::MAX_COUNT) value=(count); }
        div {
            label for="unit" { "Unit" }
            select #unit name="unit" {
                @for (name, words) in UNITS { option value=(name) selected[name == unit] { (words) } }
            }
        }
        div { label for="start" { "First time" } input #start type="datetime-local" name="start" value=(start); }
        div { label for="zone" { "Time zone" } input #zone name="zone" value=(zone); }
    }
}

/// In the night to come.
fn tomorrow() -> String {
    let tomorrow = now().checked_add(std::time::Duration::from_secs(86_400)).unwrap_or(now());
    format!("{}T02:30", tomorrow.date())
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Minutes => "minutes",
        Unit::Hours => "hours",
        Unit::Days => "days",
        Unit::Weeks => "weeks",
        Unit::Months => "months",
    }
}

impl Timing {
    /// The schedule, if there is to be one.
    pub(crate) fn schedule(&self) -> Answer<Option<Schedule>> {
        let unit = match self.unit.as_str() {
            "" => return Ok(None),
            "minutes" => Unit::Minutes,
            "hours" => Unit::Hours,
            "days" => Unit::Days,
            "weeks" => Unit::Weeks,
            "months" => Unit::Months,
            _ => {
                return Err(Failure::unreadable(
                    "a task recurs by minutes, hours, days, weeks or months",
                ));
            }
        };
        let count = self.every.trim().parse::<u32>();
        let count =
            count.map_err(|_| Failure::unreadable("how often a task runs is a whole number"))?;
        let start: LocalTime = self.start.parse()?;
        let schedule = Schedule::new(start, Recurrence::every(count, unit)?);
        Ok(Some(schedule.with_time_zone(self.zone.trim())?))
    }
}

impl New {
    fn definition(self, console: &Console) -> Answer<Definition> {
        let source = SourceId::new("ldap", self.directory.trim().to_lowercase())?;
        let site = SiteId::new(self.site.trim())?;
        let credential = CredentialId::new(&self.credential)?;
        let stale: Option<u64> = match self.exclude_stale.trim() {
            "" => None,
            days => Some(days.parse().map_err(|_| Failure::unreadable("days are a whole number"))?),
        };
        let exclusions = Exclusions::default()
            .with_disabled(!self.exclude_disabled.is_empty())
            .with_stale_after_days(stale);
        let matching =
            MatchPolicy::default().with_exclude_unknown(!self.exclude_unknown.is_empty());
        let bases = self.base_dns.lines().map(str::trim).filter(|dn| !dn.is_empty());
        let task =
            SyncTask::new(self.name.trim(), console.organization.clone(), site, source, credential)
                .with_base_dns(bases.map(str::to_owned))
                .with_exclusions(exclusions)
                .with_matching(matching);
        let Self { every, unit, start, zone, .. } = self;
        Ok(Definition::new(task, Timing { every, unit, start, zone }.schedule()?))
    }
}

pub(crate) async fn add(
    State(console): State<Arc<Console>>,
    Posted(new): Posted<New>,
) -> Answer<Redirect> {
    if new.name.trim().is_empty() {
        return Err(Failure::unreadable("a task has a name"));
    }
    let definition = new.definition(&console)?;
    if console.vault.get(&definition.task.credential)?.is_none() {
        return Err(Failure::not_found("there is no such credential"));
    }
    let number = console.tasks.add(definition)?;
    Ok(Redirect::to(&format!("/tasks/{number}")))
}
