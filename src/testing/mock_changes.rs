//! What a mock directory tells of its changes, as directories do it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::directory::{DirectoryObject, Membership, ReadRequest, RemovedObject};
use crate::name::DistinguishedName;
use crate::value::ObjectGuid;

/// Of a list of so many members only what changed is told, to those who ask for it.
const LONG: usize = 3;

/// What a read of changes tells of a directory that held these objects one after the other: those that changed, and those
/// that it does not find any more.
pub(super) fn changes(
    request: &ReadRequest,
    versions: &[Vec<DirectoryObject>],
    tombstones: bool,
) -> (Vec<DirectoryObject>, Vec<RemovedObject>) {
    let versions: Vec<Version<'_>> = versions.iter().map(|held| Version::of(held)).collect();
    let Some(now) = versions.last() else { return (Vec::new(), Vec::new()) };
    // A change is told even if it was undone since.
    let is_told = |object: ObjectGuid| {
        let mut steps = versions.iter().zip(versions.iter().skip(1));
        steps.any(|(before, after)| before.own(object) != after.own(object))
    };
    let is_news = |object: &&DirectoryObject| {
        is_asked_for(request, object)
            && (request.again.contains(&object.guid) || is_told(object.guid))
    };
    let tell = |object: &DirectoryObject| {
        let first = versions.first().filter(|_| request.link_changes);
        let before = first.filter(|_| !request.again.contains(&object.guid));
        let before = before.and_then(|first| first.by_guid.get(&object.guid));
        with_link_changes(object.clone(), before.copied())
    };
    let changed = now.objects().filter(is_news).map(tell).collect();
    let was_there: BTreeMap<ObjectGuid, &DirectoryObject> = versions
        .iter()
        .flat_map(Version::objects)
        .filter(|object| is_asked_for(request, object))
        .map(|object| (object.guid, object))
        .collect();
    let departed = was_there.into_values().filter_map(|object| {
        let (guid, kind) = (object.guid, Some(object.kind));
        match now.by_guid.get(&guid) {
            Some(now) if is_asked_for(request, now) => None,
            Some(_) => Some(RemovedObject::out_of_scope(guid, kind)),
            None if tombstones => Some(RemovedObject::deleted(guid, kind)),
            None if request.again.contains(&guid) => Some(RemovedObject::out_of_scope(guid, kind)),
            None => None,
        }
    });
    let mut departed: Vec<RemovedObject> = departed.collect();
    // Whoever asks for an object is told that it is not there, however long ago it went.
    let is_known = |guid: &ObjectGuid| versions.iter().any(|held| held.by_guid.contains_key(guid));
    let unknown = request.again.iter().filter(|guid| !is_known(guid));
    departed.extend(unknown.map(|guid| RemovedObject::out_of_scope(*guid, None)));
    (changed, departed)
}

/// The group with what changed of its members in place of a long list of them.
fn with_link_changes(now: DirectoryObject, before: Option<&DirectoryObject>) -> DirectoryObject {
    let lists = now.membership.as_ref().zip(before.and_then(|before| before.membership.as_ref()));
    let lists = lists.filter(|(now, before)| now.complete && before.complete);
    let Some((list, before)) = lists.filter(|(list, _)| list.members.len() >= LONG) else {
        return now;
    };
    let without = |some: &Membership, others: &Membership| {
        let others: BTreeSet<&str> = others.members.iter().map(DistinguishedName::as_str).collect();
        let rest = some.members.iter().filter(|dn| !others.contains(dn.as_str()));
        rest.cloned().collect::<Vec<_>>()
    };
    let changes = Membership::changes(without(list, before), without(before, list));
    DirectoryObject { membership: Some(changes), ..now }
}

/// What a directory holds at one time.
struct Version<'a> {
    by_guid: BTreeMap<ObjectGuid, &'a DirectoryObject>,
    by_dn: HashMap<String, ObjectGuid>,
}

impl<'a> Version<'a> {
    fn of(objects: &'a [DirectoryObject]) -> Self {
        let by_guid = objects.iter().map(|object| (object.guid, object)).collect();
        let by_dn = objects.iter().map(|object| (object.dn.normalized(), object.guid)).collect();
        Self { by_guid, by_dn }
    }

    fn objects(&self) -> impl Iterator<Item = &'a DirectoryObject> {
        self.by_guid.values().copied()
    }

    /// What a change of the object itself is told of: without the other ends of links. Members are known by
    /// what they are, so that a new name is no change; one that is nowhere any more does not count.
    fn own(&self, guid: ObjectGuid) -> Option<(DirectoryObject, BTreeSet<ObjectGuid>)> {
        let mut own = (*self.by_guid.get(&guid)?).clone();
        let is_link = |name: &str| ["managedBy", "memberOf"].contains(&name);
        let managers = own.attributes.values("managedBy");
        let managers = managers.filter_map(|dn| DistinguishedName::parse(dn).ok());
        let managers: Vec<DistinguishedName> = managers.collect();
        let attributes = own.attributes.iter().filter(|(name, _)| !is_link(name));
        own.attributes = attributes.collect();
        let members = own.membership.as_mut().map(|list| std::mem::take(&mut list.members));
        let members = members.into_iter().chain([managers]).collect::<Vec<_>>();
        let members = members.iter().flatten().filter_map(|dn| self.by_dn.get(&dn.normalized()));
        let members = members.copied().collect();
        Some((own, members))
    }
}

/// Whether a read of this request looks at an object.
pub(super) fn is_asked_for(request: &ReadRequest, object: &DirectoryObject) -> bool {
    let bases = &request.base_dns;
    request.kinds.contains(&object.kind)
        && (bases.is_empty() || bases.iter().any(|base| object.dn.is_within(base)))
}
