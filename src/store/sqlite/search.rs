//! Searching, page by page.

use rusqlite::{Connection, ToSql, params};
use serde::de::DeserializeOwned;

use super::failure::Outcome;
use super::fields::{self, Parameter};
use super::number;
use super::read::{asset, object};
use super::record::key;
use crate::asset::{Asset, SearchPage, SearchRequest};
use crate::query::Fields;
use crate::store::cursor::DirectoryRecord;
use crate::store::{cursor, paging, selection};
use crate::value::SourceId;

pub(super) fn assets(
    connection: &Connection,
    request: &SearchRequest,
) -> Outcome<SearchPage<Asset>> {
    let after = request.after.as_ref().map(cursor::asset).transpose()?;
    let Some(organization) = number::organization(connection, &request.organization)? else {
        return Ok(SearchPage { records: Vec::new(), next: None });
    };
    let condition = fields::ASSETS.condition(&request.query, request.now.as_micros(), 3);
    let sql = format!(
        "SELECT id, document FROM assets WHERE organization = ?1 AND id > ?2 AND {} ORDER BY id",
        condition.text
    );
    let after = after.map(|id| key(id.as_u128()));
    let after: &[u8] = after.as_ref().map_or(&[], |id| id);
    let mut statement = connection.prepare(&sql)?;
    let parameters: Vec<Parameter<'_>> = condition.parameters.iter().map(Parameter).collect();
    let mut all: Vec<&dyn ToSql> = vec![&organization, &after];
    all.extend(parameters.iter().map(|parameter| parameter as &dyn ToSql));
    let is_asked_for = |asset: &Asset| condition.exact || selection::selects(request, asset);
    let found = statement
        .query_and_then(&*all, asset)?
        .filter(|asset| asset.as_ref().map_or(true, is_asked_for));
    paging::page(request.limit, found, |asset| cursor::of_asset(asset.id))
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
