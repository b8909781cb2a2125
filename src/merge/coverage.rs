//! Which part of the inventory the directories know, and which part scans have seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::precedence::PERSON;
use crate::asset::{Asset, Claims, Presence, SourceRecord, System};
use crate::directory::AD_SITE;
use crate::error::Printable;
use crate::os::Lifecycle;
use crate::value::{SiteId, Timestamp};

/// Assets counted by site and operating system, or by site and AD site: known to a directory, seen by scans, or both. Prints
/// as a table; serialises with its rows in order of site and operating system.
///
/// An asset is *in the directory* if it has a part of a directory's object that is not gone, and *seen by
/// scans* if it has a part of any other source than a person. It is *stale* in one of them if it is in it and
/// none of its parts there was seen within the time given; one that says no time at all is not. It is *out of support* when
/// the last day of its operating system's support is over; a system that may be several products counts by the earliest day.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Coverage {
    /// What the ages are counted from.
    pub now: Timestamp,
    /// From what age on an asset is stale, in days.
    pub stale_after_days: u64,
    /// Everything.
    pub total: CoverageCounts,
    /// Each site and operating system.
    rows: Rows,
    #[serde(skip)]
    lifecycle: Arc<Lifecycle>,
}

/// What is counted, by site and what else it is counted by.
#[derive(Clone, Debug, Default)]
struct Rows {
    by: By,
    counts: BTreeMap<(SiteId, String), CoverageCounts>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum By {
    #[default]
    OperatingSystem,
    AdSite,
}

/// How many days before its end the support of a system ends soon: a quarter of a year, in which one can be replaced.
const SOON_DAYS: u64 = 90;

/// A row as it is serialised.
#[derive(Serialize)]
struct Row<'a> {
    site: &'a SiteId,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ad_site: Option<&'a str>,
    #[serde(flatten)]
    counts: &'a CoverageCounts,
}

/// How many assets there are of each sort.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CoverageCounts {
    /// All.
    pub assets: u64,
    /// In the directory, and seen by scans.
    pub both: u64,
    /// In the directory alone.
    pub only_directory: u64,
    /// Seen by scans alone: not in the domain.
    pub only_scans: u64,
    /// In neither: what a person entered, or what a directory has lost.
    pub neither: u64,
    /// In the directory, and not seen there for too long.
    pub stale_in_directory: u64,
    /// Seen by scans, and not for too long.
    pub stale_in_scans: u64,
    /// Out of support, by their operating systems.
    pub out_of_support: u64,
    /// Out of support within 90 days, and not yet.
    pub out_of_support_soon: u64,
    /// In the directory, and LAPS keeps the password of the local administrator. None where the task does not
    /// [ask](crate::task::SyncTask::with_laps).
    pub with_laps: u64,
}

impl Coverage {
    /// Nothing counted yet.
    pub fn new(now: Timestamp, stale_after_days: u64) -> Self {
        Self {
            now,
            stale_after_days,
            total: CoverageCounts::default(),
            rows: Rows::default(),
            lifecycle: Arc::clone(Lifecycle::known()),
        }
    }

    /// Counts what is out of support by this table.
    pub(crate) fn by(mut self, lifecycle: &Arc<Lifecycle>) -> Self {
        self.lifecycle = Arc::clone(lifecycle);
        self
    }

    /// Counts by the AD sites that computers are in instead of by operating system. An asset in several is counted once, with
    /// all others in the same ones: `Berlin, Lyon`.
    #[must_use]
    pub fn by_ad_site(mut self) -> Self {
        self.rows.by = By::AdSite;
        self
    }

    /// Counts an asset.
    pub fn add(&mut self, asset: &Asset) {
        let counts = self.counts(asset);
        let by = match self.rows.by {
            By::OperatingSystem => asset.os().unwrap_or_default().to_owned(),
            By::AdSite => ad_sites(asset),
        };
        self.rows.counts.entry((asset.site.clone(), by)).or_default().add(&counts);
        self.total.add(&counts);
    }

    /// Each site and operating system, or AD site (empty if it is not known), with its assets, in this order.
    pub fn rows(&self) -> impl Iterator<Item = (&SiteId, &str, &CoverageCounts)> {
        self.rows.counts.iter().map(|((site, by), counts)| (site, by.as_str(), counts))
    }

    fn counts(&self, asset: &Asset) -> CoverageCounts {
        let in_directory = asset.parts.iter().any(is_in_directory);
        let in_scans = asset.parts.iter().any(is_scan);
        let count = u64::from;
        let end = System::of(asset, &self.lifecycle).end();
        let soon = self.now.checked_add(Duration::from_secs(SOON_DAYS * 86_400));
        let is_out = end.is_some_and(|end| end < self.now);
        let is_out_soon = end.is_some_and(|end| soon.is_some_and(|soon| end < soon));
        CoverageCounts {
            assets: 1,
            both: count(in_directory && in_scans),
            only_directory: count(in_directory && !in_scans),
            only_scans: count(!in_directory && in_scans),
            neither: count(!in_directory && !in_scans),
            stale_in_directory: count(in_directory && self.is_stale(asset, is_in_directory)),
            stale_in_scans: count(in_scans && self.is_stale(asset, is_scan)),
            out_of_support: count(is_out),
            out_of_support_soon: count(is_out_soon && !is_out),
            with_laps: count(asset.parts.iter().any(has_laps)),
        }
    }

    fn is_stale(&self, asset: &Asset, is: fn(&SourceRecord) -> bool) -> bool {
        let latest = |claims: &Claims<Timestamp>| {
            let own = |number| asset.part(number).is_some_and(is);
            claims.iter().filter(|claim| own(claim.part)).map(|claim| claim.value).max()
        };
        let seen = latest(&asset.last_seen).or_else(|| latest(&asset.first_seen));
        let limit = Duration::from_secs(self.stale_after_days.saturating_mul(86_400));
        seen.is_some_and(|seen| self.now.saturating_since(seen) > limit)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let titles = [
            "assets",
            "both",
            "directory",
            "scans",
            "neither",
            "stale dir",
            "stale scan",
            "out of sup",
            "out soon",
            "with laps",
        ];
        write!(f, "{:<12} {:<32}", "site", self.rows.by.title())?;
        titles.iter().try_for_each(|title| write!(f, " {title:>10}"))?;
        for (site, by, counts) in self.rows() {
            let by = if by.is_empty() { "unknown" } else { by };
            write!(f, "\n{site:<12} {:<32}", Printable(by).to_string())?;
            counts.print(f)?;
        }
        write!(f, "\n{:<45}", "total")?;
        self.total.print(f)
    }
}

impl CoverageCounts {
    /// The numbers in order of the fields.
    pub fn columns(&self) -> [u64; 10] {
        [
            self.assets,
            self.both,
            self.only_directory,
            self.only_scans,
            self.neither,
            self.stale_in_directory,
            self.stale_in_scans,
            self.out_of_support,
            self.out_of_support_soon,
            self.with_laps,
        ]
    }

    fn add(&mut self, other: &Self) {
        self.assets += other.assets;
        self.both += other.both;
        self.only_directory += other.only_directory;
        self.only_scans += other.only_scans;
        self.neither += other.neither;
        self.stale_in_directory += other.stale_in_directory;
        self.stale_in_scans += other.stale_in_scans;
        self.out_of_support += other.out_of_support;
        self.out_of_support_soon += other.out_of_support_soon;
        self.with_laps += other.with_laps;
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.columns().iter().try_for_each(|count| write!(f, " {count:>10}"))
    }
}

fn is_in_directory(part: &SourceRecord) -> bool {
    part.object.is_some() && !matches!(part.presence, Presence::Gone { .. })
}

fn has_laps(part: &SourceRecord) -> bool {
    is_in_directory(part) && part.attributes.first("hasLaps") == Some("true")
}

fn is_scan(part: &SourceRecord) -> bool {
    part.object.is_none() && part.source.kind() != PERSON
}

/// The AD sites that the computers of an asset are in.
fn ad_sites(asset: &Asset) -> String {
    let parts = asset.parts.iter().filter(|part| is_in_directory(part));
    let sites: BTreeSet<&str> = parts.flat_map(|part| part.attributes.values(AD_SITE)).collect();
    Vec::from_iter(sites).join(", ")
}

impl By {
    fn title(self) -> &'static str {
        match self {
            Self::OperatingSystem => "operating system",
            Self::AdSite => "AD site",
        }
    }
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rows = self.counts.iter().map(|((site, by), counts)| {
            let of = |this: By| (self.by == this).then_some(by.as_str());
            Row { site, os: of(By::OperatingSystem), ad_site: of(By::AdSite), counts }
        });
        serializer.collect_seq(rows)
    }
}
