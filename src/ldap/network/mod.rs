//! Where computers are: their addresses by the DNS that the directory keeps, and the subnets and AD sites of these.
//!
//! [`NetworkPlaces`] say where to look. `survey` finds the [zones](self::zones) and the [subnets](self::subnets) there, which
//! are few, and a [`NetworkMap`] holds them with what the records of names say ([`dns_record`](self::dns_record)). A full
//! read has the `nodes` of all names before the computers; a read of changes looks up those of the computers that it reads,
//! and asks which nodes changed. The map describes computers: addresses, subnets and sites are added to their attributes, so
//! that whoever reads on need not know where they are from. A read of changes hears of a node that is renamed by its new name
//! alone: the computer that had the old one keeps its addresses until the next full read. DNS servers rename no node. Addresses that computers have together are counted by `sharing`.

mod dns_record;
mod map;
mod nodes;
mod places;
mod sharing;
mod subnets;
mod survey;
mod zones;

pub(crate) use self::map::{NetworkMap, dns_name};
pub(crate) use self::places::NetworkPlaces;

/// Parses bytes of a server's as everything that is parsed here.
#[cfg(fuzzing)]
pub(crate) fn look_at(bytes: &[u8]) {
    use crate::name::{DistinguishedName, Hostname};

    if let Ok(dns_record::DnsRecord::Address(address)) = dns_record::DnsRecord::parse(bytes) {
        let _ = address.to_string();
    }
    let name = String::from_utf8_lossy(bytes);
    if let Ok(prefix) = subnets::Prefix::parse(&name) {
        let mut all = subnets::Subnets::default();
        all.add(prefix, subnets::Subnet { name: name.to_string(), site: None });
    }
    let dn = format!("DC={},DC=x", DistinguishedName::escape_value(&name));
    let zone = DistinguishedName::parse(&dn)
        .ok()
        .and_then(|dn| zones::Zone::of(dn, zones::zone_type(bytes)));
    if let Some((zone, Ok(host))) = zone.map(|zone| (zone, Hostname::parse("web1.corp.example"))) {
        let _ = (zones::node_name(&name, &zone.name), zones::node_forms(&host, &zone.name));
    }
}
