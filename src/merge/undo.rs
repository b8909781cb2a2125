//! Taking a merge by a person back.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::decide::{Known, decide};
use super::manual::renumber;
use super::preview::MovedLink;
use super::ruling::Rulings;
use super::{Candidate, Computer, DirectoryDomain, Exclusion};
use crate::asset::{Asset, Change, Claim, Claims, Constraint, MergeRecord, Part, Version};
use crate::error::Printable;
use crate::schedule::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// A merge taken back, and what must be written for it.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmerged {
    /// The asset that had survived the merge, without what is not its own.
    pub survivor: Asset,
    /// The version of it that this was worked out on.
    pub expected: Version,
    /// The assets that come back, one version later than they were.
    pub restored: Vec<Asset>,
    /// Directory objects that go back with them.
    pub links: Vec<MovedLink>,
    /// The merge's decisions that go.
    pub withdrawn: Vec<Constraint>,
    /// The decisions that hold again.
    pub decided: Vec<Constraint>,
    /// The record, which says now that the merge was undone.
    pub record: MergeRecord,
}

/// Takes a merge back: each asset gets what it had, as it is now.
///
/// A part goes to the asset it came from, with everything it claims: also what later runs wrote into it, and
/// not what they took out of it. A part that came since
///
/// - stays with the survivor if a person tied its object to it, and so does one that came from another
///   asset;
/// - goes to the one asset that its names would have led to before the merge, by the rules of
///   [`decide`](super::decide);
/// - stays with the survivor if they would have led to none, or to several.
///
/// What a value written since had replaced is noted as on its own side: what held there before the merge.
///
/// The must-links of the merge go, and decisions on assets that come back hold for these again, unless they
/// were taken back in the meantime. Decisions made on the survivor since stay with it.
///
/// # Errors
///
/// [`ErrorKind::Conflict`] if the merge was undone before, by whom and when; and if a later merge builds on
/// it, which has to be undone first.
pub fn unmerge(
    record: MergeRecord,
    survivor: Asset,
    constraints: &[Constraint],
    merges: &[MergeRecord],
    by: &str,
    at: Timestamp,
) -> Result<Unmerged> {
    check_undoable(&record, merges)?;
    let sides = Sides { record: &record, survivor: &survivor, constraints };
    let homes: HashMap<u32, usize> =
        survivor.parts.iter().map(|part| (part.number, sides.home(part))).collect();
    let mut assets = Vec::new();
    for (side, before) in record.before.iter().enumerate() {
        assets.push(sides.take_out(side, before, &homes));
    }
    let links = assets.iter().skip(1).flat_map(|asset| {
        asset.parts.iter().filter_map(|part| {
            let (from, to) = (survivor.id, asset.id);
            Some(MovedLink { source: part.source.clone(), object: part.object?, from, to })
        })
    });
    let links = links.collect();
    let (withdrawn, decided) = decisions(&record, constraints);
    let mut assets = assets.into_iter();
    let mut own = assets.next().unwrap_or_else(|| survivor.clone());
    own.site = survivor.site.clone();
    own.version = survivor.version.saturating_add(1);
    let restored = assets.collect();
    let record = MergeRecord { undone: Some((at, by.to_owned())), ..record };
    let expected = survivor.version;
    Ok(Unmerged { survivor: own, expected, restored, links, withdrawn, decided, record })
}

/// Where a part of an asset is today: merges that hold have taken it to another asset, and given it another
/// number. For sources that know an asset by its id, so that they find it again after a merge.
///
/// ```
/// use ldap_inventory::merge::whereabouts;
/// use ldap_inventory::value::AssetId;
///
/// let id = AssetId::random_v7();
/// assert_eq!(whereabouts(&[], id, 0), (id, 0));
/// ```
pub fn whereabouts(merges: &[MergeRecord], asset: AssetId, part: u32) -> (AssetId, u32) {
    let (mut asset, mut part) = (asset, part);
    // An asset goes away in one merge that holds at most, and never comes to be in an earlier one.
    for _ in merges {
        let taken = merges.iter().filter(|record| record.undone.is_none()).find_map(|record| {
            let mut others = record.before.iter().zip(&record.shifts).skip(1);
            let found = others.find(|(before, _)| before.id == asset);
            found.map(|(_, shift)| (record.survivor, *shift))
        });
        let Some((survivor, shift)) = taken else { break };
        (asset, part) = (survivor, part.saturating_add(shift));
    }
    (asset, part)
}

/// Refuses to undo what was undone, and what a later merge builds on.
pub(crate) fn check_undoable(record: &MergeRecord, merges: &[MergeRecord]) -> Result<()> {
    if let Some((at, by)) = &record.undone {
        let message = format!("the merge was undone already, by {} at {at}", Printable(by));
        return Err(Error::new(ErrorKind::Conflict, message).with_context("merge", record.id));
    }
    if let Some(later) = merges.iter().find(|later| builds_on(later, record)) {
        let message = format!(
            "merge {} by {} at {} builds on this one; undo that one first",
            later.id,
            Printable(&later.by),
            later.at
        );
        return Err(Error::new(ErrorKind::Conflict, message).with_context("merge", record.id));
    }
    Ok(())
}

impl Unmerged {
    /// Everything that has to be written at once.
    pub fn into_changes(self) -> Vec<Change> {
        let expected = Some(self.expected);
        let mut changes = vec![Change::PutAsset { expected, asset: Box::new(self.survivor) }];
        let restored = self.restored.into_iter();
        changes.extend(
            restored.map(|asset| Change::PutAsset { expected: None, asset: Box::new(asset) }),
        );
        changes.extend(self.links.into_iter().map(MovedLink::into_change));
        changes.extend(self.withdrawn.into_iter().map(Change::RemoveConstraint));
        changes.extend(self.decided.into_iter().map(Change::PutConstraint));
        changes.push(Change::PutMerge(Box::new(self.record)));
        changes
    }
}

/// Whether a merge that still holds took in what an earlier one had made. Versions only grow, also where
/// clocks go back.
fn builds_on(later: &MergeRecord, earlier: &MergeRecord) -> bool {
    let made = earlier.before.first().map(|survivor| survivor.version);
    later.id != earlier.id
        && later.undone.is_none()
        && later
            .before
            .iter()
            .any(|asset| asset.id == earlier.survivor && Some(asset.version) > made)
}

/// The assets of a merge, as they were and as one.
struct Sides<'a> {
    record: &'a MergeRecord,
    survivor: &'a Asset,
    constraints: &'a [Constraint],
}

impl Sides<'_> {
    /// The asset that a part belongs to, by its place in the record.
    fn home(&self, part: &Part) -> usize {
        let tied = part.object.is_some_and(|object| self.is_tied(&part.source, object));
        if tied {
            return 0;
        }
        let origin = self.origins().position(|(before, shift)| match part.object {
            Some(object) => before.part_of(&part.source, object).is_some(),
            None => part.number.checked_sub(shift).is_some_and(|number| {
                let same = |origin: &Part| {
                    origin.object.is_none()
                        && origin.source == part.source
                        && origin.key == part.key
                };
                before.part(number).is_some_and(same)
            }),
        });
        origin.or_else(|| self.by_names(part)).unwrap_or(0)
    }

    /// Whether a person, and not the merge itself, tied the object to the survivor.
    fn is_tied(&self, source: &SourceId, object: ObjectGuid) -> bool {
        let rulings = Rulings::of(self.constraints, source);
        rulings.must(object).is_some_and(|must| {
            must.asset == self.survivor.id && !self.record.decided.contains(must)
        })
    }

    /// The one asset that the names of a part would have led to.
    fn by_names(&self, part: &Part) -> Option<usize> {
        let object = part.object.unwrap_or(ObjectGuid::from_bytes([0; 16]));
        let computer = as_computer(self.survivor, part, object);
        let candidates: Vec<Candidate> = self.record.before.iter().map(Candidate::of).collect();
        let (links, absent) = (HashMap::new(), HashSet::new());
        let known = Known {
            source: &part.source,
            links: &links,
            absent: &absent,
            alone: &absent,
            elsewhere: &HashMap::new(),
            others: &[],
            constraints: &[],
            now: part.written,
        };
        let policy = MatchPolicy::default();
        let decisions = decide(
            &[computer],
            &candidates,
            &known,
            &Exclusion::default(),
            &policy,
            &self.survivor.site,
        );
        let asset = decisions.first()?.verdict.asset()?;
        self.record.before.iter().position(|before| before.id == asset)
    }

    /// One asset of the merge as it was, with what its parts say now.
    fn take_out(&self, side: usize, before: &Asset, homes: &HashMap<u32, usize>) -> Asset {
        let shift = self.record.shifts.get(side).copied().unwrap_or(0);
        let numbers = self.numbers(side, before, shift, homes);
        let number = |number: u32| match homes.get(&number) {
            Some(_) => numbers.get(&number).copied(),
            // A claim without a part is on the side that its number is from.
            None => (self.side_of(number) == side).then(|| number.saturating_sub(shift)),
        };
        let mut asset = self.survivor.clone();
        asset.parts.retain_mut(|part| match numbers.get(&part.number) {
            Some(number) => {
                part.number = *number;
                true
            }
            None => false,
        });
        renumber(&mut asset, number);
        asset.id = before.id;
        asset.site = before.site.clone();
        asset.version = before.version.saturating_add(1);
        settle(&mut asset, before);
        asset
    }

    /// The numbers that the parts of one side get: those they had, and the next ones for new parts. The
    /// survivor's stay.
    fn numbers(
        &self,
        side: usize,
        before: &Asset,
        shift: u32,
        homes: &HashMap<u32, usize>,
    ) -> BTreeMap<u32, u32> {
        let mut next = before.next_part_number();
        let mut numbers = BTreeMap::new();
        let here = self.survivor.parts.iter().filter(|part| homes.get(&part.number) == Some(&side));
        for part in here {
            let origin = match part.object {
                Some(object) => before.part_of(&part.source, object).map(|origin| origin.number),
                None => {
                    part.number.checked_sub(shift).filter(|number| before.part(*number).is_some())
                }
            };
            let number = match origin {
                _ if side == 0 => part.number,
                Some(number) => number,
                None => {
                    next = next.saturating_add(1);
                    next.saturating_sub(1)
                }
            };
            numbers.insert(part.number, number);
        }
        numbers
    }

    fn origins(&self) -> impl Iterator<Item = (&Asset, u32)> {
        self.record.before.iter().zip(self.record.shifts.iter().copied())
    }

    /// The side that a number was given out for.
    fn side_of(&self, number: u32) -> usize {
        self.record.shifts.iter().take_while(|shift| **shift <= number).count().saturating_sub(1)
    }
}

/// What a part says of the asset, as a computer to be matched.
fn as_computer(asset: &Asset, part: &Part, object: ObjectGuid) -> Computer {
    let live = |number: u32, is_live: bool| is_live && number == part.number;
    let names = asset.names.iter().filter(|claim| live(claim.part, claim.is_live()));
    let names = names.map(|claim| &claim.value).filter(|name| name.weakness().is_none());
    let domains = asset.domains.iter().filter(|claim| live(claim.part, claim.is_live()));
    let domains: Vec<&str> = domains.map(|claim| claim.value.as_str()).collect();
    Computer::named(object, names.cloned(), DirectoryDomain::of_names(&domains))
}

/// Puts lists that nobody changed back into the order they were in, and corrects what values replaced.
fn settle(asset: &mut Asset, before: &Asset) {
    put_in_order(&mut asset.names, &before.names);
    put_in_order(&mut asset.domains, &before.domains);
    put_in_order(&mut asset.addresses, &before.addresses);
    for (claims, before) in [
        (&mut asset.os, &before.os),
        (&mut asset.os_version, &before.os_version),
        (&mut asset.kind, &before.kind),
    ] {
        put_in_order(claims, before);
        let held = before.iter().find(|claim| claim.is_live()).map(|claim| &claim.value);
        let holding = claims.iter().position(Claim::is_live);
        for (place, claim) in claims.iter_mut().enumerate() {
            if !before.contains(claim) && claim.is_live() {
                let replaced = held.filter(|held| Some(place) == holding && **held != claim.value);
                claim.replaced = replaced.cloned();
            }
        }
    }
    settle_times(&mut asset.first_seen, &before.first_seen, |new, held| new < held);
    settle_times(&mut asset.last_seen, &before.last_seen, |new, held| new > held);
}

fn settle_times(
    claims: &mut Claims<Timestamp>,
    before: &Claims<Timestamp>,
    better: fn(Timestamp, Timestamp) -> bool,
) {
    put_in_order(claims, before);
    let held = before.iter().map(|claim| claim.value);
    let held = held.reduce(|one, other| if better(other, one) { other } else { one });
    for claim in claims.iter_mut().filter(|claim| !before.contains(claim)) {
        claim.replaced = held.filter(|held| better(claim.value, *held));
    }
}

/// Claims that are those of before, in whatever order, come in the order of before.
fn put_in_order<T: Clone + PartialEq>(claims: &mut Claims<T>, before: &Claims<T>) {
    if claims.len() == before.len() && before.iter().all(|claim| claims.contains(claim)) {
        claims.clone_from(before);
    }
}

/// The decisions that go with the merge, and those that hold again.
fn decisions(
    record: &MergeRecord,
    constraints: &[Constraint],
) -> (Vec<Constraint>, Vec<Constraint>) {
    let own = record.decided.iter().filter(|c| constraints.contains(c));
    let carried = |c: &Constraint, asset: AssetId| {
        record.decided.iter().find(|carried| {
            carried.source == c.source
                && carried.object == c.object
                && carried.kind == c.kind
                && carried.asset == asset
                && (carried.by == c.by && carried.at == c.at)
        })
    };
    let taken_back = |c: &&Constraint| {
        carried(c, record.survivor).is_some_and(|carried| {
            let same = |now: &Constraint| {
                now.source == carried.source
                    && now.object == carried.object
                    && now.kind == carried.kind
                    && now.asset == carried.asset
            };
            !constraints.iter().any(same)
        })
    };
    let again = record.withdrawn.iter().filter(|c| !taken_back(c));
    (own.cloned().collect(), again.cloned().collect())
}
