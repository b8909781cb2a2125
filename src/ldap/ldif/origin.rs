//! Whose directory an export is of, by what it has.

use std::net::{Ipv4Addr, SocketAddr};

use super::entry::Entry;
use crate::directory::ServerIdentity;
use crate::name::DistinguishedName;
use crate::{Error, ErrorKind, Printable, Result};

/// Domains of a forest, and suffixes of domains, that are remembered. The largest known ones have some hundred.
const MOST_DOMAINS: usize = 10_000;
/// The octets of a name that may be one of a domain.
const LONGEST_NAME: usize = 255;

/// What an export tells of the directory that it is of.
#[derive(Debug, Default)]
pub(super) struct Origin {
    /// The domain of the first object.
    domain: Option<DistinguishedName>,
    /// An object of another one.
    stranger: Option<String>,
    /// Domains that the directory knows, from its partitions.
    partitions: Vec<Partition>,
    /// With their domain, in normal form: what its computers may have behind their names.
    suffixes: Vec<(String, String)>,
}

/// A domain of the forest (MS-ADTS, section 6.1.1.2.1.1).
#[derive(Debug)]
struct Partition {
    dn: String,
    netbios_name: String,
    dns_name: Option<String>,
}

impl Origin {
    /// Takes a computer, user or group.
    pub(super) fn take_object(&mut self, dn: &DistinguishedName) {
        if self.domain.is_none() {
            self.domain = domain_of(dn);
        }
        let own = self.domain.as_ref().and_then(DistinguishedName::domain);
        if self.stranger.is_none() && own != dn.domain() {
            self.stranger = Some(dn.as_str().to_owned());
        }
    }

    /// Takes any entry: what it tells of domains.
    pub(super) fn take_entry(&mut self, entry: &Entry) {
        if entry.is_of_class("crossRef") && self.partitions.len() < MOST_DOMAINS {
            let first = |name| entry.values(name).find_map(name_of);
            let dn = entry.values("nCName").find_map(dn_of);
            if let (Some(dn), Some(netbios_name)) = (dn, first("nETBIOSName")) {
                let (dn, dns_name) = (dn.normalized(), first("dnsRoot"));
                self.partitions.push(Partition { dn, netbios_name, dns_name });
            }
        }
        if entry.is_of_class("domainDNS") && self.suffixes.len() < MOST_DOMAINS {
            let suffixes = entry.values("msDS-AllowedDNSSuffixes").filter_map(name_of);
            let dn = dn_of(&entry.dn).map(|dn| dn.normalized());
            let suffixes = suffixes.filter_map(|suffix| Some((dn.clone()?, suffix)));
            self.suffixes.extend(suffixes.take(MOST_DOMAINS - self.suffixes.len()));
        }
    }

    /// The DNS name of the domain, as soon as it is known.
    pub(super) fn domain(&self) -> Option<String> {
        self.domain.as_ref().and_then(DistinguishedName::domain)
    }

    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] if it is of several domains, of which each is a directory of its own.
    pub(super) fn check(&self) -> Result<()> {
        let Some(stranger) = &self.stranger else { return Ok(()) };
        let domain = self.domain();
        let message = format!(
            "the export is of several domains: {} is not of {}; export each domain by itself",
            Printable(stranger),
            Printable(domain.as_deref().unwrap_or("no domain"))
        );
        Err(Error::new(ErrorKind::Configuration, message))
    }

    /// Who would have answered: nobody that has an address, for the domain that the export is of.
    pub(super) fn identity(&self) -> ServerIdentity {
        let mut identity = ServerIdentity::at(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        identity.default_naming_context.clone_from(&self.domain);
        identity.domain = self.domain();
        let Some(own) = self.domain.as_ref().map(DistinguishedName::normalized) else {
            return identity;
        };
        for partition in &self.partitions {
            if partition.dn == own {
                identity.netbios_domain = Some(partition.netbios_name.clone());
            } else {
                identity.other_domains.extend(partition.dns_name.clone());
            }
        }
        let suffixes = self.suffixes.iter().filter(|(domain, _)| *domain == own);
        identity.allowed_suffixes = suffixes.map(|(_, suffix)| suffix.clone()).collect();
        identity
    }
}

/// The entry of the domain that this one is in: what is left when nothing but `DC` is.
fn domain_of(dn: &DistinguishedName) -> Option<DistinguishedName> {
    let domain = dn.domain()?;
    let labels: Vec<String> = domain
        .split('.')
        .map(|label| format!("DC={}", DistinguishedName::escape_value(label)))
        .collect();
    DistinguishedName::parse(&labels.join(",")).ok()
}

fn dn_of(value: &[u8]) -> Option<DistinguishedName> {
    DistinguishedName::parse(std::str::from_utf8(value).ok()?).ok()
}

fn name_of(value: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(value).ok()?;
    (!name.is_empty() && name.len() <= LONGEST_NAME).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(dn: &str, values: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::begin(1, dn.as_bytes().to_vec());
        values.iter().for_each(|(name, value)| entry.push(name, value.as_bytes()));
        entry
    }

    #[test]
    fn the_domain_is_that_of_its_objects_and_its_names_are_in_the_partitions() {
        let mut origin = Origin::default();
        for (dn, values) in [
            (
                "DC=corp,DC=example",
                &[("objectClass", "domainDNS"), ("msDS-AllowedDNSSuffixes", "dhcp.example")][..],
            ),
            (
                "CN=CORP,CN=Partitions,CN=Configuration,DC=corp,DC=example",
                &[
                    ("objectClass", "crossRef"),
                    ("nCName", "dc=corp,dc=example"),
                    ("nETBIOSName", "CORP"),
                    ("dnsRoot", "corp.example"),
                ],
            ),
            (
                "CN=EU,CN=Partitions,CN=Configuration,DC=corp,DC=example",
                &[
                    ("objectClass", "crossRef"),
                    ("nCName", "DC=eu,DC=corp,DC=example"),
                    ("nETBIOSName", "EU"),
                    ("dnsRoot", "eu.corp.example"),
                ],
            ),
            (
                "CN=Schema,CN=Partitions,CN=Configuration,DC=corp,DC=example",
                &[("objectClass", "crossRef"), ("nCName", "CN=Schema,DC=corp,DC=example")],
            ),
        ] {
            origin.take_entry(&entry(dn, values));
        }
        let object = |dn: &str| DistinguishedName::parse(dn).unwrap();
        origin.take_object(&object("CN=PC1,OU=a,dc=Corp,dc=example"));
        origin.take_object(&object("CN=PC2,DC=corp,DC=example"));
        origin.check().unwrap();
        let identity = origin.identity();
        assert_eq!(identity.domain.as_deref(), Some("corp.example"));
        assert_eq!(identity.netbios_domain.as_deref(), Some("CORP"));
        assert_eq!(identity.other_domains, ["eu.corp.example"]);
        assert_eq!(identity.allowed_suffixes, ["dhcp.example"]);
        assert!(identity.address.ip().is_unspecified());
        origin.take_object(&object("CN=PC3,DC=eu,DC=corp,DC=example"));
        let error = origin.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration);
        assert!(
            error.message().contains("CN=PC3,DC=eu") && error.message().contains("corp.example")
        );
    }

    #[test]
    fn a_directory_that_is_no_domain_has_none() {
        let mut origin = Origin::default();
        origin.take_object(&DistinguishedName::parse("CN=PC1,O=corp").unwrap());
        origin.check().unwrap();
        assert_eq!(origin.identity().domain, None);
    }
}
