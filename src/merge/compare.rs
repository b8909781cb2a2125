//! Comparing the names of a computer with those of the assets that share one.

use std::collections::BTreeSet;

use super::name_index::{Longer, NameIndex, beginning};
use super::{Candidate, Computer, Evidence, LostBecause, WeakName};
use crate::name::{Hostname, is_authoritative_domain};

/// The names of all assets and computers of a run, and which of them are evidence.
///
/// A fully qualified name is counted as such and a short name as such: `server.berlin.example` is evidence
/// where only one asset has it, although a dozen are called `server`.
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

/// The names of one computer that are evidence.
#[derive(Debug, Default)]
struct Telling<'a> {
    full: BTreeSet<&'a Hostname>,
    short: BTreeSet<&'a str>,
    truncated: BTreeSet<Truncation<'a>>,
}

/// A name of 15 characters and the only longer one that begins with it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Truncation<'a> {
    cut: &'a str,
    whole: &'a str,
    /// Whether it is the computer's name that is cut, or else the asset's.
    computer_is_cut: bool,
}

impl<'a> Names<'a> {
    pub(super) fn of(
        assets: &'a [&'a Candidate],
        computers: &[&'a Computer],
        limit: usize,
    ) -> Self {
        let hosts = computers.iter().filter(|computer| computer.is_host());
        Self {
            assets,
            by_asset: NameIndex::of(assets.iter().map(|asset| asset.names.as_slice())),
            by_computer: NameIndex::of(hosts.map(|computer| computer.names.as_slice())),
            limit,
        }
    }

    /// Compares a computer with every asset that shares a name which is evidence.
    pub(super) fn compare(&self, computer: &Computer) -> Comparison {
        let mut weak = Vec::new();
        let telling = self.telling(computer, &mut weak);
        let mut assets: Vec<Compared> = self
            .places(&telling)
            .into_iter()
            .filter_map(|place| {
                let place = place as usize;
                let outcome = compare(computer, &telling, self.assets.get(place)?);
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

    fn telling<'b>(&'b self, computer: &'b Computer, weak: &mut Vec<WeakName>) -> Telling<'b> {
        let weak_names = computer.weak_names.iter().cloned();
        weak.extend(weak_names.map(|(name, weakness)| WeakName::Weak(name, weakness)));
        let mut telling = Telling::default();
        for name in &computer.names {
            if name.domain().is_some() {
                match self.shared(name.as_str(), NameIndex::full) {
                    None => _ = telling.full.insert(name),
                    Some(shared) => note(weak, shared),
                }
            }
            let short = name.short();
            if !is_cut_of_own(short, &computer.names) {
                match self.shared(short, NameIndex::short) {
                    None => _ = telling.short.insert(short),
                    Some(shared) => note(weak, shared),
                }
            }
            telling.truncated.extend(self.truncation(short, computer, weak));
        }
        telling
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
        if computer_is_cut && !is_cut(short, &computer.names) {
            return None;
        }
        let of_assets = self.by_asset.longer(cut);
        if if computer_is_cut { of_assets.is_none() } else { self.by_asset.short(cut).is_empty() } {
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

    fn places(&self, telling: &Telling<'_>) -> BTreeSet<u32> {
        let full = telling.full.iter().map(|name| self.by_asset.full(name.as_str()));
        let short = telling.short.iter().map(|name| self.by_asset.short(name));
        let truncated = telling.truncated.iter().map(|name| self.by_asset.short(name.of_asset()));
        full.chain(short).chain(truncated).flatten().copied().collect()
    }

    /// Too many have it, counted among assets and among computers.
    fn shared(
        &self,
        name: &str,
        places: for<'i> fn(&'i NameIndex<'a>, &str) -> &'i [u32],
    ) -> Option<WeakName> {
        let [assets, computers] =
            [&self.by_asset, &self.by_computer].map(|index| places(index, name).len());
        (assets.max(computers) > self.limit).then(|| WeakName::Shared {
            name: name.to_owned(),
            assets,
            computers,
            limit: self.limit,
        })
    }
}

impl Truncation<'_> {
    /// The computer's name and the asset's.
    fn sides(&self) -> (&str, &str) {
        if self.computer_is_cut { (self.cut, self.whole) } else { (self.whole, self.cut) }
    }

    fn of_asset(&self) -> &str {
        self.sides().1
    }
}

fn compare(
    computer: &Computer,
    telling: &Telling<'_>,
    asset: &Candidate,
) -> Result<Evidence, LostBecause> {
    if let Some(name) = asset.names.iter().filter(|name| telling.full.contains(name)).min() {
        return Ok(Evidence::Full { name: name.clone() });
    }
    let mut best = Err(LostBecause::NoEvidence);
    for name in &telling.short {
        if has_short(name, &asset.names) && !is_cut_of_own(name, &asset.names) {
            let relation = relation(computer, name, asset, name);
            keep_better(&mut best, relation.map(|domain| of_short(name, domain)));
        }
    }
    for truncation in &telling.truncated {
        let (own, other) = truncation.sides();
        let fits = if truncation.computer_is_cut {
            has_short(other, &asset.names)
        } else {
            is_cut(other, &asset.names) && !is_cut_of_own(other, &asset.names)
        };
        if fits {
            let relation = relation(computer, own, asset, other);
            let (cut, whole) = (truncation.cut.to_owned(), truncation.whole.to_owned());
            keep_better(&mut best, relation.map(|_| Evidence::Truncated { cut, whole }));
        }
    }
    best
}

fn of_short(name: &str, domain: Option<String>) -> Evidence {
    let name = name.to_owned();
    match domain {
        Some(domain) => Evidence::Qualified { name, domain },
        None => Evidence::Short { name },
    }
}

/// Whether the domains of two names that agree agree as well: the domain that both are in, `None` if
/// nothing contradicts, an error if something does.
///
/// A short name without a domain of its own is in the domain that its owner is in. A domain that anybody
/// may use contradicts nothing.
fn relation(
    computer: &Computer,
    own: &str,
    asset: &Candidate,
    other: &str,
) -> Result<Option<String>, LostBecause> {
    let home = &computer.domain;
    let speaks = |domain: &str| is_authoritative_domain(domain) && is_comparable(domain, computer);
    let mine: Vec<&str> = domains_of(own, &computer.names)
        .filter(|domain| home.is(domain) || is_authoritative_domain(domain))
        .collect();
    let at_home = mine.is_empty() || mine.iter().any(|domain| home.is(domain));
    let is_mine = |domain: &&str| mine.contains(domain) || (at_home && home.is(domain));
    if let Some(domain) = domains_of(other, &asset.names).find(is_mine) {
        return Ok(Some(domain.to_owned()));
    }
    let all = || asset.names.iter().filter_map(Hostname::domain);
    let stands_elsewhere = domains_of(other, &asset.names).any(speaks);
    let stated = asset.domains.iter().map(String::as_str);
    let member_of = stated.clone().chain(all().filter(|_| !stands_elsewhere));
    if let Some(domain) = { member_of }.find(|domain| home.is(domain) || mine.contains(domain)) {
        return Ok(Some(domain.to_owned()));
    }
    let has_domain = !mine.is_empty() || home.names().next().is_some();
    match all().chain(stated).find(|domain| has_domain && speaks(domain)) {
        Some(domain) => Err(LostBecause::AnotherDomain(domain.to_owned())),
        None => Ok(None),
    }
}

/// A NetBIOS domain says nothing about a computer whose own is not known.
fn is_comparable(domain: &str, computer: &Computer) -> bool {
    domain.contains('.') || computer.domain.netbios().is_some()
}

fn domains_of<'b>(short: &'b str, names: &'b [Hostname]) -> impl Iterator<Item = &'b str> {
    names.iter().filter(move |name| name.short() == short).filter_map(Hostname::domain)
}

fn has_short(short: &str, names: &[Hostname]) -> bool {
    names.iter().any(|name| name.short() == short)
}

/// Whether a short name may be what NetBIOS left of a longer one. Where DNS has it, too, it is whole.
fn is_cut(short: &str, names: &[Hostname]) -> bool {
    beginning(short).is_some_and(|cut| cut.len() == short.len())
        && has_short(short, names)
        && domains_of(short, names).next().is_none()
}

/// Whether a short name is what NetBIOS left of another one of the same host. It says no more than that
/// one, and less.
fn is_cut_of_own(short: &str, names: &[Hostname]) -> bool {
    is_cut(short, names)
        && names.iter().any(|name| name.short() != short && name.short().starts_with(short))
}

fn keep_better(best: &mut Result<Evidence, LostBecause>, other: Result<Evidence, LostBecause>) {
    let is_better = match (&*best, &other) {
        (Ok(best), Ok(other)) => other.level() < best.level(),
        (Err(_), Ok(_)) => true,
        (Err(best), Err(_)) => *best == LostBecause::NoEvidence,
        (Ok(_), Err(_)) => false,
    };
    if is_better {
        *best = other;
    }
}

fn note(weak: &mut Vec<WeakName>, name: WeakName) {
    if !weak.contains(&name) {
        weak.push(name);
    }
}
