//! Records from columns.

use std::fmt;

use rusqlite::{Connection, Row};
use serde::de::DeserializeOwned;

use super::failure::{Outcome, damaged};
use super::packed;
use super::sighting::Sightings;
use crate::asset::Link;
use crate::store::record::{object_kind, presence, read_home};
use crate::value::{AssetId, ObjectGuid, RecordDigest};

/// The record of a column that holds its document. `name` is only asked if it cannot be read.
pub(super) fn read<T: DeserializeOwned, N: fmt::Display>(
    row: &Row<'_>,
    column: usize,
    item: &'static str,
    name: impl FnOnce() -> N,
) -> Outcome<T> {
    let text = match row.get_ref(column)?.as_str() {
        Ok(text) => text,
        Err(cause) => return Err(damaged(item, name(), cause)),
    };
    serde_json::from_str(text).map_err(|cause| damaged(item, name(), cause))
}

/// What a column holds of a document that is packed.
pub(super) fn packed<'r>(
    row: &'r Row<'_>,
    column: usize,
    item: &'static str,
    name: impl fmt::Display,
) -> Outcome<&'r [u8]> {
    row.get_ref(column)?.as_blob().map_err(|cause| damaged(item, name, cause))
}

/// The record of a document that is packed.
pub(super) fn unpack<T: DeserializeOwned>(
    packed: &[u8],
    item: &'static str,
    name: impl fmt::Display + Copy,
) -> Outcome<T> {
    let document = packed::unpack(packed).map_err(|cause| damaged(item, name, cause))?;
    let text = str::from_utf8(&document).map_err(|cause| damaged(item, name, cause))?;
    serde_json::from_str(text).map_err(|cause| damaged(item, name, cause))
}

/// The 16 bytes of a key's column.
pub(super) fn bytes(row: &Row<'_>, column: usize, item: &'static str) -> Outcome<[u8; 16]> {
    row.get(column).map_err(|cause| damaged(item, "its key", cause))
}

/// The columns of [`read_link`], in order.
pub(super) const LINK: &str =
    "object, kind, asset, digest, place, attributes, presence, since, runs, seen, home";

pub(super) fn read_link(
    connection: &Connection,
    row: &Row<'_>,
    sightings: &mut Sightings,
) -> Outcome<Link> {
    let object = ObjectGuid::from_bytes(bytes(row, 0, "link")?);
    let columns = || -> rusqlite::Result<Option<Link>> {
        let Some(kind) = object_kind(row.get(1)?) else { return Ok(None) };
        let asset: Option<[u8; 16]> = row.get(2)?;
        let asset = asset.map(|bytes| AssetId::from_u128(u128::from_be_bytes(bytes)));
        let digest = RecordDigest(row.get(3)?);
        let (place, attributes) = (RecordDigest(row.get(4)?), row.get(5)?);
        let presence = presence(row.get(6)?, row.get(7)?, row.get(8)?);
        let home: Option<Vec<u8>> = row.get(10)?;
        let home = home.map(|bytes| read_home(&bytes));
        Ok(presence.map(|presence| Link {
            object,
            kind,
            asset,
            home,
            digest,
            dn_digest: place,
            attributes,
            presence,
            seen: None,
        }))
    };
    match columns() {
        Ok(Some(link)) => {
            let number: Option<i64> = row.get(9).map_err(|cause| damaged("link", object, cause))?;
            let seen = number.map(|number| sightings.get(connection, number)).transpose()?;
            Ok(Link { seen, ..link })
        }
        Ok(None) => Err(damaged("link", object, "its kind or presence is unknown")),
        Err(cause) => Err(damaged("link", object, cause)),
    }
}
