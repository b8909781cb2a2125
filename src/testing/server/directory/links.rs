//! Links between entries: `member` of groups, with the back-links `memberOf` that the server keeps with it, and `managedBy`.

use std::collections::{HashMap, HashSet};

use super::dn::DnKey;
use super::entry::{DirectoryEntry, LinkChange};
use super::tree::DirectoryTree;
use crate::Result;

impl DirectoryTree {
    /// Every group that holds `dn`, directly or through others.
    pub(crate) fn groups_above(&self, entry: &DirectoryEntry) -> HashSet<DnKey> {
        let mut found = HashSet::new();
        let mut open = texts(entry.values("memberOf"));
        while let Some(group) = open.pop() {
            if let Some(key) = DnKey::new(&group)
                && found.insert(key)
                && let Some(entry) = self.entry(&group)
            {
                open.extend(texts(entry.values("memberOf")));
            }
        }
        found
    }

    /// Adds members to a group or removes them, with the back-links.
    pub(super) fn link(&mut self, group: &str, members: Vec<Vec<u8>>, present: bool) -> Result<()> {
        let before: HashSet<Vec<u8>> =
            self.existing(group)?.values("member").iter().map(|v| v.to_ascii_lowercase()).collect();
        let mut seen = HashSet::new();
        let changed: Vec<Vec<u8>> = members
            .into_iter()
            .filter(|value| {
                let folded = value.to_ascii_lowercase();
                before.contains(&folded) != present && seen.insert(folded)
            })
            .collect();
        if changed.is_empty() {
            return Ok(());
        }
        self.touch(group, |entry, usn| {
            let values = entry.change("member", usn);
            if present {
                values.extend(changed.iter().cloned());
            } else {
                values.retain(|value| !seen.contains(&value.to_ascii_lowercase()));
            }
            entry.links.extend(changed.iter().map(|value| LinkChange {
                value: value.clone(),
                present,
                usn,
            }));
        })?;
        let group = self.existing(group)?.dn.clone();
        for member in texts(&changed) {
            self.back_link(&member, &group, present);
        }
        Ok(())
    }

    /// Takes an entry that is about to be deleted out of its groups, and its members out of it. The groups
    /// do not count as changed.
    pub(super) fn unlink(&mut self, dn: &str) {
        let Some(entry) = self.entry(dn) else { return };
        let (groups, members) = (texts(entry.values("memberOf")), texts(entry.values("member")));
        for group in groups {
            self.drop_value(&group, "member", dn);
        }
        for member in members {
            self.drop_value(&member, "memberOf", dn);
        }
        self.each_manager(|manager| {
            (!manager.eq_ignore_ascii_case(dn.as_bytes())).then(|| manager.to_vec())
        });
    }

    /// Makes the links of an entry follow it to its new name, without a change of their own.
    pub(super) fn relink(&mut self, renamed: &DirectoryEntry, old: &str) {
        for group in texts(renamed.values("memberOf")) {
            self.replace_value(&group, "member", old, &renamed.dn);
        }
        for member in texts(renamed.values("member")) {
            self.replace_value(&member, "memberOf", old, &renamed.dn);
        }
    }

    /// Makes `managedBy` follow entries to their new names, by their old ones in small letters, without a change of its own.
    pub(super) fn follow_managers(&mut self, renamed: &HashMap<Vec<u8>, Vec<u8>>) {
        self.each_manager(|manager| {
            let known = renamed.get(&manager.to_ascii_lowercase());
            Some(known.cloned().unwrap_or_else(|| manager.to_vec()))
        });
    }

    /// Puts another value, or none, in the place of each of `managedBy`.
    fn each_manager(&mut self, replace: impl Fn(&[u8]) -> Option<Vec<u8>>) {
        let attributes = self.entries.values_mut().flat_map(|entry| &mut entry.attributes);
        for attribute in attributes.filter(|it| it.name.eq_ignore_ascii_case("managedBy")) {
            attribute.values = attribute.values.iter().filter_map(|value| replace(value)).collect();
        }
    }

    fn back_link(&mut self, member: &str, group: &str, present: bool) {
        if !present {
            return self.drop_value(member, "memberOf", group);
        }
        let usn = self.usn;
        if let Some(key) = DnKey::new(member)
            && let Some(entry) = self.entries.get_mut(&key)
        {
            let kept = entry.attribute("memberOf").map_or(usn, |attribute| attribute.usn);
            entry.change("memberOf", kept).push(group.into());
        }
    }

    fn drop_value(&mut self, dn: &str, attribute: &str, value: &str) {
        if let Some(values) = self.attribute_mut(dn, attribute) {
            values.retain(|present| !present.eq_ignore_ascii_case(value.as_bytes()));
        }
    }

    fn replace_value(&mut self, dn: &str, attribute: &str, old: &str, new: &str) {
        for value in self.attribute_mut(dn, attribute).into_iter().flatten() {
            if value.eq_ignore_ascii_case(old.as_bytes()) {
                *value = new.into();
            }
        }
    }

    fn attribute_mut(&mut self, dn: &str, attribute: &str) -> Option<&mut Vec<Vec<u8>>> {
        let entry = self.entries.get_mut(&DnKey::new(dn)?)?;
        let found = entry.attributes.iter_mut().find(|a| a.name.eq_ignore_ascii_case(attribute));
        found.map(|attribute| &mut attribute.values)
    }
}

fn texts(values: &[Vec<u8>]) -> Vec<String> {
    values.iter().map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}
