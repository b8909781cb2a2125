//! What a read shows to be gone, or back.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use crate::asset::Link;
use crate::membership::Links;
use crate::value::ObjectGuid;

/// Settles what departed: of what the read covers, whatever the source says so of, or the census does not show. Of a
/// kind that is not there at all nothing is taken for departed: that is what lost read rights look like.
pub(super) fn take_departed(snapshot: &mut Snapshot, links: &Links) {
    let read = snapshot.identities();
    let is_gone = |link: &&Link| {
        let is_told = snapshot.departed.contains(&link.object);
        let is_missed = snapshot.end.census.is_some() && snapshot.shows_absence(link);
        is_told || link.presence.is_present() && !read.contains(&link.object) && is_missed
    };
    let gone = links.values().filter(|link| is_covered(snapshot, link)).filter(is_gone);
    snapshot.departed = gone.map(|link| link.object).collect();
}

/// Notes as departed whatever a full read covers and did not show. Whether anything that is known is neither read nor
/// departed.
pub(super) fn take_absent(snapshot: &mut Snapshot, links: &Links) -> bool {
    let read = snapshot.identities();
    let unread =
        links.values().filter(|link| link.presence.is_present() && !read.contains(&link.object));
    let (gone, rest): (Vec<&Link>, Vec<&Link>) =
        unread.partition(|link| is_covered(snapshot, link));
    snapshot.departed = gone.iter().map(|link| link.object).collect();
    !rest.is_empty()
}

/// Whether the absence of an object would say something.
fn is_covered(snapshot: &Snapshot, link: &Link) -> bool {
    snapshot.coverage.covers(link) && !snapshot.hides_all(link.kind)
}

/// What was missing and is there, as the census says, without a change: it was missing to somebody else.
pub(super) fn returned(snapshot: &Snapshot, links: &Links) -> BTreeSet<ObjectGuid> {
    let Some(census) = &snapshot.end.census else { return BTreeSet::new() };
    let read = snapshot.identities();
    let is_back = |link: &&Link| {
        let is_there = census.get(&link.kind).is_some_and(|there| there.contains(&link.object));
        is_there && !link.presence.is_present() && !read.contains(&link.object)
    };
    links.values().filter(is_back).map(|link| link.object).collect()
}
