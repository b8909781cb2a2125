//! Why an asset is what it is, for people.

use std::io::{self, Write};

use ldap_inventory::asset::Presence;
use ldap_inventory::merge::{ExplainedRecord, ExplainedValue, Explanation};
use ldap_inventory::value::Timestamp;

use super::printed::escaped;
use super::table::{Form, Table};

/// Sources, values and decisions, each in a table of its own.
pub(crate) fn show(out: &mut dyn Write, explanation: &Explanation) -> io::Result<()> {
    let form = Form::of_stdout();
    let site = escaped(explanation.site.as_str());
    writeln!(out, "Asset {} of site {site}\n", explanation.asset)?;
    let (parts, values) = match form {
        Form::Page(_) => page(explanation),
        _ => rows(explanation),
    };
    parts.put(out, form)?;
    writeln!(out)?;
    values.put(out, form)?;
    let left_out = explanation.parts.iter().flat_map(|part| {
        part.left_out.iter().map(|left_out| [part.number.to_string(), left_out.clone()])
    });
    list(out, ["Part", "Left out by the last read"], left_out)?;
    let system = explanation.system.iter();
    list(out, ["System", "Value"], system.map(|(name, value)| [name, value].map(str::to_owned)))?;
    let decisions = explanation.decisions.iter().map(ToString::to_string);
    let decided = decisions.chain(explanation.merges.iter().map(ToString::to_string));
    list(out, ["Decided by people"], decided.map(|sentence| [sentence]))
}

/// For people: what is long stands in the last column, which is wrapped.
fn page(explanation: &Explanation) -> (Table, Table) {
    let mut parts = Table::new(["Part", "Written", "Record"]);
    (parts.wraps, parts.whole) = (true, 2);
    for [number, source, written, state, tied] in explanation.parts.iter().map(part) {
        let tied = if tied.is_empty() { tied } else { format!(": {tied}") };
        parts.row([number, written, format!("{source}, {state}{tied}")]);
    }
    let mut values = Table::new(["Field", "Part", "Since", "Value"]);
    (values.wraps, values.whole) = (true, 3);
    for [field, text, part, since, remarks] in explanation.values.iter().map(value) {
        let remarks = if remarks.is_empty() { remarks } else { format!(" ({remarks})") };
        values.row([field, part, since, text + &remarks]);
    }
    (parts, values)
}

/// For other programs.
fn rows(explanation: &Explanation) -> (Table, Table) {
    let mut parts = Table::new(["Part", "Source", "Written", "State", "Tied"]);
    explanation.parts.iter().for_each(|it| parts.row(part(it)));
    let mut values = Table::new(["Field", "Value", "Part", "Since", "Remarks"]);
    explanation.values.iter().for_each(|it| values.row(value(it)));
    (parts, values)
}

/// A table below the others, if there is anything to list.
fn list<const COLUMNS: usize>(
    out: &mut dyn Write,
    titles: [&'static str; COLUMNS],
    rows: impl Iterator<Item = [String; COLUMNS]>,
) -> io::Result<()> {
    let mut table = Table::new(titles);
    table.wraps = true;
    let mut is_empty = true;
    rows.for_each(|row| {
        is_empty = false;
        table.row(row);
    });
    if is_empty {
        return Ok(());
    }
    writeln!(out)?;
    table.put(out, Form::of_stdout())
}

fn part(part: &ExplainedRecord) -> [String; 5] {
    let state = match part.presence {
        Presence::Present => "present".to_owned(),
        Presence::Missing { since, .. } => format!("missing since {}", minute(since)),
        Presence::Gone { since } => format!("gone since {}", minute(since)),
    };
    let mut tied = part.tie.as_ref().map(|tie| tie.reason.clone()).unwrap_or_default();
    if let Some((merge, asset)) = part.came_by {
        tied = format!("{tied}; came from asset {asset} by merge {merge}");
    }
    [
        part.number.to_string(),
        part.source.to_string(),
        minute(part.written),
        state,
        tied.trim_start_matches("; ").to_owned(),
    ]
}

fn value(value: &ExplainedValue) -> [String; 5] {
    let mut remarks = Vec::new();
    if let Some(until) = value.until {
        remarks.push(format!("until {}", minute(until)));
    } else if !value.holds {
        remarks.push("another source goes before it".to_owned());
    }
    remarks.extend(value.why.map(|why| format!("holds: {why}")));
    remarks.extend(value.replaced.as_ref().map(|before| format!("in place of {before}")));
    [
        value.field.to_owned(),
        value.value.clone(),
        value.part.to_string(),
        minute(value.since),
        remarks.join(", "),
    ]
}

/// A time to the minute.
pub(crate) fn minute(time: Timestamp) -> String {
    let text = time.to_string();
    text.get(..16).unwrap_or(&text).replace('T', " ")
}
