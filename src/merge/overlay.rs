//! What the inventory shows: what the rules alone say, with the decisions of people laid over it.
//!
//! The rules alone group records into assets, run by run, and no decision of a person has a part in that: each
//! record remembers its [`Home`](crate::asset::Home). What is shown is worked out from these homes and from the
//! decisions that stand, and from nothing else. So it does not matter what was shown before, nor in which order
//! people decided, and a decision that is taken back leaves no trace.
//!
//! 1. *Merges* take the records of each asset to the survivor of it.
//! 2. *A must-link* takes the record of its object into its asset.
//! 3. *A cannot-link* takes the record out of its asset. The rules decide on it anew, with that asset ruled out.
//! 4. *One to one*: a computer that the rules tied to an asset after a decision had brought another present computer
//!    of its directory there is displaced, and decided on anew. Those that were there before share the asset, since a
//!    person said so.
//! 5. *A doubt is settled for both sides*: a computer that a bare short name alone had tied to an asset is displaced if a
//!    person said that the asset is one of another directory, which has the name and fits as well.
//! 6. *Computers that wait* are decided on anew if a decision touches one of the assets that they could be.
//! 7. *Known computers whose asset only directories know* are compared anew with what came since if a decision rules
//!    some of that out: what is left may be one.
//! 8. What is decided on anew and fits nothing has an asset of its own, under the same id each time: that of the one it
//!    had to itself before it joined another, if it is vacant.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;

use super::decide::{Rules, decide};
use super::neighbours::fits_as_well;
use super::placed::{Placed, Spot};
use super::record::{Record, assemble, take_apart};
use super::settled::Settled;
use super::standing::Standing;
use super::{
    Candidate, Computer, Decision, Exclusion, KnownComputer, KnownDirectories, MatchContext,
    Verdict,
};
use crate::asset::{Asset, Home, Waiting};
use crate::name::MatchKey;
use crate::value::{AssetId, ObjectGuid, RecordDigest, SiteId, SourceId, Timestamp};

/// Everything that decisions may touch, on its way to be shown.
#[derive(Debug)]
pub(crate) struct Overlay<'a> {
    standing: &'a Standing,
    directories: &'a KnownDirectories,
    pub(super) stored: BTreeMap<AssetId, Asset>,
    pub(super) placed: Vec<Placed>,
    /// The places of known computers that are compared with what came since.
    late: BTreeSet<usize>,
}

impl<'a> Overlay<'a> {
    /// Lays decisions over these assets and waiting computers: all that
    /// [decisions name](Standing::named), or once named, or have moved something to or from.
    pub(crate) fn new(
        assets: Vec<Asset>,
        waiting: Vec<Waiting>,
        standing: &'a Standing,
        directories: &'a KnownDirectories,
    ) -> Self {
        let placed = |record: Record, was| Placed {
            spot: spot(&record, standing),
            record,
            was,
            waited: None,
            told: None,
        };
        let mut all = Vec::new();
        for asset in &assets {
            all.extend(take_apart(asset).into_iter().map(|record| placed(record, Some(asset.id))));
        }
        for waiting in waiting {
            let Some(record) = Record::of(&waiting) else { continue };
            let waited = Some((waiting.decision, waiting.told));
            all.push(Placed { waited, ..placed(record, None) });
        }
        let stored = assets.into_iter().map(|asset| (asset.id, asset)).collect();
        let mut overlay =
            Self { standing, directories, stored, placed: all, late: BTreeSet::new() };
        overlay.displace();
        overlay.settle_doubts();
        overlay.late = overlay.late_arrivals();
        overlay
    }

    /// The keys under which assets are found that computers could be on which the rules decide anew.
    pub(crate) fn match_keys(&self) -> Vec<MatchKey> {
        let open = self.placed.iter().filter(|placed| placed.spot != Spot::In(placed.home()));
        let undecided = open.filter(|placed| !matches!(placed.spot, Spot::In(_)));
        let late = self.late.iter().filter_map(|place| self.placed.get(*place));
        let keys: BTreeSet<MatchKey> =
            undecided.chain(late).flat_map(|placed| placed.record.match_keys()).collect();
        keys.into_iter().collect()
    }

    /// The assets that records had to themselves before on which the rules decide anew: they may be vacant.
    pub(crate) fn former_assets(&self) -> Vec<AssetId> {
        let open = self.placed.iter().filter(|placed| placed.spot == Spot::Open);
        open.filter_map(|placed| placed.record.part()?.former).collect()
    }

    /// What is shown, with these other assets, which have one of the [keys](Self::match_keys) or are
    /// [former ones](Self::former_assets), and what has to be written for it.
    pub(crate) fn settle(mut self, others: Vec<Asset>) -> Settled {
        for asset in others {
            if !self.stored.contains_key(&asset.id) {
                self.placed.extend(take_apart(&asset).into_iter().map(|record| {
                    let spot = Spot::In(asset.id);
                    Placed { record, was: Some(asset.id), spot, waited: None, told: None }
                }));
                self.stored.insert(asset.id, asset);
            }
        }
        let shown = self.shown();
        self.open_what_waits(&shown);
        let decided = self.decide_anew(&shown);
        let policy = self.directories.policy();
        Settled::of(self.placed, self.stored, self.standing, policy).explained(decided)
    }

    /// Opens what the rules tied to an asset where a decision had brought another computer of the directory.
    fn displace(&mut self) {
        let mut sharing: BTreeMap<(AssetId, SourceId), Vec<usize>> = BTreeMap::new();
        for (place, placed) in self.placed.iter().enumerate() {
            if let (Spot::In(asset), Some((source, _))) = (placed.spot, placed.record.object())
                && placed.record.is_present()
            {
                sharing.entry((asset, source.clone())).or_default().push(place);
            }
        }
        for places in sharing.into_values().filter(|places| places.len() > 1) {
            self.displace_among(&places);
        }
    }

    /// Opens those of these, which share an asset, that came after a decision had brought others.
    fn displace_among(&mut self, places: &[usize]) {
        let of = |place: &usize| self.placed.get(*place);
        let must = |placed: &Placed| {
            let (source, object) = placed.record.object()?;
            self.standing.must(source, object)
        };
        let mut tied: Vec<(&usize, &Placed)> =
            places.iter().filter_map(|place| Some((place, of(place)?))).collect();
        tied.sort_by_key(|(_, placed)| (placed.record.tied(), placed.record.object()));
        let mut there: Vec<&Placed> = tied
            .iter()
            .map(|(_, placed)| *placed)
            .filter(|placed| must(placed).is_some())
            .collect();
        let mut displaced = Vec::new();
        for (place, placed) in tied {
            if must(placed).is_some() {
                continue;
            }
            let came = |other: &&&Placed| match must(other) {
                Some(must) => Some(must.at),
                None => {
                    let joined = self.standing.joined(other.home(), placed.home())?;
                    Some(joined.max(other.record.tied()))
                }
            };
            let is_late = |other: &&Placed| {
                came(&other).is_some_and(|came| {
                    (came, other.record.object()) < (placed.record.tied(), placed.record.object())
                })
            };
            if there.iter().any(is_late) {
                displaced.push(*place);
            } else {
                there.push(placed);
            }
        }
        for place in displaced {
            if let Some(placed) = self.placed.get_mut(place) {
                placed.spot = Spot::Open;
            }
        }
    }

    /// Opens what a bare short name alone ties to an asset of which a person said that it is a computer of another directory,
    /// which fits as well.
    fn settle_doubts(&mut self) {
        let mut sharing: BTreeMap<AssetId, Vec<usize>> = BTreeMap::new();
        for (place, placed) in self.placed.iter().enumerate() {
            if let Spot::In(asset) = placed.spot {
                sharing.entry(asset).or_default().push(place);
            }
        }
        let doubtful = |(asset, places): (AssetId, Vec<usize>)| self.doubtful(asset, &places);
        let doubtful: Vec<usize> = sharing.into_iter().flat_map(doubtful).collect();
        for place in doubtful {
            if let Some(placed) = self.placed.get_mut(place) {
                placed.spot = Spot::Open;
            }
        }
    }

    /// Of the records of an asset those whose tie a decision on another one puts in question.
    fn doubtful(&self, asset: AssetId, places: &[usize]) -> Vec<usize> {
        let known = |place: &usize| {
            let placed = self.placed.get(*place).filter(|placed| placed.record.is_present())?;
            let (source, object) = placed.record.object()?;
            let (said, part) = (placed.record.said(), placed.record.part()?);
            let known = self.directories.known_computer(said, part, Some(asset))?;
            Some((*place, known, self.standing.must(source, object).is_some()))
        };
        let home = |place: &usize| self.placed.get(*place).map(Placed::home);
        // Neither the rules nor a person have had the two in one asset.
        let is_apart = |one: &usize, other: &usize| {
            let homes = home(one).zip(home(other));
            homes.is_some_and(|(one, other)| self.standing.joined(one, other).is_none())
        };
        let (settled, open): (Vec<_>, Vec<_>) =
            places.iter().filter_map(known).partition(|(_, _, is_decided)| *is_decided);
        if settled.is_empty() || open.is_empty() {
            return Vec::new();
        }
        let records = places.iter().filter_map(|place| self.placed.get(*place));
        let records = records.map(|placed| placed.record.clone()).collect();
        let Some(candidate) = assemble(asset, records, self.directories.policy()) else {
            return Vec::new();
        };
        let candidate = Candidate::of(&candidate);
        let is_doubtful = |(place, own, _): &&(usize, KnownComputer, bool)| {
            settled.iter().any(|(at, other, _)| {
                let is_another = other.source != own.source && is_apart(place, at);
                is_another && fits_as_well(&candidate, own, other)
            })
        };
        open.iter().filter(is_doubtful).map(|(place, ..)| *place).collect()
    }

    /// Known computers in assets that only directories know, of which a person said what they are not.
    fn late_arrivals(&self) -> BTreeSet<usize> {
        let mut joint: HashSet<AssetId> = HashSet::new();
        for placed in self.placed.iter().filter(|placed| placed.record.object().is_none()) {
            joint.extend(placed.now());
        }
        let is_late = |placed: &Placed| {
            let Some((source, object)) = placed.record.object() else { return false };
            let is_alone = placed.now().is_some_and(|asset| !joint.contains(&asset));
            let rules_out = || self.standing.must(source, object).is_none();
            is_alone
                && placed.record.is_present()
                && !self.standing.on(source, object).is_empty()
                && rules_out()
        };
        let late = self.placed.iter().enumerate().filter(|(_, placed)| is_late(placed));
        late.map(|(place, _)| place).collect()
    }

    /// The assets as they are without what is still open.
    fn shown(&self) -> BTreeMap<AssetId, Asset> {
        let mut records: BTreeMap<AssetId, Vec<Record>> = BTreeMap::new();
        for placed in &self.placed {
            if let Spot::In(asset) = placed.spot {
                records.entry(asset).or_default().push(placed.record.clone());
            }
        }
        let assembled = records.into_iter().filter_map(|(id, records)| {
            let mut asset = assemble(id, records, self.directories.policy())?;
            if let Some(stored) = self.stored.get(&id) {
                asset.site = stored.site.clone();
            }
            Some((id, asset))
        });
        assembled.collect()
    }

    /// Opens computers that wait and could be an asset that a decision touches.
    fn open_what_waits(&mut self, shown: &BTreeMap<AssetId, Asset>) {
        let mut touched: HashSet<AssetId> = HashSet::new();
        for placed in self.placed.iter().filter(|placed| placed.spot != Spot::Waits) {
            let is_decided = || {
                let object = placed.record.object();
                object.is_some_and(|(source, object)| self.standing.must(source, object).is_some())
            };
            match placed.spot {
                Spot::In(asset) if placed.record.home() == Home::Asset(asset) && !is_decided() => {}
                Spot::In(asset) => touched.extend([asset, placed.home()]),
                _ => _ = touched.insert(placed.home()),
            }
        }
        let keys: HashSet<MatchKey> =
            touched.iter().filter_map(|id| shown.get(id)).flat_map(Asset::match_keys).collect();
        for placed in self.placed.iter_mut().filter(|placed| placed.spot == Spot::Waits) {
            if placed.record.match_keys().any(|key| keys.contains(&key)) {
                placed.spot = Spot::Open;
            }
        }
    }

    /// Lets the rules decide on what is open, and say why what waits does so where nobody noted it. The decisions on the
    /// former.
    fn decide_anew(
        &mut self,
        shown: &BTreeMap<AssetId, Asset>,
    ) -> BTreeMap<(SourceId, ObjectGuid), Decision> {
        let candidates: Vec<Candidate> = shown.values().map(Candidate::of).collect();
        let others = self.known_computers(shown);
        let mut decided: Vec<(usize, Decision)> = Vec::new();
        let constraints = self.standing.constraints();
        for ((source, site, _), places) in self.undecided() {
            let computers = places.values().filter_map(|place| {
                let placed = self.placed.get(*place)?;
                let record = &placed.record;
                record.part().and_then(|part| self.directories.computer(record.said(), part))
            });
            let computers: Vec<Computer> = computers.collect();
            let (links, absent) = (held(shown, &source), HashSet::new());
            let late = places.iter().filter(|(_, place)| self.late.contains(place));
            let late: HashSet<ObjectGuid> = late.map(|(object, _)| *object).collect();
            let known = MatchContext {
                source: &source,
                links: &links,
                absent: &absent,
                alone: &late,
                elsewhere: &HashMap::new(),
                others: &others,
                constraints: &constraints,
                // What becomes an asset has its own here, the same one each time.
                first_new: AssetId::from_u128(0),
                threads: NonZeroUsize::MIN,
                // Whoever is enabled counts as alive: what is shown must not depend on when it is worked out.
                now: Timestamp::MIN,
            };
            let nothing = Exclusion::default();
            let policy = self.directories.policy_of(&source);
            let rules = Rules { exclusion: &nothing, policy, site: &site };
            let decisions = decide(&computers, &candidates, &known, rules);
            decided.extend(
                decisions
                    .into_iter()
                    .filter_map(|decision| Some((*places.get(&decision.object)?, decision))),
            );
        }
        let mut opened = BTreeMap::new();
        for (place, decision) in decided {
            opened.extend(self.take(place, decision));
        }
        opened
    }

    /// The computers that are shown in an asset or wait, and are not decided on anew.
    fn known_computers(&self, shown: &BTreeMap<AssetId, Asset>) -> Vec<KnownComputer> {
        let present = |asset: &Asset, place| -> Vec<KnownComputer> {
            let parts = asset.parts.iter().filter(|part| part.presence.is_present());
            parts.filter_map(|part| self.directories.known_computer(asset, part, place)).collect()
        };
        let waiting = self.placed.iter().filter(|placed| placed.spot == Spot::Waits);
        let waiting = waiting.flat_map(|placed| present(placed.record.said(), None));
        shown.values().flat_map(|asset| present(asset, Some(asset.id))).chain(waiting).collect()
    }

    /// What the rules have to look at, by directory, and by site where the policy looks no further. What waits and is only
    /// to be told why stands apart: it gets no asset, and must keep none from what is decided on.
    fn undecided(&self) -> BTreeMap<(SourceId, SiteId, bool), BTreeMap<ObjectGuid, usize>> {
        let mut undecided: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        let mut sites: BTreeMap<SourceId, SiteId> = BTreeMap::new();
        for (place, placed) in self.placed.iter().enumerate() {
            let is_unexplained = || {
                let waited = placed.waited.as_ref();
                placed.spot == Spot::Waits && waited.is_none_or(|(by_rules, _)| by_rules.is_none())
            };
            let Some((source, object)) = placed.record.object() else { continue };
            let is_decided_on = placed.spot == Spot::Open || self.late.contains(&place);
            if is_decided_on || is_unexplained() {
                let mut site = placed.record.site();
                if !self.directories.policy_of(source).within_site {
                    site = sites.entry(source.clone()).or_insert_with(|| site.clone());
                }
                let key = (source.clone(), site.clone(), is_decided_on);
                undecided.entry(key).or_default().insert(object, place);
            }
        }
        undecided
    }

    /// Puts a record where it was decided to be. The decision, if it was open.
    fn take(
        &mut self,
        place: usize,
        decision: Decision,
    ) -> Option<((SourceId, ObjectGuid), Decision)> {
        let own = self.own_asset(place);
        let is_late = self.late.contains(&place);
        let placed = self.placed.get_mut(place)?;
        if decision.verdict == Verdict::Ambiguous {
            placed.told = serde_json::to_string(&decision).ok();
        }
        if placed.spot != Spot::Open && !is_late {
            return None;
        }
        placed.spot = match decision.verdict {
            Verdict::Linked(asset) | Verdict::Matched(asset) => Spot::In(asset),
            Verdict::Ambiguous => Spot::Waits,
            Verdict::Skipped if placed.record.home() == Home::Waiting => Spot::Waits,
            Verdict::Create(_) | Verdict::Skipped => Spot::In(own),
        };
        let (source, object) = placed.record.object()?;
        Some(((source.clone(), object), decision))
    }
}

/// An asset of their own for records that fit no other one.
impl Overlay<'_> {
    fn own_asset(&self, place: usize) -> AssetId {
        let Some(placed) = self.placed.get(place) else { return AssetId::from_u128(0) };
        let former = placed.record.part().and_then(|part| part.former);
        let former = former.filter(|former| self.is_vacant(*former, place));
        former.unwrap_or_else(|| new_asset(&placed.record, self.standing))
    }

    /// Whether nothing else is in an asset, and no decision names it: of one that was merged or told apart, people's words
    /// say what becomes of its id.
    fn is_vacant(&self, asset: AssetId, except: usize) -> bool {
        let mut others = self.placed.iter().enumerate().filter(|(place, _)| *place != except);
        let is_in_it = |(_, placed): (usize, &Placed)| {
            placed.now() == Some(asset) || placed.record.home() == Home::Asset(asset)
        };
        !self.standing.names(asset) && !others.any(is_in_it)
    }
}

/// Where a record is by the decisions on it, if the rules need not decide anew.
fn spot(record: &Record, standing: &Standing) -> Spot {
    let by_rules = record.home().asset().map(|home| standing.survivor(home));
    let Some((source, object)) = record.object() else {
        return by_rules.map_or(Spot::Waits, Spot::In);
    };
    if let Some(must) = standing.must(source, object) {
        return Spot::In(must.asset);
    }
    match by_rules {
        Some(asset) if standing.cannot(source, object, asset).is_none() => Spot::In(asset),
        None if standing.on(source, object).is_empty() => Spot::Waits,
        _ => Spot::Open,
    }
}

/// Which present objects of a directory have which assets.
fn held(shown: &BTreeMap<AssetId, Asset>, source: &SourceId) -> HashMap<ObjectGuid, AssetId> {
    let parts = shown.values().flat_map(|asset| asset.parts.iter().map(|part| (asset.id, part)));
    let held = parts.filter(|(_, part)| part.source == *source && part.presence.is_present());
    held.filter_map(|(asset, part)| Some((part.object?, asset))).collect()
}

/// The asset of a computer that is no other one and never had one to itself: the same each time.
fn new_asset(record: &Record, standing: &Standing) -> AssetId {
    let Some((source, object)) = record.object() else { return AssetId::from_u128(0) };
    let mut hasher = RecordDigest::hasher();
    hasher.text("an asset of its own").text(record.organization().as_str());
    hasher.text(source.as_str()).bytes(object.as_bytes());
    let own = AssetId::from_u128(u128::from_be_bytes(hasher.finish().0));
    let survivor = standing.survivor(own);
    if standing.cannot(source, object, survivor).is_some() { own } else { survivor }
}
