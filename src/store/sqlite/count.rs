//! Counting what a search finds.

use rusqlite::Connection;

use super::failure::Outcome;
use super::found::Found;
use crate::asset::{Counts, Facet, FacetCounts, SearchRequest, Tally};

/// How many assets a request finds, and how they divide.
pub(super) fn assets(
    connection: &Connection,
    request: &SearchRequest,
    facets: &[Facet],
) -> Outcome<Counts> {
    let Some(found) = Found::of(connection, request)? else {
        return Ok(Tally::new(facets).counts(request.limit));
    };
    if !found.is_exact {
        return one_by_one(connection, &found, facets, request.limit);
    }
    let mut statement = connection.prepare(&found.sql("count(*)", "", "", "", ""))?;
    let parameters = found.parameters(&statement, &[]);
    let total: i64 = statement.query_row(&*parameters, |row| row.get(0))?;
    let divided = facets.iter().map(|facet| divide(connection, &found, *facet, request.limit));
    Ok(Counts::new(total.cast_unsigned(), divided.collect::<Outcome<_>>()?))
}

fn divide(
    connection: &Connection,
    found: &Found<'_>,
    facet: Facet,
    limit: usize,
) -> Outcome<FacetCounts> {
    let (value, join) = place(facet);
    let select = format!("{value}, count(DISTINCT number)");
    let mut statement = connection.prepare(&found.sql(&select, join, "", "GROUP BY 1", ""))?;
    let parameters = found.parameters(&statement, &[]);
    let rows = statement.query_map(&*parameters, |row| {
        let assets: i64 = row.get(1)?;
        Ok((row.get(0)?, assets.cast_unsigned()))
    })?;
    let counts: Vec<(Option<String>, u64)> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(FacetCounts::new(facet, counts, limit))
}

/// Counts the records themselves, where the database does not know all that the query asks for.
fn one_by_one(
    connection: &Connection,
    found: &Found<'_>,
    facets: &[Facet],
    limit: usize,
) -> Outcome<Counts> {
    let mut statement = connection.prepare(&found.sql("number", "", "", "", ""))?;
    let parameters = found.parameters(&statement, &[]);
    let mut tally = Tally::new(facets);
    for number in statement.query_and_then(&*parameters, |row| Ok(row.get(0)?))? {
        if let Some(asset) = found.record(number)? {
            tally.add(&asset);
        }
    }
    Ok(tally.counts(limit))
}

/// The value of a facet, and the table that has it.
fn place(facet: Facet) -> (&'static str, &'static str) {
    match facet {
        Facet::Domain => ("facet.text", "LEFT JOIN asset_domains AS facet ON facet.asset = number"),
        Facet::Os => ("os", ""),
        Facet::Site => ("site", ""),
        Facet::Source => (
            "facet.text",
            // Their kinds alone, and not `ldap/corp.example`.
            "LEFT JOIN asset_sources AS facet ON facet.asset = number AND instr(facet.text, '/') = 0",
        ),
        Facet::Type => ("type", ""),
    }
}
