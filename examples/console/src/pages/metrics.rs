//! What programs ask: whether the console lives, and how its runs go, as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use ldap_inventory::asset::{RunOutcome, SearchRequest};
use ldap_inventory::query::Query;

use super::task_list;
use crate::failure::Answer;
use crate::{Console, now};

/// The form of the answer: <https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format>.
const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How runs end.
const OUTCOMES: [RunOutcome; 4] =
    [RunOutcome::Complete, RunOutcome::Incomplete, RunOutcome::Stopped, RunOutcome::Failed];

/// Whether the inventory answers. Anybody may ask.
pub(crate) async fn health(State(console): State<Arc<Console>>) -> (StatusCode, &'static str) {
    match console.inventory.sources(&console.organization).await {
        Ok(_) => (StatusCode::OK, "ok\n"),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "the inventory does not answer\n"),
    }
}

pub(crate) async fn metrics(State(console): State<Arc<Console>>) -> Answer<impl IntoResponse> {
    let (inventory, organization) = (&console.inventory, &console.organization);
    let all = SearchRequest::new(organization.clone(), Query::everything(), now());
    let assets = inventory.count_assets(all, &[]).await?.total;
    let waiting = inventory.waiting(organization).await?.len() as u64;
    let mut text = String::new();
    gauge(&mut text, "ldap_inventory_assets", "Assets of the inventory.", assets);
    gauge(&mut text, "ldap_inventory_waiting", "Computers that wait for a person.", waiting);
    runs(&mut text, &console);
    Ok(([(header::CONTENT_TYPE, FORM)], text))
}

fn gauge(text: &mut String, name: &str, help: &str, value: u64) {
    // Writing to memory does not fail.
    let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n{name} {value}");
}

/// What became of the runs of each task since the console was started, and when the last complete one ended.
fn runs(text: &mut String, console: &Console) {
    let (runs, last) =
        ("ldap_inventory_runs_total", "ldap_inventory_last_complete_run_timestamp_seconds");
    let tasks = console.tasks.all();
    let _ =
        writeln!(text, "# HELP {runs} Runs since the console was started.\n# TYPE {runs} counter");
    for task in &tasks {
        let name = label(&task.definition().task.name);
        for outcome in OUTCOMES {
            let (word, count) = (task_list::outcome(outcome), task.count(outcome));
            let _ = writeln!(text, "{runs}{{task=\"{name}\",outcome=\"{word}\"}} {count}");
        }
    }
    let _ = writeln!(text, "# HELP {last} When the last complete run ended.\n# TYPE {last} gauge");
    for task in &tasks {
        if let Some(time) = task.last_complete() {
            let name = label(&task.definition().task.name);
            let _ = writeln!(text, "{last}{{task=\"{name}\"}} {}", time.as_micros() / 1_000_000);
        }
    }
}

/// A name as the value of a label.
fn label(name: &str) -> String {
    name.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
