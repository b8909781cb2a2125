//! Searching and counting what a store brings record by record: what it need not do itself.

use std::collections::HashSet;
use std::future::ready;

use futures::{Stream, StreamExt, TryStreamExt};

use super::{
    Asset, AssetInContext, AssetRepository, AssetsRequest, Counts, Cursor, DirectoryGroup,
    DirectoryUser, Facet, Link, LinksRequest, ObjectKey, PrincipalsRequest, SearchPage,
    SearchRequest, Sort, SortKey, Tally,
};
use crate::Result;
use crate::name::MatchKey;
use crate::value::{AssetId, OrganizationId, SourceId};

/// The field that needs more than the asset itself.
const OVERLAP: &str = "name_overlap";

pub(super) async fn moved(
    repository: &(impl AssetRepository + ?Sized),
    organization: &OrganizationId,
) -> Result<Vec<(SourceId, Link)>> {
    let mut moved = Vec::new();
    for source in repository.sources(organization).await? {
        let links = LinksRequest::new(organization.clone(), source.clone());
        let links = repository.links(links).await?;
        let has_home = |link: &Link| ready(link.home.is_some());
        let links: Vec<Link> = links.try_filter(has_home).try_collect().await?;
        moved.extend(links.into_iter().map(|link| (source.clone(), link)));
    }
    Ok(moved)
}

pub(super) async fn count_assets(
    repository: &(impl AssetRepository + ?Sized),
    request: SearchRequest,
    facets: &[Facet],
) -> Result<Counts> {
    let mut tally = Tally::new(facets);
    let mut found = found(repository, &request, None).await?;
    while let Some(asset) = found.try_next().await? {
        tally.add(&asset);
    }
    Ok(tally.counts(request.limit))
}

pub(super) async fn search_assets(
    repository: &(impl AssetRepository + ?Sized),
    request: SearchRequest,
) -> Result<SearchPage<Asset>> {
    let sort = request.sort;
    let after = request.after.as_ref().map(|cursor| SortKey::read(sort, cursor)).transpose()?;
    if sort == Sort::default() {
        let found = found(repository, &request, after.map(|place| place.id)).await?;
        return page(request.limit, found, |asset| SortKey::of(sort, asset).cursor()).await;
    }
    let mut first = FirstOf::new(request.limit);
    let mut found = found(repository, &request, None).await?;
    while let Some(asset) = found.try_next().await? {
        let place = SortKey::of(sort, &asset);
        if after.as_ref().is_none_or(|after| place.compare(after).is_gt()) {
            first.add(place, asset);
        }
    }
    Ok(first.page())
}

pub(super) async fn search_users(
    repository: &(impl AssetRepository + ?Sized),
    request: SearchRequest,
) -> Result<SearchPage<DirectoryUser>> {
    let users = repository.each_user(principals(&request)?).await?;
    let found = users.try_filter(|user| ready(request.selects(user)));
    page(request.limit, found, |user| user.key().cursor()).await
}

pub(super) async fn search_groups(
    repository: &(impl AssetRepository + ?Sized),
    request: SearchRequest,
) -> Result<SearchPage<DirectoryGroup>> {
    let groups = repository.each_group(principals(&request)?).await?;
    let found = groups.try_filter(|group| ready(request.selects(group)));
    page(request.limit, found, |group| group.key().cursor()).await
}

fn principals(request: &SearchRequest) -> Result<PrincipalsRequest> {
    let after = request.after.as_ref().map(ObjectKey::read).transpose()?;
    let all = PrincipalsRequest::new(request.organization.clone());
    Ok(all.of_source(request.source.clone()).after(after))
}

/// The assets that a request's query finds, in the order of their ids.
async fn found(
    repository: &(impl AssetRepository + ?Sized),
    request: &SearchRequest,
    after: Option<AssetId>,
) -> Result<impl Stream<Item = Result<Asset>> + Unpin> {
    let all = AssetsRequest::new(request.organization.clone());
    let shared = match request.query.asks_for(OVERLAP) {
        true => shared_keys(repository, all.clone()).await?,
        false => HashSet::new(),
    };
    let (assets, request) = (repository.each_asset(all.after(after)).await?, request.clone());
    Ok(assets.try_filter(move |asset| {
        let has_overlap = || asset.match_keys().iter().any(|key| shared.contains(key));
        ready(request.selects(&AssetInContext::new(asset, has_overlap)))
    }))
}

/// The match keys that several assets have.
async fn shared_keys(
    repository: &(impl AssetRepository + ?Sized),
    all: AssetsRequest,
) -> Result<HashSet<MatchKey>> {
    let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
    let mut assets = repository.each_asset(all).await?;
    while let Some(asset) = assets.try_next().await? {
        for key in asset.match_keys() {
            if let Some(again) = seen.replace(key) {
                shared.insert(again);
            }
        }
    }
    Ok(shared)
}

async fn page<T>(
    limit: usize,
    records: impl Stream<Item = Result<T>>,
    cursor: impl Fn(&T) -> Cursor,
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
