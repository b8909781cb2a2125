//! Counting what a search finds.

use rusqlite::{Connection, Row};

use super::asset_query::Found;
use super::failure::Outcome;
use crate::asset::{AssetCounts, Facet, SearchRequest, Tally};
use crate::store::asset_columns::facet_values;

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
            tally.add_values(1, |facet| facet_values(facet, columns.of(facet)));
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

impl<'r> Columns<'r> {
    fn of(&self, facet: Facet) -> Option<&'r str> {
        match facet {
            Facet::Domain => Some(self.domains),
            Facet::Os => self.os,
            Facet::Site => Some(self.site),
            Facet::Source => Some(self.sources),
            Facet::Type => self.kind,
        }
    }
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
