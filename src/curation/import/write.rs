//! Writing what a scanner says into an asset.
//!
//! What it says of an asset is a *part* of that asset, and every value is a *claim* of that part, beside those of other
//! sources.

use super::record::{Field, ScannedAsset, digest};
use crate::asset::{Asset, Home, MatchProvenance, Presence, SourceRecord};
use crate::merge::{ClaimWriter, rank_claims};
use crate::task::MatchPolicy;
use crate::value::{AssetId, RunId, SiteId, SourceId, Timestamp};

/// Who writes, when and by which rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImportContext<'a> {
    pub(super) source: &'a SourceId,
    pub(super) now: Timestamp,
    pub(super) run: RunId,
    pub(super) policy: &'a MatchPolicy,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    Created,
    Joined,
    Updated,
    Unchanged,
    /// The scanner saw the asset later than the line says.
    Outdated,
}

impl ImportContext<'_> {
    /// Adds a part for a record, with the reason for which it belongs to an asset that was there already, if one was.
    pub(super) fn add(
        &self,
        asset: &mut Asset,
        record: &ScannedAsset,
        reason: Option<String>,
    ) -> u32 {
        let key = format!("@{}.asset", self.source.kind());
        let number = asset.next_part_number();
        let mut part = SourceRecord::new(number, self.source.clone(), key, self.now);
        part.tie = reason.map(|reason| MatchProvenance { reason, run: self.run, at: self.now });
        part.since = Some(self.now);
        asset.parts.push(part);
        self.say(asset, number, record);
        rank_claims(asset, self.policy);
        number
    }

    /// Notes where the rules alone have a part, if decisions show it elsewhere.
    pub(super) fn at_home(&self, asset: &mut Asset, number: u32, home: AssetId, site: &SiteId) {
        let away = Home::Asset(home).away_from(Some(asset.id));
        if let Some(part) = asset.part_mut(number) {
            part.home = away;
            part.home_site = away.map(|_| site.clone());
        }
    }

    /// Makes a part say what a record says.
    pub(super) fn update(&self, asset: &mut Asset, number: u32, record: &ScannedAsset) -> Outcome {
        let before = asset.clone();
        let seen = asset.last_seen.iter().find(|claim| claim.part == number);
        if seen.is_some_and(|seen| record.last_seen.is_some_and(|time| time < seen.value)) {
            self.claims(number).move_time(&mut asset.first_seen, record.first_seen, Timestamp::min);
            return Outcome::Outdated;
        }
        self.say(asset, number, record);
        if *asset == before {
            return Outcome::Unchanged;
        }
        self.sign(asset, number);
        rank_claims(asset, self.policy);
        Outcome::Updated
    }

    /// Ends what a part claims: the source has its record no more. When it saw the asset stays.
    pub(super) fn end(&self, asset: &mut Asset, number: u32) {
        if let Some(part) = asset.part_mut(number) {
            part.presence = Presence::Missing { since: self.now, runs: 1 };
        }
        let own = self.claims(number);
        own.unite(&mut asset.names, &[], true);
        own.unite(&mut asset.addresses, &[], true);
        own.unite(&mut asset.macs, &[], true);
        own.unite(&mut asset.domains, &[], true);
        own.unite(&mut asset.os, &[], true);
        own.unite(&mut asset.os_version, &[], true);
        own.unite(&mut asset.kind, &[], true);
        own.unite(&mut asset.hw, &[], true);
        self.sign(asset, number);
    }

    fn say(&self, asset: &mut Asset, number: u32, record: &ScannedAsset) {
        if let Some(part) = asset.part_mut(number) {
            let attributes = record.attributes();
            // The order of values is no change.
            if digest(&part.attributes) != digest(&attributes) {
                part.attributes = attributes;
            }
            part.presence = Presence::Present;
            if record.id.is_some() {
                part.identity.clone_from(&record.id);
            }
        }
        let (own, are_all) = (self.claims(number), |field| !record.partial.contains(&field));
        own.unite(&mut asset.names, &record.names, are_all(Field::Names));
        own.unite(&mut asset.addresses, &record.addresses, are_all(Field::Addresses));
        own.unite(&mut asset.macs, &record.macs, are_all(Field::Macs));
        own.unite(&mut asset.domains, &record.domains, are_all(Field::Domains));
        own.unite(&mut asset.os, record.os.as_slice(), are_all(Field::Os));
        let version = record.os_version.as_slice();
        own.unite(&mut asset.os_version, version, are_all(Field::OsVersion));
        own.unite(&mut asset.kind, record.kind.as_slice(), are_all(Field::Type));
        own.unite(&mut asset.hw, record.hw.as_slice(), are_all(Field::Hw));
        own.move_time(&mut asset.first_seen, record.first_seen, Timestamp::min);
        own.move_time(&mut asset.last_seen, record.last_seen, Timestamp::max);
    }

    fn sign(&self, asset: &mut Asset, number: u32) {
        if let Some(part) = asset.part_mut(number) {
            part.written = self.now;
        }
    }

    fn claims(&self, part: u32) -> ClaimWriter {
        ClaimWriter { part, run: None, now: self.now }
    }
}
