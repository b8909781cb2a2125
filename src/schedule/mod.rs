//! Tasks: which directory goes into which site, with which credential and by which rules.

mod match_policy;
mod task;

pub use match_policy::{Ambiguity, CandidateScope, MatchPolicy};
pub use task::SyncTask;
