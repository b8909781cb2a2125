//! What a read showed.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::Result;
use crate::directory::{DirectoryObject, Objects};
use crate::value::ObjectGuid;

/// What a read showed, and what it found to be gone.
#[derive(Debug)]
pub(crate) struct ReadObjects<'a> {
    pub(super) computers: &'a Objects,
    pub(super) users: &'a Objects,
    /// Each is looked at several times.
    pub(super) groups: Vec<DirectoryObject>,
    pub(super) departed: &'a HashSet<ObjectGuid>,
}

impl<'a> ReadObjects<'a> {
    /// These objects.
    ///
    /// # Errors
    ///
    /// If what was put aside of the groups cannot be read again.
    pub(crate) fn of(
        computers: &'a Objects,
        users: &'a Objects,
        groups: &Objects,
        departed: &'a HashSet<ObjectGuid>,
    ) -> Result<Self> {
        Ok(Self { computers, users, groups: groups.iter().collect::<Result<_>>()?, departed })
    }

    pub(super) fn all(&self) -> impl Iterator<Item = Result<Cow<'_, DirectoryObject>>> {
        let groups = self.groups.iter().map(|group| Ok(Cow::Borrowed(group)));
        self.accounts().map(|account| account.map(Cow::Owned)).chain(groups)
    }

    /// What may have a primary group.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Result<DirectoryObject>> {
        self.users.iter().chain(self.computers.iter())
    }

    pub(super) fn identities(&self) -> HashSet<ObjectGuid> {
        let groups = self.groups.iter().map(|group| group.guid);
        self.users.identities().chain(self.computers.identities()).chain(groups).collect()
    }
}
