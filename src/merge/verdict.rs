//! What was decided on a computer in the end, and how it is explained.

use super::compare::Compared;
use super::decision::MOST_LISTED;
use super::matching::{Draft, Matching, Proposal, on_best_level};
use super::{Computer, Considered, Decision, Evidence, LostBecause, Reason, Unmatched, Verdict};
use crate::value::AssetId;

impl Matching<'_> {
    /// What becomes of a computer, once all claims are settled. If it becomes an asset, this is the one.
    pub(super) fn decision(&self, draft: Draft<'_>, new: AssetId) -> Decision {
        let mut decision = match draft.tied {
            Some(tie) if !draft.won => {
                let reason = self.undecided(&draft).unwrap_or_else(|| tie.reason());
                self.decide(&draft, tie.verdict(), reason).with_level(Some(tie.level()))
            }
            _ => self.untied(&draft, new),
        };
        if let Verdict::Matched(asset) = decision.verdict {
            decision.set_succeeds(self.ties.predecessors(asset).to_vec());
        }
        let considered = self.considered(&draft, decision.verdict.asset());
        let more = draft.compared.len().saturating_sub(MOST_LISTED);
        decision.set_candidates(considered, more);
        decision
    }

    /// Why a known computer waits beside other assets that it may be.
    fn undecided(&self, draft: &Draft<'_>) -> Option<Reason> {
        match &draft.proposal {
            Proposal::Ambiguous(level, assets) => {
                Some(Reason::Undecided { level: *level, assets: *assets })
            }
            Proposal::Contested { level, by, .. } => {
                Some(Reason::Contested { level: *level, by: by.clone() })
            }
            _ => None,
        }
    }

    fn untied(&self, draft: &Draft<'_>, new: AssetId) -> Decision {
        let decide = |verdict, reason| self.decide(draft, verdict, reason);
        match &draft.proposal {
            Proposal::Asset { asset, evidence, rivals, .. } if draft.won => {
                let reason = names_decided(evidence.clone(), *rivals);
                decide(Verdict::Matched(*asset), reason).with_level(Some(evidence.level()))
            }
            Proposal::Asset { asset, place, .. } => {
                self.unmatched(draft.computer, self.outranked(draft, *asset, *place), new)
            }
            Proposal::NotAHost => decide(Verdict::Skipped, Reason::NotAHost(draft.computer.kind)),
            Proposal::Excluded(why) => decide(Verdict::Skipped, Reason::Excluded(why.clone())),
            Proposal::Ambiguous(level, assets) => {
                let (level, assets) = (*level, *assets);
                let reason = Reason::Ambiguous { level, assets };
                decide(Verdict::Ambiguous, reason).with_level(Some(level))
            }
            Proposal::Contested { level, by, .. } => {
                let reason = Reason::Contested { level: *level, by: by.clone() };
                decide(Verdict::Ambiguous, reason).with_level(Some(*level))
            }
            Proposal::Nothing(Unmatched::Weak(_) | Unmatched::NothingFits)
                if self.is_beside_another(draft) =>
            {
                let why = Unmatched::Common(draft.weak.clone());
                self.unmatched(draft.computer, why, new)
            }
            Proposal::Nothing(why) => self.unmatched(draft.computer, why.clone(), new),
            Proposal::Unasked => self.unmatched(draft.computer, Unmatched::NoAsset, new),
        }
    }

    /// The asset that it claims is free, and yet another computer goes before it.
    fn outranked(&self, draft: &Draft<'_>, asset: AssetId, place: usize) -> Unmatched {
        match draft.lost.get(&place) {
            Some((by, because)) => {
                Unmatched::Outranked { asset, by: by.clone(), because: *because }
            }
            None => Unmatched::NothingFits,
        }
    }

    fn decide(&self, draft: &Draft<'_>, verdict: Verdict, reason: Reason) -> Decision {
        Decision::new(draft.computer.object, &draft.computer.name, verdict, reason)
    }

    fn unmatched(&self, computer: &Computer, why: Unmatched, new: AssetId) -> Decision {
        let (verdict, reason) = if self.policy.exclude_unknown {
            (Verdict::Skipped, Reason::LeftOut(why))
        } else {
            (Verdict::Create(new), Reason::Unmatched(why))
        };
        Decision::new(computer.object, &computer.name, verdict, reason)
    }

    /// Every asset that was considered and why it was not taken, the one that was taken first.
    fn considered(&self, draft: &Draft<'_>, chosen: Option<AssetId>) -> Vec<Considered> {
        let mut considered: Vec<Considered> = draft
            .compared
            .iter()
            .filter_map(|compared| {
                let asset = self.asset(compared.place)?;
                let level = compared.outcome.as_ref().ok().map(Evidence::level);
                let lost = (Some(asset) != chosen).then(|| self.lost_because(draft, compared));
                Some(Considered { asset, level, lost_because: lost })
            })
            .collect();
        considered.sort_by_key(|considered| considered.lost_because.is_some());
        considered.truncate(MOST_LISTED);
        considered
    }

    fn lost_because(&self, draft: &Draft<'_>, compared: &Compared) -> LostBecause {
        let best = on_best_level(&draft.compared);
        let best_level = best.first().map(|(_, evidence)| evidence.level());
        let evidence = match &compared.outcome {
            Err(because) => return because.clone(),
            Ok(evidence) => evidence,
        };
        if Some(evidence.level()) != best_level {
            return LostBecause::LowerLevel(best_level.unwrap_or(evidence.level()));
        }
        if let Some((by, because)) = draft.lost.get(&compared.place) {
            return LostBecause::Outranked { by: by.clone(), because: *because };
        }
        match &draft.proposal {
            Proposal::Contested { by, .. } => LostBecause::Contested { by: by.clone() },
            _ if draft.won => LostBecause::SeenEarlier,
            _ => LostBecause::Ambiguous { others: best.len().saturating_sub(1) },
        }
    }
}

fn names_decided(evidence: Evidence, rivals: usize) -> Reason {
    if rivals == 0 {
        Reason::Names(evidence.into())
    } else {
        Reason::MostRecentlySeen { evidence: evidence.into(), assets: rivals + 1 }
    }
}
