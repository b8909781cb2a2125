//! Which record of a source a line is, by its id or by exactly the same names.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::Hash;
use std::net::IpAddr;

use super::record::{ADDRESS, NAME, ScannedAsset, digest};
use crate::asset::{Asset, ClaimField, ClaimValue, Claims, ClaimsVisitor, SourceRecord, Version};
use crate::name::{Hostname, MatchKey};
use crate::value::{AssetId, RecordDigest, SiteId};

/// A record that the inventory has of the source: a part of an asset.
#[derive(Clone, Debug)]
pub(super) struct OwnRecord {
    /// The asset that shows it, and the version that this has.
    pub(super) asset: AssetId,
    pub(super) version: Version,
    /// The asset that the rules alone have it in.
    pub(super) home: AssetId,
    pub(super) part: u32,
    pub(super) identity: Option<String>,
    pub(super) is_present: bool,
    /// Whether a directory has a computer of its home, and calls it otherwise.
    pub(super) is_outdated: bool,
    /// Whether more is known of it than it says, since a value of what it said last was left out.
    keeps_more: bool,
    pub(super) traits: Traits,
}

/// What a record is known again by.
#[derive(Clone, Debug)]
pub(super) struct Traits {
    /// Its names, sorted.
    pub(super) names: Vec<Hostname>,
    pub(super) addresses: Vec<IpAddr>,
    site: SiteId,
    digest: RecordDigest,
}

/// Which record of the source each line is.
#[derive(Clone, Debug)]
pub(super) struct Pairing<'a> {
    lines: &'a [Line<'a>],
    own: &'a [OwnRecord],
    /// By line, the place of its record.
    homes: Vec<Option<usize>>,
    /// By record, the place of its line.
    taken: Vec<Option<usize>>,
    /// By line, the present records that it could be.
    undecided: BTreeMap<usize, Vec<usize>>,
}

/// A line, with what it is known again by.
#[derive(Clone, Debug)]
pub(super) struct Line<'a> {
    pub(super) record: &'a ScannedAsset,
    pub(super) traits: Traits,
}

/// What a line and a record must have in common: the names, and the site or an address. A weak record that has no
/// address has that in common with its like.
type Mark<'a> = (&'a [Hostname], Option<&'a SiteId>, Option<Option<IpAddr>>);

impl OwnRecord {
    /// The record that a part of an asset is.
    pub(super) fn of(asset: &Asset, part: &SourceRecord) -> Self {
        let said = |name| part.attributes.values(name);
        let mut names: Vec<Hostname> = said(NAME).filter_map(|name| name.parse().ok()).collect();
        if names.is_empty() {
            // Written by something else than an import.
            let own =
                asset.names.iter().filter(|claim| claim.part == part.number && claim.is_live());
            names = own.map(|claim| claim.value.clone()).collect();
        }
        let addresses = said(ADDRESS).filter_map(|address| address.parse().ok()).collect();
        let site = part.home_site.as_ref().unwrap_or(&asset.site).clone();
        Self {
            asset: asset.id,
            version: asset.version,
            home: part.home_in(asset.id).asset().unwrap_or(asset.id),
            part: part.number,
            identity: part.identity.clone(),
            is_present: part.presence.is_present(),
            is_outdated: is_called_otherwise(asset, part, &names),
            keeps_more: keeps_more(asset, part),
            traits: Traits::new(names, addresses, site, digest(&part.attributes)),
        }
    }

    /// Whether a line may be this record, as far as ids tell: one that has an id is no record of another one.
    pub(super) fn may_be(&self, line: &Line<'_>) -> bool {
        self.identity.is_none() || line.record.id.is_none()
    }
}

impl<'a> Line<'a> {
    /// A line of a scan of this site.
    pub(super) fn new(record: &'a ScannedAsset, site: &SiteId) -> Self {
        let site = record.site.as_ref().unwrap_or(site).clone();
        let digest = digest(&record.attributes());
        let (names, addresses) = (record.names.clone(), record.addresses.clone());
        Self { record, traits: Traits::new(names, addresses, site, digest) }
    }

    pub(super) fn site(&self) -> &SiteId {
        &self.traits.site
    }

    /// Whether its id is one of these.
    pub(super) fn has_id_of(&self, ids: &BTreeSet<&str>) -> bool {
        self.record.id.as_deref().is_some_and(|id| ids.contains(id))
    }
}

impl Traits {
    fn new(
        mut names: Vec<Hostname>,
        addresses: Vec<IpAddr>,
        site: SiteId,
        digest: RecordDigest,
    ) -> Self {
        names.sort_unstable();
        names.dedup();
        Self { names, addresses, site, digest }
    }

    /// Whether all of its names are ones that any host could have.
    fn is_weak(&self) -> bool {
        self.names.iter().all(|name| name.weakness().is_some())
    }

    /// The keys of its names.
    pub(super) fn keys(&self) -> impl Iterator<Item = MatchKey> {
        self.names.iter().flat_map(Hostname::match_keys)
    }

    pub(super) fn shares_address(&self, other: &Self) -> bool {
        self.addresses.iter().any(|address| other.addresses.contains(address))
    }

    fn by_address(&self, with_site: bool) -> Vec<Mark<'_>> {
        if self.names.is_empty() {
            return Vec::new();
        }
        let site = with_site.then_some(&self.site);
        if self.addresses.is_empty() && self.is_weak() {
            return vec![(&self.names, site, Some(None))];
        }
        self.addresses.iter().map(|address| (&*self.names, site, Some(Some(*address)))).collect()
    }

    fn by_names(&self, with_site: bool) -> Vec<Mark<'_>> {
        if self.is_weak() {
            return Vec::new();
        }
        vec![(&self.names, with_site.then_some(&self.site), None)]
    }
}

impl<'a> Pairing<'a> {
    /// Pairs lines with records of the source, each with one at most, whatever the order of the lines.
    ///
    /// The id decides. A line whose id is new, or that has none, is a record with exactly the same names: before all
    /// others one that says the same in everything, of the same site if there is one, then one that shares an address, then
    /// one of the same site. Where several would do, none is taken. Records that the source has no more come last.
    pub(super) fn new(lines: &'a [Line<'a>], own: &'a [OwnRecord], within_site: bool) -> Self {
        let (homes, taken) = (vec![None; lines.len()], vec![None; own.len()]);
        let mut pairing = Self { lines, own, homes, taken, undecided: BTreeMap::new() };
        let sites: &[bool] = if within_site { &[true] } else { &[true, false] };
        pairing.by_identity();
        for with_site in sites {
            pairing.by_content(*with_site, true);
            pairing.by_content(*with_site, false);
        }
        for with_site in sites {
            pairing.by_marks(|_| true, |traits| traits.by_address(*with_site));
        }
        loop {
            for with_site in sites {
                pairing.by_marks(|own| own.is_present, |traits| traits.by_names(*with_site));
            }
            // With a new id a line is a new record then, and out of the way of the others.
            let new = pairing.could_be(within_site, |line| line.record.id.is_some());
            if new.is_empty() {
                break;
            }
            pairing.undecided.extend(new);
        }
        pairing.undecided.extend(pairing.could_be(within_site, |_| true));
        for with_site in sites {
            pairing.by_marks(|own| !own.is_present, |traits| traits.by_names(*with_site));
        }
        pairing
    }

    /// The place of the record that a line is.
    pub(super) fn home(&self, line: usize) -> Option<usize> {
        self.homes.get(line).copied().flatten()
    }

    /// Whether a line is this record.
    fn is_taken(&self, own: usize) -> bool {
        self.taken.get(own).is_some_and(Option::is_some)
    }

    /// Notes which record a line is.
    fn take(&mut self, line: usize, own: usize) {
        if let (Some(home), Some(taken)) = (self.homes.get_mut(line), self.taken.get_mut(own)) {
            *home = Some(own);
            *taken = Some(line);
        }
    }

    /// By line that is no record, the present records that it could be, since they have exactly the same names and no
    /// line is them.
    pub(super) fn undecided(&self) -> &BTreeMap<usize, Vec<usize>> {
        &self.undecided
    }

    fn is_open(&self, line: usize) -> bool {
        self.home(line).is_none() && !self.undecided.contains_key(&line)
    }

    fn could_be(
        &self,
        with_site: bool,
        is_wanted: impl Fn(&Line<'_>) -> bool,
    ) -> BTreeMap<usize, Vec<usize>> {
        let mut free: HashMap<Mark<'_>, Vec<usize>> = HashMap::new();
        for (place, own) in self.own.iter().enumerate().filter(|(place, _)| !self.is_taken(*place))
        {
            for mark in own.traits.by_names(with_site).into_iter().filter(|_| own.is_present) {
                free.entry(mark).or_default().push(place);
            }
        }
        let lines = self.lines.iter().enumerate();
        let open = lines.filter(|(place, line)| self.is_open(*place) && is_wanted(line));
        open.filter_map(|(place, line)| {
            let marks = line.traits.by_names(with_site).into_iter();
            let same = marks.filter_map(|mark| free.get(&mark));
            let may_be = |own: &usize| self.own.get(*own).is_some_and(|own| own.may_be(line));
            let same: Vec<usize> = same.flatten().copied().filter(may_be).collect();
            (!same.is_empty()).then_some((place, same))
        })
        .collect()
    }

    fn by_identity(&mut self) {
        let own = self.own.iter().enumerate();
        // Merges may have brought two records of one id together; the present one is meant.
        let mut known: Vec<(&str, Reverse<bool>, usize)> = own
            .filter_map(|(place, own)| {
                Some((own.identity.as_deref()?, Reverse(own.is_present), place))
            })
            .collect();
        known.sort_unstable();
        known.dedup_by_key(|(identity, ..)| *identity);
        let known: HashMap<&str, usize> =
            known.into_iter().map(|(id, _, place)| (id, place)).collect();
        for (line, Line { record, .. }) in self.lines.iter().enumerate() {
            let own = record.id.as_deref().and_then(|id| known.get(id).copied());
            if let Some(own) = own.filter(|own| !self.is_taken(*own)) {
                self.take(line, own);
            }
        }
    }

    /// Lines of a site that say the very same are all alike: which of them is which record makes no difference. But one of
    /// which a value was left out ends nothing of what its record has: it goes with a record that keeps more than it says,
    /// and others with others, as far as there are such.
    fn by_content(&mut self, with_site: bool, in_doubt_alike: bool) {
        let content = |traits: &'a Traits| (traits.digest, with_site.then_some(&traits.site));
        let mut free: HashMap<(RecordDigest, Option<&SiteId>), Vec<usize>> = HashMap::new();
        for (place, own) in
            self.own.iter().enumerate().rev().filter(|(place, _)| !self.is_taken(*place))
        {
            free.entry(content(&own.traits)).or_default().push(place);
        }
        let mut open: Vec<usize> =
            (0..self.lines.len()).filter(|line| self.home(*line).is_none()).collect();
        open.sort_by_key(|line| self.lines.get(*line).map(|line| &line.record.id));
        for place in open {
            let Some(line) = self.lines.get(place) else { continue };
            let Some(same) = free.get_mut(&content(&line.traits)) else { continue };
            let is_it = |own: &usize| {
                let own = self.own.get(*own);
                let is_in_doubt = !line.record.partial.is_empty();
                own.is_some_and(|own| {
                    let is_alike = !in_doubt_alike || own.keeps_more == is_in_doubt;
                    is_alike && own.may_be(line) && !own.traits.names.is_empty()
                })
            };
            if let Some(found) = same.iter().rposition(is_it) {
                let own = same.remove(found);
                self.take(place, own);
            }
        }
    }

    /// Pairs what has a mark in common with one of the other side, and is the only one to have it on its own.
    fn by_marks(
        &mut self,
        is_wanted: impl Fn(&OwnRecord) -> bool,
        marks: impl Fn(&'a Traits) -> Vec<Mark<'a>>,
    ) {
        let (all_lines, all_own) = (self.lines, self.own);
        let lines = all_lines.iter().enumerate().filter(|(line, _)| self.is_open(*line));
        let lines = Marked::of(lines.map(|(place, line)| (place, marks(&line.traits))));
        let own = all_own.iter().enumerate();
        let own = own.filter(|(place, own)| !self.is_taken(*place) && is_wanted(own));
        let own = Marked::of(own.map(|(place, own)| (place, marks(&own.traits))));
        let fit = |line: usize, record: usize| match (all_lines.get(line), all_own.get(record)) {
            (Some(line), Some(own)) => own.may_be(line),
            _ => false,
        };
        let pairs = lines.marks.iter().filter_map(|(line, marks)| {
            let record = own.only(marks, |record| fit(*line, record))?;
            let back = lines.only(own.marks.get(&record)?, |line| fit(line, record))?;
            (back == *line).then_some((*line, record))
        });
        for (line, record) in pairs.collect::<Vec<_>>() {
            self.take(line, record);
        }
    }
}

/// Whether an asset has computers where the rules have this part, and none of them has one of these names.
fn is_called_otherwise(asset: &Asset, part: &SourceRecord, names: &[Hostname]) -> bool {
    let home = part.home_in(asset.id);
    let is_computer = |other: &&SourceRecord| {
        other.object.is_some() && other.presence.is_present() && other.home_in(asset.id) == home
    };
    let computers: BTreeSet<u32> =
        asset.parts.iter().filter(is_computer).map(|computer| computer.number).collect();
    if computers.is_empty() {
        return false;
    }
    let keys: BTreeSet<MatchKey> = names.iter().flat_map(Hostname::match_keys).collect();
    let called = asset.names.iter().filter(|claim| claim.is_live());
    let mut called = called.filter(|claim| computers.contains(&claim.part));
    !called.any(|claim| claim.value.match_keys().any(|key| keys.contains(&key)))
}

/// Whether more is claimed for a part of an import than the record says.
fn keeps_more(asset: &Asset, part: &SourceRecord) -> bool {
    let mut live = Live { part: part.number, claims: 0 };
    asset.each_claims(&mut live);
    let people = asset.annotations().into_iter().flatten();
    let of_people = people.filter(|claim| claim.part == part.number && claim.is_live()).count();
    live.claims - of_people > part.attributes.iter().count()
}

/// Counts what lives of what is claimed for a part.
struct Live {
    part: u32,
    claims: usize,
}

impl ClaimsVisitor for Live {
    fn visit<T: ClaimValue>(&mut self, _: ClaimField, claims: &Claims<T>) {
        let own = claims.iter().filter(|claim| claim.part == self.part && claim.is_live());
        self.claims += own.count();
    }
}

/// Things by their marks, and back.
struct Marked<M> {
    marks: HashMap<usize, Vec<M>>,
    places: HashMap<M, Vec<usize>>,
}

impl<M: Clone + Eq + Hash> Marked<M> {
    fn of(things: impl Iterator<Item = (usize, Vec<M>)>) -> Self {
        let mut marked = Self { marks: HashMap::new(), places: HashMap::new() };
        for (place, marks) in things {
            for mark in &marks {
                marked.places.entry(mark.clone()).or_default().push(place);
            }
            marked.marks.insert(place, marks);
        }
        marked
    }

    /// The one thing that has one of these marks and fits; `None` if there are several, or none.
    fn only(&self, marks: &[M], fits: impl Fn(usize) -> bool) -> Option<usize> {
        let places = marks.iter().filter_map(|mark| self.places.get(mark)).flatten().copied();
        let mut found = None;
        for place in places.filter(|place| fits(*place)) {
            if found.is_some_and(|found| found != place) {
                return None;
            }
            found = Some(place);
        }
        found
    }
}
