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
//! Two suites hold it, and name what fails. Call both:
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
//! of a commit, or behind it, never before. What your users say of an asset need not be a table of yours:
//! [`annotations`](super::annotations).
