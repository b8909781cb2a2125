//! What to log, what to be woken by, and what each kind of error asks of whom.
//!
//! # What to keep
//!
//! Every run leaves a [record](crate::asset::RunRecord) with its whole report, and so does one that failed
//! ([`AssetRepository::runs`](crate::asset::AssetRepository::runs)). `tracing` has the same as it happens: at `info`
//! which server was reached and how it was verified; at `warn` what a person should know. What a run did is in its report. No password
//! and no key is in any of it; names of computers and people are.
//!
//! # What to be woken by
//!
//! | sign | what it means |
//! |---|---|
//! | no complete run for two intervals | whatever it is, the inventory ages |
//! | [`ErrorKind::LimitsExceeded`](crate::ErrorKind::LimitsExceeded) | a person must [look](super::limits) |
//! | [`ErrorKind::CertificatePin`](crate::ErrorKind::CertificatePin), [`NoSecureTransport`](crate::ErrorKind::NoSecureTransport) | a certificate was renewed, or somebody is on the path |
//! | [`report.complete`](crate::sync::SyncReport::complete) is false several times in a row | a base, a right or a server is wrong |
//! | [`computers.ambiguous`](crate::sync::ComputerCounts::ambiguous) grows | somebody should settle them ([`Curation::unresolved`](crate::curation::Curation::unresolved)) |
//!
//! # What each kind of error asks
//!
//! [`Error::retry`](crate::Error::retry) says whether trying again can help; [`ErrorKind`](crate::ErrorKind) says what
//! of it is whose:
//!
//! ```
//! use ldap_inventory::{Error, ErrorKind, Retry};
//!
//! /// Who is to act.
//! #[derive(Debug, PartialEq)]
//! enum Who { Nobody, Directory, Network, Host, Operator }
//!
//! fn who(error: &Error) -> Who {
//!     if error.retry() == Retry::Transient {
//!         return Who::Nobody;
//!     }
//!     match error.kind() {
//!         // It ends by itself, or was asked for.
//!         ErrorKind::Lease | ErrorKind::Conflict | ErrorKind::Cancelled => Who::Nobody,
//!         // The account: its password, its rights, the base.
//!         ErrorKind::BindRefused | ErrorKind::NotAuthenticated | ErrorKind::Directory => Who::Directory,
//!         // The server's certificate or its TLS, a name, a firewall.
//!         ErrorKind::Certificate
//!         | ErrorKind::CertificatePin
//!         | ErrorKind::Connect
//!         | ErrorKind::ConfidentialityRequired
//!         | ErrorKind::Disconnected
//!         | ErrorKind::NoSecureTransport
//!         | ErrorKind::Protocol
//!         | ErrorKind::SigningRequired
//!         | ErrorKind::Timeout
//!         | ErrorKind::Tls => Who::Network,
//!         // A decision: confirm, raise a limit, take away what is in use.
//!         ErrorKind::InUse | ErrorKind::LimitExceeded | ErrorKind::LimitsExceeded => Who::Operator,
//!         // The program, its settings, its store.
//!         _ => Who::Host,
//!     }
//! }
//!
//! let busy = Error::new(ErrorKind::Store, "the database is locked").with_retry(Retry::Transient);
//! assert_eq!(who(&busy), Who::Nobody);
//! assert_eq!(who(&Error::new(ErrorKind::BindRefused, "the password is wrong")), Who::Directory);
//! ```
//!
//! [`Error::report`](crate::Error::report) is one line with all causes, for the log. Never try a `BindRefused` again by
//! yourself: repeated failures lock the account.
//!
//! # What grows
//!
//! Records of runs with their reports, and ids of batches: nothing deletes them. What commits told: until the host
//! [prunes](super::following) it. Former names and values stay with
//! their dates. Missing and gone objects stay; [`Curation::delete`](crate::curation::Curation::delete) takes out an
//! asset that no source has.
