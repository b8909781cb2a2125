//! What a read showed.

use std::collections::HashSet;

use crate::directory::DirectoryObject;
use crate::value::ObjectGuid;

/// What a read showed, and what it found to be gone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadObjects<'a> {
    pub(crate) computers: &'a [DirectoryObject],
    pub(crate) users: &'a [DirectoryObject],
    pub(crate) groups: &'a [DirectoryObject],
    pub(crate) departed: &'a HashSet<ObjectGuid>,
}

impl<'a> ReadObjects<'a> {
    pub(super) fn all(self) -> impl Iterator<Item = &'a DirectoryObject> {
        self.accounts().chain(self.groups)
    }

    /// What may have a primary group.
    pub(super) fn accounts(self) -> impl Iterator<Item = &'a DirectoryObject> {
        self.users.iter().chain(self.computers)
    }

    pub(super) fn identities(self) -> HashSet<ObjectGuid> {
        self.all().map(|object| object.guid).collect()
    }
}
