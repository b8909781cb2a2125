//! The inventory: assets, the objects tied to them, and the trait that stores them.

mod batch;
mod claim;
mod constraint;
mod facet;
mod fields;
mod home;
mod in_context;
mod inventory_asset;
mod lease;
mod link;
mod merge_record;
mod principal;
mod redirect;
mod repository;
mod run;
mod search;
mod sort;
mod waiting;

pub use batch::{Batch, Change, CommitOutcome};
pub use claim::{Claim, Claims};
pub use constraint::{Constraint, ConstraintKind};
pub use facet::{Counts, Facet, FacetCount, FacetCounts, Tally};
pub use fields::ASSET_FIELDS;
pub use home::Home;
pub use in_context::AssetInContext;
pub use inventory_asset::{Asset, MatchProvenance, SourceRecord, Version};
pub use lease::Lease;
pub use link::{Link, Presence, Sighting};
pub use merge_record::{FirstVersion, MergeRecord};
pub use principal::{DirectoryGroup, DirectoryUser, Member, MemberPath};
pub use redirect::Redirect;
pub use repository::AssetRepository;
pub use run::{RunOutcome, RunRecord};
pub use search::{Cursor, SearchPage, SearchRequest};
pub use sort::{Sort, SortBy, SortKey, SortValue};
pub use waiting::Waiting;
