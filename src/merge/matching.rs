//! Matching one computer with the assets.

use std::collections::{BTreeMap, HashSet};

use super::assignment::Claimant;
use super::compare::{Compared, Comparison, Names};
use super::encounters::Encounters;
use super::neighbours::{Neighbours, outlives};
use super::ruling::Rulings;
use super::ties::{Tie, Ties};
use super::{
    Candidate, Computer, Evidence, Excluded, Exclusion, Level, LostBecause, MatchContext, Naming,
    Outranked, Unmatched, WeakName,
};
use crate::task::{Ambiguity, MatchPolicy};
use crate::value::AssetId;

/// Where a computer stands while decisions are made.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) computer: &'a Computer,
    /// Its place among those that are asked.
    pub(super) place: usize,
    /// Where it goes whatever its names say, unless it is looked at again because its asset has nothing else.
    pub(super) tied: Option<Tie<'a>>,
    pub(super) proposal: Proposal,
    pub(super) compared: Vec<Compared>,
    /// Its names that are no evidence.
    pub(super) weak: Vec<WeakName>,
    /// The asset that it got.
    pub(super) won: bool,
    /// Claims that it lost to other computers of the directory, by the assets' places.
    pub(super) lost: BTreeMap<usize, (String, Outranked)>,
}

/// What a computer would get of what is left.
#[derive(Debug)]
pub(super) enum Proposal {
    NotAHost,
    Excluded(Excluded),
    Asset { asset: AssetId, place: usize, evidence: Evidence, rivals: usize },
    Ambiguous(Level, usize),
    Contested { place: usize, level: Level, by: String },
    Nothing(Unmatched),
    Unasked,
}

/// What all computers of a run are matched with.
pub(super) struct Matching<'a> {
    /// In order of their ids.
    pub(super) assets: &'a [&'a Candidate],
    /// Who has to do with whom.
    pub(super) encounters: Encounters,
    /// The names of those who have to do with several.
    pub(super) names: Names<'a>,
    pub(super) rulings: &'a Rulings<'a>,
    pub(super) ties: Ties<'a>,
    pub(super) neighbours: Neighbours<'a>,
    pub(super) known: &'a MatchContext<'a>,
    pub(super) exclusion: &'a Exclusion,
    pub(super) policy: &'a MatchPolicy,
}

impl<'a> Draft<'a> {
    /// The assets that it claims, or that it cannot decide between.
    pub(super) fn interests(&self) -> impl Iterator<Item = (usize, Claimant<'a>)> {
        let (level, place, is_sure) = match &self.proposal {
            Proposal::Asset { place, evidence, .. } if !self.won => {
                (evidence.level(), Some(*place), true)
            }
            Proposal::Contested { place, level, .. } => (*level, Some(*place), false),
            Proposal::Ambiguous(level, _) => (*level, None, false),
            // A level on which no names agree.
            _ => (Level::Known, None, false),
        };
        let several = place.is_none().then(|| self.on_level(level)).into_iter().flatten();
        let claimant = Claimant { computer: self.computer, level, is_sure };
        place.into_iter().chain(several).map(move |place| (place, claimant))
    }

    pub(super) fn is_settled(&self) -> bool {
        self.won
            || matches!(
                self.proposal,
                Proposal::NotAHost | Proposal::Excluded(_) | Proposal::Unasked
            )
    }

    fn on_level(&self, level: Level) -> impl Iterator<Item = usize> {
        let fitting = self.compared.iter().filter(move |compared| {
            compared.outcome.as_ref().is_ok_and(|evidence| evidence.level() == level)
        });
        fitting.map(|compared| compared.place)
    }
}

impl<'a> Matching<'a> {
    /// What a computer would get if it were alone in the directory. If it is, it gets it.
    pub(super) fn draft(&self, place: usize, computer: &'a Computer) -> Draft<'a> {
        let tied = self.ties.of_computer(place);
        let mut draft = Draft {
            computer,
            place,
            tied,
            proposal: Proposal::Unasked,
            compared: Vec::new(),
            weak: Vec::new(),
            won: false,
            lost: BTreeMap::new(),
        };
        if !self.asks(place, computer) {
            if tied.is_none() {
                draft.proposal = Proposal::NotAHost;
            }
            return draft;
        }
        let excluded = if tied.is_none() { self.exclusion.reason(computer) } else { None };
        if let Some(excluded) = excluded {
            draft.proposal = Proposal::Excluded(excluded);
            return draft;
        }
        self.draft_again(&mut draft);
        let is_alone = self.encounters.alone(place).is_some();
        draft.won = is_alone && matches!(draft.proposal, Proposal::Asset { .. });
        draft
    }

    /// Whether a computer is one whose names are looked at: it is tied to nothing, or to what the directory alone knows,
    /// so that another asset that came since may be the same thing.
    pub(super) fn asks(&self, place: usize, computer: &Computer) -> bool {
        let is_decided = || self.rulings.must(computer.object).is_some();
        let may_move = |tie: Tie<'_>| {
            tie.is_known() && self.known.alone.contains(&computer.object) && !is_decided()
        };
        computer.is_host() && self.ties.of_computer(place).is_none_or(may_move)
    }

    /// Whether nothing that becomes of others matters for a draft any more.
    pub(super) fn is_final(&self, draft: &Draft<'_>) -> bool {
        draft.is_settled()
            || self.encounters.alone(draft.place).is_some()
            || !self.names.concern_assets(draft.place, draft.computer)
    }

    /// What a computer gets of what is left by now.
    pub(super) fn draft_again(&self, draft: &mut Draft<'_>) {
        let computer = draft.computer;
        let Comparison { assets, weak } = self.comparison(draft);
        draft.compared = self.barred(draft, assets);
        draft.weak = weak;
        draft.proposal = match self.proposal(computer, &draft.compared) {
            Some(proposal) => proposal,
            None if !draft.compared.is_empty() => Proposal::Nothing(self.nothing(&draft.compared)),
            None if computer.names.is_empty() && draft.weak.is_empty() => {
                Proposal::Nothing(Unmatched::NoName)
            }
            None if draft.weak.is_empty() => Proposal::Nothing(Unmatched::NoAsset),
            None => Proposal::Nothing(Unmatched::Weak(draft.weak.clone())),
        };
    }

    /// What the names of a computer lead to.
    fn comparison(&self, draft: &Draft<'_>) -> Comparison {
        let computer = draft.computer;
        let naming = |place: usize| self.assets.get(place).map(|asset| self.naming(asset));
        match self.encounters.alone(draft.place) {
            None => self.names.compare(computer, naming),
            Some(None) => Comparison::default(),
            Some(Some(place)) => {
                let alone = naming(place).map(|asset| Comparison::alone(computer, place, asset));
                alone.unwrap_or_default()
            }
        }
    }

    pub(super) fn asset(&self, place: usize) -> Option<AssetId> {
        self.assets.get(place).map(|asset| asset.asset)
    }

    pub(super) fn naming(&self, asset: &'a Candidate) -> &'a Naming {
        self.neighbours.naming(asset)
    }

    /// The comparisons without what is no candidate whatever its names, the best first. The computer's own asset is not
    /// among them.
    fn barred(&self, draft: &Draft<'_>, compared: Vec<Compared>) -> Vec<Compared> {
        let own = draft.tied.map(|tie| tie.asset);
        let mut barred: Vec<Compared> = compared
            .into_iter()
            .filter(|compared| own.is_none() || self.asset(compared.place) != own)
            .map(|Compared { place, outcome }| {
                let outcome = match self.bar(draft, own, place, &outcome) {
                    Some(because) => Err(because),
                    None => outcome,
                };
                Compared { place, outcome }
            })
            .collect();
        barred.sort_by_key(|compared| compared.outcome.is_err());
        self.drop_other_systems(draft.computer, &mut barred);
        barred
    }

    /// Why an asset is no candidate, whatever its names.
    pub(super) fn bar(
        &self,
        draft: &Draft<'_>,
        own: Option<AssetId>,
        place: usize,
        outcome: &Result<Evidence, LostBecause>,
    ) -> Option<LostBecause> {
        let (computer, candidate) = (draft.computer, self.assets.get(place)?);
        if let Some(ruling) = self.rulings.cannot(computer.object, candidate.asset) {
            return Some(LostBecause::Separated { by: ruling.by.clone() });
        }
        let level = outcome.as_ref().ok()?.level();
        if let Some((by, because)) = draft.lost.get(&place) {
            let (by, because) = (by.clone(), *because);
            // Whoever went before it may have got another one in the end.
            if self.ties.holder(candidate.asset).is_some() {
                return Some(LostBecause::Outranked { by, because });
            }
        }
        if let Some(by) = self.ties.holder(candidate.asset) {
            return Some(LostBecause::Held { by: by.to_owned() });
        }
        if own.is_some_and(|own| self.share_a_directory(own, candidate)) {
            return Some(LostBecause::Held { by: "one of the same directory".to_owned() });
        }
        if let Some(settled) = self.neighbours.settled(level, candidate) {
            return Some(settled);
        }
        let seen = self.neighbours.last_seen(candidate, self.known.source);
        let is_outlived = outlives(seen, computer, self.policy);
        let last_used = computer.last_sign_of_life();
        (level >= Level::Short && is_outlived).then_some(LostBecause::SeenSince { last_used, seen })
    }

    /// Whether a directory knows both assets, now or formerly, so that they are not one.
    fn share_a_directory(&self, own: AssetId, other: &Candidate) -> bool {
        let own = self.assets.binary_search_by_key(&own, |asset| asset.asset);
        let own = own.ok().and_then(|place| self.assets.get(place));
        let own = own.into_iter().flat_map(|asset| asset.objects.iter().map(|(source, ..)| source));
        let sources: HashSet<_> = own.chain([self.known.source]).collect();
        other.objects.iter().any(|(source, ..)| sources.contains(source))
    }

    /// Among several that fit equally well, those whose operating system is plainly of another family are out.
    fn drop_other_systems(&self, computer: &Computer, compared: &mut [Compared]) {
        let Some(family) = computer.os_family.filter(|_| compared.len() > 1) else { return };
        let best: Vec<usize> = on_best_level(compared).iter().map(|(place, _)| *place).collect();
        let other = |place: usize| {
            let theirs = self.assets.get(place).and_then(|asset| asset.os_family);
            theirs.filter(|theirs| *theirs != family)
        };
        let others: Vec<usize> = best.iter().copied().filter(|p| other(*p).is_some()).collect();
        if others.len() == best.len() {
            return;
        }
        for compared in compared.iter_mut().filter(|compared| others.contains(&compared.place)) {
            if let Some(theirs) = other(compared.place) {
                compared.outcome = Err(LostBecause::OtherSystem { own: family, theirs });
            }
        }
        compared.sort_by_key(|compared| compared.outcome.is_err());
    }

    fn proposal(&self, computer: &Computer, compared: &[Compared]) -> Option<Proposal> {
        let best = on_best_level(compared);
        let (first, evidence) = *best.first()?;
        let (level, assets) = (evidence.level(), best.len());
        if assets == 1 {
            return self.claim(computer, first, evidence, 0);
        }
        match self.policy.ambiguity {
            Ambiguity::Review => Some(Proposal::Ambiguous(level, assets)),
            Ambiguity::Create => Some(Proposal::Nothing(Unmatched::Ambiguous { level, assets })),
            Ambiguity::MostRecentlySeen => match self.most_recently_seen(&best) {
                Some((place, evidence)) => self.claim(computer, place, evidence, assets - 1),
                None => Some(Proposal::Ambiguous(level, assets)),
            },
        }
    }

    /// An asset, unless a bare short name is all that speaks for it, and means a computer of another directory as well.
    fn claim(
        &self,
        computer: &Computer,
        place: usize,
        evidence: &Evidence,
        rivals: usize,
    ) -> Option<Proposal> {
        let candidate = self.assets.get(place)?;
        let (asset, level) = (candidate.asset, evidence.level());
        Some(match self.neighbours.contender(computer, level, candidate) {
            Some(other) => contested(self.policy, place, level, other.to_string()),
            None => Proposal::Asset { asset, place, evidence: evidence.clone(), rivals },
        })
    }

    /// The asset that a computer claims, and that another one claims with the same right.
    pub(super) fn contest(&self, draft: &mut Draft<'_>, by: String) {
        let Proposal::Asset { place, evidence, .. } = &draft.proposal else { return };
        let (place, level) = (*place, evidence.level());
        draft.lost.remove(&place);
        draft.proposal = contested(self.policy, place, level, by);
    }

    /// Why nothing is left of what the names lead to.
    fn nothing(&self, compared: &[Compared]) -> Unmatched {
        let held = compared.iter().find_map(|compared| {
            let asset = self.asset(compared.place)?;
            match compared.outcome.as_ref().err()? {
                LostBecause::Held { by } => Some(Unmatched::Held { asset, by: by.clone() }),
                LostBecause::Outranked { by, because } if !self.policy.exclude_unknown => {
                    Some(Unmatched::Outranked { asset, by: by.clone(), because: *because })
                }
                // What is left out is decided again by every run, and for the same reason.
                LostBecause::Outranked { by, .. } => {
                    Some(Unmatched::Held { asset, by: by.clone() })
                }
                _ => None,
            }
        });
        held.unwrap_or(Unmatched::NothingFits)
    }

    /// The one that was seen last, if only one was.
    fn most_recently_seen<'e>(
        &self,
        best: &[(usize, &'e Evidence)],
    ) -> Option<(usize, &'e Evidence)> {
        let seen = |place: usize| self.assets.get(place).and_then(|asset| asset.last_seen());
        let latest = best.iter().map(|(place, _)| seen(*place)).max()?;
        let mut latest = best.iter().filter(|(place, _)| seen(*place) == latest);
        latest.next().filter(|_| latest.next().is_none()).copied()
    }
}

/// What another computer claims as well.
fn contested(policy: &MatchPolicy, place: usize, level: Level, by: String) -> Proposal {
    match policy.ambiguity {
        Ambiguity::Create => Proposal::Nothing(Unmatched::Ambiguous { level, assets: 1 }),
        Ambiguity::Review | Ambiguity::MostRecentlySeen => Proposal::Contested { place, level, by },
    }
}

/// The comparisons come with the best level first.
pub(super) fn on_best_level(compared: &[Compared]) -> Vec<(usize, &Evidence)> {
    let fitting = || compared.iter().filter_map(|c| Some((c.place, c.outcome.as_ref().ok()?)));
    let best = fitting().map(|(_, evidence)| evidence.level()).min();
    fitting().take_while(|(_, evidence)| Some(evidence.level()) == best).collect()
}
