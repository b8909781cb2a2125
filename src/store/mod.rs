//! The stores that come with this crate, and what a host's own is made of.
//!
//! [`MemoryRepository`] keeps an inventory in memory, for tests and for hosts that need nothing more.
//! `SqliteRepository` (feature `sqlite`) keeps it in one file, `PostgresRepository` (feature `postgres`) in a database
//! that several machines share. [`MemoryCredentialStore`] keeps
//! credentials in memory.
//!
//! # A store of your own
//!
//! The short way: a table of keys and values, [`rows::Rows`], three methods. [`rows::RowsRepository`] is the inventory
//! over it.
//!
//! The long way: tables of your own, and [`AssetRepository`](crate::asset::AssetRepository) over them. What every store
//! must decide alike is here, so that none decides it anew:
//!
//! | what | where |
//! |---|---|
//! | which batches are admitted at all | [`Batch::validate`](crate::asset::Batch::validate) |
//! | who holds a lease, and which token is good | [`LeaseState`] |
//! | by which keys an asset is found | [`Asset::match_keys`](crate::asset::Asset::match_keys), in a table with a row for each |
//! | in which order assets are found, and where a page ends | [`SortKey`](crate::asset::SortKey) |
//! | the same of users and groups | [`ObjectKey`](crate::asset::ObjectKey) |
//! | what a page is | [`SearchPage::of`](crate::asset::SearchPage::of) |
//! | what a query finds | [`SearchRequest::selects_asset`](crate::asset::SearchRequest::selects_asset), [`selects`](crate::asset::SearchRequest::selects) |
//! | a query as a condition in SQL, over your columns | [`query::sql`](crate::query::sql) |
//! | what a column must hold for that | [`Query::fold`](crate::query::Query::fold), [`Asset::each_attribute`](crate::asset::Asset::each_attribute) |
//! | counts by facet | [`AssetCounts::of`](crate::asset::AssetCounts::of) |
//!
//! `testing::contract` checks the result, either way.

#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod asset_columns;
mod credentials;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod deadline;
mod lease;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod record;
pub mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

pub use credentials::MemoryCredentialStore;
pub use lease::LeaseState;
pub use memory::MemoryRepository;
#[doc(hidden)]
pub use memory::MemoryRows;
#[cfg(feature = "postgres")]
pub use postgres::PostgresRepository;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteRepository;
