//! Keeps an asset inventory in step with Active Directory over LDAP.

mod error;

pub mod asset;
pub mod credential;
pub mod directory;
pub mod ldap;
pub mod merge;
pub mod name;
pub mod query;
pub mod schedule;
pub mod store;
pub mod sync;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;

pub use error::{Error, ErrorKind, Printable, Result, Retry};
