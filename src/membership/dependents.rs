//! Objects that depend on a change, by the memberships that the inventory knows.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::links::{Links, is_in_place, is_present};
use super::memberships::{Earlier, Memberships};
use super::read_objects::ReadObjects;
use crate::Result;
use crate::asset::{DirectoryGroup, Link, Member, MemberPath};
use crate::directory::{DirectoryObject, Objects};
use crate::name::DistinguishedName;
use crate::value::{Attributes, ObjectGuid, ObjectKind};

/// Whether a membership may be another one than before. `before` are the accounts that were read, as the inventory has them:
/// one that was deleted and restored since has lost its groups, without a word of theirs.
///
/// # Errors
///
/// If what was put aside of an object cannot be read again; so of everything below.
pub(crate) fn touch_memberships(
    read: &ReadObjects<'_>,
    links: &Links,
    before: &HashMap<ObjectGuid, &Attributes>,
) -> Result<bool> {
    let departed = read.departed.iter().any(|object| is_present(links, *object));
    if !read.groups.is_empty() || departed {
        return Ok(true);
    }
    for object in read.accounts() {
        let object = object?;
        let before = before.get(&object.guid).map(|before| groups_in(before));
        let is_same = before.unwrap_or_default() == groups_in(&object.attributes);
        if !is_in_place(links, &object) || !is_same {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The groups that an account says it is in: its primary one, and the others.
fn groups_in(attributes: &Attributes) -> (Option<&str>, BTreeSet<&str>) {
    (attributes.first("primaryGroupID"), attributes.values("memberOf").collect())
}

/// Whether a group is there again that was missing.
pub(crate) fn is_group_back(groups: &Objects, links: &Links) -> bool {
    let mut known = groups.identities().filter_map(|group| links.get(&group));
    known.any(|link| !link.presence.is_present())
}

/// What must be read again, since what was read changed it. `is_in_reach` tells what stands below the bases: the rest is
/// for others to read.
pub(crate) fn dependents_to_reread(
    read: &ReadObjects<'_>,
    earlier: &Earlier,
    links: &Links,
    is_in_reach: impl Fn(&Link) -> bool,
) -> Result<BTreeSet<ObjectGuid>> {
    let computers = read.computers.outlines().iter();
    let new_hosts: HashSet<ObjectGuid> =
        computers.filter(|computer| computer.is_host).map(|computer| computer.guid).collect();
    let is_kept = |object| links.contains_key(&object) || new_hosts.contains(&object);
    let now = Memberships::of(read, earlier, is_kept)?;
    let identities = read.identities();
    let is_unread = |object: &ObjectGuid| {
        let link = links.get(object).filter(|link| link.presence.is_present());
        link.is_some_and(&is_in_reach)
            && !identities.contains(object)
            && !read.departed.contains(object)
    };
    let mut again: BTreeSet<ObjectGuid> = earlier
        .groups
        .iter()
        .filter(|group| is_unread(&group.object) && now.members(group.object) != group.members)
        .map(|group| group.object)
        .collect();
    again.extend(disagreeing(read, earlier, &now)?.filter(is_unread));
    let changed = changed_groups(read, earlier, &now)?;
    let sees_it = |(object, path): &(ObjectGuid, MemberPath)| {
        // `memberOf` names the groups that an object is in directly; only users have a list of all.
        let is_user = links.get(object).is_some_and(|link| link.kind == ObjectKind::User);
        (is_user || *path == MemberPath::Direct) && is_unread(object)
    };
    let members = changed.iter().flat_map(ChangedGroup::who).filter(sees_it);
    again.extend(members.map(|(object, _)| object));
    Ok(again)
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
    read: &ReadObjects<'_>,
    earlier: &'a Earlier,
    now: &'a Memberships,
) -> Result<Vec<ChangedGroup<'a>>> {
    let groups = read.groups.iter().map(|group| group.map(|group| (group.guid, group.dn)));
    let dns: HashMap<ObjectGuid, DistinguishedName> = groups.collect::<Result<_>>()?;
    let known: HashSet<ObjectGuid> = earlier.groups.iter().map(|group| group.object).collect();
    let of_known = |group: &'a DirectoryGroup| ChangedGroup {
        has_same_name: dns.get(&group.object).is_none_or(|dn| dn.as_str() == group.dn.as_str())
            && !read.departed.contains(&group.object),
        before: &group.members,
        now: now.members(group.object),
    };
    let new = read
        .groups
        .identities()
        .filter(|group| !known.contains(group))
        .map(|group| ChangedGroup { has_same_name: true, before: &[], now: now.members(group) });
    let groups = earlier.groups.iter().map(of_known).chain(new);
    let changed = groups.filter(|group| !group.has_same_name || group.before != group.now);
    Ok(changed.collect())
}

/// Groups that were not read and do not agree with an object that was: it names them and they know it by another DN,
/// as before it came into scope, or they name it and it knows of nothing, as after it was deleted and restored.
fn disagreeing<'a>(
    read: &ReadObjects<'_>,
    earlier: &'a Earlier,
    now: &'a Memberships,
) -> Result<impl Iterator<Item = ObjectGuid> + 'a> {
    let mut named_by: HashMap<String, BTreeSet<ObjectGuid>> = HashMap::new();
    let identities = read.identities();
    for object in read.all() {
        let object = object?;
        for group in groups_named_by(&object) {
            named_by.entry(group).or_default().insert(object.guid);
        }
    }
    let disagrees = move |group: &&DirectoryGroup| {
        let members = now.members(group.object).iter().filter(|m| m.path == MemberPath::Direct);
        let members = members.filter_map(|member| member.object);
        let members: BTreeSet<ObjectGuid> =
            members.filter(|member| identities.contains(member)).collect();
        let named_by = named_by.get(&group.dn.normalized());
        named_by.map_or(!members.is_empty(), |named_by| *named_by != members)
    };
    Ok(earlier.groups.iter().filter(disagrees).map(|group| group.object))
}

/// What `memberOf` says, each DN in its normal form.
pub(super) fn groups_named_by(object: &DirectoryObject) -> impl Iterator<Item = String> {
    let named = object.attributes.values("memberOf");
    named.filter_map(|dn| Some(DistinguishedName::parse(dn).ok()?.normalized()))
}
