//! Entries that move: to another name, to another place, into the deleted objects and back.

use std::collections::HashMap;

use super::dn::{self, DnKey};
use super::entry::DirectoryEntry;
use super::tree::{DirectoryTree, key};
use crate::{Error, ErrorKind, Result};

/// What stays on a deleted object (MS-ADTS 3.1.1.5.5.6.2), as far as the server serves it.
const KEPT_ON_DELETION: [&str; 17] = [
    "objectGUID",
    "objectSid",
    "objectClass",
    "sAMAccountName",
    "dNSHostName",
    "userAccountControl",
    "groupType",
    "instanceType",
    "cn",
    "name",
    "distinguishedName",
    "uSNCreated",
    "uSNChanged",
    "whenCreated",
    "whenChanged",
    "isDeleted",
    "lastKnownParent",
];

impl DirectoryTree {
    /// Gives an entry a new relative name in its place, and returns its new name.
    pub fn rename(&mut self, dn: &str, name: &str) -> Result<String> {
        let (first, parent) = dn::split_first(dn);
        let kind = first.split_once('=').map_or("CN", |(kind, _)| kind);
        let renamed = format!("{},{parent}", dn::rdn(kind, name));
        let kind = kind.to_ascii_lowercase();
        self.relocate(dn, &renamed)?;
        self.touch(&renamed, |entry, usn| {
            *entry.change("name", usn) = vec![name.into()];
            *entry.change(&kind, usn) = vec![name.into()];
        })?;
        Ok(renamed)
    }

    /// Moves an entry, with all that is below it, under another parent, and returns its new name.
    pub fn move_to(&mut self, dn: &str, parent: &str) -> Result<String> {
        self.existing(parent)?;
        let moved = format!("{},{parent}", dn::split_first(dn).0);
        self.relocate(dn, &moved)?;
        self.touch(&moved, |entry, usn| {
            entry.change("name", usn);
        })?;
        Ok(moved)
    }

    /// Deletes an entry as Active Directory does: it becomes a tombstone under `CN=Deleted Objects`, keeps few of
    /// its attributes, and leaves the groups it was in. Returns the tombstone's name.
    pub fn delete(&mut self, dn: &str) -> Result<String> {
        let entry = self.existing(dn)?;
        let guid = entry.guid;
        let name = format!("{}\nDEL:{}", entry.text("name").unwrap_or_default(), guid);
        self.unlink(dn);
        let container = format!("CN=Deleted Objects,{}", self.names.base_dn());
        let tombstone = format!("{},{container}", dn::rdn("CN", &name));
        self.relocate(dn, &tombstone)?;
        self.accounts.remove(&guid);
        let parent = dn::split_first(dn).1.to_owned();
        self.touch(&tombstone, |entry, usn| {
            for attribute in &mut entry.attributes {
                if !KEPT_ON_DELETION.contains(&attribute.name.as_ref()) {
                    attribute.values.clear();
                    attribute.usn = usn;
                }
            }
            *entry.change("name", usn) = vec![name.clone().into()];
            *entry.change("cn", usn) = vec![name.into()];
            *entry.change("isDeleted", usn) = vec!["TRUE".into()];
            *entry.change("lastKnownParent", usn) = vec![parent.into()];
        })?;
        Ok(tombstone)
    }

    /// Brings a deleted entry back to where it was, with what is left of it (MS-ADTS 3.1.1.5.3.7). Returns its name.
    pub fn restore(&mut self, tombstone: &str) -> Result<String> {
        let entry = self.existing(tombstone)?;
        let name = entry.text("name").unwrap_or_default();
        let name = name.split('\n').next().unwrap_or_default().to_owned();
        let parent = entry.text("lastKnownParent").unwrap_or_default();
        self.existing(&parent)?;
        let restored = format!("{},{parent}", dn::rdn("CN", &name));
        self.relocate(tombstone, &restored)?;
        self.touch(&restored, |entry, usn| {
            *entry.change("name", usn) = vec![name.clone().into()];
            *entry.change("cn", usn) = vec![name.into()];
            entry.change("isDeleted", usn).clear();
            entry.change("lastKnownParent", usn).clear();
        })?;
        Ok(restored)
    }

    /// Gives an entry and all below it new names, also where links point to them.
    fn relocate(&mut self, from: &str, to: &str) -> Result<()> {
        let (old, new) = (key(from)?, key(to)?);
        let length = self.existing(from)?.dn.len();
        if old != new && self.entries.contains_key(&new) {
            return Err(Error::new(ErrorKind::Conflict, "the directory has an entry of this name")
                .with_context("dn", to));
        }
        let below: Vec<DnKey> = self
            .entries
            .range(old.clone()..)
            .map(|(key, _)| key.clone())
            .take_while(|key| key.is_at_or_below(&old))
            .collect();
        let mut renamed = HashMap::new();
        for key in below {
            if let Some(entry) = self.entries.remove(&key) {
                let kept = entry.dn.len().saturating_sub(length);
                let dn = format!("{}{to}", entry.dn.get(..kept).unwrap_or_default());
                renamed.insert(entry.dn.to_ascii_lowercase().into_bytes(), dn.clone().into_bytes());
                self.put_renamed(entry, dn);
            }
        }
        self.follow_managers(&renamed);
        Ok(())
    }

    fn put_renamed(&mut self, mut entry: DirectoryEntry, dn: String) {
        let old = std::mem::replace(&mut entry.dn, dn.clone());
        let usn = self.usn;
        *entry.change("distinguishedName", usn) = vec![dn.clone().into()];
        self.relink(&entry, &old);
        if let Some(key) = DnKey::new(&dn) {
            self.by_guid.insert(entry.guid, key.clone());
            self.entries.insert(key, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::server::directory::tree::TestDirectory;
    use crate::testing::server::directory::tree::tests::directory;

    #[test]
    fn a_renamed_and_moved_entry_keeps_its_guid_and_its_groups() {
        let (mut tree, computer, group) = directory();
        let guid = tree.entry(&computer).unwrap().guid();
        let unit = tree.add_organizational_unit("Servers").unwrap();
        let renamed = tree.rename(&computer, "WEB2").unwrap();
        let moved = tree.move_to(&renamed, &unit).unwrap();
        assert_eq!(moved, format!("CN=WEB2,{unit}"));
        assert_eq!(tree.by_guid(&guid).unwrap().text("cn").unwrap(), "WEB2");
        assert_eq!(tree.entry(&group).unwrap().text("member").unwrap(), moved);
        assert!(tree.entry(&computer).is_none());
    }

    #[test]
    fn children_move_with_their_parent() {
        let mut tree = TestDirectory::new().read().clone();
        let unit = tree.add_organizational_unit("Old").unwrap();
        let computer = tree.add_computer_in(&unit, "WEB1").unwrap();
        let guid = tree.entry(&computer).unwrap().guid();
        let renamed = tree.rename(&unit, "New").unwrap();
        assert_eq!(tree.by_guid(&guid).unwrap().dn(), format!("CN=WEB1,{renamed}"));
    }

    #[test]
    fn a_deleted_entry_is_a_tombstone_outside_of_its_groups() {
        let (mut tree, computer, group) = directory();
        let guid = tree.entry(&computer).unwrap().guid();
        let tombstone = tree.delete(&computer).unwrap();
        let entry = tree.by_guid(&guid).unwrap();
        assert_eq!(entry.dn(), tombstone);
        assert!(tombstone.starts_with("CN=WEB1\\0ADEL:"));
        assert!(entry.is_deleted());
        assert!(entry.values("objectCategory").is_empty());
        assert!(entry.values("sAMAccountType").is_empty());
        assert_eq!(entry.text("sAMAccountName").unwrap(), "WEB1$");
        assert_eq!(
            entry.text("lastKnownParent").unwrap(),
            "CN=Computers,DC=corp,DC=example,DC=test"
        );
        assert!(tree.entry(&group).unwrap().values("member").is_empty());
    }
}
