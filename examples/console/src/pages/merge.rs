//! Making one asset of several, once a person has seen what that gives, and taking it back.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use ldap_inventory::asset::{Asset, SearchRequest};
use ldap_inventory::merge::{MergePreview, MergedValue};
use ldap_inventory::query::Query;
use ldap_inventory::value::AssetId;
use maud::{Markup, html};
use serde::Deserialize;

use super::assets::{called, system};
use crate::asked::{Asked, Fields, Posted};
use crate::failure::{Answer, Failure};
use crate::page::{Place, page, table};
use crate::shown::{Shown, address, escaped, icon};
use crate::{Console, now};

/// A merge that is to be taken back.
#[derive(Debug, Deserialize)]
pub(crate) struct Undone {
    merge: String,
}

pub(crate) async fn preview(
    State(console): State<Arc<Console>>,
    Asked(fields): Asked<Fields>,
) -> Answer {
    let mut assets: Vec<Asset> = Vec::new();
    for text in fields.all("asset") {
        let asset = meant(&console, text).await?;
        if !assets.iter().any(|other| other.id == asset.id) {
            assets.push(asset);
        }
    }
    if assets.len() < 2 {
        return Err(Failure::unreadable(
            "a merge needs two assets or more; tick them in the list of assets",
        ));
    }
    let ids: Vec<AssetId> = assets.iter().map(|asset| asset.id).collect();
    let preview = console.curation().preview(&ids).await?;
    let content = html! {
        (choice(&assets))
        h2 { "What it would give" }
        @for warning in &preview.warnings { p.warning { (Shown(warning)) "." } }
        (outcome(&preview))
        form.row method="post" action="/merge" {
            (console.access.field())
            @for id in &ids { input type="hidden" name="asset" value=(id); }
            label for="why" { "Why (optional)" }
            input #why name="why";
            button type="submit" { "Merge" }
        }
        p.hint { "Nothing is lost: every record stays, and Unmerge on the asset's page takes it back." }
    };
    page(&console, Place::Assets, "Merge", content).await
}

/// The assets, the first of which survives.
fn choice(assets: &[Asset]) -> Markup {
    let rows = html! {
        @for (place, asset) in assets.iter().enumerate() {
            tr {
                th scope="row" { a href={ "/assets/" (asset.id) } { (Shown(&called(asset))) } }
                td.icons { @for kind in asset.source_kinds() { (icon(kind)) } }
                td { (Shown(asset.site.as_str())) }
                td { (Shown(&system(asset))) }
                td { @if place == 0 { "survives" } @else { a href=(survivor(assets, asset)) { "let this one survive" } } }
            }
        }
    };
    table(
        "What is merged",
        &["Name", "Sources", "Site", "Operating system", "Which survives"],
        &rows,
    )
}

/// The same with another survivor.
fn survivor(assets: &[Asset], first: &Asset) -> String {
    let others = assets.iter().map(|asset| asset.id).filter(|id| *id != first.id);
    let ids: Vec<String> = [first.id].into_iter().chain(others).map(|id| id.to_string()).collect();
    let fields: Vec<(&str, &str)> = ids.iter().map(|id| ("asset", id.as_str())).collect();
    address("/merge", &fields)
}

fn outcome(preview: &MergePreview) -> Markup {
    let rows = html! {
        tr { th scope="row" { "site" } td { (Shown(preview.site.as_str())) } td { "the survivor's" } td {} }
        @for value in &preview.values {
            tr {
                th scope="row" { (value.field) }
                td { (Shown(&value.value)) }
                td { (value.why.unwrap_or_default()) }
                td { (kept(&value.beside)) }
            }
        }
        @for value in &preview.united {
            tr { th scope="row" { (value.field) } td { (Shown(&value.value)) } td { "all are kept" } td {} }
        }
    };
    table("What it would give", &["Field", "Value", "Why", "Kept beside it"], &rows)
}

fn kept(values: &[MergedValue]) -> String {
    values.iter().map(|value| escaped(&value.value)).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn carry_out(
    State(console): State<Arc<Console>>,
    Posted(fields): Posted<Fields>,
) -> Answer<Redirect> {
    let ids = fields.all("asset").map(str::parse).collect::<Result<Vec<AssetId>, _>>()?;
    let author = console.author(fields.text("why"));
    let merged = console.curation().merge(&ids, &author).await?;
    Ok(Redirect::to(&format!("/assets/{}", merged.preview.survivor)))
}

pub(crate) async fn take_back(
    State(console): State<Arc<Console>>,
    Posted(Undone { merge }): Posted<Undone>,
) -> Answer<Redirect> {
    let undone = console.curation().unmerge(merge.parse()?, &console.author("")).await?;
    Ok(Redirect::to(&format!("/assets/{}", undone.survivor)))
}

/// The asset that somebody means, by its id or its name.
async fn meant(console: &Console, text: &str) -> Answer<Asset> {
    if let Ok(id) = text.parse() {
        let found = console.curation().resolve(&[id]).await?;
        return found
            .into_values()
            .next()
            .ok_or_else(|| Failure::not_found("there is no such asset"));
    }
    let query = Query::parse(&format!("name:={}", Query::quote(text.trim())));
    let query = query.map_err(|_| Failure::unreadable("this can be no name of an asset"))?;
    let request = SearchRequest::new(console.organization.clone(), query, now()).with_limit(2);
    let found = console.inventory.search_assets(request).await?.records;
    match <[Asset; 1]>::try_from(found) {
        Ok([asset]) => Ok(asset),
        Err(none) if none.is_empty() => {
            Err(Failure::not_found(format!("no asset is called {}", escaped(text))))
        }
        Err(_) => Err(Failure::conflict(format!(
            "several assets are called {}; tick the one that is meant in the list of assets",
            escaped(text)
        ))),
    }
}
