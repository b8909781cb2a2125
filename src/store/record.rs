//! Records to columns and back, for the stores that have columns.

use serde::Serialize;

use crate::asset::{ConstraintKind, Home, Link, Presence};
use crate::value::{AssetId, ObjectKind, Timestamp};
use crate::{Error, ErrorKind, Result};

/// A record as the text of its JSON document.
pub(super) fn document<T: Serialize>(item: &'static str, record: &T) -> Result<String> {
    serde_json::to_string(record).map_err(|cause| {
        Error::new(ErrorKind::Store, "a record cannot be written as JSON")
            .with_context("record", item)
            .with_source(cause)
    })
}

/// A 128-bit id as a key: big-endian, so that the order of the bytes is that of the numbers.
pub(super) fn key(number: u128) -> [u8; 16] {
    number.to_be_bytes()
}

pub(super) fn constraint_kind(kind: ConstraintKind) -> i64 {
    match kind {
        ConstraintKind::MustLink => 0,
        ConstraintKind::CannotLink => 1,
    }
}

/// The columns of a link behind its key.
pub(super) struct LinkColumns {
    pub(super) kind: i64,
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
        Self { kind, home: link.home.map(home_bytes), presence, since, runs }
    }
}

/// A home as the bytes of its column: the asset's, or none at all.
pub(super) fn home_bytes(home: Home) -> Vec<u8> {
    home.asset().map_or_else(Vec::new, |asset| key(asset.as_u128()).to_vec())
}

pub(super) fn read_home(bytes: &[u8]) -> Home {
    let asset = <[u8; 16]>::try_from(bytes).ok();
    Home::of(asset.map(|bytes| AssetId::from_u128(u128::from_be_bytes(bytes))))
}

pub(super) fn object_kind(number: i64) -> Option<ObjectKind> {
    match number {
        0 => Some(ObjectKind::Computer),
        1 => Some(ObjectKind::Group),
        2 => Some(ObjectKind::User),
        _ => None,
    }
}

pub(super) fn presence(number: i64, since: Option<i64>, runs: Option<u32>) -> Option<Presence> {
    let since = since.and_then(Timestamp::from_micros);
    match (number, since) {
        (0, _) => Some(Presence::Present),
        (1, Some(since)) => Some(Presence::Missing { since, runs: runs? }),
        (2, Some(since)) => Some(Presence::Gone { since }),
        _ => None,
    }
}
