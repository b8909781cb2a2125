//! The DNS of a domain, and the subnets of its sites, as tests fill them.

use std::net::IpAddr;

use super::dn::rdn;
use super::tree::DirectoryTree;
use crate::{Error, ErrorKind, Result};

/// What the records of a name are dated with that are not static: 2026-01-01 in hours since 1601.
const REFRESHED: u32 = 3_725_472;
/// `DNS_TYPE_SOA` (MS-DNSP, section 2.2.2.1.1).
const START_OF_AUTHORITY: u16 = 6;

impl DirectoryTree {
    /// Adds a zone to the naming context `DC=DomainDnsZones`, which is made with the first of them, and returns its name.
    #[doc(hidden)]
    pub fn add_dns_zone(&mut self, zone: &str) -> Result<String> {
        let partition = format!("DC=DomainDnsZones,{}", self.base_dn());
        self.add_dns_zone_in(&partition, zone)
    }

    /// Adds a zone to a naming context, which is made with its first one, or to `CN=System` of the domain. As every zone it
    /// has a node that stands for itself.
    #[doc(hidden)]
    pub fn add_dns_zone_in(&mut self, partition: &str, zone: &str) -> Result<String> {
        if self.entry(partition).is_none() {
            self.add_dns_partition(partition)?;
        }
        let container = format!("CN=MicrosoftDNS,{partition}");
        if self.entry(&container).is_none() {
            let attributes = self.structural(&["container"], "Container");
            self.add(&container, attributes)?;
        }
        let dn = format!("{},{container}", rdn("DC", zone));
        let mut attributes = self.structural(&["dnsZone"], "Dns-Zone");
        attributes.push(("dnsProperty", vec![zone_type(1)]));
        self.add(&dn, attributes)?;
        let mut own = self.structural(&["dnsNode"], "Dns-Node");
        own.push(("dnsRecord", vec![raw_record(START_OF_AUTHORITY, 0, &[0; 26])]));
        self.add(&format!("{},{dn}", rdn("DC", "@")), own)?;
        Ok(dn)
    }

    /// Makes a zone one of another type (`DNS_ZONE_TYPE_FORWARDER` is 4).
    #[doc(hidden)]
    pub fn set_dns_zone_type(&mut self, zone: &str, kind: u32) -> Result<()> {
        self.set(zone, "dnsProperty", [zone_type(kind)])
    }

    /// Gives a node of a zone these addresses in place of all records that it has, as a DNS server does: one that has none any
    /// more becomes a tombstone. `*` before an address makes its record a static one, and a number behind it one that was
    /// refreshed so many hours after the beginning of 2026.
    #[doc(hidden)]
    pub fn set_addresses(&mut self, zone: &str, node: &str, addresses: &[&str]) -> Result<()> {
        let dn = format!("{},{zone}", rdn("DC", node));
        let records: Result<Vec<Vec<u8>>> = addresses.iter().map(|text| record(text)).collect();
        let mut records = records?;
        let is_tombstone = records.is_empty();
        if is_tombstone {
            records.push(raw_record(0, 0, &REFRESHED.to_le_bytes().repeat(2)));
        }
        if self.entry(&dn).is_none() {
            let attributes = self.structural(&["dnsNode"], "Dns-Node");
            self.add(&dn, attributes)?;
        }
        self.set(&dn, "dNSTombstoned", is_tombstone.then_some("TRUE"))?;
        self.set(&dn, "dnsRecord", records)
    }

    /// Adds a subnet of an AD site, which is made with its first one, and returns its name.
    #[doc(hidden)]
    pub fn add_subnet(&mut self, prefix: &str, site: &str) -> Result<String> {
        let sites = format!("CN=Sites,{}", self.names.configuration_dn());
        let subnets = format!("CN=Subnets,{sites}");
        let site = format!("{},{sites}", rdn("CN", site));
        for (dn, class, category) in
            [(&subnets, "subnetContainer", "Subnet-Container"), (&site, "site", "Site")]
        {
            if self.entry(dn).is_none() {
                let attributes = self.structural(&[class], category);
                self.add(dn, attributes)?;
            }
        }
        let dn = format!("{},{subnets}", rdn("CN", prefix));
        let mut attributes = self.structural(&["subnet"], "Subnet");
        attributes.push(("siteObject", vec![site.into()]));
        self.add(&dn, attributes)?;
        Ok(dn)
    }

    fn add_dns_partition(&mut self, dn: &str) -> Result<()> {
        self.add_naming_context(dn);
        let attributes = self.structural(&["domainDNS"], "Domain-DNS");
        self.add(dn, attributes)?;
        let partitions = format!("CN=Partitions,{}", self.names.configuration_dn());
        let label = dn.split(',').next().and_then(|rdn| rdn.split_once('='));
        let name = label.map_or(dn, |(_, label)| label);
        let mut attributes = self.structural(&["crossRef"], "Cross-Ref");
        attributes.push(("nCName", vec![dn.into()]));
        self.add(&format!("{},{partitions}", rdn("CN", name)), attributes)?;
        Ok(())
    }
}

/// A record of an address, with `*` before it for a static one.
fn record(text: &str) -> Result<Vec<u8>> {
    let invalid =
        || Error::new(ErrorKind::Invalid, "this is no address").with_context("address", text);
    let (address, later) = text.split_once(' ').unwrap_or((text, "0"));
    let later: u32 = later.parse().map_err(|_| invalid())?;
    let hours = REFRESHED.saturating_add(later);
    let (hours, address) = address.strip_prefix('*').map_or((hours, address), |text| (0, text));
    let address = address.parse().map_err(|_| invalid())?;
    Ok(match address {
        IpAddr::V4(address) => raw_record(1, hours, &address.octets()),
        IpAddr::V6(address) => raw_record(28, hours, &address.octets()),
    })
}

/// A record (MS-DNSP, section 2.3.2.2) of a zone's own, with a TTL of an hour.
fn raw_record(kind: u16, hours: u32, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u16;
    let head: [&[u8]; 6] = [
        &length.to_le_bytes(),
        &kind.to_le_bytes(),
        &[5, 0xf0, 0, 0, 1, 0, 0, 0],
        &3_600_u32.to_be_bytes(),
        &[0; 4],
        &hours.to_le_bytes(),
    ];
    [&head.concat(), data].concat()
}

/// The property that tells the type of a zone (MS-DNSP, section 2.3.2.1).
fn zone_type(kind: u32) -> Vec<u8> {
    let words = [4, 1, 0, 1, 1, kind].map(u32::to_le_bytes);
    [words.as_flattened(), &[0]].concat()
}
