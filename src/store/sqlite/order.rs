//! The order of a search in SQL.

use rusqlite::types::Value;

use crate::asset::{Sort, SortBy, SortKey, SortValue};

/// What sorts as [`SortKey::compare`] does.
pub(super) fn by(sort: Sort) -> String {
    let column = column(sort.by);
    let direction = if sort.descending { "DESC" } else { "ASC" };
    match sort.by {
        SortBy::Id => format!("ORDER BY id {direction}"),
        _ => format!("ORDER BY {column} {direction} NULLS LAST, id"),
    }
}

/// The condition for what comes after a place, whose value and id are these parameters.
pub(super) fn behind(sort: Sort, place: Option<&SortKey>, value: &str, id: &str) -> String {
    let column = column(sort.by);
    let beyond = if sort.descending { "<" } else { ">" };
    match place.map(|place| &place.value) {
        None => "TRUE".to_owned(),
        Some(None) if sort.by == SortBy::Id => format!("id {beyond} {id}"),
        Some(None) => format!("{column} IS NULL AND id > {id}"),
        Some(Some(_)) => format!(
            "({column} {beyond} {value} OR ({column} = {value} AND id > {id}) OR {column} IS NULL)"
        ),
    }
}

/// The value of a place as a parameter.
pub(super) fn value(value: &SortValue) -> Value {
    match value {
        SortValue::Text(text) => Value::Text(text.clone()),
        SortValue::Time(micros) => Value::Integer(*micros),
    }
}

fn column(by: SortBy) -> &'static str {
    match by {
        SortBy::FirstSeen => "first_seen",
        SortBy::Id => "id",
        SortBy::LastSeen => "last_seen",
        SortBy::Name => "name",
        SortBy::Os => "os",
        SortBy::Site => "site",
    }
}
