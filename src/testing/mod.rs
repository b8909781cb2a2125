//! For the tests of hosts, and for the crate's own.
//!
//! - [`contract`] checks an implementation of one of the three traits in one call.
//! - [`MockDirectory`] is a directory without a network.
//! - [`Faulty`] wraps any of them, and fails the n-th call.
//!
//! With the feature `test-server`, and `aws-lc-rs` or `ring`:
//!
//! - `TestServer` is a domain controller in the test's own process.

pub mod contract;
mod faults;
mod mock_changes;
mod mock_directory;
mod mock_record;
#[doc(hidden)]
pub mod population;
mod rng;
#[cfg(all(feature = "test-server", any(feature = "aws-lc-rs", feature = "ring")))]
pub(crate) mod server;

pub use faults::{CallFault, FaultPlan, Faulty};
pub use mock_directory::{MockDirectory, MockEnding};
pub use mock_record::MockRecord;
#[doc(hidden)]
pub use rng::SplitMix;
#[cfg(all(feature = "test-server", any(feature = "aws-lc-rs", feature = "ring")))]
pub use server::*;
