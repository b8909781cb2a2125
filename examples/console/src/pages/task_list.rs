//! Tasks: which there are, when they run next, and a new one.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use ldap_inventory::asset::RunOutcome;
use ldap_inventory::sync::Progress;
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::{SiteId, SourceId};
use maud::{Markup, html};

use super::task_form;
use crate::asked::{Fields, Posted};
use crate::failure::{Answer, Failure};
use crate::page::{Place, page, table};
use crate::shown::{Shown, counted, minute_or};
use crate::tasks::{Activity, Definition, Entry};
use crate::{Console, now};

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
    let Some(first) = credentials.first() else {
        return Ok(html! {
            p { "Add a " a href="/credentials" { "credential" } " first: the account that reads the directory." }
        });
    };
    let plain = SyncTask::new(
        "plain",
        console.organization.clone(),
        SiteId::new("plain")?,
        SourceId::new("ldap", "plain")?,
        first.id.clone(),
    );
    Ok(html! {
        form.fields method="post" action="/tasks" {
            (console.access.field())
            div { label for="name" { "Name" } input #name name="name" required maxlength="256"; }
            div {
                label for="directory" { "Domain" }
                input #directory name="directory" required placeholder="corp.example";
            }
            (task_form::place("", &plain.credential, &credentials))
            (task_form::timing(None))
            (task_form::settings(&plain))
            div.end { button type="submit" { "Add" } }
        }
    })
}

pub(crate) async fn add(
    State(console): State<Arc<Console>>,
    Posted(fields): Posted<Fields>,
) -> Answer<Redirect> {
    let name = fields.text("name");
    if name.is_empty() {
        return Err(Failure::unreadable("a task has a name"));
    }
    let source = SourceId::new("ldap", fields.text("directory").to_lowercase())?;
    let (site, credential) = task_form::place_of(&fields, &console.vault)?;
    let task = SyncTask::new(name, console.organization.clone(), site, source, credential);
    let task = task_form::with_settings(task, &fields)?;
    let number = console.tasks.add(Definition::new(task, task_form::schedule(&fields)?))?;
    Ok(Redirect::to(&format!("/tasks/{number}")))
}
