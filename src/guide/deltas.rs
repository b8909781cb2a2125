//! What changed, and what is not there any more.
//!
//! # Reading little
//!
//! The first run reads everything and leaves a checkpoint; the next asks what changed since, by DirSync or by update
//! numbers ([`DeltaPolicy`](crate::ldap::DeltaPolicy)), and ends in the very inventory that a full read would have
//! left. A full read is due [once a day](crate::task::SyncTask::full_read_every), and whenever the chain breaks: the
//! report says [why](crate::sync::SyncReport::full_because). An ordinary account sees no tombstones, so a read of
//! changes counts who is there by identity alone ([census](crate::task::SyncTask::census_every)).
//!
//! # Concluding nothing too early
//!
//! An object is missing if a read that was complete, that covered the place where it was last seen, and that saw as
//! much as whoever saw it then, does not show it. It is gone after a [grace](crate::task::Grace), and comes back by
//! itself, to the same asset:
//!
//! ```
//! use ldap_inventory::asset::{AssetRepository, SearchRequest};
//! use ldap_inventory::query::Query;
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::sync::{SyncOptions, sync};
//! use ldap_inventory::task::{Grace, SyncTask};
//! use ldap_inventory::testing::{MockDirectory, MockRecord};
//! use ldap_inventory::value::{SourceId, Timestamp};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! let source = SourceId::new("ldap", "corp.example")?;
//! let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?)
//!     .with_grace(Grace::default().with_runs(2));
//! let inventory = MemoryRepository::new();
//! let [web, db] = ["WEB1", "DB1"].map(MockRecord::computer);
//! let both = || [web.clone(), db.clone()];
//! let directory = MockDirectory::new(both()).then([web.clone()]).then([web.clone()]).then(both());
//! let run = async || sync(&task, &directory, &inventory, &SyncOptions::new()).await;
//! let found = async |query: &str| -> ldap_inventory::Result<usize> {
//!     let query = Query::parse(query).unwrap();
//!     let request = SearchRequest::new("acme".parse()?, query, Timestamp::now());
//!     Ok(inventory.search_assets(request).await?.records.len())
//! };
//!
//! run().await?;
//! let report = run().await?;
//! assert_eq!((report.computers.missing, &*report.lost[0].name), (1, "DB1"));
//! assert_eq!(found("state:missing").await?, 1);
//! assert_eq!(run().await?.computers.gone, 1);
//! // Nothing is deleted: its asset is there, and what others know of it.
//! assert_eq!(found("db1").await?, 1);
//! let back = run().await?;
//! assert_eq!((back.computers.restored, back.computers.created), (1, 0));
//! # Ok(())
//! # }
//! ```
//!
//! # What looks like a loss, and is none
//!
//! | what happened | what a run does |
//! |---|---|
//! | the read broke off | writes what it read, removes nothing, ties nobody by name for the first time |
//! | nothing of a kind shows any more | takes nobody for missing, until [`accepts_empty`](crate::sync::SyncOptions::accepts_empty) |
//! | the account was replaced | leaves what the old one saw, until [`takes_over`](crate::sync::SyncOptions::takes_over) |
//! | most objects lost an attribute | keeps what was known of it: the right to read it was withdrawn |
//! | the bases or the filter changed | says nothing of what is outside of them now |
//! | a quarter of the domain vanished overnight | [stops](super::limits) |
