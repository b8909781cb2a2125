//! Matching one computer with the assets, and explaining it.

use super::compare::{Compared, Comparison, Names};
use super::contest::{Claimant, Contest};
use super::ruling::Rulings;
use super::ties::Ties;
use super::{
    Candidate, Computer, Considered, Decision, Evidence, Excluded, Exclusion, Level, LostBecause,
    Outranked, Reason, Unmatched, Verdict,
};
use crate::schedule::{Ambiguity, MatchPolicy};
use crate::value::AssetId;

/// The most assets that a decision lists. Beyond a screenful nobody reads on, and a run holds the
/// decisions on all computers at once.
const MOST_LISTED: usize = 10;

/// What a computer would get if it were alone in the directory.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    computer: &'a Computer,
    wish: Wish,
    compared: Vec<Compared>,
}

#[derive(Debug)]
enum Wish {
    Settled(Verdict, Level, Reason),
    NotAHost,
    Excluded(Excluded),
    Asset { asset: AssetId, place: usize, evidence: Evidence, rivals: usize },
    Ambiguous(Level, usize),
    Nothing(Unmatched),
}

/// The asset that a computer claimed, and who has it instead.
#[derive(Clone, Debug)]
struct Loss {
    asset: AssetId,
    by: String,
    because: Outranked,
}

impl<'a> Draft<'a> {
    pub(super) fn claim(&self) -> Option<(usize, Claimant<'a>)> {
        let Wish::Asset { place, evidence, .. } = &self.wish else { return None };
        Some((*place, Claimant { computer: self.computer, level: evidence.level() }))
    }
}

/// What all computers of a run are matched with.
pub(super) struct Matching<'a> {
    pub(super) assets: &'a [&'a Candidate],
    pub(super) rulings: &'a Rulings<'a>,
    pub(super) ties: &'a Ties,
    pub(super) exclusion: &'a Exclusion,
    pub(super) policy: &'a MatchPolicy,
}

impl Matching<'_> {
    /// What a computer would get if it were alone in the directory.
    pub(super) fn draft<'c>(&self, computer: &'c Computer, names: &Names<'_>) -> Draft<'c> {
        let mut draft = Draft { computer, wish: Wish::NotAHost, compared: Vec::new() };
        if let Some((verdict, level, reason)) = self.ties.settled.get(&computer.object) {
            draft.wish = Wish::Settled(*verdict, *level, reason.clone());
        } else if !computer.is_host() {
            draft.wish = Wish::NotAHost;
        } else if let Some(excluded) = self.exclusion.reason(computer) {
            draft.wish = Wish::Excluded(excluded);
        } else {
            let Comparison { assets, weak } = names.compare(computer);
            draft.compared = self.without_separated(computer, assets);
            draft.wish = match self.wish(&draft.compared) {
                Some(wish) => wish,
                None if !draft.compared.is_empty() => Wish::Nothing(Unmatched::NothingFits),
                None if computer.names.is_empty() && weak.is_empty() => {
                    Wish::Nothing(Unmatched::NoName)
                }
                None if weak.is_empty() => Wish::Nothing(Unmatched::NoAsset),
                None => Wish::Nothing(Unmatched::Weak(weak)),
            };
        }
        draft
    }

    /// The comparisons as people's decisions leave them, the best first.
    fn without_separated(&self, computer: &Computer, mut compared: Vec<Compared>) -> Vec<Compared> {
        for Compared { place, outcome } in &mut compared {
            let cannot =
                self.asset(*place).and_then(|asset| self.rulings.cannot(computer.object, asset));
            if let Some(ruling) = cannot {
                *outcome = Err(LostBecause::Separated { by: ruling.by.clone() });
            }
        }
        compared.sort_by_key(|compared| compared.outcome.is_err());
        compared
    }

    fn wish(&self, compared: &[Compared]) -> Option<Wish> {
        let best = on_best_level(compared);
        let (first, evidence) = best.first()?;
        let level = evidence.level();
        let assets = best.len();
        if assets == 1 {
            return self.claim(*first, evidence, 0);
        }
        match self.policy.ambiguity {
            Ambiguity::Review => Some(Wish::Ambiguous(level, assets)),
            Ambiguity::Create => Some(Wish::Nothing(Unmatched::Ambiguous { level, assets })),
            Ambiguity::MostRecentlySeen => match self.most_recently_seen(&best) {
                Some((place, evidence)) => self.claim(place, evidence, assets - 1),
                None => Some(Wish::Ambiguous(level, assets)),
            },
        }
    }

    /// An asset, unless another computer is tied to it.
    fn claim(&self, place: usize, evidence: &Evidence, rivals: usize) -> Option<Wish> {
        let asset = self.asset(place)?;
        Some(match self.ties.holder(asset) {
            Some(by) => Wish::Nothing(Unmatched::Held { asset, by: by.to_owned() }),
            None => Wish::Asset { asset, place, evidence: evidence.clone(), rivals },
        })
    }

    /// The one that was seen last, if only one was.
    fn most_recently_seen<'e>(
        &self,
        best: &[(usize, &'e Evidence)],
    ) -> Option<(usize, &'e Evidence)> {
        let seen = |place: usize| self.assets.get(place).and_then(|asset| asset.last_seen);
        let latest = best.iter().map(|(place, _)| seen(*place)).max()?;
        let mut latest = best.iter().filter(|(place, _)| seen(*place) == latest);
        latest.next().filter(|_| latest.next().is_none()).copied()
    }

    /// What becomes of a computer, once all have made their claims.
    pub(super) fn decision(&self, draft: Draft<'_>, contest: &Contest<'_>) -> Decision {
        let loss = self.loss(&draft, contest);
        let Draft { computer, mut wish, compared } = draft;
        if let Some(Loss { asset, by, because }) = loss.clone() {
            wish = Wish::Nothing(Unmatched::Outranked { asset, by, because });
        }
        let decide = |verdict, level, reason| Decision {
            level,
            ..Decision::new(computer.object, &computer.name, verdict, reason)
        };
        let mut chosen = None;
        let mut decision = match wish {
            Wish::Settled(verdict, level, reason) => decide(verdict, Some(level), reason),
            Wish::NotAHost => decide(Verdict::Skipped, None, Reason::NotAHost(computer.kind)),
            Wish::Excluded(why) => decide(Verdict::Skipped, None, Reason::Excluded(why)),
            Wish::Ambiguous(level, assets) => {
                decide(Verdict::Ambiguous, Some(level), Reason::Ambiguous { level, assets })
            }
            Wish::Nothing(why) => self.unmatched(computer, why),
            Wish::Asset { asset, evidence, rivals, .. } => {
                chosen = Some(asset);
                let level = Some(evidence.level());
                decide(Verdict::Matched(asset), level, names_decided(evidence, rivals))
            }
        };
        if let Verdict::Matched(asset) = decision.verdict {
            decision.succeeds = self.ties.predecessors.get(&asset).cloned().unwrap_or_default();
        }
        decision.more_candidates = compared.len().saturating_sub(MOST_LISTED);
        decision.candidates = self.considered(&compared, chosen, loss.as_ref());
        decision
    }

    /// The better claim of another computer to the asset that this one claims.
    fn loss(&self, draft: &Draft<'_>, contest: &Contest<'_>) -> Option<Loss> {
        let (place, claim) = draft.claim()?;
        let (winner, because) = contest.winner_over(place, claim)?;
        Some(Loss { asset: self.asset(place)?, by: winner.name.clone(), because })
    }

    fn unmatched(&self, computer: &Computer, why: Unmatched) -> Decision {
        let (verdict, reason) = if self.policy.exclude_unknown {
            (Verdict::Skipped, Reason::LeftOut(why))
        } else {
            (Verdict::Create, Reason::Unmatched(why))
        };
        Decision::new(computer.object, &computer.name, verdict, reason)
    }

    /// Every asset that was considered and why it was not taken, the one that was taken first.
    fn considered(
        &self,
        compared: &[Compared],
        chosen: Option<AssetId>,
        loss: Option<&Loss>,
    ) -> Vec<Considered> {
        let best = on_best_level(compared);
        let level_of = |compared: &Compared| compared.outcome.as_ref().ok().map(Evidence::level);
        let best_level = best.first().map(|(_, evidence)| evidence.level());
        let lost_because = |asset: AssetId, compared: &Compared| match &compared.outcome {
            Err(because) => because.clone(),
            Ok(evidence) if Some(evidence.level()) != best_level => {
                LostBecause::LowerLevel(best_level.unwrap_or(evidence.level()))
            }
            Ok(_) => match (self.ties.holder(asset), loss) {
                (Some(by), _) => LostBecause::Held { by: by.to_owned() },
                (None, Some(loss)) if loss.asset == asset => {
                    LostBecause::Outranked { by: loss.by.clone(), because: loss.because }
                }
                _ if chosen.is_some() || loss.is_some() => LostBecause::SeenEarlier,
                _ => LostBecause::Ambiguous { others: best.len().saturating_sub(1) },
            },
        };
        let mut considered: Vec<Considered> = compared
            .iter()
            .filter_map(|compared| {
                let asset = self.asset(compared.place)?;
                let lost = (Some(asset) != chosen).then(|| lost_because(asset, compared));
                Some(Considered { asset, level: level_of(compared), lost_because: lost })
            })
            .collect();
        considered.sort_by_key(|considered| considered.lost_because.is_some());
        considered.truncate(MOST_LISTED);
        considered
    }

    fn asset(&self, place: usize) -> Option<AssetId> {
        self.assets.get(place).map(|asset| asset.asset)
    }
}

/// The comparisons come with the best level first.
fn on_best_level(compared: &[Compared]) -> Vec<(usize, &Evidence)> {
    let fitting = || compared.iter().filter_map(|c| Some((c.place, c.outcome.as_ref().ok()?)));
    let best = fitting().map(|(_, evidence)| evidence.level()).min();
    fitting().take_while(|(_, evidence)| Some(evidence.level()) == best).collect()
}

fn names_decided(evidence: Evidence, rivals: usize) -> Reason {
    if rivals == 0 {
        Reason::Names(evidence)
    } else {
        Reason::MostRecentlySeen { evidence, assets: rivals + 1 }
    }
}
