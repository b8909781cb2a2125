//! For the tests of hosts, and for the crate's own.
//!
//! - [`contract`] checks an implementation of one of the three traits in one call.
//! - [`MockDirectory`] is a directory without a network.
//! - [`FaultyRepository`], [`FaultyDirectory`] and [`FaultyCredentials`] fail the n-th call.

pub mod contract;
mod faults;
mod mock_directory;
mod mock_record;

pub use faults::{CallFault, FaultPlan, FaultyCredentials, FaultyDirectory, FaultyRepository};
pub use mock_directory::{MockDirectory, MockEnding};
pub use mock_record::{MockRecord, computer, group, mock_guid, user};
