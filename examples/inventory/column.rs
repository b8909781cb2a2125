//! Columns that people ask for: keys of the JSON objects, and attributes.

use ldap_inventory::Error;
use serde_json::{Map, Value};

use super::exit::{Failure, Status};
use super::record::Record;

/// Between several values in one cell.
const BETWEEN: &str = "; ";

/// The text of a record's value; `None` where a record has nothing of this name.
pub(crate) fn cell(record: &Value, column: &str) -> Option<String> {
    if let Some(value) = record.get(column) {
        return Some(text(value));
    }
    let values = attribute(record.get("attributes")?, column);
    (!values.is_empty()).then(|| values.join(BETWEEN))
}

/// A part of a record: what was asked for, under the names by which it was.
pub(crate) fn selected(record: &Value, columns: &[String]) -> Value {
    let value = |column: &String| match record.get(column) {
        Some(value) => value.clone(),
        None => cell(record, column).map_or(Value::Null, Value::String),
    };
    let chosen = columns.iter().map(|column| (column.clone(), value(column)));
    Value::Object(chosen.collect::<Map<String, Value>>())
}

/// The title of a column that is named by its key: `last_seen` is `Last seen`.
pub(crate) fn title(key: &str) -> String {
    if key.starts_with('@') {
        return key.to_owned();
    }
    let words = key.replace('_', " ");
    match words.as_str() {
        "id" | "dn" | "os" | "upn" => words.to_uppercase(),
        _ => {
            let mut letters = words.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
    }
}

/// A column that no record has.
pub(crate) fn unknown<R: Record>(column: &str) -> Failure {
    let reason =
        format!("it is no attribute of what was found, and none of these: {}", R::KEYS.join(", "));
    Failure::new(Status::Usage, Error::invalid("column", column, reason).to_string())
}

/// Whether a record can have such a column, whatever was found.
pub(crate) fn is_known<R: Record>(column: &str) -> bool {
    R::KEYS.contains(&column) || ["attributes", "groups", "members", "names"].contains(&column)
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.replace('\t', BETWEEN),
        Value::Array(values) => values.iter().map(text).collect::<Vec<_>>().join(BETWEEN),
        other => other.to_string(),
    }
}

/// The values of an attribute, with or without what it is filed under: `@ldap.computer.cn` or `cn`.
fn attribute(attributes: &Value, column: &str) -> Vec<String> {
    let Value::Object(attributes) = attributes else { return Vec::new() };
    let mut values = Vec::new();
    for (key, value) in attributes {
        let Value::Array(parts) = value else {
            let bare = column.rsplit('.').next().unwrap_or(column);
            values.extend(key.eq_ignore_ascii_case(bare).then(|| text(value)));
            continue;
        };
        let name = match column.strip_prefix(key.as_str()) {
            Some(rest) => rest.strip_prefix('.'),
            None => (!column.starts_with('@')).then_some(column),
        };
        let Some(name) = name else { continue };
        for part in parts.iter().filter_map(Value::as_object) {
            let found = part.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            values.extend(found.map(|(_, value)| text(value)));
        }
    }
    values.dedup();
    values
}
