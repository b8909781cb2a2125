//! What a read showed.

use std::collections::HashSet;

use crate::Result;
use crate::directory::{DirectoryObject, Objects};
use crate::value::ObjectGuid;

/// What a read showed, and what it found to be gone.
#[derive(Debug)]
pub(crate) struct ReadObjects<'a> {
    pub(super) computers: &'a Objects,
    pub(super) users: &'a Objects,
    /// Few beside the others, and each is looked at several times.
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

    /// Looks at every object.
    pub(super) fn for_each(&self, mut look: impl FnMut(&DirectoryObject)) -> Result<()> {
        self.for_each_account(&mut look)?;
        self.groups.iter().for_each(look);
        Ok(())
    }

    /// Looks at whatever may have a primary group.
    pub(super) fn for_each_account(&self, mut look: impl FnMut(&DirectoryObject)) -> Result<()> {
        self.users.iter().chain(self.computers.iter()).try_for_each(|it| it.map(|it| look(&it)))
    }

    pub(super) fn identities(&self) -> HashSet<ObjectGuid> {
        let groups = self.groups.iter().map(|group| group.guid);
        self.users.identities().chain(self.computers.identities()).chain(groups).collect()
    }
}
