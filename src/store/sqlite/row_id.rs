//! The numbers by which organizations and sources are known inside a file.

use rusqlite::{Connection, OptionalExtension, params};

use super::failure::Outcome;
use crate::value::{OrganizationId, SourceId};

pub(super) fn organization(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<Option<i64>> {
    let sql = "SELECT number FROM organizations WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([organization.as_str()], |row| row.get(0)).optional()?)
}

pub(super) fn source(
    connection: &Connection,
    organization: &OrganizationId,
    source: &SourceId,
) -> Outcome<Option<i64>> {
    let sql = "SELECT sources.number FROM sources
               JOIN organizations ON organizations.number = sources.organization
               WHERE organizations.id = ?1 AND sources.id = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let number = statement.query_row([organization.as_str(), source.as_str()], |row| row.get(0));
    Ok(number.optional()?)
}

/// The organization's number, given out now if it has none.
pub(super) fn make_organization(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<i64> {
    let sql = "INSERT INTO organizations (id) VALUES (?1) ON CONFLICT DO UPDATE SET id = id
               RETURNING number";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([organization.as_str()], |row| row.get(0))?)
}

/// The source's number, given out now if it has none.
pub(super) fn make_source(
    connection: &Connection,
    organization: i64,
    source: &SourceId,
) -> Outcome<i64> {
    let sql = "INSERT INTO sources (organization, id) VALUES (?1, ?2)
               ON CONFLICT DO UPDATE SET id = id RETURNING number";
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row(params![organization, source.as_str()], |row| row.get(0))?)
}
