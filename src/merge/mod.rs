//! The merge engine: which asset is this computer, and what becomes of the asset.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same answer, in whatever order it comes.
//!
//! 1. [`decide`] applies the rules to all computers of a read at once and explains every [`Decision`].
//! 2. [`contribution`] is what one computer says, in the terms of the inventory.
//! 3. [`survive`], [`create`], [`mark`] and [`detach`] write it into an asset, with its provenance.
//!
//! What people do by hand is worked out here as well: [`unite`] makes one asset of several, and [`unmerge`]
//! takes them apart again. [`overlaps`], [`Coverage`] and [`explain`] look at what is there.

mod attributes;
mod candidate;
mod compare;
mod computer;
mod contest;
mod contribution;
mod coverage;
mod decide;
mod decision;
mod directory_domain;
mod evidence;
mod exclusion;
mod explain;
mod fit;
mod known;
mod manual;
mod matching;
mod name_index;
mod near;
mod neighbours;
mod overlap;
mod precedence;
mod preview;
mod reason;
mod resemblance;
mod ruling;
mod survive;
#[cfg(test)]
mod tests;
mod ties;
mod undo;
mod verdict;

pub use attributes::{group_attributes, user_attributes};
pub use candidate::{Candidate, Naming};
pub use computer::Computer;
pub use contribution::{Contribution, contribution};
pub use coverage::{Counts, Coverage, CoverageRow};
pub use decide::{Known, KnownComputer, decide};
pub use decision::{Considered, Decision, Verdict};
pub use directory_domain::DirectoryDomain;
pub use evidence::{Evidence, Level};
pub use exclusion::{Excluded, Exclusion};
pub use explain::{Explanation, MergeOf, PartOf, Sentence, ValueOf, explain};
pub use known::keep_known;
pub use manual::{Signature, United, hand_over, join, unite};
pub use near::{Difference, NearMiss, NearMisses};
pub use overlap::{Overlap, Surveyed, overlaps};
pub(crate) use precedence::rank_claims;
pub use preview::{Beside, Kept, MergePreview, MovedLink, Winner};
pub use reason::{LostBecause, Outranked, Reason, Unmatched, WeakName};
pub(crate) use resemblance::{Resemblance, resemblances};
pub(crate) use ruling::latest_decision;
pub use survive::{Writing, create, detach, mark, survive, tie};
pub(crate) use undo::check_undoable;
pub use undo::{Unmerged, unmerge, whereabouts};
