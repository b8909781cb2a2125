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
//! | [`computers.beside`](crate::sync::ComputerCounts::beside) is many | new assets [may be others](crate::merge::Decision::is_beside_another) that are there: a naming scheme cut short, or a name that half of the machines have |
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
//! | records of runs | one for each run, with its report: warnings, what was left out, at most 1,000 losses and 1,000 computers that wait; never all decisions | prune them, see below |
//! | ids of batches | one for each batch that was written, a run's last one included | they are pruned along with runs |
//! | what commits told | one entry for each commit that changed something, with all its events | [prune](super::following) it |
//! | former names and values | at most 256 of one field and one record; the oldest go | nothing |
//! | missing and gone objects, and their assets | what the directories have ever had | [`Curation::delete`](crate::curation::Curation::delete) an asset that no source has |
//! | decisions, merges, what was taken back | as much as people do | nothing: they say why |
//!
//! Nothing of this is deleted by itself. A run a day is some hundred records a year, and needs nothing. Whoever runs every few
//! minutes has them [pruned](crate::asset::AssetRepository::prune_runs) now and then, be it after a run:
//!
//! ```
//! use std::time::Duration;
//!
//! use ldap_inventory::asset::{AssetRepository, RetainRuns};
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::value::{OrganizationId, Timestamp};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! let (inventory, acme) = (MemoryRepository::new(), OrganizationId::new("acme")?);
//! let quarter = Duration::from_secs(90 * 86_400);
//! if let Some(since) = Timestamp::now().checked_sub(quarter) {
//!     inventory.prune_runs(&acme, RetainRuns::newer_than(since).with_last(100)).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! (`inventory prune --runs-before 90days --keep-runs 100`.) Whatever the policy, this stays:
//!
//! - the newest run of each kind: of the same task, [checkpoint key](crate::value::Checkpoint::key) and outcome, that
//!   reached the same server in the same way and matched by the same rules. Among them is whatever later runs decide by: how
//!   the task was [protected](crate::sync::SyncReport::last_protection), which domain and which names the source has, whether
//!   an export was read since the checkpoint, when the task began last;
//! - all of the source `person/curation`: deletions and annotations are the [history](crate::curation::Curation::history);
//! - checkpoints, decisions, merges and events, which are no records of runs.
//!
//! So a run, a plan and a decision of a person do what they would have done. What is not told any more is what went missing
//! before, by [changes](crate::curation::Curation::changes); `inventory changes` and `export --since` know a run no more that
//! was pruned, and refuse it. A value goes on naming its run.
//!
//! Ids of batches go with the time alone: those that were made before it. Whoever sends a batch again, or applies a plan,
//! that is older than that, writes it a second time as far as it still holds; so leave more time than anybody keeps either.
//! Over [tables of your own](super::own_store), [`RetainRuns`](crate::asset::RetainRuns) says what may go.
