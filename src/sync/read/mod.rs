//! Reading the directory: everything, or what changed together with what depends on it.
//!
//! [`Reading`] decides which of the two is due and carries it out. Each read becomes a [`Snapshot`]: what it showed, and
//! what it can speak for ([`coverage`]), within the time that it may take ([`timed`]). Of what a read left out of an
//! object the inventory's word is kept ([`left_out`]), and of long lists of members of which it told what changed
//! ([`link_changes`]); who manages a computer is told by name ([`managers`]); what does not show at all is doubted ([`hidden`]). What a read shows to be gone, or back, is worked out in
//! [`departures`]. [`checkpoint`] knows where the last read ended, and [`outside`] whether the inventory has other assets
//! since.

pub(super) mod checkpoint;
mod coverage;
mod departures;
mod footprint;
mod hidden;
mod left_out;
mod link_changes;
mod managers;
pub(super) mod outside;
mod reading;
mod snapshot;
mod timed;

pub(super) use self::hidden::EmptyBases;
pub(super) use self::reading::{PriorMemberships, Reading};
pub(super) use self::snapshot::Snapshot;
