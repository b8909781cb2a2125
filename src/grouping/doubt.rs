//! Ties that stand, and that a computer of another directory has put in question.

use std::collections::{BTreeMap, BTreeSet};

use super::{candidates, suffixes_of, tell_suffixes};
use crate::Result;
use crate::asset::{Asset, AssetRepository, Home, Waiting};
use crate::merge::{Candidate, Computer, KnownComputer, Standing, is_questioned};
use crate::name::MatchKey;
use crate::task::MatchPolicy;
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
    policy: &MatchPolicy,
) -> Result<BTreeMap<ObjectGuid, Doubt>> {
    let others = waiting.iter().filter(|waiting| waiting.source != *source);
    let mut others: Vec<KnownComputer> = others.filter_map(known).collect();
    let sources: BTreeSet<SourceId> = others.iter().map(|other| other.source.clone()).collect();
    for source in &sources {
        let suffixes = suffixes_of(repository, organization, source).await?;
        tell_suffixes(others.iter_mut().filter(|other| other.source == *source), &suffixes);
    }
    let mut suffixes = suffixes_of(repository, organization, source).await?;
    suffixes.extend(policy.own_suffixes.iter().cloned());
    let keys: BTreeSet<MatchKey> =
        others.iter().flat_map(|other| other.computer.match_keys()).collect();
    let keys: Vec<MatchKey> = keys.into_iter().collect();
    let mut doubts = BTreeMap::new();
    for asset in candidates(repository, organization, &keys).await? {
        let candidate = Candidate::of(&asset);
        let mut owned = computers(&asset, source);
        tell_suffixes(&mut owned, &suffixes);
        for own in owned {
            let questions = |other: &&KnownComputer| {
                let KnownComputer { source, computer, .. } = other;
                standing.cannot(source, computer.object, asset.id).is_none()
                    && is_questioned(&candidate, &own, other, policy)
            };
            let is_decided = standing.must(source, own.computer.object).is_some();
            if let Some(other) = others.iter().find(questions).filter(|_| !is_decided) {
                let by = other.to_string();
                doubts.insert(own.computer.object, Doubt { asset: asset.id, by });
            }
        }
    }
    Ok(doubts)
}

fn known(waiting: &Waiting) -> Option<KnownComputer> {
    let part = waiting.record.parts.first().filter(|part| part.presence.is_present())?;
    let computer = Computer::of_part(&waiting.record, part, None)?;
    let waits = waiting.home() == Home::Waiting;
    waits.then(|| KnownComputer { source: waiting.source.clone(), computer, asset: None })
}

fn computers(asset: &Asset, source: &SourceId) -> Vec<KnownComputer> {
    let parts = asset.parts.iter().filter(|part| part.source == *source);
    let present = parts.filter(|part| part.presence.is_present());
    let computers = present.filter_map(|part| Computer::of_part(asset, part, None));
    computers
        .map(|computer| KnownComputer { source: source.clone(), computer, asset: Some(asset.id) })
        .collect()
}
