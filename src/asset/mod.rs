//! The inventory: assets, the objects tied to them, and the trait that stores them.
//!
//! - An [`Asset`] is made of a [`SourceRecord`] from each of its sources, and of [`Claim`]s to its fields. A [`Link`] ties an
//!   object of a directory to it; [`DirectoryUser`] and [`DirectoryGroup`] stand beside, and a [`Nesting`] tells who is in a
//!   group through other groups.
//! - What people decide: [`Constraint`], [`MergeRecord`], and the [`Redirect`]s that merged ids leave; [`Waiting`] computers.
//! - [`AssetRepository`] stores it all: written in a [`Batch`] of [`Change`]s, read by the requests, searched by a
//!   [`SearchRequest`] in the order of a [`SortKey`], counted as [`AssetCounts`]. `evaluate` answers searches where a store has
//!   no better way. [`LeaseRequest`] and [`Lease`] let one run of a source write at a time; [`RunRecord`]s are its history,
//!   kept as [`RetainRuns`] says.
//! - Every commit tells what it changed: an [`Event`] for each thing, for other systems to follow.
//!
//! Stores are in [`store`](crate::store), and what writes to them is [`sync`](crate::sync) and [`curation`](crate::curation).

mod annotations;
mod batch;
mod claim;
mod claim_field;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod columns;
mod constraint;
mod difference;
mod evaluate;
mod event;
mod facet;
mod feed;
mod field_tables;
mod fields;
mod found;
mod home;
mod in_context;
mod inventory_asset;
mod lease;
mod lease_holder;
mod link;
mod merge_record;
mod nesting;
mod object_key;
mod principal;
mod reading;
mod record;
mod redirect;
mod repository;
mod request;
mod retention;
mod run;
mod search;
mod sort;
mod support;
mod validate;
mod waiting;

pub(crate) use annotations::Annotations;
pub use batch::{Batch, Change, CommitOutcome};
pub use claim::Claim;
pub(crate) use claim::Claims;
pub(crate) use claim_field::{ClaimField, ClaimValue, ClaimsEditor, ClaimsVisitor, Holding};
pub use constraint::{Constraint, ConstraintKind};
#[cfg(feature = "postgres")]
pub(crate) use evaluate::asks_for_overlaps;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use evaluate::{asks_for_states, unresolved};
pub use event::{Event, EventKind};
pub(crate) use facet::Tally;
pub use facet::{AssetCounts, Facet, FacetCounts};
pub(crate) use feed::{FeedEntry, FeedExtent, FeedPlace, FeedReader};
pub(crate) use found::found_assets;
pub use home::Home;
pub(crate) use in_context::AssetInContext;
pub(crate) use inventory_asset::Version;
pub use inventory_asset::{Asset, MatchProvenance, SourceRecord};
pub use lease::Lease;
pub(crate) use lease_holder::LeaseHolder;
#[doc(hidden)]
pub use link::Sighting;
pub use link::{Link, Presence};
#[cfg(any(test, feature = "testing"))]
pub(crate) use merge_record::FirstVersion;
pub use merge_record::MergeRecord;
pub use nesting::Nesting;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use nesting::{NestedSearch, asks_for_nesting};
pub use object_key::ObjectKey;
pub use principal::{DirectoryGroup, DirectoryUser, Member, MemberPath};
pub use redirect::Redirect;
pub use repository::AssetRepository;
pub use request::{AssetsRequest, LeaseRequest, LinksRequest, PrincipalsRequest};
pub(crate) use retention::KeptRuns;
pub use retention::RetainRuns;
pub use run::{RunOutcome, RunRecord};
pub use search::{SearchPage, SearchRequest};
pub use sort::{Sort, SortKey};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use sort::{SortBy, SortValue};
pub(crate) use support::System;
pub use waiting::Waiting;
