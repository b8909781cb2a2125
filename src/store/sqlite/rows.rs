//! A batch as the rows that it writes, worked out before its transaction begins and away from the thread that writes.

use std::collections::BTreeSet;
use std::mem;

use futures::future::try_join;

use super::feed::Told;
use super::{fields, packed, threads};
use crate::Result;
use crate::asset::{Asset, Batch, Change, FeedEntry, Version};
use crate::name::MatchKey;
use crate::query::sql::AttributeBloom;
use crate::store::asset_columns::{AssetColumns, FieldValue, field_values, signature};
use crate::store::record::document;
use crate::value::{AssetId, ObjectGuid};

/// A batch, and what it writes.
#[derive(Debug)]
pub(super) struct BatchRows {
    /// Without its changes.
    pub(super) batch: Batch,
    pub(super) changes: Vec<Row>,
    /// The assets that it takes away, though a later change may bring them back.
    pub(super) removed: BTreeSet<AssetId>,
    /// What it tells those who follow.
    pub(super) told: Option<Told>,
}

/// What a change writes.
#[derive(Debug)]
pub(super) enum Row {
    Asset {
        expected: Option<Version>,
        rows: Box<AssetRows>,
    },
    User {
        object: ObjectGuid,
        document: String,
    },
    Group {
        object: ObjectGuid,
        document: String,
    },
    /// Of which there is little, or nothing to work out.
    Other(Change),
}

/// All rows of one asset.
#[derive(Debug)]
pub(super) struct AssetRows {
    pub(super) id: AssetId,
    pub(super) version: Version,
    pub(super) columns: AssetColumns,
    /// Packed.
    pub(super) document: Vec<u8>,
    pub(super) names: Vec<FieldValue>,
    /// Each with the number of its field.
    pub(super) texts: Vec<(i64, FieldValue)>,
    pub(super) signature: AttributeBloom,
    pub(super) keys: BTreeSet<MatchKey>,
}

impl BatchRows {
    /// Works the rows of a batch out, on several threads.
    pub(super) async fn of(mut batch: Batch) -> Result<Self> {
        let removed = batch.removed_assets();
        let told = threads::each("commit", FeedEntry::of(&batch).into_iter().collect(), Told::of);
        let changes = mem::take(&mut batch.changes);
        let changes = threads::each("commit", changes, |change| Ok(Row::of(change)?));
        let (changes, told) = try_join(changes, told).await?;
        Ok(Self { batch, changes, removed, told: told.into_iter().next() })
    }
}

impl Row {
    pub(super) fn of(change: Change) -> Result<Self> {
        Ok(match change {
            Change::PutAsset { expected, asset, .. } => {
                Self::Asset { expected, rows: Box::new(AssetRows::of(&asset)?) }
            }
            Change::PutUser(user) => {
                Self::User { object: user.object, document: document("user", &user)? }
            }
            Change::PutGroup(group) => {
                Self::Group { object: group.object, document: document("group", &group)? }
            }
            other => Self::Other(other),
        })
    }
}

impl AssetRows {
    pub(super) fn of(asset: &Asset) -> Result<Self> {
        Ok(Self {
            id: asset.id,
            version: asset.version,
            columns: AssetColumns::of(asset),
            document: packed::pack(document("asset", asset)?.as_bytes())?,
            names: field_values(asset, "name"),
            texts: fields::texts(asset),
            signature: signature(asset),
            keys: asset.match_keys(),
        })
    }
}
