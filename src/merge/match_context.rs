//! What is known before names are looked at.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::num::NonZeroUsize;

use super::Computer;
use crate::asset::Constraint;
use crate::value::{AssetId, ObjectGuid, SourceId, Timestamp};

/// What is known before names are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MatchContext<'a> {
    /// The directory.
    pub(crate) source: &'a SourceId,
    /// Its objects that are tied to an asset.
    pub(crate) links: &'a HashMap<ObjectGuid, AssetId>,
    /// Those of them that the directory has no more, as far as complete reads tell, this one included.
    /// Their assets are free for others.
    pub(crate) absent: &'a HashSet<ObjectGuid>,
    /// Those of them whose asset has nothing but records of directories: another asset that came since may be the same
    /// thing.
    pub(crate) alone: &'a HashSet<ObjectGuid>,
    /// Objects that another directory has, too, by the same objectGUID, and the assets they are tied to there.
    pub(crate) elsewhere: &'a HashMap<ObjectGuid, (SourceId, AssetId)>,
    /// Computers that the inventory knows: those of other directories, and those of this one that were not read.
    pub(crate) others: &'a [KnownComputer],
    /// The decisions of people. Of those on other directories it counts which asset a computer is: no bare short name
    /// ties another one to it.
    pub(crate) constraints: &'a [Constraint],
    /// The id of the first computer that becomes a new asset. The next ones follow it, in the order of objectGUIDs.
    pub(crate) first_new: AssetId,
    /// The time of the decision.
    pub(crate) now: Timestamp,
    /// How many threads may work on the decisions. It is the same for any number.
    pub(crate) threads: NonZeroUsize,
}

/// A computer that the inventory knows from an earlier run, and that its directory has still.
#[derive(Clone, Debug)]
pub(crate) struct KnownComputer {
    /// The directory.
    pub(crate) source: SourceId,
    /// The computer.
    pub(crate) computer: Computer,
    /// The asset that it is tied to; `None` if it waits for a person.
    pub(crate) asset: Option<AssetId>,
}

/// Prints as its name and its directory.
impl fmt::Display for KnownComputer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.computer.name, self.source)
    }
}
