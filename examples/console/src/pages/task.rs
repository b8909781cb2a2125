//! One task: what it does now, what it did, and what it would do.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream::{self, Stream};
use ldap_inventory::asset::RunRecord;
use ldap_inventory::sync::{MergePlan, SyncReport};
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::watch;

use super::task_list::{activity, outcome};
use super::{credentials, task_form};
use crate::asked::{Fields, Posted};
use crate::failure::{Answer, Failure, capitalized};
use crate::page::{Place, ROWS, more, page, table};
use crate::shown::{Shown, counted, minute, minute_or};
use crate::tasks::{Activity, Definition, Entry, Errand, LastRun, Manner, history, start};
use crate::{Console, now};

/// Runs that are shown.
const RUNS: usize = 20;

/// What a person wants a task to do.
#[derive(Debug, Deserialize)]
pub(crate) struct Wish {
    errand: String,
    #[serde(default)]
    full: String,
    #[serde(default)]
    accept_weaker: String,
}

/// Which plan a person has looked at, and the confirmation of one that was stopped.
#[derive(Debug, Deserialize)]
pub(crate) struct Approval {
    run: String,
    #[serde(default)]
    confirmation: String,
}

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
) -> Answer {
    let entry = entry(&console, &number)?;
    let Definition { task, schedule, .. } = entry.definition();
    let runs = history(&console, &entry, RUNS).await?;
    let content = html! {
        dl.facts {
            div { dt { "Directory" } dd { (Shown(task.source.name())) } }
            div { dt { "Site" } dd { (Shown(task.site.as_str())) } }
            div { dt { "Credential" } dd { a href=(credentials::place(&task.credential)) { (Shown(task.credential.as_str())) } } }
            @if !task.base_dns.is_empty() { div { dt { "Below" } dd { (Shown(&task.base_dns.join("; "))) } } }
            div {
                dt { "Runs" }
                dd { @if let Some(schedule) = &schedule { (Shown(&schedule.describe())) } @else { "only when somebody says so" } }
            }
            div {
                dt { "Next run" }
                dd { (minute_or(schedule.as_ref().and_then(|it| it.next_after(now())), "when asked")) }
            }
        }
        (controls(&console, &entry))
        @if let Some(last_run) = entry.last_run() { (result(&console, &entry, &last_run)) }
        section aria-labelledby="history" {
            h2 #history { "History" }
            (past(&runs))
        }
        section aria-labelledby="schedule" {
            h2 #schedule { "When it runs by itself" }
            form.fields method="post" action={ "/tasks/" (entry.number) "/schedule" } {
                (console.access.field())
                (task_form::timing(schedule.as_ref()))
                div.end { button type="submit" { "Keep it" } }
            }
        }
        section aria-labelledby="settings" {
            h2 #settings { "What it reads, and how much it may change" }
            form.fields method="post" action={ "/tasks/" (entry.number) "/settings" } {
                (console.access.field())
                (task_form::place(task.site.as_str(), &task.credential, &console.vault.all()?.credentials))
                (task_form::settings(&task))
                div.end { button type="submit" { "Keep it" } }
            }
        }
        section aria-labelledby="remove" {
            h2 #remove { "Remove" }
            p { "What its runs wrote stays." }
            form.inline method="post" action={ "/tasks/" (entry.number) "/remove" } {
                (console.access.field())
                button.quiet type="submit" { "Remove this task" }
            }
        }
    };
    page(&console, Place::Tasks, &task.name, content).await
}

fn entry(console: &Console, number: &str) -> Answer<Arc<Entry>> {
    let found = number.parse().ok().and_then(|number| console.tasks.get(number));
    found.ok_or_else(|| Failure::not_found("there is no such task"))
}

/// What may be asked of it, or, while it runs, where it is.
fn controls(console: &Console, entry: &Entry) -> Markup {
    if !entry.is_resting() {
        return html! {
            div.card {
                p.running role="status" data-events={ "/tasks/" (entry.number) "/events" } {
                    (activity(&entry.activity().borrow()))
                }
                p { a href={ "/tasks/" (entry.number) } { "Look again" } }
            }
            script src="/console.js" defer {}
        };
    }
    html! {
        form.card method="post" action={ "/tasks/" (entry.number) "/run" } {
            (console.access.field())
            div.row {
                button type="submit" name="errand" value="plan" { "Dry run" }
                button type="submit" name="errand" value="sync" { "Run now" }
            }
            label.choice { input type="checkbox" name="full" value="yes"; span { "Read everything, and not what changed alone" } }
            label.choice {
                input type="checkbox" name="accept_weaker" value="yes";
                span { "Accept a weaker protection than the last complete run had, once" }
            }
        }
    }
}

/// What came of the latest run.
fn result(console: &Console, entry: &Entry, last_run: &LastRun) -> Markup {
    html! {
        section aria-labelledby="result" {
            @match last_run {
                LastRun::Done(report) => { h2 #result { "The latest run" } (done(report)) }
                LastRun::Applied(applied) => {
                    h2 #result { "The plan was applied" }
                    p.success role="status" {
                        (counted(applied.written, "change", "changes")) " written, " (applied.dropped)
                        " dropped since they held no more."
                    }
                }
                LastRun::Failed(reason) => {
                    h2 #result { "The latest run failed" }
                    p.failure role="alert" { (Shown(&capitalized(reason))) "." }
                }
                LastRun::Planned(plan) => { h2 #result { "What it would do" } (planned(console, entry, plan)) }
            }
        }
    }
}

fn done(report: &SyncReport) -> Markup {
    html! {
        @if let Some(reason) = &report.incomplete_because {
            p.warning role="alert" { "The directory was not read to the end: " (Shown(reason)) ". Nothing was removed." }
        }
        (numbers(report))
        @for warning in &report.warnings { p.warning { (Shown(&capitalized(warning))) "." } }
    }
}

/// What became of what was read.
fn numbers(report: &SyncReport) -> Markup {
    let (computers, users, groups) = (&report.computers, &report.users, &report.groups);
    let of_all = [
        ("read", computers.read, users.read, groups.read),
        ("created", computers.created, users.created, groups.created),
        ("updated", computers.updated, users.updated, groups.updated),
        ("unchanged", computers.unchanged, users.unchanged, groups.unchanged),
        ("missing: not seen, but kept", computers.missing, users.missing, groups.missing),
        ("gone: missing for long, but kept", computers.gone, users.gone, groups.gone),
        ("rejected: not readable", computers.rejected, users.rejected, groups.rejected),
    ];
    let of_computers = [
        ("matched: an asset that was there already", computers.matched),
        ("ambiguous: waiting for a person", computers.ambiguous),
        ("skipped by rule", computers.skipped),
        ("restored: missing before", computers.restored),
    ];
    let rows = html! {
        @for (what, computers, users, groups) in of_all {
            @if what == "read" || computers + users + groups > 0 {
                tr { th scope="row" { (what) } td.number { (computers) } td.number { (users) } td.number { (groups) } }
            }
        }
        @for (what, count) in of_computers {
            @if count > 0 { tr { th scope="row" { (what) } td.number { (count) } td {} td {} } }
        }
    };
    table("Numbers", &["What", "Computers", "Users", "Groups"], &rows)
}

/// A plan, and what lets it through.
fn planned(console: &Console, entry: &Entry, plan: &MergePlan) -> Markup {
    let report = &plan.report;
    html! {
        @match &report.brake {
            None => p { "This was a dry run: nothing was written." },
            Some(brake) => {
                div.warning role="alert" {
                    p { "The run would change more than one run may. Nothing was written." }
                    ul { @for exceeded in &brake.exceeded { li { (Shown(&exceeded.to_string())) } } }
                }
            }
        }
        (done(report))
        (losses(plan))
        (decisions(plan))
        form.row method="post" action={ "/tasks/" (entry.number) "/apply" } {
            (console.access.field())
            input type="hidden" name="run" value=(report.run);
            @if let Some(brake) = &report.brake {
                input type="hidden" name="confirmation" value=(brake.confirmation);
                button type="submit" { "I have looked at it: confirm and apply" }
            } @else {
                button type="submit" { "Apply this plan" }
            }
        }
    }
}

fn losses(plan: &MergePlan) -> Markup {
    let losses = plan.losses();
    let rows = html! {
        @for loss in losses.iter().take(ROWS) {
            tr {
                th scope="row" { (Shown(&loss.name)) }
                td { (loss.kind) }
                td { (loss.presence.as_str()) }
                td { @if let Some(asset) = loss.asset { a href={ "/assets/" (asset) } { "asset" } } }
            }
        }
    };
    html! {
        @if !losses.is_empty() {
            h3 { (counted(losses.len() as u64, "object", "objects")) " would be lost" }
            (table("Losses", &["Name", "Kind", "State", "Asset"], &rows))
            (more(losses.len()))
        }
    }
}

fn decisions(plan: &MergePlan) -> Markup {
    let decisions = plan.report.decisions.as_deref().unwrap_or_default();
    let rows = html! {
        @for decision in decisions.iter().take(ROWS) {
            tr {
                th scope="row" { (Shown(&decision.name)) }
                td { (decision.verdict) }
                td { @if let Some(asset) = decision.verdict.asset() { a href={ "/assets/" (asset) } { "asset" } } }
                td { (Shown(&decision.reason())) }
            }
        }
    };
    html! {
        @if !decisions.is_empty() {
            h3 { (counted(decisions.len() as u64, "decision", "decisions")) ", and why" }
            (table("Decisions", &["Computer", "Decision", "Asset", "Why"], &rows))
            (more(decisions.len()))
        }
    }
}

fn past(runs: &[RunRecord]) -> Markup {
    let rows = html! {
        @for run in runs {
            tr {
                th scope="row" { (minute(run.started)) }
                td { (outcome(run.outcome)) }
                td { (Shown(&told(run))) }
            }
        }
    };
    html! {
        @if runs.is_empty() { p { "It has not run yet." } }
        @else { (table("Runs", &["Began", "Outcome", "What it did"], &rows)) }
    }
}

/// What a run did in a few words, or what ended it.
fn told(run: &RunRecord) -> String {
    if let Some(error) = &run.error {
        return error.clone();
    }
    let report =
        run.report.as_deref().and_then(|report| serde_json::from_str::<Value>(report).ok());
    let computers = report.as_ref().and_then(|report| report.get("computers"));
    let count =
        |key| computers.and_then(|it| it.get(key)).and_then(Value::as_u64).unwrap_or_default();
    let [read, created, updated, missing] = ["read", "created", "updated", "missing"].map(count);
    format!(
        "{} read: {created} new, {updated} updated, {missing} missing",
        counted(read, "computer", "computers")
    )
}

pub(crate) async fn run(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
    Posted(wish): Posted<Wish>,
) -> Answer<Redirect> {
    let entry = entry(&console, &number)?;
    let manner =
        Manner { is_full: !wish.full.is_empty(), accepts_weaker: !wish.accept_weaker.is_empty() };
    let errand = match wish.errand.as_str() {
        "sync" => Errand::Sync(manner),
        "plan" => Errand::Plan(manner),
        _ => return Err(Failure::unreadable("a task can be run, or tried in a dry run")),
    };
    begin(&console, &entry, errand)
}

pub(crate) async fn apply(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
    Posted(approval): Posted<Approval>,
) -> Answer<Redirect> {
    let entry = entry(&console, &number)?;
    let plan = match entry.last_run() {
        Some(LastRun::Planned(plan)) if plan.report.run.to_string() == approval.run => plan,
        _ => {
            return Err(Failure::conflict(
                "this plan is not the latest any more; make another dry run, and look at that",
            ));
        }
    };
    let confirmation = match approval.confirmation.as_str() {
        "" => None,
        confirmation => Some(confirmation.parse()?),
    };
    begin(&console, &entry, Errand::Apply { plan, confirmation })
}

fn begin(console: &Arc<Console>, entry: &Arc<Entry>, errand: Errand) -> Answer<Redirect> {
    start(console, entry, errand)?;
    Ok(Redirect::to(&format!("/tasks/{}", entry.number)))
}

pub(crate) async fn schedule(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
    Posted(fields): Posted<Fields>,
) -> Answer<Redirect> {
    let entry = entry(&console, &number)?;
    let schedule = task_form::schedule(&fields)?;
    define(&console, &entry, Definition::new(entry.definition().task, schedule))
}

pub(crate) async fn settings(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
    Posted(fields): Posted<Fields>,
) -> Answer<Redirect> {
    let entry = entry(&console, &number)?;
    let Definition { mut task, schedule, .. } = entry.definition();
    (task.site, task.credential) = task_form::place_of(&fields, &console.vault)?;
    let task = task_form::with_settings(task, &fields)?;
    define(&console, &entry, Definition::new(task, schedule))
}

fn define(console: &Console, entry: &Entry, definition: Definition) -> Answer<Redirect> {
    console.tasks.change(entry, definition)?;
    Ok(Redirect::to(&format!("/tasks/{}", entry.number)))
}

pub(crate) async fn remove(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
) -> Answer<Redirect> {
    let entry = entry(&console, &number)?;
    console.tasks.remove(&entry)?;
    Ok(Redirect::to("/tasks"))
}

/// Where a run is, as it goes on, until it has ended or the console ends.
pub(crate) async fn events(
    State(console): State<Arc<Console>>,
    Path(number): Path<String>,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    let entry = entry(&console, &number)?;
    let mut activity = entry.activity();
    // What it does now is told first.
    activity.mark_changed();
    let followed = Followed { activity, stopped: console.tasks.stopped() };
    let events = stream::unfold(Some(followed), |followed| async move { followed?.next().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::default()))
}

/// A run that somebody looks at.
struct Followed {
    activity: watch::Receiver<Activity>,
    stopped: watch::Receiver<bool>,
}

impl Followed {
    /// What is told next, and who tells on: nobody, once the run has ended.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Option<Self>)> {
        tokio::select! {
            changed = self.activity.changed() => changed.ok()?,
            _ = self.stopped.wait_for(|stopped| *stopped) => return None,
        }
        let now = self.activity.borrow_and_update().clone();
        let event = Event::default().data(activity(&now));
        Some(match now {
            Activity::Resting => (Ok(event.event("end")), None),
            _ => (Ok(event.event("progress")), Some(self)),
        })
    }
}
