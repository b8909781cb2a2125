//! What is told where a search finds nothing: how it was read, and what is near.

use std::collections::HashSet;

use futures::TryStreamExt;
use ldap_inventory::asset::{
    AssetInContext, AssetRepository, AssetsRequest, PrincipalsRequest, SearchRequest,
};
use ldap_inventory::query::Reading;
use ldap_inventory::value::AssetId;
use ldap_inventory::{Printable, Result};

use super::record::Record;

/// Tells on standard error why a search found nothing. A search for everything has nothing to tell.
pub(crate) async fn explain<R: Record>(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
) -> Result<()> {
    let query = request.query.to_string();
    if query.is_empty() {
        return Ok(());
    }
    let reading = Reading::new(&request.query, R::FIELDS, request.now.as_micros());
    let reading = R::look(repository, request, reading).await?;
    let reading = reading.to_string();
    let lines: Vec<String> = reading.lines().map(|line| Printable(line).to_string()).collect();
    eprintln!("0 {}. {}", R::PLURAL, lines.join("\n"));
    Ok(())
}

pub(crate) async fn assets(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    mut reading: Reading,
) -> Result<Reading> {
    let waiting = repository.waiting(&request.organization).await?;
    let unresolved: HashSet<AssetId> =
        waiting.iter().flat_map(|computer| computer.candidates()).collect();
    let shared = shared_names(repository, request).await?;
    let mut assets = repository.each_asset(all_assets(request)).await?;
    while let Some(asset) = assets.try_next().await? {
        let has_overlap = || asset.match_keys().iter().any(|key| shared.contains(key.as_str()));
        let asset_in_context = AssetInContext::new(&asset, has_overlap);
        reading.look_at(&asset_in_context.unresolved(unresolved.contains(&asset.id)));
    }
    Ok(reading)
}

/// The names that several assets have, if the query asks for them.
async fn shared_names(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
) -> Result<HashSet<String>> {
    let (mut seen, mut shared) = (HashSet::new(), HashSet::new());
    if !request.query.asks_for("name_overlap") {
        return Ok(shared);
    }
    let mut assets = repository.each_asset(all_assets(request)).await?;
    while let Some(asset) = assets.try_next().await? {
        let keys = asset.match_keys();
        shared.extend(
            keys.iter().map(|key| key.as_str().to_owned()).filter(|key| seen.contains(key)),
        );
        seen.extend(keys.iter().map(|key| key.as_str().to_owned()));
    }
    Ok(shared)
}

pub(crate) async fn users(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    mut reading: Reading,
) -> Result<Reading> {
    let mut users = repository.each_user(all_principals(request)).await?;
    while let Some(user) = users.try_next().await? {
        reading.look_at(&user);
    }
    Ok(reading)
}

pub(crate) async fn groups(
    repository: &dyn AssetRepository,
    request: &SearchRequest,
    mut reading: Reading,
) -> Result<Reading> {
    let mut groups = repository.each_group(all_principals(request)).await?;
    while let Some(group) = groups.try_next().await? {
        reading.look_at(&group);
    }
    Ok(reading)
}

fn all_assets(request: &SearchRequest) -> AssetsRequest {
    AssetsRequest::new(request.organization.clone())
}

fn all_principals(request: &SearchRequest) -> PrincipalsRequest {
    PrincipalsRequest::new(request.organization.clone())
}
