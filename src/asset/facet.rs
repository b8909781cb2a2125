//! How many assets a query finds, and how they divide.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::Asset;
use crate::name::to_unicode;
use crate::query::fold_case;
use crate::{Error, Result};

/// What assets are divided by.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Facet {
    /// The domains that an asset is in; one asset may be in several.
    Domain,
    /// The operating system.
    Os,
    /// The site.
    Site,
    /// The kinds of source that say something about an asset (`ldap`, `scan`), often several.
    Source,
    /// What sort of thing it is.
    Type,
}

/// How many assets a query finds, and how many of them have which value of each facet.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AssetCounts {
    /// The assets that the query finds.
    pub total: u64,
    /// The facets that were asked for, in that order.
    pub facets: Vec<FacetCounts>,
}

/// How assets divide by one facet.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct FacetCounts {
    /// The facet.
    pub facet: Facet,
    /// The values that most assets have, and how many have each; of equal counts by the alphabet. Values are as queries
    /// compare them (see [`Query::fold`](crate::query::Query::fold)), so that `os:="..."` finds just these; `None` stands
    /// for the assets that have none.
    #[serde(serialize_with = "by_name")]
    pub values: Vec<(Option<String>, u64)>,
}

/// Counts assets one by one, for a store that does not leave it to its database.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    total: u64,
    facets: Vec<FacetTally>,
}

#[derive(Clone, Debug)]
struct FacetTally {
    facet: Facet,
    with: BTreeMap<String, u64>,
    without: u64,
}

impl Facet {
    const NAMES: [(&str, Self); 5] = [
        ("domain", Self::Domain),
        ("os", Self::Os),
        ("site", Self::Site),
        ("source", Self::Source),
        ("type", Self::Type),
    ];

    /// The values that an asset has, folded.
    pub fn values(self, asset: &Asset) -> BTreeSet<String> {
        match self {
            Self::Domain => asset.live_domains().map(|name| fold_case(&to_unicode(name))).collect(),
            Self::Os => asset.os().map(fold_case).into_iter().collect(),
            Self::Site => BTreeSet::from([fold_case(asset.site.as_str())]),
            Self::Source => asset.source_kinds().into_iter().map(fold_case).collect(),
            Self::Type => asset.kind().map(fold_case).into_iter().collect(),
        }
    }
}

impl AssetCounts {
    /// The counts of these assets, by at most `limit` values of each facet.
    pub fn of<'a>(
        assets: impl IntoIterator<Item = &'a Asset>,
        facets: &[Facet],
        limit: usize,
    ) -> Self {
        let mut tally = Tally::new(facets);
        assets.into_iter().for_each(|asset| tally.add(asset));
        tally.counts(limit)
    }

    /// Counts that a store has made.
    pub fn new(total: u64, facets: Vec<FacetCounts>) -> Self {
        Self { total, facets }
    }
}

impl FacetCounts {
    /// The `limit` values that most assets have, of these.
    pub fn new(
        facet: Facet,
        counts: impl IntoIterator<Item = (Option<String>, u64)>,
        limit: usize,
    ) -> Self {
        let mut values: Vec<(Option<String>, u64)> = counts.into_iter().collect();
        values.sort_by(|(one, most), (other, more)| {
            more.cmp(most).then_with(|| (one.is_none(), one).cmp(&(other.is_none(), other)))
        });
        values.truncate(limit);
        Self { facet, values }
    }
}

fn by_name<S: Serializer>(
    values: &[(Option<String>, u64)],
    serializer: S,
) -> std::result::Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Count<'a> {
        value: &'a Option<String>,
        assets: u64,
    }
    serializer.collect_seq(values.iter().map(|(value, assets)| Count { value, assets: *assets }))
}

impl Tally {
    /// Nothing counted yet, by these facets.
    pub(crate) fn new(facets: &[Facet]) -> Self {
        let facets = facets.iter();
        let empty = |facet: &Facet| FacetTally { facet: *facet, with: BTreeMap::new(), without: 0 };
        Self { total: 0, facets: facets.map(empty).collect() }
    }

    /// Counts an asset.
    pub(crate) fn add(&mut self, asset: &Asset) {
        self.add_values(1, |facet| facet.values(asset).into_iter().map(Cow::Owned).collect());
    }

    /// Counts an asset by its folded values, each once.
    pub(crate) fn add_values<'v>(
        &mut self,
        assets: u64,
        values: impl Fn(Facet) -> Vec<Cow<'v, str>>,
    ) {
        self.total += assets;
        for FacetTally { facet, with, without } in &mut self.facets {
            let values = values(*facet);
            if values.is_empty() {
                *without += assets;
            }
            for value in values {
                match with.get_mut(&*value) {
                    Some(count) => *count += assets,
                    None => _ = with.insert(value.into_owned(), assets),
                }
            }
        }
    }

    /// What was counted, with the `limit` values of each facet that most assets have.
    pub(crate) fn counts(self, limit: usize) -> AssetCounts {
        let facets = self.facets.into_iter().map(|FacetTally { facet, with, without }| {
            let with = with.into_iter().map(|(value, assets)| (Some(value), assets));
            let without = Some((None, without)).filter(|(_, assets)| *assets > 0);
            FacetCounts::new(facet, with.chain(without), limit)
        });
        AssetCounts { total: self.total, facets: facets.collect() }
    }
}

impl fmt::Display for Facet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(_, facet)| facet == self);
        f.pad(name.map_or("", |(name, _)| name))
    }
}

impl FromStr for Facet {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let known = Self::NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(text));
        let reason = "expected domain, os, site, source or type";
        known.map(|(_, facet)| *facet).ok_or_else(|| Error::invalid("facet", text, reason))
    }
}
