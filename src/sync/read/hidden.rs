//! What a read does not show though it is there: lost read rights look like a directory that lost its objects.

use std::collections::HashMap;

use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::Link;
use crate::directory::{AttributeError, DirectoryObject, Membership};
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
    pub(in crate::sync) fn empty_bases(&self, links: &Links) -> Result<EmptyBases> {
        let mut all = EmptyBases::default();
        // A read of changes that counted nobody says nothing of those that did not change.
        if self.accepts_empty || self.is_changes() && self.end.census.is_none() {
            return Ok(all);
        }
        for kind in KINDS {
            let (empty, shown) = self.bases_of(kind, links)?;
            all.empty.insert(kind, empty);
            all.shown.insert(kind, shown);
        }
        Ok(all)
    }

    fn bases_of(&self, kind: ObjectKind, links: &Links) -> Result<(Vec<String>, Vec<String>)> {
        let mut empty = self.coverage.bases.clone();
        let census = self.end.census.as_ref().and_then(|census| census.get(&kind));
        if empty.len() == 1 && census.is_some_and(|there| !there.is_empty()) {
            return Ok((Vec::new(), empty));
        }
        let mut shown = Vec::new();
        let mut shows = |dn: &str| {
            let is_above = |base: &mut String| DistinguishedName::is_normalized_within(dn, base);
            shown.extend(empty.extract_if(.., is_above));
            !empty.is_empty()
        };
        let read = self.of_kind(kind);
        let mut is_some_left = true;
        for object in read.iter() {
            is_some_left = shows(&object?.dn.normalized());
            if !is_some_left {
                break;
            }
        }
        if let Some(census) = census.filter(|_| is_some_left) {
            // Whoever was read is where the read says, and may have been elsewhere before.
            let is_meant = |it: &&Link| {
                it.kind == kind && census.contains(&it.object) && !read.contains(it.object)
            };
            let counted = links.values().filter(is_meant);
            let mut containers =
                counted.filter_map(|link| link.seen.as_ref()?.container.as_deref());
            containers.all(shows);
        }
        Ok((empty, shown))
    }

    /// Takes a group for one that hides its members if it shows none and somebody who was read says to be one. Who says so
    /// is a member all the same, and of the others nobody leaves.
    pub(super) fn doubt_hidden_members(&mut self) -> Result<()> {
        for (mut group, members) in self.unlisted_members()? {
            let count = members.len() as u64;
            group.membership = Some(Membership::new(members).incomplete());
            let reason = "not shown, though those who were read name the group in memberOf";
            let (attribute, reason) = ("member".to_owned(), reason.to_owned());
            group.flaws.push(AttributeError { attribute, reason, count });
            self.groups.replace(&group)?;
        }
        Ok(())
    }

    /// The groups that say to have nobody, with those who say to belong to one.
    fn unlisted_members(&self) -> Result<Vec<(DirectoryObject, Vec<DistinguishedName>)>> {
        let says_nobody = |membership: &Membership| {
            membership.complete && membership.left.is_none() && membership.members.is_empty()
        };
        let mut empty = Vec::new();
        for group in self.groups.iter() {
            let group = group?;
            if group.membership.as_ref().is_some_and(says_nobody) {
                empty.push((group, Vec::new()));
            }
        }
        if empty.is_empty() {
            return Ok(empty);
        }
        let names = empty.iter().map(|(group, _)| group.dn.normalized());
        let names: HashMap<String, usize> = names.zip(0..).collect();
        // Many name the same few groups.
        let mut places: HashMap<String, Option<usize>> = HashMap::new();
        for object in self.members() {
            let object = object?;
            for named in object.attributes.values("memberOf") {
                let place = match places.get(named) {
                    Some(place) => *place,
                    None => {
                        let dn = DistinguishedName::parse(named).ok();
                        let place = dn.and_then(|dn| names.get(&dn.normalized()).copied());
                        *places.entry(named.to_owned()).or_insert(place)
                    }
                };
                if let Some((_, members)) = place.and_then(|place| empty.get_mut(place)) {
                    members.push(object.dn.clone());
                }
            }
        }
        empty.retain(|(_, members)| !members.is_empty());
        Ok(empty)
    }

    /// Whoever says to be in a group.
    fn members(&self) -> impl Iterator<Item = Result<DirectoryObject>> {
        self.kinds().into_iter().flat_map(|all| {
            let members = all.outlines().iter().filter(|outline| outline.is_member);
            members.map(|outline| all.get(outline))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::Sighting;
    use crate::directory::{ReadEnd, ReadScope, ServerIdentity, Transport, Verification};
    use crate::value::{ObjectGuid, ReadMode, View};

    fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([n; 16])
    }

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    /// A read of these objects below these bases.
    fn read(bases: &[&str], objects: Vec<DirectoryObject>) -> Snapshot {
        let scope = ReadScope::of_account(["reader"], bases.iter().map(|base| dn(base)));
        let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
        let end = ReadEnd::complete(scope, Transport::Ldaps, Verification::Thumbprint, server);
        Snapshot::of(objects, end)
    }

    #[test]
    fn a_base_below_which_somebody_is_read_or_counted_hides_nobody() {
        const NOBODY: [u8; 0] = [];
        const BOTH: [&str; 2] = ["OU=A,DC=corp", "OU=B,DC=corp"];
        let place = |n: u8| ["CN=PC1,OU=A,DC=corp", "CN=PC2,OU=B,DC=corp"][usize::from(n) - 1];
        let known = |n: u8| {
            let view = View::of_account(["reader"]);
            let seen = Some(Sighting::of(&dn(place(n)), view).into());
            Link { seen, ..Link::new(ObjectKind::Computer, guid(n)) }
        };
        let hidden = |bases: &[&str], shown: &[u8], census: Option<&[u8]>| {
            let computer =
                |n: &u8| DirectoryObject::new(ObjectKind::Computer, guid(*n), dn(place(*n)));
            let mut snapshot = read(bases, shown.iter().map(computer).collect());
            if let Some(there) = census {
                snapshot.end.mode = ReadMode::DirSync;
                let there = there.iter().copied().map(guid).collect();
                snapshot.end.census = Some([(ObjectKind::Computer, there)].into());
            }
            let links: Links = [1, 2].map(|n| (guid(n), known(n))).into();
            let empty = snapshot.empty_bases(&links).unwrap();
            [1, 2].into_iter().filter(|n| empty.hides(&known(*n))).collect::<Vec<u8>>()
        };
        assert_eq!(hidden(&BOTH, &[], None), [1, 2]);
        assert_eq!(hidden(&BOTH, &[1], None), [2]);
        assert_eq!(hidden(&BOTH, &[1, 2], None), NOBODY);
        assert_eq!(hidden(&BOTH, &[], Some(&[])), [1, 2]);
        assert_eq!(hidden(&BOTH, &[], Some(&[1])), [2]);
        assert_eq!(hidden(&BOTH, &[], Some(&[1, 2])), NOBODY);
        // Whoever is counted below the only base stands there, known or not.
        assert_eq!(hidden(&["DC=corp"], &[], Some(&[9])), NOBODY);
        assert_eq!(hidden(&["DC=corp"], &[], Some(&[])), [1, 2]);
    }

    #[test]
    fn a_group_that_shows_nobody_hides_its_members_if_somebody_names_it() {
        let staff = "CN=Staff,DC=corp";
        let mut anna = DirectoryObject::new(ObjectKind::User, guid(1), dn("CN=anna,DC=corp"));
        anna.attributes = [("memberOf", staff)].into_iter().collect();
        let read_as = |membership: Membership, who: DirectoryObject| {
            let mut group = DirectoryObject::new(ObjectKind::Group, guid(2), dn(staff));
            group.membership = Some(membership);
            let mut snapshot = read(&["DC=corp"], vec![who, group]);
            snapshot.doubt_hidden_members().unwrap();
            let group = snapshot.groups.find(guid(2)).unwrap().unwrap();
            (group.membership.unwrap(), group.flaws.len())
        };
        let nobody = || Membership::new([]);
        let hiding = Membership::new([anna.dn.clone()]).incomplete();
        assert_eq!(read_as(nobody(), anna.clone()), (hiding, 1));
        let stranger = DirectoryObject { attributes: Default::default(), ..anna.clone() };
        for (membership, who) in [
            (nobody(), stranger),
            (nobody().incomplete(), anna.clone()),
            (Membership::new([dn("CN=bob,DC=corp")]), anna.clone()),
            (Membership::changes([], [anna.dn.clone()]), anna.clone()),
        ] {
            assert_eq!(read_as(membership.clone(), who), (membership, 0));
        }
    }
}
