//! Records whose name the directory has given to another computer meanwhile.
//!
//! A host that gets another name leaves its old one free, and a new host takes it. What a scanner says under that name
//! from then on is said of the new host. Without ids nothing but names tells so: the record goes to the asset of the
//! computer that is called so now, before its line is looked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::identity::{Line, OwnRecord};
use crate::asset::{Asset, MatchProvenance};
use crate::merge::{
    Candidate, KnownDirectories, Record, Resemblance, Standing, assemble, resemblances, take_apart,
};
use crate::name::{Hostname, MatchKey};
use crate::task::MatchPolicy;
use crate::value::{AssetId, SiteId};

/// A record, and the only line that may be about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outdated<'a> {
    own: &'a OwnRecord,
    line: &'a Line<'a>,
}

/// A record that goes to another asset.
#[derive(Clone, Debug)]
pub(super) struct Departure {
    /// The asset that shows it, and its number there.
    pub(super) from: (AssetId, u32),
    /// The asset that shows it from now on.
    pub(super) to: AssetId,
    /// Where the rules alone have it from now on.
    home: AssetId,
    site: SiteId,
    reason: String,
}

/// The records that the directory calls otherwise, each with the only line that may be about it. An id tells more than
/// names, and so does an address where two lines or two records have the same names.
pub(super) fn outdated<'a>(lines: &'a [Line<'a>], own: &'a [OwnRecord]) -> Vec<Outdated<'a>> {
    let outdated = own.iter().filter(|own| own.is_outdated && own.identity.is_none());
    let outdated: Vec<&OwnRecord> = outdated.filter(|own| own.is_present).collect();
    if outdated.is_empty() {
        return Vec::new();
    }
    let ids: BTreeSet<&str> = own.iter().filter_map(|own| own.identity.as_deref()).collect();
    let mut records: HashMap<&[Hostname], usize> = HashMap::new();
    for own in own.iter().filter(|own| own.is_present) {
        *records.entry(&own.traits.names).or_default() += 1;
    }
    let mut by_names: HashMap<&[Hostname], Vec<&Line<'_>>> = HashMap::new();
    let mut by_key: HashMap<MatchKey, Vec<&Line<'_>>> = HashMap::new();
    for line in lines.iter().filter(|line| !line.has_id_of(&ids)) {
        let names = line.traits.names.as_slice();
        by_names.entry(names).or_default().push(line);
        if !records.contains_key(names) {
            let keys: BTreeSet<MatchKey> = line.traits.keys().collect();
            keys.into_iter().for_each(|key| by_key.entry(key).or_default().push(line));
        }
    }
    let only = |own: &'a OwnRecord| {
        let names = own.traits.names.as_slice();
        if records.get(names).is_some_and(|count| *count > 1) {
            return None;
        }
        let same = by_names.get(names).cloned();
        let alike = || own.traits.keys().filter_map(|key| by_key.get(&key)).flatten().copied();
        let mut about: Vec<&Line<'_>> = same.unwrap_or_else(|| alike().collect());
        about.dedup_by(|one, other| std::ptr::eq(*one, *other));
        let [line] = about[..] else { return None };
        Some(Outdated { own, line })
    };
    outdated.into_iter().filter_map(only).collect()
}

/// Where records go: to the one asset with a computer that a line fits best. `assets` are those that have a name of one of
/// the lines, as the rules alone have them.
pub(super) fn departures(
    outdated: &[Outdated<'_>],
    own: &[OwnRecord],
    assets: &[Asset],
    standing: &Standing,
    directories: &KnownDirectories,
) -> Vec<Departure> {
    let policy = directories.policy();
    let computers: Vec<Asset> =
        assets.iter().filter_map(|asset| of_computers(asset, policy)).collect();
    let candidates: Vec<Candidate> = computers.iter().map(Candidate::of).collect();
    let names = outdated.iter().map(|it| {
        let domains = it.line.record.domains.as_slice();
        (it.line.traits.names.as_slice(), domains)
    });
    let names: Vec<_> = names.collect();
    let sites: BTreeMap<AssetId, &SiteId> =
        assets.iter().map(|asset| (asset.id, &asset.site)).collect();
    let mut departures: BTreeMap<AssetId, Vec<Departure>> = BTreeMap::new();
    for (it, mut fits) in outdated.iter().zip(resemblances(&names, &candidates, directories)) {
        if policy.within_site {
            fits.retain(|fit| sites.get(&fit.asset) == Some(&it.line.site()));
        }
        let Some(Resemblance { asset: home, evidence }) = it.goal(&fits) else { continue };
        let Some(site) = sites.get(home).copied().filter(|_| it.is_alone_in(*home, own)) else {
            continue;
        };
        departures.entry(*home).or_default().push(Departure {
            from: (it.own.asset, it.own.part),
            to: standing.survivor(*home),
            home: *home,
            site: site.clone(),
            reason: evidence.to_string(),
        });
    }
    let single = departures.into_values().filter(|all| all.len() == 1);
    single.flatten().collect()
}

/// The assets as they are when the records have gone, those that change.
pub(super) fn carry_over(
    assets: &[Asset],
    departures: &[Departure],
    tie: impl Fn(String) -> MatchProvenance,
    policy: &MatchPolicy,
) -> Vec<Asset> {
    let is_there = |id: AssetId| assets.iter().any(|asset| asset.id == id);
    let mut records: BTreeMap<AssetId, Vec<Record>> = BTreeMap::new();
    for asset in assets {
        for (part, record) in asset.parts.iter().zip(take_apart(asset)) {
            let goes = departures.iter().find(|it| it.from == (asset.id, part.number));
            match goes.filter(|it| is_there(it.to)) {
                Some(Departure { to, home, site, reason, .. }) => {
                    let record = record.at(*home, site.clone(), tie(reason.clone()));
                    records.entry(*to).or_default().push(record);
                }
                None => records.entry(asset.id).or_default().push(record),
            }
        }
    }
    let changed = assets.iter().filter_map(|asset| {
        let all = records.remove(&asset.id)?;
        let changed = assemble(asset.id, all, policy)?;
        Some(Asset { site: asset.site.clone(), version: asset.version, ..changed })
    });
    changed.collect()
}

impl<'a> Outdated<'a> {
    /// The keys of the line's names.
    pub(super) fn keys(&self) -> impl Iterator<Item = MatchKey> + use<'a> {
        self.line.traits.keys()
    }

    /// The one asset that the line fits best, unless a computer of the record's own is called so.
    fn goal<'f>(&self, fits: &'f [Resemblance]) -> Option<&'f Resemblance> {
        let best = fits.iter().map(|fit| fit.evidence.level()).min()?;
        let is_own = fits.iter().any(|fit| fit.asset == self.own.home);
        let mut best = fits.iter().filter(|fit| fit.evidence.level() == best);
        best.next().filter(|_| !is_own && best.next().is_none())
    }

    /// Whether no record of the source that is there could be what the line is about.
    fn is_alone_in(&self, asset: AssetId, own: &[OwnRecord]) -> bool {
        let keys: BTreeSet<MatchKey> = self.keys().collect();
        let mut there = own.iter().filter(|own| own.home == asset && own.is_present);
        !there.any(|own| own.traits.keys().any(|key| keys.contains(&key)))
    }
}

/// What directories have of an asset now.
fn of_computers(asset: &Asset, policy: &MatchPolicy) -> Option<Asset> {
    let is_computer = |record: &Record| record.object().is_some() && record.is_present();
    let records = take_apart(asset).into_iter().filter(is_computer).collect();
    assemble(asset.id, records, policy)
}
