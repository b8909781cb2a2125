//! Assets that may be one: by the rules, and by names that are nearly the same.

use std::sync::Arc;

use axum::extract::State;
use ldap_inventory::merge::{NearMiss, Overlap};
use ldap_inventory::value::AssetId;
use maud::{Markup, html};

use crate::Console;
use crate::failure::Answer;
use crate::page::{Place, page, table};
use crate::shown::{Shown, address};

pub(crate) async fn list(State(console): State<Arc<Console>>) -> Answer {
    let overlaps = console.curation().overlaps().await?;
    let near = console.curation().near_misses().await?;
    let content = html! {
        p { "Pairs of assets that the rules would tie together today." }
        @if overlaps.is_empty() { p role="status" { "There are none." } }
        @else { (table("Overlaps", &["One", "Other", "Why they may be one", "What to do"], &pairs(&overlaps))) }
        section aria-labelledby="near" {
            h2 #near { "Nearly the same name" }
            p { "A computer that only a directory knows, and an asset that no directory knows. Nothing is ever tied by this." }
            @if near.is_empty() { p role="status" { "There are none." } }
            @else { (table("Near names", &["Computer", "Asset", "How they differ", "What to do"], &suggestions(&near))) }
        }
    };
    page(&console, Place::Overlaps, "Overlaps", content).await
}

fn pairs(overlaps: &[Overlap]) -> Markup {
    let name = |name: &Option<_>| name.as_ref().map(ToString::to_string).unwrap_or_default();
    html! {
        @for Overlap { first, first_name, second, second_name, reason, .. } in overlaps {
            (pair((*first, &name(first_name)), (*second, &name(second_name)), reason))
        }
    }
}

fn suggestions(near: &[NearMiss]) -> Markup {
    html! {
        @for miss in near {
            (pair((miss.asset, &miss.asset_name), (miss.computer, &miss.computer_name), &miss.difference()))
        }
    }
}

fn pair(one: (AssetId, &str), other: (AssetId, &str), why: &str) -> Markup {
    let (first, second) = (one.0.to_string(), other.0.to_string());
    let merge = address("/merge", &[("asset", &first), ("asset", &second)]);
    html! {
        tr {
            th scope="row" { (link(one)) }
            td { (link(other)) }
            td { (Shown(why)) }
            td { a href=(merge) { "Merge..." } }
        }
    }
}

fn link((asset, name): (AssetId, &str)) -> Markup {
    html! {
        a href={ "/assets/" (asset) } {
            @if name.is_empty() { (asset) } @else { (Shown(name)) }
        }
    }
}
