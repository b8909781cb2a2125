//! Where a read of a directory ended, so that the next one can go on from there.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{ObjectGuid, RecordDigest, Timestamp};

/// How a directory was read.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ReadMode {
    /// Every object in scope.
    #[default]
    Full,
    /// What changed, by the DirSync control (MS-ADTS 3.1.1.3.4.1.3).
    DirSync,
    /// What changed, by `uSNChanged` on one server.
    Usn,
}

/// Where a complete read ended. Opaque to stores, which keep it in the same transaction as the data.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Checkpoint {
    /// Under what it is kept, one of each key for a source. A source leaves it empty.
    #[serde(default)]
    pub key: CheckpointKey,
    /// What the token is for.
    pub mode: ReadMode,
    /// The scope that the read covered. A token for another scope says nothing about this one.
    pub scope: ScopeFingerprint,
    /// The directory source's own words: a cookie, or a server's invocation id and update number.
    pub token: Vec<u8>,
    /// When everything was last read. Reads of changes pass it on, so that the next full read comes in time.
    /// A source leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_read: Option<Timestamp>,
    /// The digest of the rules that a run decided by. Under others, what did not change may go elsewhere. A source
    /// leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RecordDigest>,
    /// The digest of what the inventory had from elsewhere than the directory, if the task leaves out computers that
    /// the inventory does not know: with other assets, what did not change may be known. A source leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<RecordDigest>,
    /// Computers to be read again, changed or not: they were left out although an asset has one of their names, and
    /// something else may let them in. A source leaves it empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub again: BTreeSet<ObjectGuid>,
}

impl Checkpoint {
    /// A checkpoint as a directory source leaves it.
    pub fn new(mode: ReadMode, scope: ScopeFingerprint, token: Vec<u8>) -> Self {
        Self {
            key: CheckpointKey::default(),
            mode,
            scope,
            token,
            full_read: None,
            rules: None,
            assets: None,
            again: BTreeSet::new(),
        }
    }
}

/// What a checkpoint is kept under: a digest of what a task reads, as it is configured, so that it is known before
/// anything is read.
///
/// Several tasks may read one directory, each below other bases or through another filter. Each goes on from
/// where itself ended. The key of an inventory that kept one checkpoint for a directory is the default.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
pub struct CheckpointKey(pub [u8; 16]);

impl CheckpointKey {
    /// The key of these parts, in this order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(ScopeFingerprint::of(parts).0)
    }
}

impl fmt::Display for CheckpointKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::RecordDigest(self.0).fmt(f)
    }
}

/// A digest of what a read covers: bases, filters, account and domain identity.
///
/// A token for one scope says nothing about what changed in another.
#[derive(Clone, Copy, Eq, Hash, PartialEq, Deserialize, Serialize)]
pub struct ScopeFingerprint(pub [u8; 16]);

impl ScopeFingerprint {
    /// The fingerprint of these parts, in this order.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = super::RecordDigest::hasher();
        for part in parts {
            digest.text(part);
        }
        Self(digest.finish().0)
    }
}

impl fmt::Debug for ScopeFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeFingerprint({})", super::RecordDigest(self.0))
    }
}
