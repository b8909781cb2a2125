//! What the inventory knows around the computers of a run: the assets they could be, and whom else these could be.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::Result;
use crate::asset::{Asset, Home};
use crate::grouping::Scene;
use crate::membership::Links;
use crate::merge::{self, Candidate, Computer, KnownComputer, KnownDirectories};
use crate::name::MatchKey;
use crate::sync::links;
use crate::sync::run::Run;
use crate::value::{AssetId, ObjectGuid, SourceId};

/// How many keys one look-up of candidates names: large enough to share its cost, small enough for the
/// parameter limits of databases.
const KEYS_PER_LOOKUP: usize = 500;
/// Of how many computers the keys are held and put in order at once: those of all would take as much memory as their names.
const COMPUTERS_AT_ONCE: usize = 50 * KEYS_PER_LOOKUP;

/// What is known around some computers.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub(super) candidates: BTreeMap<AssetId, Candidate>,
    pub(super) others: Vec<KnownComputer>,
    /// Objects that another directory has, too, and where they are tied to there.
    pub(super) elsewhere: HashMap<ObjectGuid, (SourceId, AssetId)>,
    /// The run's directory's own objects among them.
    own: BTreeSet<ObjectGuid>,
}

/// Whose computers are whose.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The directories, that of the run among them.
    pub(super) directories: &'a KnownDirectories,
    /// What was read.
    pub(super) read: &'a HashSet<ObjectGuid>,
    /// Known objects that the directory has no more.
    pub(super) absent: &'a HashSet<ObjectGuid>,
}

impl Surroundings {
    /// Looks up everything that has one of the computers' names, as the rules alone have it, and who waits in other
    /// directories.
    pub(super) async fn of(
        run: &Run<'_>,
        computers: &[&Computer],
        scene: &Scene,
        view: View<'_>,
    ) -> Result<Self> {
        let mut found = Self::default();
        for asset in merge::by_home(&scene.assets, &scene.waiting, &run.task.matching) {
            found.add(run, &asset, view);
        }
        found.add_waiting(run, scene, view);
        let is_taken_apart: HashSet<AssetId> = scene.assets.iter().map(|asset| asset.id).collect();
        for computers in computers.chunks(COMPUTERS_AT_ONCE) {
            let keys = computers.iter().flat_map(|computer| computer.match_keys());
            let keys: BTreeSet<MatchKey> = keys.collect();
            found.look_up(run, keys, &is_taken_apart, view).await?;
        }
        Ok(found)
    }

    /// Looks up what other directories have, or had, under these objectGUIDs: a computer that moves from one domain of a
    /// forest to another keeps it, whatever it is called there.
    pub(super) async fn add_moved(
        &mut self,
        run: &Run<'_>,
        objects: &[ObjectGuid],
        view: View<'_>,
    ) -> Result<()> {
        let links = links::elsewhere(run, objects).await?;
        let homes = links.iter().filter_map(|(_, link)| link.by_rules().asset());
        let unseen = homes.filter(|home| !self.candidates.contains_key(home));
        let unseen: BTreeSet<AssetId> = unseen.collect();
        let unseen: Vec<AssetId> = unseen.into_iter().collect();
        for unseen in unseen.chunks(KEYS_PER_LOOKUP) {
            run.options.cancellation.check()?;
            for asset in run.repository.assets(&run.task.organization, unseen).await? {
                self.add(run, &asset, view);
            }
        }
        Ok(())
    }

    /// Those of them whose links are not known yet.
    pub(super) fn unknown(&self, links: &Links) -> impl Iterator<Item = ObjectGuid> {
        self.own.iter().copied().filter(|object| !links.contains_key(object))
    }

    pub(super) fn into_candidates(self) -> Vec<Candidate> {
        self.candidates.into_values().collect()
    }

    /// Computers of other directories that wait by the rules alone: a bare name may mean them as well.
    fn add_waiting(&mut self, run: &Run<'_>, scene: &Scene, view: View<'_>) {
        let others = scene.waiting.iter().filter(|waiting| waiting.source != run.task.source);
        for waiting in others.filter(|waiting| waiting.home() == Home::Waiting) {
            let record = &waiting.record;
            let parts = record.parts.iter().filter(|part| part.presence.is_present());
            let known = |part| view.directories.known_computer(record, part, None);
            self.others.extend(parts.filter_map(known));
        }
    }

    /// Looks up the assets that have one of these keys, but for those that were looked at already.
    async fn look_up(
        &mut self,
        run: &Run<'_>,
        keys: BTreeSet<MatchKey>,
        known: &HashSet<AssetId>,
        view: View<'_>,
    ) -> Result<()> {
        let keys: Vec<MatchKey> = keys.into_iter().collect();
        for keys in keys.chunks(KEYS_PER_LOOKUP) {
            run.options.cancellation.check()?;
            let found = run.repository.candidates(&run.task.organization, keys).await?;
            for asset in found.iter().filter(|asset| !known.contains(&asset.id)) {
                self.add(run, asset, view);
            }
        }
        Ok(())
    }

    fn add(&mut self, run: &Run<'_>, asset: &Asset, view: View<'_>) {
        if self.candidates.contains_key(&asset.id) {
            return;
        }
        self.candidates.insert(asset.id, Candidate::of(asset));
        for part in &asset.parts {
            let Some(object) = part.object else { continue };
            let is_own = part.source == run.task.source;
            self.own.extend(is_own.then_some(object));
            let is_present = part.presence.is_present();
            if !is_own && view.read.contains(&object) {
                // Where several have it, the one that has it still.
                if is_present || !self.elsewhere.contains_key(&object) {
                    self.elsewhere.insert(object, (part.source.clone(), asset.id));
                }
            }
            let is_news = is_own && (view.read.contains(&object) || view.absent.contains(&object));
            if !is_present || is_news {
                continue;
            }
            self.others.extend(view.directories.known_computer(asset, part, Some(asset.id)));
        }
    }
}
