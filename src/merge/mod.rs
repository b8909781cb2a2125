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
mod evidence;
mod exclusion;
mod explain;
mod manual;
mod matching;
mod name_index;
mod overlap;
mod preview;
mod reason;
mod resemblance;
mod ruling;
mod survive;
#[cfg(test)]
mod tests;
mod ties;
mod undo;

pub use attributes::{group_attributes, user_attributes};
pub use candidate::Candidate;
pub use computer::{Computer, DirectoryDomain};
pub use contribution::{Contribution, contribution};
pub use coverage::{Counts, Coverage, CoverageRow};
pub use decide::{Known, decide};
pub use decision::{Considered, Decision, Verdict};
pub use evidence::{Evidence, Level};
pub use exclusion::{Excluded, Exclusion};
pub use explain::{Explanation, MergeOf, PartOf, Sentence, ValueOf, explain};
pub(crate) use manual::rank_claims;
pub use manual::{Signature, United, hand_over, unite};
pub use overlap::{Overlap, Surveyed, overlaps};
pub use preview::{Beside, Kept, MergePreview, MovedLink, Winner};
pub use reason::{LostBecause, Outranked, Reason, Unmatched, WeakName};
pub(crate) use resemblance::{Resemblance, resemblances};
pub(crate) use ruling::latest_decision;
pub use survive::{Writing, create, detach, mark, survive, tie};
pub(crate) use undo::check_undoable;
pub use undo::{Unmerged, unmerge, whereabouts};
