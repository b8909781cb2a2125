//! Assets that only directories know, although another asset has one of their names.

use futures::TryStreamExt;
use futures::stream::BoxStream;
use std::future::ready;

use crate::Result;
use crate::asset::{Asset, AssetRepository, SearchRequest, found_assets};
use crate::query::Query;
use crate::value::{OrganizationId, SourceId, Timestamp};

/// The assets of a directory, as they are shown, that [hold nothing else](is_alone) and share a name with another one.
pub(crate) fn alone_beside_others<'a>(
    repository: &'a dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
    now: Timestamp,
) -> Result<BoxStream<'a, Result<Asset>>> {
    let query = format!("source:={} AND name_overlap:true", Query::quote(source.as_str()));
    let request = SearchRequest::new(organization.clone(), Query::parse(&query)?, now);
    let found = found_assets(repository, request);
    Ok(Box::pin(found.try_filter(|asset| ready(is_alone(asset)))))
}

/// Whether an asset holds nothing but records of directories: what came since may be the same thing.
pub(crate) fn is_alone(asset: &Asset) -> bool {
    asset.parts.iter().all(|part| part.object.is_some())
}
