//! What a directory says: objects, reads, and the trait that serves them.
//!
//! A [`DirectorySource`] answers a [`ReadRequest`] with a stream of [`DirectoryEvent`]s: [`Page`]s of [`DirectoryObject`]s
//! (`object`), and a [`ReadEnd`] that says how complete the read was, what it covered and who answered (`read`). A read of
//! changes names what departed, or says why it was a full one after all (`delta`); what could not be read of an object is
//! counted (`left_out`). `ldap` has the real source; `testing::MockDirectory` one for tests.

mod delta;
mod left_out;
mod memory;
mod network;
mod object;
mod objects;
mod packed;
mod read;
mod service;
mod source;
mod spool;
mod transport;

pub use delta::{FullReadReason, RemovedObject};
pub use left_out::LeftOutValues;
pub(crate) use memory::{Held, MemoryBudget, SpoolRoom};
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) use network::AD_SUBNET;
pub(crate) use network::{AD_SITE, DNS_ADDRESS, MOST_ADDRESSES, PLACE};
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) use object::boolean;
pub(crate) use object::{AccountControl, AccountKind};
pub use object::{AttributeError, DirectoryObject, Membership};
pub(crate) use objects::{ObjectSpool, Objects, Outline, dn_digest};
pub(crate) use read::PresentSet;
pub use read::{
    Completeness, ConnectStep, DirectoryEvent, Page, ReadEnd, ReadRequest, ReadScope, Rejected,
    ServerIdentity,
};
pub use source::DirectorySource;
pub(crate) use transport::check_protection;
pub use transport::{Transport, Verification};
