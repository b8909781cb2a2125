//! The rules, in order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::compare::Names;
use super::contest::Contest;
use super::matching::{Draft, Matching};
use super::ruling::Rulings;
use super::ties::Ties;
use super::{Candidate, Computer, Decision, Exclusion};
use crate::asset::Constraint;
use crate::schedule::{CandidateScope, MatchPolicy};
use crate::value::{AssetId, ObjectGuid, SiteId, SourceId};

/// What is known before names are looked at.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The directory.
    pub source: &'a SourceId,
    /// Its objects that are tied to an asset.
    pub links: &'a HashMap<ObjectGuid, AssetId>,
    /// Those of them that the directory has no more, as far as complete reads tell, this one included.
    /// Their assets are free for others.
    pub absent: &'a HashSet<ObjectGuid>,
    /// The decisions of people. Those on other directories are passed over.
    pub constraints: &'a [Constraint],
}

/// Decides which asset every computer is. One decision for each, in order of objectGUIDs, and the same for
/// any order of the input; of two computers with the same objectGUID the later one counts.
///
/// 1. *A person's decision* comes first, the latest if there are several: must-link ties the computer to
///    the asset, moving it from another one it may be tied to; cannot-link takes the asset away from it,
///    breaking a tie that exists. It may also let two computers share an asset; nothing else does.
/// 2. *A known object* stays with its asset, whatever names and kind of account are now.
/// 3. *What is no host* is left out, and so is what the task's
///    [`Exclusions`](crate::schedule::Exclusions) name: it is skipped, and neither matches nor creates
///    anything. Its names still count towards the common ones, since the directory has them.
/// 4. *Names* are compared with those of the candidates, level by level. What more than
///    [`weak_name_limit`](MatchPolicy::weak_name_limit) assets or computers have is no evidence; fully
///    qualified names are counted for [`Level::Full`](super::Level::Full), short names for the other
///    levels. A domain that the computer or the directory calls its own is its domain; another
///    authoritative one on the asset contradicts [`Level::Short`](super::Level::Short).
/// 5. *Several assets on the best level* are ambiguous, also if some of them are taken: that another
///    computer has one of two equally good assets is no evidence that this one is the other. Policy decides.
/// 6. *One to one*: an asset goes to the computer on the better level, then to the one that is not the loser
///    of a replication conflict, then to the enabled one, then to the one used more recently, and finally to
///    the lower objectGUID. A tie that exists goes before all names. The loser is unmatched; it does
///    not fall back to an asset that fits less well.
/// 7. *Unmatched* computers become new assets, unless
///    [`exclude_unknown`](MatchPolicy::exclude_unknown), which lets nothing be created, also not what is
///    ambiguous.
///
/// Takes time in proportion to the input, times the limit on shared names.
pub fn decide(
    computers: &[Computer],
    candidates: &[Candidate],
    known: &Known<'_>,
    exclusion: &Exclusion,
    policy: &MatchPolicy,
    site: &SiteId,
) -> Vec<Decision> {
    let computers: BTreeMap<ObjectGuid, &Computer> =
        computers.iter().map(|computer| (computer.object, computer)).collect();
    let assets = in_scope(candidates, policy, site);
    let rulings = Rulings::of(known.constraints, known.source);
    let hosts: Vec<&Computer> = computers.values().copied().collect();
    let names = Names::of(&assets, &hosts, policy.weak_name_limit);
    let ties = Ties::of(&computers, known, &rulings);
    let matching = Matching { assets: &assets, rulings: &rulings, ties: &ties, exclusion, policy };
    let drafts: Vec<Draft<'_>> = hosts.iter().map(|host| matching.draft(host, &names)).collect();
    let mut contest = Contest::default();
    for draft in &drafts {
        if let Some((place, claimant)) = draft.claim() {
            contest.enter(place, claimant);
        }
    }
    drafts.into_iter().map(|draft| matching.decision(draft, &contest)).collect()
}

/// The candidates by id, each once.
fn in_scope<'a>(
    candidates: &'a [Candidate],
    policy: &MatchPolicy,
    site: &SiteId,
) -> Vec<&'a Candidate> {
    let everywhere = policy.scope == CandidateScope::Organization;
    let inside = candidates.iter().filter(|asset| everywhere || asset.site == *site);
    let by_id: BTreeMap<AssetId, &Candidate> = inside.map(|asset| (asset.asset, asset)).collect();
    by_id.into_values().collect()
}
