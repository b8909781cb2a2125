//! What the inventory has from outside the directory.

use futures::TryStreamExt;

use crate::Result;
use crate::asset::{Asset, AssetsRequest, SourceRecord};
use crate::sync::run::Run;
use crate::value::{RecordDigest, RecordHasher};

/// The digest of what other sources say, as far as computers are known by it. `None` unless the task leaves out
/// computers that the inventory does not know: of all others it has a record, which meets an asset that came since.
pub(in crate::sync) async fn digest(run: &Run<'_>) -> Result<Option<RecordDigest>> {
    if !run.task.matching.exclude_unknown {
        return Ok(None);
    }
    let mut hasher = RecordDigest::hasher();
    let everything = AssetsRequest::new(run.task.organization.clone());
    let mut assets = run.repository.each_asset(everything).await?;
    while let Some(asset) = assets.try_next().await? {
        run.options.cancellation.check()?;
        let is_outside = |part: &&SourceRecord| part.source != run.task.source;
        let mut records: Vec<Vec<String>> =
            asset.parts.iter().filter(is_outside).map(|part| said(&asset, part)).collect();
        records.sort_unstable();
        add(&mut hasher, &asset, &records);
    }
    Ok(Some(hasher.finish()))
}

fn add(hasher: &mut RecordHasher, asset: &Asset, records: &[Vec<String>]) {
    if records.is_empty() {
        return;
    }
    hasher.text(&asset.id.to_string()).text(asset.site.as_str());
    for record in records {
        hasher.text("record");
        record.iter().for_each(|said| {
            hasher.text(said);
        });
    }
}

/// Whose record it is, and what an asset is known by of what it says, in an order of its own.
fn said(asset: &Asset, part: &SourceRecord) -> Vec<String> {
    let is_own = |number: u32, is_live: bool| number == part.number && is_live;
    let names = asset.names.iter().filter(|claim| is_own(claim.part, claim.is_live()));
    let domains = asset.domains.iter().filter(|claim| is_own(claim.part, claim.is_live()));
    let systems = asset.os.iter().filter(|claim| is_own(claim.part, claim.is_live()));
    let mut said: Vec<String> = names.map(|claim| format!("name {}", claim.value)).collect();
    said.extend(domains.map(|claim| format!("domain {}", claim.value)));
    said.extend(systems.map(|claim| format!("os {}", claim.value)));
    said.sort_unstable();
    said.push(format!("{} {}", part.source, part.presence.is_present()));
    said
}
