//! Everything that a search finds.

use futures::stream::{self, BoxStream, StreamExt, TryStreamExt};

use super::{Asset, AssetRepository, SearchRequest};
use crate::Result;

/// Assets of one page: enough to share the cost of a search, and small enough to be held at once.
const PAGE: usize = 500;

/// The assets that a search finds, from the request's place on, in its order. They are read page by page, so that
/// what is written meanwhile moves nothing else; an error ends it.
pub(crate) fn found_assets(
    repository: &dyn AssetRepository,
    request: SearchRequest,
) -> BoxStream<'_, Result<Asset>> {
    let first = Some(request.with_limit(PAGE));
    let pages = stream::try_unfold(first, move |request| page(repository, request));
    pages.map_ok(|page| stream::iter(page).map(Ok)).try_flatten().boxed()
}

/// The page that is asked for, and what to ask for the next one.
async fn page(
    repository: &dyn AssetRepository,
    request: Option<SearchRequest>,
) -> Result<Option<(Vec<Asset>, Option<SearchRequest>)>> {
    let Some(request) = request else { return Ok(None) };
    let page = repository.search_assets(request.clone()).await?;
    let next = page.next.map(|place| request.after(Some(place)));
    Ok(Some((page.records, next)))
}
