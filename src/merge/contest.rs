//! One to one: two computers of a directory never share an asset.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::{Computer, Level, Outranked};
use crate::value::ObjectGuid;

/// A computer's claim to an asset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claimant<'a> {
    pub(super) computer: &'a Computer,
    pub(super) level: Level,
}

/// The best claim to each asset so far, by the asset's place.
#[derive(Debug, Default)]
pub(super) struct Contest<'a> {
    winners: HashMap<usize, Claimant<'a>>,
}

impl<'a> Contest<'a> {
    /// Enters a claim. The order of claims does not matter.
    pub(super) fn enter(&mut self, place: usize, claimant: Claimant<'a>) {
        let winner = self.winners.entry(place).or_insert(claimant);
        if claimant.rank() < winner.rank() {
            *winner = claimant;
        }
    }

    /// Who has the asset instead of this claimant, and why.
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
    fn rank(&self) -> (Level, bool, bool, Reverse<Option<crate::value::Timestamp>>, ObjectGuid) {
        let computer = self.computer;
        let last_used = Reverse(computer.last_used);
        (self.level, computer.is_conflict, computer.is_disabled, last_used, computer.object)
    }

    fn advantage_over(&self, loser: Claimant<'_>) -> Outranked {
        let (winner, loser) = (self.rank(), loser.rank());
        if winner.0 != loser.0 {
            Outranked::Level(winner.0)
        } else if winner.1 != loser.1 {
            Outranked::NoConflict
        } else if winner.2 != loser.2 {
            Outranked::Enabled
        } else if winner.3 != loser.3 {
            Outranked::UsedLater
        } else {
            Outranked::ObjectGuid
        }
    }
}
