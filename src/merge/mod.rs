//! The merge engine: which asset is this computer, and what becomes of the asset.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same answer, in whatever order it comes.
//!
//! 1. [`decide`] applies the rules to all computers of a read at once and explains every [`Decision`].
//! 2. [`contribution`] is what one computer says, in the terms of the inventory.
//! 3. [`survive`], [`create`], [`mark`] and [`detach`] write it into an asset, with its provenance.

mod attributes;
mod candidate;
mod compare;
mod computer;
mod contest;
mod contribution;
mod decide;
mod decision;
mod evidence;
mod matching;
mod name_index;
mod reason;
mod ruling;
mod survive;
#[cfg(test)]
mod tests;
mod ties;

pub use attributes::{group_attributes, user_attributes};
pub use candidate::Candidate;
pub use computer::{Computer, DirectoryDomain};
pub use contribution::{Contribution, contribution};
pub use decide::{Known, decide};
pub use decision::{Considered, Decision, Verdict};
pub use evidence::{Evidence, Level};
pub use reason::{LostBecause, Outranked, Reason, Unmatched, WeakName};
pub use survive::{Writing, create, detach, mark, survive};
