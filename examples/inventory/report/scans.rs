//! What sources other than directories know of assets, with other names.

use ldap_inventory::asset::{Asset, Claim};
use ldap_inventory::value::{AssetId, Timestamp};
use serde::Serialize;

use super::pseudonyms::Pseudonyms;

/// An asset, as others than directories know it.
#[derive(Debug)]
pub(super) struct Elsewhere {
    id: AssetId,
    names: Vec<String>,
    domains: Vec<String>,
    os: Option<String>,
    os_version: Option<String>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
}

/// A line that an import reads.
#[derive(Serialize)]
pub(super) struct Line {
    id: String,
    names: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    domains: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    os_version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_seen: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_seen: Option<Timestamp>,
}

/// What others than directories know of an asset; `None` if they know nothing.
pub(super) fn known_elsewhere(asset: &Asset) -> Option<Elsewhere> {
    let others = asset.parts.iter().filter(|part| part.object.is_none());
    let others: Vec<u32> = others.map(|part| part.number).collect();
    if others.is_empty() {
        return None;
    }
    Some(Elsewhere {
        id: asset.id,
        names: live(&asset.names, &others).map(|name| name.as_str().to_owned()).collect(),
        domains: live(&asset.domains, &others).cloned().collect(),
        os: live(&asset.os, &others).next().cloned(),
        os_version: live(&asset.os_version, &others).next().cloned(),
        first_seen: live(&asset.first_seen, &others).min().copied(),
        last_seen: live(&asset.last_seen, &others).max().copied(),
    })
}

/// What these records still say.
fn live<'a, T>(claims: &'a [Claim<T>], parts: &'a [u32]) -> impl Iterator<Item = &'a T> {
    let own = claims.iter().filter(|claim| claim.is_live() && parts.contains(&claim.part));
    own.map(|claim| &claim.value)
}

impl Elsewhere {
    pub(super) fn called(&self, pseudonyms: &Pseudonyms) -> Line {
        Line {
            id: pseudonyms.word(&self.id.to_string()),
            names: self.names.iter().map(|name| pseudonyms.host(name)).collect(),
            domains: self.domains.iter().map(|domain| pseudonyms.domain(domain)).collect(),
            os: self.os.clone(),
            os_version: self.os_version.clone(),
            first_seen: self.first_seen,
            last_seen: self.last_seen,
        }
    }
}
