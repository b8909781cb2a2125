//! Comparing the names of a computer with those of the assets that share one.

use std::collections::BTreeSet;

use super::fit::{DistinctiveNames, Truncation, fit, may_be_cut, may_have_been_cut};
use super::name_index::{Longer, NameIndex, NameNumbers, Owners, beginning};
use super::watch::{Steps, Watch};
use super::{Candidate, Computer, Evidence, LostBecause, Naming, WeakName};
use crate::name::Hostname;

/// The names of all assets and computers of a run, and which of them are evidence.
///
/// A fully qualified name is counted as such and a short name as such: `server.berlin.example` is evidence
/// where only one asset has it, although a dozen are called `server`. Counted are computers that are alive, and assets
/// that none of the directory's computers has: so that the count is the same before a run and after it.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    numbers: NameNumbers<'a>,
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

/// What has a name of a computer that is no evidence.
#[derive(Debug)]
pub(super) enum Beside<'n> {
    /// The assets with these places, so many of them free, to which it would point by these names if nobody else had one of
    /// them.
    Assets { assets: &'n [u32], free: usize, names: DistinctiveNames<'n> },
    /// Assets with longer names, of which it may be the beginning.
    Longer,
}

/// Names that computers have to which it matters that assets were taken.
#[derive(Debug, Default)]
pub(super) struct Touched {
    /// What these say may be another thing now.
    pub(super) telling: BTreeSet<u32>,
    /// What too many have, as before: it says as little as it did, and only how many there are is another number.
    pub(super) common: BTreeSet<u32>,
}

/// What a computer's names say about one asset.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Compared {
    pub(super) place: usize,
    pub(super) outcome: Result<Evidence, LostBecause>,
}

impl Comparison {
    /// That of a computer whose names only one asset has, and neither's anybody else: all of them are evidence.
    pub(super) fn alone(computer: &Computer, place: usize, naming: &Naming) -> Self {
        let outcome = fit(computer, &DistinctiveNames::whole(computer), naming);
        Self { assets: vec![Compared { place, outcome }], weak: Vec::new() }
    }
}

impl<'a> Names<'a> {
    /// Of candidates, each with whether it counts, and of computers, each with whether it is alive. Those that are left out
    /// have their places all the same.
    pub(super) fn of<W: Watch>(
        assets: impl Iterator<Item = Option<(&'a Candidate, bool)>>,
        computers: impl Iterator<Item = Option<(&'a Computer, bool)>>,
        limit: usize,
        watch: &W,
    ) -> Result<Self, W::Stop> {
        let mut numbers = NameNumbers::default();
        let [mut by_asset, mut by_computer] = [NameIndex::default(), NameIndex::default()];
        let mut steps = Steps::under(watch);
        for asset in assets {
            steps.take(1 + asset.map_or(0, |(asset, _)| asset.whole.names.len()))?;
            let Some((Candidate { whole, .. }, is_free)) = asset else {
                by_asset.pass_over();
                continue;
            };
            by_asset.add(&mut numbers, &whole.names, whole.default_names.iter(), is_free);
        }
        for computer in computers {
            steps.take(1 + computer.map_or(0, |(computer, _)| computer.names.len()))?;
            let Some((computer, is_alive)) = computer.filter(|(it, _)| it.is_host()) else {
                by_computer.pass_over();
                continue;
            };
            let default_names = computer.default_names();
            by_computer.add(&mut numbers, &computer.names, default_names, is_alive);
        }
        by_asset.finish(&numbers);
        by_computer.finish(&numbers);
        steps.finish()?;
        Ok(Self { numbers, by_asset, by_computer, limit })
    }

    /// Notes that a computer of the directory has the asset from now on.
    pub(super) fn take(&mut self, place: usize) {
        self.by_asset.discount(place);
    }

    /// What it means for others that these assets are taken.
    pub(super) fn touched(&self, assets: &[&Candidate], taken: &[usize]) -> Touched {
        let names = taken.iter().flat_map(|place| self.by_asset.names(*place)).copied();
        let cut = taken.iter().filter_map(|place| assets.get(*place));
        let cut = cut.flat_map(|asset| &asset.whole.names).flat_map(|name| self.cut_alike(name));
        let names: BTreeSet<(u32, u32)> = names.map(|name| (name, name)).chain(cut).collect();
        let mut touched = Touched::default();
        for (name, because_of) in names {
            match self.is_common(because_of) {
                true => touched.common.insert(name),
                false => touched.telling.insert(name),
            };
        }
        touched
    }

    /// Whether an asset has a name of the computer at this place, or one that is the same but for a cut: if not, it does not
    /// matter to it which of them are taken.
    pub(super) fn concern_assets(&self, place: usize, computer: &Computer) -> bool {
        let is_assets = |name| !self.by_asset.owners(name).places.is_empty();
        let is_cut_alike = |name: &Hostname| {
            let has_it =
                |cut| self.by_asset.longer(cut).is_some() || is_assets(self.numbers.get(cut));
            beginning(name.short()).is_some_and(has_it)
        };
        self.by_computer.names(place).iter().any(|name| is_assets(Some(*name)))
            || computer.names.iter().any(is_cut_alike)
    }

    /// The computers that have a name, by their places.
    pub(super) fn computers(&self, name: u32) -> &[u32] {
        self.by_computer.owners(Some(name)).places
    }

    /// The names, beside that of a taken asset, of computers that may be called the same but for a cut, if only one name can
    /// be what another was cut from. Each with the name because of which it matters.
    fn cut_alike(&self, taken: &Hostname) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let cut = beginning(taken.short());
        let whole = cut.and_then(|cut| self.longer(cut));
        let number = self.numbers.get(taken.short());
        let both = match whole {
            Some(Longer::One(whole)) => [cut, Some(whole)],
            Some(Longer::Several) | None => [None, None],
        };
        let both = both.map(|name| self.numbers.get(name?));
        both.into_iter().flatten().filter_map(move |name| Some((name, number?)))
    }

    /// The names of all that begin with these 15 characters and are longer.
    fn longer(&self, cut: &str) -> Option<Longer<'a>> {
        let of_assets = self.by_asset.longer(cut);
        of_assets.into_iter().chain(self.by_computer.longer(cut)).reduce(Longer::and)
    }

    /// Whether a name is no evidence for anybody, since too many have it.
    fn is_common(&self, name: u32) -> bool {
        let counts =
            [&self.by_asset, &self.by_computer].map(|index| index.owners(Some(name)).counted);
        // A default name must be that of one.
        counts.into_iter().max() > Some(self.limit.max(1))
    }

    /// Compares a computer with every asset that shares a name which is evidence. `naming` is what an asset is called
    /// when it is compared with the computer.
    pub(super) fn compare<'n>(
        &self,
        computer: &Computer,
        naming: impl Fn(usize) -> Option<&'n Naming>,
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
        weak.shrink_to_fit();
        Comparison { assets, weak }
    }

    /// What has a name of a computer that is no evidence because of others that have it as well, or what may be cut from
    /// it, or be what it was cut from.
    pub(super) fn beside<'n>(
        &'n self,
        computer: &'n Computer,
        weak: &'n WeakName,
    ) -> impl Iterator<Item = Beside<'n>> {
        let shared = match weak {
            WeakName::Shared { name, .. } | WeakName::Beginning(name) => Some(name.as_str()),
            WeakName::Weak(..) | WeakName::Alias { .. } => None,
        };
        let is_own = |name: &&str| computer.names.iter().any(|own| own.short() == *name);
        let cut = shared.filter(is_own).and_then(beginning);
        let whole = cut.filter(|cut| Some(*cut) == shared && may_be_cut(cut, computer));
        let (whole, several) = match whole.and_then(|cut| self.by_asset.longer(cut)) {
            Some(Longer::One(whole)) => (Some(whole), None),
            Some(Longer::Several) => (None, Some(Beside::Longer)),
            None => (None, None),
        };
        let cut = cut.filter(|cut| Some(*cut) != shared);
        let names = [shared, cut, whole].into_iter().flatten();
        let named = names.map(|name| {
            let Owners { places: assets, counted: free } = self.owning_assets(name);
            Beside::Assets { assets, free, names: DistinctiveNames::by(name, computer) }
        });
        named.chain(several)
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
                distinctive.full.push(name);
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
                match self.shared(name.as_str()) {
                    None => distinctive.full.push(name),
                    Some(shared) => note(weak, shared),
                }
            }
            let short = name.short();
            match self.shared(short) {
                None => distinctive.short.push(short),
                Some(shared) => note(weak, shared),
            }
            distinctive.truncated.extend(self.truncation(short, computer, weak));
        }
        distinctive.sort();
        distinctive
    }

    /// Whether a default name, in a domain that somebody is in charge of, is that of one computer and one asset.
    fn is_one_hosts(&self, name: &Hostname, computer: &Computer) -> bool {
        let is_governed = name.has_authoritative_domain()
            || name.domain().is_some_and(|domain| computer.domain.is(domain));
        let [assets, computers] = self.counted(name.as_str());
        is_governed && assets <= 1 && computers <= 1
    }

    /// A name that a computer has beside its own is none of it where another computer has it as well.
    fn shared_alias(&self, name: &Hostname, computer: &Computer) -> Option<WeakName> {
        if !computer.aliases.contains(name) {
            return None;
        }
        let computers = self.by_computer.owners(self.numbers.get(name.as_str())).places.len();
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
        let is_there = match computer_is_cut {
            true => self.by_asset.longer(cut).is_some(),
            false => !self.assets(cut).is_empty(),
        };
        if !is_there {
            return None;
        }
        let Longer::One(whole) = self.longer(cut)? else {
            note(weak, WeakName::Beginning(cut.to_owned()));
            return None;
        };
        if let Some(shared) = self.shared(cut).or_else(|| self.shared(whole)) {
            note(weak, shared);
            return None;
        }
        Some(Truncation { cut, whole, computer_is_cut })
    }

    /// The places of the assets that have one of these names, each once and in order.
    fn places(&self, distinctive: &DistinctiveNames<'_>) -> Vec<u32> {
        let full = distinctive.full.iter().map(|name| name.as_str());
        let truncated = distinctive.truncated.iter().map(|name| name.of_asset());
        let names = full.chain(distinctive.short.iter().copied()).chain(truncated);
        let mut places: Vec<u32> = names.flat_map(|name| self.assets(name)).copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    fn assets(&self, name: &str) -> &[u32] {
        self.owning_assets(name).places
    }

    fn owning_assets(&self, name: &str) -> Owners<'_> {
        self.by_asset.owners(self.numbers.get(name))
    }

    /// How many have a name, among assets and among computers.
    fn counted(&self, name: &str) -> [usize; 2] {
        let number = self.numbers.get(name);
        [&self.by_asset, &self.by_computer].map(|index| index.owners(number).counted)
    }

    /// Too many have it, counted among assets and among computers.
    fn shared(&self, name: &str) -> Option<WeakName> {
        let [assets, computers] = self.counted(name);
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
