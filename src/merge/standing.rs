//! The decisions of people that stand.

use std::collections::{BTreeMap, BTreeSet};

use crate::asset::{Constraint, ConstraintKind, MergeRecord};
use crate::value::{AssetId, ObjectGuid, SourceId, Timestamp};

/// The decisions of people that stand, those on a merged asset as decisions on what it became part of.
///
/// Of several decisions on one object and asset the latest holds; of two at the same instant the one that keeps
/// them apart. Of several must-links of one object the latest holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    /// What each merged asset became part of, and when.
    merged: BTreeMap<AssetId, (AssetId, Timestamp)>,
    /// In the order of time.
    constraints: BTreeMap<(SourceId, ObjectGuid), Vec<Constraint>>,
    /// Assets that decisions name, as they name them.
    named: BTreeSet<AssetId>,
}

impl Standing {
    /// Those of all decisions that stand. Their order does not matter.
    pub(crate) fn of(constraints: &[Constraint], merges: &[MergeRecord]) -> Self {
        let mut standing = Self::default();
        let mut merges: Vec<&MergeRecord> = merges.iter().filter(|merge| merge.stands()).collect();
        merges.sort_by_key(|merge| (merge.at, merge.id));
        for merge in merges {
            standing.named.insert(merge.survivor);
            for other in merge.others() {
                standing.named.insert(other);
                standing.merged.insert(other, (merge.survivor, merge.at));
            }
        }
        for constraint in constraints.iter().filter(|constraint| constraint.stands()) {
            standing.named.insert(constraint.asset);
            let asset = standing.survivor(constraint.asset);
            let key = (constraint.source.clone(), constraint.object);
            let decided = Constraint { asset, ..constraint.clone() };
            standing.constraints.entry(key).or_default().push(decided);
        }
        for decided in standing.constraints.values_mut() {
            decided.sort_by_key(|decided| (decided.at, decided.kind, decided.asset));
        }
        standing
    }

    /// Whether nobody decided anything.
    pub(crate) fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The assets that the decisions name, and those that these became part of.
    pub(crate) fn named(&self) -> BTreeSet<AssetId> {
        self.named.iter().flat_map(|asset| [*asset, self.survivor(*asset)]).collect()
    }

    /// Whether a decision names an asset.
    pub(super) fn names(&self, asset: AssetId) -> bool {
        self.named.contains(&asset)
    }

    /// The objects of which a person said what they are, or are not.
    pub(crate) fn objects(&self) -> impl Iterator<Item = (&SourceId, ObjectGuid)> {
        self.constraints.keys().map(|(source, object)| (source, *object))
    }

    /// What an asset became part of, or itself.
    pub(crate) fn survivor(&self, asset: AssetId) -> AssetId {
        self.path(asset).last().map_or(asset, |(survivor, _)| survivor)
    }

    /// The decision by which an object is an asset.
    pub(crate) fn must(&self, source: &SourceId, object: ObjectGuid) -> Option<&Constraint> {
        let decided = self.on(source, object);
        let is_must = |c: &&Constraint| c.kind == ConstraintKind::MustLink && holds(decided, c);
        decided.iter().rev().find(is_must)
    }

    /// The decision by which an object is not an asset.
    pub(crate) fn cannot(
        &self,
        source: &SourceId,
        object: ObjectGuid,
        asset: AssetId,
    ) -> Option<&Constraint> {
        let latest = self.latest(source, object, asset)?;
        (latest.kind == ConstraintKind::CannotLink).then_some(latest)
    }

    /// The decision that holds on an object and an asset.
    pub(crate) fn latest(
        &self,
        source: &SourceId,
        object: ObjectGuid,
        asset: AssetId,
    ) -> Option<&Constraint> {
        let survivor = self.survivor(asset);
        self.on(source, object).iter().rev().find(|decided| decided.asset == survivor)
    }

    /// What was decided on an object, oldest first.
    pub(crate) fn on(&self, source: &SourceId, object: ObjectGuid) -> &[Constraint] {
        let key = (source.clone(), object);
        self.constraints.get(&key).map_or(&[], Vec::as_slice)
    }

    /// All decisions on objects.
    pub(crate) fn constraints(&self) -> Vec<Constraint> {
        self.constraints.values().flatten().cloned().collect()
    }

    /// Since when two assets are one.
    pub(super) fn joined(&self, one: AssetId, other: AssetId) -> Option<Timestamp> {
        let path = |asset| [(asset, Timestamp::MIN)].into_iter().chain(self.path(asset));
        let mut since = Timestamp::MIN;
        for (asset, at) in path(one) {
            since = since.max(at);
            let mut latest = Timestamp::MIN;
            for (met, at) in path(other) {
                latest = latest.max(at);
                if met == asset {
                    return Some(since.max(latest));
                }
            }
        }
        None
    }

    /// What an asset became part of, what that became part of, and so on.
    fn path(&self, asset: AssetId) -> impl Iterator<Item = (AssetId, Timestamp)> {
        let next = |(asset, _): &(AssetId, Timestamp)| self.merged.get(asset).copied();
        let first = self.merged.get(&asset).copied();
        // Two records may contradict each other where people decided at once: no asset is met twice.
        std::iter::successors(first, next).take(self.merged.len())
    }
}

fn holds(decided: &[Constraint], constraint: &Constraint) -> bool {
    let latest = decided.iter().rev().find(|other| other.asset == constraint.asset);
    latest == Some(constraint)
}
