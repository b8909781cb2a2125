//! Deciding which asset every computer is, with what the store knows.

mod told;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

use super::alone::{Alone, changed};
use super::former::FormerSids;
use super::moves::{ComputerMove, Decided, Spot};
use super::question::Question;
use super::surroundings::{Surroundings, View};
use crate::Result;
use crate::asset::{Home, Waiting};
use crate::grouping::{Decisions, Scene};
use crate::membership::Links;
use crate::merge::{
    self, Candidate, Computer, Decision, DirectoryDomain, KnownDirectories, LateArrival, Level,
    Reason, Settled, Standing, Verdict,
};
use crate::sync::links;
use crate::sync::read::{Reading, Snapshot};
use crate::sync::run::Run;
use crate::value::{AssetId, ObjectGuid, SiteId, SourceId};

/// How many computers that wait for a person the record of a run describes. More than these are a matter of
/// policy, not of one decision after the other.
const MOST_UNRESOLVED: usize = 1_000;

/// What the store knew, and what was decided.
#[derive(Debug)]
pub(in crate::sync) struct Matching {
    pub(in crate::sync) links: Links,
    pub(in crate::sync) domain: DirectoryDomain,
    /// All directories, this one as it was read.
    directories: KnownDirectories,
    source: SourceId,
    /// Known objects that the directory has no more.
    absent: Arc<HashSet<ObjectGuid>>,
    /// The decisions of people that stand.
    standing: Arc<Standing>,
    /// What they may touch.
    scene: Scene,
    /// The places in the scene of the directory's own computers that wait.
    waiting: HashMap<ObjectGuid, usize>,
    computers: Arc<Vec<Computer>>,
    /// What the rules alone say, one for each computer of the snapshot, in the same order: by objectGUID.
    rules: Vec<Decision>,
    /// By their places, the decisions that are told otherwise, with regard to what people decided.
    told: BTreeMap<usize, Decision>,
    /// The sites of assets that are homes of records elsewhere, also where nothing else is left of them.
    sites: BTreeMap<AssetId, SiteId>,
    /// What the rules say with regard to people's decisions, where these have something elsewhere.
    settled: Settled,
    /// What the rules alone say of known computers that were not read, beside whose asset others came since.
    late: Vec<Decision>,
    /// How many new assets have an id.
    new_assets: u64,
    complete: bool,
}

impl Matching {
    /// Decides on every computer, with what the store knows.
    pub(in crate::sync) async fn decide(
        run: &Run<'_>,
        Reading { snapshot, is_contained, .. }: &Reading,
        links: Links,
        absent: HashSet<ObjectGuid>,
    ) -> Result<Self> {
        // Where few links are known, there are others.
        let is_known = *is_contained || links.values().any(|it| it.by_rules().asset().is_some());
        let server = &snapshot.end.server;
        let domain = run.domain(server);
        let (computers, former) = computers(run, snapshot, &domain).await?;
        let mut matching = Self {
            links,
            source: run.task.source.clone(),
            absent: Arc::new(absent),
            standing: Arc::default(),
            scene: Scene::default(),
            waiting: HashMap::new(),
            computers: computers.into(),
            domain,
            directories: run.directories(server).await?,
            rules: Vec::new(),
            told: BTreeMap::new(),
            sites: BTreeMap::new(),
            settled: Settled::default(),
            late: Vec::new(),
            new_assets: 0,
            complete: snapshot.end.completeness.is_complete(),
        };
        matching.look_up_decisions(run).await?;
        let changed = changed(run, snapshot, &matching.links).await?;
        let candidates = matching.decide_all(run, &changed, is_known).await?;
        let everything = 0..matching.rules.len();
        matching.conclude(run, everything, &candidates);
        matching.note_doubts(run).await?;
        matching.note_reasons(run).await?;
        matching.note_former(run, &former).await?;
        Ok(matching)
    }

    /// Decides on every computer that was read, and on known ones beside whose asset another has come. The candidates.
    async fn decide_all(
        &mut self,
        run: &Run<'_>,
        changed: &HashSet<ObjectGuid>,
        is_known: bool,
    ) -> Result<Vec<Candidate>> {
        let read: HashSet<ObjectGuid> = self.computers.iter().map(|c| c.object).collect();
        let view = View { directories: &self.directories, read: &read, absent: &self.absent };
        let alone = match self.complete && is_known {
            true => {
                let changed = self.computers.iter().filter(|c| changed.contains(&c.object));
                let changed: Vec<&Computer> = changed.collect();
                Alone::find(run, &self.links, &self.scene, &changed, view).await?
            }
            false => Alone::default(),
        };
        let movable: HashSet<ObjectGuid> = alone.computers.iter().map(|c| c.object).collect();
        let unread = alone.computers.iter().filter(|c| !read.contains(&c.object));
        let all: Cow<'_, HashSet<ObjectGuid>> = match movable.is_subset(&read) {
            true => Cow::Borrowed(&read),
            false => Cow::Owned(read.union(&movable).copied().collect()),
        };
        let asking = self.computers.iter().filter(|computer| {
            movable.contains(&computer.object) || self.needs_candidates(computer)
        });
        let view = View { read: &all, ..view };
        // By the names that they had as well: these lead to their own assets.
        let asking: Vec<&Computer> = asking.chain(&alone.computers).collect();
        let mut surroundings = Surroundings::of(run, &asking, &self.scene, view).await?;
        surroundings.add_moved(run, &self.strangers(&self.computers), view).await?;
        let around = links::of_objects(run, surroundings.unknown(&self.links)).await?;
        let absent = around.values().filter(|link| !link.presence.is_present());
        let unread: Vec<Computer> = unread.cloned().collect();
        Arc::make_mut(&mut self.absent).extend(absent.map(|link| link.object));
        self.links.extend(around);
        let everything = 0..self.computers.len();
        let question = self.question(run, everything, surroundings);
        let question = Question { unread, alone: movable, ..question };
        let (mut decisions, surroundings) = self.ask(run, question).await?;
        // There are as many decisions as computers, and never two lists of them.
        let late = decisions.extract_if(.., |decision| !read.contains(&decision.object));
        let moves = |it: &Decision| it.is_open() || matches!(it.verdict, Verdict::Matched(_));
        self.late = late.filter(moves).collect();
        self.rules = decisions;
        Ok(surroundings.into_candidates())
    }

    /// The decisions on known computers that were not read, and that go to an asset which came since.
    pub(in crate::sync) fn late(&self) -> impl Iterator<Item = &Decision> {
        self.late.iter().filter(|late| self.joins(late))
    }

    /// Leaves what was decided on these to the next run.
    pub(in crate::sync) fn put_off(&mut self, late: &HashSet<ObjectGuid>) {
        self.late.retain(|decision| !late.contains(&decision.object));
    }

    /// Where such a computer goes, and whether decisions have nothing to do with it.
    pub(in crate::sync) fn arrives<'a>(
        &'a self,
        late: &'a Decision,
    ) -> Option<(LateArrival<'a>, bool)> {
        let to = late.verdict.asset().filter(|_| self.joins(late))?;
        let link = self.links.get(&late.object)?;
        let shown = self.spot(late)?.shown;
        let (waiting, site) = (self.waiting(late.object), self.site(Home::Asset(to)));
        let arrival = LateArrival { decision: late, to, link, waiting, site };
        Some((arrival, link.home.is_none() && shown == Some(to)))
    }

    /// Whether a known computer goes to an asset that came since.
    fn joins(&self, decision: &Decision) -> bool {
        let before = self.links.get(&decision.object).and_then(|link| link.by_rules().asset());
        let by_names = !matches!(decision.level, None | Some(Level::Constraint | Level::Known));
        let moves = |before| matches!(decision.verdict, Verdict::Matched(now) if now != before);
        by_names && before.is_some_and(moves)
    }

    /// Where all computers go, those included that were not read: one after the other, since a list of them would be as long
    /// as that of the decisions.
    pub(in crate::sync) fn moves(&self) -> impl Iterator<Item = ComputerMove> {
        let late = self.late().map(|late| ComputerMove { succeeds: false, ..self.course(late) });
        late.chain(self.rules.iter().map(|decision| self.course(decision)))
    }

    fn course(&self, decision: &Decision) -> ComputerMove {
        let object = decision.object;
        let before = self.links.get(&object).and_then(|link| link.by_rules().asset());
        // It is for a complete read to say where it goes.
        let waits_for_read = decision.reason == Reason::AwaitsCompleteRead;
        let home = self.spot(decision).and_then(|spot| spot.home.asset());
        ComputerMove {
            object,
            before,
            after: if waits_for_read { before } else { home },
            is_new: decision.is_new(),
            joins: self.joins(decision),
            succeeds: !decision.succeeds().is_empty(),
        }
    }

    /// What was decided on the computer at this place of the snapshot.
    pub(in crate::sync) fn decided(&self, place: usize) -> Option<Decided<'_>> {
        let rules = self.rules.get(place)?;
        let told = self.told.get(&place).unwrap_or(rules);
        Some(Decided { rules, told, spot: self.spot(rules) })
    }

    /// A computer of the directory as one that waits.
    pub(in crate::sync) fn waiting(&self, object: ObjectGuid) -> Option<&Waiting> {
        let place = self.waiting.get(&object)?;
        self.scene.waiting.get(*place)
    }

    /// The site of an asset that is the home of a record elsewhere, as far as that matters.
    pub(in crate::sync) fn site(&self, home: Home) -> Option<&SiteId> {
        self.sites.get(&home.asset()?)
    }

    /// Whether the inventory keeps a computer of the snapshot.
    pub(in crate::sync) fn keeps(&self, computer: ObjectGuid) -> bool {
        let place = self.rules.binary_search_by_key(&computer, |decision| decision.object);
        let decided = place.ok().and_then(|place| self.decided(place));
        let is_known = self.links.contains_key(&computer);
        decided.map_or(is_known, |decided| match decided.rules.verdict {
            Verdict::Skipped => is_known && !self.drops(&decided),
            _ => true,
        })
    }

    /// Whether a computer that waited is left out by now, and the inventory need not know of it any more.
    pub(in crate::sync) fn drops(&self, decided: &Decided<'_>) -> bool {
        let is_known = self.links.contains_key(&decided.rules.object);
        is_known && decided.spot.is_none() && self.complete
    }

    /// Whether the computer at this place of the snapshot becomes a new asset.
    pub(in crate::sync) fn creates(&self, place: usize) -> bool {
        self.rules.get(place).is_some_and(Decision::is_new)
    }

    /// Absent objects whose place another computer has taken, with that computer's asset.
    pub(in crate::sync) fn succeeded(&self) -> HashSet<ObjectGuid> {
        self.rules.iter().flat_map(|decision| decision.succeeds().iter().copied()).collect()
    }

    /// The decisions that wait for a person, as many as anybody would settle by hand.
    pub(in crate::sync) fn unresolved(&self, run: &Run<'_>) -> Vec<Decision> {
        let told = (0..self.rules.len()).filter_map(|place| Some(self.decided(place)?.told));
        let told = told.filter(|told| told.is_open()).cloned();
        told.chain(self.told_late(run).filter(Decision::is_open)).take(MOST_UNRESOLVED).collect()
    }

    /// All decisions, in the order of objectGUIDs.
    pub(in crate::sync) fn into_decisions(self, run: &Run<'_>) -> Vec<Decision> {
        let late: Vec<Decision> = self.told_late(run).collect();
        let mut all = self.rules;
        for (place, told) in self.told {
            if let Some(rules) = all.get_mut(place) {
                *rules = told;
            }
        }
        all.extend(late);
        all.sort_by_key(|decision| decision.object);
        all
    }

    /// Computers that were left out although an asset has one of their names, or would have if fewer had it: something
    /// else than a change of theirs may let them in.
    pub(in crate::sync) fn left_out(&self) -> BTreeSet<ObjectGuid> {
        let may_come = self.rules.iter().filter(|decision| decision.is_left_out_beside());
        may_come.map(|decision| decision.object).collect()
    }

    /// What is told of known computers that were not read.
    fn told_late(&self, run: &Run<'_>) -> impl Iterator<Item = Decision> {
        self.late.iter().map(|late| {
            let spot = self.spot(late);
            let mut told = self.told(run, late, spot).unwrap_or_else(|| late.clone());
            self.give_reason(&mut told, spot);
            told
        })
    }

    /// Decides again on some computers, with what the store knows by now.
    pub(in crate::sync) async fn decide_again(
        &mut self,
        run: &Run<'_>,
        places: Range<usize>,
    ) -> Result<()> {
        self.links = links::load(run).await?;
        self.look_up_decisions(run).await?;
        let Some(computers) = self.computers.get(places.clone()) else { return Ok(()) };
        let read: HashSet<ObjectGuid> = self.computers.iter().map(|c| c.object).collect();
        let view = View { directories: &self.directories, read: &read, absent: &self.absent };
        let asking: Vec<&Computer> =
            computers.iter().filter(|computer| self.needs_candidates(computer)).collect();
        let mut surroundings = Surroundings::of(run, &asking, &self.scene, view).await?;
        surroundings.add_moved(run, &self.strangers(computers), view).await?;
        let mut question = self.question(run, places.clone(), surroundings);
        question.links.extend(self.spoken_for(&places));
        let (fresh, surroundings) = self.ask(run, question).await?;
        if let Some(stale) = self.rules.get_mut(places.clone()) {
            for (stale, fresh) in stale.iter_mut().zip(fresh) {
                *stale = fresh;
            }
        }
        let candidates = surroundings.into_candidates();
        self.conclude(run, places, &candidates);
        Ok(())
    }

    /// What people decided, and all that it may touch.
    async fn look_up_decisions(&mut self, run: &Run<'_>) -> Result<()> {
        let (repository, organization) = (run.repository, &run.task.organization);
        let seen = Decisions::seen_by(repository, organization, |standing| async move {
            run.options.cancellation.check()?;
            Scene::load(repository, organization, &standing, []).await
        });
        (self.standing, self.scene) = seen.await?;
        let waiting = self.scene.waiting.iter().enumerate();
        let own = waiting.filter(|(_, waiting)| waiting.source == self.source);
        self.waiting = own.map(|(place, waiting)| (waiting.object, place)).collect();
        let homes = merge::by_home(&self.scene.assets, &self.scene.waiting, &run.task.matching);
        self.sites = homes.into_iter().map(|home| (home.id, home.site)).collect();
        Ok(())
    }

    /// Assets that other computers of this run were matched to and that are not written yet.
    fn spoken_for(&self, places: &Range<usize>) -> BTreeMap<ObjectGuid, AssetId> {
        let others = self.rules.iter().enumerate().filter(|(place, _)| !places.contains(place));
        others
            .filter_map(|(_, decision)| match decision.verdict {
                Verdict::Matched(asset) => Some((decision.object, asset)),
                _ => None,
            })
            .collect()
    }

    /// What the computers at these places are, by the rules alone.
    fn question(
        &self,
        run: &Run<'_>,
        places: Range<usize>,
        surroundings: Surroundings,
    ) -> Question {
        let homes = self.links.values();
        let links = homes.filter_map(|link| Some((link.object, link.by_rules().asset()?)));
        Question {
            task: run.task.clone(),
            read: Arc::clone(&self.computers),
            places,
            unread: Vec::new(),
            links: links.collect(),
            absent: Arc::clone(&self.absent),
            alone: HashSet::new(),
            surroundings,
            first_new: AssetId::from_u128(run.id.as_u128()).nth(self.new_assets + 1),
            now: run.now,
        }
    }

    /// What the rules alone say.
    async fn ask(
        &mut self,
        run: &Run<'_>,
        question: Question,
    ) -> Result<(Vec<Decision>, Surroundings)> {
        let (mut decisions, surroundings) = question.ask(&run.options.cancellation).await?;
        if !self.complete {
            decisions.iter_mut().for_each(Decision::await_complete_read);
        }
        self.count_new(&decisions);
        Ok((decisions, surroundings))
    }

    /// Ids of new assets follow the order of objectGUIDs, so they do not depend on the order in which the directory was
    /// read, and append in stores that keep assets in order of their ids. None is given twice in a run.
    fn count_new(&mut self, decisions: &[Decision]) {
        self.new_assets += decisions.iter().filter(|decision| decision.is_new()).count() as u64;
    }

    /// The computers that have no asset yet.
    fn strangers(&self, computers: &[Computer]) -> Vec<ObjectGuid> {
        let strangers = computers.iter().filter(|computer| self.needs_candidates(computer));
        strangers.map(|computer| computer.object).collect()
    }

    /// Whether the assets are to be looked up that a computer could be. For a known one there is no need.
    fn needs_candidates(&self, computer: &Computer) -> bool {
        self.links.get(&computer.object).is_none_or(|link| link.by_rules() == Home::Waiting)
    }

    /// Lays what people decided over what the rules say.
    fn conclude(&mut self, run: &Run<'_>, places: Range<usize>, candidates: &[Candidate]) {
        for place in places {
            let Some(rules) = self.rules.get(place) else { continue };
            let spot = self.spot(rules);
            match self.told(run, rules, spot) {
                Some(told) => self.told.insert(place, told),
                None => self.told.remove(&place),
            };
            let away = spot.filter(|spot| spot.home.away_from(spot.shown).is_some());
            if let Some(home) = away.and_then(|spot| spot.home.asset()) {
                let found = candidates.binary_search_by_key(&home, |candidate| candidate.asset);
                let candidate = found.ok().and_then(|found| candidates.get(found));
                let site = candidate.map_or(&run.task.site, |candidate| &candidate.site);
                self.sites.insert(home, site.clone());
            }
        }
    }

    /// Where a computer is, by the rules alone and as it is shown. What the rules decide anew with regard to people's
    /// decisions is left where it is: the end of the run settles that.
    fn spot(&self, rules: &Decision) -> Option<Spot> {
        let link = self.links.get(&rules.object);
        let home = match rules.verdict {
            Verdict::Linked(asset) | Verdict::Matched(asset) | Verdict::Create(asset) => {
                Home::Asset(asset)
            }
            Verdict::Ambiguous => Home::Waiting,
            // What the task leaves out is nowhere, unless a decision has it in an asset.
            Verdict::Skipped => match link.filter(|link| link.asset.is_some()) {
                Some(link) => link.by_rules(),
                None => {
                    self.standing.must(&self.source, rules.object)?;
                    Home::Waiting
                }
            },
        };
        let stays = link.filter(|link| link.by_rules() == home);
        let shown = match stays {
            Some(link) => link.asset,
            None => match self.standing.must(&self.source, rules.object) {
                Some(must) => Some(must.asset),
                None => {
                    self.shown(rules.object, home.asset().map(|home| self.standing.survivor(home)))
                }
            },
        };
        Some(Spot { home, shown })
    }

    /// What is to show a known computer that moves: not what people decided it is not. It stays until the end of the run.
    fn shown(&self, object: ObjectGuid, asset: Option<AssetId>) -> Option<AssetId> {
        let is_told_apart = |asset| self.standing.cannot(&self.source, object, asset).is_some();
        let before = self.links.get(&object).and_then(|link| link.asset);
        if asset.is_some_and(is_told_apart) { before.or(asset) } else { asset }
    }
}

/// The computers that were read, and what they were called by before.
async fn computers(
    run: &Run<'_>,
    snapshot: &Snapshot,
    domain: &DirectoryDomain,
) -> Result<(Vec<Computer>, FormerSids)> {
    let mut computers = Vec::with_capacity(snapshot.computers.len());
    let mut former = FormerSids::new();
    for outlines in snapshot.computers.outlines().chunks(Run::AT_ONCE) {
        run.pause().await?;
        for outline in outlines {
            let object = snapshot.computers.get(outline)?;
            computers.push(match run.task.exclusions.depend_on_place() {
                true => Computer::of(&object, domain),
                false => Computer::of(&object, domain).anywhere(),
            });
            let sids: Vec<String> =
                object.attributes.values("sIDHistory").map(str::to_owned).collect();
            if !sids.is_empty() {
                former.insert(object.guid, sids);
            }
        }
    }
    Ok((computers, former))
}
