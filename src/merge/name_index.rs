//! Who has which name.

use std::collections::HashMap;

use crate::name::{Hostname, NETBIOS_NAME_LENGTH};

/// Who has which name: a look-up from names to places in a list of assets or computers. None of the
/// names may be weak. Building it takes time in proportion to the number of names.
#[derive(Debug, Default)]
pub(super) struct NameIndex<'a> {
    full: HashMap<&'a str, Vec<u32>>,
    short: HashMap<&'a str, Vec<u32>>,
    longer: HashMap<&'a str, Longer<'a>>,
}

/// The short names that are longer than 15 characters and share the first 15.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Longer<'a> {
    One(&'a str),
    Several,
}

impl<'a> NameIndex<'a> {
    pub(super) fn of(named: impl Iterator<Item = &'a [Hostname]>) -> Self {
        let mut index = Self::default();
        for (place, names) in (0..).zip(named) {
            for name in names {
                index.add(name, place);
            }
        }
        index
    }

    /// The places of those with this fully qualified name, in order.
    pub(super) fn full(&self, name: &str) -> &[u32] {
        self.full.get(name).map_or(&[], Vec::as_slice)
    }

    /// The places of those with this short name, whatever follows it, in order.
    pub(super) fn short(&self, name: &str) -> &[u32] {
        self.short.get(name).map_or(&[], Vec::as_slice)
    }

    /// The longer names that begin with these 15 characters.
    pub(super) fn longer(&self, cut: &str) -> Option<Longer<'a>> {
        self.longer.get(cut).copied()
    }

    fn add(&mut self, name: &'a Hostname, place: u32) {
        let short = name.short();
        if name.domain().is_some() {
            push(self.full.entry(name.as_str()).or_default(), place);
        }
        push(self.short.entry(short).or_default(), place);
        if let Some(cut) = beginning(short).filter(|cut| cut.len() < short.len()) {
            let longer = self.longer.entry(cut).or_insert(Longer::One(short));
            *longer = longer.and(Longer::One(short));
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

fn push(places: &mut Vec<u32>, place: u32) {
    // Several names of one host share their short name; its place is then the last one already.
    if places.last() != Some(&place) {
        places.push(place);
    }
}
