//! What a computer was called by before it came into its domain: its former security identifiers.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::future::ready;

use futures::TryStreamExt;

use crate::Result;
use crate::asset::{Asset, Facet, SearchRequest, found_assets};
use crate::merge::{Decision, LostBecause, Verdict};
use crate::query::Query;
use crate::sync::run::Run;
use crate::value::{AssetId, ObjectGuid};

/// How many identifiers one search names: a query has a longest length, and an identifier up to 184 characters.
const SIDS_PER_SEARCH: usize = 40;
/// How many kinds of source are looked at.
const MOST_KINDS: usize = 20;

/// The former identifiers of computers.
pub(super) type FormerSids = HashMap<ObjectGuid, Vec<String>>;

/// Notes on the decisions on new computers which assets have a computer with a SID that they had before: what a
/// migration between domains leaves in `sIDHistory` (MS-ADTS 3.1.1.3.2, MS-ADA3).
///
/// It is shown and ties nothing. Whoever may write the attribute could otherwise take whichever asset he likes.
pub(super) async fn note(
    run: &Run<'_>,
    former: &FormerSids,
    decisions: &mut [Decision],
) -> Result<()> {
    let is_new = |decision: &&mut Decision| !matches!(decision.verdict, Verdict::Linked(_));
    let new = decisions.iter().filter(|it| !matches!(it.verdict, Verdict::Linked(_)));
    let sids: BTreeSet<&str> =
        new.filter_map(|it| former.get(&it.object)).flatten().map(String::as_str).collect();
    let sids: Vec<&str> = sids.into_iter().collect();
    let mut owners: BTreeMap<String, Vec<AssetId>> = BTreeMap::new();
    let keys = match sids.as_slice() {
        [] => return Ok(()),
        _ => keys(run).await?,
    };
    for sids in sids.chunks((SIDS_PER_SEARCH / keys.len().max(1)).max(1)) {
        for asset in owners_of(run, &keys, sids).await? {
            for sid in sids_of(&asset).filter(|sid| sids.contains(&sid.as_str())) {
                owners.entry(sid).or_default().push(asset.id);
            }
        }
    }
    for decision in decisions.iter_mut().filter(is_new) {
        for sid in former.get(&decision.object).into_iter().flatten() {
            for asset in owners.get(sid).into_iter().flatten().copied() {
                let why = LostBecause::FormerIdentity { sid: sid.clone() };
                decision.consider(asset, why);
            }
        }
    }
    Ok(())
}

/// What records that carry `objectSid` are filed under, whatever source they are of: a directory's computers, and what
/// other sources file of their own.
async fn keys(run: &Run<'_>) -> Result<Vec<String>> {
    let (organization, limit) = (run.task.organization.clone(), MOST_KINDS);
    let everything = SearchRequest::new(organization, Query::everything(), run.now);
    let counts =
        run.repository.count_assets(everything.with_limit(limit), &[Facet::Source]).await?;
    let kinds = counts.facets.into_iter().flat_map(|facet| facet.values);
    let kinds: BTreeSet<String> =
        kinds.filter_map(|(kind, _)| kind).chain(["ldap".to_owned()]).collect();
    let keys =
        kinds.iter().flat_map(|kind| [format!("@{kind}.computer"), format!("@{kind}.asset")]);
    // No query can ask for what is filed under a kind that has a colon in it.
    let is_key = |key: &String| Query::parse(&format!("{key}.objectSid:*")).is_ok();
    Ok(keys.filter(is_key).collect())
}

async fn owners_of(run: &Run<'_>, keys: &[String], sids: &[&str]) -> Result<Vec<Asset>> {
    let sids: Vec<String> = sids.iter().map(|sid| Query::quote(sid).to_string()).collect();
    let sids = sids.join(",");
    let terms: Vec<String> = keys.iter().map(|key| format!("{key}.objectSid:={sids}")).collect();
    let query = Query::parse(&terms.join(" OR "))?;
    let request = SearchRequest::new(run.task.organization.clone(), query, run.now);
    let found = found_assets(run.repository, request);
    found
        .and_then(|asset| ready(run.options.cancellation.check().map(|()| asset)))
        .try_collect()
        .await
}

/// The identifiers that the records of an asset carry.
fn sids_of(asset: &Asset) -> impl Iterator<Item = String> {
    let sids = asset.parts.iter().filter_map(|part| part.attributes.first("objectSid"));
    sids.map(str::to_owned)
}
