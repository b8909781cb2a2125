//! Survivorship: what becomes of an asset when a computer's contribution is written into it.

use std::borrow::Cow;

use super::Reason;
use super::attributes::is_same_apart_from_volatile;
use super::claim_writer::ClaimWriter;
use super::contribution::Contribution;
use super::known::with_known_place;
use super::precedence::rank_claims;
use crate::asset::{Asset, Home, MatchProvenance, Presence, SourceRecord};
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, OrganizationId, RunId, SiteId, SourceId, Timestamp};

/// Who writes, when and by which rules.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteContext<'a> {
    /// The directory.
    pub(crate) source: &'a SourceId,
    /// The object.
    pub(crate) object: ObjectGuid,
    /// The run.
    pub(crate) run: RunId,
    /// The time that what is written is dated with.
    pub(crate) now: Timestamp,
    /// Whose value holds where sources differ.
    pub(crate) policy: &'a MatchPolicy,
    /// Whether the read asked where computers are. Where it did not, what is known of that stays.
    pub(crate) asks_for_addresses: bool,
}

/// The asset with this contribution written into it.
///
/// - The object has a [`SourceRecord`] of its own with its attributes. Other parts and their claims stay as they
///   are.
/// - Names, domains and addresses are united. What the object does not say any more stays, dated, as an alias.
/// - Of `os`, `os_version` and `type` the best source's value holds: what a person set, then the kinds of
///   source in the policy's order of precedence, then what names a product, then what was seen later by more than
///   14 days, then what a directory says; among equals the earlier one, so that two directories do not take turns.
/// - The object's first sight only moves back, its last only forward.
/// - Every new value says which part and run wrote it, when, and what it replaced.
///
/// The version grows by one if anything changed. It does not count as a change if only what
/// [`DirectoryObject::digest`](crate::directory::DirectoryObject::digest) passes over differs, or the time of
/// the read; the asset is returned as it was then.
#[must_use]
pub(crate) fn apply_contribution(
    asset: Asset,
    contribution: &Contribution,
    writing: &WriteContext<'_>,
) -> Asset {
    writing.update(asset, |asset| writing.write(asset, contribution))
}

/// A new asset with nothing but this contribution, at version 1.
#[must_use]
pub(crate) fn create(
    id: AssetId,
    organization: OrganizationId,
    site: SiteId,
    contribution: &Contribution,
    writing: &WriteContext<'_>,
) -> Asset {
    let mut asset = Asset::new(id, organization, site);
    writing.write(&mut asset, contribution);
    writing.sign(&mut asset);
    asset
}

/// The asset without an object's part and everything that part claims. What the claims of other parts
/// say holds again.
#[must_use]
pub(crate) fn detach(
    asset: Asset,
    source: &SourceId,
    object: ObjectGuid,
    writing: &WriteContext<'_>,
) -> Asset {
    let Some(number) = asset.part_of(source, object).map(|part| part.number) else { return asset };
    writing.update(asset, |asset| _ = asset.remove_record(number))
}

/// The asset with the mark that the directory has the object, misses it, or has lost it. Nothing else
/// changes: what the object said stays.
#[must_use]
pub(crate) fn set_presence(
    asset: Asset,
    source: &SourceId,
    object: ObjectGuid,
    presence: Presence,
    writing: &WriteContext<'_>,
) -> Asset {
    let Some(number) = asset.part_of(source, object).map(|part| part.number) else { return asset };
    writing.update(asset, |asset| {
        if let Some(part) = asset.part_mut(number) {
            part.presence = presence;
        }
    })
}

/// The asset with the reason for which the rules tied the object to it noted on the object's part, in place of any
/// earlier one, and with the asset that they took it from.
#[must_use]
pub(crate) fn record_match(
    mut asset: Asset,
    reason: &Reason,
    from: Option<AssetId>,
    writing: &WriteContext<'_>,
) -> Asset {
    let part = asset.part_of(writing.source, writing.object).map(|part| part.number);
    if let Some(part) = part.and_then(|number| asset.part_mut(number)) {
        let (reason, run, at) = (reason.to_string(), writing.run, writing.now);
        part.tie = Some(MatchProvenance { reason, run, at });
        part.former = from.or(part.former);
    }
    asset
}

/// The asset with a note on the object's part of where the rules alone have it, and of which site that is, if that is
/// not this asset.
#[must_use]
pub(crate) fn at_home(
    asset: Asset,
    home: Home,
    site: &SiteId,
    writing: &WriteContext<'_>,
) -> Asset {
    let place = (asset.id != AssetId::from_u128(0)).then_some(asset.id);
    let number = asset.part_of(writing.source, writing.object).map(|part| part.number);
    let Some(number) = number else { return asset };
    let home = home.away_from(place);
    writing.update(asset, |asset| {
        if let Some(part) = asset.part_mut(number)
            && part.home != home
        {
            part.home = home;
            part.home_site = home.map(|_| site.clone());
        }
    })
}

impl WriteContext<'_> {
    /// Changes the asset; signs and counts the change if there is one.
    fn update(&self, asset: Asset, change: impl FnOnce(&mut Asset)) -> Asset {
        let mut changed = asset.clone();
        change(&mut changed);
        if changed == asset {
            return asset;
        }
        changed.version = asset.version.saturating_add(1);
        self.sign(&mut changed);
        changed
    }

    /// Notes on the object's part who wrote it last.
    fn sign(&self, asset: &mut Asset) {
        let part = asset.part_of(self.source, self.object).map(|part| part.number);
        if let Some(part) = part.and_then(|number| asset.part_mut(number)) {
            part.run = Some(self.run);
            part.written = self.now;
        }
    }

    fn write(&self, asset: &mut Asset, said: &Contribution) {
        let number = self.part(asset, said.key);
        let mut moved = true;
        if let Some(part) = asset.part_mut(number) {
            let attributes = match self.asks_for_addresses {
                true => Cow::Borrowed(&said.attributes),
                false => Cow::Owned(with_known_place(&said.attributes, &part.attributes)),
            };
            moved = !is_same_apart_from_volatile(&part.attributes, &attributes);
            part.presence = Presence::Present;
            if moved {
                part.attributes = attributes.into_owned();
            }
        }
        let own = ClaimWriter { part: number, run: Some(self.run), now: self.now };
        own.unite(&mut asset.names, &said.names, true);
        own.unite(&mut asset.domains, &said.domains, true);
        own.unite(&mut asset.addresses, &said.addresses, self.asks_for_addresses);
        own.settle(&mut asset.os, said.os.clone());
        own.settle(&mut asset.os_version, said.os_version.clone());
        own.settle(&mut asset.kind, said.kind.map(str::to_owned));
        own.move_time(&mut asset.first_seen, said.first_seen, Timestamp::min);
        if moved {
            own.move_time(&mut asset.last_seen, said.last_seen, Timestamp::max);
        }
        rank_claims(asset, self.policy);
    }

    /// The number of the object's part, which is added if it is not there.
    fn part(&self, asset: &mut Asset, key: &str) -> u32 {
        if let Some(part) = asset.part_of(self.source, self.object) {
            return part.number;
        }
        let number = asset.next_part_number();
        let mut part = SourceRecord::new(number, self.source.clone(), key, self.now);
        part.object = Some(self.object);
        asset.parts.push(part);
        number
    }
}
