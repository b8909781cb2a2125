//! What the inventory knows of the objects of a directory, and whether they are where they were.

use std::collections::HashMap;

use crate::asset::Link;
use crate::directory::{DirectoryObject, dn_digest};
use crate::value::ObjectGuid;

/// What the inventory knows of every object of one directory.
pub(crate) type Links = HashMap<ObjectGuid, Link>;

/// Whether an object is known and was there when it was last looked for.
pub(crate) fn is_present(links: &Links, object: ObjectGuid) -> bool {
    links.get(&object).is_some_and(|link| link.presence.is_present())
}

/// Whether an object that was read stands where it stood.
pub(super) fn is_in_place(links: &Links, object: &DirectoryObject) -> bool {
    let known = links.get(&object.guid).filter(|link| link.presence.is_present());
    known.is_some_and(|link| link.dn_digest == dn_digest(&object.dn))
}
