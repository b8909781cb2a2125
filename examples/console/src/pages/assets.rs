//! Assets: what the inventory has.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Redirect;
use ldap_inventory::asset::{Asset, AssetCounts, Facet, FacetCounts, SearchRequest, Sort};
use ldap_inventory::query::Query;
use maud::{Markup, html};

use super::search::Search;
use crate::Console;
use crate::asked::Asked;
use crate::failure::{Answer, Failure};
use crate::page::{Place, page};
use crate::shown::{Shown, address, counted, day, icon};

const PATH: &str = "/assets";

/// By what the answer is divided.
const FACETS: [Facet; 5] = [Facet::Source, Facet::Site, Facet::Os, Facet::Domain, Facet::Type];

/// Values of a facet that are shown.
const VALUES: usize = 8;

/// The columns, and what the store may bring them in the order of.
const COLUMNS: [(&str, Option<&str>); 7] = [
    ("Sources", None),
    ("Name", Some("name")),
    ("Addresses", None),
    ("Site", Some("site")),
    ("Operating system", Some("os")),
    ("Owner", None),
    ("Last seen", Some("last_seen")),
];

pub(crate) async fn home() -> Redirect {
    Redirect::to(PATH)
}

pub(crate) async fn nowhere() -> Failure {
    Failure::new(StatusCode::NOT_FOUND, "the console has no such page")
}

pub(crate) async fn not_so() -> Failure {
    let sentence = "this page of the console cannot be asked for so; open it from another page";
    Failure::new(StatusCode::METHOD_NOT_ALLOWED, sentence)
}

pub(crate) async fn list(
    State(console): State<Arc<Console>>,
    Asked(search): Asked<Search>,
) -> Answer {
    let found = match search.request(&console, Asset::FIELDS) {
        Err(error) => search.unreadable(&error),
        Ok(request) => found(&console, &search, request.with_sort(sort(&search)?)).await?,
    };
    let content = html! {
        (search.form(PATH, "Search for assets", Asset::FIELDS))
        (found)
    };
    page(&console, Place::Assets, "Assets", content).await
}

fn sort(search: &Search) -> Answer<Sort> {
    let asked = if search.sort.is_empty() { "name" } else { &search.sort };
    Ok(asked.parse()?)
}

async fn found(console: &Console, search: &Search, request: SearchRequest) -> Answer {
    let inventory = &console.inventory;
    let everything = request.clone().after(None).with_limit(VALUES);
    let counts = inventory.count_assets(everything, &FACETS).await?;
    let page = inventory.search_assets(request.clone()).await?;
    if page.records.is_empty() {
        return Ok(search.nothing(&request.read_for_assets(&**inventory).await?));
    }
    Ok(html! {
        p role="status" { (counted(counts.total, "asset", "assets")) }
        div.beside {
            (facets(search, &counts))
            form method="get" action="/merge" {
                (table(search, &page.records))
                div.row {
                    (search.pages(PATH, page.next.as_deref()))
                    button.quiet type="submit" { "Merge what is ticked..." }
                }
            }
        }
    })
}

fn facets(search: &Search, counts: &AssetCounts) -> Markup {
    html! {
        aside aria-label="Narrow the answer" {
            @for FacetCounts { facet, values, .. } in &counts.facets {
                details.facet open[matches!(facet, Facet::Source | Facet::Site | Facet::Os)] {
                    summary { (heading(*facet)) }
                    ul {
                        @for (value, count) in values {
                            li {
                                a href=[narrowed(search, *facet, value.as_deref())] {
                                    @if let Some(value) = value { (Shown(value)) } @else { em { "unknown" } }
                                }
                                span.count { (count) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn heading(facet: Facet) -> &'static str {
    match facet {
        Facet::Domain => "Domain",
        Facet::Os => "Operating system",
        Facet::Site => "Site",
        Facet::Source => "Source",
        _ => "Type",
    }
}

/// The search with one condition more, if there is room for it.
fn narrowed(search: &Search, facet: Facet, value: Option<&str>) -> Option<String> {
    let condition = match value {
        Some(value) => format!("{facet}:={}", Query::quote(value)),
        None => format!("NOT has:{facet}"),
    };
    let query = match search.q.trim() {
        "" => condition,
        asked => format!("({asked}) {condition}"),
    };
    let query = Query::parse(&query).ok()?.to_string();
    let is_short = query.len() <= Query::MAX_LENGTH;
    is_short.then(|| address(PATH, &[("q", &query), ("sort", &search.sort)]))
}

fn table(search: &Search, assets: &[Asset]) -> Markup {
    html! {
        div.scroll role="region" aria-label="Assets" tabindex="0" {
            table {
                thead {
                    tr {
                        th scope="col" { span.unseen { "Merge" } }
                        @for (title, order) in COLUMNS { (title_of(search, title, order)) }
                    }
                }
                tbody { @for asset in assets { (row(asset)) } }
            }
        }
    }
}

/// The title of a column, which sorts by it where that is possible: by the highest first where it does already.
fn title_of(search: &Search, title: &str, order: Option<&str>) -> Markup {
    let Some(order) = order else { return html! { th scope="col" { (title) } } };
    let now = if search.sort.is_empty() { "name" } else { &search.sort };
    let descending = format!("-{order}");
    let (direction, next) = match now {
        now if now == order => (Some("ascending"), descending.as_str()),
        now if now == descending => (Some("descending"), order),
        _ => (None, order),
    };
    html! {
        th scope="col" aria-sort=[direction] {
            a href=(address(PATH, &[("q", &search.q), ("sort", next)])) { (title) }
        }
    }
}

fn row(asset: &Asset) -> Markup {
    let (id, name) = (asset.id.to_string(), called(asset));
    let addresses: Vec<String> = asset.live_addresses().map(|it| it.to_string()).collect();
    html! {
        tr {
            td { input type="checkbox" name="asset" value=(id) aria-label={ "Merge " (Shown(&name)) }; }
            td.icons { @for kind in asset.source_kinds() { (icon(kind)) } }
            th scope="row" { a href={ "/assets/" (id) } { (Shown(&name)) } }
            td { (addresses.join(" ")) }
            td { (Shown(asset.site.as_str())) }
            td { (Shown(&system(asset))) }
            td { (Shown(asset.owner().unwrap_or_default())) }
            td { (asset.last_seen().map_or_else(|| html! { "never" }, day)) }
        }
    }
}

/// What a person calls an asset.
pub(crate) fn called(asset: &Asset) -> String {
    match asset.label() {
        label if label.is_empty() => asset.id.to_string(),
        label => label.into_owned(),
    }
}

/// The operating system and its version.
pub(crate) fn system(asset: &Asset) -> String {
    [asset.os(), asset.os_version()].into_iter().flatten().collect::<Vec<_>>().join(" ")
}
