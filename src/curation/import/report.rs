//! What an import did.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::record::LeftOut;
use crate::merge::Level;
use crate::name::Hostname;
use crate::value::AssetId;

/// What an import did. Every line of the file is one of `created`, `joined`, `updated`, `unchanged`, `outdated`, or left
/// out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Imported {
    /// Records that are new assets.
    pub created: usize,
    /// Records that are known by the source, and that say something new.
    pub updated: usize,
    /// Records that are known, and say nothing new.
    pub unchanged: usize,
    /// Records that are new to the source, and that belong to assets which others know already.
    pub joined: usize,
    /// Records of which the source has said something that was seen later. They change nothing.
    pub outdated: usize,
    /// Records that a complete scan does not have any more: the asset that each is part of, and what it was called.
    #[serde(serialize_with = "by_asset")]
    pub ended: Vec<(AssetId, Option<Hostname>)>,
    /// Why nothing of what a complete scan does not have was ended, if so.
    pub not_ended: Option<String>,
    /// Records that are new assets because it cannot be told which ones of those that are there they belong to.
    pub ambiguous: Vec<AmbiguousRecord>,
    /// What was left out, in order of the lines.
    pub left_out: Vec<LeftOut>,
    /// What an export of runZero's has beside, which an import has no use for: each field with how many lines have it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub passed_over: BTreeMap<String, usize>,
}

/// A record that could be several assets, or one that another line could be as well, so that it is a new one.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct AmbiguousRecord {
    /// The line of the file.
    pub line: usize,
    /// What it is called.
    pub name: Option<Hostname>,
    /// The new asset.
    pub asset: AssetId,
    /// How good the evidence is; `None` if the names are exactly those of records which the source has.
    pub level: Option<Level>,
    /// The assets that it could be. A person may [merge](crate::curation::Curation::merge) it with one of them.
    pub candidates: Vec<AssetId>,
}

fn by_asset<S: Serializer>(
    ended: &[(AssetId, Option<Hostname>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Ended<'a> {
        asset: AssetId,
        name: Option<&'a Hostname>,
    }
    serializer
        .collect_seq(ended.iter().map(|(asset, name)| Ended { asset: *asset, name: name.as_ref() }))
}
