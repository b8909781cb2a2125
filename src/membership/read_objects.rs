//! What a read showed.

use std::collections::HashSet;

use crate::Result;
use crate::directory::{DirectoryObject, Objects};
use crate::value::ObjectGuid;

/// What a read showed, and what it found to be gone.
#[derive(Debug)]
pub(crate) struct ReadObjects<'a> {
    pub(crate) computers: &'a Objects,
    pub(crate) users: &'a Objects,
    pub(crate) groups: &'a Objects,
    pub(crate) departed: &'a HashSet<ObjectGuid>,
}

impl ReadObjects<'_> {
    pub(super) fn all(&self) -> impl Iterator<Item = Result<DirectoryObject>> {
        self.accounts().chain(self.groups.iter())
    }

    /// What may have a primary group.
    pub(super) fn accounts(&self) -> impl Iterator<Item = Result<DirectoryObject>> {
        self.users.iter().chain(self.computers.iter())
    }

    pub(super) fn identities(&self) -> HashSet<ObjectGuid> {
        let accounts = self.users.identities().chain(self.computers.identities());
        accounts.chain(self.groups.identities()).collect()
    }
}
