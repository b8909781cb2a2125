//! What a read can speak for.
//!
//! An object is gone if a read did not show it that would have shown it where, and as, it was last seen. A read below
//! other bases, through another filter or by another account says nothing of it, whatever ran in between.

use std::collections::HashSet;
use std::sync::Arc;

use crate::asset::{Change, Link, Sighting};
use crate::directory::{Outline, ReadScope, dn_digest};
use crate::name::DistinguishedName;
use crate::value::{ObjectKind, RecordDigest, View};

/// What a read covered, ready to be compared with many links.
#[derive(Debug)]
pub(in crate::sync) struct Coverage {
    /// In normal form.
    pub(super) bases: Vec<String>,
    /// What lies with other servers, in normal form, and the digests of that.
    referred: HashSet<String>,
    referred_digests: HashSet<RecordDigest>,
    view: View,
    fingerprints: [RecordDigest; 2],
    takes_over: bool,
}

impl Coverage {
    /// That of a read. One that `takes_over` speaks for whatever anybody saw below its bases.
    pub(super) fn of(scope: &ReadScope, takes_over: bool) -> Self {
        Self {
            bases: scope.bases.iter().map(DistinguishedName::normalized).collect(),
            referred: scope.referred.iter().map(DistinguishedName::normalized).collect(),
            referred_digests: scope.referred.iter().map(dn_digest).collect(),
            view: scope.view,
            fingerprints: [scope.fingerprint, scope.former.unwrap_or(scope.fingerprint)],
            takes_over,
        }
    }

    /// Whether the source said where it looked.
    pub(in crate::sync) fn is_known(&self) -> bool {
        !self.bases.is_empty()
    }

    /// Whether the read would have shown the object, had it been where it was last seen.
    pub(in crate::sync) fn covers(&self, link: &Link) -> bool {
        let Some(seen) = &link.seen else { return false };
        if self.fingerprints.map(View::of_scope).contains(&seen.view) {
            return seen.container.is_none() || self.reaches(link);
        }
        let shows = self.takes_over || self.view_of(link.kind).shows_all_of(seen.view);
        shows && self.reaches(link)
    }

    /// Whether the object was last seen below one of the bases, by whomever, and not with another server.
    pub(in crate::sync) fn reaches(&self, link: &Link) -> bool {
        let container = link.seen.as_ref().and_then(|seen| seen.container.as_deref());
        let is_within = |base: &String| {
            container.is_some_and(|dn| DistinguishedName::is_normalized_within(dn, base))
        };
        self.bases.iter().any(is_within) && !self.is_referred(link, container)
    }

    /// Whether the object is, or was last seen below, what lies with another server.
    fn is_referred(&self, link: &Link, container: Option<&str>) -> bool {
        if self.referred.is_empty() {
            return false;
        }
        let mut above = container.unwrap_or_default();
        while !above.is_empty() && !self.referred.contains(above) {
            above = DistinguishedName::normalized_parent(above);
        }
        !above.is_empty() || self.referred_digests.contains(&link.dn_digest)
    }

    /// Whether somebody else saw the object last: another account, or nobody knows who.
    pub(in crate::sync) fn is_foreign(&self, link: &Link) -> bool {
        !self.sees_as(link.seen.as_ref().map(|seen| seen.view))
    }

    /// How an object that the read shows was seen.
    pub(in crate::sync) fn sighting(&self, kind: ObjectKind, object: &Outline) -> Arc<Sighting> {
        let container = Some((*object.container).into());
        Arc::new(Sighting { container, view: self.view_of(kind) })
    }

    /// What is to be noted of an object that was read, if it was last seen elsewhere, or by somebody else.
    pub(in crate::sync) fn news(
        &self,
        kind: ObjectKind,
        object: &Outline,
        link: Option<&Link>,
    ) -> Option<Change> {
        let link = link?;
        let is_as_known = link.seen.as_ref().is_some_and(|seen| {
            seen.container.as_deref() == Some(&*object.container) && seen.view == self.view_of(kind)
        });
        let seen = (!is_as_known).then(|| self.sighting(kind, object))?;
        Some(Change::NoteSighting { object: object.guid, seen })
    }

    /// How an object was seen of which the read shows that it is there, but not anew where.
    pub(in crate::sync) fn sighting_in_place(&self, link: &Link) -> Option<Arc<Sighting>> {
        let container = link.seen.as_ref()?.container.clone();
        let sighting = Sighting { container: Some(container?), view: self.view_of(link.kind) };
        Some(Arc::new(sighting))
    }

    /// Filters are for computers.
    fn view_of(&self, kind: ObjectKind) -> View {
        if kind == ObjectKind::Computer { self.view } else { self.view.through(None) }
    }

    fn sees_as(&self, view: Option<View>) -> bool {
        view.is_some_and(|View { account, .. }| {
            account == self.view.account || self.fingerprints.contains(&account)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::{DirectoryObject, ReadEnd, ServerIdentity, Transport, Verification};
    use crate::sync::read::Snapshot;
    use crate::value::ObjectGuid;

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    fn reader() -> View {
        View::of_account(["reader"])
    }

    /// A read of two units by the reader, of which a part is with another server.
    fn scope() -> ReadScope {
        let bases = [dn("OU=A,DC=corp"), dn("OU=B,DC=corp")];
        let scope = ReadScope::of_account(["reader"], bases);
        ReadScope { referred: [dn("OU=Far,OU=A,DC=corp")].into(), ..scope }
    }

    fn link(kind: ObjectKind, container: Option<&str>, view: View) -> Link {
        let container = container.map(Into::into);
        let seen = Some(Arc::new(Sighting { container, view }));
        Link { seen, ..Link::new(kind, ObjectGuid::from_bytes([1; 16])) }
    }

    #[test]
    fn a_read_speaks_for_what_was_seen_below_its_bases_and_not_with_another_server() {
        let coverage = Coverage::of(&scope(), false);
        for (container, is_covered) in [
            (Some("ou=a,dc=corp"), true),
            (Some("ou=pcs,ou=b,dc=corp"), true),
            (Some("dc=corp"), false),
            (Some("ou=c,dc=corp"), false),
            (Some("ou=far,ou=a,dc=corp"), false),
            (Some("ou=pcs,ou=far,ou=a,dc=corp"), false),
            (None, false),
        ] {
            let link = link(ObjectKind::Computer, container, reader());
            assert_eq!(coverage.covers(&link), is_covered, "{container:?}");
            assert_eq!(coverage.reaches(&link), is_covered, "{container:?}");
        }
        let unseen = Link::new(ObjectKind::Computer, ObjectGuid::from_bytes([1; 16]));
        assert!(!coverage.covers(&unseen) && !coverage.reaches(&unseen));
        // What is with another server is known by itself as well.
        let own = link(ObjectKind::Computer, Some("ou=a,dc=corp"), reader());
        let referred = Link { dn_digest: dn_digest(&dn("OU=Far,OU=A,DC=corp")), ..own.clone() };
        assert!(coverage.covers(&own) && !coverage.covers(&referred));
    }

    #[test]
    fn a_read_speaks_for_what_its_account_saw_through_no_other_filter_or_for_all_that_it_takes_over()
     {
        let filtered = reader().through(Some("(cn=a*)"));
        let other = View::of_account(["other"]);
        let narrow = ReadScope { view: filtered, ..scope() };
        let computer = |view| link(ObjectKind::Computer, Some("ou=a,dc=corp"), view);
        let user = |view| link(ObjectKind::User, Some("ou=a,dc=corp"), view);
        let covers = |scope: &ReadScope, takes_over, link: &Link| {
            Coverage::of(scope, takes_over).covers(link)
        };
        assert!(covers(&scope(), false, &computer(filtered)));
        assert!(covers(&narrow, false, &computer(filtered)));
        assert!(!covers(&narrow, false, &computer(reader())));
        assert!(covers(&narrow, false, &user(reader())));
        for view in [other, other.through(Some("(cn=a*)"))] {
            assert!(!covers(&scope(), false, &computer(view)));
            assert!(covers(&scope(), true, &computer(view)));
        }
        let outside = link(ObjectKind::Computer, Some("ou=c,dc=corp"), other);
        assert!(!covers(&scope(), true, &outside));
        // Earlier versions remembered the scope alone.
        let of_scope = View::of_scope(scope().fingerprint);
        assert!(covers(&scope(), false, &link(ObjectKind::Computer, None, of_scope)));
        assert!(!covers(&scope(), false, &link(ObjectKind::Computer, Some("dc=corp"), of_scope)));
    }

    #[test]
    fn who_saw_an_object_last_is_told_from_who_reads_it() {
        let coverage = Coverage::of(&scope(), false);
        let foreign = |view| coverage.is_foreign(&link(ObjectKind::User, Some("dc=corp"), view));
        assert!(!foreign(reader()) && !foreign(reader().through(Some("(cn=a*)"))));
        assert!(!foreign(View::of_scope(scope().fingerprint)));
        assert!(foreign(View::of_account(["other"])));
        assert!(coverage.is_foreign(&Link::new(ObjectKind::User, ObjectGuid::from_bytes([1; 16]))));
        assert!(coverage.is_known());
        let nowhere = ReadScope { bases: Vec::new(), ..scope() };
        assert!(!Coverage::of(&nowhere, false).is_known());
    }

    #[test]
    fn an_object_that_is_there_unseen_is_noted_where_it_was_and_by_whom() {
        let filtered = ReadScope { view: reader().through(Some("(cn=a*)")), ..scope() };
        let coverage = Coverage::of(&filtered, false);
        for (kind, view) in [(ObjectKind::Computer, filtered.view), (ObjectKind::User, reader())] {
            let known = link(kind, Some("ou=a,dc=corp"), View::of_account(["other"]));
            let seen = coverage.sighting_in_place(&known).unwrap();
            assert_eq!((seen.container.as_deref(), seen.view), (Some("ou=a,dc=corp"), view));
            assert_eq!(coverage.sighting_in_place(&link(kind, None, reader())), None);
        }
    }

    #[test]
    fn what_was_read_is_noted_anew_where_it_stood_elsewhere_or_somebody_else_saw_it() {
        let (kind, object) = (ObjectKind::Computer, ObjectGuid::from_bytes([1; 16]));
        let server = ServerIdentity::at("127.0.0.1:636".parse().unwrap());
        let end = ReadEnd::complete(scope(), Transport::Ldaps, Verification::Thumbprint, server);
        let read = vec![DirectoryObject::new(kind, object, dn("CN=PC1,OU=A,DC=corp"))];
        let snapshot = Snapshot::of(read, end);
        let [outline] = snapshot.computers.outlines() else { panic!("{snapshot:?}") };
        let coverage = &snapshot.coverage;
        let news = |link: Link| coverage.news(kind, outline, Some(&link));
        let container = Some("ou=a,dc=corp");
        assert_eq!(news(link(kind, container, reader())), None);
        assert_eq!(coverage.news(kind, outline, None), None);
        let seen = link(kind, container, reader()).seen.unwrap();
        for (container, view) in [
            (Some("ou=b,dc=corp"), reader()),
            (None, reader()),
            (container, View::of_account(["other"])),
        ] {
            let expected = Change::NoteSighting { object, seen: Arc::clone(&seen) };
            assert_eq!(news(link(kind, container, view)), Some(expected), "{container:?}");
        }
    }
}
