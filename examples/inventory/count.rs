//! How many assets there are, and how they divide.

use std::io::{self, BufWriter, Write};

use ldap_inventory::asset::{Asset, AssetCounts, AssetRepository, Facet, SearchRequest};

use super::exit::Failure;
use super::list::counted;
use super::options::AssetSearch;
use super::printed::{json_line, say};
use super::table::{Form, Table};

/// Counts what a request finds: one line of JSON or one table for tools, a table for each facet for people.
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
    let total = counted::<Asset>(usize::try_from(counts.total).unwrap_or(usize::MAX));
    let form = asked.search.form();
    if !matches!(form, Form::Page(_)) && !counts.facets.is_empty() {
        rows(&counts).put(&mut out, form)?;
        out.flush()?;
        say(total);
        return Ok(());
    }
    for divided in &counts.facets {
        let mut table = Table::new([title(divided.facet), "Assets"]);
        for (value, assets) in &divided.values {
            table.row([value.as_deref().unwrap_or("none"), &assets.to_string()]);
        }
        table.put(&mut out, form)?;
        writeln!(out)?;
    }
    writeln!(out, "  {total}")?;
    Ok(out.flush()?)
}

/// All facets in one table, for other programs. What has no value has an empty one.
fn rows(counts: &AssetCounts) -> Table {
    let mut table = Table::new(["facet", "value", "assets"]);
    for divided in &counts.facets {
        let facet = divided.facet.to_string();
        for (value, assets) in &divided.values {
            table.row([&*facet, value.as_deref().unwrap_or_default(), &assets.to_string()]);
        }
    }
    table
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
