//! Two groupings of the same records, kept in step in a store.
//!
//! A *record* is what one source says of one thing: a directory's object, an asset of a scan. Records are grouped into
//! assets twice:
//!
//! - *By the rules alone.* Runs and imports work on this grouping, and never look at a decision of a person. Where it
//!   differs from the other one, a record remembers its [`Home`](crate::asset::Home); it costs nothing where nobody
//!   decided anything.
//! - *As the inventory shows it*: the first one with the decisions that stand laid over it.
//!
//! [`settle`] works out what has to be written so that a store shows the second. Whoever writes records calls it
//! afterwards, or along with a decision. Everything that decisions name is looked at each time, since people decide
//! thousands of times and not millions.
//!
//! The room stands between [`merge`](crate::merge), which works both groupings out and asks no store, and
//! [`sync`](crate::sync) and [`curation`](crate::curation), which write. It is named after what it keeps in step. What
//! both of these have to look up for it is here as well: [`Decisions`] and the [`Scene`] that they touch, the
//! [`candidates`] for names, where ids of merged assets lead ([`resolve_merged`]), which ties another directory has put
//! in [doubt](doubts), and what the latest runs tell of [directories](known_directories).

mod alone;
mod directories;
mod doubt;
mod undecided;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt;

pub(crate) use self::alone::{alone_beside_others, is_alone};
pub(crate) use self::directories::{keep_known_names, known_directories};
pub(crate) use self::doubt::{Doubt, doubts};
pub(crate) use self::undecided::undecided_computers;

use crate::Result;
use crate::asset::{
    Asset, AssetRepository, Change, Constraint, Link, LinksRequest, MergeRecord, Redirect, Waiting,
};
use crate::merge::{KnownDirectories, Overlay, Settled, Standing};
use crate::name::MatchKey;
use crate::value::{AssetId, ObjectGuid, OrganizationId, SourceId, Timestamp};

/// How many keys one look-up of candidates names: large enough to share its cost, small enough for the
/// parameter limits of databases.
const KEYS_PER_LOOKUP: usize = 500;
/// How many objects one look-up of links names, likewise.
const OBJECTS_PER_LOOKUP: usize = 500;

/// What people decided in an organization, and everything that it may touch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Decisions {
    /// On objects, those that were taken back included.
    pub constraints: Vec<Constraint>,
    /// The merges, those that were undone included.
    pub merges: Vec<MergeRecord>,
}

/// The assets and waiting computers that decisions may touch.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scene {
    /// The assets.
    pub assets: Vec<Asset>,
    /// All computers that wait.
    pub waiting: Vec<Waiting>,
}

impl Decisions {
    /// Those that a store has.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(crate) async fn load(
        repository: &dyn AssetRepository,
        organization: &OrganizationId,
    ) -> Result<Self> {
        let constraints = repository.constraints(organization).await?;
        let merges = repository.merges(organization).await?;
        Ok(Self { constraints, merges })
    }

    /// Those that stand, and what is seen of the assets by them: looked at anew until they still stand afterwards.
    ///
    /// # Errors
    ///
    /// What the store reports, and `look`.
    pub(crate) async fn seen_by<T, Look>(
        repository: &dyn AssetRepository,
        organization: &OrganizationId,
        look: impl Fn(Arc<Standing>) -> Look,
    ) -> Result<(Arc<Standing>, T)>
    where
        Look: Future<Output = Result<T>>,
    {
        loop {
            let standing = Arc::new(Self::load(repository, organization).await?.standing());
            let seen = look(Arc::clone(&standing)).await?;
            if Self::still_stand(repository, organization, &standing).await? {
                return Ok((standing, seen));
            }
        }
    }

    /// Whether a store still has these and no others that stand. Whoever looks at assets by decisions asks afterwards: in
    /// between somebody may have decided otherwise, and have changed the assets before they were looked at. Whoever
    /// decides later changes the versions of the assets that were.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(crate) async fn still_stand(
        repository: &dyn AssetRepository,
        organization: &OrganizationId,
        standing: &Standing,
    ) -> Result<bool> {
        Ok(Self::load(repository, organization).await?.standing() == *standing)
    }

    /// Those that stand.
    pub(crate) fn standing(&self) -> Standing {
        Standing::of(&self.constraints, &self.merges)
    }

    /// Those that people had made before a moment, as they stood then.
    pub(crate) fn as_of(&self, moment: Timestamp) -> Self {
        let until = |end: Option<(Timestamp, String)>| end.filter(|(end, _)| *end < moment);
        let all = self.constraints.iter().flat_map(|c| [c].into_iter().chain(&c.earlier));
        let constraints = all.filter(|c| c.at < moment).cloned().map(|c| Constraint {
            forgotten: until(c.forgotten),
            earlier: Vec::new(),
            ..c
        });
        let merges = self.merges.iter().filter(|merge| merge.at < moment).cloned();
        let merges = merges.map(|merge| MergeRecord { undone: until(merge.undone), ..merge });
        Self { constraints: constraints.collect(), merges: merges.collect() }
    }

    /// Now, but later than everything before, also where clocks differ: the latest decision holds.
    pub(crate) fn next_moment(&self) -> Timestamp {
        let on_objects = self.constraints.iter().map(|c| (c.at, c.forgotten.as_ref()));
        let merges = self.merges.iter().map(|merge| (merge.at, merge.undone.as_ref()));
        let moments =
            on_objects.chain(merges).map(|(at, end)| end.map_or(at, |(end, _)| at.max(*end)));
        moments.max().map_or_else(Timestamp::now, |latest| {
            let next = latest.checked_add(Duration::from_micros(1)).unwrap_or(latest);
            next.max(Timestamp::now())
        })
    }

    /// Enters a decision, as it shall be written: the same one that was taken back earlier stays on record with it.
    pub(crate) fn enter(&mut self, decision: Constraint) -> Constraint {
        let is_same = |c: &Constraint| {
            let key = |c: &Constraint| (c.object, c.asset, c.kind);
            key(c) == key(&decision) && c.source == decision.source
        };
        let mut decision = decision.clone();
        if let Some(place) = self.constraints.iter().position(is_same) {
            let mut former = self.constraints.remove(place);
            let earlier = std::mem::take(&mut former.earlier);
            decision.earlier = [former].into_iter().chain(earlier).collect();
        }
        self.constraints.push(decision.clone());
        decision
    }

    /// Takes away what the first version of the inventory wrote along with a merge, and brings back what it took
    /// away: to be written when the merge is undone.
    pub(crate) fn withdraw(&mut self, merge: &MergeRecord) -> Vec<Change> {
        let Some(kept) = &merge.first_version else { return Vec::new() };
        let mut changes = Vec::new();
        self.constraints.retain(|c| {
            let is_own = |own: &Constraint| {
                let key = |c: &Constraint| (c.object, c.asset, c.kind, c.at);
                own.source == c.source && key(own) == key(c)
            };
            let goes = c.stands() && kept.decided.iter().any(is_own);
            changes.extend(goes.then(|| Change::RemoveConstraint(c.clone())));
            !goes
        });
        for again in &kept.withdrawn {
            self.constraints.push(again.clone());
            changes.push(Change::PutConstraint(again.clone()));
        }
        changes
    }
}

impl Scene {
    /// Everything that these decisions may touch, and the assets with these ids.
    ///
    /// # Errors
    ///
    /// What the store reports.
    pub(crate) async fn load(
        repository: &dyn AssetRepository,
        organization: &OrganizationId,
        standing: &Standing,
        also: impl IntoIterator<Item = AssetId>,
    ) -> Result<Self> {
        let mut ids = standing.named();
        ids.extend(also);
        ids.extend(assets_of_decided(repository, organization, standing).await?);
        for (_, link) in repository.moved(organization).await? {
            ids.extend(link.asset.into_iter().chain(link.by_rules().asset()));
        }
        let ids: Vec<AssetId> = ids.into_iter().collect();
        let assets = match ids.as_slice() {
            [] => Vec::new(),
            ids => repository.assets(organization, ids).await?,
        };
        Ok(Self { assets, waiting: repository.waiting(organization).await? })
    }
}

/// What has to be written so that the inventory shows what people decided. `also` are the assets that something was in
/// which decisions touch that are new or stand no more.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn settle(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    standing: &Standing,
    also: impl IntoIterator<Item = AssetId>,
    directories: &KnownDirectories,
) -> Result<Settled> {
    let scene = Scene::load(repository, organization, standing, also).await?;
    settle_scene(repository, organization, scene, standing, directories).await
}

/// [`settle`], with what decisions may touch at hand.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn settle_scene(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    scene: Scene,
    standing: &Standing,
    directories: &KnownDirectories,
) -> Result<Settled> {
    let is_told = |waiting: &Waiting| waiting.decision.is_some() && waiting.told.is_none();
    if standing.is_empty() && scene.assets.is_empty() && scene.waiting.iter().all(is_told) {
        return Ok(Settled::default());
    }
    let overlay = Overlay::new(scene.assets, scene.waiting, standing, directories);
    let mut others = candidates(repository, organization, &overlay.match_keys()).await?;
    if let former @ [_, ..] = &overlay.former_assets()[..] {
        others.extend(repository.assets(organization, former).await?);
    }
    Ok(overlay.settle(others))
}

/// The assets that show the objects on which people decided.
async fn assets_of_decided(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    standing: &Standing,
) -> Result<BTreeSet<AssetId>> {
    let mut objects: BTreeMap<&SourceId, Vec<ObjectGuid>> = BTreeMap::new();
    for (source, object) in standing.objects() {
        objects.entry(source).or_default().push(object);
    }
    let mut assets = BTreeSet::new();
    for (source, objects) in objects {
        for objects in objects.chunks(OBJECTS_PER_LOOKUP) {
            let links = LinksRequest::new(organization.clone(), source.clone());
            let links = links.of_objects(objects.iter().copied());
            let links: Vec<Link> = repository.links(links).await?.try_collect().await?;
            assets.extend(links.into_iter().filter_map(|link| link.asset));
        }
    }
    Ok(assets)
}

/// What to write for it. Assets that come back do so at a later version than they went.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn changes(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    settled: Settled,
) -> Result<Vec<Change>> {
    let came = &settled.moves().came;
    let redirects = match came.as_slice() {
        [] => Vec::new(),
        came => repository.redirects(organization, came).await?,
    };
    Ok(settled.into_changes(&redirects))
}

/// Where ids of assets lead: each with the asset that it names today. An asset that is there is named by its own id; the
/// id of one whose records are part of others leads to where they went. For sources that know an asset by its id, so
/// that they find [their record](Asset::record_of) again. An id that leads nowhere is left out.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn resolve_merged(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    ids: &[AssetId],
) -> Result<BTreeMap<AssetId, Asset>> {
    let (mut present, mut leads) = (BTreeMap::new(), BTreeMap::new());
    let mut asked: BTreeSet<AssetId> = BTreeSet::new();
    let mut names = ids.to_vec();
    while !names.is_empty() {
        asked.extend(&names);
        let assets = repository.assets(organization, &names).await?;
        present.extend(assets.into_iter().map(|asset| (asset.id, asset)));
        names.retain(|name| !present.contains_key(name));
        if !names.is_empty() {
            let redirects = repository.redirects(organization, &names).await?;
            leads.extend(redirects.into_iter().map(|Redirect { from, to, .. }| (from, to)));
        }
        names = leads.values().copied().filter(|to| !asked.contains(to)).collect();
    }
    let end = |id: &AssetId| {
        let steps = std::iter::successors(Some(*id), |id| leads.get(id).copied());
        // Nothing leads in a circle for ever.
        steps.take(leads.len() + 1).last()
    };
    let found = ids.iter().filter_map(|id| Some((*id, present.get(&end(id)?)?.clone())));
    Ok(found.collect())
}

/// Every asset that has one of these keys, each once.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn candidates(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    keys: &[MatchKey],
) -> Result<Vec<Asset>> {
    let mut found: BTreeMap<AssetId, Asset> = BTreeMap::new();
    for keys in keys.chunks(KEYS_PER_LOOKUP) {
        let assets = repository.candidates(organization, keys).await?;
        found.extend(assets.into_iter().map(|asset| (asset.id, asset)));
    }
    Ok(found.into_values().collect())
}
