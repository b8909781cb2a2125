//! Assets that a computer may be although no name says so: it has one of their names, but so have others.

use super::compare::Beside;
use super::fit::{DistinctiveNames, fit};
use super::matching::{Draft, Matching};

/// So many assets of one name are looked at: a name that a million have is looked up by as many.
const MOST_LOOKED_AT: usize = 10;

impl Matching<'_> {
    /// Whether a computer would fit an asset that is free, if nobody else had its name. Of more than are looked at, nobody
    /// can say that none would.
    pub(super) fn is_beside_another(&self, draft: &Draft<'_>) -> bool {
        let beside = |weak| self.names.beside(draft.computer, weak);
        draft.weak.iter().flat_map(beside).any(|beside| match beside {
            Beside::Longer => true,
            Beside::Assets { assets, free, names } => {
                let near = || assets.iter().take(MOST_LOOKED_AT).map(|place| *place as usize);
                near().any(|place| self.would_be(draft, place, &names))
                    || free > near().filter(|place| self.is_free(*place)).count()
            }
        })
    }

    /// Whether a computer would fit a free asset, if these were names that are evidence.
    fn would_be(&self, draft: &Draft<'_>, place: usize, names: &DistinctiveNames<'_>) -> bool {
        let Some(asset) = self.assets.get(place).filter(|_| self.is_free(place)) else {
            return false;
        };
        let outcome = fit(draft.computer, names, self.naming(asset));
        outcome.is_ok() && self.bar(draft, None, place, &outcome).is_none()
    }

    fn is_free(&self, place: usize) -> bool {
        self.asset(place).is_some_and(|asset| self.ties.holder(asset).is_none())
    }
}
