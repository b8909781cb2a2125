//! Users and groups that went from one domain of a forest to another, where they keep their objectGUID.
//!
//! Whichever task runs later finds out: that of the new domain reads what another directory has lost, or that of the old
//! one loses what another directory has. While both show an object, as they may until all is replicated, it has a record
//! of each. Computers are no matter of this: an asset may have several records. Nor is what another directory has that is of
//! no domain of the same forest: that is a copy, and nobody moved.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::Result;
use crate::asset::{Change, Link};
use crate::directory::ServerIdentity;
use crate::membership::{Links, is_present};
use crate::name::DistinguishedName;
use crate::sync::links;
use crate::sync::read::Snapshot;
use crate::sync::run::Run;
use crate::value::{ObjectGuid, ObjectKind, RecordDigest, SourceId};

/// Users and groups that moved to the run's directory, or away from it.
#[derive(Debug, Default)]
pub(in crate::sync) struct MovedPrincipals {
    /// What was read for the first time, or is back, and the directories that have it no more.
    came: BTreeMap<ObjectGuid, Vec<SourceId>>,
    /// What was not read, and that another directory has.
    left: BTreeSet<ObjectGuid>,
}

impl MovedPrincipals {
    /// Finds them. `absent` is what the read did not show, `hidden` what there was of the kinds that it did not show at all.
    pub(in crate::sync) async fn find(
        run: &Run<'_>,
        snapshot: &Snapshot,
        links: &Links,
        absent: &[Link],
        hidden: &[Link],
    ) -> Result<Self> {
        let mut moved = Self::default();
        if !snapshot.end.completeness.is_complete() {
            return Ok(moved);
        }
        let read = snapshot.outlines().filter(|(kind, _)| *kind != ObjectKind::Computer);
        let new = read.filter(|(_, object)| !is_present(links, object.guid));
        let new = new.map(|(kind, object)| (object.guid, (kind, object.dn_digest)));
        let absent = absent.iter().chain(hidden);
        let absent = absent.filter(|link| link.kind != ObjectKind::Computer);
        let absent = absent.map(|link| (link.object, (link.kind, link.dn_digest)));
        let (new, absent) = (Places::from_iter(new), Places::from_iter(absent));
        let objects: Vec<ObjectGuid> = new.keys().chain(absent.keys()).copied().collect();
        for (source, link) in links::elsewhere(run, &objects).await? {
            if !is_of_the_forest(&snapshot.end.server, &link) {
                continue;
            }
            if link.presence.is_present() && is_other_place(&absent, &link) {
                moved.left.insert(link.object);
            } else if !link.presence.is_present() && is_other_place(&new, &link) {
                moved.came.entry(link.object).or_default().push(source);
            }
        }
        moved.doubt_hidden(hidden);
        Ok(moved)
    }

    /// Of a kind that does not show at all either everything has left, or nothing is said of any.
    fn doubt_hidden(&mut self, hidden: &[Link]) {
        for kind in [ObjectKind::User, ObjectKind::Group] {
            let of_kind = || hidden.iter().filter(|link| link.kind == kind);
            if !of_kind().all(|link| self.left.contains(&link.object)) {
                of_kind().for_each(|link| _ = self.left.remove(&link.object));
            }
        }
    }

    /// Whether another directory has it.
    pub(in crate::sync) fn has_left(&self, object: ObjectGuid) -> bool {
        self.left.contains(&object)
    }

    /// What another directory has that was not read.
    pub(in crate::sync) fn left(&self) -> impl Iterator<Item = ObjectGuid> {
        self.left.iter().copied()
    }

    /// Takes away what other directories had of an object that was read.
    pub(in crate::sync) fn removals(&self, object: ObjectGuid) -> impl Iterator<Item = Change> {
        let sources = self.came.get(&object).into_iter().flatten();
        sources.map(move |source| Change::RemoveObject { source: source.clone(), object })
    }
}

/// Whether an object stands in another domain of the directory's forest, as far as the account may read which there are. Two
/// directories that are strangers to each other have objects in common where one was copied from the other.
fn is_of_the_forest(server: &ServerIdentity, link: &Link) -> bool {
    let container = link.seen.as_ref().and_then(|seen| seen.container.as_deref());
    let container = container.and_then(|container| DistinguishedName::parse(container).ok());
    let domain = container.and_then(|container| container.domain());
    domain.is_some_and(|domain| {
        server.other_domains.iter().any(|other| other.eq_ignore_ascii_case(&domain))
    })
}

/// Of which kind objects are, and the digests of their DNs.
type Places = HashMap<ObjectGuid, (ObjectKind, RecordDigest)>;

/// Whether another directory has the same object elsewhere. What has one DN is one entry that two tasks read.
fn is_other_place(places: &Places, link: &Link) -> bool {
    let place = places.get(&link.object);
    place.is_some_and(|(kind, dn)| *kind == link.kind && *dn != link.dn_digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_kind_that_does_not_show_at_all_everything_has_moved_or_nothing_is_said() {
        let guid = |n: u8| ObjectGuid::from_bytes([n; 16]);
        let (computer, user, group) = (ObjectKind::Computer, ObjectKind::User, ObjectKind::Group);
        let hidden = [(user, 1), (user, 2), (group, 3), (computer, 4)];
        let hidden = hidden.map(|(kind, n)| Link::new(kind, guid(n)));
        for (left, remain) in
            [(&[1, 3, 5][..], &[3, 5][..]), (&[1, 2, 5], &[1, 2, 5]), (&[1, 2, 3], &[1, 2, 3])]
        {
            let left = left.iter().copied().map(guid).collect();
            let mut moved = MovedPrincipals { left, ..MovedPrincipals::default() };
            moved.doubt_hidden(&hidden);
            assert!(moved.left().eq(remain.iter().copied().map(guid)), "{moved:?}");
        }
    }
}
