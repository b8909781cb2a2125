//! Lists of members of which only the changes were told.

use std::collections::{BTreeMap, HashMap};

use super::dependents::groups_named_by;
use super::links::{Links, is_present};
use super::read_objects::ReadObjects;
use crate::Result;
use crate::asset::{DirectoryGroup, MemberPath};
use crate::directory::{DirectoryObject, Membership};
use crate::name::DistinguishedName;
use crate::value::ObjectGuid;

/// The members of a group of which a read told who joined and who left, as a full read would show them. `before` is the
/// group as the inventory had it.
///
/// `None` where that is not certain. The links of a member that was deleted go without a word, a member that was renamed has
/// another DN, and one that was deleted and restored is in no group: each member must be known as an object, must be
/// there, must have the same DN if it was read, and must then say the same of the group.
///
/// # Errors
///
/// If what was put aside of an object cannot be read again.
pub(crate) fn whole_list(
    group: &DirectoryObject,
    before: &DirectoryGroup,
    read: &ReadObjects<'_>,
    links: &Links,
) -> Result<Option<Membership>> {
    let mut shown: HashMap<ObjectGuid, DistinguishedName> = HashMap::new();
    read.for_each(|object| _ = shown.insert(object.guid, object.dn.clone()))?;
    let Some(members) = members(group, before, (read, &shown), links) else { return Ok(None) };
    let name = group.dn.normalized();
    let mut agree = true;
    read.for_each(|object| {
        let says = groups_named_by(object).any(|group| group == name);
        agree &= says == members.contains_key(&object.dn.normalized());
    })?;
    let mut members = Vec::from_iter(members.into_values().cloned());
    members.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    Ok(agree.then(|| Membership::new(members)))
}

/// The members by their DNs in normal form, but for what those say who were read.
fn members<'a>(
    group: &'a DirectoryObject,
    before: &'a DirectoryGroup,
    (read, shown): (&ReadObjects<'_>, &HashMap<ObjectGuid, DistinguishedName>),
    links: &Links,
) -> Option<BTreeMap<String, &'a DistinguishedName>> {
    let told = group.membership.as_ref()?;
    let left = told.left.as_ref()?;
    let is_certain = before.complete && told.complete && is_present(links, group.guid);
    if !is_certain || left.iter().any(DistinguishedName::is_deleted_object) {
        return None;
    }
    let mut members: BTreeMap<String, &DistinguishedName> = BTreeMap::new();
    for member in before.members.iter().filter(|member| member.path == MemberPath::Direct) {
        let object = member.object.filter(|object| is_present(links, *object))?;
        let is_moved = shown.get(&object).is_some_and(|dn| dn.as_str() != member.dn.as_str());
        if is_moved || read.departed.contains(&object) {
            return None;
        }
        members.insert(member.dn.normalized(), &member.dn);
    }
    for dn in left {
        members.remove(&dn.normalized());
    }
    members.extend(told.members.iter().map(|dn| (dn.normalized(), dn)));
    Some(members)
}
