//! The order in which users and groups are found, and where a page ends in it.

use super::{DirectoryGroup, DirectoryUser};
use crate::value::{ObjectGuid, SourceId};
use crate::{Error, Result};

/// What a user or group is unique by within an organization, and where it stands in the order of a search: by the
/// bytes of its source's text, and then by those of its objectGUID on the wire.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct ObjectKey {
    /// The directory.
    pub source: SourceId,
    /// The object.
    pub object: ObjectGuid,
}

impl ObjectKey {
    /// The key of an object of a directory.
    pub fn new(source: SourceId, object: ObjectGuid) -> Self {
        Self { source, object }
    }

    /// Reads a cursor of a search for users or groups.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for a cursor from elsewhere.
    pub fn read(cursor: &str) -> Result<Self> {
        let refused =
            || Error::invalid("cursor", cursor, "it does not come from a page of this search");
        let (object, source) = cursor.split_once(' ').ok_or_else(refused)?;
        let source = source.parse().map_err(|error| refused().with_source(error))?;
        let object = object.parse().map_err(|error| refused().with_source(error))?;
        Ok(Self { source, object })
    }

    /// The cursor of a page that ends here.
    pub fn cursor(&self) -> String {
        format!("{} {}", self.object, self.source)
    }
}

impl DirectoryUser {
    /// What it is unique by.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.source.clone(), self.object)
    }
}

impl DirectoryGroup {
    /// What it is unique by.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::new(self.source.clone(), self.object)
    }
}
