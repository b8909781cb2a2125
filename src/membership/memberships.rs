//! Who belongs to which group: directly, and by primary group.

use std::collections::{HashMap, HashSet};

use super::read_objects::ReadObjects;
use crate::Result;
use crate::asset::{DirectoryGroup, DirectoryUser, Member, MemberPath};
use crate::directory::{AccountKind, DirectoryObject, Outline, dn_digest};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, RecordDigest, Sid};

/// Memberships of everything that was read, both ways.
#[derive(Debug, Default)]
pub(crate) struct Memberships {
    members: HashMap<ObjectGuid, Vec<Member>>,
    /// Of users alone: the inventory keeps no list of anybody else's.
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
        let mut edges = known.direct(&is_kept)?;
        // What is no host is never kept as an asset, and a member all the same.
        edges.extend(known.primary(|account| {
            let is_host = account.account_kind() == AccountKind::Host;
            account.kind != ObjectKind::Computer || !is_host || is_kept(account.guid)
        })?);
        Self::collect(&known, edges)
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

    /// The groups of a user that was read, sorted by DN.
    pub(crate) fn groups(&self, user: ObjectGuid) -> &[DistinguishedName] {
        self.groups.get(&user).map_or(&[], Vec::as_slice)
    }

    fn collect(known: &Known<'_>, mut edges: Vec<Edge>) -> Result<Self> {
        // The strongest path of each pair comes first, and the others fall away.
        edges.sort_by_key(|edge| (edge.group, edge.key, edge.path));
        edges.dedup_by(|later, first| later.group == first.group && later.key == first.key);
        let dns: HashMap<ObjectGuid, DistinguishedName> =
            known.group_dns().collect::<Result<_>>()?;
        let mut memberships = Self::default();
        for Edge { group, dn, object, path, .. } in edges {
            let user = object.filter(|object| known.read.users.contains(*object));
            if let (Some(user), Some(group_dn)) = (user, dns.get(&group)) {
                memberships.groups.entry(user).or_default().push(group_dn.clone());
            }
            memberships.members.entry(group).or_default().push(Member { dn, object, path });
        }
        for members in memberships.members.values_mut() {
            members.sort_by_cached_key(|member| member.dn.normalized());
        }
        for groups in memberships.groups.values_mut() {
            groups.sort_unstable_by(|a, b| a.as_str().cmp(b.as_str()));
        }
        Ok(memberships)
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

/// One membership, of which a directory has more than of anything else. `key` is the digest of the member's DN.
#[derive(Debug)]
struct Edge {
    group: ObjectGuid,
    key: RecordDigest,
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

    fn group_dns(&self) -> impl Iterator<Item = Result<(ObjectGuid, DistinguishedName)>> {
        let read = self.read.groups.iter().map(|group| group.map(|group| (group.guid, group.dn)));
        read.chain(self.unread_groups().map(|group| Ok((group.object, group.dn.clone()))))
    }

    fn direct(&self, is_kept: impl Fn(ObjectGuid) -> bool) -> Result<Vec<Edge>> {
        let mut edges = self.named()?;
        // Only objects that some group names are kept by DN: most computers are in none.
        let mut objects: HashMap<RecordDigest, Option<ObjectGuid>> =
            edges.iter().map(|edge| (edge.key, None)).collect();
        for of_kind in [self.read.users, self.read.computers, self.read.groups] {
            let is_kept = |object| of_kind.kind() != ObjectKind::Computer || is_kept(object);
            for outline in of_kind.outlines().iter().filter(|outline| is_kept(outline.guid)) {
                if let Some(place) = objects.get_mut(&outline.dn_digest) {
                    *place = Some(outline.guid);
                }
            }
        }
        for edge in &mut edges {
            let read = objects.get(&edge.key).copied().flatten();
            let unread = || self.earlier.places.get(&edge.key).copied();
            edge.object = read.or_else(|| unread().filter(|object| self.is_unread(*object)));
        }
        Ok(edges)
    }

    /// Every member that a group's own list names, not looked for yet.
    fn named(&self) -> Result<Vec<Edge>> {
        let edge = |group, dn| Edge {
            group,
            key: dn_digest(&dn),
            dn,
            object: None,
            path: MemberPath::Direct,
        };
        let mut edges = Vec::new();
        for group in self.read.groups.iter() {
            let group = group?;
            let members = group.membership.into_iter().flat_map(|list| list.members);
            edges.extend(members.map(|dn| edge(group.guid, dn)));
        }
        for group in self.unread_groups() {
            let members = group.members.iter().filter(|member| member.path == MemberPath::Direct);
            edges.extend(members.map(|member| edge(group.object, member.dn.clone())));
        }
        Ok(edges)
    }

    /// `primaryGroupID` is the last part of the SID of a group in the object's own domain, and neither
    /// `member` nor `memberOf` says anything of it.
    fn primary(&self, is_kept: impl Fn(&DirectoryObject) -> bool) -> Result<Vec<Edge>> {
        let mut groups: HashMap<Sid, ObjectGuid> = HashMap::new();
        for group in self.read.groups.iter() {
            let group = group?;
            groups.extend(group.sid.map(|sid| (sid, group.guid)));
        }
        let unread = self.unread_groups();
        groups.extend(unread.filter_map(|group| Some((group.sid.clone()?, group.object))));
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
                key: dn_digest(&object.dn),
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
                key: dn_digest(&member.dn),
                dn: member.dn.clone(),
                object: member.object,
                path: MemberPath::Primary,
            })
        })
    }
}
