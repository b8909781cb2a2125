//! Searching, page by page.

use std::sync::Arc;

use deadpool_postgres::tokio_postgres::Row;
use serde::de::DeserializeOwned;

use super::asset_query::Found;
use super::connections::{Ask, Parameter};
use super::failure::Outcome;
use super::keys::object_key;
use super::read::{self, RECORDS};
use super::snapshot::Snapshot;
use crate::asset::{
    Asset, DirectoryGroup, DirectoryUser, NestedSearch, ObjectKey, PrincipalsRequest, SearchPage,
    SearchRequest, SortKey, asks_for_nesting,
};
use crate::value::{ObjectGuid, OrganizationId, SourceId};

pub(super) const USERS: &str = "users";
pub(super) const GROUPS: &str = "directory_groups";

/// The assets that a search finds, in its order. Where the query has the last word, each question to the database
/// brings twice as many that it may find as the one before.
pub(super) async fn assets(
    snapshot: Arc<Snapshot>,
    request: &SearchRequest,
) -> Outcome<SearchPage<Asset>> {
    let sort = request.sort;
    let mut after = request.after.as_ref().map(|cursor| SortKey::read(sort, cursor)).transpose()?;
    let found = Found::of(&snapshot, request).await?;
    let wanted = request.limit.max(1).saturating_add(1);
    let (mut assets, mut step) = (Vec::new(), wanted);
    while assets.len() < wanted {
        let page = found.page(sort, after.as_ref(), step).await?;
        let is_last = page.len() < step;
        after = page.last().map(|asset| SortKey::of(sort, asset));
        assets.extend(found.asked_for(page));
        if is_last || found.is_exact {
            break;
        }
        step = step.saturating_mul(2).min(RECORDS.max(wanted));
    }
    assets.truncate(wanted);
    Ok(SearchPage::of(assets, request.limit, |asset| SortKey::of(sort, asset).cursor()))
}

pub(super) async fn users(
    snapshot: Arc<Snapshot>,
    request: &SearchRequest,
) -> Outcome<SearchPage<DirectoryUser>> {
    let (all, wanted) = principals(request)?;
    let groups = groups_asked_for(&*snapshot, request).await?;
    let search = NestedSearch::users(request, &groups);
    let is_wanted = |user: &DirectoryUser| search.finds_user(user);
    let users = each_object(&*snapshot, USERS, &all, wanted, is_wanted).await?;
    Ok(SearchPage::of(users, request.limit, |user: &DirectoryUser| user.key().cursor()))
}

pub(super) async fn groups(
    snapshot: Arc<Snapshot>,
    request: &SearchRequest,
) -> Outcome<SearchPage<DirectoryGroup>> {
    let (all, wanted) = principals(request)?;
    let groups = groups_asked_for(&*snapshot, request).await?;
    let search = NestedSearch::groups(request, &groups);
    let is_wanted = |group: &DirectoryGroup| search.finds_group(group);
    let groups = each_object(&*snapshot, GROUPS, &all, wanted, is_wanted).await?;
    Ok(SearchPage::of(groups, request.limit, |group: &DirectoryGroup| group.key().cursor()))
}

/// All groups, if a search asks for nested membership.
async fn groups_asked_for(ask: &impl Ask, request: &SearchRequest) -> Outcome<Vec<DirectoryGroup>> {
    if !asks_for_nesting(request) {
        return Ok(Vec::new());
    }
    let all = PrincipalsRequest::new(request.organization.clone());
    each_object(ask, GROUPS, &all, usize::MAX, |_| true).await
}

/// What a search looks through, and how many it needs for a page and to know whether there is another.
fn principals(request: &SearchRequest) -> Outcome<(PrincipalsRequest, usize)> {
    let after = request.after.as_deref().map(ObjectKey::read).transpose()?;
    let all = PrincipalsRequest::new(request.organization.clone());
    let all = all.of_source(request.source.clone()).after(after);
    Ok((all, request.limit.max(1).saturating_add(1)))
}

/// The first `limit` users or groups that are wanted, in the order of their keys; or all that are, if they are asked for by
/// their objectGUIDs.
pub(super) async fn each_object<T: DeserializeOwned>(
    ask: &impl Ask,
    table: &str,
    request: &PrincipalsRequest,
    limit: usize,
    is_wanted: impl Fn(&T) -> bool,
) -> Outcome<Vec<T>> {
    let mut found: Vec<T> = Vec::new();
    for source in read::sources(ask, &request.organization).await? {
        if request.source.as_ref().is_some_and(|asked_for| *asked_for != source) {
            continue;
        }
        let mut after = match &request.after {
            Some(last) if source < last.source => continue,
            Some(last) if source == last.source => Some(last.object),
            _ => None,
        };
        if let Some(objects) = &request.objects {
            let behind = objects.iter().copied().filter(|object| Some(*object) > after);
            let (place, objects) = ((&request.organization, &source), behind.collect::<Vec<_>>());
            let records = read::objects(ask, table, place, &objects).await?;
            found.extend(records.into_iter().filter(&is_wanted));
            continue;
        }
        loop {
            let place = (&request.organization, &source, after);
            let page = page(ask, table, place).await?;
            let is_last = page.len() < RECORDS;
            after = page.last().map(|(object, _)| *object);
            for (_, record) in page {
                if is_wanted(&record) {
                    found.push(record);
                }
                if found.len() == limit {
                    return Ok(found);
                }
            }
            if is_last {
                break;
            }
        }
    }
    Ok(found)
}

/// The records of a source behind an objectGUID.
async fn page<T: DeserializeOwned>(
    ask: &impl Ask,
    table: &str,
    place: (&OrganizationId, &SourceId, Option<ObjectGuid>),
) -> Outcome<Vec<(ObjectGuid, T)>> {
    let record = |row| Ok((read::object_of(row)?, read::of_object(row)?));
    rows(ask, table, place).await?.iter().map(record).collect()
}

/// Their rows, of objectGUID and document.
pub(super) async fn rows(
    ask: &impl Ask,
    table: &str,
    (organization, source, after): (&OrganizationId, &SourceId, Option<ObjectGuid>),
) -> Outcome<Vec<Row>> {
    let behind = if after.is_some() { "AND object > $4" } else { "" };
    let sql = format!(
        "SELECT object, document FROM {table} WHERE organization = $1 AND source = $2 {behind}
         ORDER BY object LIMIT $3"
    );
    let (after, limit) = (after.map(object_key), i64::try_from(RECORDS).unwrap_or(i64::MAX));
    let (organization, source) = (organization.as_str(), source.as_str());
    let first: [Parameter<'_>; 3] = [&organization, &source, &limit];
    let parameters = first.into_iter().chain(after.as_ref().map(|after| after as Parameter<'_>));
    ask.rows(&sql, &parameters.collect::<Vec<_>>()).await
}
