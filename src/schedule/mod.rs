//! When something runs: a calendar of starts in a time zone, without a clock.
//!
//! A [`Schedule`] is a first start, its time zone and a [`Recurrence`]. [`Due`] says whether a start is due, given the
//! last one; the next ones can be listed, through the gaps and folds of daylight saving. The host asks; nothing starts
//! by itself. [`SyncTask`](crate::task::SyncTask) does not need it.

mod describe;
mod due;
mod local_time;
#[cfg(test)]
mod naive;
mod recurrence;
mod step;
mod timetable;
mod zone;

pub use due::Due;
pub use local_time::LocalTime;
pub use recurrence::{Recurrence, Unit};
pub use timetable::Schedule;
