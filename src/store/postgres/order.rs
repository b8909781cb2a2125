//! The order of a search in SQL.

use deadpool_postgres::tokio_postgres::types::ToSql;

use super::keys::asset_key;
use crate::asset::{Sort, SortBy, SortKey, SortValue};

/// What sorts as [`SortKey::compare`] does.
pub(super) fn by(sort: Sort) -> String {
    let (column, direction) = (column(sort.by), if sort.descending { "DESC" } else { "ASC" });
    match sort.by {
        SortBy::Id => format!("ORDER BY {column} {direction}"),
        _ => format!("ORDER BY {column} {direction} NULLS LAST, assets.id"),
    }
}

/// The condition for what comes after a place, with its parameters, numbered from `first`.
pub(super) fn behind(place: &SortKey, first: usize) -> (String, Vec<Box<dyn ToSql + Sync + Send>>) {
    let column = column(place.sort.by);
    let beyond = if place.sort.descending { "<" } else { ">" };
    let id = Box::new(asset_key(place.id));
    let value: Box<dyn ToSql + Sync + Send> = match &place.value {
        None if place.sort.by == SortBy::Id => {
            return (format!("assets.id {beyond} ${first}"), vec![id]);
        }
        None => return (format!("({column} IS NULL AND assets.id > ${first})"), vec![id]),
        // No parameter may have U+0000. No column has it either, so that another end of the text makes no difference.
        Some(SortValue::Text(text)) => Box::new(text.replace('\0', "\u{1}")),
        Some(SortValue::Time(micros)) => Box::new(*micros),
    };
    let second = first.saturating_add(1);
    let condition = format!(
        "({column} {beyond} ${second} OR ({column} = ${second} AND assets.id > ${first})
          OR {column} IS NULL)"
    );
    (condition, vec![id, value])
}

fn column(by: SortBy) -> &'static str {
    match by {
        SortBy::FirstSeen => "assets.first_seen",
        SortBy::Id => "assets.id",
        SortBy::LastSeen => "assets.last_seen",
        SortBy::Name => "assets.name COLLATE \"C\"",
        SortBy::Os => "assets.os COLLATE \"C\"",
        SortBy::Site => "assets.site COLLATE \"C\"",
    }
}
