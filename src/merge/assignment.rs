//! One to one: two computers of a directory never share an asset.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::{Computer, Level, Outranked};
use crate::value::{ObjectGuid, Timestamp};

/// A computer's claim to an asset, or one of several claims that it cannot decide between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimant<'a> {
    pub(super) computer: &'a Computer,
    pub(super) level: Level,
    /// Whether it claims this asset and no other.
    pub(super) is_sure: bool,
}

/// What goes first on an asset, the lower. Who claims nothing else goes before who may claim something else, on one level.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Rank {
    level: Level,
    is_unsure: bool,
    is_conflict: bool,
    is_disabled: bool,
    used: Reverse<[Option<Timestamp>; 2]>,
    /// Tells claims apart, and is no merit.
    object: ObjectGuid,
}

/// All claims, those to one asset together and the best of them first, by the places of assets. Of what claims one has by
/// the number of its draft.
#[derive(Debug, Default)]
pub(super) struct Assignment {
    claims: BTreeMap<(usize, Rank), usize>,
    /// The assets that are claimed by others than when they were last due.
    due: BTreeSet<usize>,
}

impl Assignment {
    /// Enters a claim. The order of claims does not matter.
    pub(super) fn enter(&mut self, place: usize, claimant: Claimant<'_>, draft: usize) {
        self.claims.insert((place, claimant.rank()), draft);
        self.due.insert(place);
    }

    /// Takes a claim back.
    pub(super) fn withdraw(&mut self, place: usize, claimant: Claimant<'_>) {
        self.claims.remove(&(place, claimant.rank()));
        self.due.insert(place);
    }

    /// The assets that are claimed by others than before.
    pub(super) fn take_due(&mut self) -> BTreeSet<usize> {
        std::mem::take(&mut self.due)
    }

    /// The assets that several claim, in order.
    pub(super) fn contested(&self) -> BTreeSet<usize> {
        let places = || self.claims.keys().map(|(place, _)| *place);
        let neighbours = places().zip(places().skip(1));
        neighbours.filter(|(one, next)| one == next).map(|(place, _)| place).collect()
    }

    /// The claims to an asset, the best first.
    pub(super) fn to(&self, place: usize) -> impl Iterator<Item = (Rank, usize)> {
        let all = self.claims.range((place, Rank::FIRST)..);
        let own = all.take_while(move |((at, _), _)| *at == place);
        own.map(|((_, rank), draft)| (*rank, *draft))
    }
}

impl Claimant<'_> {
    fn rank(&self) -> Rank {
        let computer = self.computer;
        Rank {
            level: self.level,
            is_unsure: !self.is_sure,
            is_conflict: computer.is_conflict,
            is_disabled: computer.is_disabled,
            used: Reverse([computer.last_used, computer.last_password_change]),
            object: computer.object,
        }
    }
}

impl Rank {
    /// Nobody goes before it.
    const FIRST: Self = Self {
        level: Level::Known,
        is_unsure: false,
        is_conflict: false,
        is_disabled: false,
        used: Reverse([Some(Timestamp::MAX); 2]),
        object: ObjectGuid::from_bytes([0; 16]),
    };

    /// Whether who has it claims this asset and no other.
    pub(super) fn is_sure(&self) -> bool {
        !self.is_unsure
    }

    /// In what who has it goes before another one; `None` if nothing tells them apart.
    pub(super) fn advantage_over(&self, loser: &Self) -> Option<Outranked> {
        if self.level != loser.level {
            Some(Outranked::Level(self.level))
        } else if self.is_conflict != loser.is_conflict {
            Some(Outranked::NoConflict)
        } else if self.is_disabled != loser.is_disabled {
            Some(Outranked::Enabled)
        } else if self.used != loser.used {
            Some(Outranked::UsedLater)
        } else {
            None
        }
    }

    /// Whether another one claims this asset and no other, too, and nothing tells them apart.
    pub(super) fn is_equalled_by(&self, other: &Self) -> bool {
        self.is_sure() && other.is_sure() && self.advantage_over(other).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::DirectoryDomain;

    #[test]
    fn a_claim_that_is_taken_back_is_none_and_others_may_go_first_then() {
        let computer = |n: u8| {
            Computer::named(ObjectGuid::from_bytes([n; 16]), [], DirectoryDomain::default())
        };
        let (first, second) = (computer(1), computer(2));
        let claimant = |computer| Claimant { computer, level: Level::Full, is_sure: true };
        let mut assignment = Assignment::default();
        let drafts = |assignment: &Assignment, place| -> Vec<usize> {
            assignment.to(place).map(|(_, draft)| draft).collect()
        };
        assignment.enter(7, claimant(&second), 20);
        assignment.enter(7, claimant(&first), 10);
        assignment.enter(8, claimant(&first), 10);
        assert_eq!(assignment.take_due(), BTreeSet::from([7, 8]));
        assert_eq!((drafts(&assignment, 7), drafts(&assignment, 8)), (vec![10, 20], vec![10]));
        assert_eq!(assignment.contested(), BTreeSet::from([7]));
        assignment.withdraw(7, claimant(&first));
        assert_eq!(assignment.take_due(), BTreeSet::from([7]));
        assert_eq!((drafts(&assignment, 7), drafts(&assignment, 8)), (vec![20], vec![10]));
        assert_eq!(assignment.contested(), BTreeSet::new());
    }
}
