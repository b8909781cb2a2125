//! What commits changed, for those who follow the inventory.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Asset, Batch, Change, Constraint, ConstraintKind, MergeRecord, Presence, RunOutcome};
use crate::name::Hostname;
use crate::value::{AssetId, MergeId, ObjectGuid, ObjectKind, RunId, SourceId, Timestamp};

/// One thing that a commit changed, as [`events_since`](super::AssetRepository::events_since) tells it.
///
/// Serialises as one flat object, in which `event` says what it is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// Where to go on behind it. Opaque; whoever follows the inventory keeps the last one.
    pub cursor: String,
    /// When it was written.
    pub at: Timestamp,
    /// Who wrote it: a directory, a scanner, another source, or `person/curation`.
    pub source: SourceId,
    /// What it is.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// The kinds of event, with what each tells.
///
/// Those on assets tell the state that the asset has after them, so that whoever takes the latest one of each asset has the
/// inventory, and one that is told twice does no harm. That an object is tied to another asset than before is told by
/// the records of both, not by an event on the object.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum EventKind {
    /// An asset is new, or there again.
    AssetCreated {
        /// The asset.
        asset: AssetId,
        /// Its version.
        version: u64,
        /// Its names that some source claims, in their order.
        names: Vec<Hostname>,
        /// Whose records it consists of, in their order, and whether each source still has its own.
        records: Vec<(SourceId, Presence)>,
    },
    /// Something is new of an asset beside when sources saw it.
    AssetUpdated {
        /// The asset.
        asset: AssetId,
        /// Its version.
        version: u64,
        /// Its names that some source claims, in their order.
        names: Vec<Hostname>,
        /// Whose records it consists of, in their order, and whether each source still has its own.
        records: Vec<(SourceId, Presence)>,
        /// What is new: asset-level fields by their names (`os`), `site`, `sources` where a record came, went, or is
        /// missing, gone or back, and what attributes are filed under (`@ldap.computer`). Empty if the writer did not say.
        fields: BTreeSet<String>,
    },
    /// An asset is not there any more.
    AssetRemoved {
        /// The asset.
        asset: AssetId,
        /// The asset to which its id leads, if its records are part of another one.
        to: Option<AssetId>,
    },
    /// A person made one asset of several. What that did to each of them is told beside.
    AssetsMerged {
        /// The merge.
        merge: MergeId,
        /// The asset that is left.
        survivor: AssetId,
        /// The assets that became part of it.
        others: Vec<AssetId>,
        /// Who did it.
        by: String,
        /// Why.
        why: String,
    },
    /// A person took a merge back.
    AssetsUnmerged {
        /// The merge.
        merge: MergeId,
        /// The asset that had been left.
        survivor: AssetId,
        /// The assets that had become part of it.
        others: Vec<AssetId>,
        /// Who did it.
        by: String,
    },
    /// A directory has an object that it was not known to have.
    ObjectFirstSeen {
        /// The object.
        object: ObjectGuid,
        /// What it is.
        kind: ObjectKind,
        /// The asset it is tied to, if it is a computer that does not wait for a person.
        asset: Option<AssetId>,
    },
    /// A complete read did not show an object.
    ObjectMissing {
        /// The object.
        object: ObjectGuid,
        /// What it is.
        kind: ObjectKind,
        /// The asset it is tied to.
        asset: Option<AssetId>,
    },
    /// An object was missing for longer than the grace period.
    ObjectGone {
        /// The object.
        object: ObjectGuid,
        /// What it is.
        kind: ObjectKind,
        /// The asset it is tied to.
        asset: Option<AssetId>,
    },
    /// An object that was missing or gone is there again.
    ObjectBack {
        /// The object.
        object: ObjectGuid,
        /// What it is.
        kind: ObjectKind,
        /// The asset it is tied to.
        asset: Option<AssetId>,
    },
    /// The inventory has forgotten an object: another one took its place, another directory has it, or it is left out.
    ObjectForgotten {
        /// The directory that had it.
        directory: SourceId,
        /// The object.
        object: ObjectGuid,
    },
    /// A person said that an object is an asset, or is not.
    DecisionMade {
        /// The directory.
        directory: SourceId,
        /// The object.
        object: ObjectGuid,
        /// The asset.
        asset: AssetId,
        /// What was said.
        decision: ConstraintKind,
        /// Who said so.
        by: String,
        /// Why.
        why: String,
    },
    /// That was taken back.
    DecisionTakenBack {
        /// The directory.
        directory: SourceId,
        /// The object.
        object: ObjectGuid,
        /// The asset.
        asset: AssetId,
        /// What had been said.
        decision: ConstraintKind,
        /// Who took it back, where that is on record.
        by: String,
    },
    /// A run came to its end, be it of a directory or of what a person does in one go.
    RunEnded {
        /// The run.
        run: RunId,
        /// What people call the task.
        task: String,
        /// How it ended.
        outcome: RunOutcome,
    },
}

impl Batch {
    /// What it tells those who follow the inventory, in the order of its changes: for a store of a host's own that keeps
    /// events.
    pub fn events(&self) -> Vec<EventKind> {
        let run = self.run.as_ref().map(|run| EventKind::RunEnded {
            run: run.id,
            task: run.task.clone(),
            outcome: run.outcome,
        });
        self.changes.iter().filter_map(EventKind::of).chain(run).collect()
    }
}

impl EventKind {
    fn of(change: &Change) -> Option<Self> {
        match change {
            Change::PutAsset { expected, asset, changed } => {
                Self::of_asset(asset, expected.is_none(), changed.as_ref())
            }
            Change::RemoveAsset { id, to, .. } => Some(Self::AssetRemoved { asset: *id, to: *to }),
            Change::PutLink { link, was } => {
                let (object, kind, asset) = (link.object, link.kind, link.asset);
                match (was.map(Presence::as_str), link.presence) {
                    (was, now) if was == Some(now.as_str()) => None,
                    (None, Presence::Present) => {
                        Some(Self::ObjectFirstSeen { object, kind, asset })
                    }
                    (Some(_), Presence::Present) => Some(Self::ObjectBack { object, kind, asset }),
                    (_, Presence::Missing { .. }) => {
                        Some(Self::ObjectMissing { object, kind, asset })
                    }
                    (_, Presence::Gone { .. }) => Some(Self::ObjectGone { object, kind, asset }),
                }
            }
            Change::RemoveObject { source, object } => {
                Some(Self::ObjectForgotten { directory: source.clone(), object: *object })
            }
            Change::PutConstraint(constraint) => Some(Self::of_decision(constraint)),
            Change::RemoveConstraint(constraint) => Some(Self::taken_back(constraint, "")),
            Change::PutMerge(merge) => Some(Self::of_merge(merge)),
            Change::MoveLink { .. }
            | Change::PutWaiting(_)
            | Change::RemoveWaiting { .. }
            | Change::NoteSighting { .. }
            | Change::PutUser(_)
            | Change::PutGroup(_) => None,
        }
    }

    fn of_asset(asset: &Asset, is_new: bool, changed: Option<&BTreeSet<String>>) -> Option<Self> {
        let (id, version) = (asset.id, asset.version);
        let state = || {
            let records = asset.parts.iter().map(|part| (part.source.clone(), part.presence));
            (asset.live_names().cloned().collect(), records.collect())
        };
        if is_new {
            let (names, records) = state();
            return Some(Self::AssetCreated { asset: id, version, names, records });
        }
        if changed.is_some_and(BTreeSet::is_empty) {
            return None;
        }
        let ((names, records), fields) = (state(), changed.cloned().unwrap_or_default());
        Some(Self::AssetUpdated { asset: id, version, names, records, fields })
    }

    fn of_decision(constraint: &Constraint) -> Self {
        if let Some((_, by)) = &constraint.forgotten {
            return Self::taken_back(constraint, by);
        }
        let Constraint { source, object, asset, kind, by, why, .. } = constraint.clone();
        Self::DecisionMade { directory: source, object, asset, decision: kind, by, why }
    }

    fn taken_back(constraint: &Constraint, by: &str) -> Self {
        let Constraint { source, object, asset, kind, .. } = constraint.clone();
        Self::DecisionTakenBack { directory: source, object, asset, decision: kind, by: by.into() }
    }

    fn of_merge(record: &MergeRecord) -> Self {
        let (merge, survivor, others) = (record.id, record.survivor, record.others().collect());
        match &record.undone {
            Some((_, by)) => Self::AssetsUnmerged { merge, survivor, others, by: by.clone() },
            None => {
                let (by, why) = (record.by.clone(), record.why.clone());
                Self::AssetsMerged { merge, survivor, others, by, why }
            }
        }
    }
}
