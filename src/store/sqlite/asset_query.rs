//! What a request finds among the assets of its organization.

use std::cell::Cell;
use std::collections::HashSet;

use rusqlite::types::{Null, Value};
use rusqlite::{Connection, Statement, ToSql};

use super::failure::Outcome;
use super::read::{asset, waiting};
use super::{fields, row_id};
use crate::asset::{Asset, SearchRequest, asks_for_states, unresolved};
use crate::value::AssetId;

/// The parameters of a statement that come before those of the query: the organization, and three more.
const OWN: usize = 4;

/// What a request finds, as a condition in SQL.
pub(super) struct Found<'a> {
    connection: &'a Connection,
    request: &'a SearchRequest,
    organization: i64,
    /// The assets that computers wait for, if the query asks for them.
    unresolved: HashSet<AssetId>,
    condition: String,
    parameters: Vec<Value>,
    /// Whether the condition finds nothing else. If it does, [`record`](Self::record) tells.
    pub(super) is_exact: bool,
}

impl<'a> Found<'a> {
    /// `None` if there is no such organization.
    pub(super) fn of(
        connection: &'a Connection,
        request: &'a SearchRequest,
    ) -> Outcome<Option<Self>> {
        let Some(organization) = row_id::organization(connection, &request.organization)? else {
            return Ok(None);
        };
        let unresolved = if asks_for_states(request) {
            unresolved(&waiting(connection, &request.organization)?)
        } else {
            HashSet::new()
        };
        let systems = match request.asks_for_support() {
            true => systems(connection, organization)?,
            false => Vec::new(),
        };
        let query = request.in_columns(systems);
        let sql = fields::ASSETS.condition(&query, request.now.as_micros(), OWN + 1);
        let parameters = sql.parameters.into_iter().map(fields::parameter).collect();
        let (condition, is_exact) = (sql.text, sql.exact);
        Ok(Some(Self {
            connection,
            request,
            organization,
            unresolved,
            condition,
            parameters,
            is_exact,
        }))
    }

    /// A statement that selects from the rows of `assets` that are found, with a further condition, an order and an
    /// end of our own.
    pub(super) fn sql(&self, select: &str, and: &str, order: &str, end: &str) -> String {
        let condition = &self.condition;
        format!(
            "SELECT {select} FROM assets WHERE organization = ?1 AND {condition} {and} {order} {end}"
        )
    }

    /// The parameters of such a statement: the organization, up to three of its own, and the query's.
    pub(super) fn parameters<'p>(
        &'p self,
        statement: &Statement<'_>,
        own: &[&'p dyn ToSql],
    ) -> Vec<&'p dyn ToSql> {
        let organization: &dyn ToSql = &self.organization;
        let own = own.iter().copied().chain(std::iter::repeat(&Null as &dyn ToSql)).take(OWN - 1);
        let query = self.parameters.iter().map(|value| value as &dyn ToSql);
        // SQLite counts them up to the last that a statement mentions.
        [organization]
            .into_iter()
            .chain(own)
            .chain(query)
            .take(statement.parameter_count())
            .collect()
    }

    /// The asset with this number, unless the condition finds it and the query does not.
    pub(super) fn record(&self, number: i64) -> Outcome<Option<Asset>> {
        let sql = "SELECT id, document FROM assets JOIN asset_documents ON asset = number
                   WHERE number = ?1";
        let mut statement = self.connection.prepare_cached(sql)?;
        let found = statement.query_and_then([number], asset)?.next().transpose()?;
        match found {
            Some(found) if !self.is_exact => {
                Ok(self.is_asked_for(number, &found)?.then_some(found))
            }
            found => Ok(found),
        }
    }

    fn is_asked_for(&self, number: i64, asset: &Asset) -> Outcome<bool> {
        let failed = Cell::new(None);
        let has_overlap = || {
            self.has_overlap(number).unwrap_or_else(|error| {
                failed.set(Some(error));
                false
            })
        };
        let is_unresolved = || self.unresolved.contains(&asset.id);
        let asked_for = self.request.selects_asset(asset, has_overlap, is_unresolved);
        failed.into_inner().map_or(Ok(asked_for), Err)
    }

    fn has_overlap(&self, number: i64) -> Outcome<bool> {
        let mut statement = self.connection.prepare_cached(fields::HAS_OVERLAP)?;
        Ok(statement.query_row([number], |row| row.get(0))?)
    }
}

/// Every operating system of an organization, by name and version.
fn systems(
    connection: &Connection,
    organization: i64,
) -> Outcome<Vec<(Option<String>, Option<String>)>> {
    let sql = "SELECT DISTINCT os, os_version FROM assets WHERE organization = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let systems = statement.query_map([organization], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(systems.collect::<rusqlite::Result<_>>()?)
}
