//! Known computers that another asset may be the same thing as.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use futures::TryStreamExt;

use super::surroundings::View;
use crate::Result;
use crate::asset::{Asset, SourceRecord};
use crate::directory::Outline;
use crate::grouping::{self, Scene};
use crate::membership::Links;
use crate::merge::{self, Computer};
use crate::name::MatchKey;
use crate::sync::read::Snapshot;
use crate::sync::run::Run;
use crate::value::{AssetId, ObjectGuid};

/// Known computers whose asset has nothing but records of directories, although another asset has one of their names.
#[derive(Debug, Default)]
pub(super) struct Alone {
    /// As the inventory has them.
    pub(super) computers: Vec<Computer>,
}

/// Known computers that look other than they did, or are back.
pub(super) async fn changed(
    run: &Run<'_>,
    snapshot: &Snapshot,
    links: &Links,
) -> Result<HashSet<ObjectGuid>> {
    let mut changed = HashSet::new();
    for objects in snapshot.computers.outlines().chunks(16 * Run::AT_ONCE) {
        run.pause().await?;
        let is_changed = |object: &&Outline| {
            let link = links.get(&object.guid);
            link.is_some_and(|link| !link.presence.is_present() || link.digest != object.digest)
        };
        changed.extend(objects.iter().filter(is_changed).map(|object| object.guid));
    }
    Ok(changed)
}

/// Looks for them among the computers of the run's directory, as the rules alone have them.
struct Search<'a> {
    run: &'a Run<'a>,
    view: View<'a>,
    /// Assets that decisions have to do with.
    decided: HashSet<AssetId>,
    /// Where the rules alone have what is in them.
    homes: Vec<Asset>,
}

impl Alone {
    /// Finds them. `changed` are known computers as they were read that look other than before: they may have other
    /// names than the inventory knows.
    pub(super) async fn find(
        run: &Run<'_>,
        links: &Links,
        scene: &Scene,
        changed: &[&Computer],
        view: View<'_>,
    ) -> Result<Self> {
        let mut alone = Self::default();
        let search = Search {
            run,
            view,
            decided: scene.assets.iter().map(|asset| asset.id).collect(),
            homes: merge::by_home(&scene.assets, &scene.waiting, &run.task.matching),
        };
        search.by_known_names(scene, &mut alone).await?;
        search.by_new_names(links, changed, &mut alone).await?;
        Ok(alone)
    }
}

impl Search<'_> {
    async fn by_known_names(&self, scene: &Scene, alone: &mut Alone) -> Result<()> {
        let beside = self.others_with(keys(&self.homes)).await?;
        let looked_at: HashSet<AssetId> = beside.iter().map(|asset| asset.id).collect();
        let by_rules: Vec<Asset> = self.homes.iter().cloned().chain(beside).collect();
        sharing(&by_rules, &by_rules).for_each(|asset| self.add(asset, alone));
        let shown = keys(&scene.assets);
        let mut open = Vec::new();
        let Run { task, repository, options, now, .. } = *self.run;
        let (organization, source) = (&task.organization, &task.source);
        let mut overlapping = grouping::alone_beside_others(repository, organization, source, now)?;
        while let Some(asset) = overlapping.try_next().await? {
            options.cancellation.check()?;
            if self.decided.contains(&asset.id) || looked_at.contains(&asset.id) {
                continue;
            }
            if asset.match_keys().is_disjoint(&shown) {
                self.add(&asset, alone);
            } else {
                open.push(asset);
            }
        }
        let others = self.others_with(keys(&open)).await?;
        sharing(&open, &others).for_each(|asset| self.add(asset, alone));
        Ok(())
    }

    /// Those that have the name of another asset by what was read just now.
    async fn by_new_names(
        &self,
        links: &Links,
        changed: &[&Computer],
        alone: &mut Alone,
    ) -> Result<()> {
        let new: BTreeSet<MatchKey> = changed.iter().flat_map(|it| it.match_keys()).collect();
        let others = self.others_with(new).await?;
        let owners = owners(self.homes.iter().chain(&others));
        let meets_another = |computer: &Computer, home: AssetId| {
            computer.match_keys().any(|key| is_of_another(&owners, &key, home))
        };
        let meeting = changed.iter().filter_map(|computer| {
            let home = links.get(&computer.object)?.by_rules().asset()?;
            meets_another(computer, home).then_some(home)
        });
        let meeting: BTreeSet<AssetId> = meeting.collect();
        let at_home = self.homes.iter().filter(|asset| meeting.contains(&asset.id));
        at_home.for_each(|asset| self.add(asset, alone));
        let rest: Vec<AssetId> =
            meeting.into_iter().filter(|home| !self.decided.contains(home)).collect();
        if !rest.is_empty() {
            let Run { task, repository, .. } = *self.run;
            let assets = repository.assets(&task.organization, &rest).await?;
            assets.iter().for_each(|asset| self.add(asset, alone));
        }
        Ok(())
    }

    /// The assets that have one of these keys and that decisions have nothing to do with.
    async fn others_with(&self, keys: BTreeSet<MatchKey>) -> Result<Vec<Asset>> {
        let keys: Vec<MatchKey> = keys.into_iter().collect();
        let Run { task, repository, .. } = *self.run;
        let mut found = grouping::candidates(repository, &task.organization, &keys).await?;
        found.retain(|asset| !self.decided.contains(&asset.id));
        Ok(found)
    }

    fn add(&self, asset: &Asset, alone: &mut Alone) {
        if grouping::is_alone(asset) {
            let own = asset.parts.iter().filter(|part| part.source == self.run.task.source);
            alone.computers.extend(own.filter_map(|part| self.present(asset, part)));
        }
    }

    /// A computer that the directory still has, or has again.
    fn present(&self, asset: &Asset, part: &SourceRecord) -> Option<Computer> {
        let View { directories, read, absent } = self.view;
        let object = part.object?;
        let is_present = part.presence.is_present() && !absent.contains(&object);
        let is_there = read.contains(&object) || is_present;
        is_there.then(|| directories.computer(asset, part)).flatten()
    }
}

fn keys(assets: &[Asset]) -> BTreeSet<MatchKey> {
    assets.iter().flat_map(Asset::match_keys).collect()
}

/// Those of some assets that share a key with another one of all.
fn sharing<'a>(some: &'a [Asset], all: &[Asset]) -> impl Iterator<Item = &'a Asset> {
    let owners = owners(all);
    some.iter().filter(move |asset| {
        let mut keys = asset.match_keys().into_iter();
        keys.any(|key| is_of_another(&owners, &key, asset.id))
    })
}

type Owners = BTreeMap<MatchKey, BTreeSet<AssetId>>;

fn owners<'a>(assets: impl IntoIterator<Item = &'a Asset>) -> Owners {
    let mut owners = Owners::new();
    for asset in assets {
        for key in asset.match_keys() {
            owners.entry(key).or_default().insert(asset.id);
        }
    }
    owners
}

fn is_of_another(owners: &Owners, key: &MatchKey, asset: AssetId) -> bool {
    owners.get(key).is_some_and(|owners| owners.iter().any(|owner| *owner != asset))
}
