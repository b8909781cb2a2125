//! Who has which name.

use std::collections::HashMap;

use crate::name::{Hostname, NETBIOS_NAME_LENGTH};

/// Who has which name: a look-up from names to places in a list of assets or computers. Building it takes time in
/// proportion to the number of names.
#[derive(Debug, Default)]
pub(super) struct NameIndex<'a> {
    full: HashMap<&'a str, Owners>,
    short: HashMap<&'a str, Owners>,
    longer: HashMap<&'a str, Longer<'a>>,
}

/// Those who have a name.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Their places, in order.
    pub(super) places: Vec<u32>,
    /// How many of them count where a name must not be common.
    pub(super) counted: usize,
}

/// The names of one owner.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned<'a> {
    /// Names that are evidence on every level.
    pub(super) names: &'a [Hostname],
    /// Whether the owner counts.
    pub(super) counts: bool,
}

/// The short names that are longer than 15 characters and share the first 15.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Longer<'a> {
    One(&'a str),
    Several,
}

const NOBODY: &Owners = &Owners { places: Vec::new(), counted: 0 };

impl<'a> NameIndex<'a> {
    /// Of owners in order of their places.
    pub(super) fn of(owners: impl Iterator<Item = Owned<'a>>) -> Self {
        let mut index = Self::default();
        for (place, owner) in (0..).zip(owners) {
            for name in owner.names {
                index.add(name, place, owner.counts);
            }
        }
        index
    }

    /// Those with this fully qualified name.
    pub(super) fn full(&self, name: &str) -> &Owners {
        self.full.get(name).unwrap_or(NOBODY)
    }

    /// Those with this short name, whatever follows it.
    pub(super) fn short(&self, name: &str) -> &Owners {
        self.short.get(name).unwrap_or(NOBODY)
    }

    /// The longer names that begin with these 15 characters.
    pub(super) fn longer(&self, cut: &str) -> Option<Longer<'a>> {
        self.longer.get(cut).copied()
    }

    /// Adds a name by which the owner is known in full alone. Places must not go back.
    pub(super) fn add_full(&mut self, name: &'a Hostname, place: u32, counts: bool) {
        self.full.entry(name.as_str()).or_default().push(place, counts);
    }

    /// Notes that an owner who counted does not any more.
    pub(super) fn discount(&mut self, names: &[Hostname], default_names: &[Hostname]) {
        let mut done: Vec<&str> = Vec::new();
        for name in names.iter().filter(|name| name.domain().is_some()).chain(default_names) {
            if let Some(owners) = self.full.get_mut(name.as_str()) {
                owners.counted = owners.counted.saturating_sub(1);
            }
        }
        for short in names.iter().map(Hostname::short) {
            if !done.contains(&short) {
                done.push(short);
                if let Some(owners) = self.short.get_mut(short) {
                    owners.counted = owners.counted.saturating_sub(1);
                }
            }
        }
    }

    fn add(&mut self, name: &'a Hostname, place: u32, counts: bool) {
        let short = name.short();
        if name.domain().is_some() {
            self.add_full(name, place, counts);
        }
        self.short.entry(short).or_default().push(place, counts);
        if let Some(cut) = beginning(short).filter(|cut| cut.len() < short.len()) {
            let longer = self.longer.entry(cut).or_insert(Longer::One(short));
            *longer = longer.and(Longer::One(short));
        }
    }
}

impl Owners {
    fn push(&mut self, place: u32, counts: bool) {
        // Several names of one owner share their short name; its place is then the last one already.
        if self.places.last() != Some(&place) {
            self.places.push(place);
            self.counted += usize::from(counts);
        }
    }
}

impl Longer<'_> {
    /// All of both.
    pub(super) fn and(self, other: Self) -> Self {
        if self == other { self } else { Self::Several }
    }
}

/// What NetBIOS leaves of a short name of 15 characters or more.
pub(super) fn beginning(short: &str) -> Option<&str> {
    let mut ends = short.char_indices().map(|(at, c)| at + c.len_utf8());
    short.get(..ends.nth(NETBIOS_NAME_LENGTH - 1)?)
}
