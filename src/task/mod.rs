//! What to sync, where to, by which rules and within which limits.
//!
//! A [`SyncTask`] names a directory, the credential to read it with, and the site that new assets are created in. How
//! computers are tied to assets is its [`MatchPolicy`], which of them are left out its [`Exclusions`], how much one
//! run may change its [`ChangeLimits`], and for how long an object is missing before it is gone its [`Grace`]. A task
//! is plain data that a host stores as it likes; [`sync`](crate::sync::sync) runs it, and when that happens is the
//! host's business, with or without a `schedule::Schedule`.

mod change_limits;
mod exclusions;
mod grace;
mod match_policy;
mod sync_task;

pub use change_limits::{ChangeLimits, Limit};
pub use exclusions::Exclusions;
pub use grace::Grace;
pub use match_policy::{Ambiguity, MatchPolicy};
pub(crate) use sync_task::LAPS_EXPIRY;
pub use sync_task::SyncTask;
