//! Counting what a search finds.

use std::sync::Arc;

use super::asset_query::Found;
use super::failure::Outcome;
use super::snapshot::Snapshot;
use crate::asset::{AssetCounts, Facet, SearchRequest, Sort, SortKey, Tally};
use crate::store::asset_columns::facet_values;

/// How many assets are looked at between two questions to the database, where the query has the last word.
const RECORDS: usize = 1000;

/// How many assets a request finds, and how they divide. What is the same for many comes once from the database.
pub(super) async fn assets(
    snapshot: Arc<Snapshot>,
    request: &SearchRequest,
    facets: &[Facet],
) -> Outcome<AssetCounts> {
    let found = Found::of(&snapshot, request).await?;
    let mut tally = Tally::new(facets);
    if !found.is_exact {
        let mut after = None;
        loop {
            let page = found.page(Sort::default(), after.as_ref(), RECORDS).await?;
            let is_last = page.len() < RECORDS;
            after = page.last().map(|asset| SortKey::of(Sort::default(), asset));
            found.asked_for(page).iter().for_each(|asset| tally.add(asset));
            if is_last {
                return Ok(tally.counts(request.limit));
            }
        }
    }
    let columns: Vec<&str> = facets.iter().copied().map(column).collect();
    let select: String = columns.iter().flat_map(|column| [", ", *column]).collect();
    let group = match columns.as_slice() {
        [] => String::new(),
        columns => format!("GROUP BY {}", columns.join(", ")),
    };
    for row in found.rows(&format!("count(*){select}"), &group).await? {
        let assets: i64 = row.try_get(0)?;
        let mut values = Vec::new();
        for at in 1..=columns.len() {
            values.push(row.try_get::<_, Option<&str>>(at)?);
        }
        let value =
            |facet| facets.iter().position(|it| *it == facet).and_then(|at| *values.get(at)?);
        tally.add_values(assets.cast_unsigned(), |facet| facet_values(facet, value(facet)));
    }
    Ok(tally.counts(request.limit))
}

/// Where the values of a facet are.
fn column(facet: Facet) -> &'static str {
    match facet {
        Facet::Domain => "domains",
        Facet::Os => "os",
        Facet::Site => "site",
        Facet::Source => "sources",
        Facet::Type => "type",
    }
}
