//! What a directory says: objects, reads, and the trait that serves them.

mod delta;
mod left_out;
mod object;
mod read;
mod source;
mod transport;

pub use delta::{Departed, Departure, FullReadReason};
pub use left_out::LeftOut;
pub use object::{AccountControl, AccountKind, DirectoryObject, Flaw, Membership, MembershipState};
pub(crate) use object::{boolean, host_name};
pub use read::{
    Census, Completeness, ConnectStep, DirectoryEvent, Page, ReadEnd, ReadRequest, ReadScope,
    Rejected, ServerIdentity,
};
pub use source::DirectorySource;
pub use transport::{Transport, Verification};
