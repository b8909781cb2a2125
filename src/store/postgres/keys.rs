//! Ids as keys of rows.

use uuid::Uuid;

use crate::value::{AssetId, ObjectGuid, SourceId};

/// Keys compare by their bytes, so that their order is that of the numbers.
pub(super) fn asset_key(id: AssetId) -> Uuid {
    Uuid::from_u128(id.as_u128())
}

pub(super) fn asset_id(key: Uuid) -> AssetId {
    AssetId::from_u128(key.as_u128())
}

/// The order of these is that of the bytes on the wire.
pub(super) fn object_key(object: ObjectGuid) -> Uuid {
    Uuid::from_bytes(*object.as_bytes())
}

pub(super) fn object(key: Uuid) -> ObjectGuid {
    ObjectGuid::from_bytes(key.into_bytes())
}

/// The columns of the keys of several objects.
pub(super) fn keys<'k>(
    objects: impl Iterator<Item = &'k (SourceId, ObjectGuid)>,
) -> (Vec<&'k str>, Vec<Uuid>) {
    objects.map(|(source, object)| (source.as_str(), object_key(*object))).unzip()
}
