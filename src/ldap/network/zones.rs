//! The zones of the DNS that a directory keeps, and which of them is in charge of a name. Pure.

use std::collections::HashMap;

use crate::name::{DistinguishedName, Hostname};
use crate::value::{ObjectGuid, RecordHasher};

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
    /// Whether the account may list it and not read it or any of its nodes, or a server is at work on it: nobody can tell what
    /// is in it.
    pub(crate) is_unread: bool,
    /// One that is made again under its name is another one.
    pub(crate) guid: Option<ObjectGuid>,
}

/// All zones of forward names.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    all: Vec<Zone>,
    /// Where they are among all, by their names.
    by_name: HashMap<String, Vec<usize>>,
    /// Containers of which the account sees nothing, or that are with other servers, and whether they are there for sure.
    unread: Vec<(ZoneContainer, bool)>,
}

impl Zone {
    /// The zone of an entry that has this [type](zone_type); `None` for what holds no names of hosts: reverse zones, root hints,
    /// and trust anchors.
    pub(crate) fn of(dn: DistinguishedName, kind: Option<u32>) -> Option<Self> {
        let text = dn.common_name()?;
        if text.eq_ignore_ascii_case("RootDNSServers") {
            return None;
        }
        let (text, is_unread) = match in_the_works(&text) {
            Some(name) => (name, true),
            None => (text.as_str(), false),
        };
        let name = Hostname::read(text).ok()?;
        let is_reverse = REVERSE.iter().any(|root| {
            let above = name.as_str().strip_suffix(root);
            above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        });
        if is_reverse {
            return None;
        }
        let is_primary = kind.is_none_or(|kind| kind == PRIMARY);
        let zone = Self { dn, name, is_primary, is_cut: false, is_unread, guid: None };
        Some(if is_unread { zone.unread() } else { zone })
    }

    /// The zone as one of which nobody can tell what is in it.
    pub(crate) fn unread(self) -> Self {
        Self { is_unread: true, is_primary: false, ..self }
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
    pub(crate) fn miss(&mut self, container: ZoneContainer, is_there: bool) {
        self.unread.push((container, is_there));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The zones whose names are kept here.
    pub(crate) fn primary(&self) -> impl Iterator<Item = &Zone> {
        self.all.iter().filter(|zone| zone.is_primary)
    }

    /// How many zones nobody can tell what is in, and the first of them.
    pub(crate) fn unread(&self) -> Option<(usize, &Zone)> {
        let mut unread = self.all.iter().filter(|zone| zone.is_unread);
        let first = unread.next()?;
        Some((1 + unread.count(), first))
    }

    /// Notes that not all of a zone was shown.
    pub(crate) fn cut(&mut self, cut: &Zone) {
        for at in self.by_name.get(cut.name.as_str()).into_iter().flatten() {
            if let Some(zone) =
                self.all.get_mut(*at).filter(|zone| zone.dn.as_str() == cut.dn.as_str())
            {
                zone.is_cut = true;
            }
        }
    }

    /// Whether not all of a zone was shown.
    pub(crate) fn is_cut(&self) -> bool {
        self.all.iter().any(|zone| zone.is_cut)
    }

    /// The zones that are in charge of a name: those with the longest suffix of it. One, unless several containers have one
    /// of the same name.
    pub(crate) fn of(&self, name: &Hostname) -> impl Iterator<Item = &Zone> {
        let found = suffixes(name).find_map(|suffix| self.by_name.get(suffix));
        found.into_iter().flatten().filter_map(|place| self.all.get(*place))
    }

    /// Whether a zone is in charge of a name that is below it, and not one with a longer suffix.
    pub(crate) fn is_in_charge(&self, zone: &Zone, name: &Hostname) -> bool {
        let longer = suffixes(name).take_while(|suffix| suffix.len() > zone.name.as_str().len());
        !longer.into_iter().any(|suffix| self.by_name.contains_key(suffix))
    }

    /// Whether a zone that is in charge of a name, of which one was found or not, may be where nothing could be seen. A
    /// container that may not be there at all, as the old one, has none where another has: every name would be in doubt.
    pub(crate) fn may_be_unseen(&self, is_found: bool) -> bool {
        self.unread.iter().any(|(_, is_there)| *is_there || !is_found)
    }

    /// Adds which zones there are, and what could not be seen, in an order of its own.
    pub(crate) fn digest(&self, hasher: &mut RecordHasher) {
        let mut zones: Vec<(String, &Zone)> =
            self.all.iter().map(|zone| (zone.dn.normalized(), zone)).collect();
        zones.sort_by(|(one, _), (other, _)| one.cmp(other));
        for (dn, Zone { is_primary, is_unread, guid, .. }) in zones {
            hasher.text(&dn).bytes(&[u8::from(*is_primary), u8::from(*is_unread)]);
            hasher.text(&guid.map(|guid| guid.to_string()).unwrap_or_default());
        }
        hasher.text("unread");
        for (container, is_there) in &self.unread {
            hasher.text(&container.dn.normalized()).bytes(&[u8::from(*is_there)]);
        }
    }
}

/// A name and what is above it, up to its last label.
fn suffixes(name: &Hostname) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(name.as_str()), |own| own.split_once('.').map(|(_, above)| above))
}

/// What a node of a zone is called: `web1` in `corp.example` is `web1.corp.example`, and `@` is the zone itself. `None` for
/// wildcards, for whatever is the name of no host, and for a name in another form than it would be looked up by.
pub(crate) fn node_name(node: &str, zone: &Hostname) -> Option<Hostname> {
    if node == "@" {
        return Some(zone.clone());
    }
    if node.starts_with('*') {
        return None;
    }
    let host = Hostname::read(&[node, ".", zone.as_str()].concat()).ok()?;
    // As nearly all are written.
    if below(&host, zone).is_some_and(|own| own.eq_ignore_ascii_case(node)) {
        return Some(host);
    }
    relative_name(&host, zone).filter(|own| is_form(node, own)).is_some().then_some(host)
}

/// What the node of a host is called in a zone that is in charge of it, in all forms that it may have.
pub(crate) fn node_forms(host: &Hostname, zone: &Hostname) -> Vec<String> {
    if host == zone {
        return vec!["@".to_owned()];
    }
    relative_name(host, zone).map(|node| forms(&node)).unwrap_or_default()
}

/// The forms that a directory may have a name in, and finds it by in whatever case: of an international name there are two.
pub(crate) fn forms(name: &Hostname) -> Vec<String> {
    let unicode = name.to_unicode();
    let other = (*unicode != *name.as_str()).then(|| unicode.into_owned());
    [name.as_str().to_owned()].into_iter().chain(other).collect()
}

/// The name that a text is, if a search for that name finds the text: it is written in one of its forms, and may end with
/// a dot.
pub(crate) fn searchable(text: &str) -> Option<Hostname> {
    let name = Hostname::read(text).ok()?;
    is_form(text.strip_suffix('.').unwrap_or(text), &name).then_some(name)
}

fn is_form(text: &str, name: &Hostname) -> bool {
    text.eq_ignore_ascii_case(name.as_str()) || *text.to_lowercase() == *name.to_unicode()
}

/// What a host is called in a zone that is in charge of it; `None` for the zone itself.
fn relative_name(host: &Hostname, zone: &Hostname) -> Option<Hostname> {
    Hostname::read(below(host, zone)?).ok()
}

/// The labels of a host in front of those of a zone.
fn below<'a>(host: &'a Hostname, zone: &Hostname) -> Option<&'a str> {
    host.as_str().strip_suffix(zone.as_str())?.strip_suffix('.')
}

/// The name of a zone that a server makes or deletes right now: `..InProgress-6AA32BD9-corp.example`,
/// `..Deleted-corp.example`.
fn in_the_works(text: &str) -> Option<&str> {
    let rest = text.strip_prefix("..InProgress-").or_else(|| text.strip_prefix("..Deleted-"))?;
    let is_number = |text: &str| {
        let is_hexadecimal = text.len() == 8 && text.bytes().all(|it| it.is_ascii_hexdigit());
        is_hexadecimal || text.bytes().all(|it| it.is_ascii_digit())
    };
    Some(
        rest.split_once('-').filter(|(number, _)| is_number(number)).map_or(rest, |(_, name)| name),
    )
}

/// The type of a zone, if that is what a value of `dnsProperty` tells (MS-DNSP, section 2.3.2.1).
pub(crate) fn zone_type(property: &[u8]) -> Option<u32> {
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
        let kind = properties.iter().find_map(|property| zone_type(property));
        Zone::of(DistinguishedName::parse(&dn).unwrap(), kind)
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
            "0.0.10.in-addr.arpa",
            "8.b.d.0.1.0.0.2.IP6.ARPA",
            "in-addr.arpa",
            "corp.example\nCNF:4fd0f2c1",
        ] {
            assert!(zone(name, &[]).is_none(), "{name}");
        }
    }

    #[test]
    fn a_zone_that_a_server_is_at_work_on_is_one_that_nobody_can_read() {
        for name in [
            "..InProgress-1-corp.example",
            "..InProgress-6AA32BD9-corp.example",
            "..Deleted-corp.example",
        ] {
            let zone = zone(name, &[]).unwrap();
            assert_eq!((zone.name.as_str(), zone.is_unread), ("corp.example", true), "{name}");
            assert!(!zone.is_primary);
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
            assert_eq!(node_forms(&host(name), &zone), [node.to_lowercase()]);
        }
        assert_eq!(node_name("@", &zone), Some(zone.clone()));
        assert_eq!(node_forms(&zone, &zone), ["@"]);
        assert_eq!(node_name("BÜCHER", &zone), Some(host("bücher.corp.example")));
        assert_eq!(node_forms(&host("bücher.corp.example"), &zone), ["xn--bcher-kva", "bücher"]);
        // Decomposed, with a blank before it, with another dot: no search for the name finds them.
        let odd = ["bu\u{308}cher", " web1", "a\u{3002}b"];
        for node in ["*", "*.lab", "", "web1\nCNF:4fd0f2c1", "a..b"].into_iter().chain(odd) {
            assert_eq!(node_name(node, &zone), None, "{node}");
        }
        for other in ["web1.other.example", "xcorp.example"] {
            assert_eq!(node_forms(&host(other), &zone), [""; 0], "{other}");
        }
        for (text, expected) in
            [("WEB1.corp.example.", Some(host("web1.corp.example"))), (" web1.corp.example", None)]
        {
            assert_eq!(searchable(text), expected, "{text}");
        }
    }
}
