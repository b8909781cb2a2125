//! What one computer says.

use std::net::IpAddr;

use super::DirectoryDomain;
use super::attributes::computer_attributes;
use crate::directory::DirectoryObject;
use crate::name::Hostname;
use crate::value::{Attributes, Timestamp};

/// What one computer object says of an asset, in the terms of the inventory.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contribution {
    /// What the attributes are filed under.
    pub(crate) key: &'static str,
    /// Host names.
    pub(crate) names: Vec<Hostname>,
    /// The domain, by its DNS and its NetBIOS name.
    pub(crate) domains: Vec<String>,
    /// Addresses that the directory gives it.
    pub(crate) addresses: Vec<IpAddr>,
    /// `operatingSystem`.
    pub(crate) os: Option<String>,
    /// `operatingSystemVersion`; `10.0 (17763)` as `10.0.17763`.
    pub(crate) os_version: Option<String>,
    /// `server` or `desktop`, where the operating system tells.
    pub(crate) kind: Option<&'static str>,
    /// `whenCreated`.
    pub(crate) first_seen: Option<Timestamp>,
    /// The last logon that the directory knows of.
    pub(crate) last_seen: Option<Timestamp>,
    /// The attributes, with times and derived ones as for [`user_attributes`](super::user_attributes),
    /// `isDomainController`, `isDisabled` and `services`.
    pub(crate) attributes: Attributes,
}

/// What a computer object says. A time after the read is no time at which it was seen: it counts as the
/// time of the read.
pub(crate) fn contribution(
    object: &DirectoryObject,
    domain: &DirectoryDomain,
    read_at: Timestamp,
) -> Contribution {
    let text = |name| object.attributes.first(name).map(str::trim).filter(|text| !text.is_empty());
    let not_later = |time: Option<Timestamp>| time.map(|time| time.min(read_at));
    Contribution {
        key: "@ldap.computer",
        names: object.host_names(),
        domains: domain.of(object).names().map(str::to_owned).collect(),
        addresses: object.addresses(),
        os: text("operatingSystem").map(str::to_owned),
        os_version: text("operatingSystemVersion").map(normalized_version),
        kind: kind(object),
        first_seen: not_later(object.generalized_time("whenCreated")),
        last_seen: not_later(object.last_logon()),
        attributes: computer_attributes(object, read_at),
    }
}

/// Windows writes the build in brackets: `10.0 (17763)`.
fn normalized_version(version: &str) -> String {
    let is_number =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let build = version.strip_suffix(')').and_then(|version| version.split_once(" ("));
    match build {
        Some((release, build)) if is_number(release) && is_number(build) => {
            format!("{release}.{build}")
        }
        _ => version.to_owned(),
    }
}

fn kind(object: &DirectoryObject) -> Option<&'static str> {
    let os = object.attributes.first("operatingSystem").unwrap_or_default().to_lowercase();
    let is_desktop = || ["windows", "mac os", "macos", "os x"].iter().any(|word| os.contains(word));
    if object.is_domain_controller() || os.contains("server") {
        Some("server")
    } else if is_desktop() {
        Some("desktop")
    } else {
        None
    }
}
