//! The directory that test servers serve, and how tests change it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::account::Account;
use super::dn::{self, DnKey};
use super::entry::{Attribute, DirectoryEntry};
use super::names::DomainNames;
use crate::testing::SplitMix;
use crate::value::ObjectGuid;
use crate::{Error, ErrorKind, Result};

/// A directory that is shared by tests and the servers that serve it.
///
/// Clones are the same directory: change it between two runs, or during one, through
/// [`write`](Self::write), and every server sees the change.
///
/// ```
/// use ldap_inventory::testing::TestDirectory;
///
/// let directory = TestDirectory::new();
/// let computer = directory.write().add_computer("WEB1")?;
/// directory.write().set(&computer, "operatingSystem", ["Windows Server 2022 Standard"])?;
/// assert_eq!(directory.read().entry(&computer).unwrap().text("sAMAccountName").unwrap(), "WEB1$");
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct TestDirectory {
    tree: Arc<RwLock<DirectoryTree>>,
}

impl TestDirectory {
    /// The domain `corp.example.test` (`CORP`) with its usual containers and nothing in them.
    pub fn new() -> Self {
        Self::of_domain("corp.example.test", "CORP", 1)
    }

    /// A domain of another name. The seed decides its GUIDs and its SID.
    pub fn of_domain(dns_name: &str, netbios_name: &str, seed: u64) -> Self {
        Self::from(DirectoryTree::of_domain(DomainNames::new(dns_name, netbios_name, seed), seed))
    }

    /// The directory, to look at. Not to be held across an `await`.
    pub fn read(&self) -> RwLockReadGuard<'_, DirectoryTree> {
        self.tree.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The directory, to change. Not to be held across an `await`.
    pub fn write(&self) -> RwLockWriteGuard<'_, DirectoryTree> {
        self.tree.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for TestDirectory {
    fn default() -> Self {
        Self::new()
    }
}

impl From<DirectoryTree> for TestDirectory {
    fn from(tree: DirectoryTree) -> Self {
        Self { tree: Arc::new(RwLock::new(tree)) }
    }
}

/// The entries of a domain, with the counters and the bookkeeping of a domain controller.
///
/// Every write takes the next update sequence number (`uSNChanged`, `highestCommittedUSN`) and one
/// second of the directory's own clock (`whenChanged`), so that two equal histories give equal bytes.
/// Errors are of the kinds [`NotFound`](ErrorKind::NotFound) (no such entry),
/// [`Conflict`](ErrorKind::Conflict) (the name is taken, or the entry has children) and
/// [`Invalid`](ErrorKind::Invalid) (not a distinguished name).
#[derive(Clone, Debug)]
pub struct DirectoryTree {
    pub(crate) names: DomainNames,
    pub(crate) accounts: HashMap<ObjectGuid, Account>,
    pub(crate) random: SplitMix,
    pub(crate) next_rid: u32,
    pub(super) entries: BTreeMap<DnKey, DirectoryEntry>,
    pub(super) by_guid: HashMap<ObjectGuid, DnKey>,
    naming_contexts: Vec<DnKey>,
    pub(super) usn: u64,
}

const CLOCK_START: i64 = 1_767_225_600;

impl DirectoryTree {
    pub(crate) fn empty(names: DomainNames, seed: u64) -> Self {
        Self {
            names,
            accounts: HashMap::new(),
            random: SplitMix::new(seed),
            next_rid: 1103,
            entries: BTreeMap::new(),
            by_guid: HashMap::new(),
            naming_contexts: Vec::new(),
            usn: 8192,
        }
    }

    /// The DN that everything stands below.
    pub fn base_dn(&self) -> &str {
        self.names.base_dn()
    }

    /// The DN of the server's own settings (`dsServiceName`).
    pub fn ds_service_name(&self) -> String {
        self.names.ds_service_name()
    }

    /// The names and the SID of the domain.
    pub(crate) fn names(&self) -> &DomainNames {
        &self.names
    }

    /// The `highestCommittedUSN`.
    pub fn highest_committed_usn(&self) -> u64 {
        self.usn
    }

    /// The number of entries, deleted ones and those of the configuration included.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no entry at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of this name.
    pub fn entry(&self, dn: &str) -> Option<&DirectoryEntry> {
        self.entries.get(&DnKey::new(dn)?)
    }

    /// The entry with this GUID, wherever it is by now, deleted ones included.
    pub fn by_guid(&self, guid: &ObjectGuid) -> Option<&DirectoryEntry> {
        self.entries.get(self.by_guid.get(guid)?)
    }

    /// All entries, parents before their children.
    pub fn entries(&self) -> impl Iterator<Item = &DirectoryEntry> {
        self.entries.values()
    }

    /// Adds an entry. `objectGUID`, `distinguishedName`, `name` and the bookkeeping are added to the given
    /// attributes, unless they are there.
    pub fn add<V: Into<Vec<u8>>>(
        &mut self,
        dn: &str,
        attributes: impl IntoIterator<Item = (&'static str, Vec<V>)>,
    ) -> Result<ObjectGuid> {
        let key = key(dn)?;
        if self.entries.contains_key(&key) {
            return Err(Error::new(ErrorKind::Conflict, "the directory has an entry of this name")
                .with_context("dn", dn));
        }
        let (usn, now) = self.tick();
        let mut entry = DirectoryEntry::new(dn.to_owned(), ObjectGuid::from_bytes([0; 16]));
        let mut members = Vec::new();
        for (name, values) in attributes {
            let values = values.into_iter().map(Into::into).collect();
            if name.eq_ignore_ascii_case("member") {
                members = values;
            } else {
                entry.attributes.push(Attribute { name: Cow::Borrowed(name), values, usn });
            }
        }
        self.complete(&mut entry, usn, now);
        let guid = entry.guid;
        self.by_guid.insert(guid, key.clone());
        self.entries.insert(key, entry);
        if !members.is_empty() {
            self.link(dn, members, true)?;
        }
        Ok(guid)
    }

    /// Replaces the values of an attribute; without values it is removed.
    pub fn set<V: Into<Vec<u8>>>(
        &mut self,
        dn: &str,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<()> {
        let values: Vec<Vec<u8>> = values.into_iter().map(Into::into).collect();
        if attribute.eq_ignore_ascii_case("member") {
            let present = self.existing(dn)?.values("member").to_vec();
            let kept: HashSet<&Vec<u8>> = values.iter().collect();
            let gone = present.into_iter().filter(|value| !kept.contains(value)).collect();
            self.link(dn, gone, false)?;
            return self.link(dn, values, true);
        }
        self.touch(dn, |entry, usn| *entry.change(attribute, usn) = values)
    }

    /// Adds values to an attribute.
    pub fn add_values<V: Into<Vec<u8>>>(
        &mut self,
        dn: &str,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<()> {
        let values = values.into_iter().map(Into::into).collect();
        if attribute.eq_ignore_ascii_case("member") {
            return self.link(dn, values, true);
        }
        self.touch(dn, |entry, usn| entry.change(attribute, usn).extend(values))
    }

    /// Removes values from an attribute.
    pub fn remove_values<V: Into<Vec<u8>>>(
        &mut self,
        dn: &str,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Result<()> {
        let values: Vec<Vec<u8>> = values.into_iter().map(Into::into).collect();
        if attribute.eq_ignore_ascii_case("member") {
            return self.link(dn, values, false);
        }
        self.touch(dn, |entry, usn| {
            entry.change(attribute, usn).retain(|value| !values.contains(value));
        })
    }

    /// Takes an entry out of everybody's sight, or puts it back, as a change of access rights does: no
    /// error, it is just not found any more.
    pub fn set_hidden(&mut self, dn: &str, hidden: bool) -> Result<()> {
        self.existing(dn)?;
        let key = key(dn)?;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.hidden = hidden;
        }
        Ok(())
    }

    /// Makes an entry one that may be listed and not read, or gives back what may be read: its DN is shown without any attribute
    /// to whoever looks for `(objectClass=*)`.
    #[doc(hidden)]
    pub fn set_unreadable(&mut self, dn: &str, unreadable: bool) -> Result<()> {
        self.existing(dn)?;
        let key = key(dn)?;
        if let Some(entry) = self.entries.get_mut(&key) {
            entry.unreadable = unreadable;
        }
        Ok(())
    }

    /// Sets what an entry is created with, without a change of its own.
    pub(crate) fn amend(&mut self, dn: &str, attribute: &str, value: impl Into<Vec<u8>>) {
        self.amend_all(dn, attribute, [value]);
    }

    pub(crate) fn amend_all<V: Into<Vec<u8>>>(
        &mut self,
        dn: &str,
        attribute: &str,
        values: impl IntoIterator<Item = V>,
    ) {
        if let Some(entry) = DnKey::new(dn).and_then(|key| self.entries.get_mut(&key)) {
            let usn = entry.changed_at();
            *entry.change(attribute, usn) = values.into_iter().map(Into::into).collect();
        }
    }

    pub(crate) fn add_naming_context(&mut self, dn: &str) {
        self.naming_contexts.extend(DnKey::new(dn));
    }

    /// The roots of the naming contexts that there are.
    pub(crate) fn naming_contexts(&self) -> impl Iterator<Item = &str> {
        self.naming_contexts.iter().filter_map(|key| self.entries.get(key)).map(DirectoryEntry::dn)
    }

    pub(crate) fn is_naming_context(&self, key: &DnKey) -> bool {
        self.naming_contexts.contains(key)
    }

    pub(crate) fn get(&self, key: &DnKey) -> Option<&DirectoryEntry> {
        self.entries.get(key)
    }

    /// The entries of the domain, parents before their children.
    pub(crate) fn domain(&self) -> impl Iterator<Item = &DirectoryEntry> {
        let root = self.naming_contexts.first();
        root.into_iter().flat_map(|root| self.subtree(root)).map(|(_, entry)| entry)
    }

    /// The entry and all below it, other naming contexts apart.
    pub(crate) fn subtree<'a>(
        &'a self,
        base: &'a DnKey,
    ) -> impl Iterator<Item = (&'a DnKey, &'a DirectoryEntry)> {
        let others = self.contexts_below(base);
        self.entries
            .range(base.clone()..)
            .take_while(move |(key, _)| key.is_at_or_below(base))
            .filter(move |(key, _)| !others.iter().any(|other| key.is_at_or_below(other)))
    }

    /// Those of these objects that are the entry or below it, in the same order.
    pub(crate) fn among(
        &self,
        base: &DnKey,
        objects: Vec<ObjectGuid>,
    ) -> BTreeMap<&DnKey, &DirectoryEntry> {
        let others = self.contexts_below(base);
        let keys = objects.iter().filter_map(|object| self.by_guid.get(object));
        let keys = keys.filter(|key| key.is_at_or_below(base));
        let keys = keys.filter(|key| !others.iter().any(|other| key.is_at_or_below(other)));
        keys.filter_map(|key| self.entries.get_key_value(key)).collect()
    }

    fn contexts_below(&self, base: &DnKey) -> Vec<&DnKey> {
        let is_below = |context: &&DnKey| *context != base && context.is_at_or_below(base);
        self.naming_contexts.iter().filter(is_below).collect()
    }

    pub(super) fn existing(&self, dn: &str) -> Result<&DirectoryEntry> {
        self.entry(dn).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "the directory has no such entry")
                .with_context("dn", dn)
        })
    }

    fn tick(&mut self) -> (u64, String) {
        self.usn += 1;
        (self.usn, generalized_time(CLOCK_START + self.usn as i64))
    }

    fn complete(&mut self, entry: &mut DirectoryEntry, usn: u64, now: String) {
        let given =
            entry.values("objectGUID").first().and_then(|value| ObjectGuid::from_slice(value).ok());
        entry.guid = given.unwrap_or_else(|| self.random.guid());
        let (first, _) = dn::split_first(&entry.dn);
        let (kind, value) = first.split_once('=').unwrap_or(("CN", first));
        let name = dn::unescaped(value.trim()).unwrap_or_default();
        let additions: [(Cow<'static, str>, Vec<u8>); 9] = [
            ("objectGUID".into(), entry.guid.as_bytes().to_vec()),
            ("distinguishedName".into(), entry.dn.clone().into()),
            ("name".into(), name.clone().into()),
            (kind.trim().to_ascii_lowercase().into(), name.into()),
            ("instanceType".into(), "4".into()),
            ("whenCreated".into(), now.clone().into()),
            ("whenChanged".into(), now.into()),
            ("uSNCreated".into(), usn.to_string().into()),
            ("uSNChanged".into(), usn.to_string().into()),
        ];
        for (name, value) in additions {
            if entry.attribute(&name).is_none() {
                entry.attributes.push(Attribute { name, values: vec![value], usn });
            }
        }
    }

    /// Changes an entry under the next update sequence number.
    pub(super) fn touch(
        &mut self,
        dn: &str,
        change: impl FnOnce(&mut DirectoryEntry, u64),
    ) -> Result<()> {
        self.existing(dn)?;
        let (usn, now) = self.tick();
        let key = key(dn)?;
        if let Some(entry) = self.entries.get_mut(&key) {
            change(entry, usn);
            *entry.change("uSNChanged", usn) = vec![usn.to_string().into()];
            *entry.change("whenChanged", usn) = vec![now.into()];
        }
        Ok(())
    }
}

pub(super) fn key(dn: &str) -> Result<DnKey> {
    DnKey::new(dn).filter(|key| !key.is_root()).ok_or_else(|| {
        Error::invalid("distinguished name", dn, "it is not of the form CN=...,DC=...")
    })
}

/// A time as GeneralizedTime, as AD writes it (`20260101000000.0Z`). `seconds` count from 1970.
pub(crate) fn generalized_time(seconds: i64) -> String {
    let time = jiff::Timestamp::from_second(seconds).unwrap_or_default();
    time.strftime("%Y%m%d%H%M%S.0Z").to_string()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A computer in a group.
    pub(in super::super) fn directory() -> (DirectoryTree, String, String) {
        let mut tree = TestDirectory::new().read().clone();
        let computer = tree.add_computer("WEB1").unwrap();
        let group = tree.add_group("Web servers").unwrap();
        tree.add_values(&group, "member", [computer.as_str()]).unwrap();
        (tree, computer, group)
    }

    #[test]
    fn a_membership_shows_on_both_sides_and_changes_the_group_only() {
        let (mut tree, computer, group) = directory();
        assert_eq!(tree.entry(&computer).unwrap().text("memberOf").unwrap(), group);
        let before = tree.entry(&computer).unwrap().changed_at();
        tree.remove_values(&group, "member", [computer.as_str()]).unwrap();
        assert!(tree.entry(&computer).unwrap().values("memberOf").is_empty());
        assert_eq!(tree.entry(&computer).unwrap().changed_at(), before);
        assert_eq!(tree.entry(&group).unwrap().changed_at(), tree.highest_committed_usn());
    }

    #[test]
    fn a_name_is_given_once() {
        let (mut tree, computer, _) = directory();
        assert_eq!(tree.add_computer("web1").unwrap_err().kind(), ErrorKind::Conflict);
        assert_eq!(tree.delete("CN=none,DC=x").unwrap_err().kind(), ErrorKind::NotFound);
        assert!(tree.entry(&computer.to_uppercase()).is_some());
    }
}
