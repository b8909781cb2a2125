//! What a run costs and holds, what to tune, and what is past one machine.
//!
//! # What is measured
//!
//! Figures are of one machine on one day: a virtual machine with two cores (x86-64, Debian 12, Rust 1.95), November 2026,
//! with other work on it. `benches/README.md` in the repository has them all and says how each is repeated; what grows
//! with what is the part to rely on.
//!
//! | what | measured | grows with | again |
//! |---|---|---|---|
//! | deciding, from the objects as they were read | 3.5 to 5.4 µs a computer, at 1,000 as at 100,000 | the computers, and the assets that have one of their names | `cargo bench --bench merge` |
//! | memory at the peak of a first run, 100,000 computers into SQLite | 153 to 161 MB; again, with no change, 148 MB | the objects, not their text | `tests/rig/measure` |
//! | the same, dry and into memory | 117 to 120 MB | the objects and the assets | `tests/rig/measure` |
//! | addresses and AD sites: 100,000 names, 10,000 subnets | 0.50 s, 0.94 of what `ldapsearch` takes for the same, and 38 MB | the names | `tests/rig/measure --network` |
//!
//! # What is held
//!
//! [`memory_bytes`](crate::sync::SyncOptions::memory_bytes) (1 GiB) is what may be held of a read, `n` objects of it:
//!
//! ```text
//! users       500 octets × n                        who they are, what tells whether they changed, their primary group
//! computers 1,000 octets × n                        that, their names, and what is decided on them
//! text        min(spool_bytes, memory_bytes / 4)    the rest of it goes to a temporary file of 16 × memory_bytes at most
//! groups      all of their text                     they are looked at again and again
//! members     170 octets and three DNs each         who they are, and which groups a user is in
//! ```
//!
//! That is a million computers, and hardly two of those that have next to no text; where no temporary file can be written,
//! all of the text is held as well. A read that needs more is incomplete and says so, and one that has come to half of it
//! says that before ([`Progress::HalfOfMemory`](crate::sync::Progress::HalfOfMemory)). Beside it a run needs what it works
//! out: a batch is [`batch_size`](crate::sync::SyncOptions::batch_size) records and 4 MiB at most, and three messages of
//! [`message_bytes`](crate::ldap::LdapLimits::message_bytes) may be on their way. A [plan](crate::sync::MergePlan) holds
//! every asset that it would write.
//!
//! # What a domain controller is asked
//!
//! One connection and one bind for each read, one search at a time on it. A full read asks a few entries for what the
//! server and the domain are, and then, for each kind of object and each base, page by page:
//!
//! ```text
//! pages = kinds × bases × ⌈entries / page_size⌉     one at least for each kind and base
//! ```
//!
//! and one search more for each range of a list of members that is longer than the server sends at once (1,500 in Active
//! Directory). A read of changes asks DirSync, or for update numbers, once and page by page; then, for each hundred
//! objects that changed, one search for each kind and base; and, when a census is due, the identities of everything:
//! `pages` as above, with the objectGUID of each entry for all of its attributes. The test server counts along:
//!
//! ```
//! # use std::sync::Arc;
//! # use ldap_inventory::credential::Credential;
//! # use ldap_inventory::ldap::{LdapLimits, LdapSource};
//! # use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
//! # use ldap_inventory::sync::{SyncOptions, sync};
//! # use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
//! # use ldap_inventory::value::{Secret, SourceId};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ldap_inventory::Result<()> {
//! # let domain = TestDirectory::generated(7, 35, 22, 4);
//! # domain.write().add_account("svc-inventory", "correct horse")?;
//! # let tls = ServerTls::self_signed(&["dc1.corp.example.test"])?;
//! # let server = TestServer::builder(&domain).with_ldaps(tls).start().await?;
//! # let account = "svc-inventory@corp.example.test";
//! # let credential = Credential::new("reader".parse()?, account, Secret::new("correct horse"))
//! #     .with_server(server.url().parse()?)
//! #     .with_thumbprint(server.thumbprint().unwrap().parse()?)
//! #     .shared_with("acme".parse()?);
//! # let credentials = Arc::new(MemoryCredentialStore::from_iter([credential]));
//! # let (inventory, source) = (MemoryRepository::new(), SourceId::new("ldap", "corp.example.test")?);
//! # let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";
//! let limits = LdapLimits::default().with_page_size(10);
//! let directory = LdapSource::new(credentials).with_limits(limits);
//! let report = sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
//!
//! let [read] = &server.recorded()[..] else { panic!("one connection") };
//! let is_page = |(oid, _): &(String, bool)| oid == PAGED_RESULTS;
//! let pages = read.searches.iter().filter(|search| search.controls.iter().any(is_page)).count();
//! let read_of = [report.computers.read, report.users.read, report.groups.read];
//! let expected: u64 = read_of.iter().map(|entries| entries.div_ceil(10).max(1)).sum();
//! assert_eq!((read.binds, pages as u64), (1, expected));
//! // The few others, however large the domain is.
//! assert!(read.searches.len() - pages <= 12);
//! # Ok(())
//! # }
//! ```
//!
//! # What to tune
//!
//! Leave it as it is until a report says otherwise: [`stages`](crate::sync::SyncReport::stages) tells where the time went.
//!
//! | setting | unless set | change it when |
//! |---|---|---|
//! | [`full_read_every`](crate::task::SyncTask::full_read_every) | a day | reading dominates, and a day late is early enough for what changes cannot tell: a week |
//! | [`census_every`](crate::task::SyncTask::census_every), [`census_runs`](crate::task::SyncTask::census_runs), [`census_beyond`](crate::task::SyncTask::census_beyond) | an hour, each tenth run, always up to 10,000 objects | deletions must show at once (zero), or a census takes too long |
//! | [`page_size`](crate::ldap::LdapLimits::page_size) | 1,000, the most that Active Directory sends | other servers allow more; a server that is slow to answer wants fewer |
//! | [`memory_bytes`](crate::sync::SyncOptions::memory_bytes) | 1 GiB | a run says that half of it is held |
//! | [`spool_bytes`](crate::sync::SyncOptions::spool_bytes), [`spool_folder`](crate::sync::SyncOptions::spool_folder) | 16 MiB, where the system has temporary files | there is memory for all of it, or `/tmp` is memory |
//! | [`batch_size`](crate::sync::SyncOptions::batch_size) | 1,000 | people wait for a database that a batch keeps busy: fewer |
//! | [`lease_time`](crate::sync::SyncOptions::lease_time) | five minutes | a batch takes longer: longer |
//! | [`entries`](crate::ldap::LdapLimits::entries), [`bytes`](crate::ldap::LdapLimits::bytes), [`deadline`](crate::ldap::LdapLimits::deadline) | 5,000,000, 16 GiB, an hour | a domain is larger, or the line is slow |
//! | [`read_deadline`](crate::sync::SyncOptions::read_deadline) | an hour | together with `deadline` |
//! | [`base_dns`](crate::task::SyncTask::base_dns), [`computer_filter`](crate::task::SyncTask::computer_filter) | everything | parts of a domain are nobody's business: what is not asked for costs nothing |
//!
//! ```
//! use std::time::Duration;
//! use ldap_inventory::ldap::LdapLimits;
//! use ldap_inventory::sync::SyncOptions;
//! use ldap_inventory::task::SyncTask;
//! # use ldap_inventory::value::SourceId;
//!
//! # fn main() -> ldap_inventory::Result<()> {
//! # let source = SourceId::new("ldap", "corp.example")?;
//! let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! let (hour, day) = (Duration::from_secs(3_600), Duration::from_secs(86_400));
//! assert_eq!((task.full_read_every, task.census_every), (day, hour));
//! assert_eq!((task.census_runs, task.census_beyond), (10, 10_000));
//! let options = SyncOptions::new();
//! assert_eq!((options.memory_bytes, options.spool_bytes), (1 << 30, 16 << 20));
//! assert_eq!((options.batch_size, options.lease_time), (1_000, Duration::from_secs(300)));
//! assert_eq!(options.read_deadline, hour);
//! let limits = LdapLimits::default();
//! assert_eq!((limits.page_size, limits.entries, limits.bytes), (1_000, 5_000_000, 16 << 30));
//! assert_eq!((limits.message_bytes, limits.deadline), (32 << 20, hour));
//! # Ok(())
//! # }
//! ```
//!
//! # Past one machine
//!
//! - **Several hosts over one store.** `store::PostgresRepository` is for that, and so is a store of yours. A run lives on
//!   one host; the [lease](crate::asset::AssetRepository::acquire_lease) of its source keeps all others from it. Let every
//!   host have the same schedules: who comes first runs. Batches of one organization are written one after the other,
//!   those of different organizations at once.
//! - **Sharding by organization.** Nothing crosses an organization: no asset, no match, no decision, no query. So
//!   organizations can be spread over databases as you like, and in one database the organization leads every key, by
//!   which tables are distributed or partitioned.
//! - **One organization is not divided.** Its directories are matched against the same assets, and each is asked about the
//!   others: an asset that is in two stores is two assets.
//! - **Several domains at once.** Each is a source and a task of its own, for another thread or another host
//!   (`ForestDomain::task` makes them). Where two want the same asset, one of them decides that batch again
//!   ([`conflict_retries`](crate::sync::SyncOptions::conflict_retries)).
//! - **Several tasks in one domain**, each below a base of its own, take turns, since they share the lease. They divide
//!   what one read holds, and not the time.
//! - **Searches** of many readers want a store that has indexes for them: SQLite and PostgreSQL have; the rows of a
//!   [`RowsRepository`](crate::store::rows::RowsRepository) are looked through, which does for some ten thousand assets.
