//! What every page has around it.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{DOCTYPE, Markup, html};

use crate::Console;
use crate::failure::Answer;
use crate::shown::Shown;

/// The most rows of a table that has no pages.
pub(crate) const ROWS: usize = 200;

/// Where a page belongs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Assets,
    Users,
    Groups,
    Unresolved,
    Overlaps,
    Coverage,
    Tasks,
    Credentials,
}

impl Place {
    const ALL: [(Self, &str, &str); 8] = [
        (Self::Assets, "/assets", "Assets"),
        (Self::Users, "/users", "Users"),
        (Self::Groups, "/groups", "Groups"),
        (Self::Unresolved, "/unresolved", "Unresolved"),
        (Self::Overlaps, "/overlaps", "Overlaps"),
        (Self::Coverage, "/coverage", "Coverage"),
        (Self::Tasks, "/tasks", "Tasks"),
        (Self::Credentials, "/credentials", "Credentials"),
    ];
}

/// A page with its way to all others, and how many computers wait for a person.
pub(crate) async fn page(console: &Console, place: Place, title: &str, content: Markup) -> Answer {
    let waiting = console.inventory.waiting(&console.organization).await?.len();
    let navigation = html! {
        nav aria-label="Pages" {
            @for (other, path, name) in Place::ALL {
                a href=(path) aria-current=[(other == place).then_some("page")] {
                    (name)
                    @if other == Place::Unresolved && waiting > 0 {
                        " " span.badge { (waiting) }
                    }
                }
            }
        }
    };
    Ok(document(title, &navigation, &content))
}

/// A page without it, for those who may not have come in.
pub(crate) fn bare(title: &str, content: &Markup) -> Markup {
    document(title, &html! {}, content)
}

fn document(title: &str, navigation: &Markup, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (Shown(title)) " - Inventory" }
                link rel="stylesheet" href="/style.css";
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                header { p.brand { "Inventory" } (navigation) }
                main #content {
                    h1 { (Shown(title)) }
                    (content)
                }
            }
        }
    }
}

/// A table in a box of its own, in which it scrolls where it is too wide.
pub(crate) fn table(label: &str, titles: &[&str], rows: &Markup) -> Markup {
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr { @for title in titles { th scope="col" { (title) } } } }
                tbody { (rows) }
            }
        }
    }
}

/// What is said below a table that has no more than [`ROWS`] of so many.
pub(crate) fn more(count: usize) -> Markup {
    html! { @if count > ROWS { p.hint { "The first " (ROWS) " of " (count) "." } } }
}

/// The one stylesheet.
pub(crate) async fn style() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (kind, include_str!("style.css")).into_response()
}

/// The one script: without it a page shows the same when it is loaded again.
pub(crate) async fn script() -> Response {
    let kind = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (kind, include_str!("console.js")).into_response()
}
