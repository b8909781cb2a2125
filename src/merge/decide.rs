//! The rules, in order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::compare::{Compared, Comparison, Names};
use super::contest::{Claimant, Contest};
use super::ruling::Rulings;
use super::{
    Candidate, Computer, Considered, Decision, Evidence, Level, LostBecause, Outranked, Reason,
    Unmatched, Verdict,
};
use crate::asset::Constraint;
use crate::schedule::{Ambiguity, CandidateScope, MatchPolicy};
use crate::value::{AssetId, ObjectGuid, SiteId, SourceId};

/// The most assets that a decision lists. Beyond a screenful nobody reads on, and a run holds the
/// decisions on all computers at once.
const MOST_LISTED: usize = 10;

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
/// 3. *What is no host* is left out.
/// 4. *Names* are compared with those of the candidates, level by level. What more than
///    [`weak_name_limit`](MatchPolicy::weak_name_limit) assets or computers have is no evidence; fully
///    qualified names are counted for [`Level::Full`], short names for the other levels. A domain that the
///    computer or the directory calls its own is its domain; another authoritative one on the asset
///    contradicts [`Level::Short`].
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
    let matching = Matching { assets: &assets, rulings: &rulings, ties: &ties, policy };
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

/// Which objects are tied to an asset without a look at names.
#[derive(Debug, Default)]
struct Ties {
    /// Computers of this run: where to, and by what right.
    settled: HashMap<ObjectGuid, (AssetId, Reason)>,
    /// What a person would call the object that has the asset.
    holders: HashMap<AssetId, (ObjectGuid, String)>,
    /// The absent objects that had the asset.
    predecessors: HashMap<AssetId, Vec<ObjectGuid>>,
}

impl Ties {
    fn of(
        computers: &BTreeMap<ObjectGuid, &Computer>,
        known: &Known<'_>,
        rulings: &Rulings<'_>,
    ) -> Self {
        let mut ties = Self::default();
        for (object, asset) in known.links {
            let moved = rulings.must(*object).is_some_and(|must| must.asset != *asset);
            let computer = computers.get(object);
            if moved || rulings.cannot(*object, *asset).is_some() {
                continue;
            } else if let Some(computer) = computer {
                ties.settled.insert(*object, (*asset, Reason::Known));
                ties.hold(*asset, *object, &computer.name);
            } else if known.absent.contains(object) {
                ties.predecessors.entry(*asset).or_default().push(*object);
            } else {
                ties.hold(*asset, *object, &object.to_string());
            }
        }
        for (object, computer) in computers {
            if let Some(must) = rulings.must(*object) {
                let decided = Reason::Decided { by: must.by.clone() };
                ties.settled.entry(*object).or_insert((must.asset, decided));
                ties.hold(must.asset, *object, &computer.name);
            }
        }
        ties.predecessors.values_mut().for_each(|objects| objects.sort_unstable());
        ties
    }

    /// Of several holders the one with the lowest objectGUID is named.
    fn hold(&mut self, asset: AssetId, object: ObjectGuid, name: &str) {
        let holder = self.holders.entry(asset).or_insert_with(|| (object, name.to_owned()));
        if object < holder.0 {
            *holder = (object, name.to_owned());
        }
    }

    fn holder(&self, asset: AssetId) -> Option<&str> {
        self.holders.get(&asset).map(|(_, name)| name.as_str())
    }
}

/// What a computer would get if it were alone in the directory.
#[derive(Debug)]
struct Draft<'a> {
    computer: &'a Computer,
    wish: Wish,
    compared: Vec<Compared>,
}

#[derive(Debug)]
enum Wish {
    Settled(Verdict, Level, Reason),
    NotAHost,
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
    fn claim(&self) -> Option<(usize, Claimant<'a>)> {
        let Wish::Asset { place, evidence, .. } = &self.wish else { return None };
        Some((*place, Claimant { computer: self.computer, level: evidence.level() }))
    }
}

/// What all computers of a run are matched with.
struct Matching<'a> {
    assets: &'a [&'a Candidate],
    rulings: &'a Rulings<'a>,
    ties: &'a Ties,
    policy: &'a MatchPolicy,
}

impl Matching<'_> {
    fn draft<'c>(&self, computer: &'c Computer, names: &Names<'_>) -> Draft<'c> {
        let mut draft = Draft { computer, wish: Wish::NotAHost, compared: Vec::new() };
        if let Some((asset, reason)) = self.ties.settled.get(&computer.object) {
            let (verdict, level) = match reason {
                Reason::Known => (Verdict::Linked(*asset), Level::Known),
                _ => (Verdict::Matched(*asset), Level::Constraint),
            };
            draft.wish = Wish::Settled(verdict, level, reason.clone());
        } else if computer.is_host() {
            let Comparison { assets, weak } = names.compare(computer);
            draft.compared = self.without_separated(computer, assets);
            draft.wish = self.wish(&draft.compared).unwrap_or_else(|| {
                Wish::Nothing(if !draft.compared.is_empty() {
                    Unmatched::NothingFits
                } else if computer.names.is_empty() {
                    Unmatched::NoName
                } else if weak.is_empty() {
                    Unmatched::NoAsset
                } else {
                    Unmatched::Weak(weak)
                })
            });
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

    fn decision(&self, draft: Draft<'_>, contest: &Contest<'_>) -> Decision {
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
