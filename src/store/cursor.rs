//! Where a page of a search ends.

use crate::asset::{Cursor, DirectoryGroup, DirectoryUser};
use crate::value::{ObjectGuid, SourceId};
use crate::{Error, Result};

/// The place of a user or group in the order of a search.
pub(super) type ObjectKey = (SourceId, ObjectGuid);

/// A record that is found by its source and objectGUID.
pub(super) trait DirectoryRecord {
    fn object_key(&self) -> ObjectKey;
}

impl DirectoryRecord for DirectoryUser {
    fn object_key(&self) -> ObjectKey {
        (self.source.clone(), self.object)
    }
}

impl DirectoryRecord for DirectoryGroup {
    fn object_key(&self) -> ObjectKey {
        (self.source.clone(), self.object)
    }
}

pub(super) fn of_object<T: DirectoryRecord>(record: &T) -> Cursor {
    let (source, object) = record.object_key();
    Cursor(format!("{object} {source}"))
}

pub(super) fn object(cursor: &Cursor) -> Result<ObjectKey> {
    let (object, source) = cursor.0.split_once(' ').ok_or_else(|| refused(cursor))?;
    let source = source.parse().map_err(|error| refused(cursor).with_source(error))?;
    let object = object.parse().map_err(|error| refused(cursor).with_source(error))?;
    Ok((source, object))
}

fn refused(cursor: &Cursor) -> Error {
    Error::invalid("cursor", &cursor.0, "it does not come from a page of this search")
}
