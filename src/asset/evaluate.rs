//! Searching and counting what a store brings record by record: what it need not do itself.

use std::collections::HashSet;
use std::future::ready;

use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};

use super::nesting::NestedSearch;
use super::{
    Asset, AssetCounts, AssetsRequest, DirectoryGroup, DirectoryUser, Facet, ObjectKey,
    PrincipalsRequest, SearchPage, SearchRequest, Sort, SortKey, Tally, Waiting,
};
use crate::Result;
use crate::name::MatchKey;
use crate::value::AssetId;

type Stream<T> = BoxStream<'static, Result<T>>;

/// The fields that need more than the asset itself.
const OVERLAP: &str = "name_overlap";
const STATE: &str = "state";

/// What queries ask about an asset that the asset alone does not tell.
#[derive(Debug, Default)]
pub(crate) struct Surroundings {
    /// The match keys that several assets have, if the query asks for them.
    pub(crate) shared: HashSet<MatchKey>,
    /// The assets that computers wait for, if the query asks for them.
    pub(crate) unresolved: HashSet<AssetId>,
}

impl Surroundings {
    /// Whether another asset has one of its match keys.
    pub(crate) fn has_overlap(&self, asset: &Asset) -> bool {
        asset.match_keys().iter().any(|key| self.shared.contains(key))
    }
}

/// The assets that a search has to look at.
pub(super) fn assets(request: &SearchRequest) -> Result<AssetsRequest> {
    let all = AssetsRequest::new(request.organization.clone());
    if request.sort != Sort::default() {
        return Ok(all);
    }
    let after = request.after.as_ref().map(|cursor| SortKey::read(request.sort, cursor));
    Ok(all.after(after.transpose()?.map(|place| place.id)))
}

/// The users or groups that a search has to look at.
pub(super) fn principals(request: &SearchRequest) -> Result<PrincipalsRequest> {
    let after = request.after.as_deref().map(ObjectKey::read).transpose()?;
    let all = PrincipalsRequest::new(request.organization.clone());
    Ok(all.of_source(request.source.clone()).after(after))
}

/// Whether the query asks which names several assets have.
pub(crate) fn asks_for_overlaps(request: &SearchRequest) -> bool {
    request.query.asks_for(OVERLAP)
}

/// Whether the query asks which assets computers wait for.
pub(crate) fn asks_for_states(request: &SearchRequest) -> bool {
    request.query.asks_for(STATE)
}

/// The assets that these computers may be.
pub(crate) fn unresolved(waiting: &[Waiting]) -> HashSet<AssetId> {
    waiting.iter().flat_map(Waiting::candidates).collect()
}

/// The match keys that several of all assets have.
pub(super) async fn shared_keys(mut assets: Stream<Asset>) -> Result<HashSet<MatchKey>> {
    let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
    while let Some(asset) = assets.try_next().await? {
        for key in asset.match_keys() {
            if let Some(again) = seen.replace(key) {
                shared.insert(again);
            }
        }
    }
    Ok(shared)
}

pub(super) async fn count_assets(
    assets: Stream<Asset>,
    request: &SearchRequest,
    surroundings: &Surroundings,
    facets: &[Facet],
) -> Result<AssetCounts> {
    let mut tally = Tally::new(facets);
    let mut found = assets.try_filter(|asset| ready(selects(request, asset, surroundings)));
    while let Some(asset) = found.try_next().await? {
        tally.add(&asset);
    }
    Ok(tally.counts(request.limit))
}

pub(super) async fn search_assets(
    assets: Stream<Asset>,
    request: &SearchRequest,
    surroundings: &Surroundings,
) -> Result<SearchPage<Asset>> {
    let sort = request.sort;
    let mut found = assets.try_filter(|asset| ready(selects(request, asset, surroundings)));
    if sort == Sort::default() {
        return page(request.limit, found, |asset| SortKey::of(sort, asset).cursor()).await;
    }
    let after = request.after.as_ref().map(|cursor| SortKey::read(sort, cursor)).transpose()?;
    let mut first = FirstOf::new(request.limit);
    while let Some(asset) = found.try_next().await? {
        let place = SortKey::of(sort, &asset);
        if after.as_ref().is_none_or(|after| place.compare(after).is_gt()) {
            first.add(place, asset);
        }
    }
    Ok(first.page())
}

pub(super) async fn search_users(
    users: Stream<DirectoryUser>,
    limit: usize,
    search: &NestedSearch,
) -> Result<SearchPage<DirectoryUser>> {
    let found = users.try_filter(|user| ready(search.finds_user(user)));
    page(limit, found, |user| user.key().cursor()).await
}

pub(super) async fn search_groups(
    groups: Stream<DirectoryGroup>,
    limit: usize,
    search: &NestedSearch,
) -> Result<SearchPage<DirectoryGroup>> {
    let found = groups.try_filter(|group| ready(search.finds_group(group)));
    page(limit, found, |group| group.key().cursor()).await
}

fn selects(request: &SearchRequest, asset: &Asset, surroundings: &Surroundings) -> bool {
    let is_unresolved = || surroundings.unresolved.contains(&asset.id);
    request.selects_asset(asset, || surroundings.has_overlap(asset), is_unresolved)
}

async fn page<T>(
    limit: usize,
    records: impl futures::Stream<Item = Result<T>>,
    cursor: impl Fn(&T) -> String,
) -> Result<SearchPage<T>> {
    let limit = limit.max(1);
    let records = records.take(limit.saturating_add(1)).try_collect().await?;
    Ok(SearchPage::of(records, limit, cursor))
}

/// The first so many assets of an order, however many there are, and whether there are more.
struct FirstOf {
    limit: usize,
    assets: Vec<(SortKey, Asset)>,
}

impl FirstOf {
    fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), assets: Vec::new() }
    }

    fn add(&mut self, place: SortKey, asset: Asset) {
        self.assets.push((place, asset));
        // Twice as many at most are kept, so that each is sorted a few times only.
        if self.assets.len() > self.limit.saturating_add(1).saturating_mul(2) {
            self.cut();
        }
    }

    fn cut(&mut self) {
        self.assets.sort_by(|(one, _), (other, _)| one.compare(other));
        self.assets.truncate(self.limit.saturating_add(1));
    }

    fn page(mut self) -> SearchPage<Asset> {
        self.cut();
        let sort = self.assets.first().map_or_else(Sort::default, |(place, _)| place.sort);
        let assets = self.assets.into_iter().map(|(_, asset)| asset).collect();
        SearchPage::of(assets, self.limit, |asset| SortKey::of(sort, asset).cursor())
    }
}
