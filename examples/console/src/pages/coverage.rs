//! How much of the inventory the directory and the scans know, as a drawing and as a table.

use std::sync::Arc;

use axum::extract::State;
use ldap_inventory::merge::CoverageCounts;
use maud::{Markup, html};
use serde::Deserialize;

use crate::Console;
use crate::asked::Asked;
use crate::failure::Answer;
use crate::page::{Place, page, table};
use crate::shown::{Shown, address};

/// From what age on an asset is stale, in days, unless said otherwise.
const STALE_DAYS: u64 = 90;

/// The width of the drawing in its own units.
const WIDTH: f64 = 1_000.0;

/// By what is counted, and what is stale.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Question {
    by: String,
    days: Option<u64>,
}

/// A stretch of a bar: how it is drawn, what it is, and how many assets it stands for.
type Stretch = (&'static str, &'static str, u64);

pub(crate) async fn show(
    State(console): State<Arc<Console>>,
    Asked(question): Asked<Question>,
) -> Answer {
    let (by_ad_site, days) = (question.by == "ad_site", question.days.unwrap_or(STALE_DAYS));
    let coverage = match by_ad_site {
        true => console.curation().coverage_by_ad_site(days).await?,
        false => console.curation().coverage(days).await?,
    };
    let rows: Vec<(&str, &str, &CoverageCounts)> =
        coverage.rows().map(|(site, by, counts)| (site.as_str(), by, counts)).collect();
    let other = match by_ad_site {
        true => html! { a href="/coverage" { "Count by operating system" } },
        false => {
            html! { a href=(address("/coverage", &[("by", "ad_site")])) { "Count by AD site" } }
        }
    };
    let content = html! {
        figure {
            figcaption { "Who knows the assets" }
            (bar(&known(&coverage.total), coverage.total.assets))
        }
        figure {
            figcaption { "Support of their operating systems" }
            (bar(&supported(&coverage.total), coverage.total.assets))
        }
        h2 { "By site and " @if by_ad_site { "AD site" } @else { "operating system" } }
        p { (other) }
        (counts(&rows, &coverage.total, by_ad_site))
        p.hint { "Stale: not seen there for " (days) " days. Ends soon: support ends within 90 days." }
    };
    page(&console, Place::Coverage, "Coverage", content).await
}

fn known(counts: &CoverageCounts) -> [Stretch; 4] {
    [
        ("both", "in the directory and scanned", counts.both),
        ("directory", "in the directory alone", counts.only_directory),
        ("scans", "seen by scans alone", counts.only_scans),
        ("neither", "in neither", counts.neither),
    ]
}

fn supported(counts: &CoverageCounts) -> [Stretch; 3] {
    let out = counts.out_of_support + counts.out_of_support_soon;
    [
        ("out", "out of support", counts.out_of_support),
        ("soon", "ends soon", counts.out_of_support_soon),
        ("rest", "supported, or not known", counts.assets.saturating_sub(out)),
    ]
}

/// One bar of several stretches, and what they are in words.
fn bar(stretches: &[Stretch], total: u64) -> Markup {
    let width = |count: u64| WIDTH * count as f64 / total.max(1) as f64;
    let mut begin = 0.0;
    let mut place = |count| {
        let place = begin;
        begin += width(count);
        place
    };
    let placed: Vec<(&str, f64, f64)> =
        stretches.iter().map(|(class, _, count)| (*class, place(*count), width(*count))).collect();
    html! {
        svg.bar viewBox={ "0 0 " (WIDTH) " 40" } preserveAspectRatio="none" aria-hidden="true" {
            @for (class, begin, width) in placed {
                rect class=(class) x=(format!("{begin:.1}")) width=(format!("{width:.1}")) height="40" {}
            }
        }
        ul.legend {
            @for (class, meaning, count) in stretches {
                li {
                    svg.key viewBox="0 0 10 10" width="12" height="12" aria-hidden="true" {
                        rect class=(class) width="10" height="10" {}
                    }
                    " " (meaning) ": " strong { (count) } " (" (share(*count, total)) ")"
                }
            }
        }
    }
}

/// A share in whole percent; what is there is never none.
fn share(count: u64, total: u64) -> String {
    match count.saturating_mul(100) / total.max(1) {
        0 if count > 0 => "less than 1 %".to_owned(),
        percent => format!("{percent} %"),
    }
}

fn counts(
    rows: &[(&str, &str, &CoverageCounts)],
    total: &CoverageCounts,
    by_ad_site: bool,
) -> Markup {
    let by = if by_ad_site { "AD site" } else { "Operating system" };
    let titles = [
        "Site",
        by,
        "Assets",
        "Both",
        "Directory",
        "Scans",
        "Neither",
        "Stale there",
        "Stale in scans",
        "Out of support",
        "Ends soon",
        "LAPS",
    ];
    let rows = html! {
        @for (site, by, counts) in rows {
            tr {
                th scope="row" { (Shown(site)) }
                td { @if by.is_empty() { em { "unknown" } } @else { (Shown(by)) } }
                @for count in counts.columns() { td.number { (count) } }
            }
        }
        tr.total {
            th scope="row" { "Total" }
            td {}
            @for count in total.columns() { td.number { (count) } }
        }
    };
    table("Coverage", &titles, &rows)
}
