//! Comparing the names of a computer with those of the assets that share one.

use std::collections::{BTreeSet, HashMap};

use super::fit::{DistinctiveNames, Truncation, fit, may_be_cut, may_have_been_cut};
use super::name_index::{Longer, NameIndex, Owned, Owners, beginning};
use super::{Candidate, Computer, Evidence, LostBecause, WeakName};
use crate::name::Hostname;

/// The names of all assets and computers of a run, and which of them are evidence.
///
/// A fully qualified name is counted as such and a short name as such: `server.berlin.example` is evidence
/// where only one asset has it, although a dozen are called `server`. Counted are computers that are alive, and assets
/// that none of the directory's computers has: so that the count is the same before a run and after it.
#[derive(Debug)]
pub(super) struct Names<'a> {
    assets: &'a [&'a Candidate],
    by_asset: NameIndex<'a>,
    by_computer: NameIndex<'a>,
    limit: usize,
}

/// What a computer's names lead to.
#[derive(Debug, Default)]
pub(super) struct Comparison {
    /// The assets that share a name which is evidence, by their place, the best first.
    pub(super) assets: Vec<Compared>,
    /// The computer's names that are no evidence.
    pub(super) weak: Vec<WeakName>,
}

/// What a computer's names say about one asset.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Compared {
    pub(super) place: usize,
    pub(super) outcome: Result<Evidence, LostBecause>,
}

impl<'a> Names<'a> {
    /// Of candidates, each with whether it counts, and of computers, each with whether it is alive.
    pub(super) fn of(
        assets: &'a [&'a Candidate],
        is_free: impl Fn(&Candidate) -> bool,
        computers: impl Iterator<Item = (&'a Computer, bool)>,
        limit: usize,
    ) -> Self {
        let owned =
            assets.iter().map(|asset| Owned { names: &asset.whole.names, counts: is_free(asset) });
        let mut by_asset = NameIndex::of(owned);
        for (place, asset) in (0..).zip(assets) {
            let counts = is_free(asset);
            asset
                .whole
                .default_names
                .iter()
                .for_each(|name| by_asset.add_full(name, place, counts));
        }
        let hosts: Vec<(&Computer, bool)> = computers.filter(|(c, _)| c.is_host()).collect();
        let owned = hosts.iter().map(|(c, alive)| Owned { names: &c.names, counts: *alive });
        let mut by_computer = NameIndex::of(owned);
        for (place, (computer, alive)) in (0..).zip(hosts) {
            computer.default_names().for_each(|name| by_computer.add_full(name, place, alive));
        }
        Self { assets, by_asset, by_computer, limit }
    }

    /// Notes that a computer of the directory has the asset from now on.
    pub(super) fn take(&mut self, place: usize) {
        if let Some(asset) = self.assets.get(place) {
            self.by_asset.discount(&asset.whole.names, &asset.whole.default_names);
        }
    }

    /// Compares a computer with every asset that shares a name which is evidence. `naming` is what an asset is called
    /// when it is compared with the computer.
    pub(super) fn compare<'n>(
        &self,
        computer: &Computer,
        naming: impl Fn(usize) -> Option<&'n super::Naming>,
    ) -> Comparison {
        let mut weak = Vec::new();
        let distinctive = self.distinctive(computer, &mut weak);
        let mut assets: Vec<Compared> = self
            .places(&distinctive)
            .into_iter()
            .filter_map(|place| {
                let place = place as usize;
                let outcome = fit(computer, &distinctive, naming(place)?);
                Some(Compared { place, outcome })
            })
            .collect();
        // What speaks against an asset comes last. The sort is stable, and places are in order of ids.
        assets.sort_by_key(|compared| {
            let level = compared.outcome.as_ref().ok().map(Evidence::level);
            (level.is_none(), level)
        });
        Comparison { assets, weak }
    }

    fn distinctive<'b>(
        &'b self,
        computer: &'b Computer,
        weak: &mut Vec<WeakName>,
    ) -> DistinctiveNames<'b> {
        let mut distinctive = DistinctiveNames::default();
        for (name, weakness) in &computer.weak_names {
            let is_told = computer.default_names().any(|known| known == name);
            if is_told && self.is_one_hosts(name, computer) {
                distinctive.full.insert(name);
            } else {
                weak.push(WeakName::Weak(name.clone(), *weakness));
            }
        }
        for name in &computer.names {
            if let Some(shared) = self.shared_alias(name, computer) {
                note(weak, shared);
                continue;
            }
            if name.domain().is_some() {
                match self.shared(name.as_str(), NameIndex::full) {
                    None => _ = distinctive.full.insert(name),
                    Some(shared) => note(weak, shared),
                }
            }
            let short = name.short();
            match self.shared(short, NameIndex::short) {
                None => _ = distinctive.short.insert(short),
                Some(shared) => note(weak, shared),
            }
            distinctive.truncated.extend(self.truncation(short, computer, weak));
        }
        distinctive
    }

    /// Whether a default name, in a domain that somebody is in charge of, is that of one computer and one asset.
    fn is_one_hosts(&self, name: &Hostname, computer: &Computer) -> bool {
        let is_governed = name.has_authoritative_domain()
            || name.domain().is_some_and(|domain| computer.domain.is(domain));
        let [assets, computers] =
            [&self.by_asset, &self.by_computer].map(|index| index.full(name.as_str()));
        is_governed && assets.counted <= 1 && computers.counted <= 1
    }

    /// A name that a computer has beside its own is none of it where another computer has it as well.
    fn shared_alias(&self, name: &Hostname, computer: &Computer) -> Option<WeakName> {
        if !computer.aliases.contains(name) {
            return None;
        }
        let owners = match name.domain() {
            Some(_) => self.by_computer.full(name.as_str()),
            None => self.by_computer.short(name.short()),
        };
        let computers = owners.places.len();
        (computers > 1).then(|| WeakName::Alias { name: name.clone(), computers })
    }

    /// What the short name was cut from, or what was cut from it, if only one answer is possible.
    fn truncation<'b>(
        &'b self,
        short: &'b str,
        computer: &Computer,
        weak: &mut Vec<WeakName>,
    ) -> Option<Truncation<'b>> {
        let cut = beginning(short)?;
        let computer_is_cut = cut.len() == short.len();
        let may_be = if computer_is_cut { may_be_cut } else { may_have_been_cut };
        if !may_be(cut, computer) {
            return None;
        }
        let of_assets = self.by_asset.longer(cut);
        let is_there = match computer_is_cut {
            true => of_assets.is_some(),
            false => !self.by_asset.short(cut).places.is_empty(),
        };
        if !is_there {
            return None;
        }
        let longer =
            of_assets.into_iter().chain(self.by_computer.longer(cut)).reduce(Longer::and)?;
        let Longer::One(whole) = longer else {
            note(weak, WeakName::Beginning(cut.to_owned()));
            return None;
        };
        let shared = |name| self.shared(name, NameIndex::short);
        if let Some(shared) = shared(cut).or_else(|| shared(whole)) {
            note(weak, shared);
            return None;
        }
        Some(Truncation { cut, whole, computer_is_cut })
    }

    fn places(&self, distinctive: &DistinctiveNames<'_>) -> BTreeSet<u32> {
        let full = distinctive.full.iter().map(|name| self.by_asset.full(name.as_str()));
        let short = distinctive.short.iter().map(|name| self.by_asset.short(name));
        let truncated =
            distinctive.truncated.iter().map(|name| self.by_asset.short(name.of_asset()));
        full.chain(short).chain(truncated).flat_map(|owners| &owners.places).copied().collect()
    }

    /// Too many have it, counted among assets and among computers.
    fn shared(
        &self,
        name: &str,
        owners: for<'i> fn(&'i NameIndex<'a>, &str) -> &'i Owners,
    ) -> Option<WeakName> {
        let [assets, computers] =
            [&self.by_asset, &self.by_computer].map(|index| owners(index, name).counted);
        (assets.max(computers) > self.limit).then(|| WeakName::Shared {
            name: name.to_owned(),
            assets,
            computers,
            limit: self.limit,
        })
    }
}

fn note(weak: &mut Vec<WeakName>, name: WeakName) {
    if !weak.contains(&name) {
        weak.push(name);
    }
}

/// The places of assets, by their ids.
pub(super) fn by_id(assets: &[&Candidate]) -> HashMap<crate::value::AssetId, usize> {
    assets.iter().enumerate().map(|(place, asset)| (asset.asset, place)).collect()
}
