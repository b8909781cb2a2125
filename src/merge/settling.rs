//! Claims are settled, the best first, until nothing changes any more.

use std::collections::{BTreeSet, HashMap};

use super::assignment::Assignment;
use super::matching::{Draft, Matching};
use super::watch::{Steps, Watch};

/// Those whose claims are open.
#[derive(Debug)]
struct Open<'a> {
    drafts: Vec<Draft<'a>>,
    /// The numbers of the drafts, by the places of their computers.
    numbers: HashMap<usize, usize>,
    claims: Assignment,
}

impl<'a> Matching<'a> {
    /// Gives assets to those who claim them, until nobody has a claim left that nobody else's goes before.
    ///
    /// Goes by rounds: all who go first in one get what they claim, and then all to whom that matters decide anew. Takes
    /// time in proportion to those, not to the rounds.
    pub(super) fn settle<W: Watch>(
        &mut self,
        drafts: Vec<Draft<'a>>,
        watch: &W,
    ) -> Result<Vec<Draft<'a>>, W::Stop> {
        let mut steps = Steps::under(watch);
        let mut open = Open::of(drafts);
        let mut common = BTreeSet::new();
        loop {
            let won = open.round(&mut steps)?;
            if won.is_empty() {
                break;
            }
            let taken: Vec<usize> = won.iter().map(|(place, _)| *place).collect();
            for (place, number) in won {
                self.give(&mut open, place, number);
            }
            let touched = self.names.touched(self.assets, &taken);
            common.extend(touched.common);
            self.decide_anew(&mut open, touched.telling, &mut steps)?;
        }
        // Their proposals are what they were; how many have a common name is said as it is in the end.
        self.decide_anew(&mut open, common, &mut steps)?;
        self.leave_undecided(&mut open, &mut steps)?;
        steps.finish()?;
        Ok(open.drafts)
    }

    /// Gives a computer the asset that it claims.
    fn give(&mut self, open: &mut Open<'a>, place: usize, number: usize) {
        open.withdraw(number);
        let Some(draft) = open.drafts.get_mut(number) else { return };
        draft.won = true;
        if let Some(asset) = self.asset(place) {
            self.ties.hold(asset, draft.computer.object, &*draft.computer.name);
        }
        self.names.take(place);
    }

    /// Has those wait of whom several are first on an asset, since nothing tells them apart.
    fn leave_undecided<W: Watch>(
        &self,
        open: &mut Open<'a>,
        steps: &mut Steps<'_, W>,
    ) -> Result<(), W::Stop> {
        for place in open.claims.contested() {
            let equals = open.equals(place);
            steps.take(1 + equals.len())?;
            for (number, other) in equals {
                let other = open.drafts.get(other).map(|draft| draft.computer);
                let (Some(draft), Some(other)) = (open.drafts.get_mut(number), other) else {
                    continue;
                };
                let by = other.name_beside(draft.computer);
                self.contest(draft, by);
            }
        }
        Ok(())
    }

    /// Lets those decide anew who have one of these names.
    fn decide_anew<W: Watch>(
        &self,
        open: &mut Open<'a>,
        names: BTreeSet<u32>,
        steps: &mut Steps<'_, W>,
    ) -> Result<(), W::Stop> {
        let computers = names.into_iter().flat_map(|name| self.names.computers(name));
        let mut numbers: Vec<usize> = Vec::new();
        for computer in computers {
            steps.take(1)?;
            numbers.extend(open.numbers.get(&(*computer as usize)));
        }
        numbers.sort_unstable();
        numbers.dedup();
        for number in numbers {
            open.withdraw(number);
            let Some(draft) = open.drafts.get_mut(number).filter(|draft| !draft.is_settled())
            else {
                continue;
            };
            self.draft_again(draft);
            steps.take(1 + draft.compared.len())?;
            open.enter(number);
        }
        Ok(())
    }
}

impl<'a> Open<'a> {
    fn of(drafts: Vec<Draft<'a>>) -> Self {
        let numbers = drafts.iter().enumerate().map(|(number, draft)| (draft.place, number));
        let mut open = Self { numbers: numbers.collect(), drafts, claims: Assignment::default() };
        (0..open.drafts.len()).for_each(|number| open.enter(number));
        open
    }

    /// Who goes first on an asset that others claim than before, each with the place of the asset. The others note to whom
    /// they lost.
    fn round<W: Watch>(
        &mut self,
        steps: &mut Steps<'_, W>,
    ) -> Result<Vec<(usize, usize)>, W::Stop> {
        let mut won = Vec::new();
        for place in self.claims.take_due() {
            let mut claims = self.claims.to(place).peekable();
            let Some((best, first)) = claims.next() else { continue };
            let is_equalled = claims.peek().is_some_and(|(next, _)| best.is_equalled_by(next));
            if best.is_sure() && !is_equalled {
                won.push((place, first));
            }
            let Some(winner) = self.drafts.get(first).map(|draft| draft.computer) else { continue };
            for (rank, number) in claims {
                steps.take(1)?;
                let loser = self.drafts.get_mut(number).filter(|_| rank.is_sure());
                if let (Some(loser), Some(because)) = (loser, best.advantage_over(&rank)) {
                    loser.lost.insert(place, (winner.name_beside(loser.computer), because));
                }
            }
            steps.take(1)?;
        }
        Ok(won)
    }

    /// Those who are first on an asset together, each with another one of them.
    fn equals(&self, place: usize) -> Vec<(usize, usize)> {
        let mut claims = self.claims.to(place);
        let Some((best, first)) = claims.next() else { return Vec::new() };
        let others = claims.take_while(|(rank, _)| best.is_equalled_by(rank));
        let mut equals: Vec<_> = others.map(|(_, number)| (number, first)).collect();
        let second = equals.first().map(|(number, _)| (first, *number));
        equals.extend(second);
        equals
    }

    fn enter(&mut self, number: usize) {
        let Some(draft) = self.drafts.get(number) else { return };
        draft.interests().for_each(|(place, claimant)| self.claims.enter(place, claimant, number));
    }

    fn withdraw(&mut self, number: usize) {
        let Some(draft) = self.drafts.get(number) else { return };
        draft.interests().for_each(|(place, claimant)| self.claims.withdraw(place, claimant));
    }
}
