//! How many assets there are, and how they divide.

use std::io::{self, BufWriter, Write};

use ldap_inventory::asset::{Asset, AssetRepository, Facet, SearchRequest};

use super::exit::Failure;
use super::list::counted;
use super::options::AssetSearch;
use super::printed::json_line;
use super::table::Table;

/// Counts what a request finds: one line of JSON for tools, a table for each facet for people.
pub(crate) async fn assets(
    repository: &dyn AssetRepository,
    request: SearchRequest,
    asked: &AssetSearch,
) -> Result<(), Failure> {
    let limit = asked.search.limit.unwrap_or(request.limit);
    let counts = repository.count_assets(request.with_limit(limit), &asked.facets).await?;
    let mut out = BufWriter::new(io::stdout().lock());
    if asked.search.json {
        json_line(&mut out, &counts)?;
        return Ok(out.flush()?);
    }
    for divided in &counts.facets {
        let mut table = Table::new([title(divided.facet), "Assets"]);
        for (value, assets) in &divided.values {
            let value = value.as_deref().unwrap_or("none");
            table.row([value, &assets.to_string()]);
        }
        table.put(&mut out, asked.search.form())?;
        writeln!(out)?;
    }
    let total = usize::try_from(counts.total).unwrap_or(usize::MAX);
    writeln!(out, "  {}", counted::<Asset>(total))?;
    Ok(out.flush()?)
}

fn title(facet: Facet) -> &'static str {
    match facet {
        Facet::Domain => "Domain",
        Facet::Os => "Operating system",
        Facet::Site => "Site",
        Facet::Source => "Source",
        _ => "Type",
    }
}
