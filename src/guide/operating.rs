//! What to log, what to be woken by, and what each kind of error asks of whom.
//!
//! # What to keep
//!
//! Every run leaves a [record](crate::asset::RunRecord) with its whole report, and so does one that failed
//! ([`AssetRepository::runs`](crate::asset::AssetRepository::runs)). `tracing` has the rest [as it happens](super::progress).
//! No password and no key is in any of it; names of computers and people are. The inventory itself is backed up as its
//! store is; it comes back as it was then, and the next run makes up for what it does not have.
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
//!         // A decision: confirm, raise a limit, take away what is in use, say which domain is meant.
//!         ErrorKind::InUse
//!         | ErrorKind::LimitExceeded
//!         | ErrorKind::LimitsExceeded
//!         | ErrorKind::OtherDomain => Who::Operator,
//!         // The program, its settings, its store.
//!         ErrorKind::Configuration
//!         | ErrorKind::CredentialNotShared
//!         | ErrorKind::Invalid
//!         | ErrorKind::NotFound
//!         | ErrorKind::Outdated
//!         | ErrorKind::Store
//!         | ErrorKind::Unsupported => Who::Host,
//!         // Later versions may have others.
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
//! # What grows, and what may go
//!
//! | what | how much | what to do |
//! |---|---|---|
//! | records of runs | one for each run, with its report: warnings, what was left out, at most 1,000 losses and 1,000 computers that wait; never all decisions | see below |
//! | ids of batches | one for each batch that was written, a run's last one included | they go when nobody can send that batch again |
//! | what commits told | one entry for each commit that changed something, with all its events | [prune](super::following) it |
//! | former names and values | at most 256 of one field and one record; the oldest go | nothing |
//! | missing and gone objects, and their assets | what the directories have ever had | [`Curation::delete`](crate::curation::Curation::delete) an asset that no source has |
//! | decisions, merges, what was taken back | as much as people do | nothing: they say why |
//!
//! Nothing of this is deleted by itself, and but for events the stores of this crate have no call for it: a run a day is some hundred
//! records a year. Whoever runs every few minutes, over [tables of their own](super::own_store), may delete records of
//! runs that are older than anybody asks for. Three sorts stay:
//!
//! - of each task, its last complete run that reached a server, by which the next one knows how it was
//!   [protected](crate::sync::SyncReport::last_protection) and which domain it read, and the last that has a report, by
//!   which other directories know its names;
//! - whatever came after the run that left the task's checkpoint;
//! - all of the source `person/curation`: deletions and annotations are the [history](crate::curation::Curation::history).
//!
//! What [changed](crate::curation::Curation::changes) before the oldest record that is left is not told any more, as far
//! as it was a loss.
