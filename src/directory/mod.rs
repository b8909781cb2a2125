//! What a directory says: objects, reads, and the trait that serves them.

mod delta;
mod left_out;
mod object;
mod read;
mod source;
mod transport;

pub use delta::{FullReadReason, RemovedObject};
pub use left_out::LeftOutValues;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) use object::boolean;
pub(crate) use object::{AccountControl, AccountKind};
pub use object::{AttributeError, DirectoryObject, Membership};
pub(crate) use read::PresentSet;
pub use read::{
    Completeness, ConnectStep, DirectoryEvent, Page, ReadEnd, ReadRequest, ReadScope, Rejected,
    ServerIdentity,
};
pub use source::DirectorySource;
pub use transport::{Transport, Verification};
