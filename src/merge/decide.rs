//! The rules, in order.

use std::collections::HashSet;

use super::asked::Asked;
use super::compare::Names;
use super::encounters::Encounters;
use super::matching::{Draft, Matching};
use super::neighbours::Neighbours;
use super::parallel;
use super::ruling::Rulings;
use super::ties::Ties;
use super::watch::{Unwatched, Watch};
use super::{Candidate, Computer, Decision, Exclusion, KnownComputer, MatchContext};
use crate::task::MatchPolicy;
use crate::value::{AssetId, SiteId, Timestamp};

/// By what a task has computers decided on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// What it leaves out.
    pub(crate) exclusion: &'a Exclusion,
    pub(crate) policy: &'a MatchPolicy,
    /// Its site.
    pub(crate) site: &'a SiteId,
}

/// What was decided on a computer with whom others have nothing to do, or else its draft.
type Looked<'a> = Result<Decision, Box<Draft<'a>>>;

/// Decides which asset every computer is, by the rules of [`Planner::plan`](super::Planner::plan). One decision for each, in order of
/// objectGUIDs, and the same for any order of the input; of two computers with the same objectGUID the later one counts.
///
/// Takes time in proportion to the input, times the limit on shared names.
pub(crate) fn decide<'a>(
    computers: impl IntoIterator<Item = &'a Computer>,
    candidates: impl IntoIterator<Item = &'a Candidate>,
    known: &MatchContext<'_>,
    rules: Rules<'_>,
) -> Vec<Decision> {
    let Ok(decisions) = decide_watched(computers, candidates, known, rules, &Unwatched);
    decisions
}

/// [`decide`], as long as somebody who watches lets it.
pub(crate) fn decide_watched<'a, W: Watch>(
    computers: impl IntoIterator<Item = &'a Computer>,
    candidates: impl IntoIterator<Item = &'a Candidate>,
    known: &MatchContext<'_>,
    rules: Rules<'_>,
    watch: &W,
) -> Result<Vec<Decision>, W::Stop> {
    let asked = Asked::of(computers);
    let assets = in_scope(candidates, rules);
    let rulings = Rulings::of(known.constraints, known.source);
    let elsewhere: HashSet<AssetId> = known.elsewhere.values().map(|(_, asset)| *asset).collect();
    let is_candidate = |asset| assets.binary_search_by_key(&asset, |it| it.asset).is_ok();
    let matters = |asset| is_candidate(asset) || elsewhere.contains(&asset);
    let mut matching = Matching {
        assets: &assets,
        encounters: Encounters::default(),
        names: Names::default(),
        rulings: &rulings,
        ties: Ties::of(&asked, known, &rulings, matters),
        neighbours: Neighbours::of(known, rules.policy),
        known,
        exclusion: rules.exclusion,
        policy: rules.policy,
    };
    matching.look_at_names(&asked, watch)?;
    let mut open = Vec::new();
    let first = matching.look_at_each(&asked, watch)?.into_iter();
    let first = first.map(|looked| looked.map_err(|draft| open.push(*draft)).ok());
    let mut decisions: Vec<Option<Decision>> = first.collect();
    for draft in matching.settle(open, watch)? {
        if let Some(open) = decisions.get_mut(draft.place) {
            *open = Some(matching.decision(draft, known.first_new));
        }
    }
    let mut decisions = asked.into_order(decisions);
    let new = decisions.iter_mut().filter_map(|decision| decision.verdict.new_mut());
    (0..).zip(new).for_each(|(before, new)| *new = known.first_new.nth(before));
    Ok(decisions)
}

impl<'a> Matching<'a> {
    /// Finds out who has to do with whom by name, if anybody asks.
    fn look_at_names<W: Watch>(&mut self, asked: &Asked<'a>, watch: &W) -> Result<(), W::Stop> {
        let mut all = asked.computers().iter().enumerate();
        if !all.any(|(place, computer)| self.asks(place, computer)) {
            return Ok(());
        }
        let (known, policy) = (self.known, self.policy);
        let is_unread = |other: &&KnownComputer| {
            other.source == *known.source && !asked.contain(other.computer.object)
        };
        let unread = known.others.iter().filter(is_unread).map(|other| &other.computer);
        let computers: Vec<&Computer> = asked.computers().iter().copied().chain(unread).collect();
        // Under a limit of none even a name that one has is no evidence.
        if policy.weak_name_limit > 0 {
            self.encounters = Encounters::of(self.assets, &computers, known.threads, watch)?;
        }
        let assets = self.assets.iter().enumerate().map(|(place, asset)| {
            let is_free = self.ties.holder(asset.asset).is_none();
            (!self.encounters.is_alone(place)).then_some((*asset, is_free))
        });
        let computers = computers.iter().enumerate().map(|(place, computer)| {
            let is_alone = self.encounters.alone(place).is_some();
            (!is_alone).then(|| (*computer, is_alive(computer, known.now, policy)))
        });
        self.names = Names::of(assets, computers, policy.weak_name_limit, watch)?;
        Ok(())
    }

    /// The decisions on those with whom others have nothing to do, and the drafts of all others, in their places.
    fn look_at_each<W: Watch>(
        &self,
        asked: &Asked<'a>,
        watch: &W,
    ) -> Result<Vec<Looked<'a>>, W::Stop> {
        parallel::map(asked.computers(), self.known.threads, watch, |place, computer| {
            let draft = self.draft(place, computer);
            let steps = 1 + draft.compared.len() * computer.names.len() + draft.weak.len();
            let looked = match self.is_final(&draft) {
                true => Ok(self.decision(draft, self.known.first_new)),
                false => Err(Box::new(draft)),
            };
            (looked, steps)
        })
    }
}

/// Whether a computer may still be there: it is enabled, and has given no sign of life for long only if none is known.
fn is_alive(computer: &Computer, now: Timestamp, policy: &MatchPolicy) -> bool {
    let is_unused = |sign: Timestamp| now.saturating_since(sign) > policy.stale_after;
    !computer.is_disabled && !computer.last_sign_of_life().is_some_and(is_unused)
}

/// The candidates in order of their ids, each once: the later of two with the same.
fn in_scope<'a>(
    candidates: impl IntoIterator<Item = &'a Candidate>,
    Rules { policy, site, .. }: Rules<'_>,
) -> Vec<&'a Candidate> {
    let inside = candidates.into_iter().filter(|asset| !policy.within_site || asset.site == *site);
    let mut assets: Vec<&Candidate> = inside.collect();
    if !assets.is_sorted_by(|one, next| one.asset < next.asset) {
        assets.reverse();
        assets.sort_by_key(|asset| asset.asset);
        assets.dedup_by_key(|asset| asset.asset);
    }
    assets
}
