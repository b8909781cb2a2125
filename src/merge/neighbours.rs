//! What other directories have: whom a bare short name may mean as well.

use std::collections::HashMap;

use super::fit::{DistinctiveNames, fit};
use super::name_index::beginning;
use super::ruling::Rulings;
use super::{Candidate, Computer, KnownComputer, Level, LostBecause, MatchContext, Naming};
use crate::asset::Constraint;
use crate::name::Hostname;
use crate::task::MatchPolicy;
use crate::value::{AssetId, SourceId, Timestamp};

/// The computers of other directories, by name and by asset.
#[derive(Debug)]
pub(super) struct Neighbours<'a> {
    by_short: HashMap<&'a str, Vec<&'a KnownComputer>>,
    by_asset: HashMap<AssetId, Vec<&'a KnownComputer>>,
    /// Those of which a person said that they are the asset.
    settled: HashMap<AssetId, Vec<(&'a KnownComputer, &'a Constraint)>>,
    policy: &'a MatchPolicy,
}

impl<'a> Neighbours<'a> {
    pub(super) fn of(known: &MatchContext<'a>, policy: &'a MatchPolicy) -> Self {
        let (by_short, by_asset, settled) = Default::default();
        let mut neighbours = Self { by_short, by_asset, settled, policy };
        let mut rulings: HashMap<&SourceId, Rulings<'a>> = HashMap::new();
        let others = known.others.iter().filter(|other| other.source != *known.source);
        for other in others.filter(|other| other.computer.is_host()) {
            if let Some(asset) = other.asset {
                neighbours.by_asset.entry(asset).or_default().push(other);
                let rulings = rulings.entry(&other.source);
                let rulings =
                    rulings.or_insert_with(|| Rulings::of(known.constraints, &other.source));
                let must = rulings.must(other.computer.object).filter(|must| must.asset == asset);
                let settled = must.map(|must| (other, must));
                neighbours.settled.entry(asset).or_default().extend(settled);
            }
            for short in shorts(&other.computer) {
                let list = neighbours.by_short.entry(short).or_default();
                if !list.last().is_some_and(|last| std::ptr::eq(*last, other)) {
                    list.push(other);
                }
            }
        }
        neighbours
    }

    /// What an asset is called when it is compared with a computer of another directory than those that it has a computer
    /// of. If one of these has nothing for it but a bare short name, it is what others call the asset: whether they mean
    /// that computer is the question.
    pub(super) fn naming<'c>(&self, asset: &'c Candidate) -> &'c Naming {
        asset.bare.as_ref().filter(|_| self.is_bare(asset)).unwrap_or(&asset.whole)
    }

    /// When an asset was last seen, as far as that tells it from a computer of this directory.
    pub(super) fn last_seen(&self, asset: &Candidate, source: &SourceId) -> Option<Timestamp> {
        match self.is_bare(asset) {
            true => asset.last_seen_by_scans(),
            false => asset.last_seen_by_others(source),
        }
    }

    fn is_bare(&self, asset: &Candidate) -> bool {
        let Some(bare) = &asset.bare else { return false };
        let mut here = self.by_asset.get(&asset.asset).into_iter().flatten();
        here.any(|other| {
            let level = level(&other.computer, bare);
            level.is_some_and(|level| level >= Level::Short)
                && !outlives(asset.last_seen_by_scans(), &other.computer, self.policy)
        })
    }

    /// A computer of another directory that fits an asset as well as this one, by a bare short name.
    pub(super) fn contender(
        &self,
        computer: &Computer,
        level: Level,
        asset: &Candidate,
    ) -> Option<&'a KnownComputer> {
        if level < Level::Short {
            return None;
        }
        let naming = self.naming(asset);
        let others = shorts(computer).filter_map(|short| self.by_short.get(short)).flatten();
        let others = others.filter(|other| other.computer.object != computer.object);
        let fits = |other: &&&KnownComputer| {
            self.level(other, asset, naming).is_some_and(|own| own <= level)
        };
        others.filter(fits).min_by_key(|other| (&other.source, other.computer.object)).copied()
    }

    /// Whether a person said that an asset is a computer of another directory, which fits it as well as this one, by a bare
    /// short name.
    pub(super) fn settled(&self, level: Level, asset: &Candidate) -> Option<LostBecause> {
        let naming = self.naming(asset);
        let settled = self.settled.get(&asset.asset).filter(|_| level >= Level::Short)?;
        let mut fitting = settled.iter().filter(|(other, _)| {
            self::level(&other.computer, naming).is_some_and(|own| own <= level)
        });
        let (other, must) = fitting.next()?;
        Some(LostBecause::Settled { by: must.by.clone(), computer: other.to_string() })
    }

    /// How well a computer of another directory fits an asset that is called so.
    fn level(&self, other: &KnownComputer, asset: &Candidate, naming: &Naming) -> Option<Level> {
        let level = level(&other.computer, naming)?;
        let seen = self.last_seen(asset, &other.source);
        (level < Level::Short || !outlives(seen, &other.computer, self.policy)).then_some(level)
    }
}

/// How well a computer fits an asset that is called so.
fn level(computer: &Computer, naming: &Naming) -> Option<Level> {
    let distinctive = DistinctiveNames::all(computer, naming);
    fit(computer, &distinctive, naming).ok().map(|evidence| evidence.level())
}

/// Whether a tie of a computer to an asset is questioned by a computer of another directory: nothing but a bare short name
/// speaks for the tie, and the other one has it and fits as well.
pub(crate) fn is_questioned(
    asset: &Candidate,
    own: &KnownComputer,
    other: &KnownComputer,
    policy: &MatchPolicy,
) -> bool {
    let is_alive = !outlives(asset.last_seen_by_scans(), &other.computer, policy);
    is_alive && fits_as_well(asset, own, other)
}

/// Whether a bare short name is all that speaks for a tie of a computer to an asset, and another one has it and fits as well.
pub(crate) fn fits_as_well(asset: &Candidate, own: &KnownComputer, other: &KnownComputer) -> bool {
    let Some(bare) = &asset.bare else { return false };
    let own_level = level(&own.computer, bare).filter(|level| *level >= Level::Short);
    own_level.is_some_and(|own| level(&other.computer, bare).is_some_and(|other| other <= own))
}

/// Whether another source saw an asset long after the computer's last sign of life.
pub(super) fn outlives(seen: Option<Timestamp>, computer: &Computer, policy: &MatchPolicy) -> bool {
    let (Some(sign), Some(seen)) = (computer.last_sign_of_life(), seen) else { return false };
    seen.saturating_since(sign) > policy.stale_after
}

/// Its short names, whole and cut.
fn shorts(computer: &Computer) -> impl Iterator<Item = &str> {
    let shorts = computer.names.iter().map(Hostname::short);
    shorts.flat_map(|short| {
        let cut = beginning(short).filter(|cut| cut.len() < short.len());
        std::iter::once(short).chain(cut)
    })
}
