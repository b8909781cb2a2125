//! What is written at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{
    Asset, Constraint, DirectoryGroup, DirectoryUser, Home, Link, MergeRecord, Presence, RunRecord,
    Sighting, Version, Waiting,
};
use crate::value::{AssetId, BatchId, Checkpoint, ObjectGuid, OrganizationId, SourceId};

/// Changes that are written together or not at all.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Batch {
    /// Its identity: a store that has it already writes nothing.
    pub id: BatchId,
    /// The organization that everything in it belongs to.
    pub organization: OrganizationId,
    /// The directory that links, users, groups, checkpoint and run belong to.
    pub source: SourceId,
    /// The token of the run's [`Lease`](super::Lease). A batch by a person has none.
    pub lease: Option<u64>,
    /// What to write, in this order.
    pub changes: Vec<Change>,
    /// Where the read ended, in the last batch of a run. It replaces the one with the same key.
    pub checkpoint: Option<Checkpoint>,
    /// The run's record, in the last batch of a run. One of the same run is replaced.
    pub run: Option<RunRecord>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Writes an asset whole, and indexes it under its match keys.
    PutAsset {
        /// The version that the change was planned on; `None` for an asset that must not exist yet.
        expected: Option<Version>,
        /// The asset as it shall be, `version` already one more than `expected`.
        asset: Box<Asset>,
        /// What is new in an asset that was there, as an [event](super::EventKind::AssetUpdated) tells it:
        /// [`Change::update`] knows. Nothing, and no event tells of it; `None` where the writer does not know.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        changed: Option<BTreeSet<String>>,
    },
    /// Takes an asset away of which nothing is known any more: its records are part of others.
    RemoveAsset {
        /// The asset.
        id: AssetId,
        /// The version that the change was planned on.
        expected: Version,
        /// Where its id leads from now on, until it is written again.
        to: Option<AssetId>,
    },
    /// Writes what is known of an object of the batch's source.
    PutLink {
        /// What is known from now on.
        #[serde(flatten)]
        link: Link,
        /// Whether the directory had the object, as far as was known; `None` for one that is seen for the first time. Events
        /// tell by it what is new.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        was: Option<Presence>,
    },
    /// Ties an object of any source to another asset, or to none, if there is a link for the object. What the
    /// link says of the object stays: the next run need not write it again.
    MoveLink {
        /// The directory.
        source: SourceId,
        /// The object.
        object: ObjectGuid,
        /// The asset it is tied to from now on.
        asset: Option<AssetId>,
        /// Where the rules alone have it, if that is elsewhere.
        home: Option<Home>,
    },
    /// Writes a computer that waits, of any source; one of the same source and object is replaced.
    PutWaiting(Box<Waiting>),
    /// Takes a computer of any source away from those that wait.
    RemoveWaiting {
        /// The directory.
        source: SourceId,
        /// The object.
        object: ObjectGuid,
    },
    /// Notes where an object of the batch's source was last seen, if there is a link for it. Everything else that
    /// the link says stays: a person may have tied the object to another asset meanwhile.
    NoteSighting {
        /// The object.
        object: ObjectGuid,
        /// Where, and by whom.
        seen: Arc<Sighting>,
    },
    /// Writes a user whole.
    PutUser(Box<DirectoryUser>),
    /// Writes a group whole.
    PutGroup(Box<DirectoryGroup>),
    /// Forgets an object of any source, with all that is known of it: its link, that it waits, and itself, if it is a user
    /// or a group.
    RemoveObject {
        /// The directory.
        source: SourceId,
        /// The object.
        object: ObjectGuid,
    },
    /// Writes a person's decision; one of the same source, object, asset and kind is replaced.
    PutConstraint(Constraint),
    /// Takes a person's decision back.
    RemoveConstraint(Constraint),
    /// Writes a merge's record; one of the same id is replaced.
    PutMerge(Box<MergeRecord>),
}

/// What became of a batch.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub enum CommitOutcome {
    /// It is written.
    Applied,
    /// It had been written before.
    AlreadyApplied,
    /// Nothing is written: these assets are not at the versions they were planned on.
    Conflict(Vec<AssetId>),
}

impl Batch {
    /// An empty batch.
    pub fn new(id: BatchId, organization: OrganizationId, source: SourceId) -> Self {
        Self {
            id,
            organization,
            source,
            lease: None,
            changes: Vec::new(),
            checkpoint: None,
            run: None,
        }
    }

    /// The batch of the run that holds this lease token.
    #[must_use]
    pub fn with_lease(mut self, token: u64) -> Self {
        self.lease = Some(token);
        self
    }

    /// The batch with these changes.
    #[must_use]
    pub fn with_changes(mut self, changes: impl IntoIterator<Item = Change>) -> Self {
        self.changes = changes.into_iter().collect();
        self
    }

    /// The last batch of a run.
    #[must_use]
    pub fn closing(mut self, checkpoint: Option<Checkpoint>, run: RunRecord) -> Self {
        self.checkpoint = checkpoint;
        self.run = Some(run);
        self
    }

    /// The assets that it writes or takes away, as they are after it.
    pub(crate) fn written_assets(&self) -> BTreeMap<AssetId, Option<&Asset>> {
        let assets = self.changes.iter().filter_map(|change| match change {
            Change::PutAsset { asset, .. } => Some((asset.id, Some(&**asset))),
            Change::RemoveAsset { id, .. } => Some((*id, None)),
            _ => None,
        });
        assets.collect()
    }

    /// The assets that are not at the versions its changes expect, when these are made one after the other on what is
    /// `stored`.
    pub(crate) fn conflicts(&self, stored: impl Fn(AssetId) -> Option<Version>) -> Vec<AssetId> {
        let mut versions: BTreeMap<AssetId, Option<Version>> = BTreeMap::new();
        let mut conflicts = BTreeSet::new();
        for change in &self.changes {
            let (id, expected, next) = match change {
                Change::PutAsset { expected, asset, .. } => {
                    (asset.id, *expected, Some(asset.version))
                }
                Change::RemoveAsset { id, expected, .. } => (*id, Some(*expected), None),
                _ => continue,
            };
            let present = versions.entry(id).or_insert_with(|| stored(id));
            if *present == expected {
                *present = next;
            } else {
                conflicts.insert(id);
            }
        }
        conflicts.into_iter().collect()
    }

    /// The assets that it takes away, though a later change may bring them back.
    #[cfg(feature = "sqlite")]
    pub(crate) fn removed_assets(&self) -> BTreeSet<AssetId> {
        let removed = self.changes.iter().filter_map(|change| match change {
            Change::RemoveAsset { id, .. } => Some(*id),
            _ => None,
        });
        removed.collect()
    }
}
