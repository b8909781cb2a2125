//! What the runs of a directory did, and plans of runs that wrote nothing.

use std::cmp::Reverse;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use ldap_inventory::asset::{RunOutcome, RunRecord};
use ldap_inventory::sync::{MergePlan, SyncOptions};
use ldap_inventory::value::{Checkpoint, ReadMode, RunId, SourceId};
use serde_json::{Value, json};

use super::curate::{Desk, tell};
use super::exit::{Failure, Status};
use super::explain::minute;
use super::options::{Applying, Releasing, Runs};
use super::printed::json_line;
use super::table::{self, Form, Table};

impl Desk<'_> {
    /// The latest runs, newest first, those included that could not begin.
    pub(crate) async fn runs(&self, options: &Runs) -> Result<(), Failure> {
        let chosen = options.directory.source.as_ref();
        let mut sources = self.repository.sources(self.organization).await?;
        match chosen {
            Some(source) => sources = vec![self.known(source).await?],
            None => sources.retain(|source| source.kind() == "ldap"),
        }
        let mut runs = Vec::new();
        for source in sources {
            let of_source = self.repository.runs(self.organization, &source, options.limit).await?;
            runs.extend(of_source.into_iter().map(|run| (source.clone(), run)));
        }
        runs.sort_by_key(|(_, run)| Reverse(run.started));
        let mut out = BufWriter::new(io::stdout().lock());
        if options.directory.json {
            for (source, run) in &runs {
                json_line(&mut out, &json(source.as_str(), run))?;
            }
            return Ok(out.flush()?);
        }
        let form = Form::of_stdout();
        let table = if let Form::Page(_) = form { page(&runs) } else { rows(&runs) };
        table.put(&mut out, form)?;
        Ok(out.flush()?)
    }

    /// Takes a lease back that nobody gives back.
    pub(crate) async fn release(&self, options: &Releasing) -> Result<(), Failure> {
        let Releasing { source, author, json } = options;
        let source = &self.known(source).await?;
        let released = self.curation.release(source, &author.author()).await?;
        let answer = json!({ "source": source, "released": released });
        tell(*json, &answer, || match released {
            Some(run) => format!("the lease of run {run} on {source} is broken"),
            None => format!("no run holds {source}"),
        })
    }

    /// Writes what a kept plan says, as far as it still holds.
    pub(crate) async fn apply(&self, options: &Applying) -> Result<(), Failure> {
        let plan = read(&options.file)?;
        let sync_options = SyncOptions::new().with_confirmation(options.confirm);
        let applied = plan.apply(self.repository, &sync_options).await?;
        let changes = if applied.written == 1 { "change" } else { "changes" };
        tell(options.json, &applied, || {
            let (written, dropped) = (applied.written, applied.dropped);
            format!("{written} {changes} written, {dropped} dropped since they hold no more")
        })
    }
}

/// What a kept plan would do.
pub(crate) fn plan(file: &Path) -> Result<(), Failure> {
    let plan = read(file)?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut facts = Table::new(["", ""]);
    facts.wraps = true;
    facts.row(["Task", &plan.task.name]);
    facts.row(["Directory", plan.task.source.as_str()]);
    facts.row(["Made", &plan.report.started.to_string()]);
    let changes: usize = plan.batches.iter().map(|batch| batch.changes.len()).sum();
    facts.row(["Changes", &changes.to_string()]);
    if let Some(brake) = &plan.report.brake {
        for exceeded in &brake.exceeded {
            facts.row(["Too much", &exceeded.to_string()]);
        }
        facts.row(["Confirm with", &brake.confirmation.to_string()]);
    }
    let form = Form::of_stdout();
    facts.write(&mut out, table::width())?;
    let mut decisions = Table::new(["Computer", "Decision", "Why"]);
    decisions.wraps = true;
    for decision in plan.report.decisions.iter().flatten() {
        let (verdict, reason) = (decision.verdict.to_string(), decision.reason());
        decisions.row([&*decision.name, &verdict, &reason]);
    }
    writeln!(out)?;
    decisions.put(&mut out, form)?;
    let mut losses = Table::new(["Would be missing", "Name", "Asset"]);
    for loss in plan.losses() {
        let asset = loss.asset.map(|asset| asset.to_string()).unwrap_or_default();
        losses.row([loss.kind.to_string(), loss.name, asset]);
    }
    if !plan.losses().is_empty() {
        writeln!(out)?;
        losses.put(&mut out, form)?;
    }
    Ok(out.flush()?)
}

fn read(file: &Path) -> Result<MergePlan, Failure> {
    let plan = File::open(file).map_err(|error| error.to_string()).and_then(|file| {
        serde_json::from_reader(BufReader::new(file)).map_err(|error| error.to_string())
    });
    plan.map_err(|error| {
        let sentence = format!("{} cannot be read as a plan: {error}", file.display());
        Failure::new(Status::Usage, sentence)
    })
}

/// For people: how a run ended stands before what it did.
fn page(runs: &[(SourceId, RunRecord)]) -> Table {
    let mut table = Table::new(["Began", "Run", "Directory", "What"]);
    (table.wraps, table.whole) = (true, 2);
    for (source, run) in runs {
        let read = run.mode.map(|read| format!(", {}", mode(read))).unwrap_or_default();
        let ended = format!("{}{read}: {}", outcome(run.outcome), what(run));
        table.row([&*minute(run.started), &end_of(run.id), source.as_str(), &ended]);
    }
    table
}

/// For other programs.
fn rows(runs: &[(SourceId, RunRecord)]) -> Table {
    let mut table = Table::new(["started", "run", "source", "outcome", "mode", "what"]);
    for (source, run) in runs {
        let (started, id) = (run.started.to_string(), run.id.to_string());
        let read = run.mode.map_or("", mode);
        table.row([&*started, &id, source.as_str(), outcome(run.outcome), read, &what(run)]);
    }
    table
}

/// The record, with the report as JSON and not as text.
fn json(source: &str, run: &RunRecord) -> Value {
    let mut record = json!(run);
    if let Some(fields) = record.as_object_mut() {
        fields.insert("source".to_owned(), json!(source));
        if let Some(checkpoint) = &run.checkpoint {
            fields.insert("checkpoint".to_owned(), readable(checkpoint));
        }
        if let Some(report) = report(run) {
            fields.insert("report".to_owned(), report);
        }
    }
    record
}

/// A checkpoint without lists of bytes.
fn readable(checkpoint: &Checkpoint) -> Value {
    let hexadecimal =
        |bytes: &[u8]| -> String { bytes.iter().map(|byte| format!("{byte:02x}")).collect() };
    json!({
        "key": checkpoint.key.to_string(),
        "mode": checkpoint.mode,
        "scope": hexadecimal(&checkpoint.scope.0),
        "token": hexadecimal(&checkpoint.token),
        "full_read": checkpoint.full_read,
        "census": checkpoint.census,
        "again": checkpoint.again,
    })
}

/// As much of a run's id as people need.
fn end_of(run: RunId) -> String {
    let id = run.to_string();
    id.get(id.len().saturating_sub(8)..).unwrap_or(&id).to_owned()
}

fn report(run: &RunRecord) -> Option<Value> {
    serde_json::from_str(run.report.as_deref()?).ok()
}

fn outcome(outcome: RunOutcome) -> &'static str {
    match outcome {
        RunOutcome::Complete => "complete",
        RunOutcome::Incomplete => "incomplete",
        RunOutcome::Stopped => "stopped",
        _ => "failed",
    }
}

fn mode(mode: ReadMode) -> &'static str {
    match mode {
        ReadMode::Full => "everything",
        _ => "changes",
    }
}

/// What it did in a few words, or what ended it.
fn what(run: &RunRecord) -> String {
    if let Some(error) = &run.error {
        return error.clone();
    }
    let report = report(run).unwrap_or_default();
    let count = |key: &str| {
        let count = report.get("computers").and_then(|computers| computers.get(key));
        count.and_then(Value::as_u64).unwrap_or_default()
    };
    let read = match count("read") {
        1 => "1 computer".to_owned(),
        count => format!("{count} computers"),
    };
    let [created, updated, missing] = ["created", "updated", "missing"].map(count);
    format!("{read} read: {created} new, {updated} updated, {missing} missing")
}
