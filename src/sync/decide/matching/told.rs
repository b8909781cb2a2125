//! How decisions are told: with the asset that shows the computer, by whom it was decided, and what is in question.

use super::Matching;
use crate::Result;
use crate::asset::Home;
use crate::grouping;
use crate::merge::{Decision, Level, Reason, Verdict};
use crate::sync::decide::moves::Spot;
use crate::sync::run::Run;

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
        for told in &mut self.told {
            let doubt =
                doubts.get(&told.object).filter(|doubt| Some(doubt.asset) == told.verdict.asset());
            told.doubtful = doubt.map(|doubt| doubt.by.clone());
        }
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
        let mut all_told = std::mem::take(&mut self.told);
        for (told, rules) in all_told.iter_mut().zip(&self.rules) {
            self.give_reason(told, self.spot(rules));
        }
        self.told = all_told;
        Ok(())
    }

    /// Says why a computer is where people's decisions on others, or on other assets, have it.
    pub(super) fn give_reason(&self, told: &mut Decision, spot: Option<Spot>) {
        let decided = self.settled.decision(&self.source, told.object);
        if let Some(decided) = decided.filter(|_| spot.is_some_and(Spot::is_elsewhere)) {
            told.level = Some(Level::Constraint);
            told.reason = decided.reason.clone();
            told.candidates = decided.candidates.clone();
            told.more_candidates = decided.more_candidates;
        }
    }

    /// A decision as it is told: with the asset that shows the computer, and by whom it was decided.
    pub(super) fn told(&self, run: &Run<'_>, rules: &Decision, spot: Option<Spot>) -> Decision {
        let mut told = rules.clone();
        let Some(Spot { home, shown }) = spot else { return told };
        if home == Home::of(shown) {
            return told;
        }
        match shown {
            Some(asset) => {
                let is_known = self.links.get(&rules.object).is_some_and(|l| l.asset == shown);
                let known = if is_known { Verdict::Linked } else { Verdict::Matched };
                told.verdict = known(asset);
                if let Some(must) = self.standing.must(&run.task.source, rules.object) {
                    told.level = Some(Level::Constraint);
                    told.reason = Reason::Decided { by: must.by.clone() };
                    told.candidates.clear();
                    told.more_candidates = 0;
                }
            }
            None => {
                let noted = self.waiting(rules.object).and_then(|waiting| waiting.told.as_ref());
                let noted = noted.and_then(|told| serde_json::from_str(told).ok());
                told = noted.unwrap_or(told);
                told.verdict = Verdict::Ambiguous;
            }
        }
        told
    }
}
