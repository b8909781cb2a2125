//! Loading the assets of a batch.

use std::collections::BTreeSet;

use crate::Result;
use crate::merge::UnitOfWork;
use crate::sync::run::Run;
use crate::value::AssetId;

/// Loads these assets as far as they are there, and where the ids of the others lead.
pub(super) async fn load(
    run: &Run<'_>,
    ids: impl IntoIterator<Item = AssetId>,
) -> Result<UnitOfWork> {
    let ids: BTreeSet<AssetId> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(UnitOfWork::default());
    }
    let (repository, organization) = (run.repository, &run.task.organization);
    let all: Vec<AssetId> = ids.iter().copied().collect();
    let assets = repository.assets(organization, &all).await?;
    let there: BTreeSet<AssetId> = assets.iter().map(|asset| asset.id).collect();
    let missing: Vec<AssetId> = ids.difference(&there).copied().collect();
    let gone = match missing.as_slice() {
        [] => Vec::new(),
        missing => repository.redirects(organization, missing).await?,
    };
    Ok(UnitOfWork::of(assets, gone))
}
