//! What a computer was called by before it came into its domain: its former security identifiers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Result;
use crate::asset::{Asset, SearchRequest};
use crate::merge::{Decision, LostBecause, Verdict};
use crate::query::Query;
use crate::sync::read::Snapshot;
use crate::sync::run::Run;
use crate::value::{AssetId, ObjectGuid};

/// How many identifiers one search names: a query has a longest length, and an identifier up to 184 characters.
const SIDS_PER_SEARCH: usize = 40;
/// Assets of one page.
const PAGE: usize = 500;

/// Notes on the decisions on new computers which assets have a computer with a SID that they had before: what a
/// migration between domains leaves in `sIDHistory` (MS-ADTS 3.1.1.3.2, MS-ADA3).
///
/// It is shown and ties nothing. Whoever may write the attribute could otherwise take whichever asset he likes.
pub(super) async fn note(
    run: &Run<'_>,
    snapshot: &Snapshot,
    decisions: &mut [Decision],
) -> Result<()> {
    let former = former_sids(snapshot, decisions);
    let sids: BTreeSet<&str> = former.values().flatten().copied().collect();
    let sids: Vec<&str> = sids.into_iter().collect();
    let mut owners: BTreeMap<String, Vec<AssetId>> = BTreeMap::new();
    for sids in sids.chunks(SIDS_PER_SEARCH) {
        for asset in owners_of(run, sids).await? {
            for sid in sids_of(&asset).filter(|sid| sids.contains(&sid.as_str())) {
                owners.entry(sid).or_default().push(asset.id);
            }
        }
    }
    for decision in decisions {
        for sid in former.get(&decision.object).into_iter().flatten() {
            for asset in owners.get(*sid).into_iter().flatten().copied() {
                let why = LostBecause::FormerIdentity { sid: (*sid).to_owned() };
                decision.consider(asset, why);
            }
        }
    }
    Ok(())
}

/// The former identifiers of the computers that are not known yet.
fn former_sids<'s>(
    snapshot: &'s Snapshot,
    decisions: &[Decision],
) -> HashMap<ObjectGuid, Vec<&'s str>> {
    let is_known = |decision: &&Decision| matches!(decision.verdict, Verdict::Linked(_));
    let known: BTreeSet<ObjectGuid> =
        decisions.iter().filter(is_known).map(|decision| decision.object).collect();
    let new = snapshot.computers.iter().filter(|computer| !known.contains(&computer.guid));
    new.filter_map(|computer| {
        let sids: Vec<&str> = computer.attributes.values("sIDHistory").collect();
        (!sids.is_empty()).then_some((computer.guid, sids))
    })
    .collect()
}

async fn owners_of(run: &Run<'_>, sids: &[&str]) -> Result<Vec<Asset>> {
    let sids: Vec<String> = sids.iter().map(|sid| Query::quote(sid).to_string()).collect();
    let query = Query::parse(&format!("@ldap.computer.objectSid:={}", sids.join(",")))?;
    let request = SearchRequest::new(run.task.organization.clone(), query, run.now);
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        run.options.cancellation.check()?;
        let request = request.clone().with_limit(PAGE).after(after);
        let page = run.repository.search_assets(request).await?;
        found.extend(page.records);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// The identifiers of the computers that an asset has.
fn sids_of(asset: &Asset) -> impl Iterator<Item = String> {
    let parts = asset.parts.iter().filter(|part| part.object.is_some());
    parts.filter_map(|part| part.attributes.first("objectSid").map(str::to_owned))
}
