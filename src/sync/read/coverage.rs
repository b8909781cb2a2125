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
