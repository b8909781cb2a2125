//! What a request finds among the assets of its organization.

use std::collections::HashSet;

use deadpool_postgres::tokio_postgres::Row;
use deadpool_postgres::tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::connections::{Ask, Parameter};
use super::failure::Outcome;
use super::fields::{self, LISTS, MOST_LISTS, OVERLAPPING};
use super::keys::asset_key;
use super::snapshot::Snapshot;
use super::{order, read};
use crate::asset::{
    Asset, SearchRequest, Sort, SortKey, asks_for_overlaps, asks_for_states, unresolved,
};
use crate::store::asset_columns::SOURCE;
use crate::value::AssetId;

/// The parameters of a statement that come before those of the query, see [`fields::ASSETS`].
const OWN: usize = 2;

/// Begins every condition: whatever else it says, it has both of them.
const SCOPE: &str = "assets.organization = $1 AND CAST($2 AS uuid[]) IS NOT NULL";

/// Every operating system of an organization, by name and version. One that is written between this question and the next
/// is found by the next search.
const SYSTEMS: &str = "SELECT DISTINCT os, os_version FROM assets WHERE organization = $1";

/// What a request finds, as a condition in SQL.
pub(super) struct Found<'a> {
    snapshot: &'a Snapshot,
    request: &'a SearchRequest,
    /// The assets of which another has a name, if the query asks for them.
    overlapping: Vec<Uuid>,
    /// The assets that computers wait for, if the query asks for them.
    unresolved: HashSet<AssetId>,
    condition: String,
    parameters: Vec<Box<dyn ToSql + Sync + Send>>,
    /// Whether the condition finds nothing else. If it does, [`asked_for`](Self::asked_for) tells.
    pub(super) is_exact: bool,
}

impl<'a> Found<'a> {
    pub(super) async fn of(snapshot: &'a Snapshot, request: &'a SearchRequest) -> Outcome<Self> {
        let unresolved = if asks_for_states(request) {
            unresolved(&read::waiting(snapshot, &request.organization).await?)
        } else {
            HashSet::new()
        };
        let overlapping = match asks_for_overlaps(request) {
            true => snapshot.rows(OVERLAPPING, &[&request.organization.as_str()]).await?,
            false => Vec::new(),
        };
        let overlapping = overlapping.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?;
        let systems = match request.asks_for_support() {
            true => snapshot.rows(SYSTEMS, &[&request.organization.as_str()]).await?,
            false => Vec::new(),
        };
        let system = |row: &Row| Ok((row.try_get(0)?, row.try_get(1)?));
        let systems = systems.iter().map(system).collect::<Outcome<_>>()?;
        let query = request.in_columns(systems);
        let map = match lists(snapshot, request).await? {
            Some(lists) => &fields::ASSETS.clone().among_lists(lists),
            None => &*fields::ASSETS,
        };
        let sql = map.condition(&query, request.now.as_micros(), OWN + 1);
        let parameters = sql.parameters.into_iter().map(fields::parameter).collect();
        let (condition, is_exact) = (sql.text, sql.exact);
        Ok(Self { snapshot, request, overlapping, unresolved, condition, parameters, is_exact })
    }

    /// What a statement selects from the rows of `assets` that are found.
    pub(super) async fn rows(&self, select: &str, end: &str) -> Outcome<Vec<Row>> {
        let condition = &self.condition;
        let sql = format!("SELECT {select} FROM assets WHERE {SCOPE} AND {condition} {end}");
        self.ask(&sql, &[]).await
    }

    /// At most `limit` of the assets that the condition finds, in order, behind a place.
    pub(super) async fn page(
        &self,
        sort: Sort,
        after: Option<&SortKey>,
        limit: usize,
    ) -> Outcome<Vec<Asset>> {
        let first = self.parameters.len().saturating_add(OWN + 2);
        let (behind, place) = match after {
            Some(after) => order::behind(after, first),
            None => ("TRUE".to_owned(), Vec::new()),
        };
        let (condition, order, number) = (&self.condition, order::by(sort), first - 1);
        let sql = format!(
            "SELECT page.id, documents.document FROM
                 (SELECT id FROM assets WHERE {SCOPE} AND {condition} AND {behind}
                  {order} LIMIT ${number}) AS page
             LEFT JOIN asset_documents AS documents
                 ON documents.organization = $1 AND documents.asset = page.id"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let own = [&limit as Parameter<'_>].into_iter();
        let own: Vec<Parameter<'_>> =
            own.chain(place.iter().map(|it| &**it as Parameter<'_>)).collect();
        let rows = self.ask(&sql, &own).await?;
        let mut assets = rows.iter().map(read::asset).collect::<Outcome<Vec<Asset>>>()?;
        assets.sort_by(|one, other| SortKey::of(sort, one).compare(&SortKey::of(sort, other)));
        Ok(assets)
    }

    /// Those of some assets that the condition finds which the query asks for.
    pub(super) fn asked_for(&self, mut assets: Vec<Asset>) -> Vec<Asset> {
        if self.is_exact {
            return assets;
        }
        let overlapping: HashSet<Uuid> = self.overlapping.iter().copied().collect();
        assets.retain(|asset| {
            let has_overlap = || overlapping.contains(&asset_key(asset.id));
            let is_unresolved = || self.unresolved.contains(&asset.id);
            self.request.selects_asset(asset, has_overlap, is_unresolved)
        });
        assets
    }

    /// Runs a statement whose parameters are our own, the query's, and these.
    async fn ask(&self, sql: &str, own: &[Parameter<'_>]) -> Outcome<Vec<Row>> {
        let organization = self.request.organization.as_str();
        let query = self.parameters.iter().map(|parameter| &**parameter as Parameter<'_>);
        let first: [Parameter<'_>; OWN] = [&organization, &self.overlapping];
        let all = first.into_iter().chain(query);
        let all: Vec<Parameter<'_>> = all.chain(own.iter().copied()).collect();
        self.snapshot.rows_once(sql, &all).await
    }
}

/// The lists of sources that there are, if a request asks for sources and there are few.
async fn lists(snapshot: &Snapshot, request: &SearchRequest) -> Outcome<Option<Vec<String>>> {
    if ![SOURCE, "sources"].iter().any(|field| request.query.asks_for(field)) {
        return Ok(None);
    }
    let rows = snapshot.rows(LISTS, &[&request.organization.as_str()]).await?;
    let lists = rows.iter().map(|row| row.try_get(0)).collect::<Result<Vec<String>, _>>()?;
    Ok(Some(lists).filter(|lists| lists.len() <= MOST_LISTS))
}
