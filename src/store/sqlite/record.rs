//! Records to columns and back.

use std::fmt;

use rusqlite::{Connection, Row};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::failure::{Failure, Outcome, damaged};
use super::sighting::Sightings;
use crate::asset::{Home, Link, Presence};
use crate::value::{AssetId, ObjectGuid, ObjectKind, RecordDigest, Timestamp};
use crate::{Error, ErrorKind};

/// A record as the text of its JSON document.
pub(super) fn document<T: Serialize>(item: &'static str, record: &T) -> Outcome<String> {
    serde_json::to_string(record).map_err(|cause| {
        let error = Error::new(ErrorKind::Store, "a record cannot be written as JSON");
        Failure::Refused(error.with_context("record", item).with_source(cause))
    })
}

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

/// A 128-bit id as a key: big-endian, so that the order of the bytes is that of the numbers.
pub(super) fn key(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

/// The 16 bytes of a key's column.
pub(super) fn bytes(row: &Row<'_>, column: usize, item: &'static str) -> Outcome<[u8; 16]> {
    row.get(column).map_err(|cause| damaged(item, "its key", cause))
}

pub(super) fn constraint_kind(kind: crate::asset::ConstraintKind) -> i64 {
    match kind {
        crate::asset::ConstraintKind::MustLink => 0,
        crate::asset::ConstraintKind::CannotLink => 1,
    }
}

/// The columns of [`read_link`], in order.
pub(super) const LINK: &str =
    "object, kind, asset, digest, place, attributes, presence, since, runs, seen, home";

/// The columns of a link behind its key.
pub(super) struct LinkColumns {
    pub(super) kind: i64,
    pub(super) asset: Option<[u8; 16]>,
    pub(super) home: Option<Vec<u8>>,
    pub(super) presence: i64,
    pub(super) since: Option<i64>,
    pub(super) runs: Option<u32>,
}

impl LinkColumns {
    pub(super) fn of(link: &Link) -> Self {
        let (presence, since, runs) = match link.presence {
            Presence::Present => (0, None, None),
            Presence::Missing { since, runs } => (1, Some(since.as_micros()), Some(runs)),
            Presence::Gone { since } => (2, Some(since.as_micros()), None),
        };
        let kind = match link.kind {
            ObjectKind::Computer => 0,
            ObjectKind::Group => 1,
            ObjectKind::User => 2,
        };
        let asset = link.asset.map(|id| key(id.as_u128()));
        Self { kind, asset, home: link.home.map(home_bytes), presence, since, runs }
    }
}

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

/// A home as the bytes of its column: the asset's, or none at all.
pub(super) fn home_bytes(home: Home) -> Vec<u8> {
    home.asset().map_or_else(Vec::new, |asset| key(asset.as_u128()).to_vec())
}

fn read_home(bytes: &[u8]) -> Home {
    let asset = <[u8; 16]>::try_from(bytes).ok();
    Home::of(asset.map(|bytes| AssetId::from_u128(u128::from_be_bytes(bytes))))
}

fn object_kind(number: i64) -> Option<ObjectKind> {
    match number {
        0 => Some(ObjectKind::Computer),
        1 => Some(ObjectKind::Group),
        2 => Some(ObjectKind::User),
        _ => None,
    }
}

fn presence(number: i64, since: Option<i64>, runs: Option<u32>) -> Option<Presence> {
    let since = since.and_then(Timestamp::from_micros);
    match (number, since) {
        (0, _) => Some(Presence::Present),
        (1, Some(since)) => Some(Presence::Missing { since, runs: runs? }),
        (2, Some(since)) => Some(Presence::Gone { since }),
        _ => None,
    }
}
