//! Records of sources: what assets are taken apart into, and assembled from.

use std::collections::BTreeMap;

use super::precedence::rank_claims;
use crate::asset::{
    Asset, ClaimField, ClaimValue, Claims, ClaimsEditor, Home, MatchProvenance, SourceRecord,
    Waiting,
};
use crate::name::MatchKey;
use crate::task::MatchPolicy;
use crate::value::{AssetId, ObjectGuid, OrganizationId, SiteId, SourceId, Timestamp};

/// One record of a source with everything it claims, and where the rules alone have it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    home: Home,
    site: SiteId,
    /// An asset with this one part.
    said: Asset,
}

/// The records that an asset consists of. A claim that names no part goes with the first one; those of an asset without any
/// part, with a record of its own, so that it is not lost where it becomes part of others or others part of it.
pub(crate) fn take_apart(asset: &Asset) -> Vec<Record> {
    let own = match asset.parts.as_slice() {
        [] => Some(part_of_its_own(asset.id)),
        _ => None,
    };
    let first = asset.parts.iter().chain(&own).next().map(|part| part.number);
    let records = asset.parts.iter().chain(&own).map(|part| {
        let is_own = |number: u32| {
            number == part.number || first == Some(part.number) && asset.part(number).is_none()
        };
        let mut said = asset.clone();
        said.each_claims_mut(&mut Alone { is_own });
        said.parts = vec![SourceRecord { number: 0, home: None, home_site: None, ..part.clone() }];
        let site = part.home_site.as_ref().unwrap_or(&asset.site).clone();
        Record { home: part.home_in(asset.id), site, said }
    });
    records.collect()
}

/// The asset that consists of these records; their order does not matter. Those whose home it is come first, in
/// the order in which they came, then those of others. Parts are numbered in this order, from 0, and claims
/// follow it.
pub(crate) fn assemble(id: AssetId, records: Vec<Record>, policy: &MatchPolicy) -> Option<Asset> {
    let mut records = records;
    records.sort_by(|one, other| one.place_in(id).cmp(&other.place_in(id)));
    let first = records.first()?;
    let (organization, site) = (first.said.organization.clone(), first.site.clone());
    let mut asset = Asset::new(id, organization, site);
    for (number, record) in (0..).zip(records) {
        let mut said = record.said;
        said.each_claims_mut(&mut Numbered(number));
        let home = record.home.away_from(Some(id));
        let home_site = home.map(|_| record.site);
        let parts = std::mem::take(&mut said.parts).into_iter();
        asset.take_claims(said);
        asset.parts.extend(parts.map(|part| SourceRecord {
            number,
            home,
            home_site: home_site.clone(),
            ..part
        }));
    }
    if matches!(asset.parts.as_slice(), [part] if is_of_its_own(part, id)) {
        asset.parts.clear();
    }
    Some(in_order(asset, policy))
}

/// What the rules alone make of an asset: one asset for each home of its records. Those that wait are left out.
pub(crate) fn by_home(assets: &[Asset], waiting: &[Waiting], policy: &MatchPolicy) -> Vec<Asset> {
    let mut homes: BTreeMap<AssetId, Vec<Record>> = BTreeMap::new();
    let stored: BTreeMap<AssetId, &Asset> = assets.iter().map(|asset| (asset.id, asset)).collect();
    let mut by_rules = Vec::new();
    let records = assets.iter().flat_map(take_apart).chain(waiting.iter().filter_map(Record::of));
    for record in records {
        if let Some(home) = record.home.asset() {
            homes.entry(home).or_default().push(record);
        }
    }
    for (home, records) in homes {
        let Some(mut asset) = assemble(home, records, policy) else { continue };
        if let Some(stored) = stored.get(&home) {
            (asset.site, asset.version) = (stored.site.clone(), stored.version);
        }
        by_rules.push(asset);
    }
    by_rules
}

/// The asset with one more record.
#[must_use]
pub(crate) fn join(asset: &Asset, record: Record, policy: &MatchPolicy) -> Asset {
    // One that is not there yet has nothing of its own.
    let own = if asset.version == 0 { Vec::new() } else { take_apart(asset) };
    let records = own.into_iter().chain([record]).collect();
    let joined = assemble(asset.id, records, policy).unwrap_or_else(|| asset.clone());
    Asset { site: asset.site.clone(), version: asset.version.saturating_add(1), ..joined }
}

/// The part for what an asset says of which no source says anything, while it is one with others.
fn part_of_its_own(asset: AssetId) -> SourceRecord {
    SourceRecord::new(0, SourceId::of_people(), "@person.asset", Timestamp::MIN)
        .with_identity(asset.to_string())
}

fn is_of_its_own(part: &SourceRecord, asset: AssetId) -> bool {
    part.source == SourceId::of_people() && part.identity == Some(asset.to_string())
}

/// The directory objects that an asset has a part of.
pub(super) fn objects(asset: &Asset) -> impl Iterator<Item = (&SourceId, ObjectGuid)> {
    asset.parts.iter().filter_map(|part| Some((&part.source, part.object?)))
}

/// The asset with its claims in the order of its parts. Of `os`, `os_version` and `type` the best source's comes
/// first: it holds.
#[must_use]
pub(crate) fn in_order(mut asset: Asset, policy: &MatchPolicy) -> Asset {
    let parts = asset.parts.iter().map(|part| part.number).collect();
    asset.each_claims_mut(&mut InOrder { parts });
    rank_claims(&mut asset, policy);
    asset
}

impl Record {
    /// The record of a computer that waits.
    pub(crate) fn of(waiting: &Waiting) -> Option<Self> {
        let record = take_apart(&waiting.record).into_iter().next()?;
        Some(Self { home: waiting.home(), ..record })
    }

    /// It as a computer that waits: why by the rules alone, and why with what people decided.
    pub(crate) fn into_waiting(
        self,
        decision: Option<String>,
        told: Option<String>,
    ) -> Option<Waiting> {
        let Self { home, site, mut said } = self;
        let part = said.parts.first_mut()?;
        let (source, object) = (part.source.clone(), part.object?);
        part.home = home.away_from(None);
        part.home_site = part.home.map(|_| site);
        (said.id, said.version) = (AssetId::from_u128(0), 1);
        Some(Waiting { source, object, record: said, decision, told })
    }

    /// The record of an object of a directory that an asset has.
    pub(crate) fn in_asset(asset: &Asset, source: &SourceId, object: ObjectGuid) -> Option<Self> {
        take_apart(asset).into_iter().find(|record| record.object() == Some((source, object)))
    }

    /// It where the rules alone have it from now on, because of this.
    #[must_use]
    pub(crate) fn at(mut self, home: AssetId, site: SiteId, tie: MatchProvenance) -> Self {
        (self.home, self.site) = (Home::Asset(home), site);
        self.said.parts.iter_mut().for_each(|part| part.tie = Some(tie.clone()));
        self
    }

    /// Where the rules alone have it.
    pub(crate) fn home(&self) -> Home {
        self.home
    }

    /// The site of its home.
    pub(crate) fn site(&self) -> &SiteId {
        &self.site
    }

    /// Whose it is.
    pub(crate) fn organization(&self) -> &OrganizationId {
        &self.said.organization
    }

    /// The record's own part.
    pub(crate) fn part(&self) -> Option<&SourceRecord> {
        self.said.parts.first()
    }

    /// What the record says, as an asset that has nothing else.
    pub(crate) fn said(&self) -> &Asset {
        &self.said
    }

    /// The directory and its object, where it is a directory's.
    pub(crate) fn object(&self) -> Option<(&SourceId, ObjectGuid)> {
        self.part().and_then(|part| Some((&part.source, part.object?)))
    }

    /// When the rules tied it to its home. The beginning of time where that was not noted.
    pub(crate) fn tied(&self) -> Timestamp {
        let tie = self.part().and_then(|part| part.tie.as_ref());
        tie.map_or(Timestamp::MIN, |tie| tie.at)
    }

    /// Whether its source still has it.
    pub(crate) fn is_present(&self) -> bool {
        self.part().is_some_and(|part| part.presence.is_present())
    }

    /// The keys of its live names.
    pub(crate) fn match_keys(&self) -> impl Iterator<Item = MatchKey> + use<> {
        self.said.match_keys().into_iter()
    }

    /// Its place among the records of an asset.
    fn place_in(&self, asset: AssetId) -> impl Ord + use<'_> {
        let part = self.part();
        let source = part.map(|part| (&part.source, part.object, part.identity.as_deref()));
        let since = part.and_then(|part| part.since);
        (self.home != Home::Asset(asset), self.home, since, source)
    }
}

/// Keeps the claims of one part, which is number 0 from then on.
struct Alone<F> {
    is_own: F,
}

impl<F: Fn(u32) -> bool> ClaimsEditor for Alone<F> {
    fn edit<T: ClaimValue>(&mut self, _: ClaimField, claims: &mut Claims<T>) {
        claims.retain(|claim| (self.is_own)(claim.part));
        claims.iter_mut().for_each(|claim| claim.part = 0);
    }
}

/// Gives all claims to the part with this number.
struct Numbered(u32);

impl ClaimsEditor for Numbered {
    fn edit<T: ClaimValue>(&mut self, _: ClaimField, claims: &mut Claims<T>) {
        claims.iter_mut().for_each(|claim| claim.part = self.0);
    }
}

/// Puts claims into the order of their parts.
struct InOrder {
    parts: Vec<u32>,
}

impl ClaimsEditor for InOrder {
    fn edit<T: ClaimValue>(&mut self, _: ClaimField, claims: &mut Claims<T>) {
        claims.sort_by_key(|claim| self.parts.iter().position(|number| *number == claim.part));
    }
}
