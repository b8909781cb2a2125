//! Deciding what a read means, before anything is written.
//!
//! - [`Matching`] says which asset every computer is: by the rules alone, and as the inventory shows it with what people
//!   decided. The rules themselves are [`merge`](crate::merge)'s; here is what the store has to say to them.
//! - [`surroundings`] looks that up: the assets that the computers could be, and whom else these could be.
//! - [`alone`] finds known computers that have an asset to themselves although another one has their name.
//! - [`former`] notes which assets a new computer may have been in another domain, by its `sIDHistory`.
//! - [`MovedPrincipals`] are users and groups that went from one domain of a forest to another.
//! - [`Absences`] are the known objects that a complete read did not show.

mod absences;
mod alone;
mod former;
mod matching;
mod moved;
mod moves;
mod question;
mod surroundings;

pub(super) use self::absences::Absences;
pub(super) use self::matching::Matching;
pub(super) use self::moved::MovedPrincipals;
pub(super) use self::moves::{ComputerMove, Decided, Spot};
