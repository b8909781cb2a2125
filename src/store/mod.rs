//! The stores that come with this crate.
//!
//! [`MemoryRepository`] keeps an inventory in memory, for tests and for hosts that need nothing more.
//! `SqliteRepository` (feature `sqlite`) keeps it in one file. [`MemoryCredentialStore`] keeps
//! credentials in memory.

mod credentials;
mod lease;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;
pub mod validate;

pub use credentials::MemoryCredentialStore;
pub use lease::LeaseState;
pub use memory::MemoryRepository;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteRepository;
