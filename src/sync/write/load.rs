//! The assets of a batch.

use std::collections::BTreeMap;

use crate::Result;
use crate::asset::{Asset, Change, Home, Link, Version, Waiting};
use crate::merge::{self, Decision, Record, Verdict};
use crate::sync::decide::{Decided, Matching};
use crate::sync::run::Run;
use crate::value::AssetId;

/// Assets of a batch: as they were loaded, and as they shall be.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    assets: BTreeMap<AssetId, (Option<Version>, Asset)>,
    /// Where the records of an asset went that may have none left.
    pub(super) leads: BTreeMap<AssetId, AssetId>,
    /// The last versions of assets that had gone.
    gone: BTreeMap<AssetId, Version>,
}

impl Loaded {
    /// Loads these assets, as far as they are there.
    pub(super) async fn of(run: &Run<'_>, ids: &[AssetId]) -> Result<Self> {
        let mut loaded = Self::default();
        if ids.is_empty() {
            return Ok(loaded);
        }
        for asset in run.repository.assets(&run.task.organization, ids).await? {
            loaded.assets.insert(asset.id, (Some(asset.version), asset));
        }
        let mut missing = ids.to_vec();
        missing.retain(|id| !loaded.assets.contains_key(id));
        if !missing.is_empty() {
            let gone = run.repository.redirects(&run.task.organization, &missing).await?;
            loaded.gone = gone.into_iter().map(|gone| (gone.from, gone.version)).collect();
        }
        Ok(loaded)
    }

    /// Makes sure that an asset is loaded to which a computer goes: a new one is made, and one of which decisions have
    /// left nothing.
    pub(super) fn reach(
        &mut self,
        id: AssetId,
        decided: &Decided<'_>,
        matching: &Matching,
        run: &Run<'_>,
    ) -> Result<(), AssetId> {
        if self.assets.contains_key(&id) {
            return Ok(());
        }
        let is_home = decided.spot.is_some_and(|spot| spot.home == Home::Asset(id));
        let known = matching.site(Home::Asset(id));
        if is_home && known.is_none() && decided.rules.verdict != Verdict::Create {
            return Err(id);
        }
        let site = known.unwrap_or(&run.task.site).clone();
        let organization = run.task.organization.clone();
        self.assets.insert(id, (None, Asset { version: 0, ..Asset::new(id, organization, site) }));
        Ok(())
    }

    /// Changes a loaded asset; the error is the id of one that is not there.
    pub(super) fn update(
        &mut self,
        id: AssetId,
        change: impl FnOnce(Asset) -> Asset,
    ) -> Result<(), AssetId> {
        let (expected, asset) = self.assets.remove(&id).ok_or(id)?;
        self.assets.insert(id, (expected, change(asset)));
        Ok(())
    }

    /// Moves the record of a known computer that was not read, as it is, to an asset that came since.
    pub(super) fn move_record(
        &mut self,
        run: &Run<'_>,
        decision: &Decision,
        from: AssetId,
        to: AssetId,
    ) -> Result<Vec<Change>, AssetId> {
        let task = run.task;
        let writing = run.write_context(decision.object);
        let (source, object) = (task.source.clone(), decision.object);
        let mut carried = None;
        if !self.assets.contains_key(&to) {
            return Err(to);
        }
        self.update(from, |asset| {
            carried = Record::in_asset(&asset, &source, object);
            merge::detach(asset, &source, object, &writing)
        })?;
        let Some(record) = carried else { return Ok(Vec::new()) };
        self.update(to, |asset| {
            let joined = merge::join(&asset, record, &task.matching);
            let told = merge::record_match(joined, &decision.reason, &writing);
            let site = told.site.clone();
            let told = merge::at_home(told, Home::Asset(to), &site, &writing);
            merge::in_order(told, &task.matching)
        })?;
        self.leads.insert(from, to);
        Ok(vec![Change::MoveLink { source, object, asset: Some(to), home: None }])
    }

    /// Notes the new home of a known computer that was not read, where it is. What people decided has a say in where it
    /// is shown: the end of the run settles that.
    pub(super) fn note_home(
        &mut self,
        run: &Run<'_>,
        matching: &Matching,
        decision: &Decision,
        link: &Link,
        to: AssetId,
    ) -> Result<Vec<Change>, AssetId> {
        let task = run.task;
        let writing = run.write_context(decision.object);
        let (source, object, home) = (task.source.clone(), decision.object, Home::Asset(to));
        let known = self.assets.get(&to).map(|(_, asset)| &asset.site);
        let site = matching.site(home).or(known).unwrap_or(&task.site).clone();
        let arrive = |record: Asset| {
            let tied = merge::record_match(record, &decision.reason, &writing);
            merge::at_home(tied, home, &site, &writing)
        };
        let mut changes = Vec::new();
        match (link.asset, matching.waiting(object)) {
            (Some(shown), _) => {
                self.update(shown, |asset| merge::in_order(arrive(asset), &task.matching))?;
            }
            (None, Some(waiting)) => {
                let record = Asset { version: 1, ..arrive(waiting.record.clone()) };
                changes.push(Change::PutWaiting(Box::new(Waiting { record, ..waiting.clone() })));
            }
            (None, None) => return Ok(changes),
        }
        let home = home.away_from(link.asset);
        changes.push(Change::MoveLink { source, object, asset: link.asset, home });
        Ok(changes)
    }

    /// A change for each asset that is not as it was loaded, in the order of their ids. One that has no part left
    /// goes.
    pub(super) fn into_changes(self) -> Vec<Change> {
        let Self { assets, leads, gone } = self;
        let changed =
            assets.into_values().filter(|(expected, asset)| *expected != Some(asset.version));
        changed
            .map(|(expected, mut asset)| match expected {
                Some(expected) if asset.parts.is_empty() => {
                    let to = leads.get(&asset.id).copied();
                    Change::RemoveAsset { id: asset.id, expected, to }
                }
                _ => {
                    let former = expected.or_else(|| gone.get(&asset.id).copied());
                    asset.version = former.unwrap_or(0).saturating_add(1);
                    Change::PutAsset { expected, asset: Box::new(asset) }
                }
            })
            .collect()
    }
}
