//! What a read of changes says beyond the changed objects, and why a read was not one.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::{ObjectGuid, ObjectKind};

/// An object that changed and is not in scope any more, as far as the account can see.
///
/// It may never have been in scope: a read of changes knows only what changed, not what was known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RemovedObject {
    /// Which object.
    pub object: ObjectGuid,
    /// What it is, where the directory still says so.
    pub kind: Option<ObjectKind>,
    /// Whether it was deleted: the account sees its tombstone. Otherwise it was moved elsewhere, does not match the filter
    /// any more, was deleted without a tombstone that the account may see, or may not be read any more. These cannot be
    /// told apart.
    pub deleted: bool,
}

impl RemovedObject {
    /// One of which the account sees the tombstone.
    pub fn deleted(object: ObjectGuid, kind: Option<ObjectKind>) -> Self {
        Self { object, kind, deleted: true }
    }

    /// One that is not in scope any more, for whatever reason.
    pub fn out_of_scope(object: ObjectGuid, kind: Option<ObjectKind>) -> Self {
        Self { object, kind, deleted: false }
    }
}

/// Why everything was read, and not only what changed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FullReadReason {
    /// It was asked for.
    Asked,
    /// The server does not accept the checkpoint any more, or it is not one that this version wrote.
    CheckpointRefused,
    /// The server's database was restored: update numbers do not continue those of the checkpoint.
    DatabaseRestored,
    /// The configured interval between full reads has passed.
    Due,
    /// An export was read since, which may be older than what the checkpoint stands for.
    ExportRead,
    /// The inventory has other assets than at the last read, and the task leaves out computers that it does not know:
    /// what it did not know then it may know now.
    InventoryChanged,
    /// Other zones of the DNS can be read than at the last read, or other subnets of AD sites: every computer may have another
    /// address, or be at another site.
    NetworkChanged,
    /// There is no checkpoint to go on from.
    NoCheckpoint,
    /// Another server answered. What it knows may lag behind what was read before.
    OtherServer,
    /// The task's own rules are not those of the last run: what they left out then may be in now.
    RulesChanged,
    /// Bases, filter, kinds, attributes, account or domain are not those of the checkpoint.
    ScopeChanged,
    /// The server does not tell what changed.
    Unsupported,
    /// So much hangs together with what changed that everything is read as fast: most of all, memberships of a
    /// group that many belong to.
    Widespread,
}

impl fmt::Display for FullReadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Asked => "a full read was asked for",
            Self::CheckpointRefused => "the checkpoint of the last read is not accepted any more",
            Self::DatabaseRestored => "the server's database was restored since the last read",
            Self::Due => "the interval between full reads has passed",
            Self::ExportRead => "an export was read since, which may be an older one",
            Self::InventoryChanged => {
                "unknown computers are left out, and the inventory has other assets than at the last read"
            }
            Self::NetworkChanged => {
                "the zones of the DNS, or the subnets of the AD sites, are not those of the last read"
            }
            Self::NoCheckpoint => "there is no checkpoint of an earlier read",
            Self::OtherServer => "another server answered than at the last read",
            Self::RulesChanged => "the task's rules are not those of the last run",
            Self::ScopeChanged => {
                "bases, filter, kinds, attributes, account or domain are not those of the last read"
            }
            Self::Unsupported => "the server does not tell what changed",
            Self::Widespread => "most of the directory hangs together with what changed",
        })
    }
}
