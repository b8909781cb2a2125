//! Contract suites: one call each checks that an implementation keeps what its trait promises.
//!
//! Each suite takes a builder, so that every case gets an implementation of its own. The builder returns a
//! guard beside it that lives as long as the case: a temporary directory, a server.
//!
//! ```
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::testing::contract;
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! contract::asset_repository(|| async { ((), MemoryRepository::new()) }).await;
//! # });
//! ```
//!
//! A suite runs all of its cases, and then panics with the names of those that failed and why. Cases may
//! be added in any version: a store that kept its contract passes them.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a contract suite is a test: it reports by panicking"
)]

mod asset_repository;
mod credential_store;
mod directory_source;
mod rows;
mod suite;

pub use self::asset_repository::asset_repository;
pub use self::credential_store::credential_store;
pub use self::directory_source::directory_source;
pub use self::rows::rows;
