//! Keeps an asset inventory in step with Active Directory over LDAP.
//!
//! A host hands in a directory to read ([`directory::DirectorySource`]; `ldap::LdapSource` is the real one), a
//! store to write to ([`asset::AssetRepository`]; [`store`] has embedded ones) and a task
//! ([`task::SyncTask`]), and calls [`sync::sync`] whenever it sees fit:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use ldap_inventory::credential::{Credential, Sharing};
//! # use ldap_inventory::ldap::LdapSource;
//! # use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
//! # use ldap_inventory::sync::{SyncOptions, sync};
//! # use ldap_inventory::value::{Secret, SourceId};
//! # async fn run(password: String) -> ldap_inventory::Result<()> {
//! let credential = Credential::new("reader".parse()?, r"CORP\svc-inventory", Secret::new(password))
//!     .with_server("dc1.corp.example".parse()?)
//!     .with_sharing(Sharing::Global);
//! let directory = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])));
//! let inventory = MemoryRepository::new();
//! let source = SourceId::new("ldap", "corp.example")?;
//! let task = SyncTask::new("Head office", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! let report = sync(&task, &directory, &inventory, &SyncOptions::new().with_dry_run(true)).await?;
//! println!("{} computers match an asset", report.computers.matched);
//! # Ok(())
//! # }
//! ```
//!
//! The [guide] goes on from there.
//!
//! # The rooms
//!
//! Each module is a room on a floor, and imports only from lower floors.
//!
//! | floor | rooms |
//! |---|---|
//! | 6 | [`guide`]: how it all goes together |
//! | 5 | [`sync`]: one run, from the read to the report · [`curation`]: what people change, and look into |
//! | 4 | `grouping`: what the rules say, and what people decided, kept in step in a store · `testing`: what tests need |
//! | 3 | [`merge`]: which asset is this computer? Pure functions · `membership`: who belongs to which group, and what a change of that drags along. Pure · `ldap`: the real directory source · [`store`]: embedded stores, and what a host's own is made of |
//! | 2 | [`credential`], [`directory`], [`asset`], [`task`]: the nouns, each beside the trait that serves it · `schedule`: when something runs |
//! | 1 | [`name`], [`value`]: parsed scalars · [`query`]: the query language |
//! | 0 | [`Error`] |
//!
//! # Glossary
//!
//! | word | what it means here |
//! |---|---|
//! | asset | one thing of the inventory: a [`asset::Asset`], made of what its sources say |
//! | source | who says something: a directory, a scanner, a person, the host. A [`value::SourceId`], such as `ldap/corp.example` |
//! | record, part | what one source says of one thing: a [`asset::SourceRecord`]. Records are the parts of an asset |
//! | claim | one value of a field with its provenance: which part says so, by which run, since when, until when |
//! | entry, object | what a directory has, known by its objectGUID: a [`directory::DirectoryObject`] |
//! | principal | a user or a group |
//! | link | what the inventory remembers of an object: its asset, a digest, whether it is there ([`asset::Link`]) |
//! | presence | whether a source still has something: present, missing since a complete read, gone after a grace |
//! | level | how good the evidence is that a computer is an asset, from *full* (the same FQDN) to *truncated* ([`merge::Level`]) |
//! | constraint | a person's decision that an object is an asset, or is not. It outranks every rule |
//! | annotation | what a person says of an asset: its owner, tags, a comment, how critical it is ([`curation::Curation::annotate`]) |
//! | home | where the rules alone have a record that a person's decision has moved |
//! | waiting | a computer that fits several assets equally well, until a person or better evidence settles it |
//! | checkpoint | where a complete read ended, so that the next one asks for changes only |
//! | run, plan | one sync from the read to the report; one that stops before the first write, to be looked at and applied |
//! | brake | the limits on what one run may change ([`task::ChangeLimits`]); beyond them nothing is written |
//! | lease | the right to write a source's records: one run at a time |
//!
//! # Features
//!
//! - `aws-lc-rs` (on unless turned off), `ring`: `ldap`, with TLS by the one or the other. `ldap` is what they share, and
//!   nothing by itself. Choose what rustls has in the rest of the program.
//! - `ldif`: `ldap::LdifSource`, an export as a directory. It needs `aws-lc-rs` or `ring` as well.
//! - `schedule`: `schedule`, with the time zones of the world.
//! - `postgres`: `store::PostgresRepository`, over a pool of `deadpool-postgres` that the host brings.
//! - `sqlite`: `store::SqliteRepository`. Bundles SQLite and needs a C compiler.
//! - `testing`: contract suites, fault wrappers and a mock directory for the tests of hosts.
//! - `test-server`: for the same, an LDAP server. It needs `aws-lc-rs` or `ring` as well.

mod error;

pub mod asset;
pub mod credential;
pub mod curation;
pub mod directory;
mod grouping;
pub mod guide;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
pub mod ldap;
mod membership;
pub mod merge;
pub mod name;
mod os;
pub mod query;
#[cfg(feature = "schedule")]
pub mod schedule;
pub mod store;
pub mod sync;
pub mod task;
#[cfg(feature = "testing")]
pub mod testing;
pub mod value;

pub use error::{Error, ErrorKind, Printable, Result, Retry};

/// The README's code, so that it is compiled.
#[cfg(all(doctest, feature = "aws-lc-rs", feature = "sqlite"))]
#[doc = include_str!("../README.md")]
struct Readme;
