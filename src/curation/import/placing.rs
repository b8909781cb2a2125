//! Which asset a line belongs to that is no record which the source has, by the rules that hold for computers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::identity::{Line, OwnRecord};
use crate::merge::{Evidence, Level, Resemblance};
use crate::name::MatchKey;
use crate::value::AssetId;

/// Where a line goes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Placement {
    /// It is this record of the source: its names have changed.
    Own(usize),
    /// The asset of other sources gets a record of this one.
    Joins(AssetId, Evidence),
    /// It is an asset of its own.
    New,
    /// It is an asset of its own, since it fits several equally well, or another line fits one as well as it does.
    Ambiguous(Level, Vec<AssetId>),
}

/// What a line would be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Target {
    /// A record of the source.
    Record(usize),
    /// A record that the asset does not have yet.
    Asset(AssetId),
}

/// Places lines that are none of the source's records by id or by exactly the same names.
#[derive(Debug)]
pub(super) struct Placing<'a> {
    lines: &'a [Line<'a>],
    own: &'a [OwnRecord],
    /// Records that other lines are.
    taken: BTreeSet<usize>,
    by_asset: HashMap<AssetId, Vec<usize>>,
    /// What each line could be.
    fits: BTreeMap<usize, Vec<Resemblance>>,
    /// Assets that got a record, or that several lines fit equally well.
    closed: BTreeSet<AssetId>,
}

impl<'a> Placing<'a> {
    /// `taken` has the records that other lines are, `fits` the lines to place, each with the assets that its names
    /// fit, the best first.
    pub(super) fn new(
        lines: &'a [Line<'a>],
        own: &'a [OwnRecord],
        taken: BTreeSet<usize>,
        fits: BTreeMap<usize, Vec<Resemblance>>,
    ) -> Self {
        let mut by_asset: HashMap<AssetId, Vec<usize>> = HashMap::new();
        for (place, record) in own.iter().enumerate() {
            by_asset.entry(record.home).or_default().push(place);
        }
        Self { lines, own, taken, by_asset, fits, closed: BTreeSet::new() }
    }

    /// Places every line. An asset takes one, the one that fits it best; what it does not take looks on among the
    /// others. Nothing depends on the order of the lines.
    pub(super) fn place(mut self) -> BTreeMap<usize, Placement> {
        let mut placed = BTreeMap::new();
        let mut open: BTreeSet<usize> = self.fits.keys().copied().collect();
        loop {
            let wanted = self.wanted(&open);
            if wanted.is_empty() {
                break;
            }
            for (target, mut lines) in wanted {
                lines.sort_unstable();
                let best = lines.first().map(|(level, _)| *level);
                lines.retain(|(level, _)| Some(*level) == best);
                let is_contested = lines.len() > 1;
                for (level, line) in lines {
                    placed.insert(line, self.place_of(target, level, line, is_contested));
                    open.remove(&line);
                }
                match target {
                    Target::Record(own) => _ = self.taken.insert(own),
                    Target::Asset(asset) => _ = self.closed.insert(asset),
                }
            }
        }
        placed.extend(open.iter().map(|line| (*line, self.unplaced(*line))));
        placed
    }

    /// By target, the lines that fit it better than anything else. Records of the source come first: an asset takes no
    /// further line while its own are still looking for theirs.
    fn wanted(&self, open: &BTreeSet<usize>) -> BTreeMap<Target, Vec<(Level, usize)>> {
        let mut wanted: BTreeMap<Target, Vec<(Level, usize)>> = BTreeMap::new();
        for line in open {
            if let [only] = self.best(*line)[..] {
                let target = match self.records(only.asset, *line)[..] {
                    [own] => Target::Record(own),
                    _ => Target::Asset(only.asset),
                };
                wanted.entry(target).or_default().push((only.evidence.level(), *line));
            }
        }
        let is_record = |target: &Target| matches!(target, Target::Record(_));
        if wanted.keys().any(is_record) {
            wanted.retain(|target, _| is_record(target));
        }
        wanted
    }

    /// The assets that a line fits best. Those that have a record of the source which it could be go before all
    /// others, and of several such the one that shares an address.
    fn best(&self, line: usize) -> Vec<&Resemblance> {
        let mut best: Vec<&Resemblance> = self.free(line).collect();
        self.keep(&mut best, |asset| !self.records(asset, line).is_empty());
        self.keep(&mut best, |asset| self.shares_address(asset, line));
        let level = best.iter().map(|fit| fit.evidence.level()).min();
        best.retain(|fit| Some(fit.evidence.level()) == level);
        best
    }

    /// Keeps what fulfils a condition, if something does.
    fn keep(&self, fits: &mut Vec<&Resemblance>, fulfils: impl Fn(AssetId) -> bool) {
        if fits.iter().any(|fit| fulfils(fit.asset)) {
            fits.retain(|fit| fulfils(fit.asset));
        }
    }

    /// What a line could be and no other record of the source has.
    fn free(&self, line: usize) -> impl Iterator<Item = &Resemblance> {
        let fits = self.fits.get(&line).into_iter().flatten();
        fits.filter(move |fit| !self.closed.contains(&fit.asset) && !self.is_held(fit.asset, line))
    }

    /// Whether another record of the source has the asset: one that another line is, or with another id. Where people
    /// merged several, each line has its own.
    fn is_held(&self, asset: AssetId, line: usize) -> bool {
        let Some(record) = self.lines.get(line) else { return true };
        let is_other = |(place, own): (usize, &OwnRecord)| {
            self.taken.contains(&place) || (own.is_present && !own.may_be(record))
        };
        self.of_asset(asset).any(is_other) && self.records(asset, line).is_empty()
    }

    fn of_asset(&self, asset: AssetId) -> impl Iterator<Item = (usize, &OwnRecord)> {
        let places = self.by_asset.get(&asset).into_iter().flatten();
        places.filter_map(|place| Some((*place, self.own.get(*place)?)))
    }

    /// The records of the source in an asset that no line is, and that this one could be under other names.
    fn records(&self, asset: AssetId, line: usize) -> Vec<usize> {
        let Some(line) = self.lines.get(line) else { return Vec::new() };
        let keys: BTreeSet<MatchKey> = line.traits.keys().collect();
        let could_be = |(place, own): &(usize, &OwnRecord)| {
            let is_free = !self.taken.contains(place) && own.may_be(line);
            is_free && own.traits.keys().any(|key| keys.contains(&key))
        };
        self.of_asset(asset).filter(could_be).map(|(place, _)| place).collect()
    }

    fn shares_address(&self, asset: AssetId, line: usize) -> bool {
        let Some(traits) = self.lines.get(line).map(|line| &line.traits) else { return false };
        let records = self.records(asset, line);
        records
            .iter()
            .filter_map(|own| self.own.get(*own))
            .any(|own| own.traits.shares_address(traits))
    }

    fn place_of(&self, target: Target, level: Level, line: usize, is_contested: bool) -> Placement {
        let asset = match target {
            Target::Record(own) if !is_contested => return Placement::Own(own),
            Target::Record(own) => self.own.get(own).map(|own| own.home),
            Target::Asset(asset) => Some(asset),
        };
        let fits = self.fits.get(&line).into_iter().flatten();
        let fit = fits.into_iter().find(|fit| Some(fit.asset) == asset);
        match fit {
            Some(fit) if !is_contested => Placement::Joins(fit.asset, fit.evidence.clone()),
            _ => Placement::Ambiguous(level, asset.into_iter().collect()),
        }
    }

    fn unplaced(&self, line: usize) -> Placement {
        let best = self.best(line);
        match best.first() {
            Some(fit) => {
                let assets = best.iter().map(|fit| fit.asset).collect();
                Placement::Ambiguous(fit.evidence.level(), assets)
            }
            None => Placement::New,
        }
    }
}
