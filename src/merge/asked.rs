//! The computers that are decided on.

use std::cmp::Ordering;

use super::Computer;
use crate::value::ObjectGuid;

/// The computers that are decided on, each once. They keep the places in which they came: what came together lies together
/// in memory.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    computers: Vec<&'a Computer>,
    /// Their places in order of objectGUIDs, unless they came in that order.
    order: Option<Vec<u32>>,
}

impl<'a> Asked<'a> {
    /// Of two computers with the same objectGUID the later one is asked.
    pub(super) fn of(computers: impl IntoIterator<Item = &'a Computer>) -> Self {
        let computers: Vec<&Computer> = computers.into_iter().collect();
        if computers.is_sorted_by(|one, next| one.object < next.object) {
            return Self { computers, order: None };
        }
        let number = |computer: &Computer| u128::from_be_bytes(*computer.object.as_bytes());
        let numbers = computers.iter().map(|computer| number(computer));
        let mut order: Vec<(u128, u32)> = numbers.zip(0..).collect();
        order.sort_unstable_by(|one, other| other.cmp(one));
        order.dedup_by_key(|(number, _)| *number);
        let order: Vec<u32> = order.into_iter().rev().map(|(_, place)| place).collect();
        if order.len() == computers.len() {
            return Self { computers, order: Some(order) };
        }
        let each_once = order.into_iter().filter_map(|place| computers.get(place as usize));
        Self { computers: each_once.copied().collect(), order: None }
    }

    /// In their places.
    pub(super) fn computers(&self) -> &[&'a Computer] {
        &self.computers
    }

    /// Each with its place, in order of objectGUIDs.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &'a Computer)> {
        (0..self.computers.len()).filter_map(|number| self.nth(number))
    }

    /// What there is for each by its place, in order of objectGUIDs.
    #[expect(
        clippy::filter_map_identity,
        reason = "unlike `flatten`, it keeps the list where it is in memory"
    )]
    pub(super) fn into_order<T>(self, mut all: Vec<Option<T>>) -> Vec<T> {
        match self.order {
            None => all.into_iter().filter_map(|one| one).collect(),
            Some(order) => {
                let take = |place: u32| all.get_mut(place as usize)?.take();
                order.into_iter().filter_map(take).collect()
            }
        }
    }

    /// Whether one has this objectGUID.
    pub(super) fn contain(&self, object: ObjectGuid) -> bool {
        let (mut low, mut high) = (0, self.computers.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.nth(middle).map(|(_, computer)| computer.object.cmp(&object)) {
                Some(Ordering::Less) => low = middle + 1,
                Some(Ordering::Greater) => high = middle,
                Some(Ordering::Equal) | None => return true,
            }
        }
        false
    }

    fn nth(&self, number: usize) -> Option<(usize, &'a Computer)> {
        let place = match &self.order {
            Some(order) => *order.get(number)? as usize,
            None => number,
        };
        Some((place, *self.computers.get(place)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::DirectoryDomain;

    #[test]
    fn they_are_in_order_and_the_later_of_two_counts() {
        let computer = |n: u8, name: &str| {
            let guid = ObjectGuid::from_bytes([n; 16]);
            let mut computer = Computer::named(guid, [], DirectoryDomain::default());
            computer.name = name.into();
            computer
        };
        let told = |computers: &[Computer]| {
            let asked = Asked::of(computers);
            let name = |(place, computer): (usize, &Computer)| {
                assert_eq!(asked.computers()[place].name, computer.name);
                computer.name.to_string()
            };
            asked.in_order().map(name).collect::<Vec<_>>()
        };
        let (a, b, c) = (computer(1, "a"), computer(2, "b"), computer(3, "c"));
        let later = computer(2, "later");
        assert_eq!(told(&[a.clone(), b.clone(), c.clone()]), ["a", "b", "c"]);
        assert_eq!(told(&[c.clone(), a.clone(), b.clone()]), ["a", "b", "c"]);
        let as_they_came = [c.clone(), a.clone(), b.clone()];
        let asked = Asked::of(&as_they_came);
        assert!(asked.computers().iter().map(|computer| &*computer.name).eq(["c", "a", "b"]));
        assert_eq!(told(&[a.clone(), b.clone(), later.clone(), c.clone()]), ["a", "later", "c"]);
        let twice = [b.clone(), c.clone(), later.clone(), a.clone()];
        assert_eq!(Asked::of(&twice).computers().len(), 3);
        assert_eq!(told(&[b.clone(), later.clone()]), ["later"]);
        assert_eq!(told(&[b, c, later, a]), ["a", "later", "c"]);
        assert_eq!(told(&[]), [""; 0]);
    }

    #[test]
    fn they_are_known_by_their_guids() {
        let guid = |n: u8| ObjectGuid::from_bytes([n; 16]);
        let all = [7, 1, 5, 3].map(|n| Computer::named(guid(n), [], DirectoryDomain::default()));
        let asked = Asked::of(&all);
        let there: Vec<u8> = (0..9).filter(|n| asked.contain(guid(*n))).collect();
        assert_eq!(there, [1, 3, 5, 7]);
    }
}
