//! Known computers of which several assets that came since could be the same thing.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::ready;
use std::num::NonZeroUsize;

use futures::TryStreamExt;

use super::alone::alone_beside_others;
use super::candidates;
use crate::Result;
use crate::asset::{Asset, AssetRepository, Home, Waiting};
use crate::merge::{
    Candidate, Computer, Decision, Exclusion, KnownComputer, KnownDirectories, MatchContext,
    Reason, Rules, Standing, decide,
};
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, OrganizationId, SiteId, SourceId, Timestamp};

/// The computers of a directory whose asset holds nothing but records of directories, while several other assets fit them
/// equally well, or one that a computer of another directory fits as well: a person must say which it is. In order of
/// their objectGUIDs, given all computers of the organization that wait. Those on which a person decided enough are left
/// out.
///
/// Reads the assets of the directory that share a name with another one, page by page.
///
/// # Errors
///
/// What the store reports.
pub(crate) async fn undecided_computers(
    repository: &dyn AssetRepository,
    organization: &OrganizationId,
    source: &SourceId,
    waiting: &[Waiting],
    standing: &Standing,
    directories: &KnownDirectories,
) -> Result<Vec<Decision>> {
    let policy = directories.policy_of(source);
    let alone = alone_beside_others(repository, organization, source, Timestamp::now())?;
    // Where the rules alone have them.
    let is_at_home = |asset: &Asset| asset.parts.iter().all(|part| part.home.is_none());
    let alone = alone.try_filter(|asset| ready(is_at_home(asset)));
    let alone: Vec<Asset> = alone.try_collect().await?;
    let keys: HashSet<_> = alone.iter().flat_map(Asset::match_keys).collect();
    let keys: Vec<_> = keys.into_iter().collect();
    let around = candidates(repository, organization, &keys).await?;
    let known = Known::of(&around, waiting, directories);
    let assets: Vec<Candidate> = around.iter().map(Candidate::of).collect();
    let mut undecided = Vec::new();
    for (site, alone) in by_site(&alone, policy) {
        undecided.extend(known.undecided(source, &assets, &alone, &site, policy));
    }
    undecided.retain_mut(|decision| is_open(decision, source, standing));
    undecided.sort_by_key(|decision| decision.object);
    Ok(undecided)
}

/// The computers around some assets.
struct Known {
    computers: Vec<KnownComputer>,
}

impl Known {
    fn of(assets: &[Asset], waiting: &[Waiting], directories: &KnownDirectories) -> Self {
        let present = |asset: &Asset, tied| -> Vec<KnownComputer> {
            let parts = asset.parts.iter().filter(|part| part.presence.is_present());
            parts.filter_map(|part| directories.known_computer(asset, part, tied)).collect()
        };
        let others = waiting.iter().filter(|waiting| waiting.home() == Home::Waiting);
        let others = others.flat_map(|waiting| present(&waiting.record, None));
        let tied = assets.iter().flat_map(|asset| present(asset, Some(asset.id)));
        Self { computers: tied.chain(others).collect() }
    }

    /// The decisions on those computers in these assets that wait for a person.
    fn undecided(
        &self,
        source: &SourceId,
        candidates: &[Candidate],
        alone: &HashSet<AssetId>,
        site: &SiteId,
        policy: &MatchPolicy,
    ) -> Vec<Decision> {
        let own = self.computers.iter().filter(|known| known.source == *source);
        let links: HashMap<ObjectGuid, AssetId> =
            own.clone().filter_map(|known| Some((known.computer.object, known.asset?))).collect();
        let is_alone =
            |known: &&KnownComputer| known.asset.is_some_and(|asset| alone.contains(&asset));
        let computers: Vec<Computer> =
            own.filter(is_alone).map(|known| known.computer.clone()).collect();
        let nobody = HashSet::new();
        let context = MatchContext {
            source,
            links: &links,
            absent: &nobody,
            alone: &computers.iter().map(|computer| computer.object).collect(),
            elsewhere: &HashMap::new(),
            others: &self.computers,
            constraints: &[],
            first_new: AssetId::from_u128(0),
            threads: NonZeroUsize::MIN,
            now: Timestamp::now(),
        };
        let nothing = Exclusion::default();
        let rules = Rules { exclusion: &nothing, policy, site };
        let decisions = decide(&computers, candidates, &context, rules);
        decisions.into_iter().filter(waits).collect()
    }
}

/// Some assets, by site where the policy looks no further.
fn by_site(assets: &[Asset], policy: &MatchPolicy) -> BTreeMap<SiteId, HashSet<AssetId>> {
    let mut by_site: BTreeMap<SiteId, HashSet<AssetId>> = BTreeMap::new();
    let first = assets.first().map(|asset| &asset.site);
    let first = first.filter(|_| !policy.within_site);
    for asset in assets {
        let site = first.unwrap_or(&asset.site).clone();
        by_site.entry(site).or_default().insert(asset.id);
    }
    by_site
}

fn waits(decision: &Decision) -> bool {
    matches!(decision.reason, Reason::Undecided { .. } | Reason::Contested { .. })
}

/// Whether something is left to decide, once what a person has ruled out is taken away.
fn is_open(decision: &mut Decision, source: &SourceId, standing: &Standing) -> bool {
    let object = decision.object;
    decision.retain_candidates(|it| standing.cannot(source, object, it.asset).is_none());
    let is_left = decision.candidates().iter().any(|candidate| candidate.level.is_some());
    is_left && standing.must(source, object).is_none()
}
