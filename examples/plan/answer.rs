//! What is printed.

use std::io::{self, Write};

use ldap_inventory::merge::{Decision, Verdict};
use serde_json::{Value, json};

use crate::files::{Assets, Label};
use crate::printed::{escaped, json_line, say};
use crate::score::{Fault, Score};

/// How many computers went where, and how long that took.
pub(crate) struct Answer {
    assets: usize,
    hosts: usize,
    matched: usize,
    created: usize,
    beside: usize,
    ambiguous: usize,
    names_left_out: usize,
    seconds: Seconds,
    score: Option<Score>,
}

/// How long each step took.
pub(crate) struct Seconds {
    /// Reading the files.
    pub(crate) load: f64,
    /// Preparing the assets.
    pub(crate) index: f64,
    /// Deciding.
    pub(crate) plan: f64,
}

impl Answer {
    pub(crate) fn of(
        decisions: &[Decision],
        assets: &Assets,
        seconds: Seconds,
        score: Option<Score>,
    ) -> Self {
        let count = |is: fn(&Verdict) -> bool| decisions.iter().filter(|d| is(&d.verdict)).count();
        Self {
            assets: assets.all.len(),
            hosts: decisions.len(),
            matched: count(|verdict| matches!(verdict, Verdict::Matched(_))),
            created: count(|verdict| matches!(verdict, Verdict::Create(_))),
            beside: decisions.iter().filter(|decision| decision.is_beside_another()).count(),
            ambiguous: count(|verdict| matches!(verdict, Verdict::Ambiguous)),
            names_left_out: assets.left_out,
            seconds,
            score,
        }
    }

    pub(crate) fn print_json(&self) -> io::Result<()> {
        let mut object = json!({
            "assets": self.assets,
            "hosts": self.hosts,
            "matched": self.matched,
            "created": self.created,
            "beside": self.beside,
            "ambiguous": self.ambiguous,
            "names_left_out": self.names_left_out,
            "load_seconds": self.seconds.load,
            "index_seconds": self.seconds.index,
            "plan_seconds": self.seconds.plan,
        });
        if let (Some(score), Some(object)) = (&self.score, object.as_object_mut()) {
            object.extend(score_of(score));
        }
        json_line(&mut io::stdout().lock(), &object)
    }

    pub(crate) fn print(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        let Self { assets, hosts, matched, created, beside, ambiguous, seconds, .. } = self;
        writeln!(out, "assets     {assets:>9}")?;
        writeln!(out, "hosts      {hosts:>9}")?;
        writeln!(out, "matched    {matched:>9}")?;
        writeln!(out, "created    {created:>9}")?;
        if *beside > 0 {
            writeln!(
                out,
                "beside     {beside:>9}  (of these: an asset has their name, and so have others)"
            )?;
        }
        writeln!(out, "ambiguous  {ambiguous:>9}")?;
        if self.names_left_out > 0 {
            writeln!(
                out,
                "left out   {:>9}  (names of assets that are no host names)",
                self.names_left_out
            )?;
        }
        if let Some(score) = &self.score {
            print_score(&mut out, score)?;
        }
        let Seconds { load, index, plan } = seconds;
        say(format_args!("load {load:.2} s, index {index:.2} s, plan {plan:.2} s"));
        Ok(())
    }
}

fn score_of(score: &Score) -> serde_json::Map<String, Value> {
    let faults = |faults: &[Fault], asset: fn(&Fault) -> Option<&str>| {
        let fault = |fault: &Fault| {
            json!({
                "guid": fault.host,
                "asset": asset(fault),
                "truth": fault.is.text(),
                "reason": fault.reason,
            })
        };
        Value::Array(faults.iter().map(fault).collect())
    };
    [
        ("precision", json!(score.precision())),
        ("recall", json!(score.recall())),
        ("right", json!(score.right)),
        ("there", json!(score.there)),
        ("open", json!(score.open)),
        ("flagged", json!(score.flagged)),
        ("flagged_needlessly", json!(score.flagged_needlessly)),
        ("without_truth", json!(score.unknown)),
        ("wrong", faults(&score.wrong, |fault| Some(&fault.tied_to))),
        ("missed", faults(&score.missed, |_| None)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn print_score(out: &mut impl Write, score: &Score) -> io::Result<()> {
    let Score { right, tied, there, open, flagged, flagged_needlessly, .. } = score;
    writeln!(out, "precision {:.6}: {right} of {tied} ties are right", score.precision())?;
    writeln!(out, "recall    {:.6}: {right} of the {there} that there are", score.recall())?;
    if open + flagged_needlessly > 0 {
        writeln!(
            out,
            "flagged   {:.6}: {flagged} of {open} of which nobody can say, {flagged_needlessly} needlessly",
            score.flagged_share()
        )?;
    }
    if score.unknown > 0 {
        writeln!(out, "of {} hosts the truth says nothing", score.unknown)?;
    }
    for Fault { host, tied_to, is, reason } in &score.wrong {
        let told = match is {
            Label::Asset(is) => format!("wrong: {host} is {is}, not {tied_to}: {reason}"),
            Label::New => format!("wrong: {host} is new, not {tied_to}: {reason}"),
            Label::NobodyCanSay => {
                format!("wrong: nobody can say whether {host} is {tied_to}: {reason}")
            }
        };
        writeln!(out, "{}", escaped(&told))?;
    }
    Ok(())
}
