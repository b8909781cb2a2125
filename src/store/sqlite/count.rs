//! Counting what a search finds.

use std::borrow::Cow;

use rusqlite::{Connection, Row};

use super::asset_query::Found;
use super::failure::Outcome;
use crate::asset::{AssetCounts, Facet, SearchRequest, Tally};
use crate::query::sql::Column;

/// How many assets a request finds, and how they divide. In one pass: grouping in the database sorts
/// everything for each facet.
pub(super) fn assets(
    connection: &Connection,
    request: &SearchRequest,
    facets: &[Facet],
) -> Outcome<AssetCounts> {
    let mut tally = Tally::new(facets);
    let Some(found) = Found::of(connection, request)? else {
        return Ok(tally.counts(request.limit));
    };
    if found.is_exact && facets.is_empty() {
        let mut statement = connection.prepare(&found.sql("count(*)", "", "", ""))?;
        let parameters = found.parameters(&statement, &[]);
        let total: i64 = statement.query_row(&*parameters, |row| row.get(0))?;
        return Ok(AssetCounts::new(total.cast_unsigned(), Vec::new()));
    }
    let select = "number, domains, os, site, sources, type";
    let mut statement = connection.prepare(&found.sql(select, "", "", ""))?;
    let parameters = found.parameters(&statement, &[]);
    let mut rows = statement.query(&*parameters)?;
    while let Some(row) = rows.next()? {
        if found.is_exact || found.record(row.get(0)?)?.is_some() {
            let columns = columns(row)?;
            tally.add_values(|facet| values(facet, &columns));
        }
    }
    Ok(tally.counts(request.limit))
}

/// What a row has for each facet.
struct Columns<'r> {
    domains: &'r str,
    os: Option<&'r str>,
    site: &'r str,
    sources: &'r str,
    kind: Option<&'r str>,
}

fn columns<'r>(row: &'r Row<'_>) -> Outcome<Columns<'r>> {
    let text = |column| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_str_or_null()?);
    Ok(Columns {
        domains: text(1)?.unwrap_or_default(),
        os: text(2)?,
        site: text(3)?.unwrap_or_default(),
        sources: text(4)?.unwrap_or_default(),
        kind: text(5)?,
    })
}

fn values<'r>(facet: Facet, columns: &Columns<'r>) -> Vec<Cow<'r, str>> {
    let listed = |list: &'r str| list.split(Column::WORD_SEPARATOR).filter(|word| !word.is_empty());
    let mut values: Vec<&str> = match facet {
        Facet::Domain => listed(columns.domains).collect(),
        Facet::Os => columns.os.into_iter().collect(),
        Facet::Site => vec![columns.site],
        // Their kinds alone, and not `ldap/corp.example`.
        Facet::Source => listed(columns.sources).filter(|source| !source.contains('/')).collect(),
        Facet::Type => columns.kind.into_iter().collect(),
    };
    values.sort_unstable();
    values.dedup();
    values.into_iter().map(Cow::Borrowed).collect()
}
