//! Why an asset is what it is, for people.

use std::io::{self, Write};

use ldap_inventory::asset::Presence;
use ldap_inventory::merge::{Explanation, PartOf, Sentence, ValueOf};
use ldap_inventory::value::Timestamp;

use super::table::{self, Table};

/// Sources, values and decisions, each in a table of its own.
pub(crate) fn show(out: &mut dyn Write, explanation: &Explanation) -> io::Result<()> {
    let width = table::width();
    writeln!(out, "Asset {} of site {}\n", explanation.asset, explanation.site)?;
    let mut parts = Table::new(["Part", "Source", "Written", "State", "Left out", "Tied"]);
    parts.wraps = true;
    explanation.parts.iter().for_each(|it| parts.row(part(it)));
    parts.write(out, width)?;
    writeln!(out)?;
    let mut values = Table::new(["Field", "Value", "Part", "Since", "Remarks"]);
    values.wraps = true;
    explanation.values.iter().for_each(|it| values.row(value(it)));
    values.write(out, width)?;
    let decisions = explanation.decisions.iter().map(|decision| Sentence(decision).to_string());
    let decided: Vec<String> =
        decisions.chain(explanation.merges.iter().map(ToString::to_string)).collect();
    if !decided.is_empty() {
        writeln!(out)?;
        let mut decisions = Table::new(["Decided by people"]);
        decisions.wraps = true;
        decided.iter().for_each(|sentence| decisions.row([sentence]));
        decisions.write(out, width)?;
    }
    Ok(())
}

fn part(part: &PartOf) -> [String; 6] {
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
        part.left_out.join("; "),
        tied.trim_start_matches("; ").to_owned(),
    ]
}

fn value(value: &ValueOf) -> [String; 5] {
    let mut remarks = Vec::new();
    if let Some(until) = value.until {
        remarks.push(format!("until {}", minute(until)));
    } else if !value.holds {
        remarks.push("another source goes before it".to_owned());
    }
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
