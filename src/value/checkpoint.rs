//! Where a read of a directory ended, so that the next one can go on from there.

use std::collections::BTreeSet;

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
#[non_exhaustive]
pub struct Checkpoint {
    /// Under what it is kept, one of each key for a source: a digest of what a task reads, as it is configured, so that it is
    /// known before anything is read. Several tasks may read one directory, each below other bases or through another
    /// filter, and each goes on from where itself ended. A source leaves it at the default, which is also that of an
    /// inventory that kept one checkpoint for a directory.
    #[serde(default)]
    pub key: RecordDigest,
    /// What the token is for.
    pub mode: ReadMode,
    /// The digest of the scope that the read covered: bases, filters, account, identity of the domain. A token for another scope says nothing about this one.
    pub scope: RecordDigest,
    /// The directory source's own words: a cookie, or a server's invocation id and update number.
    pub token: Vec<u8>,
    /// When everything was last read. Reads of changes pass it on, so that the next full read comes in time.
    /// A source leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_read: Option<Timestamp>,
    /// When it was last made sure what is there, by a full read or by a census. Runs pass it on. A source leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub census: Option<Timestamp>,
    /// How many runs did without since. A source leaves it at zero.
    #[serde(default)]
    pub runs_since_census: u32,
    /// How many objects were there then. A source leaves it at zero.
    #[serde(default)]
    pub objects: u64,
    /// The digest of the rules that a run decided by. Under others, what did not change may go elsewhere. A source
    /// leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<RecordDigest>,
    /// The digest of what the inventory had from elsewhere than the directory, if the task leaves out computers that
    /// the inventory does not know: with other assets, what did not change may be known. A source leaves it empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assets: Option<RecordDigest>,
    /// What is to be read again, changed or not: computers that were left out although an asset has one of their names, since
    /// something else may let them in, and groups that did not show all their members. A source leaves it empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub again: BTreeSet<ObjectGuid>,
}

impl Checkpoint {
    /// A checkpoint as a directory source leaves it.
    pub fn new(mode: ReadMode, scope: RecordDigest, token: Vec<u8>) -> Self {
        Self {
            key: RecordDigest::default(),
            mode,
            scope,
            token,
            full_read: None,
            census: None,
            runs_since_census: 0,
            objects: 0,
            rules: None,
            assets: None,
            again: BTreeSet::new(),
        }
    }
}
