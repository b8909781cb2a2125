//! An asset, as far as it matters for deciding.

use super::directory_domain::canonical_domain;
use crate::asset::{Asset, Claims, SourceRecord};
use crate::name::{Hostname, Weakness};
use crate::os::OsFamily;
use crate::value::{AssetId, ObjectGuid, SiteId, SourceId, Timestamp};

/// An asset that a computer could be, as far as it matters for deciding.
///
/// Which objects of the directory are tied to it is not part of it: that is what links say.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    /// The asset.
    pub(crate) asset: AssetId,
    /// The site it belongs to.
    pub(crate) site: SiteId,
    /// The family of the operating system that holds, where it is plain.
    pub(crate) os_family: Option<OsFamily>,
    /// What it is called by all of its records together.
    pub(crate) whole: Naming,
    /// What it is called by those that are no objects of a directory; `None` if all are, or none is.
    pub(crate) bare: Option<Naming>,
    /// When each of its sources last saw it.
    pub(crate) seen: Vec<(SourceId, Timestamp)>,
    /// The objects of directories that it has, and whether their directory still has them.
    pub(crate) objects: Vec<(SourceId, ObjectGuid, bool)>,
}

/// What records call an asset.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Naming {
    /// Live names, those apart that are weak.
    pub(crate) names: Vec<Hostname>,
    /// Live names that are weak, and evidence all the same where both sides have the very same FQDN
    /// ([`Weakness::holds_as_fqdn`]).
    pub(crate) default_names: Vec<Hostname>,
    /// Live domains, DNS or NetBIOS, in lower case and in ASCII.
    pub(crate) domains: Vec<String>,
}

impl Candidate {
    /// What matters of an asset.
    pub(crate) fn of(asset: &Asset) -> Self {
        let is_object = |part: &SourceRecord| part.object.is_some();
        let is_mixed = asset.parts.iter().any(is_object) && !asset.parts.iter().all(is_object);
        let of_scan = |number: u32| asset.part(number).is_none_or(|part| part.object.is_none());
        let source = |number: u32| asset.part(number).map(|part| part.source.clone());
        let object = |part: &SourceRecord| {
            Some((part.source.clone(), part.object?, part.presence.is_present()))
        };
        Self {
            asset: asset.id,
            site: asset.site.clone(),
            os_family: asset.os().and_then(OsFamily::of),
            whole: Naming::of(asset, |_| true),
            bare: is_mixed.then(|| Naming::of(asset, of_scan)),
            seen: asset
                .last_seen
                .iter()
                .filter_map(|claim| Some((source(claim.part)?, claim.value)))
                .collect(),
            objects: asset.parts.iter().filter_map(object).collect(),
        }
    }

    /// When any source last saw it.
    pub(crate) fn last_seen(&self) -> Option<Timestamp> {
        self.seen.iter().map(|(_, seen)| *seen).max()
    }

    /// When any source last saw it that is no directory with an object of it.
    pub(super) fn last_seen_by_scans(&self) -> Option<Timestamp> {
        let is_directory = |by: &SourceId| self.objects.iter().any(|(source, ..)| source == by);
        self.seen.iter().filter(|(by, _)| !is_directory(by)).map(|(_, seen)| *seen).max()
    }

    /// When any source but this one last saw it.
    pub(super) fn last_seen_by_others(&self, source: &SourceId) -> Option<Timestamp> {
        self.seen.iter().filter(|(by, _)| by != source).map(|(_, seen)| *seen).max()
    }
}

impl Naming {
    /// What the records whose numbers are taken call an asset.
    pub(super) fn of(asset: &Asset, takes: impl Fn(u32) -> bool) -> Self {
        let mut naming = Self::default();
        for name in live(&asset.names, &takes) {
            let list = match name.weakness() {
                None => &mut naming.names,
                Some(weakness) if holds(name, weakness) => &mut naming.default_names,
                Some(_) => continue,
            };
            if !list.contains(name) {
                list.push(name.clone());
            }
        }
        for domain in live(&asset.domains, &takes).map(|domain| canonical_domain(domain)) {
            if !naming.domains.contains(&domain) {
                naming.domains.push(domain);
            }
        }
        naming
    }
}

/// Whether a weak name is evidence where both sides have it whole.
pub(super) fn holds(name: &Hostname, weakness: Weakness) -> bool {
    weakness.holds_as_fqdn() && name.domain().is_some()
}

fn live<'a, T>(
    claims: &'a Claims<T>,
    takes: &'a impl Fn(u32) -> bool,
) -> impl Iterator<Item = &'a T> {
    claims.iter().filter(|claim| claim.is_live() && takes(claim.part)).map(|claim| &claim.value)
}
