//! Who has which name.

use std::collections::HashMap;

use crate::name::{Hostname, NETBIOS_NAME_LENGTH};

/// A number for every name of a run, whole or short: a name is hashed once and looked up by its number from then on.
#[derive(Debug, Default)]
pub(super) struct NameNumbers<'a>(HashMap<&'a str, u32>);

/// The names of assets, or of computers, by their places: added one after the other, looked up once all are there.
#[derive(Debug, Default)]
pub(super) struct NameIndex<'a> {
    /// The names of the owner that is added.
    own: Vec<u32>,
    /// The names of each owner.
    names: Lists,
    /// The owners of each name, in order.
    places: Lists,
    /// How many of them count where a name must not be common.
    counted: Vec<u32>,
    /// Which owners count.
    counts: Vec<bool>,
    longer: HashMap<&'a str, Longer<'a>>,
}

/// Those who have a name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Owners<'i> {
    /// Their places, in order.
    pub(super) places: &'i [u32],
    /// How many of them count where a name must not be common.
    pub(super) counted: usize,
}

/// The short names that are longer than 15 characters and share the first 15.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Longer<'a> {
    One(&'a str),
    Several,
}

/// Lists of numbers in one piece of memory: a list for each name costs more than all that is in them.
#[derive(Debug, Default)]
struct Lists {
    items: Vec<u32>,
    ends: Vec<usize>,
}

impl<'a> NameNumbers<'a> {
    /// The number of a name, if anybody has it.
    pub(super) fn get(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }

    fn number(&mut self, name: &'a str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(name).or_insert(next)
    }
}

impl<'a> NameIndex<'a> {
    /// Adds the next owner: its names, and those by which it is known in full alone. `counts` where a name must not be
    /// common.
    pub(super) fn add(
        &mut self,
        numbers: &mut NameNumbers<'a>,
        names: &'a [Hostname],
        default_names: impl Iterator<Item = &'a Hostname>,
        counts: bool,
    ) {
        let own = &mut self.own;
        own.clear();
        for name in names {
            let short = name.short();
            own.push(numbers.number(short));
            if name.domain().is_some() {
                own.push(numbers.number(name.as_str()));
            }
            if let Some(cut) = beginning(short).filter(|cut| cut.len() < short.len()) {
                let longer = self.longer.entry(cut).or_insert(Longer::One(short));
                *longer = longer.and(Longer::One(short));
            }
        }
        own.extend(default_names.map(|name| numbers.number(name.as_str())));
        own.sort_unstable();
        own.dedup();
        self.names.push(own);
        self.counts.push(counts);
    }

    /// Adds the next owner, whose names matter to nobody.
    pub(super) fn pass_over(&mut self) {
        self.names.push(&[]);
        self.counts.push(false);
    }

    /// Makes the owners known to look-ups, once all names of the run have their numbers.
    pub(super) fn finish(&mut self, numbers: &NameNumbers<'a>) {
        self.places = self.names.transposed(numbers.0.len());
        self.counted = vec![0; numbers.0.len()];
        for (names, _) in self.names.iter().zip(&self.counts).filter(|(_, counts)| **counts) {
            for name in names {
                if let Some(counted) = self.counted.get_mut(*name as usize) {
                    *counted += 1;
                }
            }
        }
    }

    /// Those who have a name.
    pub(super) fn owners(&self, name: Option<u32>) -> Owners<'_> {
        name.map_or_else(Owners::default, |name| Owners {
            places: self.places.get(name as usize),
            counted: self.counted.get(name as usize).map_or(0, |counted| *counted as usize),
        })
    }

    /// The names of an owner.
    pub(super) fn names(&self, place: usize) -> &[u32] {
        self.names.get(place)
    }

    /// The longer names that begin with these 15 characters.
    pub(super) fn longer(&self, cut: &str) -> Option<Longer<'a>> {
        self.longer.get(cut).copied()
    }

    /// Notes that an owner who counted does not any more.
    pub(super) fn discount(&mut self, place: usize) {
        for name in self.names.get(place) {
            if let Some(counted) = self.counted.get_mut(*name as usize) {
                *counted = counted.saturating_sub(1);
            }
        }
    }
}

impl Longer<'_> {
    /// All of both.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Several }
    }
}

impl Lists {
    fn push(&mut self, list: &[u32]) {
        self.items.extend(list);
        self.ends.push(self.items.len());
    }

    fn get(&self, place: usize) -> &[u32] {
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let end = self.ends.get(place).copied().unwrap_or_default();
        self.items.get(start.unwrap_or_default()..end).unwrap_or_default()
    }

    fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.ends.len()).map(|place| self.get(place))
    }

    /// For each of so many numbers, the places of the lists that have it, in order.
    fn transposed(&self, numbers: usize) -> Self {
        let mut ends = vec![0; numbers];
        for number in &self.items {
            if let Some(length) = ends.get_mut(*number as usize) {
                *length += 1;
            }
        }
        let mut total = 0;
        for end in &mut ends {
            // Where the list begins, for now; it ends where the last of its items was put.
            total += std::mem::replace(end, total);
        }
        let mut items = vec![0; total];
        for (place, list) in (0..).zip(self.iter()) {
            for number in list {
                if let Some(next) = ends.get_mut(*number as usize)
                    && let Some(item) = items.get_mut(*next)
                {
                    *item = place;
                    *next += 1;
                }
            }
        }
        Self { items, ends }
    }
}

/// What NetBIOS leaves of a short name of 15 characters or more.
pub(super) fn beginning(short: &str) -> Option<&str> {
    if short.len() < NETBIOS_NAME_LENGTH {
        return None;
    }
    let mut ends = short.char_indices().map(|(at, c)| at + c.len_utf8());
    short.get(..ends.nth(NETBIOS_NAME_LENGTH - 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[&str]) -> Vec<Hostname> {
        names.iter().map(|name| Hostname::parse(name).unwrap()).collect()
    }

    #[test]
    fn owners_are_found_by_every_name_once() {
        let owners = [
            hosts(&["web1.corp.example", "web1", "web1.corp.example"]),
            hosts(&[]),
            hosts(&["web1.lab.example"]),
            hosts(&["db1"]),
        ];
        let (mut numbers, mut index) = (NameNumbers::default(), NameIndex::default());
        for (names, counts) in owners.iter().zip([true, true, false, true]) {
            index.add(&mut numbers, names, [].into_iter(), counts);
        }
        index.finish(&numbers);
        for (name, places, counted) in [
            ("web1", vec![0, 2], 1),
            ("web1.corp.example", vec![0], 1),
            ("web1.lab.example", vec![2], 0),
            ("db1", vec![3], 1),
            ("db2", vec![], 0),
        ] {
            let owners = index.owners(numbers.get(name));
            assert_eq!((owners.places, owners.counted), (&places[..], counted), "{name}");
        }
        index.discount(0);
        assert_eq!(index.owners(numbers.get("web1")).counted, 0);
        assert_eq!(index.owners(numbers.get("web1")).places, [0, 2]);
    }

    #[test]
    fn a_name_that_only_the_other_side_has_has_no_owners_here() {
        let (assets, computers) = (hosts(&["web1"]), hosts(&["db1", "web1"]));
        let mut numbers = NameNumbers::default();
        let [mut by_asset, mut by_computer] = [NameIndex::default(), NameIndex::default()];
        by_asset.add(&mut numbers, &assets, [].into_iter(), true);
        by_computer.add(&mut numbers, &computers, [].into_iter(), true);
        by_asset.finish(&numbers);
        by_computer.finish(&numbers);
        assert!(by_asset.owners(numbers.get("db1")).places.is_empty());
        assert_eq!(by_computer.owners(numbers.get("db1")).places, [0]);
    }
}
