//! Tasks: which directory goes into which site, with which credential, by which rules, and when.

mod change_limits;
mod describe;
mod due;
mod exclusions;
mod grace;
mod local_time;
mod match_policy;
#[cfg(test)]
mod naive;
mod recurrence;
mod step;
mod task;
mod timetable;
mod zone;

pub use change_limits::{ChangeLimits, Limit};
pub use due::Due;
pub use exclusions::Exclusions;
pub use grace::Grace;
pub use local_time::LocalTime;
pub use match_policy::{Ambiguity, CandidateScope, MatchPolicy};
pub use recurrence::{Interval, Recurrence, Unit};
pub use task::SyncTask;
pub use timetable::Schedule;
