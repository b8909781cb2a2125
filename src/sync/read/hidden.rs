//! What a read does not show though it is there: lost read rights look like a directory that lost its objects.

use std::collections::{BTreeMap, HashMap};

use super::snapshot::Snapshot;
use crate::asset::Link;
use crate::directory::{AttributeError, Membership};
use crate::error::Printable;
use crate::membership::Links;
use crate::name::DistinguishedName;
use crate::value::ObjectKind;

const KINDS: [ObjectKind; 3] = [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User];

/// Below which bases of a read something of each kind shows, and below which nothing does, unless the run accepts that.
/// In normal form.
#[derive(Debug, Default)]
pub(in crate::sync) struct EmptyBases {
    empty: HashMap<ObjectKind, Vec<String>>,
    shown: HashMap<ObjectKind, Vec<String>>,
}

impl EmptyBases {
    /// Whether an object is of a kind of which nothing shows below any of the bases that it was seen below.
    pub(in crate::sync) fn hides(&self, link: &Link) -> bool {
        let of = |bases: &HashMap<ObjectKind, Vec<String>>, is_meant: &dyn Fn(&String) -> bool| {
            bases.get(&link.kind).is_some_and(|bases| bases.iter().any(is_meant))
        };
        let container = link.seen.as_ref().and_then(|seen| seen.container.as_deref());
        // Wherever it was seen, it was below one of them.
        let is_above = |base: &String| {
            container.is_none_or(|dn| DistinguishedName::is_normalized_within(dn, base))
        };
        of(&self.empty, &is_above) && !of(&self.shown, &is_above)
    }

    /// Where nothing of a kind shows, in words: nothing where it shows nowhere.
    pub(in crate::sync) fn below(&self, kind: ObjectKind) -> String {
        let is_some = |bases: &&Vec<String>| !bases.is_empty();
        match (self.empty.get(&kind), self.shown.get(&kind).filter(is_some)) {
            (Some(empty), Some(_)) => {
                let empty: Vec<String> =
                    empty.iter().map(|base| Printable(base).to_string()).collect();
                format!(" below {}", empty.join(" or "))
            }
            _ => String::new(),
        }
    }
}

impl Snapshot {
    /// The bases below which nothing of a kind shows any more, and nobody said that this is so: the account may have lost its
    /// read rights. A census that shows somebody tells below which base only of whom the inventory knows.
    pub(in crate::sync) fn empty_bases(&self, links: &Links) -> EmptyBases {
        let mut all = EmptyBases::default();
        // A read of changes that counted nobody says nothing of those that did not change.
        if self.accepts_empty || self.is_changes() && self.end.census.is_none() {
            return all;
        }
        for kind in KINDS {
            let (empty, shown) = self.bases_of(kind, links);
            all.empty.insert(kind, empty);
            all.shown.insert(kind, shown);
        }
        all
    }

    fn bases_of(&self, kind: ObjectKind, links: &Links) -> (Vec<String>, Vec<String>) {
        let mut empty = self.coverage.bases.clone();
        let census = self.end.census.as_ref().and_then(|census| census.get(&kind));
        if empty.len() == 1 && census.is_some_and(|there| !there.is_empty()) {
            return (Vec::new(), empty);
        }
        let mut shown = Vec::new();
        let mut shows = |dn: &str| {
            let is_above = |base: &mut String| DistinguishedName::is_normalized_within(dn, base);
            shown.extend(empty.extract_if(.., is_above));
            !empty.is_empty()
        };
        let mut read = self.of_kind(kind).iter();
        let is_some_left = read.all(|object| shows(&object.dn.normalized()));
        if let Some(census) = census.filter(|_| is_some_left) {
            // Whoever was read is where the read says, and may have been elsewhere before.
            let all = self.of_kind(kind);
            let is_read = |it: &Link| all.binary_search_by_key(&it.object, |it| it.guid).is_ok();
            let is_meant =
                |it: &&Link| it.kind == kind && census.contains(&it.object) && !is_read(it);
            let counted = links.values().filter(is_meant);
            let mut containers =
                counted.filter_map(|link| link.seen.as_ref()?.container.as_deref());
            containers.all(shows);
        }
        (empty, shown)
    }

    /// Takes a group for one that hides its members if it shows none and somebody who was read says to be one. Who says so
    /// is a member all the same, and of the others nobody leaves.
    pub(super) fn doubt_hidden_members(&mut self) {
        let members = self.unlisted_members();
        for (place, members) in members {
            let Some(group) = self.groups.get_mut(place) else { continue };
            let count = members.len() as u64;
            group.membership = Some(Membership::new(members).incomplete());
            let reason = "not shown, though those who were read name the group in memberOf";
            let (attribute, reason) = ("member".to_owned(), reason.to_owned());
            group.flaws.push(AttributeError { attribute, reason, count });
        }
    }

    /// Who says to belong to a group that says to have nobody, by the group's place.
    fn unlisted_members(&self) -> BTreeMap<usize, Vec<DistinguishedName>> {
        let says_nobody = |membership: &Membership| {
            membership.complete && membership.left.is_none() && membership.members.is_empty()
        };
        let empty: HashMap<String, usize> = self
            .groups
            .iter()
            .enumerate()
            .filter(|(_, group)| group.membership.as_ref().is_some_and(says_nobody))
            .map(|(place, group)| (group.dn.normalized(), place))
            .collect();
        let mut members: BTreeMap<usize, Vec<DistinguishedName>> = BTreeMap::new();
        if empty.is_empty() {
            return members;
        }
        // Many name the same few groups.
        let mut places: HashMap<&str, Option<usize>> = HashMap::new();
        for object in self.objects() {
            for named in object.attributes.values("memberOf") {
                let place = *places.entry(named).or_insert_with(|| {
                    let dn = DistinguishedName::parse(named).ok()?;
                    empty.get(&dn.normalized()).copied()
                });
                if let Some(place) = place {
                    members.entry(place).or_default().push(object.dn.clone());
                }
            }
        }
        members
    }
}
