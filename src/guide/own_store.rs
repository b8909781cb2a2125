//! Your own tables behind the inventory.
//!
//! # The short way: a table of keys and values
//!
//! [`Rows`](crate::store::rows::Rows) is three methods over two columns, and
//! [`RowsRepository`](crate::store::rows::RowsRepository) makes the whole inventory of them. Its documentation has one
//! over a `BTreeMap`; `examples/custom_repository.rs` has one over SQLite, in a page. Take this way unless your
//! inventory has more than some ten thousand assets, or others read it by SQL. Then a
//! [projection](crate::store::rows::RowsRepository::with_projection) writes rows of your own in the same transaction.
//!
//! ```toml
//! [dependencies]
//! ldap-inventory = { version = "0.1", default-features = false }   # a store needs no TLS
//! async-trait = "0.1"
//!
//! [dev-dependencies]
//! ldap-inventory = { version = "0.1", default-features = false, features = ["testing"] }
//! ```
//!
//! Two suites hold it, and name what fails. Call both: the second alone does not notice a table that ignores what a write
//! expects; the first does. Neither looks at the [`Retry`](crate::Retry) of your errors.
//!
//! ```
//! # use std::collections::BTreeMap;
//! # use std::sync::Mutex;
//! # use async_trait::async_trait;
//! # use ldap_inventory::Result;
//! # use ldap_inventory::store::rows::{KeyRange, Row, Rows, Write};
//! use ldap_inventory::store::rows::RowsRepository;
//! use ldap_inventory::testing::contract;
//! # #[derive(Debug, Default)]
//! # struct Table(Mutex<BTreeMap<Vec<u8>, Vec<u8>>>);
//! # #[async_trait]
//! # impl Rows for Table {
//! #     async fn get(&self, keys: &[Vec<u8>]) -> Result<Vec<Row>> {
//! #         let table = self.0.lock().unwrap();
//! #         let row = |key: &Vec<u8>| Some(Row::new(key.clone(), table.get(key)?.clone()));
//! #         Ok(keys.iter().filter_map(row).collect())
//! #     }
//! #     async fn scan(&self, scan: &KeyRange) -> Result<Vec<Row>> {
//! #         if scan.from >= scan.to {
//! #             return Ok(Vec::new());
//! #         }
//! #         let table = self.0.lock().unwrap();
//! #         let rows = table.range(scan.from.clone()..scan.to.clone()).take(scan.limit);
//! #         Ok(rows.map(|(key, value)| Row::new(key.clone(), value.clone())).collect())
//! #     }
//! #     async fn write(&self, write: &Write) -> Result<bool> {
//! #         let mut table = self.0.lock().unwrap();
//! #         if write.expected.iter().any(|(key, value)| table.get(key) != value.as_ref()) {
//! #             return Ok(false);
//! #         }
//! #         for (key, value) in &write.changes {
//! #             match value {
//! #                 Some(value) => table.insert(key.clone(), value.clone()),
//! #                 None => table.remove(key),
//! #             };
//! #         }
//! #         Ok(true)
//! #     }
//! # }
//!
//! # tokio::runtime::Runtime::new().unwrap().block_on(async {
//! contract::rows(|| async { ((), Table::default()) }).await;
//! contract::asset_repository(|| async { ((), RowsRepository::over(Table::default())) }).await;
//! # });
//! ```
//!
//! (`Table` is the one of [`Rows`](crate::store::rows::Rows). The first value that a builder returns is a guard that
//! lives as long as the case: a temporary directory, a schema of its own.)
//!
//! # The long way: relational tables
//!
//! [`AssetRepository`](crate::asset::AssetRepository) over tables of your own. Its required methods are those that a
//! run cannot do without; searching and counting have bodies, and you override them when they are too slow.
//! `tests/hosts/relational` in the repository is one over PostgreSQL with sqlx, in 350 lines. Keep each record as JSON
//! beside the columns that you find it by: what later versions add comes back then.
//! [`store`](crate::store#a-store-of-your-own) lists what is decided for you, so that you decide nothing anew.
//!
//! What each clause of the [contract](crate::asset::AssetRepository#contract) is for, and a case that holds it:
//!
//! | clause | what goes wrong without it | held by |
//! |---|---|---|
//! | what belongs together | one customer sees another's hosts | `organizations_do_not_see_each_other` |
//! | what is whole | half of a batch, and a checkpoint that says it is all there | `a_dropped_commit_is_whole_or_absent` |
//! | what must not be lost | two runs, or a run and a person, write one asset, and the later one wins | `no_update_is_lost_among_many_writers` |
//! | when a batch id is used up | an answer is lost, the batch comes again, and everything is there twice | `a_repeated_batch_writes_nothing_and_says_so` |
//! | what is refused | a run that was given up for dead wakes up and writes | the cases of leases |
//! | what follows from a change | a computer is tied to an asset that is not there | `an_asset_taken_away_takes_the_links_to_it_away` |
//! | what finds an asset | a known host becomes a new asset | `every_asset_with_one_of_the_keys_comes_once_and_no_other` |
//! | orders | pages that skip or repeat records, in databases that sort by language | the cases of streams and searches |
//! | what is told | another system misses a change, or hears of one that was never written | `nothing_appears_behind_a_cursor` |
//! | what comes back | a value is cut or changed, and every run writes it again | `records_come_back_as_they_were_written` |
//!
//! # Rows of yours beside ours
//!
//! Refer to assets by [`AssetId`](crate::value::AssetId), and let a reference outlive its asset: one that was merged
//! into another leads there ([`Curation::resolve`](crate::curation::Curation::resolve)). Write yours in the transaction
//! of a commit, or behind it, never before. Columns and indexes over what an asset says are a
//! [projection](crate::store::rows::RowsRepository::with_projection), which is written and taken away with it.
//!
//! A projection gives rows of keys and values. Where they are to be *columns*, let the value be JSON, and let your
//! [`write`](crate::store::rows::Rows::write) put what begins with your prefix into a table with columns, in the same
//! transaction: the repository writes and deletes such rows, and never reads them, so `get` and `scan` need not have them.
//! A projection that came later is filled by writing each asset again, and every program that writes must open the
//! repository with the same one. Users and groups have none.
//!
//! # Rows that you have already
//!
//! A host that had an inventory before it had this crate keeps its ids. Each row becomes an asset of the same id, once,
//! with a record of a source of yours; from then on the rules tie what directories and scanners find to it, and your
//! foreign keys hold:
//!
//! ```
//! use ldap_inventory::asset::{
//!     Asset, AssetRepository, Batch, Change, Claim, CommitOutcome, SourceRecord,
//! };
//! use ldap_inventory::curation::{Author, Curation, ImportOptions, Scan};
//! use ldap_inventory::store::MemoryRepository;
//! use ldap_inventory::value::{AssetId, BatchId, SourceId, Timestamp};
//! use ldap_inventory::{Error, ErrorKind, Result};
//! # use ldap_inventory::sync::{SyncOptions, sync};
//! # use ldap_inventory::task::{Grace, SyncTask};
//! # use ldap_inventory::testing::{MockDirectory, MockRecord};
//!
//! /// A row of yours: its UUID as a number, and a host name.
//! struct Host(u128, &'static str);
//!
//! /// The asset that it becomes.
//! fn upgraded(row: &Host, cmdb: &SourceId, now: Timestamp) -> Result<Asset> {
//!     let mut asset = Asset::new(AssetId::from_u128(row.0), "acme".parse()?, "hq".parse()?);
//!     let identity = asset.id.to_string();
//!     asset.set_record(SourceRecord::new(0, cmdb.clone(), "@cmdb.asset", now).with_identity(identity));
//!     // What the rules compare is claimed, by the record with this number.
//!     let number = asset.parts[0].number;
//!     asset.names.push(Claim::new(row.1.parse()?, number, None, now));
//!     Ok(asset)
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<()> {
//! # let inventory = MemoryRepository::new();
//! let rows = [Host(0x11, "web1.corp.example"), Host(0x12, "db1.corp.example")];
//! let (cmdb, now) = (SourceId::new("cmdb", "main")?, Timestamp::now());
//! for chunk in rows.chunks(1_000) {
//!     // An upgrade that is begun again leaves out what is there: a batch is whole, and one such row would refuse it.
//!     let ids: Vec<AssetId> = chunk.iter().map(|row| AssetId::from_u128(row.0)).collect();
//!     let there = inventory.assets(&"acme".parse()?, &ids).await?;
//!     let is_new = |row: &&Host| there.iter().all(|asset| asset.id.as_u128() != row.0);
//!     let put = |row| Ok(Change::create(upgraded(row, &cmdb, now)?));
//!     let changes = chunk.iter().filter(is_new).map(put).collect::<Result<Vec<_>>>()?;
//!     let batch = Batch::new(BatchId::random_v7(), "acme".parse()?, cmdb.clone());
//!     if inventory.commit(batch.with_changes(changes)).await? != CommitOutcome::Applied {
//!         return Err(Error::new(ErrorKind::Conflict, "somebody else writes the same; begin again"));
//!     }
//! }
//! let curation = Curation::new(&inventory, "acme".parse()?);
//! // People may have decided something before: what was committed past a run is to show it.
//! curation.uphold().await?;
//!
//! // The directory has one of them, and another one.
//! # let source = SourceId::new("ldap", "corp.example")?;
//! # let task = SyncTask::new("nightly", "acme".parse()?, "hq".parse()?, source, "reader".parse()?);
//! # let task = task.with_grace(Grace::default().with_runs(1));
//! # let (web1, pc9) = (MockRecord::computer("WEB1"), MockRecord::computer("PC9"));
//! # let directory = MockDirectory::new([web1, pc9.clone()]).then([pc9]);
//! let report = sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
//! assert_eq!((report.computers.matched, report.computers.created), (1, 1));
//!
//! // What only you know goes with the asset, is found (`@erp.asset.costCentre:4711`), and no run touches it.
//! let (web1, erp) = (AssetId::from_u128(0x11), SourceId::new("erp", "main")?);
//! let known = [("costCentre", "4711"), ("contract", "L-2026-3")].into_iter().collect();
//! curation.contribute(web1, &erp, "@erp.asset", known).await?;
//!
//! // Later your rows come as a scan, by the same ids. One is not there any more, and it was all of them.
//! let rest = format!(r#"{{"id":"{}","names":["db1.corp.example"]}}"#, AssetId::from_u128(0x12));
//! let scan = Scan::parse(rest.as_bytes(), Timestamp::now());
//! let all = ImportOptions::new("hq".parse()?).with_complete(true);
//! let imported = curation.import(&cmdb, &scan, &all).await?;
//! assert_eq!((imported.created, imported.ended.len()), (0, 1));
//! curation.retract(web1, &erp).await?;
//!
//! // The directory still has it, so it stays, until that has it no more.
//! let anna = Author::new("anna").because("scrapped");
//! assert_eq!(curation.delete(web1, &anna).await.unwrap_err().kind(), ErrorKind::InUse);
//! # sync(&task, &directory, &inventory, &SyncOptions::new()).await?;
//! curation.delete(web1, &anna).await?;
//! assert!(curation.resolve(&[web1]).await?.is_empty());
//! # Ok(())
//! # }
//! ```
//!
//! - *Cost centres, contracts, whatever has no field here*: [`contribute`](crate::curation::Curation::contribute), as
//!   above. *Owners, tags, criticality, a comment*: [`annotate`](super::annotations), which people do as well and queries
//!   know by short names. Neither needs a table of yours.
//! - *Rows that have no UUID* are [imported](crate::curation::Curation::import) from the beginning, with whatever id they
//!   have, and keep the id of the asset that has them: [`Asset::record_of`](crate::asset::Asset::record_of) finds a record.
//! - *Deletion* is never a cascade from your side: an asset that a directory still has would only come back. `delete`
//!   says [who still has it](crate::ErrorKind::InUse). Delete your own row when the asset is gone, or keep it as the last
//!   that is known; who deleted what, and why, stays in the [history](crate::curation::Curation::history).
//! - *Rows that change with assets*: [`changes`](crate::curation::Curation::changes) since the moment that you asked last
//!   names every asset that is another, those included that a decision gave a record to or took one from.
