//! What the runs of a directory did, and plans of runs that wrote nothing.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::Path;

use ldap_inventory::asset::{RunOutcome, RunRecord};
use ldap_inventory::sync::{MergePlan, SyncOptions};
use ldap_inventory::value::ReadMode;
use serde_json::{Value, json};

use super::curate::Desk;
use super::exit::{Failure, Status};
use super::explain::minute;
use super::options::{Applying, Runs};
use super::table::{self, Table};

impl Desk<'_> {
    /// The latest runs, newest first.
    pub(crate) async fn runs(&self, options: &Runs) -> Result<(), Failure> {
        let mut out = BufWriter::new(io::stdout().lock());
        let mut table = Table::new(["Began", "Directory", "Outcome", "Read", "What"]);
        table.wraps = true;
        for source in self.sources(options.directory.source.as_ref()).await? {
            let runs = self.repository.runs(self.organization, &source, options.limit).await?;
            for run in runs {
                if options.directory.json {
                    serde_json::to_writer(&mut out, &json(&source.to_string(), &run))
                        .map_err(io::Error::from)?;
                    writeln!(out)?;
                } else {
                    let began = minute(run.started);
                    let read = run.mode.map_or("", mode);
                    table.row([&began, source.as_str(), outcome(run.outcome), read, &what(&run)]);
                }
            }
        }
        if !options.directory.json {
            table.write(&mut out, table::width())?;
        }
        Ok(out.flush()?)
    }

    /// What a kept plan would do.
    pub(crate) fn plan(&self, file: &Path) -> Result<(), Failure> {
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
        facts.write(&mut out, table::width())?;
        let mut decisions = Table::new(["Computer", "Decision", "Why"]);
        decisions.wraps = true;
        for decision in plan.report.decisions.iter().flatten() {
            let (verdict, reason) = (decision.verdict.to_string(), decision.reason());
            decisions.row([decision.name.as_str(), &verdict, &reason]);
        }
        writeln!(out)?;
        decisions.write(&mut out, table::width())?;
        Ok(out.flush()?)
    }

    /// Writes what a kept plan says, as far as it still holds.
    pub(crate) async fn apply(&self, options: &Applying) -> Result<(), Failure> {
        let plan = read(&options.file)?;
        let sync_options = SyncOptions::new().with_confirmation(options.confirm);
        let applied = plan.apply(self.repository, &sync_options).await?;
        if options.json {
            println!("{}", json!(applied));
        } else {
            println!(
                "{} changes written, {} dropped since they hold no more",
                applied.written, applied.dropped
            );
        }
        Ok(())
    }
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

/// The record, with the report as JSON and not as text.
fn json(source: &str, run: &RunRecord) -> Value {
    let mut record = json!(run);
    if let Some(fields) = record.as_object_mut() {
        fields.insert("source".to_owned(), json!(source));
        if let Some(report) = report(run) {
            fields.insert("report".to_owned(), report);
        }
    }
    record
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
    format!(
        "{} computers read: {} new, {} updated, {} missing",
        count("read"),
        count("created"),
        count("updated"),
        count("missing")
    )
}
