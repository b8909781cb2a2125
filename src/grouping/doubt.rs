//! Ties that stand, and that a computer of another directory has put in question.

use std::collections::{BTreeMap, BTreeSet};

use super::candidates;
use crate::Result;
use crate::asset::{Asset, AssetRepository, Home, Waiting};
use crate::merge::{Candidate, KnownComputer, KnownDirectories, Standing, is_questioned};
use crate::name::MatchKey;
use crate::value::{AssetId, ObjectGuid, OrganizationId, SourceId};

/// A tie by a bare short name alone, while a computer of another directory waits that has the name and fits as well. It
/// stays until a person or a better name settles it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Doubt {
    /// The asset that the computer is tied to.
    pub asset: AssetId,
    /// The other computer and its directory.
    pub by: String,
}

/// The doubtful ties of a directory's computers, given all computers of the organization that wait. What a person decided
/// is beyond doubt.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn doubts(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
    waiting: &[Waiting],
    standing: &Standing,
    directories: &KnownDirectories,
) -> Result<BTreeMap<ObjectGuid, Doubt>> {
    let others = waiting.iter().filter(|waiting| waiting.source != *source);
    let others: Vec<KnownComputer> =
        others.filter_map(|waiting| known(waiting, directories)).collect();
    let mut by_key: BTreeMap<MatchKey, Vec<usize>> = BTreeMap::new();
    for (place, other) in others.iter().enumerate() {
        for key in other.computer.match_keys() {
            by_key.entry(key).or_default().push(place);
        }
    }
    let keys: Vec<MatchKey> = by_key.keys().cloned().collect();
    let policy = directories.policy_of(source);
    let mut doubts = BTreeMap::new();
    for asset in candidates(repository, organization, &keys).await? {
        let candidate = Candidate::of(&asset);
        let met = asset.match_keys();
        let met: BTreeSet<usize> =
            met.iter().filter_map(|key| by_key.get(key)).flatten().copied().collect();
        for own in computers(&asset, source, directories) {
            let questions = |other: &&KnownComputer| {
                let KnownComputer { source, computer, .. } = other;
                standing.cannot(source, computer.object, asset.id).is_none()
                    && is_questioned(&candidate, &own, other, policy)
            };
            let is_decided = standing.must(source, own.computer.object).is_some();
            let mut met = met.iter().filter_map(|place| others.get(*place));
            if let Some(other) = met.find(questions).filter(|_| !is_decided) {
                let by = other.to_string();
                doubts.insert(own.computer.object, Doubt { asset: asset.id, by });
            }
        }
    }
    Ok(doubts)
}

fn known(waiting: &Waiting, directories: &KnownDirectories) -> Option<KnownComputer> {
    let part = waiting.record.parts.first().filter(|part| part.presence.is_present())?;
    let waits = waiting.home() == Home::Waiting;
    directories.known_computer(&waiting.record, part, None).filter(|_| waits)
}

fn computers<'a>(
    asset: &'a Asset,
    source: &'a SourceId,
    directories: &'a KnownDirectories,
) -> impl Iterator<Item = KnownComputer> {
    let parts = asset.parts.iter().filter(|part| part.source == *source);
    let present = parts.filter(|part| part.presence.is_present());
    present.filter_map(|part| directories.known_computer(asset, part, Some(asset.id)))
}
