//! Parsed scalars: identifiers, times and secrets.
//!
//! Each type is parsed once, at the edge, and is valid from then on. Each prints as the text that an
//! administrator knows it by, and that text is also what serde writes.
//!
//! Identifiers: [`ObjectGuid`] and [`Sid`] of a directory; [`AssetId`], [`RunId`], [`BatchId`] and [`MergeId`], which sort by
//! their time; [`OrganizationId`], [`SiteId`], [`SourceId`] and [`CredentialId`], which hosts choose. [`Attributes`] are what a
//! source says, packed; a [`RecordDigest`] tells a changed record from an unchanged one; a [`Checkpoint`] is where a read
//! ended; a [`Secret`] shows itself through one door only. Names are in [`name`](crate::name).

mod attributes;
mod checkpoint;
mod digest;
mod guid;
mod id;
mod mac_address;
mod object_kind;
mod ordered_id;
mod secret;
mod sid;
mod text;
mod timestamp;
mod view;

pub use attributes::Attributes;
pub(crate) use attributes::AttributesBuilder;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub(crate) use attributes::WellKnown;
pub use checkpoint::{Checkpoint, ReadMode};
pub use digest::RecordDigest;
pub(crate) use digest::RecordHasher;
pub use guid::ObjectGuid;
pub use id::{CredentialId, OrganizationId, SiteId, SourceId};
pub(crate) use mac_address::mac_address;
pub use object_kind::ObjectKind;
pub use ordered_id::{AssetId, BatchId, MergeId, RunId};
pub use secret::Secret;
pub use sid::Sid;
pub use timestamp::Timestamp;
#[doc(hidden)]
pub use view::View;
