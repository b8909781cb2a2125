//! Who belongs to which group: directly, and by primary group.

use std::collections::{HashMap, HashSet};

use super::links::dn_digest_of;
use super::read_objects::ReadObjects;
use crate::Result;
use crate::asset::{DirectoryGroup, DirectoryUser, Member, MemberPath};
use crate::directory::{AccountKind, DirectoryObject, Outline};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, RecordDigest, Sid};

/// Memberships of everything that was read, both ways.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    members: HashMap<ObjectGuid, Vec<Member>>,
    groups: HashMap<ObjectGuid, Vec<DistinguishedName>>,
}

/// What the inventory knew before a read of changes, as far as it was there. Nothing of it counts in a full read.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    pub(crate) groups: Vec<DirectoryGroup>,
    /// Objects by the digests of their DNs.
    pub(crate) places: HashMap<RecordDigest, ObjectGuid>,
}

impl Memberships {
    /// Works the memberships out. Those through other groups are [for whoever asks](crate::asset::Nesting).
    ///
    /// A member is known as an object if the inventory keeps it; `is_kept` says so of the computers. A host that it does
    /// not keep is no primary member: nothing would tell that it is gone.
    ///
    /// # Errors
    ///
    /// If what was put aside of an object cannot be read again.
    pub(crate) fn of(
        read: &ReadObjects<'_>,
        earlier: &Earlier,
        is_kept: impl Fn(ObjectGuid) -> bool,
    ) -> Result<Self> {
        let known = Known::of(read, earlier);
        let is_kept =
            |object: &DirectoryObject| object.kind != ObjectKind::Computer || is_kept(object.guid);
        let mut edges = known.direct(is_kept)?;
        // What is no host is never kept as an asset, and a member all the same.
        let is_no_host = |object: &DirectoryObject| object.account_kind() != AccountKind::Host;
        edges.extend(known.primary(|object| is_kept(object) || is_no_host(object))?);
        Ok(Self::collect(&known, edges))
    }

    /// Memberships that no change touched, as these users have them.
    pub(crate) fn kept(users: impl IntoIterator<Item = DirectoryUser>) -> Self {
        let groups = users.into_iter().map(|user| (user.object, user.groups));
        Self { groups: groups.collect(), ..Self::default() }
    }

    /// The members of a group, sorted by DN.
    pub(crate) fn members(&self, group: ObjectGuid) -> &[Member] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }

    /// The groups of an object, sorted by DN.
    pub(crate) fn groups(&self, object: ObjectGuid) -> &[DistinguishedName] {
        self.groups.get(&object).map_or(&[], Vec::as_slice)
    }

    fn collect(known: &Known<'_>, mut edges: Vec<Edge>) -> Self {
        // The strongest path of each pair comes first, and the others fall away.
        edges.sort_by(|a, b| (a.group, &a.key, a.path).cmp(&(b.group, &b.key, b.path)));
        edges.dedup_by(|later, first| later.group == first.group && later.key == first.key);
        let dns: HashMap<ObjectGuid, &DistinguishedName> = known.group_dns().collect();
        let mut memberships = Self::default();
        for Edge { group, dn, object, path, .. } in edges {
            if let (Some(object), Some(group_dn)) = (object, dns.get(&group)) {
                memberships.groups.entry(object).or_default().push((*group_dn).clone());
            }
            memberships.members.entry(group).or_default().push(Member { dn, object, path });
        }
        for groups in memberships.groups.values_mut() {
            groups.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        }
        memberships
    }
}

/// What tells a changed user or group from an unchanged one: the object's own digest, its memberships, and whether these
/// are all.
pub(crate) fn digest(
    kind: ObjectKind,
    object: &Outline,
    memberships: &Memberships,
    complete: bool,
) -> RecordDigest {
    let mut hasher = RecordDigest::hasher();
    hasher.bytes(&object.digest.0).bytes(&[u8::from(complete)]);
    for member in memberships.members(object.guid) {
        hasher.text(member.dn.as_str()).bytes(&[member.path as u8]);
        hasher.bytes(member.object.as_ref().map_or(&[], |guid| guid.as_bytes().as_slice()));
    }
    if kind == ObjectKind::User {
        for group in memberships.groups(object.guid) {
            hasher.text(group.as_str());
        }
    }
    hasher.finish()
}

/// One membership. `key` is the member's DN in its normal form.
#[derive(Clone, Debug)]
struct Edge {
    group: ObjectGuid,
    key: Box<str>,
    dn: DistinguishedName,
    object: Option<ObjectGuid>,
    path: MemberPath,
}

/// What was read, and what is known of the rest.
struct Known<'a> {
    read: &'a ReadObjects<'a>,
    identities: HashSet<ObjectGuid>,
    earlier: &'a Earlier,
}

impl<'a> Known<'a> {
    fn of(read: &'a ReadObjects<'a>, earlier: &'a Earlier) -> Self {
        Self { read, identities: read.identities(), earlier }
    }

    /// Whether an object is as it was: neither read again nor gone.
    fn is_unread(&self, object: ObjectGuid) -> bool {
        !self.identities.contains(&object) && !self.read.departed.contains(&object)
    }

    fn unread_groups(&self) -> impl Iterator<Item = &'a DirectoryGroup> {
        self.earlier.groups.iter().filter(|group| self.is_unread(group.object))
    }

    fn group_dns(&self) -> impl Iterator<Item = (ObjectGuid, &'a DistinguishedName)> {
        let read = self.read.groups.iter().map(|group| (group.guid, &group.dn));
        read.chain(self.unread_groups().map(|group| (group.object, &group.dn)))
    }

    fn direct(&self, is_kept: impl Fn(&DirectoryObject) -> bool) -> Result<Vec<Edge>> {
        let mut edges: Vec<Edge> = self.named().collect();
        // Only objects that some group names are kept by DN: most computers are in none.
        let mut objects: HashMap<&str, Option<ObjectGuid>> =
            edges.iter().map(|edge| (&*edge.key, None)).collect();
        for object in self.read.all() {
            let object = object?;
            let place = objects.get_mut(&*key(&object.dn)).filter(|_| is_kept(&object));
            if let Some(place) = place {
                *place = Some(object.guid);
            }
        }
        let read: Vec<Option<ObjectGuid>> =
            edges.iter().map(|edge| objects.get(&*edge.key).copied().flatten()).collect();
        for (edge, read) in edges.iter_mut().zip(read) {
            let unread = || self.earlier.places.get(&dn_digest_of(&edge.key)).copied();
            edge.object = read.or_else(|| unread().filter(|object| self.is_unread(*object)));
        }
        Ok(edges)
    }

    /// Every member that a group's own list names, not looked for yet.
    fn named(&self) -> impl Iterator<Item = Edge> {
        let read = self.read.groups.iter().flat_map(|group| {
            let members = group.membership.iter().flat_map(|list| &list.members);
            members.map(|dn| (group.guid, dn))
        });
        let unread = self.unread_groups().flat_map(|group| {
            let members = group.members.iter().filter(|member| member.path == MemberPath::Direct);
            members.map(|member| (group.object, &member.dn))
        });
        read.chain(unread).map(|(group, dn)| {
            let (key, dn) = (key(dn), dn.clone());
            Edge { group, key, dn, object: None, path: MemberPath::Direct }
        })
    }

    /// `primaryGroupID` is the last part of the SID of a group in the object's own domain, and neither
    /// `member` nor `memberOf` says anything of it.
    fn primary(&self, is_kept: impl Fn(&DirectoryObject) -> bool) -> Result<Vec<Edge>> {
        let read = self.read.groups.iter().map(|group| (group.sid.as_ref(), group.guid));
        let unread = self.unread_groups().map(|group| (group.sid.as_ref(), group.object));
        let groups: HashMap<&Sid, ObjectGuid> =
            read.chain(unread).filter_map(|(sid, group)| Some((sid?, group))).collect();
        let group_of = |object: &DirectoryObject| {
            let rid = object.attributes.first("primaryGroupID")?.parse().ok()?;
            groups.get(&object.sid.as_ref()?.domain()?.with_rid(rid)?).copied()
        };
        let mut edges = Vec::new();
        for object in self.read.accounts() {
            let object = object?;
            let group = group_of(&object).filter(|_| is_kept(&object));
            edges.extend(group.map(|group| Edge {
                group,
                key: key(&object.dn),
                dn: object.dn,
                object: Some(object.guid),
                path: MemberPath::Primary,
            }));
        }
        edges.extend(self.unread_primary());
        Ok(edges)
    }

    /// Those whom a group has as its primary members since an earlier read, and who were not read again. The
    /// group itself may have been.
    fn unread_primary(&self) -> impl Iterator<Item = Edge> {
        let there = self.earlier.groups.iter();
        let there = there.filter(|group| !self.read.departed.contains(&group.object));
        there.flat_map(|group| {
            let primary = group.members.iter().filter(|m| m.path == MemberPath::Primary);
            let unread = primary.filter(|m| m.object.is_some_and(|object| self.is_unread(object)));
            unread.map(|member| Edge {
                group: group.object,
                key: key(&member.dn),
                dn: member.dn.clone(),
                object: member.object,
                path: MemberPath::Primary,
            })
        })
    }
}

fn key(dn: &DistinguishedName) -> Box<str> {
    dn.normalized().into()
}
