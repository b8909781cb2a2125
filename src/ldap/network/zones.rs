//! The zones of the DNS that a directory keeps, and which of them is in charge of a name. Pure.

use std::collections::HashMap;

use crate::name::{DistinguishedName, Hostname};
use crate::value::RecordHasher;

/// `DSPROPERTY_ZONE_TYPE` and `DNS_ZONE_TYPE_PRIMARY` (MS-DNSP, sections 2.3.2.1.1 and 2.2.5.1.1).
const ZONE_TYPE: u32 = 1;
const PRIMARY: u32 = 1;
const REVERSE: [&str; 2] = ["in-addr.arpa", "ip6.arpa"];

/// A container of zones.
#[derive(Clone, Debug)]
pub(crate) struct ZoneContainer {
    pub(crate) dn: DistinguishedName,
    /// The naming context that it is the only purpose of: `DC=DomainDnsZones,...`. `None`: it is in that of the domain,
    /// where zones were kept by Windows 2000, and where an ordinary account does not even see it.
    pub(crate) partition: Option<DistinguishedName>,
}

/// A zone of forward names.
#[derive(Clone, Debug)]
pub(crate) struct Zone {
    pub(crate) dn: DistinguishedName,
    pub(crate) name: Hostname,
    /// Whether its names are kept here: it is neither a forwarder, nor a stub, nor the copy of somebody else's.
    pub(crate) is_primary: bool,
    /// Whether the server did not show all of it, so that nothing may be concluded from what it did not show.
    pub(crate) is_cut: bool,
}

/// All zones of forward names.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    all: Vec<Zone>,
    /// Where they are among all, by their names.
    by_name: HashMap<String, Vec<usize>>,
    /// Containers of which the account sees nothing, or that are with other servers.
    unread: Vec<ZoneContainer>,
}

impl Zone {
    /// The zone of an entry with these properties; `None` for what holds no names of hosts: reverse zones, root hints,
    /// trust anchors, and what a server is at work on or has deleted (`..InProgress-`, `..Deleted-`).
    pub(crate) fn of(dn: DistinguishedName, properties: &[Vec<u8>]) -> Option<Self> {
        let name = dn.common_name()?;
        if name.eq_ignore_ascii_case("RootDNSServers") {
            return None;
        }
        let name = Hostname::read(&name).ok()?;
        let is_reverse = REVERSE.iter().any(|root| {
            let above = name.as_str().strip_suffix(root);
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        });
        if is_reverse {
            return None;
        }
        let kind = properties.iter().find_map(|property| zone_type(property));
        let is_primary = kind.is_none_or(|kind| kind == PRIMARY);
        Some(Self { dn, name, is_primary, is_cut: false })
    }

    pub(crate) fn footprint(&self) -> usize {
        2 * (size_of::<Self>() + self.name.as_str().len()) + self.dn.as_str().len()
    }
}

impl Zones {
    pub(crate) fn add(&mut self, zone: Zone) {
        let name = zone.name.as_str().to_owned();
        self.by_name.entry(name).or_default().push(self.all.len());
        self.all.push(zone);
    }

    /// Notes a container of which nothing could be seen.
    pub(crate) fn miss(&mut self, container: ZoneContainer) {
        self.unread.push(container);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The zones whose names are kept here.
    pub(crate) fn primary(&self) -> impl Iterator<Item = &Zone> {
        self.all.iter().filter(|zone| zone.is_primary)
    }

    /// Notes that not all of a zone was shown.
    pub(crate) fn cut(&mut self, dn: &DistinguishedName) {
        self.all.iter_mut().filter(|zone| zone.dn.as_str() == dn.as_str()).for_each(|zone| {
            zone.is_cut = true;
        });
    }

    /// Whether not all of a zone was shown.
    pub(crate) fn is_cut(&self) -> bool {
        self.all.iter().any(|zone| zone.is_cut)
    }

    /// The zones that are in charge of a name: those with the longest suffix of it. One, unless several containers have one
    /// of the same name.
    pub(crate) fn of(&self, name: &Hostname) -> impl Iterator<Item = &Zone> {
        let mut suffix = Some(name.as_str());
        let suffixes = std::iter::from_fn(move || {
            let own = suffix?;
            suffix = own.split_once('.').map(|(_, above)| above);
            Some(own)
        });
        let found = suffixes.filter_map(|suffix| self.by_name.get(suffix)).next();
        found.into_iter().flatten().filter_map(|place| self.all.get(*place))
    }

    /// Whether a zone is in charge of a name, and not one that is below it.
    pub(crate) fn is_in_charge(&self, zone: &Zone, name: &Hostname) -> bool {
        self.of(name).any(|own| own.dn.as_str() == zone.dn.as_str())
    }

    /// Whether a zone that is in charge of a name, of which these were found, may be where nothing could be seen. Of the old
    /// container that is so only where no other has a zone for it.
    pub(crate) fn may_be_unseen(&self, is_found: bool) -> bool {
        self.unread.iter().any(|container| container.partition.is_some() || !is_found)
    }

    /// Adds which zones there are, and what could not be seen, in an order of its own.
    pub(crate) fn digest(&self, hasher: &mut RecordHasher) {
        let mut zones: Vec<(String, bool)> =
            self.all.iter().map(|zone| (zone.dn.normalized(), zone.is_primary)).collect();
        zones.sort_unstable();
        for (dn, is_primary) in zones {
            hasher.text(&dn).bytes(&[u8::from(is_primary)]);
        }
        hasher.text("unread");
        self.unread.iter().for_each(|container| _ = hasher.text(&container.dn.normalized()));
    }
}

/// What a node of a zone is called: `web1` in `corp.example` is `web1.corp.example`. `None` for the zone itself (`@`), for
/// wildcards, and for whatever is the name of no host.
pub(crate) fn node_name(node: &str, zone: &Hostname) -> Option<Hostname> {
    if node == "@" || node.starts_with('*') {
        return None;
    }
    Hostname::read(&format!("{node}.{}", zone.as_str())).ok()
}

/// What a host is called in a zone that is in charge of it; `None` for the zone itself.
pub(crate) fn relative_name(host: &Hostname, zone: &Hostname) -> Option<Hostname> {
    let node = host.as_str().strip_suffix(zone.as_str())?.strip_suffix('.')?;
    Hostname::read(node).ok()
}

/// The type of a zone, if that is what a value of `dnsProperty` tells (MS-DNSP, section 2.3.2.1).
fn zone_type(property: &[u8]) -> Option<u32> {
    let word = |at: usize| {
        let octets = property.get(at..at.checked_add(4)?)?;
        Some(u32::from_le_bytes(octets.try_into().ok()?))
    };
    (word(0)? == 4 && word(16)? == ZONE_TYPE).then(|| word(20))?
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn host(name: &str) -> Hostname {
        Hostname::parse(name).unwrap()
    }

    /// A property that a zone of this type has.
    fn property(id: u32, data: u32) -> Vec<u8> {
        let mut value: Vec<u8> = [4_u32, 1, 0, 1, id, data].map(u32::to_le_bytes).concat();
        value.push(0);
        value
    }

    fn zone(name: &str, properties: &[Vec<u8>]) -> Option<Zone> {
        let name = DistinguishedName::escape_value(name);
        let dn = format!("DC={name},CN=MicrosoftDNS,DC=DomainDnsZones,DC=corp,DC=example");
        Zone::of(DistinguishedName::parse(&dn).unwrap(), properties)
    }

    fn names(zones: &Zones, name: &str) -> Vec<String> {
        zones.of(&host(name)).map(|zone| zone.name.to_string()).collect()
    }

    #[test]
    fn zones_of_forward_names_are_told_from_all_others() {
        for name in
            ["corp.example", "_msdcs.corp.example", "CORP", "bücher.example", "arpa.example"]
        {
            assert!(zone(name, &[]).is_some_and(|zone| zone.is_primary), "{name}");
        }
        for name in [
            "RootDNSServers",
            "..TrustAnchors",
            "..InProgress-1-corp.example",
            "0.0.10.in-addr.arpa",
            "8.b.d.0.1.0.0.2.IP6.ARPA",
            "in-addr.arpa",
            "corp.example\nCNF:4fd0f2c1",
        ] {
            assert!(zone(name, &[]).is_none(), "{name}");
        }
    }

    #[test]
    fn only_a_primary_zone_keeps_its_names_here() {
        let other = property(2, 7);
        assert!(zone("a", &[other.clone(), property(1, 1)]).unwrap().is_primary);
        for kind in [0, 2, 3, 4, 5] {
            assert!(!zone("a", &[other.clone(), property(1, kind)]).unwrap().is_primary, "{kind}");
        }
        // Without a word on it, or with one that is cut off, it is as most are.
        for cut in 0..24 {
            assert!(zone("a", &[property(1, 4)[..cut].to_vec()]).unwrap().is_primary, "{cut}");
        }
    }

    #[test]
    fn the_zone_with_the_longest_suffix_is_in_charge() {
        let mut zones = Zones::default();
        for name in ["example", "corp.example", "lab.corp.example"] {
            zones.add(zone(name, &[]).unwrap());
        }
        for (name, expected) in [
            ("web1.corp.example", "corp.example"),
            ("a.web1.corp.example", "corp.example"),
            ("web1.lab.corp.example", "lab.corp.example"),
            ("lab.corp.example", "lab.corp.example"),
            ("web1.xcorp.example", "example"),
        ] {
            assert_eq!(names(&zones, name), [expected], "{name}");
        }
        assert_eq!(names(&zones, "web1.corp.test"), [""; 0]);
        zones.add(zone("corp.example", &[]).unwrap());
        assert_eq!(names(&zones, "web1.corp.example").len(), 2);
    }

    #[test]
    fn nodes_and_hosts_name_each_other() {
        let zone = host("corp.example");
        for (node, name) in [("WEB1", "web1.corp.example"), ("a.b", "a.b.corp.example")] {
            assert_eq!(node_name(node, &zone), Some(host(name)));
            assert_eq!(relative_name(&host(name), &zone), Some(host(node)));
        }
        for node in ["@", "*", "*.lab", "", "web1\nCNF:4fd0f2c1", "a..b"] {
            assert_eq!(node_name(node, &zone), None, "{node}");
        }
        for other in ["corp.example", "web1.other.example", "xcorp.example"] {
            assert_eq!(relative_name(&host(other), &zone), None, "{other}");
        }
    }
}
