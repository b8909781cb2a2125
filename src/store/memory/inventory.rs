//! The records, in ordered maps.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use crate::Result;
use crate::asset::{
    Asset, Batch, Change, CommitOutcome, Constraint, ConstraintKind, DirectoryGroup, DirectoryUser,
    Link, MergeRecord, ObjectKey, Redirect, RunRecord, Sighting, Version, Waiting,
};
use crate::name::MatchKey;
use crate::store::lease::LeaseState;
use crate::value::{
    AssetId, BatchId, Checkpoint, CheckpointKey, MergeId, ObjectGuid, OrganizationId, RunId,
    SourceId,
};

#[derive(Default)]
pub(super) struct Inventory {
    organizations: BTreeMap<OrganizationId, Organization>,
}

#[derive(Default)]
pub(super) struct Organization {
    pub(super) assets: BTreeMap<AssetId, Asset>,
    keys: BTreeMap<MatchKey, BTreeSet<AssetId>>,
    pub(super) users: BTreeMap<ObjectKey, DirectoryUser>,
    pub(super) groups: BTreeMap<ObjectKey, DirectoryGroup>,
    pub(super) constraints: BTreeMap<ConstraintKey, Constraint>,
    pub(super) merges: BTreeMap<MergeId, MergeRecord>,
    pub(super) waiting: BTreeMap<(SourceId, ObjectGuid), Waiting>,
    pub(super) redirects: BTreeMap<AssetId, Redirect>,
    pub(super) sources: BTreeMap<SourceId, Source>,
    batches: BTreeSet<BatchId>,
}

#[derive(Default)]
pub(super) struct Source {
    pub(super) links: BTreeMap<ObjectGuid, Link>,
    pub(super) checkpoints: BTreeMap<CheckpointKey, Checkpoint>,
    pub(super) runs: BTreeMap<RunId, RunRecord>,
    pub(super) leases: LeaseState,
    /// Each once, since many objects stand in one container.
    sightings: HashSet<Arc<Sighting>>,
}

type ConstraintKey = (SourceId, ObjectGuid, AssetId, ConstraintKind);

impl Inventory {
    pub(super) fn organization(&self, organization: &OrganizationId) -> Option<&Organization> {
        self.organizations.get(organization)
    }

    pub(super) fn source(
        &self,
        organization: &OrganizationId,
        source: &SourceId,
    ) -> Option<&Source> {
        self.organization(organization)?.sources.get(source)
    }

    pub(super) fn source_mut(
        &mut self,
        organization: &OrganizationId,
        source: &SourceId,
    ) -> &mut Source {
        let organization = self.organizations.entry(organization.clone()).or_default();
        organization.sources.entry(source.clone()).or_default()
    }

    pub(super) fn commit(&mut self, batch: Batch) -> Result<CommitOutcome> {
        let organization = self.organizations.entry(batch.organization.clone()).or_default();
        if organization.batches.contains(&batch.id) {
            return Ok(CommitOutcome::AlreadyApplied);
        }
        if let Some(token) = batch.lease {
            let source = organization.sources.entry(batch.source.clone()).or_default();
            source.leases.check(&batch.source, token)?;
        }
        let conflicts = organization.conflicts(&batch.changes);
        if !conflicts.is_empty() {
            return Ok(CommitOutcome::Conflict(conflicts));
        }
        organization.write(batch);
        Ok(CommitOutcome::Applied)
    }
}

impl Source {
    fn put_link(&mut self, mut link: Link) {
        if let Some(seen) = &mut link.seen {
            match self.sightings.get(seen) {
                Some(known) => *seen = Arc::clone(known),
                None => _ = self.sightings.insert(Arc::clone(seen)),
            }
        }
        self.links.insert(link.object, link);
    }
}

impl Organization {
    pub(super) fn candidates(&self, keys: &[MatchKey]) -> Vec<Asset> {
        let ids: BTreeSet<&AssetId> =
            keys.iter().filter_map(|key| self.keys.get(key)).flatten().collect();
        ids.into_iter().filter_map(|id| self.assets.get(id)).cloned().collect()
    }

    /// The assets that are not at the versions the changes expect, when these are made one after the
    /// other.
    fn conflicts(&self, changes: &[Change]) -> Vec<AssetId> {
        let mut versions: BTreeMap<AssetId, Option<Version>> = BTreeMap::new();
        let mut conflicts = BTreeSet::new();
        for change in changes {
            let (id, expected, next) = match change {
                Change::PutAsset { expected, asset } => (asset.id, *expected, Some(asset.version)),
                Change::RemoveAsset { id, expected, .. } => (*id, Some(*expected), None),
                _ => continue,
            };
            let stored = || self.assets.get(&id).map(|asset| asset.version);
            let present = versions.entry(id).or_insert_with(stored);
            if *present == expected {
                *present = next;
            } else {
                conflicts.insert(id);
            }
        }
        conflicts.into_iter().collect()
    }

    fn write(&mut self, batch: Batch) {
        let removed = batch.removed_assets();
        for change in batch.changes {
            self.write_change(&batch.source, change);
        }
        self.drop_links(&removed);
        let source = self.sources.entry(batch.source).or_default();
        if let Some(checkpoint) = batch.checkpoint {
            source.checkpoints.insert(checkpoint.key, checkpoint);
        }
        if let Some(run) = batch.run {
            source.runs.insert(run.id, run);
        }
        self.batches.insert(batch.id);
    }

    fn write_change(&mut self, source: &SourceId, change: Change) {
        let own = self.sources.entry(source.clone()).or_default();
        match change {
            Change::PutAsset { asset, .. } => self.put_asset(*asset),
            Change::RemoveAsset { id, expected: version, to } => {
                self.remove_asset(id);
                self.redirects.extend(to.map(|to| (id, Redirect { from: id, to, version })));
            }
            Change::PutLink(link) => own.put_link(link),
            Change::RemoveLink(object) => {
                own.links.remove(&object);
                self.waiting.remove(&(source.clone(), object));
            }
            Change::MoveLink { source, object, asset, home } => {
                let links = self.sources.get_mut(&source).map(|source| &mut source.links);
                if let Some(link) = links.and_then(|links| links.get_mut(&object)) {
                    (link.asset, link.home) = (asset, home);
                }
            }
            Change::NoteSighting { object, seen } => {
                if let Some(link) = own.links.get(&object).cloned() {
                    own.put_link(Link { seen: Some(seen), ..link });
                }
            }
            Change::PutWaiting(waiting) => {
                self.waiting.insert((waiting.source.clone(), waiting.object), *waiting);
            }
            Change::RemoveWaiting { source, object } => {
                self.waiting.remove(&(source, object));
            }
            Change::PutUser(user) => {
                self.users.insert(user.key(), *user);
            }
            Change::PutGroup(group) => {
                self.groups.insert(group.key(), *group);
            }
            Change::PutConstraint(constraint) => {
                self.constraints.insert(key_of(&constraint), constraint);
            }
            Change::RemoveConstraint(constraint) => {
                self.constraints.remove(&key_of(&constraint));
            }
            Change::PutMerge(record) => {
                self.merges.insert(record.id, *record);
            }
        }
    }

    fn put_asset(&mut self, asset: Asset) {
        self.remove_asset(asset.id);
        self.redirects.remove(&asset.id);
        for key in asset.match_keys() {
            self.keys.entry(key).or_default().insert(asset.id);
        }
        self.assets.insert(asset.id, asset);
    }

    /// Drops the links to those of these assets that are not there.
    fn drop_links(&mut self, removed: &BTreeSet<AssetId>) {
        let gone = |id: &AssetId| removed.contains(id) && !self.assets.contains_key(id);
        if !removed.is_empty() {
            for source in self.sources.values_mut() {
                source.links.retain(|_, link| !link.asset.as_ref().is_some_and(gone));
            }
        }
    }

    fn remove_asset(&mut self, id: AssetId) {
        let Some(asset) = self.assets.remove(&id) else { return };
        for key in asset.match_keys() {
            if let Some(ids) = self.keys.get_mut(&key) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.keys.remove(&key);
                }
            }
        }
    }
}

fn key_of(constraint: &Constraint) -> ConstraintKey {
    (constraint.source.clone(), constraint.object, constraint.asset, constraint.kind)
}
