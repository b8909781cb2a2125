//! Records to values and back.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::table::Row;
use crate::asset::Version;
use crate::name::MatchKey;
use crate::value::AssetId;
use crate::{Error, ErrorKind, Result};

/// What every commit must know of an asset: its version, and which rows go when it goes.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub(super) struct Head {
    pub(super) version: Version,
    /// The match keys that it is found by.
    pub(super) keys: BTreeSet<MatchKey>,
    /// The keys of what a projection made of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub(super) projected: BTreeSet<Vec<u8>>,
}

/// The value of a record: JSON, which keeps what later versions add.
pub(super) fn encode(item: &'static str, record: &(impl Serialize + ?Sized)) -> Result<Vec<u8>> {
    serde_json::to_vec(record).map_err(|cause| {
        Error::new(ErrorKind::Store, "a record cannot be written as JSON")
            .with_context("record", item)
            .with_source(cause)
    })
}

/// The record of a value. `item` says what it is.
pub(super) fn decode<T: DeserializeOwned>(
    item: &'static str,
    key: &[u8],
    value: &[u8],
) -> Result<T> {
    serde_json::from_slice(value).map_err(|cause| damaged(item, key).with_source(cause))
}

pub(super) fn decode_row<T: DeserializeOwned>(item: &'static str, row: &Row) -> Result<T> {
    decode(item, &row.key, &row.value)
}

/// Assets as the value of a match key: their numbers, in order.
pub(super) fn encode_ids(ids: &BTreeSet<AssetId>) -> Vec<u8> {
    ids.iter().flat_map(|id| id.as_u128().to_be_bytes()).collect()
}

pub(super) fn decode_ids(key: &[u8], value: &[u8]) -> Result<BTreeSet<AssetId>> {
    let (numbers, []) = value.as_chunks::<16>() else {
        return Err(damaged("assets of a match key", key));
    };
    Ok(numbers.iter().map(|bytes| AssetId::from_u128(u128::from_be_bytes(*bytes))).collect())
}

fn damaged(item: &'static str, key: &[u8]) -> Error {
    let mut hex = String::with_capacity(2 * key.len());
    for byte in key {
        // Writing to a text does not fail.
        _ = write!(hex, "{byte:02x}");
    }
    let message = "a row of the inventory is damaged; restore the table from a backup";
    Error::new(ErrorKind::Store, message).with_context("record", item).with_context("key", hex)
}
