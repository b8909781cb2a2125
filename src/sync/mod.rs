//! One run of a task: read, decide, write, report.
//!
//! [`sync`] is one run of a task. [`plan`] runs the very same code and stops before the first write; what it
//! returns can be stored, read by people, and [applied](MergePlan::apply) later. Whoever schedules runs calls one of
//! them; nothing here starts by itself.
//!
//! A run
//!
//! 1. takes the source's lease, so that no other run writes for it;
//! 2. reads the directory to the end, or what changed since the last read;
//! 3. decides which asset every computer is ([`merge`](crate::merge));
//! 4. stops if that is more than one run may change ([`ChangeLimits`](crate::task::ChangeLimits));
//! 5. writes what changed in batches, each whole or not at all, and new assets after the ties to those that
//!    are there;
//! 6. writes where the read ended together with the last batch, and reports.
//!
//! An incomplete read never removes anything, and ties no computer to an asset that it had not been tied to
//! before: a better match may be among what was not read.
//!
//! Several tasks may read one directory, each below its own bases, through its own filter and with its own account.
//! A run concludes that an object is gone only if its read covered the place where the object was last seen, as the
//! account and the filter that saw it do. Of everything else it says nothing, and each task goes on from where itself
//! ended.

//!
//! A user or group that goes to another domain of its forest keeps its objectGUID, and its one record goes along: the
//! run that reads it there, or the one that misses it where it was, whichever comes later, takes the old one away.

// Where things are: `run` is what every step knows, and imports none of them. `conductor` alone knows their order: it holds
// the `lease`, has the directory `read`, `decide`s, asks what the change limits say of the `impact`, `write`s, and leaves
// a `record`. A `plan` is the same run with its batches kept; `apply` writes them later, less what is `stale`. Which asset
// a computer is and what becomes of it is worked out in `merge`, who belongs to which group in `membership`: what is here
// asks the store, and tells it.

mod apply;
mod conductor;
mod decide;
mod domain;
mod impact;
mod lease;
mod limits;
mod links;
mod loss;
mod options;
mod plan;
mod progress;
mod protection;
mod read;
mod record;
mod report;
mod run;
mod stage;
mod stale;
mod write;

pub use apply::Applied;
pub use limits::{Confirmation, ExceededLimit, LimitsExceeded, Measure};
pub use loss::Loss;
pub use options::SyncOptions;
pub use plan::{MergePlan, Stopped, plan};
pub use progress::{Cancellation, Progress};
pub use report::{ComputerCounts, PrincipalCounts, SyncReport};

use self::run::Run;
use self::write::Sink;
use crate::Result;
use crate::asset::AssetRepository;
use crate::directory::DirectorySource;
use crate::task::SyncTask;

/// Reads the task's directory and brings the inventory in step with it.
///
/// With [`SyncOptions::dry_run`] everything is worked out, nothing is written, and the report says what
/// would have been done.
///
/// # Errors
///
/// - what the directory source reports: no credential, no server, no permitted transport, a certificate
///   that does not hold, a refused bind. Nothing was written.
/// - [`ErrorKind::OtherDomain`](crate::ErrorKind): the directory is another domain than the one that the source was last
///   read from. Nothing was written.
/// - [`ErrorKind::LimitsExceeded`](crate::ErrorKind): it would have changed more than the task's
///   [`ChangeLimits`](crate::task::ChangeLimits) allows. Nothing was written; the plan is in [`Stopped`].
/// - [`ErrorKind::Lease`](crate::ErrorKind): another run of this source is under way.
/// - [`ErrorKind::Conflict`](crate::ErrorKind): somebody else kept changing the same assets. What was
///   committed before stays; the next run goes on.
/// - [`ErrorKind::Store`](crate::ErrorKind): the store failed, or the temporary file of what was read. What was committed before stays.
/// - [`ErrorKind::Cancelled`](crate::ErrorKind).
///
/// A read that begins and does not get to its end, for whatever reason, is no error, but a report whose `complete` is
/// false: what was read is written, and nothing is concluded from what was not.
///
/// # Cancellation
///
/// See [`Cancellation`]. A dropped future leaves the inventory between two batches.
pub async fn sync(
    task: &SyncTask,
    directory: &dyn DirectorySource,
    repository: &dyn AssetRepository,
    options: &SyncOptions,
) -> Result<SyncReport> {
    let sink = if options.dry_run { Sink::Discard } else { Sink::Commit };
    let run = Run::new(task, repository, options);
    let outcome = conductor::execute(&run, directory, sink).await?;
    if outcome.is_stopped {
        return Err(plan::of_stopped(&run, outcome).await?.into_error());
    }
    Ok(outcome.report)
}
