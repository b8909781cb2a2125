//! The global catalog, which has a part of every object (MS-ADTS section 3.1.1.1.8): of what it does not show nobody can
//! tell whether an object has it.

use std::collections::{BTreeMap, BTreeSet};

use super::attributes::Selection;
use crate::directory::{AttributeError, DirectoryObject, Membership};
use crate::ldap::protocol::entry::RawEntry;
use crate::value::ObjectKind;

/// The groups of an object, of which it shows the universal ones and not all others.
const GROUPS: &str = "memberOf";

/// Whether this is one of its ports.
pub(crate) fn is_at(port: u16) -> bool {
    matches!(port, 3268 | 3269)
}

/// What is asked for, of which nothing is shown so far.
pub(crate) fn unshown(
    selections: &[(ObjectKind, Selection)],
) -> BTreeMap<ObjectKind, BTreeSet<String>> {
    let names = |selection: &Selection| {
        selection.names().into_iter().filter(|name| name != GROUPS).collect()
    };
    selections.iter().map(|(kind, selection)| (*kind, names(selection))).collect()
}

/// Takes note of what an entry shows. One that cannot be read ends the read elsewhere.
pub(super) fn note_shown(
    unshown: &mut BTreeSet<String>,
    mut entry: RawEntry<'_>,
    selection: &Selection,
) {
    while let Ok(Some(attribute)) = entry.next_attribute() {
        if let Some((name, _)) = selection.find(attribute.name) {
            unshown.remove(name);
        }
    }
}

/// The members and the groups that it shows of an object are perhaps not all.
pub(super) fn doubt_links(object: &mut DirectoryObject) {
    object.membership = object.membership.take().map(Membership::incomplete);
    let reason = "the global catalog shows them in part".to_owned();
    object.flaws.push(AttributeError { attribute: GROUPS.to_owned(), reason, count: 1 });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalog_has_its_own_ports() {
        assert_eq!([3268, 3269, 389, 636].map(is_at), [true, true, false, false]);
    }
}
