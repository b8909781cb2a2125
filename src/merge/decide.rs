//! The rules, in order.

use std::collections::{BTreeMap, HashSet};

use super::assignment::Assignment;
use super::compare::Names;
use super::matching::{Draft, Matching};
use super::neighbours::Neighbours;
use super::parallel;
use super::ruling::Rulings;
use super::ties::Ties;
use super::{Candidate, Computer, Decision, Exclusion, MatchContext, Verdict};
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, SiteId, Timestamp};

/// Decides which asset every computer is, by the rules of [`Planner::plan`](super::Planner::plan). One decision for each, in order of
/// objectGUIDs, and the same for any order of the input; of two computers with the same objectGUID the later one counts.
///
/// Takes time in proportion to the input, times the limit on shared names.
pub(crate) fn decide(
    computers: &[Computer],
    candidates: &[Candidate],
    known: &MatchContext<'_>,
    exclusion: &Exclusion,
    policy: &MatchPolicy,
    site: &SiteId,
) -> Vec<Decision> {
    let computers: BTreeMap<ObjectGuid, &Computer> =
        computers.iter().map(|computer| (computer.object, computer)).collect();
    let assets = in_scope(candidates, policy, site);
    let rulings = Rulings::of(known.constraints, known.source);
    let ties = Ties::of(&computers, known, &rulings);
    let neighbours = Neighbours::of(known, policy);
    let unread = known.others.iter().filter(|other| {
        other.source == *known.source && !computers.contains_key(&other.computer.object)
    });
    let all = computers.values().copied().chain(unread.map(|other| &other.computer));
    let is_free = |asset: &Candidate| ties.holder(asset.asset).is_none();
    let alive = all.map(|computer| (computer, is_alive(computer, known.now, policy)));
    let names = Names::of(&assets, is_free, alive, policy.weak_name_limit);
    let mut matching = Matching {
        assets: &assets,
        places: super::compare::by_id(&assets),
        names,
        rulings: &rulings,
        ties,
        neighbours,
        known,
        exclusion,
        policy,
    };
    let hosts: Vec<&Computer> = computers.values().copied().collect();
    let mut drafts: Vec<Draft<'_>> =
        parallel::map(&hosts, known.threads, |host| matching.draft(host));
    let mut open: Vec<&mut Draft<'_>> = drafts.iter_mut().collect();
    while !open.is_empty() {
        open.retain(|draft| !draft.is_settled());
        if !matching.settle_claims(&mut open) {
            break;
        }
    }
    let mut created = 0;
    let decided = drafts.into_iter().map(|draft| {
        let decision = matching.decision(draft, known.first_new.nth(created));
        created += u64::from(matches!(decision.verdict, Verdict::Create(_)));
        decision
    });
    decided.collect()
}

impl<'a> Matching<'a> {
    /// Settles the best of the claims that are open, and drafts anew what these may have changed. Whether there were any.
    fn settle_claims(&mut self, open: &mut [&mut Draft<'a>]) -> bool {
        let mut assignment = Assignment::default();
        for draft in open.iter() {
            draft.interests().for_each(|(place, claimant)| assignment.enter(place, claimant));
        }
        let mut taken = HashSet::new();
        for draft in open.iter_mut() {
            taken.extend(self.settle(draft, &assignment));
        }
        let touched = self.names.touched(self.assets, &taken);
        for draft in open.iter_mut().filter(|draft| !draft.is_settled()) {
            if self.names.has_one_of(&touched, draft.computer) {
                self.draft_again(draft);
            }
        }
        !taken.is_empty()
    }
}

/// Whether a computer may still be there: it is enabled, and has given no sign of life for long only if none is known.
fn is_alive(computer: &Computer, now: Timestamp, policy: &MatchPolicy) -> bool {
    let is_unused = |sign: Timestamp| now.saturating_since(sign) > policy.stale_after;
    !computer.is_disabled && !computer.last_sign_of_life().is_some_and(is_unused)
}

/// The candidates by id, each once.
fn in_scope<'a>(
    candidates: &'a [Candidate],
    policy: &MatchPolicy,
    site: &SiteId,
) -> Vec<&'a Candidate> {
    let inside = candidates.iter().filter(|asset| !policy.within_site || asset.site == *site);
    let by_id: BTreeMap<AssetId, &Candidate> = inside.map(|asset| (asset.asset, asset)).collect();
    by_id.into_values().collect()
}
