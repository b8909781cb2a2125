//! Searching, page by page.

use rusqlite::{Connection, ToSql, params};
use serde::de::DeserializeOwned;

use super::asset_query::Found;
use super::failure::Outcome;
use super::order;
use super::read::object;
use super::record::key;
use crate::asset::{Asset, SearchPage, SearchRequest, SortKey};
use crate::query::Fields;
use crate::store::cursor::DirectoryRecord;
use crate::store::{cursor, paging, selection};
use crate::value::SourceId;

/// The assets that a search finds, in its order, page by page.
pub(super) fn assets(
    connection: &Connection,
    request: &SearchRequest,
) -> Outcome<SearchPage<Asset>> {
    let sort = request.sort;
    let after = request.after.as_ref().map(|cursor| SortKey::read(sort, cursor)).transpose()?;
    let Some(found) = Found::of(connection, request)? else {
        return Ok(SearchPage { records: Vec::new(), next: None });
    };
    let behind = order::behind(sort, after.as_ref(), "?2", "?3");
    // What finds nothing that is not asked for can be sorted for one page only.
    let limit = if found.is_exact { "LIMIT ?4" } else { "" };
    let sql = found.sql("number", &format!("AND {behind}"), &order::by(sort), limit);
    let value = after.as_ref().and_then(|place| place.value.as_ref()).map(order::value);
    let id = after.map(|place| key(place.id.as_u128()));
    let wanted = i64::try_from(request.limit.max(1).saturating_add(1)).unwrap_or(i64::MAX);
    let mut statement = connection.prepare(&sql)?;
    let parameters: [&dyn ToSql; 3] = [&value, &id, &wanted];
    let parameters = found.parameters(&statement, &parameters);
    let records = statement.query_and_then(&*parameters, |row| found.record(row.get(0)?))?;
    let records = records.filter_map(Result::transpose);
    paging::page(request.limit, records, |asset| SortKey::of(sort, asset).cursor())
}

/// Users or groups, by the statement that yields those of one source behind an objectGUID.
pub(super) fn objects<T: DirectoryRecord + Fields + DeserializeOwned>(
    connection: &Connection,
    sql: &str,
    request: &SearchRequest,
) -> Outcome<SearchPage<T>> {
    let after = request.after.as_ref().map(cursor::object).transpose()?;
    let mut found: Vec<T> = Vec::new();
    let wanted = request.limit.max(1).saturating_add(1);
    for (number, source) in sources(connection, request)? {
        let after: &[u8] = match &after {
            Some((last, _)) if source < *last => continue,
            Some((last, object)) if source == *last => object.as_bytes(),
            _ => &[],
        };
        let mut statement = connection.prepare_cached(sql)?;
        for record in statement.query_and_then(params![number, after], object)? {
            let record = record?;
            if selection::selects(request, &record) {
                found.push(record);
            }
            if found.len() == wanted {
                break;
            }
        }
    }
    paging::page(request.limit, found.into_iter().map(Ok), cursor::of_object)
}

/// The organization's sources, in the order of their ids.
fn sources(connection: &Connection, request: &SearchRequest) -> Outcome<Vec<(i64, SourceId)>> {
    let sql = "SELECT number, id FROM sources
               WHERE organization = (SELECT number FROM organizations WHERE id = ?1) ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_and_then([request.organization.as_str()], |row| {
        let id: String = row.get(1)?;
        Ok((row.get(0)?, id.parse()?))
    })?;
    rows.collect()
}
