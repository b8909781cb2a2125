//! Which asset is this computer, and what becomes of the asset.
//!
//! Pure: no I/O, no clock, no randomness. The same input gives the same answer, in whatever order it comes. Hosts that
//! plan offline, and whoever measures it, have a [`Planner`]; runs and imports work with its parts:
//!
//! - *The engine* (`decide`): the names of all computers and assets (`compare`, `fit`, `name_index`), who has what
//!   already (`ties`, `ruling`), who goes first (`assignment`), and a [`Decision`] on each with its reason.
//! - *Survivorship* (`write_computer`): what one computer says (`contribution`), written into the assets of a
//!   `UnitOfWork` with its provenance (`contribute`), and whose word holds where only one can (`precedence`).
//! - *Decisions of people*: an `Overlay` lays those that stand over what the rules alone say, and `Settled` is what has
//!   to be written for it. Assets are taken apart into a `Record` of each source, and put together anew.
//! - *Looking at what is there*: [`Overlap`], [`NearMiss`], [`Coverage`], [`Explanation`] and [`MergePreview`].
//!
//! The store's part in all of this is [`sync`](crate::sync)'s and `grouping`'s.

mod asked;
mod assignment;
mod attributes;
mod beside;
mod candidate;
mod claim_writer;
mod compare;
mod computer;
mod contribute;
mod contribution;
mod coverage;
mod decide;
mod decision;
mod directory_domain;
mod encounters;
mod evidence;
mod exclusion;
mod explain;
mod first_version;
mod fit;
mod known;
mod known_directories;
mod match_context;
mod matching;
mod name_index;
mod near;
mod neighbours;
mod overlap;
mod overlay;
mod parallel;
mod placed;
mod plan;
mod precedence;
mod preview;
mod reason;
mod record;
mod resemblance;
mod ruling;
mod settled;
mod settling;
mod standing;
#[cfg(test)]
mod tests;
mod ties;
mod unit_of_work;
mod verdict;
mod watch;
mod write_computer;

pub(crate) use attributes::{group_attributes, user_attributes};
pub(crate) use candidate::{Candidate, Naming};
pub(crate) use claim_writer::ClaimWriter;
pub(crate) use computer::Computer;
pub(crate) use contribute::{WriteContext, set_presence};
pub use coverage::{Coverage, CoverageCounts};
pub(crate) use decide::{Rules, decide, decide_watched};
pub use decision::{Considered, Decision, Verdict};
pub(crate) use directory_domain::DirectoryDomain;
pub(crate) use evidence::Evidence;
pub use evidence::Level;
pub(crate) use exclusion::{Excluded, Exclusion};
pub(crate) use explain::merge_as_told;
pub use explain::{ExplainedRecord, ExplainedValue, Explanation};
pub(crate) use first_version::remember_homes;
pub(crate) use known::{keep_known, not_shown, shows, with_known_place};
pub(crate) use known_directories::KnownDirectories;
pub(crate) use match_context::{KnownComputer, MatchContext};
pub use near::NearMiss;
pub(crate) use near::NearMisses;
pub(crate) use neighbours::is_questioned;
pub use overlap::Overlap;
pub(crate) use overlap::Surveyed;
pub(crate) use overlay::Overlay;
pub use plan::{DirectoryComputers, Planner};
pub(crate) use precedence::rank_claims;
pub use preview::{MergePreview, MergedValue};
pub(crate) use reason::{LostBecause, Outranked, Reason, Unmatched, WeakName};
pub(crate) use record::{Record, assemble, by_home, take_apart};
pub(crate) use resemblance::{Resemblance, resemblances};
pub(crate) use settled::Settled;
pub use settled::{MovedRecord, Moves};
pub(crate) use standing::Standing;
pub(crate) use unit_of_work::UnitOfWork;
pub(crate) use watch::Watch;
pub(crate) use write_computer::{
    ComputerUpdate, Destination, LateArrival, why_it_waits, write_computer,
};
