//! The search box, and what cannot be read of what was written into it.

use ldap_inventory::asset::SearchRequest;
use ldap_inventory::query::{Field, ParseError, Query, Reading};
use maud::{Markup, html};
use serde::Deserialize;

use crate::shown::{Shown, address, escaped};
use crate::{Console, now};

/// Records of a page.
const PAGE: usize = 50;

/// What is searched for, and where the page begins.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Search {
    pub(crate) q: String,
    pub(crate) sort: String,
    pub(crate) after: String,
}

impl Search {
    /// The request for a page of records that have these fields, or where it cannot be read.
    pub(crate) fn request(
        &self,
        console: &Console,
        fields: &[Field],
    ) -> Result<SearchRequest, ParseError> {
        let query = Query::parse_known(&self.q, fields)?;
        let after = (!self.after.is_empty()).then(|| self.after.clone());
        let request = SearchRequest::new(console.organization.clone(), query, now());
        Ok(request.with_limit(PAGE).after(after))
    }

    /// The address of the page behind this one.
    fn address(&self, path: &str, after: &str) -> String {
        address(path, &[("q", &self.q), ("sort", &self.sort), ("after", after)])
    }

    /// The box, with the manual of what may be asked.
    pub(crate) fn form(&self, path: &str, label: &str, fields: &[Field]) -> Markup {
        html! {
            form.search role="search" method="get" action=(path) {
                label for="q" { (label) }
                div.row {
                    input #q type="search" name="q" value=(self.q) autocomplete="off" spellcheck="false"
                        maxlength=(Query::MAX_LENGTH);
                    @if !self.sort.is_empty() { input type="hidden" name="sort" value=(self.sort); }
                    button type="submit" { "Search" }
                }
            }
            details {
                summary { "What can be asked for" }
                p {
                    "Words are looked for in names; " code { "AND" } ", " code { "OR" } ", " code { "NOT" }
                    " and parentheses combine what is asked of fields. " code { "has:os" } " finds what has a value, "
                    code { "name:web*" } " what begins so, " code { "last_seen:>90days" } " what was not seen for long."
                }
                div.scroll role="region" aria-label="Fields" tabindex="0" {
                    table {
                        thead { tr { th scope="col" { "Field" } th scope="col" { "Meaning" } th scope="col" { "Example" } } }
                        tbody {
                            @for field in fields {
                                tr {
                                    th scope="row" { code { (field.name()) } }
                                    td { (field.meaning) }
                                    td { code { (field.example) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The ways to other pages.
    pub(crate) fn pages(&self, path: &str, next: Option<&str>) -> Markup {
        html! {
            @if !self.after.is_empty() || next.is_some() {
                nav.pages aria-label="Pages of the answer" {
                    @if !self.after.is_empty() { a href=(self.address(path, "")) { "First page" } }
                    @if let Some(next) = next { a rel="next" href=(self.address(path, next)) { "Next page" } }
                }
            }
        }
    }

    /// Where the query cannot be read, with a caret below the place.
    pub(crate) fn unreadable(&self, error: &ParseError) -> Markup {
        let before: String = self.q.chars().take(error.column.saturating_sub(1)).collect();
        let place = " ".repeat(escaped(&before).chars().count());
        html! {
            div.failure role="alert" {
                p { "The query cannot be read at column " (error.column) ": expected " (Shown(&error.expected)) "." }
                pre tabindex="0" { (Shown(&self.q)) "\n" (place) "^" }
                @if let Some(suggestion) = &error.suggestion {
                    p { "Did you mean " code { (Shown(suggestion)) } "?" }
                }
            }
        }
    }

    /// How a query that finds nothing was read, and what is near.
    pub(crate) fn nothing(&self, reading: &Reading) -> Markup {
        html! {
            p { "Nothing was found." }
            @if !self.q.is_empty() { pre tabindex="0" { (Lines(&reading.to_string())) } }
        }
    }
}

/// Lines of foreign text.
struct Lines<'a>(&'a str);

impl maud::Render for Lines<'_> {
    fn render(&self) -> Markup {
        html! { @for line in self.0.lines() { (Shown(line)) "\n" } }
    }
}
