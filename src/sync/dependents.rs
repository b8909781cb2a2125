//! Objects that depend on a change, by the memberships that the inventory knows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::membership::{Earlier, Memberships};
use super::reading::{is_in_place, is_present};
use super::snapshot::Snapshot;
use crate::asset::{DirectoryGroup, Link, Member, MemberPath};
use crate::directory::{AccountKind, DirectoryObject};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind};

type Links = HashMap<ObjectGuid, Link>;

/// Settles what departed: of what the read covers, whatever the source says so of, or the census does not show. Of a
/// kind that is not there at all nothing is taken for departed: that is what lost read rights look like.
pub(super) fn take_departed(snapshot: &mut Snapshot, links: &Links) {
    let read = snapshot.identities();
    let is_gone = |link: &&Link| {
        let is_told = snapshot.departed.contains(&link.object);
        let is_missed = snapshot.end.census.is_some() && snapshot.shows_absence(link);
        is_told || link.presence.is_present() && !read.contains(&link.object) && is_missed
    };
    let gone = links.values().filter(|link| is_covered(snapshot, link)).filter(is_gone);
    snapshot.departed = gone.map(|link| link.object).collect();
}

/// Notes as departed whatever a full read covers and did not show. Whether anything that is known is neither read nor
/// departed.
pub(super) fn take_absent(snapshot: &mut Snapshot, links: &Links) -> bool {
    let read = snapshot.identities();
    let unread =
        links.values().filter(|link| link.presence.is_present() && !read.contains(&link.object));
    let (gone, rest): (Vec<&Link>, Vec<&Link>) =
        unread.partition(|link| is_covered(snapshot, link));
    snapshot.departed = gone.iter().map(|link| link.object).collect();
    !rest.is_empty()
}

/// Whether the absence of an object would say something.
fn is_covered(snapshot: &Snapshot, link: &Link) -> bool {
    snapshot.coverage.covers(link) && !snapshot.shows_none(link.kind)
}

/// What was missing and is there, as the census says, without a change: it was missing to somebody else.
pub(super) fn returned(snapshot: &Snapshot, links: &Links) -> BTreeSet<ObjectGuid> {
    let Some(census) = &snapshot.end.census else { return BTreeSet::new() };
    let read = snapshot.identities();
    let is_back = |link: &&Link| {
        let is_there = census.get(&link.kind).is_some_and(|there| there.contains(&link.object));
        is_there && !link.presence.is_present() && !read.contains(&link.object)
    };
    links.values().filter(is_back).map(|link| link.object).collect()
}

/// Whether a membership may be another one than before. `primary_groups` are those of the accounts that were read,
/// as the inventory has them.
pub(super) fn touch_memberships(
    snapshot: &Snapshot,
    links: &Links,
    primary_groups: &HashMap<ObjectGuid, &str>,
) -> bool {
    let departed = || snapshot.departed.iter().any(|object| is_present(links, *object));
    let others = || {
        let mut accounts = snapshot.users.iter().chain(&snapshot.computers);
        accounts.any(|object| {
            let before = primary_groups.get(&object.guid).copied();
            !is_in_place(links, object) || object.attributes.first("primaryGroupID") != before
        })
    };
    !snapshot.groups.is_empty() || departed() || others()
}

/// Whether a group is there again that was missing.
pub(super) fn is_group_back(snapshot: &Snapshot, links: &Links) -> bool {
    let mut known = snapshot.groups.iter().filter_map(|group| links.get(&group.guid));
    known.any(|link| !link.presence.is_present())
}

/// What must be read again, since what was read changed it. What stands outside of the bases is for others to read.
pub(super) fn dependents_to_reread(
    snapshot: &Snapshot,
    earlier: &Earlier,
    links: &Links,
    nested: bool,
) -> BTreeSet<ObjectGuid> {
    let new_hosts: HashSet<ObjectGuid> = snapshot
        .computers
        .iter()
        .filter(|computer| computer.account_kind() == AccountKind::Host)
        .map(|computer| computer.guid)
        .collect();
    let is_kept = |object| links.contains_key(&object) || new_hosts.contains(&object);
    let now = Memberships::of(snapshot, earlier, nested, is_kept);
    let read = snapshot.identities();
    let is_unread = |object: &ObjectGuid| {
        let link = links.get(object).filter(|link| link.presence.is_present());
        link.is_some_and(|link| snapshot.coverage.reaches(link))
            && !read.contains(object)
            && !snapshot.departed.contains(object)
    };
    let mut again: BTreeSet<ObjectGuid> = earlier
        .groups
        .iter()
        .filter(|group| is_unread(&group.object) && now.members(group.object) != group.members)
        .map(|group| group.object)
        .collect();
    again.extend(disagreeing(snapshot, earlier, &now).filter(is_unread));
    let changed = changed_groups(snapshot, earlier, &now);
    let sees_it = |(object, path): &(ObjectGuid, MemberPath)| {
        // `memberOf` names the groups that an object is in directly; only users have a list of all.
        let is_user = links.get(object).is_some_and(|link| link.kind == ObjectKind::User);
        (is_user || *path == MemberPath::Direct) && is_unread(object)
    };
    let members = changed.iter().flat_map(ChangedGroup::who).filter(sees_it);
    again.extend(members.map(|(object, _)| object));
    again
}

/// A group with another name or other members than before.
struct ChangedGroup<'a> {
    has_same_name: bool,
    before: &'a [Member],
    now: &'a [Member],
}

impl ChangedGroup<'_> {
    /// Whom the change concerns: who joined or left, or everybody if the group has another name.
    fn who(&self) -> BTreeSet<(ObjectGuid, MemberPath)> {
        let all = |members: &[Member]| -> BTreeSet<(ObjectGuid, MemberPath)> {
            members.iter().filter_map(|member| Some((member.object?, member.path))).collect()
        };
        let (before, now) = (all(self.before), all(self.now));
        if self.has_same_name { &before ^ &now } else { &before | &now }
    }
}

fn changed_groups<'a>(
    snapshot: &'a Snapshot,
    earlier: &'a Earlier,
    now: &'a Memberships,
) -> Vec<ChangedGroup<'a>> {
    let read: HashMap<ObjectGuid, &DistinguishedName> =
        snapshot.groups.iter().map(|group| (group.guid, &group.dn)).collect();
    let known: HashSet<ObjectGuid> = earlier.groups.iter().map(|group| group.object).collect();
    let of_known = |group: &'a DirectoryGroup| ChangedGroup {
        has_same_name: read.get(&group.object).is_none_or(|dn| dn.as_str() == group.dn.as_str())
            && !snapshot.departed.contains(&group.object),
        before: &group.members,
        now: now.members(group.object),
    };
    let new = snapshot.groups.iter().filter(|group| !known.contains(&group.guid)).map(|group| {
        ChangedGroup { has_same_name: true, before: &[], now: now.members(group.guid) }
    });
    let groups = earlier.groups.iter().map(of_known).chain(new);
    groups.filter(|group| !group.has_same_name || group.before != group.now).collect()
}

/// Groups that were not read and do not agree with an object that was: it names them and they know it by another DN,
/// as before it came into scope, or they name it and it knows of nothing, as after it was deleted and restored.
fn disagreeing<'a>(
    snapshot: &'a Snapshot,
    earlier: &'a Earlier,
    now: &'a Memberships,
) -> impl Iterator<Item = ObjectGuid> + 'a {
    let mut named_by: HashMap<String, BTreeSet<ObjectGuid>> = HashMap::new();
    let mut read = HashSet::new();
    for object in snapshot.objects() {
        read.insert(object.guid);
        for group in groups_named_by(object) {
            named_by.entry(group).or_default().insert(object.guid);
        }
    }
    let disagrees = move |group: &&DirectoryGroup| {
        let members = now.members(group.object).iter().filter(|m| m.path == MemberPath::Direct);
        let members = members.filter_map(|member| member.object);
        let members: BTreeSet<ObjectGuid> =
            members.filter(|member| read.contains(member)).collect();
        let named_by = named_by.get(&group.dn.normalized());
        named_by.map_or(!members.is_empty(), |named_by| *named_by != members)
    };
    earlier.groups.iter().filter(disagrees).map(|group| group.object)
}

/// What `memberOf` says, each DN in its normal form.
fn groups_named_by(object: &DirectoryObject) -> impl Iterator<Item = String> {
    let named = object.attributes.values("memberOf");
    named.filter_map(|dn| Some(DistinguishedName::parse(dn).ok()?.normalized()))
}
