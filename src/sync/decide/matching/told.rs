//! How decisions are told: with the asset that shows the computer, by whom it was decided, and what is in question.

use super::Matching;
use crate::Result;
use crate::asset::Home;
use crate::grouping;
use crate::merge::{Decision, Level, Reason, Verdict};
use crate::sync::decide::former::{self, FormerSids};
use crate::sync::decide::moves::{Decided, Spot};
use crate::sync::run::Run;
use crate::value::ObjectGuid;

impl Matching {
    /// Notes which ties a computer of another directory has put in question.
    pub(super) async fn note_doubts(&mut self, run: &Run<'_>) -> Result<()> {
        let task = run.task;
        let doubts = grouping::doubts(
            run.repository,
            &task.organization,
            &task.source,
            &self.scene.waiting,
            &self.standing,
            &self.directories,
        );
        let doubts = doubts.await?;
        self.told.values_mut().for_each(|told| told.set_doubtful(None));
        for (object, doubt) in doubts {
            let told = self.place(object).and_then(|place| self.told_at(place));
            if let Some(told) = told.filter(|told| Some(doubt.asset) == told.verdict.asset()) {
                told.set_doubtful(Some(doubt.by));
            }
        }
        Ok(())
    }

    /// Notes which assets had the new computers before, by their former identifiers.
    pub(super) async fn note_former(&mut self, run: &Run<'_>, sids: &FormerSids) -> Result<()> {
        let is_new = |place: &usize| {
            let told = self.decided(*place).map(|decided| decided.told.verdict);
            !matches!(told, Some(Verdict::Linked(_)))
        };
        let places = sids.keys().filter_map(|object| self.place(*object));
        let places: Vec<usize> = places.filter(is_new).collect();
        let told = places.iter().filter_map(|place| self.decided(*place));
        let mut told: Vec<Decision> = told.map(|decided| decided.told.clone()).collect();
        former::note(run, sids, &mut told).await?;
        let told = places.into_iter().zip(told);
        self.told.extend(told.filter(|(_, told)| !told.candidates().is_empty()));
        Ok(())
    }

    /// Notes why computers are where the rules have them with regard to people's decisions on others, or on other assets.
    pub(super) async fn note_reasons(&mut self, run: &Run<'_>) -> Result<()> {
        let task = run.task;
        let mut all = self.rules.iter().chain(&self.late);
        if !all.any(|rules| self.spot(rules).is_some_and(Spot::is_elsewhere)) {
            return Ok(());
        }
        let settled = grouping::settle_scene(
            run.repository,
            &task.organization,
            self.scene.clone(),
            &self.standing,
            &self.directories,
        );
        self.settled = settled.await?;
        for place in 0..self.rules.len() {
            let Some(Decided { told, spot, .. }) = self.decided(place) else { continue };
            if spot.is_some_and(Spot::is_elsewhere) {
                let mut told = told.clone();
                self.give_reason(&mut told, spot);
                self.told.insert(place, told);
            }
        }
        Ok(())
    }

    /// Says why a computer is where people's decisions on others, or on other assets, have it.
    pub(super) fn give_reason(&self, told: &mut Decision, spot: Option<Spot>) {
        let decided = self.settled.decision(&self.source, told.object);
        if let Some(decided) = decided.filter(|_| spot.is_some_and(Spot::is_elsewhere)) {
            told.level = Some(Level::Constraint);
            told.reason = decided.reason.clone();
            told.set_candidates(decided.candidates().to_vec(), decided.more_candidates());
        }
    }

    /// A decision as it is told, where that is not as the rules have it: with the asset that shows the computer, and by whom
    /// it was decided.
    pub(super) fn told(
        &self,
        run: &Run<'_>,
        rules: &Decision,
        spot: Option<Spot>,
    ) -> Option<Decision> {
        let Spot { home, shown } = spot?;
        if home == Home::of(shown) {
            return None;
        }
        let mut told = rules.clone();
        match shown {
            Some(asset) => {
                let is_known = self.links.get(&rules.object).is_some_and(|l| l.asset == shown);
                let known = if is_known { Verdict::Linked } else { Verdict::Matched };
                told.verdict = known(asset);
                if let Some(must) = self.standing.must(&run.task.source, rules.object) {
                    told.level = Some(Level::Constraint);
                    told.reason = Reason::Decided { by: must.by.clone() };
                    told.set_candidates(Vec::new(), 0);
                }
            }
            None => {
                let noted = self.waiting(rules.object).and_then(|waiting| waiting.told.as_ref());
                let noted = noted.and_then(|told| serde_json::from_str(told).ok());
                told = noted.unwrap_or(told);
                told.verdict = Verdict::Ambiguous;
            }
        }
        Some(told)
    }

    /// The place of a computer that was read.
    fn place(&self, object: ObjectGuid) -> Option<usize> {
        self.rules.binary_search_by_key(&object, |decision| decision.object).ok()
    }

    /// What is told of the computer at this place, to be changed.
    fn told_at(&mut self, place: usize) -> Option<&mut Decision> {
        let rules = self.rules.get(place)?;
        Some(self.told.entry(place).or_insert_with(|| rules.clone()))
    }
}
