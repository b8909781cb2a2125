//! The stores that come with this crate.
//!
//! [`MemoryRepository`] keeps an inventory in memory, for tests and for hosts that need nothing more.
//! `SqliteRepository` (feature `sqlite`) keeps it in one file. [`MemoryCredentialStore`] keeps
//! credentials in memory.

mod credentials;
mod cursor;
mod lease;
mod memory;
mod paging;
mod selection;
#[cfg(feature = "sqlite")]
mod sqlite;
mod validate;

pub use credentials::MemoryCredentialStore;
pub use memory::MemoryRepository;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteRepository;
