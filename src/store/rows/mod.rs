//! An inventory in any table of keys and values.
//!
//! A host that has such a table implements the three methods of [`Rows`], and [`RowsRepository`] is the whole
//! [`AssetRepository`](crate::asset::AssetRepository) over it. [`MemoryRepository`](super::MemoryRepository) is that over
//! a map in memory.
//!
//! `table` is what a host implements; `key` how keys are made, and `record` what their values are; `repository` reads,
//! `commit` writes, `feed` tells what was written, `retention` takes old runs away, and `decoded` keeps what was parsed before.

mod commit;
mod decoded;
mod feed;
mod key;
mod record;
mod repository;
mod retention;
mod table;

pub(super) use decoded::Decoded;

pub use repository::RowsRepository;
pub use table::{KeyRange, Row, Rows, Write};
