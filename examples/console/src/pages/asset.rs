//! One asset: what it is, why, and what people may say of it.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::Redirect;
use ldap_inventory::asset::{Asset, Presence};
use ldap_inventory::curation::ChangedField;
use ldap_inventory::merge::{ExplainedRecord, ExplainedValue, Explanation};
use ldap_inventory::value::AssetId;
use maud::{Markup, html};
use serde::Deserialize;

use super::assets::{called, system};
use crate::Console;
use crate::asked::Posted;
use crate::failure::{Answer, Failure};
use crate::page::{Place, page, table};
use crate::shown::{Shown, icon, minute, minute_or};

/// How much may depend on an asset; nothing is said unless chosen.
const CRITICALITIES: [&str; 5] = ["", "low", "medium", "high", "critical"];

/// What a person says of an asset, and what was said of it when the form was shown: what is the same in both, the person
/// said nothing of.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Said {
    owner: String,
    shown_owner: String,
    tags: String,
    shown_tags: String,
    comment: String,
    shown_comment: String,
    criticality: String,
    shown_criticality: String,
    why: String,
}

impl Said {
    fn fields(&self) -> Vec<ChangedField> {
        let said = [
            (&self.owner, &self.shown_owner, ChangedField::owner as fn(&str) -> ChangedField),
            (&self.comment, &self.shown_comment, ChangedField::comment),
            (&self.criticality, &self.shown_criticality, ChangedField::criticality),
        ];
        let said = said.map(|(now, shown, field)| (unix(now), unix(shown), field));
        let said = said.iter().filter(|(now, shown, _)| now != shown);
        let (now, shown) = (lines(&self.tags), lines(&self.shown_tags));
        let gone = shown.iter().filter(|tag| !now.contains(tag));
        let new = now.iter().filter(|tag| !shown.contains(tag));
        said.map(|(now, _, field)| field(now))
            .chain(gone.map(|tag| ChangedField::no_tag(tag)))
            .chain(new.map(|tag| ChangedField::tag(tag)))
            .collect()
    }
}

/// A text as it was before a form sent it.
fn unix(text: &str) -> String {
    text.trim().replace("\r\n", "\n")
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

pub(crate) async fn show(State(console): State<Arc<Console>>, Path(id): Path<String>) -> Answer {
    let asset = asset(&console, &id).await?;
    let explanation = console.curation().explain(asset.id).await?;
    let content = html! {
        (facts(&asset))
        section aria-labelledby="said" {
            h2 #said { "What people say" }
            (annotations(&console, &asset))
        }
        section aria-labelledby="values" {
            h2 #values { "Every value, and where it is from" }
            (values(&explanation))
        }
        section aria-labelledby="records" {
            h2 #records { "What sources say" }
            @for part in &explanation.parts { (record(&asset, part)) }
        }
        section aria-labelledby="decided" {
            h2 #decided { "What people decided" }
            (decisions(&console, &explanation))
        }
        (merging(&asset))
    };
    page(&console, Place::Assets, &called(&asset), content).await
}

/// The asset that an id names today.
async fn asset(console: &Console, id: &str) -> Answer<Asset> {
    let id: AssetId = id.parse()?;
    let found = console.curation().resolve(&[id]).await?;
    found.into_values().next().ok_or_else(|| Failure::not_found("there is no such asset"))
}

fn facts(asset: &Asset) -> Markup {
    let support = asset.os_support();
    let domains: Vec<&str> = asset.live_domains().collect();
    let macs: Vec<&str> = asset.live_macs().collect();
    html! {
        dl.facts {
            div { dt { "Sources" } dd.icons { @for kind in asset.source_kinds() { (icon(kind)) } } }
            div { dt { "Site" } dd { (Shown(asset.site.as_str())) } }
            @if !domains.is_empty() { div { dt { "Domain" } dd { (Shown(&domains.join(", "))) } } }
            @if !system(asset).is_empty() { div { dt { "Operating system" } dd { (Shown(&system(asset))) } } }
            @if let Some(end) = support.first("eol") { div { dt { "Supported until" } dd { (Shown(end)) } } }
            @if !macs.is_empty() { div { dt { "Network cards" } dd { (Shown(&macs.join(", "))) } } }
            div { dt { "First seen" } dd { (minute_or(asset.first_seen(), "never")) } }
            div { dt { "Last seen" } dd { (minute_or(asset.last_seen(), "never")) } }
            div { dt { "Id" } dd { code { (asset.id) } } }
        }
    }
}

fn annotations(console: &Console, asset: &Asset) -> Markup {
    let tags = asset.live_tags().collect::<Vec<_>>().join("\n");
    let shown = [
        ("shown_owner", asset.owner().unwrap_or_default()),
        ("shown_tags", &tags),
        ("shown_comment", asset.comment().unwrap_or_default()),
        ("shown_criticality", asset.criticality().unwrap_or_default()),
    ];
    html! {
        form.fields method="post" action={ "/assets/" (asset.id) "/annotate" } {
            (console.access.field())
            @for (name, value) in shown { input type="hidden" name=(name) value=(value); }
            div { label for="owner" { "Owner" } input #owner name="owner" value=(asset.owner().unwrap_or_default()); }
            div {
                label for="tags" { "Tags, one a line" }
                textarea #tags name="tags" rows="3" { (tags) }
            }
            div {
                label for="criticality" { "Criticality" }
                select #criticality name="criticality" {
                    @for word in CRITICALITIES {
                        option value=(word) selected[word == asset.criticality().unwrap_or_default()] {
                            @if word.is_empty() { "not said" } @else { (word) }
                        }
                    }
                }
            }
            div.wide {
                label for="comment" { "Comment" }
                textarea #comment name="comment" rows="2" { (asset.comment().unwrap_or_default()) }
            }
            div { label for="why" { "Why (optional)" } input #why name="why"; }
            div.end { button type="submit" { "Save" } }
        }
    }
}

fn values(explanation: &Explanation) -> Markup {
    let rows = html! {
        @for value in &explanation.values {
            tr.past[value.until.is_some()] {
                th scope="row" { (value.field) }
                td { (Shown(&value.value)) }
                td { @if let Some(source) = &value.source { (icon(source.kind())) " " (Shown(source.as_str())) } }
                td { (minute(value.since)) }
                td { (remarks(value)) }
            }
        }
    };
    table("Values", &["Field", "Value", "Source", "Since", "Remarks"], &rows)
}

/// Whether it holds, and what it took the place of.
fn remarks(value: &ExplainedValue) -> Markup {
    html! {
        @if let Some(until) = value.until { "until " (minute(until)) " " }
        @else if !value.holds { "another source goes before it " }
        @if let Some(why) = value.why { "holds: " (why) " " }
        @if let Some(before) = &value.replaced { "in place of " (Shown(before)) }
    }
}

fn record(asset: &Asset, part: &ExplainedRecord) -> Markup {
    let attributes = asset.part(part.number).map(|part| part.attributes.by_name());
    html! {
        article {
            h3 { (icon(part.source.kind())) " " (Shown(part.source.as_str())) }
            p {
                @match part.presence {
                    Presence::Present => "Present",
                    Presence::Missing { since, .. } => { "Missing since " (minute(since)) }
                    Presence::Gone { since } => { "Gone since " (minute(since)) }
                }
                ", written " (minute(part.written))
                @if let Some(tie) = &part.tie { ". Tied to this asset: " (Shown(&tie.reason)) }
                @if let Some(object) = part.object { ". Object " code { (object) } }
                "."
            }
            @for left_out in &part.left_out { p { "Left out by the last read: " (Shown(left_out)) "." } }
            @if part.attributes > 0 {
                details {
                    summary { (part.attributes) " attributes" }
                    dl.attributes {
                        @for (name, values) in attributes.into_iter().flatten() {
                            dt { (Shown(name)) }
                            @for value in values { dd { (Shown(value)) } }
                        }
                    }
                }
            }
        }
    }
}

fn decisions(console: &Console, explanation: &Explanation) -> Markup {
    html! {
        @if explanation.decisions.is_empty() && explanation.merges.is_empty() { p { "Nothing yet." } }
        ul.plain {
            @for decision in &explanation.decisions { li { (Shown(&decision.to_string())) } }
            @for merge in &explanation.merges {
                li {
                    (Shown(&merge.to_string()))
                    @if merge.stands() {
                        form.inline method="post" action="/unmerge" {
                            (console.access.field())
                            input type="hidden" name="merge" value=(merge.id);
                            button.quiet type="submit" { "Unmerge" }
                        }
                    }
                }
            }
        }
    }
}

fn merging(asset: &Asset) -> Markup {
    html! {
        section aria-labelledby="merging" {
            h2 #merging { "Merge" }
            form.row method="get" action="/merge" {
                input type="hidden" name="asset" value=(asset.id);
                label for="other" { "Another asset that is this one, by its name or id" }
                input #other name="asset" required;
                button type="submit" { "Show what it would give" }
            }
        }
    }
}

pub(crate) async fn annotate(
    State(console): State<Arc<Console>>,
    Path(id): Path<String>,
    Posted(said): Posted<Said>,
) -> Answer<Redirect> {
    let asset = asset(&console, &id).await?;
    let fields = said.fields();
    if !fields.is_empty() {
        console.curation().annotate(&[asset.id], &fields, &console.author(&said.why)).await?;
    }
    Ok(Redirect::to(&format!("/assets/{}", asset.id)))
}
