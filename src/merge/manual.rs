//! Making one asset of several, because a person says so.

use std::collections::{BTreeMap, BTreeSet};

use super::preview::{MergePreview, MovedLink};
use super::ruling::Rulings;
use crate::asset::{Asset, Change, Claims, Constraint, ConstraintKind, MergeRecord, Part, Version};
use crate::error::Printable;
use crate::schedule::MatchPolicy;
use crate::value::{AssetId, MergeId, ObjectGuid, SourceId, Timestamp};
use crate::{Error, ErrorKind, Result};

/// The kind of source whose values go before all others: what a person set.
const PERSON: &str = "person";

/// Who decides, when, and why.
#[derive(Clone, Copy, Debug)]
pub struct Signature<'a> {
    /// Who.
    pub by: &'a str,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: &'a str,
}

/// Several assets made one, and what must be written for it.
#[derive(Clone, Debug, PartialEq)]
pub struct United {
    /// The asset that is left, one version later.
    pub survivor: Asset,
    /// What undoes the merge.
    pub record: MergeRecord,
    /// Directory objects that are tied to the survivor from now on.
    pub links: Vec<MovedLink>,
}

/// Makes one asset of several. The first one survives.
///
/// - Every part and every claim is kept, with its provenance. Parts of the others get numbers that follow
///   the survivor's ([`MergeRecord::shifts`]); the lists of claims are joined, the survivor's first.
/// - Of `os`, `os_version` and `type` the best source's value holds, in the order of
///   [`survive`](super::survive) under this policy; among equals the survivor's. The site is the survivor's.
/// - The directory objects of the others are tied to the survivor, and a must-link holds them there through
///   every later sync. An object that a person tied to yet another asset gets none: it goes there.
/// - Decisions on an asset that goes away hold for the survivor from now on.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] for fewer than two assets, one that is named twice, or assets of several
/// organizations; [`ErrorKind::Conflict`] if a person decided that an object of one of them is not another one
/// of them: that decision has to be taken back first.
pub fn unite(
    id: MergeId,
    before: Vec<Asset>,
    constraints: &[Constraint],
    signature: Signature<'_>,
    policy: &MatchPolicy,
) -> Result<United> {
    let [first, others @ ..] = before.as_slice() else { return Err(too_few()) };
    if others.is_empty() {
        return Err(too_few());
    }
    check_each_once(&before)?;
    check_not_separated(&before, constraints)?;
    let mut survivor = first.clone();
    let mut shifts = vec![0];
    let mut links = Vec::new();
    for other in others {
        let shift = highest_number(&survivor).map_or(Some(0), |highest| highest.checked_add(1));
        let shift = shift.ok_or_else(|| too_many_parts(&survivor))?;
        absorb(&mut survivor, other, shift)?;
        shifts.push(shift);
        links.extend(objects(other).map(|(source, object)| MovedLink {
            source: source.clone(),
            object,
            from: other.id,
            to: first.id,
        }));
    }
    rank_claims(&mut survivor, policy);
    survivor.version = survivor.version.saturating_add(1);
    let (decided, withdrawn) = decisions(first, others, constraints, signature);
    let record = MergeRecord {
        id,
        organization: first.organization.clone(),
        survivor: first.id,
        shifts,
        decided,
        withdrawn,
        by: signature.by.to_owned(),
        at: signature.at,
        why: signature.why.to_owned(),
        undone: None,
        before,
    };
    Ok(United { survivor, record, links })
}

impl United {
    /// What holds in the asset that is left, and why.
    pub fn preview(&self, policy: &MatchPolicy) -> MergePreview {
        MergePreview::of(self, policy)
    }

    /// Everything that has to be written at once.
    pub fn into_changes(self) -> Vec<Change> {
        let Self { survivor, record, links } = self;
        let expected = record.before.first().map(|asset| asset.version);
        let mut changes = vec![Change::PutAsset { expected, asset: Box::new(survivor) }];
        changes.extend(links.into_iter().map(MovedLink::into_change));
        let gone = record.before.iter().skip(1);
        changes.extend(
            gone.map(|asset| Change::RemoveAsset { id: asset.id, expected: asset.version }),
        );
        changes.extend(record.withdrawn.iter().cloned().map(Change::RemoveConstraint));
        changes.extend(record.decided.iter().cloned().map(Change::PutConstraint));
        changes.push(Change::PutMerge(Box::new(record)));
        changes
    }
}

/// The two assets after a directory's object, with everything it says, went from one to the other; `None` if
/// it is not part of the first.
///
/// # Errors
///
/// [`ErrorKind::Invalid`] if the second has no number left for another part.
pub fn hand_over(
    from: &Asset,
    to: &Asset,
    source: &SourceId,
    object: ObjectGuid,
    policy: &MatchPolicy,
) -> Result<Option<(Asset, Asset)>> {
    let Some(part) = from.part_of(source, object).map(|part| part.number) else { return Ok(None) };
    let (mut left, mut moved, mut to) = (from.clone(), from.clone(), to.clone());
    left.parts.retain(|other| other.number != part);
    renumber(&mut left, |number| (number != part).then_some(number));
    moved.parts.retain(|other| other.number == part);
    moved.parts.iter_mut().for_each(|part| part.number = 0);
    renumber(&mut moved, |number| (number == part).then_some(0));
    let shift = highest_number(&to).map_or(Some(0), |highest| highest.checked_add(1));
    absorb(&mut to, &moved, shift.ok_or_else(|| too_many_parts(from))?)?;
    rank_claims(&mut to, policy);
    left.version = left.version.saturating_add(1);
    to.version = to.version.saturating_add(1);
    Ok(Some((left, to)))
}

/// How a source's value of `os`, `os_version` and `type` is placed among others: the lower goes first.
pub(super) fn rank(policy: &MatchPolicy, part: Option<&Part>) -> usize {
    let known = policy.precedence.len();
    let Some(part) = part else { return known + 2 };
    let kind = part.source.kind();
    match policy.precedence.iter().position(|preferred| preferred == kind) {
        _ if kind == PERSON => 0,
        Some(position) => position + 1,
        None if part.object.is_some() => known + 1,
        None => known + 2,
    }
}

/// The directory objects that an asset has a part of.
pub(super) fn objects(asset: &Asset) -> impl Iterator<Item = (&SourceId, ObjectGuid)> {
    asset.parts.iter().filter_map(|part| Some((&part.source, part.object?)))
}

/// Changes the part that every claim to every value names. A claim for which there is none goes.
pub(super) fn renumber(asset: &mut Asset, number: impl Fn(u32) -> Option<u32>) {
    fn each<T>(claims: &mut Claims<T>, number: impl Fn(u32) -> Option<u32>) {
        claims.retain_mut(|claim| match number(claim.part) {
            Some(number) => {
                claim.part = number;
                true
            }
            None => false,
        });
    }
    each(&mut asset.names, &number);
    each(&mut asset.domains, &number);
    each(&mut asset.addresses, &number);
    each(&mut asset.os, &number);
    each(&mut asset.os_version, &number);
    each(&mut asset.kind, &number);
    each(&mut asset.first_seen, &number);
    each(&mut asset.last_seen, &number);
}

fn absorb(survivor: &mut Asset, other: &Asset, shift: u32) -> Result<()> {
    let highest = highest_number(other).unwrap_or(0);
    if highest.checked_add(shift).is_none() {
        return Err(too_many_parts(other));
    }
    let mut other = other.clone();
    renumber(&mut other, |number| number.checked_add(shift));
    for part in &mut other.parts {
        part.number = part.number.saturating_add(shift);
    }
    survivor.parts.append(&mut other.parts);
    survivor.names.append(&mut other.names);
    survivor.domains.append(&mut other.domains);
    survivor.addresses.append(&mut other.addresses);
    survivor.os.append(&mut other.os);
    survivor.os_version.append(&mut other.os_version);
    survivor.kind.append(&mut other.kind);
    survivor.first_seen.append(&mut other.first_seen);
    survivor.last_seen.append(&mut other.last_seen);
    Ok(())
}

/// Puts the claims to `os`, `os_version` and `type` into the order in which they hold.
pub(crate) fn rank_claims(asset: &mut Asset, policy: &MatchPolicy) {
    let Asset { parts, os, os_version, kind, .. } = asset;
    for claims in [os, os_version, kind] {
        claims
            .sort_by_key(|claim| rank(policy, parts.iter().find(|part| part.number == claim.part)));
    }
}

/// The highest number that a part has or a claim names.
fn highest_number(asset: &Asset) -> Option<u32> {
    fn of<T>(claims: &Claims<T>) -> Option<u32> {
        claims.iter().map(|claim| claim.part).max()
    }
    [
        asset.parts.iter().map(|part| part.number).max(),
        of(&asset.names),
        of(&asset.domains),
        of(&asset.addresses),
        of(&asset.os),
        of(&asset.os_version),
        of(&asset.kind),
        of(&asset.first_seen),
        of(&asset.last_seen),
    ]
    .into_iter()
    .max()
    .flatten()
}

/// The decisions that a merge writes, and those that it takes away.
fn decisions(
    survivor: &Asset,
    others: &[Asset],
    constraints: &[Constraint],
    signature: Signature<'_>,
) -> (Vec<Constraint>, Vec<Constraint>) {
    let key = |c: &Constraint| (c.source.clone(), c.object, c.kind);
    let gone: BTreeSet<AssetId> = others.iter().map(|asset| asset.id).collect();
    let mut present: BTreeSet<_> =
        constraints.iter().filter(|c| c.asset == survivor.id).map(key).collect();
    let mut decided = Vec::new();
    let mut withdrawn: Vec<Constraint> =
        constraints.iter().filter(|c| gone.contains(&c.asset)).cloned().collect();
    withdrawn.sort_by_key(|c| std::cmp::Reverse(c.at));
    for constraint in &withdrawn {
        if present.insert(key(constraint)) {
            decided.push(Constraint { asset: survivor.id, ..constraint.clone() });
        }
    }
    let rulings = by_source(constraints);
    let moved = others.iter().flat_map(|asset| objects(asset).map(|(s, o)| (s, o, asset.id)));
    for (source, object, from) in moved {
        let must = rulings.get(source).and_then(|rulings| rulings.must(object));
        if must.is_some_and(|must| must.asset != survivor.id && !gone.contains(&must.asset)) {
            continue;
        }
        let constraint = Constraint {
            organization: survivor.organization.clone(),
            source: source.clone(),
            object,
            asset: survivor.id,
            kind: ConstraintKind::MustLink,
            by: signature.by.to_owned(),
            at: signature.at,
            why: signature.why.to_owned(),
            was: Some(from),
        };
        if present.insert(key(&constraint)) {
            decided.push(constraint);
        }
    }
    (decided, withdrawn)
}

fn by_source(constraints: &[Constraint]) -> BTreeMap<&SourceId, Rulings<'_>> {
    let sources: BTreeSet<&SourceId> = constraints.iter().map(|c| &c.source).collect();
    sources.into_iter().map(|source| (source, Rulings::of(constraints, source))).collect()
}

fn check_each_once(before: &[Asset]) -> Result<()> {
    let mut seen: BTreeMap<AssetId, Version> = BTreeMap::new();
    let organization = before.first().map(|asset| &asset.organization);
    for asset in before {
        if seen.insert(asset.id, asset.version).is_some() {
            let message = "an asset cannot be merged with itself; name each asset once";
            return Err(Error::new(ErrorKind::Invalid, message).with_context("asset", asset.id));
        }
        if Some(&asset.organization) != organization {
            let message = "assets of several organizations cannot be merged";
            return Err(Error::new(ErrorKind::Invalid, message).with_context("asset", asset.id));
        }
    }
    Ok(())
}

/// Refuses what a person ruled out: an object of one of the assets is not another one of them.
fn check_not_separated(before: &[Asset], constraints: &[Constraint]) -> Result<()> {
    let ids: BTreeSet<AssetId> = before.iter().map(|asset| asset.id).collect();
    let parts = before.iter().flat_map(|asset| objects(asset).map(|(s, o)| (s.clone(), o)));
    let rulings = by_source(constraints);
    let ruled = constraints.iter().filter(|c| {
        let must = rulings.get(&c.source).and_then(|rulings| rulings.must(c.object));
        must.is_some_and(|must| ids.contains(&must.asset))
    });
    let tied: BTreeSet<(SourceId, ObjectGuid)> =
        parts.chain(ruled.map(|c| (c.source.clone(), c.object))).collect();
    for (source, object) in &tied {
        let Some(rulings) = rulings.get(source) else { continue };
        // A decision that was overruled by a later one on the same asset does not count.
        if let Some(cannot) = ids.iter().find_map(|asset| rulings.cannot(*object, *asset)) {
            let message = format!(
                "{} decided that object {object} is not asset {}, so these assets cannot be one; take that \
                 decision back first",
                Printable(&cannot.by),
                cannot.asset
            );
            return Err(Error::new(ErrorKind::Conflict, message).with_context("source", source));
        }
    }
    Ok(())
}

fn too_few() -> Error {
    Error::new(ErrorKind::Invalid, "a merge needs two assets or more")
}

fn too_many_parts(asset: &Asset) -> Error {
    Error::new(ErrorKind::Invalid, "there are no numbers left for the parts of these assets")
        .with_context("asset", asset.id)
}
