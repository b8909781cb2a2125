//! An asset, as far as it matters for deciding.

use super::computer::canonical_domain;
use crate::asset::{Asset, Version};
use crate::name::Hostname;
use crate::value::{AssetId, SiteId, Timestamp};

/// An asset that a computer could be, as far as it matters for deciding.
///
/// Which objects of the directory are tied to it is not part of it: that is what links say.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The asset.
    pub asset: AssetId,
    /// The version that this view was taken of.
    pub version: Version,
    /// The site it belongs to.
    pub site: SiteId,
    /// Its live names. Weak ones are left out, since they are no evidence for or against.
    pub names: Vec<Hostname>,
    /// Its live domains, DNS or NetBIOS, in lower case and in ASCII.
    pub domains: Vec<String>,
    /// When any source last saw it.
    pub last_seen: Option<Timestamp>,
}

impl Candidate {
    /// What matters of an asset.
    pub fn of(asset: &Asset) -> Self {
        let strong = |name: &&Hostname| name.weakness().is_none();
        Self {
            asset: asset.id,
            version: asset.version,
            site: asset.site.clone(),
            names: asset.live_names().filter(strong).cloned().collect(),
            domains: asset.live_domains().map(canonical_domain).collect(),
            last_seen: asset.last_seen(),
        }
    }
}
