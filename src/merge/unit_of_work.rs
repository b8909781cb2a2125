//! Assets on their way from how the store has them to how they shall be.

use std::collections::BTreeMap;

use crate::asset::{Asset, Change, Redirect, Version};
use crate::value::AssetId;

/// Some assets: as they were loaded, and as they shall be. Several computers may change one of them before it is written.
#[derive(Debug, Default)]
pub(crate) struct UnitOfWork {
    /// As the store has them, if it has them, and as they shall be.
    assets: BTreeMap<AssetId, (Option<Asset>, Asset)>,
    /// Where the records of an asset went that may have none left.
    leads: BTreeMap<AssetId, AssetId>,
    /// The last versions of assets that had gone. One that comes back goes on counting from there.
    gone: BTreeMap<AssetId, Version>,
}

impl UnitOfWork {
    /// Of assets as the store has them, and where the ids of others lead.
    pub(crate) fn of(
        assets: impl IntoIterator<Item = Asset>,
        gone: impl IntoIterator<Item = Redirect>,
    ) -> Self {
        let assets = assets.into_iter().map(|asset| (asset.id, (Some(asset.clone()), asset)));
        Self {
            assets: assets.collect(),
            leads: BTreeMap::new(),
            gone: gone.into_iter().map(|gone| (gone.from, gone.version)).collect(),
        }
    }

    /// An asset, if it is there, as it shall be by now.
    pub(super) fn asset(&self, id: AssetId) -> Option<&Asset> {
        self.assets.get(&id).map(|(_, asset)| asset)
    }

    /// Adds an asset that is not there yet.
    pub(super) fn add(&mut self, asset: Asset) {
        self.assets.insert(asset.id, (None, Asset { version: 0, ..asset }));
    }

    /// Changes an asset; the error is the id of one that is not there.
    pub(crate) fn update(
        &mut self,
        id: AssetId,
        change: impl FnOnce(Asset) -> Asset,
    ) -> Result<(), AssetId> {
        let (was, asset) = self.assets.remove(&id).ok_or(id)?;
        self.assets.insert(id, (was, change(asset)));
        Ok(())
    }

    /// Notes where the id of an asset leads if nothing is left of it.
    pub(super) fn lead(&mut self, from: AssetId, to: Option<AssetId>) {
        self.leads.extend(to.map(|to| (from, to)));
    }

    /// A change for each asset that is not as it was loaded, in the order of their ids. One that has no part left
    /// goes.
    pub(crate) fn into_changes(self) -> Vec<Change> {
        let Self { assets, leads, gone } = self;
        let is_changed = |was: &Option<Asset>, asset: &Asset| {
            was.as_ref().is_none_or(|was| was.version != asset.version)
        };
        let changed = assets.into_values().filter(|(was, asset)| is_changed(was, asset));
        changed
            .map(|(was, mut asset)| match was {
                Some(was) if asset.parts.is_empty() => {
                    let to = leads.get(&asset.id).copied();
                    Change::RemoveAsset { id: asset.id, expected: was.version, to }
                }
                // However many computers changed it, it is written once.
                Some(was) => Change::update(&was, asset),
                None => {
                    let former = gone.get(&asset.id).copied();
                    asset.version = former.unwrap_or(0).saturating_add(1);
                    Change::create(asset)
                }
            })
            .collect()
    }
}
