//! One to one: two computers of a directory never share an asset.

use std::cmp::Reverse;
use std::collections::HashMap;

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

/// The best claim to each asset so far, by the asset's place.
#[derive(Debug, Default)]
pub(super) struct Assignment<'a> {
    winners: HashMap<usize, Claimant<'a>>,
}

type Rank = (Level, bool, bool, bool, Reverse<[Option<Timestamp>; 2]>, ObjectGuid);

impl<'a> Assignment<'a> {
    /// Enters a claim. The order of claims does not matter.
    pub(super) fn enter(&mut self, place: usize, claimant: Claimant<'a>) {
        let winner = self.winners.entry(place).or_insert(claimant);
        if claimant.rank() < winner.rank() {
            *winner = claimant;
        }
    }

    /// Who goes before this claimant, and why.
    pub(super) fn winner_over(
        &self,
        place: usize,
        claimant: Claimant<'_>,
    ) -> Option<(&'a Computer, Outranked)> {
        let winner = self.winners.get(&place)?;
        (winner.computer.object != claimant.computer.object)
            .then(|| (winner.computer, winner.advantage_over(claimant)))
    }
}

impl Claimant<'_> {
    /// The lower goes first. Who claims nothing else goes before who may claim something else, on one level.
    fn rank(&self) -> Rank {
        let computer = self.computer;
        let used = Reverse([computer.last_used, computer.last_password_change]);
        let (is_conflict, is_disabled) = (computer.is_conflict, computer.is_disabled);
        (self.level, !self.is_sure, is_conflict, is_disabled, used, computer.object)
    }

    fn advantage_over(&self, loser: Claimant<'_>) -> Outranked {
        let (winner, loser) = (self.rank(), loser.rank());
        if winner.0 != loser.0 {
            Outranked::Level(winner.0)
        } else if winner.2 != loser.2 {
            Outranked::NoConflict
        } else if winner.3 != loser.3 {
            Outranked::Enabled
        } else if winner.4 != loser.4 {
            Outranked::UsedLater
        } else {
            Outranked::ObjectGuid
        }
    }
}
