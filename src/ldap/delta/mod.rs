//! What changed since the last read.
//!
//! [`Tracking`] knows where the server stood, and whether this read may go on from there. [`Changes`] are the objects that
//! changed, by identity alone, as [`DeltaPolicy`] has them found: by `uSNChanged`, or by DirSync, whose control is in
//! `dirsync`, and who joined or left groups in `link_changes`. A [`Token`] is what a checkpoint holds. The objects are read again whole in
//! [`read`](super::read).

mod changes;
mod dirsync;
mod link_changes;
mod token;
mod tracking;

pub(crate) use self::changes::{Change, ChangeGranularity, Changes, ObjectLocation, any_of};
pub(crate) use self::link_changes::LinkChanges;
pub(crate) use self::token::Token;
pub use self::tracking::DeltaPolicy;
pub(crate) use self::tracking::{Position, Tracking};
