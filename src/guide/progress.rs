//! Following a run while it is under way, stopping it, and what it tells `tracing`.
//!
//! # Progress
//!
//! [`SyncOptions::with_progress`](crate::sync::SyncOptions::with_progress) is called as the run goes on:
//! [`Progress`](crate::sync::Progress) says where it is, which is enough for a bar. How many objects a directory has is
//! known to nobody before the read has ended, so *reading* counts and has no total; *deciding* and *writing* have one. A
//! read of changes may be several reads, and counts on. It is called within the run: hand the value to a channel, and do
//! the work elsewhere.
//!
//! # Stopping
//!
//! [`Cancellation`](crate::sync::Cancellation) stops a run from any thread:
//!
//! ```
//! use std::sync::{Arc, Mutex};
//!
//! use ldap_inventory::ErrorKind;
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::sync::{Cancellation, Progress, SyncOptions, sync};
//! use ldap_inventory::task::SyncTask;
//! use ldap_inventory::testing::{MockDirectory, MockRecord};
//! use ldap_inventory::value::SourceId;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let source = SourceId::new("ldap", "corp.example")?;
//! # let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! # let inventory = MemoryRepository::new();
//! # let directory = MockDirectory::new((0..20).map(|n| MockRecord::computer(&format!("PC{n}"))));
//! let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
//! let listener = Arc::clone(&told);
//! let options = SyncOptions::new().with_progress(move |it| listener.lock().unwrap().push(it));
//! sync(&task, &directory, &inventory, &options).await?;
//! let told = std::mem::take(&mut *told.lock().unwrap());
//! assert_eq!((told.first(), told.last()), (Some(&Progress::Connecting), Some(&Progress::Finished)));
//! assert!(told.contains(&Progress::Reading { objects: 20 }));
//!
//! // Whoever has a clone stops it: a handler of Ctrl-C, a button, another task.
//! let stop = Cancellation::new();
//! let options = SyncOptions::new().with_cancellation(stop.clone());
//! stop.cancel();
//! let error = sync(&task, &directory, &inventory, &options).await.unwrap_err();
//! assert_eq!(error.kind(), ErrorKind::Cancelled);
//! // One that is cancelled stays so: the next run gets another one.
//! assert!(stop.is_cancelled());
//! # Ok(())
//! # }
//! ```
//!
//! | how | what becomes of the read | of what was committed | of the lease |
//! |---|---|---|---|
//! | `cancel` | dropped, with its connection | stays; each batch is whole | given back; the run is on record as failed, unless it had not begun |
//! | the future is dropped (a `timeout`, a `select!`) | the same | the same; a batch under way is whole or absent | expires after [`lease_time`](crate::sync::SyncOptions::lease_time) |
//! | [`read_deadline`](crate::sync::SyncOptions::read_deadline) | ends as incomplete | the run goes on, writes what was read and removes nothing | given back |
//! | the process dies | ends | the same as with a dropped future | expires; a store that knows the process to be dead takes it back |
//!
//! A run that was stopped is made up for by the next one, which reads from the last checkpoint that was written, or
//! everything. What stands in a store's log of batches is not written twice. Deciding is one computation: a stop waits
//! for it.
//!
//! # Spans and events
//!
//! All of it goes to `tracing`, and nothing to standard error by itself. A run is one span, and what it tells has the run
//! and the source by that; what a store tells when it is opened, or of searches, is outside of it. With
//! `RUST_LOG=ldap_inventory=info` (`EnvFilter` of `tracing-subscriber`) there is a line for each server that was reached,
//! and what a person should know. This is all that there is, with the module by which a filter finds it, below
//! `ldap_inventory::`. `{warning}` is one of the report's [warnings](crate::sync::SyncReport::warnings):
//!
//! | what | message, or name of the span | fields | module |
//! |---|---|---|---|
//! | `info` span | sync | `run`, `source` | `sync::conductor` |
//! | `debug` | connecting | `step` | `ldap::locate::race` |
//! | `debug` | connecting | `step` | `ldap::transport::connect` |
//! | `info` | connected | `server`, `address`, `transport`, `verified_by` | `ldap::reach` |
//! | `warn` | what is read stays in memory: no temporary file can be written: {error} | | `directory::spool` |
//! | `warn` | {warning} | | `sync::read::snapshot` |
//! | `warn` | values were left out | `attribute`, `reason`, `count`, `objects`, `first` | `sync::report` |
//! | `debug` | reading again what depends on a change | `objects` | `sync::read::reading` |
//! | `debug` | assets changed; deciding again | `assets`, `attempt` | `sync::write::computers` |
//! | `debug` | assets changed that others were to become part of | `assets` | `sync::write::late` |
//! | `warn` | the commit failed; trying again | `error`, `attempt` | `sync::write::commit` |
//! | `info` | the oldest former values of a record were dropped | `dropped` | `merge::claim_writer` |
//! | `warn` | the end of the run is not on record | `error` | `sync::record` |
//! | `warn` | the lease was not prolonged yet | `error` | `asset::lease_holder` |
//! | `warn` | the lease was not given back; it will expire | `error` | `asset::lease_holder` |
//! | `warn` | the lease of a clock that was wrong is void | `source`, `holder`, `expires`, `now` | `store::lease` |
//! | `info` | bringing the inventory file up to date | `from`, `to` | `store::sqlite::schema` |
//! | `info` | indexing the inventory anew | `assets` | `store::sqlite::write` |
//! | `warn` | every user of this machine can read the inventory file, or change it | `file`, `mode` | `store::sqlite::file` |
//! | `debug` | trying again | `operation`, `attempt`, `failure` | `store::postgres::connections` |
//! | `debug` | a search that was given up goes on until its timeout | `failure` | `store::postgres::snapshot` |
//!
//! No password and no key is in any of it. Names of computers, people and servers are, and texts that a server chose:
//! those are escaped and cut, so that none drives a terminal or breaks a line. What a run *did* is no event: it is in the
//! [report](crate::sync::SyncReport), which stays [on record](super::operating).
