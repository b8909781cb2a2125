//! The merge engine: which asset is this computer, and what becomes of the asset.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same answer, in whatever order it comes.
//!
//! 1. [`decide`] applies the rules to all computers of a read at once and explains every [`Decision`].
//! 2. [`contribution`] is what one computer says, in the terms of the inventory.
//! 3. [`apply_contribution`], [`create`], [`set_presence`] and [`detach`] write it into an asset, with its provenance.
//!
//! What people decide is worked out here as well: an [`Overlay`] lays the decisions that stand over what the rules
//! alone say, and tells what the inventory shows. [`overlaps`], [`Coverage`] and [`explain`] look at what is there.

mod assignment;
mod attributes;
mod candidate;
mod compare;
mod computer;
mod contribute;
mod contribution;
mod coverage;
mod decide;
mod decision;
mod directory_domain;
mod evidence;
mod exclusion;
mod explain;
mod first_version;
mod fit;
mod known;
mod match_context;
mod matching;
mod name_index;
mod near;
mod neighbours;
mod overlap;
mod overlay;
mod placed;
mod precedence;
mod preview;
mod reason;
mod record;
mod resemblance;
mod ruling;
mod settled;
mod standing;
#[cfg(test)]
mod tests;
mod ties;
mod unit_of_work;
mod verdict;
mod write_computer;

pub use attributes::{group_attributes, user_attributes};
pub use candidate::{Candidate, Naming};
pub use computer::Computer;
pub use contribute::{
    WriteContext, apply_contribution, at_home, create, detach, record_match, set_presence,
};
pub use contribution::{Contribution, contribution};
pub use coverage::{Counts, Coverage, CoverageRow};
pub use decide::decide;
pub use decision::{Considered, Decision, Verdict};
pub use directory_domain::DirectoryDomain;
pub use evidence::{Evidence, Level};
pub use exclusion::{Excluded, Exclusion};
pub use explain::{Explanation, MergeOf, PartOf, Sentence, ValueOf, explain};
pub use first_version::remember_homes;
pub use known::keep_known;
pub use match_context::{KnownComputer, MatchContext};
pub use near::{Difference, NearMiss, NearMisses};
pub(crate) use neighbours::is_questioned;
pub use overlap::{Overlap, Surveyed, overlaps};
pub use overlay::Overlay;
pub(crate) use precedence::rank_claims;
pub use preview::{MergePreview, RetainedValue, UnitedValue, WinningValue};
pub use reason::{LostBecause, Outranked, Reason, Unmatched, WeakName};
pub use record::{Record, assemble, by_home, in_order, join, take_apart};
pub(crate) use resemblance::{Resemblance, resemblances};
pub use settled::{GoneAsset, MovedRecord, Moves, Settled};
pub use standing::Standing;
pub(crate) use unit_of_work::UnitOfWork;
pub(crate) use write_computer::{
    ComputerUpdate, Destination, LateArrival, why_it_waits, write_computer,
};
