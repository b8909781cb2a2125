//! Computers that wait for a person, and the decision.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Redirect;
use ldap_inventory::asset::Asset;
use ldap_inventory::curation::Unresolved;
use ldap_inventory::value::{AssetId, ObjectGuid, SourceId};
use maud::{Markup, html};
use serde::Deserialize;

use super::assets::{called, system};
use crate::Console;
use crate::asked::Posted;
use crate::failure::{Answer, Failure};
use crate::page::{Place, page};
use crate::shown::{Shown, counted, icon, minute_or};

/// Assets that are asked for at once.
const AT_ONCE: usize = 500;

/// What is chosen where a computer is none of its candidates.
const NEW: &str = "new";

/// Which computer, and which asset it is.
#[derive(Debug, Deserialize)]
pub(crate) struct Choice {
    source: String,
    object: String,
    choice: String,
    #[serde(default)]
    why: String,
}

pub(crate) async fn list(State(console): State<Arc<Console>>) -> Answer {
    let mut waiting = Vec::new();
    for source in console.curation().directories().await? {
        waiting.extend(console.curation().unresolved(&source).await?);
    }
    waiting.sort_by(|one, other| (&one.name, one.object).cmp(&(&other.name, other.object)));
    let assets = candidates(&console, &waiting).await?;
    let content = html! {
        p role="status" {
            @if waiting.is_empty() { "No computer waits for a person." }
            @else {
                (counted(waiting.len() as u64, "computer fits", "computers fit"))
                " several assets equally well. Nothing is guessed: say which it is."
            }
        }
        @for computer in &waiting { (card(&console, computer, &assets)) }
    };
    page(&console, Place::Unresolved, "Unresolved", content).await
}

async fn candidates(console: &Console, waiting: &[Unresolved]) -> Answer<BTreeMap<AssetId, Asset>> {
    let ids = waiting.iter().flat_map(|it| it.candidates.iter().map(|candidate| candidate.asset));
    let ids: Vec<AssetId> = ids.collect();
    let mut assets = BTreeMap::new();
    for ids in ids.chunks(AT_ONCE) {
        let found = console.inventory.assets(&console.organization, ids).await?;
        assets.extend(found.into_iter().map(|asset| (asset.id, asset)));
    }
    Ok(assets)
}

fn card(console: &Console, computer: &Unresolved, assets: &BTreeMap<AssetId, Asset>) -> Markup {
    let name = computer.name.clone().unwrap_or_else(|| computer.object.to_string());
    html! {
        form.card method="post" action="/unresolved/settle" {
            (console.access.field())
            input type="hidden" name="source" value=(computer.source);
            input type="hidden" name="object" value=(computer.object);
            h2 { (icon(computer.source.kind())) " " (Shown(&name)) }
            p {
                @if let Some(account) = &computer.account { "Account " (Shown(account)) ", " }
                "of " (Shown(computer.source.name())) ", last seen " (minute_or(computer.last_seen, "never")) "."
                @if let Some(reason) = &computer.reason { " " (Shown(reason)) "." }
            }
            fieldset {
                legend { "Which asset is it?" }
                @for candidate in &computer.candidates {
                    @if let Some(asset) = assets.get(&candidate.asset) {
                        label.choice {
                            input type="radio" name="choice" value=(asset.id) required;
                            span {
                                a href={ "/assets/" (asset.id) } { (Shown(&called(asset))) }
                                " (" (Shown(&traits(asset))) ") "
                                @match candidate.level {
                                    Some(level) => { "by " (level) }
                                    None => "although something speaks against it",
                                }
                            }
                        }
                    }
                }
                label.choice {
                    input type="radio" name="choice" value=(NEW) required;
                    span { "None of these: a new asset" }
                }
            }
            div.row {
                label for={ "why-" (computer.object) } { "Why (optional)" }
                input id={ "why-" (computer.object) } name="why";
                button type="submit" { "Settle" }
            }
        }
    }
}

/// What tells assets of one name apart.
fn traits(asset: &Asset) -> String {
    let addresses = asset.live_addresses().map(|address| address.to_string());
    let last_seen =
        asset.last_seen().map_or("never seen".to_owned(), |it| format!("seen {}", it.date()));
    let all =
        [asset.site.to_string(), system(asset)].into_iter().chain(addresses).chain([last_seen]);
    all.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ")
}

pub(crate) async fn settle(
    State(console): State<Arc<Console>>,
    Posted(Choice { source, object, choice, why }): Posted<Choice>,
) -> Answer<Redirect> {
    let (source, object): (SourceId, ObjectGuid) = (source.parse()?, object.parse()?);
    let curation = console.curation();
    let all = curation.unresolved(&source).await?;
    let waiting = all.into_iter().find(|waiting| waiting.object == object);
    let waiting = waiting.ok_or_else(|| {
        Failure::conflict("this computer waits no more: somebody, or a run, has settled it")
    })?;
    let place = match choice.as_str() {
        NEW => None,
        asset => Some(place(&waiting, asset.parse()?)?),
    };
    curation.settle(&waiting, place, &console.author(&why)).await?;
    Ok(Redirect::to("/unresolved"))
}

/// Where the candidate stands by now: the page may be older than the latest run.
fn place(waiting: &Unresolved, asset: AssetId) -> Answer<usize> {
    let found = waiting.candidates.iter().position(|candidate| candidate.asset == asset);
    found.map(|index| index + 1).ok_or_else(|| {
        Failure::conflict("this asset is no candidate any more; look at the computer again")
    })
}
