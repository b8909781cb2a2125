//! Writing what a scanner says into an asset.
//!
//! What it says of an asset is a *part* of that asset, and every value is a *claim* of that part, beside those of other
//! sources.

use super::record::{Field, ScannedAsset, digest};
use crate::asset::{Asset, Claim, Claims, Home, MatchProvenance, Presence, SourceRecord};
use crate::merge::rank_claims;
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
            self.move_time(&mut asset.first_seen, number, record.first_seen, Timestamp::min);
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
        self.claim(&mut asset.names, number, &[], true);
        self.claim(&mut asset.addresses, number, &[], true);
        self.claim(&mut asset.domains, number, &[], true);
        self.claim(&mut asset.os, number, &[], true);
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
        let ends = |field| !record.partial.contains(&field);
        self.claim(&mut asset.names, number, &record.names, ends(Field::Names));
        self.claim(&mut asset.addresses, number, &record.addresses, ends(Field::Addresses));
        self.claim(&mut asset.domains, number, &record.domains, ends(Field::Domains));
        self.claim(&mut asset.os, number, record.os.as_slice(), ends(Field::Os));
        self.move_time(&mut asset.first_seen, number, record.first_seen, Timestamp::min);
        self.move_time(&mut asset.last_seen, number, record.last_seen, Timestamp::max);
    }

    fn sign(&self, asset: &mut Asset, number: u32) {
        if let Some(part) = asset.part_mut(number) {
            part.written = self.now;
        }
    }

    /// Makes a part claim these values. What it claimed before and does not claim any more is kept and dated, if the
    /// values are all there are; what other parts claim is left alone.
    fn claim<T: Clone + PartialEq>(
        &self,
        claims: &mut Claims<T>,
        part: u32,
        values: &[T],
        ends: bool,
    ) {
        for claim in claims.iter_mut().filter(|claim| claim.part == part && claim.is_live()) {
            if ends && !values.contains(&claim.value) {
                claim.until = Some(self.now);
            }
        }
        for value in values {
            match claims.iter_mut().find(|claim| claim.part == part && claim.value == *value) {
                Some(claim) if claim.is_live() => {}
                Some(retired) => *retired = self.new_claim(value.clone(), part),
                None => claims.push(self.new_claim(value.clone(), part)),
            }
        }
    }

    /// A time is no name that somebody may still look for: the earlier first sight holds, and the later last one.
    fn move_time(
        &self,
        claims: &mut Claims<Timestamp>,
        part: u32,
        time: Option<Timestamp>,
        better: fn(Timestamp, Timestamp) -> Timestamp,
    ) {
        let Some(time) = time else { return };
        match claims.iter_mut().find(|claim| claim.part == part) {
            Some(own) if better(own.value, time) == own.value => {}
            Some(own) => *own = self.new_claim(time, part),
            None => claims.push(self.new_claim(time, part)),
        }
    }

    fn new_claim<T>(&self, value: T, part: u32) -> Claim<T> {
        Claim::new(value, part, None, self.now)
    }
}
