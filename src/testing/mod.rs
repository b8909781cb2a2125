//! For the tests of hosts, and for the crate's own.
//!
//! - [`contract`] checks an implementation of one of the three traits in one call.
//! - [`MockDirectory`] is a directory without a network.
//! - [`FaultyRepository`], [`FaultyDirectory`] and [`FaultyCredentials`] fail the n-th call.
//! - [`TestServer`] is a domain controller in the test's own process.
//!
//! # The test server
//!
//! [`TestServer`] is an LDAP server in the test's own process that speaks like a domain controller: LDAPS, LDAP
//! and StartTLS, simple binds with AD's refusals, paged results, ranges of values, references, DirSync,
//! deleted objects. It serves a [`TestDirectory`], which tests may change while it runs, goes wrong by
//! [`Script`], and records every byte that it receives.
//!
//! ```
//! use ldap_inventory::testing::{ServerTls, TestCa, TestDirectory, TestServer};
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! let directory = TestDirectory::new();
//! directory.write().add_computer("WEB1")?;
//! directory.write().add_account("svc-inventory", "correct horse")?;
//!
//! let ca = TestCa::new("Example Test CA")?;
//! let tls = ServerTls::signed_by(&ca, &["localhost", "127.0.0.1"])?;
//! let server = TestServer::builder(&directory).with_ldaps(tls).start().await?;
//!
//! assert!(server.url().starts_with("ldaps://127.0.0.1:"));
//! assert!(server.thumbprint().unwrap().starts_with("127.0.0.1=SHA256:"));
//! // ... a sync against server.url() ...
//! assert_eq!(server.bind_requests(), 0);
//! # Ok::<(), ldap_inventory::Error>(())
//! # }).unwrap();
//! ```

mod account;
mod ber;
pub mod contract;
mod dn;
mod domain;
mod entry;
mod faults;
mod filter;
pub mod generate;
mod ldif;
mod links;
mod message;
mod mock_directory;
mod mock_record;
pub mod population;
mod recorder;
mod response;
mod script;
mod server;
mod tls;
mod tree;

pub use account::AccountState;
pub use ber::LengthForm;
pub use domain::DomainNames;
pub use entry::DirectoryEntry;
pub use faults::{CallFault, FaultPlan, FaultyCredentials, FaultyDirectory, FaultyRepository};
pub use message::OperationKind;
pub use mock_directory::{MockDirectory, MockEnding};
pub use mock_record::{MockRecord, computer, group, mock_guid, user};
pub use recorder::{Listener, RecordedConnection, RecordedSearch};
pub use response::{
    LdapResult, nested_sequences, notice_of_disconnection, notice_of_disconnection_as_windows,
    search_done, search_entry, search_reference,
};
pub use script::{Fault, Gate, Raw, Script, When};
pub use server::{TestServer, TestServerBuilder};
pub use tls::{ServerTls, TestCa, TlsVersions};
pub use tree::{DirectoryTree, TestDirectory};
