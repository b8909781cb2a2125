//! The merge engine: which asset is this computer, and what becomes of the asset.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same answer, in whatever order it comes.
//!
//! 1. [`decide`] applies the rules to all computers of a read at once and explains every [`Decision`].
//! 2. [`contribution`] is what one computer says, in the terms of the inventory.
//! 3. [`survive`], [`create`], [`mark`] and [`detach`] write it into an asset, with its provenance.
//!
//! What people decide is worked out here as well: an [`Overlay`] lays the decisions that stand over what the rules
//! alone say, and tells what the inventory shows. [`overlaps`], [`Coverage`] and [`explain`] look at what is there.

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
mod first_version;
mod matching;
mod name_index;
mod overlap;
mod overlay;
mod preview;
mod reason;
mod record;
mod ruling;
mod settled;
mod standing;
mod survive;
#[cfg(test)]
mod tests;
mod ties;

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
pub use first_version::remember_homes;
pub use overlap::{Overlap, Surveyed, overlaps};
pub use overlay::Overlay;
pub use preview::{Beside, Kept, MergePreview, Winner};
pub use reason::{LostBecause, Outranked, Reason, Unmatched, WeakName};
pub use record::{Record, assemble, by_home, in_order, join, take_apart};
pub use settled::{GoneAsset, MovedRecord, Moves, Settled};
pub use standing::Standing;
pub use survive::{Writing, at_home, create, detach, mark, survive, tie};
