//! Who belongs to which group: directly, by primary group, and through other groups.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::snapshot::Snapshot;
use crate::asset::{Member, MemberPath};
use crate::directory::DirectoryObject;
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, Sid};

/// Memberships of everything in a snapshot, both ways.
#[derive(Debug, Default)]
pub(super) struct Memberships {
    members: HashMap<ObjectGuid, Vec<Member>>,
    groups: HashMap<ObjectGuid, Vec<DistinguishedName>>,
}

impl Memberships {
    /// Works the memberships out. Cycles, which directories allow, are walked once.
    pub(super) fn of(snapshot: &Snapshot, nested: bool) -> Self {
        let mut links = direct(snapshot);
        links.extend(primary(snapshot));
        if nested {
            let through = through_groups(snapshot, &links);
            links.extend(through);
        }
        Self::collect(snapshot, links)
    }

    /// The members of a group, sorted by DN.
    pub(super) fn members(&self, group: ObjectGuid) -> &[Member] {
        self.members.get(&group).map_or(&[], Vec::as_slice)
    }

    /// The groups of an object, sorted by DN.
    pub(super) fn groups(&self, object: ObjectGuid) -> &[DistinguishedName] {
        self.groups.get(&object).map_or(&[], Vec::as_slice)
    }

    fn collect(snapshot: &Snapshot, mut links: Vec<Edge>) -> Self {
        // The strongest path of each pair comes first, and the others fall away.
        links.sort_by(|a, b| (a.group, &a.key, a.path).cmp(&(b.group, &b.key, b.path)));
        links.dedup_by(|later, first| later.group == first.group && later.key == first.key);
        let dns: HashMap<ObjectGuid, &DistinguishedName> =
            snapshot.groups.iter().map(|group| (group.guid, &group.dn)).collect();
        let mut memberships = Self::default();
        for Edge { group, dn, object, path, .. } in links {
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

/// One membership. `key` is the member's DN in its normal form.
#[derive(Clone, Debug)]
struct Edge {
    group: ObjectGuid,
    key: Box<str>,
    dn: DistinguishedName,
    object: Option<ObjectGuid>,
    path: MemberPath,
}

fn everything(snapshot: &Snapshot) -> impl Iterator<Item = &DirectoryObject> {
    snapshot.users.iter().chain(&snapshot.computers).chain(&snapshot.groups)
}

fn key(dn: &DistinguishedName) -> Box<str> {
    dn.normalized().into()
}

fn direct(snapshot: &Snapshot) -> Vec<Edge> {
    let named: HashSet<Box<str>> = snapshot
        .groups
        .iter()
        .filter_map(|group| group.membership.as_ref())
        .flat_map(|membership| membership.members.iter().map(key))
        .collect();
    // Only objects that some group names are kept by DN: most computers are in none.
    let objects: HashMap<Box<str>, ObjectGuid> = everything(snapshot)
        .map(|object| (key(&object.dn), object.guid))
        .filter(|(dn, _)| named.contains(dn))
        .collect();
    let mut edges = Vec::new();
    for group in &snapshot.groups {
        for dn in group.membership.iter().flat_map(|membership| &membership.members) {
            let key = key(dn);
            let object = objects.get(&key).copied();
            let (group, dn) = (group.guid, dn.clone());
            edges.push(Edge { group, key, dn, object, path: MemberPath::Direct });
        }
    }
    edges
}

/// `primaryGroupID` is the last part of the SID of a group in the object's own domain, and neither
/// `member` nor `memberOf` says anything of it.
fn primary(snapshot: &Snapshot) -> Vec<Edge> {
    let groups: HashMap<&Sid, ObjectGuid> = snapshot
        .groups
        .iter()
        .filter_map(|group| Some((group.sid.as_ref()?, group.guid)))
        .collect();
    snapshot
        .users
        .iter()
        .chain(&snapshot.computers)
        .filter_map(|object| {
            let rid = object.attributes.first("primaryGroupID")?.parse().ok()?;
            let group = groups.get(&object.sid.as_ref()?.domain()?.with_rid(rid)?)?;
            Some(Edge {
                group: *group,
                key: key(&object.dn),
                dn: object.dn.clone(),
                object: Some(object.guid),
                path: MemberPath::Primary,
            })
        })
        .collect()
}

/// What each group holds through its member groups.
fn through_groups(snapshot: &Snapshot, edges: &[Edge]) -> Vec<Edge> {
    let mut children: BTreeMap<ObjectGuid, Vec<&Edge>> = BTreeMap::new();
    for edge in edges {
        children.entry(edge.group).or_default().push(edge);
    }
    let mut nested = Vec::new();
    for group in &snapshot.groups {
        let mut seen = BTreeSet::from([group.guid]);
        let mut pending = vec![group.guid];
        while let Some(current) = pending.pop() {
            for edge in children.get(&current).into_iter().flatten() {
                if current != group.guid {
                    let path = MemberPath::Nested;
                    nested.push(Edge { group: group.guid, path, ..(*edge).clone() });
                }
                if let Some(object) = edge.object
                    && children.contains_key(&object)
                    && seen.insert(object)
                {
                    pending.push(object);
                }
            }
        }
    }
    nested
}
