//! Who belongs to which group, and what a change of that drags along.
//!
//! Pure: no I/O, no clock. It works on what a read [showed](ReadObjects), on what the inventory [knew](Earlier) before,
//! and on the links of a directory's objects.
//!
//! - [`Memberships`] has every membership, both ways: those that a group names itself, those by primary group, and those
//!   through other groups. Directories allow groups in circles; each is walked once.
//! - [`dependents_to_reread`] names the objects that a change of others changed, without a change of their own: a read of
//!   changes does not bring them, and is not the same as a full read without them.
//! - [`ShownMembers`] has the members of a group of which a read told only what changed.
//! - [`Links`] tell whether an object is where it was. A DN is kept as a digest: 16 bytes each.
//!
//! Who reads, and again what depends on it, is [`sync`](crate::sync)'s business.

mod dependents;
mod links;
mod memberships;
mod read_objects;
#[cfg(test)]
mod tests;
mod told;

pub(crate) use self::dependents::{dependents_to_reread, is_group_back, touch_memberships};
pub(crate) use self::links::{Links, is_present};
pub(crate) use self::memberships::{Earlier, Memberships, digest};
pub(crate) use self::read_objects::ReadObjects;
pub(crate) use self::told::ShownMembers;
