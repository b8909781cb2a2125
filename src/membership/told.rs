//! Lists of members of which only the changes were told.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::dependents::groups_named_by;
use super::links::{Links, is_present};
use super::read_objects::ReadObjects;
use crate::Result;
use crate::asset::{DirectoryGroup, MemberPath};
use crate::directory::{DirectoryObject, Membership};
use crate::name::DistinguishedName;
use crate::value::ObjectGuid;

/// What was read, as far as it matters to lists of members.
#[derive(Debug, Default)]
pub(crate) struct ShownMembers {
    dns: HashMap<ObjectGuid, DistinguishedName>,
    /// Who says to be in a group, by the group's DN in normal form, and the other way round.
    named_by: HashMap<String, HashSet<ObjectGuid>>,
    /// By their DNs in normal form.
    objects: HashMap<String, ObjectGuid>,
    departed: HashSet<ObjectGuid>,
}

impl ShownMembers {
    /// What matters of it.
    ///
    /// # Errors
    ///
    /// If what was put aside of an object cannot be read again.
    pub(crate) fn of(read: &ReadObjects<'_>) -> Result<Self> {
        let mut shown = Self { departed: read.departed.clone(), ..Self::default() };
        for object in read.all() {
            let object = object?;
            for group in groups_named_by(&object) {
                shown.named_by.entry(group).or_default().insert(object.guid);
            }
            shown.objects.insert(object.dn.normalized(), object.guid);
            shown.dns.insert(object.guid, object.dn.clone());
        }
        Ok(shown)
    }

    /// The members of a group of which a read told who joined and who left, as a full read would show them. `before` is the
    /// group as the inventory had it.
    ///
    /// `None` where that is not certain. The links of a member that was deleted go without a word, a member that was renamed
    /// has another DN, and one that was deleted and restored is in no group: each member must be known as an object, must be
    /// there, must have the same DN if it was read, and must then say the same of the group.
    pub(crate) fn whole_list(
        &self,
        group: &DirectoryObject,
        before: &DirectoryGroup,
        links: &Links,
    ) -> Option<Membership> {
        let told = group.membership.as_ref()?;
        let left = told.left.as_ref()?;
        let is_certain = before.complete && told.complete && is_present(links, group.guid);
        if !is_certain || left.iter().any(DistinguishedName::is_deleted_object) {
            return None;
        }
        let mut members: BTreeMap<String, &DistinguishedName> = BTreeMap::new();
        for member in before.members.iter().filter(|member| member.path == MemberPath::Direct) {
            let object = member.object.filter(|object| is_present(links, *object))?;
            let is_moved =
                self.dns.get(&object).is_some_and(|dn| dn.as_str() != member.dn.as_str());
            if is_moved || self.departed.contains(&object) {
                return None;
            }
            members.insert(member.dn.normalized(), &member.dn);
        }
        for dn in left {
            members.remove(&dn.normalized());
        }
        members.extend(told.members.iter().map(|dn| (dn.normalized(), dn)));
        if !self.agree(&group.dn.normalized(), &members) {
            return None;
        }
        let mut members = Vec::from_iter(members.into_values().cloned());
        members.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
        Some(Membership::new(members))
    }

    /// Whether of everybody who was read those say to be in the group who are, and no others.
    fn agree(&self, group: &str, members: &BTreeMap<String, &DistinguishedName>) -> bool {
        let shown = members.keys().filter_map(|dn| self.objects.get(dn)).copied();
        let shown: HashSet<ObjectGuid> = shown.collect();
        self.named_by.get(group).map_or(shown.is_empty(), |named_by| *named_by == shown)
    }
}
