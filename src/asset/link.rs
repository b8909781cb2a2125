//! What the inventory knows of each object of a directory.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Home;
use crate::name::DistinguishedName;
use crate::value::{AssetId, ObjectGuid, ObjectKind, RecordDigest, Timestamp, View};

/// What the inventory knows of one object of one directory: where it went and what it looked like.
///
/// Small, since a run reads all of them.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Link {
    /// The object.
    pub object: ObjectGuid,
    /// What it is.
    pub kind: ObjectKind,
    /// The asset it is tied to. `None` for users and groups, and for a computer that waits for a person's
    /// decision because several assets fit it equally well.
    pub asset: Option<AssetId>,
    /// Where the rules alone have it, if a person's decision has it elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub home: Option<Home>,
    /// What it looked like when it was last written.
    pub digest: RecordDigest,
    /// The digest of its DN in normal form, by which a member of a group is known, and a moved object.
    pub dn_digest: RecordDigest,
    /// How many attributes it had. Fewer than before on many objects at once are a sign of lost read rights.
    pub attributes: u32,
    /// Whether the directory still has it.
    pub presence: Presence,
    /// Where it was last seen, and by whom: only a read that covers this may conclude that it is gone. `None`
    /// in an inventory from before links remembered it, until it is seen again; nobody can tell then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Arc<Sighting>>,
}

/// Where an object was last seen, and by whom.
///
/// Shared by all objects in one container: stores do well to keep each once.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
pub struct Sighting {
    /// The DN of what it stands in, in [normal form](DistinguishedName::normalized). `None` where that was not
    /// written down, though the scope was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Box<str>>,
    /// Who saw it.
    pub view: View,
}

impl Sighting {
    /// An object with this DN, seen like this.
    pub fn of(dn: &DistinguishedName, view: View) -> Self {
        let normalized = dn.normalized();
        Self { container: Some(DistinguishedName::normalized_parent(&normalized).into()), view }
    }
}

impl Link {
    /// What is known of an object of this kind that is there: nothing more yet.
    pub fn new(kind: ObjectKind, object: ObjectGuid) -> Self {
        Self {
            object,
            kind,
            asset: None,
            home: None,
            digest: RecordDigest::default(),
            dn_digest: RecordDigest::default(),
            attributes: 0,
            presence: Presence::Present,
            seen: None,
        }
    }

    /// Where the rules alone have the object.
    pub fn by_rules(&self) -> Home {
        self.home.unwrap_or(Home::of(self.asset))
    }
}

/// Whether a directory still has an object, as far as complete reads tell.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Presence {
    /// It was in the last read that could tell.
    #[default]
    Present,
    /// Complete reads since then did not show it. It comes back by itself.
    Missing {
        /// The first complete read without it.
        since: Timestamp,
        /// How many complete reads in a row were without it.
        runs: u32,
    },
    /// It was missing for longer than the grace period. It still comes back by itself.
    Gone {
        /// The first complete read without it.
        since: Timestamp,
    },
}

impl Presence {
    /// Whether it is present.
    pub fn is_present(self) -> bool {
        matches!(self, Self::Present)
    }

    /// The word for it: `present`, `missing` or `gone`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Present => "present",
            Self::Missing { .. } => "missing",
            Self::Gone { .. } => "gone",
        }
    }
}
