//! What a read shows to be gone, or back.

use std::collections::BTreeSet;

use super::snapshot::Snapshot;
use crate::Result;
use crate::asset::Link;
use crate::membership::Links;
use crate::value::{ObjectGuid, ObjectKind};

/// Settles what departed: of what the read covers, whatever the source says so of, or the census does not show; nothing
/// that the census shows. Of a kind that is not there at all nothing is taken for departed: that is what lost read rights
/// look like.
pub(super) fn take_departed(snapshot: &mut Snapshot, links: &Links) -> Result<()> {
    let read = snapshot.identities();
    let is_gone = |link: &&Link| {
        let is_told = snapshot.departed.contains(&link.object);
        let is_missed = snapshot.end.census.is_some() && snapshot.shows_absence(link);
        let is_missing = link.presence.is_present() && !read.contains(&link.object) && is_missed;
        is_missing || is_told && !is_counted(snapshot, link)
    };
    let departed = {
        let is_covered = covered(snapshot, links)?;
        let gone = links.values().filter(|link| is_covered(link)).filter(is_gone);
        gone.map(|link| link.object).collect()
    };
    snapshot.departed = departed;
    Ok(())
}

/// Notes as departed whatever a full read covers and did not show. Whether anything that is known is neither read nor
/// departed.
pub(super) fn take_absent(snapshot: &mut Snapshot, links: &Links) -> Result<bool> {
    let read = snapshot.identities();
    let unread =
        links.values().filter(|link| link.presence.is_present() && !read.contains(&link.object));
    let (gone, rest): (Vec<&Link>, Vec<&Link>) = {
        let is_covered = covered(snapshot, links)?;
        unread.partition(|link| is_covered(link))
    };
    snapshot.departed = gone.iter().map(|link| link.object).collect();
    Ok(!rest.is_empty())
}

/// Whether the absence of an object would say something.
fn covered(snapshot: &Snapshot, links: &Links) -> Result<impl Fn(&Link) -> bool> {
    let empty = snapshot.empty_bases(links)?;
    Ok(move |link: &Link| snapshot.coverage.covers(link) && !empty.hides(link))
}

/// Whether the census shows an object.
fn is_counted(snapshot: &Snapshot, link: &Link) -> bool {
    let there = snapshot.end.census.as_ref().and_then(|census| census.get(&link.kind));
    there.is_some_and(|there| there.contains(&link.object))
}

/// Who came in scope without a change of their own, as the census says: by a membership that a filter asks for. Whom a task
/// leaves out is among them.
pub(super) fn entered(snapshot: &Snapshot, links: &Links) -> BTreeSet<ObjectGuid> {
    let counted = snapshot.end.census.iter().flat_map(|census| census.get(&ObjectKind::Computer));
    let read = snapshot.identities();
    let is_new = |object: &&ObjectGuid| !links.contains_key(*object) && !read.contains(*object);
    counted.flatten().filter(is_new).copied().collect()
}

/// What was missing and is there, as the census says, without a change: it was missing to somebody else.
pub(super) fn returned(snapshot: &Snapshot, links: &Links) -> BTreeSet<ObjectGuid> {
    let read = snapshot.identities();
    let is_back = |link: &&Link| {
        is_counted(snapshot, link) && !link.presence.is_present() && !read.contains(&link.object)
    };
    links.values().filter(is_back).map(|link| link.object).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{Presence, Sighting};
    use crate::directory::{
        DirectoryObject, ReadEnd, ReadScope, ServerIdentity, Transport, Verification,
    };
    use crate::name::DistinguishedName;
    use crate::value::{ReadMode, Timestamp, View};

    fn guid(n: u8) -> ObjectGuid {
        ObjectGuid::from_bytes([n; 16])
    }

    /// A read of the computer 1, in a directory where others are.
    fn read() -> Snapshot {
        let dn = |text| DistinguishedName::parse(text).unwrap();
        let scope = ReadScope::of_account(["reader"], [dn("DC=corp")]);
        let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
        let end = ReadEnd::complete(scope, Transport::Ldaps, Verification::Thumbprint, server);
        let read = DirectoryObject::new(ObjectKind::Computer, guid(1), dn("CN=PC1,DC=corp"));
        Snapshot::of(vec![read], end)
    }

    /// The same of what changed, with a census of these.
    fn counted(there: &[u8]) -> Snapshot {
        let mut snapshot = read();
        let there = there.iter().copied().map(guid).collect();
        snapshot.end.mode = ReadMode::DirSync;
        snapshot.end.census = Some([(ObjectKind::Computer, there)].into());
        snapshot
    }

    fn seen(n: u8, container: &str) -> Link {
        let view = View::of_account(["reader"]);
        let sighting = Sighting { container: Some(container.into()), view };
        Link { seen: Some(sighting.into()), ..Link::new(ObjectKind::Computer, guid(n)) }
    }

    fn missing(n: u8) -> Link {
        let presence = Presence::Missing { since: Timestamp::MAX, runs: 1 };
        Link { presence, ..seen(n, "dc=corp") }
    }

    fn known(links: impl IntoIterator<Item = Link>) -> Links {
        links.into_iter().map(|link| (link.object, link)).collect()
    }

    #[test]
    fn what_a_full_read_covers_and_does_not_show_has_departed_and_the_rest_stays() {
        let (mut snapshot, here) =
            (read(), || [seen(1, "dc=corp"), seen(2, "dc=corp"), missing(3)]);
        assert!(!take_absent(&mut snapshot, &known(here())).unwrap());
        assert_eq!(snapshot.departed, [guid(2)].into());
        let with_another = here().into_iter().chain([seen(4, "dc=elsewhere")]);
        assert!(take_absent(&mut snapshot, &known(with_another)).unwrap());
        assert_eq!(snapshot.departed, [guid(2)].into());
    }

    #[test]
    fn what_a_census_shows_has_not_departed_and_is_back_if_it_was_missing() {
        let mut snapshot = counted(&[1, 2, 3, 6]);
        snapshot.departed = [guid(2), guid(5)].into();
        let links = known([
            seen(1, "dc=corp"),
            seen(2, "dc=corp"),
            missing(3),
            missing(4),
            seen(5, "dc=corp"),
            seen(6, "dc=corp"),
            seen(7, "dc=corp"),
            seen(8, "dc=elsewhere"),
        ]);
        take_departed(&mut snapshot, &links).unwrap();
        assert_eq!(snapshot.departed, [guid(5), guid(7)].into());
        assert_eq!(returned(&snapshot, &links), [guid(3)].into());
    }
}
