//! Where a computer is, as a source tells it: its addresses, and the AD sites that these are in.

use std::net::IpAddr;

use super::DirectoryObject;

/// The addresses of a computer by the DNS: each an address, a blank, and when its record was refreshed last, or `static`.
pub(crate) const DNS_ADDRESS: &str = "dnsAddress";
/// The AD sites that its addresses are in.
pub(crate) const AD_SITE: &str = "adSite";
/// The subnets that they are in, as the directory writes them.
pub(crate) const AD_SUBNET: &str = "adSubnet";
/// All that tells where a computer is.
pub(crate) const PLACE: [&str; 3] = [DNS_ADDRESS, AD_SUBNET, AD_SITE];
/// The most addresses that are taken of one name. Those of a computer with many networks are a few dozen.
pub(crate) const MOST_ADDRESSES: usize = 256;

impl DirectoryObject {
    /// Whether an attribute is one of those that tell where a computer is.
    pub(crate) fn tells_place(attribute: &str) -> bool {
        PLACE.iter().any(|place| attribute.eq_ignore_ascii_case(place))
    }

    /// Its addresses by the DNS, each once. They say where it may be found, and nothing of which computer it is.
    pub(crate) fn addresses(&self) -> Vec<IpAddr> {
        let texts = self.attributes.values(DNS_ADDRESS).filter_map(|text| text.split(' ').next());
        let mut addresses: Vec<IpAddr> = texts.filter_map(|text| text.parse().ok()).collect();
        addresses.sort_unstable();
        addresses.dedup();
        addresses
    }
}
