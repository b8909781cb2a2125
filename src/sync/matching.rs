//! Deciding which asset every computer is, with what the store knows.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use futures::TryStreamExt;

use super::run::Run;
use super::snapshot::Snapshot;
use super::surroundings::{Alone, Surroundings, View};
use crate::Result;
use crate::asset::{Constraint, Link};
use crate::merge::{
    self, Candidate, Computer, Decision, DirectoryDomain, Exclusion, Known, Level, Verdict,
};
use crate::value::{AssetId, ObjectGuid};

/// How many computers that wait for a person the record of a run describes. More than these are a matter of
/// policy, not of one decision after the other.
const MOST_UNRESOLVED: usize = 1_000;

/// What the store knew, and what was decided.
#[derive(Debug)]
pub(super) struct Matching {
    pub(super) links: HashMap<ObjectGuid, Link>,
    pub(super) domain: DirectoryDomain,
    /// Known objects that the directory has no more.
    absent: HashSet<ObjectGuid>,
    constraints: Vec<Constraint>,
    computers: Vec<Computer>,
    /// One for each computer of the snapshot, in the same order: by objectGUID.
    decisions: Vec<Decision>,
    /// Those on known computers that were not read, and whose asset becomes part of one that came since.
    late: Vec<Decision>,
    new_assets: u64,
    complete: bool,
}

impl Matching {
    /// Decides on every computer, with what the store knows.
    pub(super) async fn decide(
        run: &Run<'_>,
        snapshot: &Snapshot,
        links: HashMap<ObjectGuid, Link>,
        absent: HashSet<ObjectGuid>,
    ) -> Result<Self> {
        let server = &snapshot.end.server;
        let domain =
            DirectoryDomain::new(server.domain.as_deref(), server.netbios_domain.as_deref());
        let told = run.task.matching.own_suffixes.iter().chain(&server.allowed_suffixes);
        let domain = domain
            .within(told.map(String::as_str), server.other_domains.iter().map(String::as_str));
        let computers = snapshot.computers.iter().map(|object| Computer::of(object, &domain));
        let mut matching = Self {
            links,
            absent,
            computers: computers.collect(),
            domain,
            constraints: run.repository.constraints(&run.task.organization).await?,
            decisions: Vec::new(),
            late: Vec::new(),
            new_assets: 0,
            complete: snapshot.end.completeness.is_complete(),
        };
        matching.decide_all(run).await?;
        let everything = 0..matching.decisions.len();
        matching.name_new_assets(run, everything);
        Ok(matching)
    }

    /// Decides on every computer that was read, and on known ones beside whose asset another has come.
    async fn decide_all(&mut self, run: &Run<'_>) -> Result<()> {
        let read: HashSet<ObjectGuid> = self.computers.iter().map(|c| c.object).collect();
        let view = View { domain: &self.domain, read: &read, absent: &self.absent };
        let alone = match self.complete {
            true => Alone::find(run, &self.links, &self.constraints, view).await?,
            false => Alone::default(),
        };
        let movable: HashSet<ObjectGuid> = alone.computers.iter().map(|c| c.object).collect();
        let unread: Vec<Computer> =
            alone.computers.into_iter().filter(|c| !read.contains(&c.object)).collect();
        let all: HashSet<ObjectGuid> = read.union(&movable).copied().collect();
        let asking = self.computers.iter().filter(|computer| {
            movable.contains(&computer.object) || self.needs_candidates(computer)
        });
        let view = View { read: &all, ..view };
        let surroundings = Surroundings::of(run, asking.chain(&unread), view).await?;
        let computers: Vec<Computer> = self.computers.iter().chain(&unread).cloned().collect();
        let nobody = BTreeMap::new();
        let decisions = self.decide_on(run, &computers, &surroundings, &movable, &nobody);
        let (own, late) = decisions.into_iter().partition(|d| read.contains(&d.object));
        self.decisions = own;
        self.late = late;
        self.late.retain(|decision| matches!(decision.verdict, Verdict::Matched(_)));
        Ok(())
    }

    /// The decisions on known computers that were not read, and whose asset becomes part of another.
    pub(super) fn late(&self) -> &[Decision] {
        &self.late
    }

    /// The asset that becomes part of another one by this decision: it has nothing but records of directories.
    pub(super) fn joins(&self, decision: &Decision) -> Option<AssetId> {
        let before = self.links.get(&decision.object)?.asset?;
        let by_names = !matches!(decision.level, None | Some(Level::Constraint | Level::Known));
        let moves = matches!(decision.verdict, Verdict::Matched(asset) if asset != before);
        (moves && by_names && !self.is_separated(decision.object, before)).then_some(before)
    }

    fn is_separated(&self, object: ObjectGuid, asset: AssetId) -> bool {
        self.constraints.iter().any(|c| c.object == object && c.asset == asset)
    }

    /// The decision on the computer at this place of the snapshot.
    pub(super) fn decision(&self, place: usize) -> Option<&Decision> {
        self.decisions.get(place)
    }

    /// All decisions, in the order of objectGUIDs.
    pub(super) fn decisions(&self) -> &[Decision] {
        &self.decisions
    }

    /// Whether the inventory keeps a computer of the snapshot.
    pub(super) fn keeps(&self, computer: ObjectGuid) -> bool {
        let place = self.decisions.binary_search_by_key(&computer, |decision| decision.object);
        let decision = place.ok().and_then(|place| self.decisions.get(place));
        self.links.contains_key(&computer)
            || decision.is_some_and(|decision| decision.verdict != Verdict::Skipped)
    }

    /// Whether the computer at this place of the snapshot becomes a new asset.
    pub(super) fn creates(&self, place: usize) -> bool {
        self.decision(place).is_some_and(|decision| decision.verdict == Verdict::Create)
    }

    /// Absent objects whose place another computer has taken, with that computer's asset.
    pub(super) fn succeeded(&self) -> HashSet<ObjectGuid> {
        self.decisions.iter().flat_map(|decision| decision.succeeds.iter().copied()).collect()
    }

    /// The decisions that wait for a person, as many as anybody would settle by hand.
    pub(super) fn unresolved(&self) -> Vec<Decision> {
        let waiting = self.decisions.iter().filter(|decision| decision.is_open());
        waiting.take(MOST_UNRESOLVED).cloned().collect()
    }

    pub(super) fn into_decisions(self) -> Vec<Decision> {
        self.decisions
    }

    /// Decides again on some computers, with what the store knows by now.
    pub(super) async fn decide_again(&mut self, run: &Run<'_>, places: Range<usize>) -> Result<()> {
        self.links = links(run).await?;
        self.constraints = run.repository.constraints(&run.task.organization).await?;
        let Some(computers) = self.computers.get(places.clone()) else { return Ok(()) };
        let read: HashSet<ObjectGuid> = self.computers.iter().map(|c| c.object).collect();
        let view = View { domain: &self.domain, read: &read, absent: &self.absent };
        let asking = computers.iter().filter(|computer| self.needs_candidates(computer));
        let surroundings = Surroundings::of(run, asking, view).await?;
        let spoken_for = self.spoken_for(&places);
        let fresh = self.decide_on(run, computers, &surroundings, &HashSet::new(), &spoken_for);
        if let Some(stale) = self.decisions.get_mut(places.clone()) {
            for (stale, fresh) in stale.iter_mut().zip(fresh) {
                *stale = fresh;
            }
        }
        self.name_new_assets(run, places);
        Ok(())
    }

    /// Assets that other computers of this run were matched to and that are not written yet.
    fn spoken_for(&self, places: &Range<usize>) -> BTreeMap<ObjectGuid, AssetId> {
        let others = self.decisions.iter().enumerate().filter(|(place, _)| !places.contains(place));
        others
            .filter_map(|(_, decision)| match decision.verdict {
                Verdict::Matched(asset) => Some((decision.object, asset)),
                _ => None,
            })
            .collect()
    }

    fn decide_on(
        &self,
        run: &Run<'_>,
        computers: &[Computer],
        surroundings: &Surroundings,
        alone: &HashSet<ObjectGuid>,
        spoken_for: &BTreeMap<ObjectGuid, AssetId>,
    ) -> Vec<Decision> {
        let mut links: HashMap<ObjectGuid, AssetId> =
            self.links.values().filter_map(|link| Some((link.object, link.asset?))).collect();
        links.extend(spoken_for);
        let task = run.task;
        let known = Known {
            source: &task.source,
            links: &links,
            absent: &self.absent,
            alone,
            elsewhere: &surroundings.elsewhere,
            others: &surroundings.others,
            constraints: &self.constraints,
            now: run.now,
        };
        let exclusion = Exclusion::of(&task.exclusions, run.now);
        let candidates: Vec<Candidate> = surroundings.candidates.values().cloned().collect();
        let mut decisions =
            merge::decide(computers, &candidates, &known, &exclusion, &task.matching, &task.site);
        if !self.complete {
            decisions.iter_mut().for_each(Decision::await_complete_read);
        }
        decisions
    }

    /// Whether the assets are to be looked up that a computer could be. For a known one there is no need.
    fn needs_candidates(&self, computer: &Computer) -> bool {
        let linked = self.links.get(&computer.object).is_some_and(|link| link.asset.is_some());
        !linked || self.constraints.iter().any(|constraint| constraint.object == computer.object)
    }

    /// Gives each new asset an id. Ids follow the order of objectGUIDs, so they do not depend on the order
    /// in which the directory was read, and append in stores that keep assets in order of their ids.
    fn name_new_assets(&mut self, run: &Run<'_>, places: Range<usize>) {
        let first = AssetId::from_u128(run.id.as_u128());
        for decision in self.decisions.get_mut(places).into_iter().flatten() {
            if decision.verdict == Verdict::Create {
                self.new_assets += 1;
                decision.asset = Some(first.nth(self.new_assets));
            }
        }
    }
}

/// What the store knows of every object of the task's directory.
pub(super) async fn links(run: &Run<'_>) -> Result<HashMap<ObjectGuid, Link>> {
    let links = run.repository.links(&run.task.organization, &run.task.source).await?;
    links.map_ok(|link| (link.object, link)).try_collect().await
}
