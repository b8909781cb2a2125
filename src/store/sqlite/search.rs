//! Searching, page by page.

use std::collections::BTreeSet;

use rusqlite::{Connection, ToSql, params};
use serde::de::DeserializeOwned;

use super::asset_query::Found;
use super::failure::Outcome;
use super::order;
use super::read::{each, object};
use crate::asset::{
    Asset, DirectoryGroup, DirectoryUser, NestedSearch, ObjectKey, PrincipalsRequest, SearchPage,
    SearchRequest, SortKey, asks_for_nesting,
};
use crate::store::record::key;
use crate::value::{ObjectGuid, SourceId};

/// Yields the users of one source behind an objectGUID: all, or those of a list.
pub(super) const USERS: [&str; 2] = [
    "SELECT object, document FROM users WHERE source = ?1 AND object > ?2 ORDER BY object",
    "SELECT object, document FROM users WHERE source = ?1 AND object > ?2 AND object = ?3",
];

/// The same of groups.
pub(super) const GROUPS: [&str; 2] = [
    "SELECT object, document FROM directory_groups
     WHERE source = ?1 AND object > ?2 ORDER BY object",
    "SELECT object, document FROM directory_groups
     WHERE source = ?1 AND object > ?2 AND object = ?3",
];

/// The assets that a search finds, in its order, page by page.
pub(super) fn assets(
    connection: &Connection,
    request: &SearchRequest,
) -> Outcome<SearchPage<Asset>> {
    let sort = request.sort;
    let after = request.after.as_ref().map(|cursor| SortKey::read(sort, cursor)).transpose()?;
    let Some(found) = Found::of(connection, request)? else {
        return Ok(SearchPage::empty());
    };
    let behind = order::behind(sort, after.as_ref(), "?2", "?3");
    // What finds nothing that is not asked for can be sorted for one page only.
    let limit = if found.is_exact { "LIMIT ?4" } else { "" };
    let sql = found.sql("number", &format!("AND {behind}"), &order::by(sort), limit);
    let value = after.as_ref().and_then(|place| place.value.as_ref()).map(order::value);
    let id = after.map(|place| key(place.id.as_u128()));
    let wanted = request.limit.max(1).saturating_add(1);
    let mut statement = connection.prepare(&sql)?;
    let rows = i64::try_from(wanted).unwrap_or(i64::MAX);
    let parameters: [&dyn ToSql; 3] = [&value, &id, &rows];
    let parameters = found.parameters(&statement, &parameters);
    let records = statement.query_and_then(&*parameters, |row| found.record(row.get(0)?))?;
    let records: Vec<Asset> =
        records.filter_map(Result::transpose).take(wanted).collect::<Outcome<_>>()?;
    Ok(SearchPage::of(records, request.limit, |asset| SortKey::of(sort, asset).cursor()))
}

pub(super) fn users(
    connection: &Connection,
    request: &SearchRequest,
) -> Outcome<SearchPage<DirectoryUser>> {
    let (all, wanted) = principals(request)?;
    let search = NestedSearch::users(request, &groups_asked_for(connection, request)?);
    let users = each_object(connection, USERS, &all, wanted, |user| search.finds_user(user))?;
    Ok(SearchPage::of(users, request.limit, |user: &DirectoryUser| user.key().cursor()))
}

pub(super) fn groups(
    connection: &Connection,
    request: &SearchRequest,
) -> Outcome<SearchPage<DirectoryGroup>> {
    let (all, wanted) = principals(request)?;
    let search = NestedSearch::groups(request, &groups_asked_for(connection, request)?);
    let groups = each_object(connection, GROUPS, &all, wanted, |group| search.finds_group(group))?;
    Ok(SearchPage::of(groups, request.limit, |group: &DirectoryGroup| group.key().cursor()))
}

/// All groups, if a search asks for nested membership.
fn groups_asked_for(
    connection: &Connection,
    request: &SearchRequest,
) -> Outcome<Vec<DirectoryGroup>> {
    if !asks_for_nesting(request) {
        return Ok(Vec::new());
    }
    let all = PrincipalsRequest::new(request.organization.clone());
    each_object(connection, GROUPS, &all, usize::MAX, |_| true)
}

/// What a search looks through, and how many it needs for a page and to know whether there is another.
fn principals(request: &SearchRequest) -> Outcome<(PrincipalsRequest, usize)> {
    let after = request.after.as_deref().map(ObjectKey::read).transpose()?;
    let all = PrincipalsRequest::new(request.organization.clone());
    let all = all.of_source(request.source.clone()).after(after);
    Ok((all, request.limit.max(1).saturating_add(1)))
}

/// The first `limit` users or groups that are wanted, by the statements that yield those of one source behind an
/// objectGUID; or all that are, if they are asked for by their objectGUIDs.
pub(super) fn each_object<T: DeserializeOwned>(
    connection: &Connection,
    [all, listed]: [&str; 2],
    request: &PrincipalsRequest,
    limit: usize,
    is_wanted: impl Fn(&T) -> bool,
) -> Outcome<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    for (number, source) in sources(connection, request)? {
        let after: &[u8] = match &request.after {
            Some(last) if source < last.source => continue,
            Some(last) if source == last.source => last.object.as_bytes(),
            _ => &[],
        };
        if let Some(objects) = &request.objects {
            let objects: BTreeSet<&ObjectGuid> = objects.iter().collect();
            let keys = objects.into_iter().map(|object| (number, after, object.as_bytes()));
            found.extend(each(connection, listed, keys, object)?.into_iter().filter(&is_wanted));
            continue;
        }
        let mut statement = connection.prepare_cached(all)?;
        for record in statement.query_and_then(params![number, after], object)? {
            let record = record?;
            if is_wanted(&record) {
                found.push(record);
            }
            if found.len() == limit {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// The organization's sources that are asked for, in the order of their ids.
fn sources(connection: &Connection, request: &PrincipalsRequest) -> Outcome<Vec<(i64, SourceId)>> {
    let sql = "SELECT number, id FROM sources
               WHERE organization = (SELECT number FROM organizations WHERE id = ?1)
                 AND (?2 IS NULL OR id = ?2) ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let only = request.source.as_ref().map(SourceId::as_str);
    let parameters = params![request.organization.as_str(), only];
    let rows = statement.query_and_then(parameters, |row| {
        let id: String = row.get(1)?;
        Ok((row.get(0)?, id.parse()?))
    })?;
    rows.collect()
}
