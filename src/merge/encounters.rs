//! Who meets whom by name. Most computers have their names with one asset at most and with nobody else, and what is decided
//! on them has nothing to do with all others.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::num::NonZeroUsize;

use super::name_index::beginning;
use super::watch::{Steps, Watch};
use super::{Candidate, Computer, parallel};
use crate::name::Hostname;

/// About so many names, with those who have them, stay in a processor's own memory while they are looked at.
const NAMES_PER_SHELF: usize = 8 * 1024;
const MOST_SHELVES: usize = 1024;
/// Fewer shelves than these are looked through sooner than a thread has begun.
const SHELVES_WORTH_A_THREAD: usize = 2;

/// Whom each computer and each asset meets: has a short name in common with, or what NetBIOS would leave of one. By default
/// that was not looked into.
#[derive(Debug, Default)]
pub(super) struct Encounters {
    of_computers: Vec<Met>,
    of_assets: Vec<Met>,
}

/// Whom somebody meets on the other side, by all names together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Met {
    #[default]
    Nobody,
    One(u32),
    /// Several, or also somebody of its own side, or a name that has to be looked at more closely.
    Several,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Assets,
    Computers,
}

/// Somebody's short name.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    hash: u64,
    short: &'a str,
    owner: u32,
    side: Side,
}

/// Names by their hashes: all who meet stand on one shelf.
type Shelves<'a> = Vec<Vec<Named<'a>>>;

/// Whom somebody meets by one of his names, with his side and his place.
type Encounter = (Side, u32, Met);

/// All who have a short name, or others that NetBIOS would cut to the same.
#[derive(Clone, Copy, Debug)]
struct Meeting<'a> {
    short: &'a str,
    /// Whether there are others than that one.
    is_mixed: bool,
    assets: Met,
    computers: Met,
}

/// Puts names on shelves, so that all who meet are on one.
struct Sorter<'w, W> {
    hasher: RandomState,
    shelves: usize,
    threads: NonZeroUsize,
    watch: &'w W,
}

impl Encounters {
    /// Of all assets and of all computers, by their places.
    pub(super) fn of<W: Watch>(
        assets: &[&Candidate],
        computers: &[&Computer],
        threads: NonZeroUsize,
        watch: &W,
    ) -> Result<Self, W::Stop> {
        let shelves = (assets.len() + computers.len()).div_ceil(NAMES_PER_SHELF);
        let shelves = shelves.next_power_of_two().min(MOST_SHELVES);
        let sorter = Sorter { hasher: RandomState::new(), shelves, threads, watch };
        let mut sorted = sorter.sort(Side::Assets, assets, |asset| &asset.whole.names)?;
        sorted.extend(sorter.sort(Side::Computers, computers, |computer| {
            // What is no host has no names.
            if computer.is_host() { &computer.names } else { &[] }
        })?);
        let of_asset = |asset: &&Candidate| closer_look(!asset.whole.default_names.is_empty());
        let of_computer = |computer: &&Computer| closer_look(!computer.weak_names.is_empty());
        let mut encounters = Self {
            of_assets: assets.iter().map(of_asset).collect(),
            of_computers: computers.iter().map(of_computer).collect(),
        };
        for (side, owner, met) in sorter.look_through(&sorted)?.into_iter().flatten() {
            let all = match side {
                Side::Assets => &mut encounters.of_assets,
                Side::Computers => &mut encounters.of_computers,
            };
            if let Some(all) = all.get_mut(owner as usize) {
                all.meet(met);
            }
        }
        Ok(encounters)
    }

    /// The one asset that a computer meets, if it meets one at all, and neither meets anybody else. `None` where there is
    /// more to it.
    pub(super) fn alone(&self, computer: usize) -> Option<Option<usize>> {
        Met::alone(computer, &self.of_computers, &self.of_assets)
    }

    /// Whether the names of an asset matter to nobody but a computer that is [alone](Self::alone) with it.
    pub(super) fn is_alone(&self, asset: usize) -> bool {
        Met::alone(asset, &self.of_assets, &self.of_computers).is_some()
    }
}

impl Met {
    fn meet(&mut self, other: Self) {
        *self = match (*self, other) {
            (met, Self::Nobody) | (Self::Nobody, met) => met,
            (one, other) if one == other => one,
            _ => Self::Several,
        };
    }

    fn alone(place: usize, own: &[Self], others: &[Self]) -> Option<Option<usize>> {
        match own.get(place)? {
            Self::Nobody => Some(None),
            Self::One(other) => {
                let other = *other as usize;
                let is_mutual =
                    matches!(others.get(other)?, Self::One(it) if *it as usize == place);
                is_mutual.then_some(Some(other))
            }
            Self::Several => None,
        }
    }
}

fn closer_look(is_due: bool) -> Met {
    if is_due { Met::Several } else { Met::Nobody }
}

impl<W: Watch> Sorter<'_, W> {
    /// Puts the names of one side on shelves: for each part of it as many as there are.
    fn sort<'a, T: Sync>(
        &self,
        side: Side,
        owners: &[&'a T],
        names: impl Fn(&'a T) -> &'a [Hostname] + Sync,
    ) -> Result<Vec<Shelves<'a>>, W::Stop> {
        parallel::by_part(owners, NAMES_PER_SHELF, self.threads, |first, part| {
            let mut steps = Steps::under(self.watch);
            let shelf = |_| Vec::with_capacity(part.len() / self.shelves);
            let mut shelves: Shelves<'a> = (0..self.shelves).map(shelf).collect();
            for (place, owner) in (first..).zip(part) {
                let names = names(owner);
                steps.take(1 + names.len())?;
                let mut before = "";
                for short in names.iter().map(Hostname::short) {
                    // The names of one computer are mostly the same but for the domain.
                    if std::mem::replace(&mut before, short) != short {
                        let hash = self.hasher.hash_one(stem(short));
                        let owner = u32::try_from(place).unwrap_or(u32::MAX);
                        let shelf = (hash >> 32) as usize % self.shelves;
                        let named = Named { hash, short, owner, side };
                        shelves.get_mut(shelf).into_iter().for_each(|shelf| shelf.push(named));
                    }
                }
            }
            steps.finish().map(|()| shelves)
        })
    }

    /// Whom everybody meets by each name.
    fn look_through(&self, sorted: &[Shelves<'_>]) -> Result<Vec<Vec<Encounter>>, W::Stop> {
        let shelves: Vec<usize> = (0..self.shelves).collect();
        parallel::by_part(&shelves, SHELVES_WORTH_A_THREAD, self.threads, |_, part| {
            let mut steps = Steps::under(self.watch);
            let named = |shelf: &usize| {
                let place = *shelf;
                sorted.iter().filter_map(move |part| part.get(place)).flatten().copied()
            };
            let mut met = Vec::with_capacity(part.iter().flat_map(named).count());
            for shelf in part {
                let before = met.len();
                meet(named(shelf), &mut met);
                steps.take(met.len() - before)?;
            }
            steps.finish().map(|()| met)
        })
    }
}

/// Whom those on one shelf meet by each of their names.
fn meet<'a>(named: impl Iterator<Item = Named<'a>> + Clone, met: &mut Vec<Encounter>) {
    let all = named.clone().count();
    let mut meetings: Vec<Meeting<'a>> = Vec::with_capacity(all);
    let mut places: HashMap<Stem<'a>, usize, BuildHasherDefault<Known>> =
        HashMap::with_capacity_and_hasher(all, BuildHasherDefault::default());
    let mut at = Vec::with_capacity(all);
    for Named { hash, short, owner, side } in named.clone() {
        let place = *places.entry(Stem { hash, text: stem(short) }).or_insert(meetings.len());
        if place == meetings.len() {
            let (assets, computers) = Default::default();
            meetings.push(Meeting { short, is_mixed: false, assets, computers });
        }
        at.push(place);
        if let Some(meeting) = meetings.get_mut(place) {
            meeting.is_mixed |= meeting.short != short;
            let own = match side {
                Side::Assets => &mut meeting.assets,
                Side::Computers => &mut meeting.computers,
            };
            own.meet(Met::One(owner));
        }
    }
    for (Named { owner, side, .. }, place) in named.zip(at) {
        let Some(meeting) = meetings.get(place) else { continue };
        let (own, others) = match side {
            Side::Assets => (meeting.assets, meeting.computers),
            Side::Computers => (meeting.computers, meeting.assets),
        };
        let is_plain = !meeting.is_mixed && own == Met::One(owner);
        met.push((side, owner, if is_plain { others } else { Met::Several }));
    }
}

/// What NetBIOS leaves of a short name: whoever may be the same has the same.
fn stem(short: &str) -> &str {
    beginning(short).unwrap_or(short)
}

/// A text whose hash, made with a key that nobody knows, is known already.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Stem<'a> {
    hash: u64,
    text: &'a str,
}

impl Hash for Stem<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Gives a hash that is known already.
#[derive(Default)]
struct Known(u64);

impl Hasher for Known {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::merge::watch::Unwatched;
    use crate::merge::{DirectoryDomain, Naming};
    use crate::value::{AssetId, ObjectGuid, SiteId};

    /// Counts steps.
    #[derive(Default)]
    struct Taken(AtomicUsize);

    impl Watch for Taken {
        type Stop = Infallible;

        fn passed(&self, steps: usize) -> Result<(), Infallible> {
            self.0.fetch_add(steps, Ordering::Relaxed);
            Ok(())
        }
    }

    fn hosts(names: &[&str]) -> Vec<Hostname> {
        names.iter().map(|name| Hostname::parse(name).unwrap()).collect()
    }

    fn computer(names: &[&str]) -> Computer {
        let nobody = ObjectGuid::from_bytes([0; 16]);
        Computer::named(nobody, hosts(names), DirectoryDomain::default())
    }

    fn asset(names: &[&str]) -> Candidate {
        Candidate {
            asset: AssetId::from_u128(0),
            site: SiteId::new("hq").unwrap(),
            os_family: None,
            whole: Naming { names: hosts(names), ..Naming::default() },
            bare: None,
            seen: Vec::new(),
            objects: Vec::new(),
        }
    }

    #[test]
    fn those_are_alone_whose_names_nobody_else_has() {
        let computers = [
            computer(&["web1.corp.example", "web1"]),
            computer(&["new"]),
            computer(&["db1.corp.example"]),
            computer(&["db1.lab.example"]),
            computer(&["mail", "mx"]),
            computer(&["averylonghostna"]),
            computer(&["desktop-abc1234"]),
            computer(&["localhost"]),
            computer(&["app1", "app2.corp.example"]),
            computer(&["anotherlonghost1", "anotherlonghost2"]),
        ];
        let assets = [
            asset(&["web1"]),
            asset(&["db1"]),
            asset(&["mail.corp.example"]),
            asset(&["mx"]),
            asset(&["averylonghostname"]),
            asset(&["desktop-abc1234.corp.example"]),
            asset(&["unknown-to-all"]),
            // The same one by two names is one; whose name may be cut is looked at more closely.
            asset(&["app1", "app2"]),
            asset(&["anotherlonghost"]),
        ];
        let (computers, assets): (Vec<_>, Vec<_>) =
            (computers.iter().collect(), assets.iter().collect());
        let Ok(met) = Encounters::of(&assets, &computers, NonZeroUsize::MIN, &Unwatched);
        let alone: Vec<_> = (0..computers.len()).map(|place| met.alone(place)).collect();
        let pair = |place| Some(Some(place));
        let expected = [pair(0), Some(None), None, None, None, None, pair(5), None, pair(7), None];
        assert_eq!(alone, expected);
        let alone: Vec<_> = (0..assets.len()).map(|place| met.is_alone(place)).collect();
        assert_eq!(alone, [true, false, false, false, false, true, true, true, false]);
        assert_eq!(Encounters::default().alone(0), None);
    }

    #[test]
    fn each_owner_each_name_and_each_encounter_is_a_step() {
        const ASSETS: usize = 3 * NAMES_PER_SHELF;
        let assets: Vec<Candidate> = (0..ASSETS).map(|n| asset(&[&format!("web{n}")])).collect();
        let taken = Taken::default();
        let assets: Vec<&Candidate> = assets.iter().collect();
        let Ok(_) = Encounters::of(&assets, &[], NonZeroUsize::MIN, &taken);
        assert_eq!(taken.0.into_inner(), 3 * ASSETS);
    }
}
