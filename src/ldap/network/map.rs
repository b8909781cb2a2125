//! Where computers are: the addresses of their names, and the subnets and AD sites that these are in. Pure.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::dns_record::{DnsAddress, DnsRecords};
use super::sharing::Sharing;
use super::subnets::Subnets;
use super::zones::{Zones, searchable};
use crate::directory::{
    AD_SITE, AD_SUBNET, AttributeError, DNS_ADDRESS, DirectoryObject, Held, MOST_ADDRESSES,
};
use crate::ldap::read::syntax::Reason;
use crate::name::Hostname;
use crate::value::{Attributes, RecordDigest};
use crate::{Printable, Result};

const TOO_MANY: Reason = "more addresses than a computer may have";
const UNREAD_RECORDS: Reason = "not all records of its DNS name could be read";
const DOUBTFUL_NAME: Reason = "its dNSHostName is in doubt";
const UNSEARCHABLE_NAME: Reason = "its dNSHostName is written as no search for that name finds it";
const TOO_LARGE: Reason = "more than the limit record_bytes allows in one entry";
const UNSEEN_ZONE: Reason = "a DNS zone that may have its name could not be read";
const CUT_ZONE: Reason = "the DNS zone that has its name was not shown whole";
const UNSEEN_SUBNETS: Reason = "the subnets of the AD sites could not be read";

/// What the directory knows of where computers are.
#[derive(Debug)]
pub(crate) struct NetworkMap {
    pub(super) zones: Zones,
    /// `None`: they could not be read.
    pub(super) subnets: Option<Subnets>,
    nodes: HashMap<Hostname, Node>,
    /// Names of which the nodes were looked up one by one, where they are not all read.
    asked: Option<HashSet<Hostname>>,
    sharing: Sharing,
    /// Values that are no records, and the DN of the first.
    malformed: (u64, String),
    /// Addresses that are no host's, and the name of the first.
    of_no_host: (u64, String),
    /// How many octets of one computer's are kept.
    record_bytes: usize,
    pub(super) held: Held,
}

/// What the records of one name say.
#[derive(Debug, Default)]
struct Node {
    /// In their own order, each once.
    addresses: Vec<DnsAddress>,
    /// Why something was left out of them, and how much.
    left_out: Option<(Reason, u64)>,
}

impl NetworkMap {
    pub(crate) fn new(held: Held, record_bytes: usize) -> Self {
        Self {
            zones: Zones::default(),
            subnets: None,
            nodes: HashMap::new(),
            asked: None,
            sharing: Sharing::default(),
            malformed: (0, String::new()),
            of_no_host: (0, String::new()),
            record_bytes,
            held,
        }
    }

    /// What tells whether addresses are looked for and placed as they were before: which zones and which subnets there are.
    pub(crate) fn digest(&self) -> RecordDigest {
        let mut hasher = RecordDigest::hasher();
        self.zones.digest(&mut hasher);
        hasher.text(if self.subnets.is_some() { "subnets" } else { "no subnets" });
        self.subnets.iter().for_each(|subnets| subnets.digest(&mut hasher));
        hasher.finish()
    }

    /// All nodes are read.
    pub(crate) fn read_all(&mut self) {
        self.asked = None;
    }

    /// From now on nodes are looked up for the computers that are read, instead of all before them.
    pub(crate) fn look_up(&mut self) {
        self.asked = Some(HashSet::new());
    }

    /// Whether nodes are looked up for the computers that are read, instead of all before them.
    pub(crate) fn looks_up(&self) -> bool {
        self.asked.is_some()
    }

    /// Notes that a name is asked for, and says whether it was not yet.
    pub(super) fn is_to_be_asked(&mut self, name: &Hostname) -> Result<bool> {
        let is_new = self.asked.get_or_insert_default().insert(name.clone());
        if is_new {
            self.held.add(2 * (size_of::<Hostname>() + name.as_str().len()))?;
        }
        Ok(is_new)
    }

    /// Takes the records of a node. How many octets are kept of them.
    pub(super) fn take(&mut self, name: Hostname, dn: &[u8], records: DnsRecords) -> usize {
        let DnsRecords { addresses, of_no_host, malformed, are_cut, number } = records;
        let unread = (are_cut || number == 0).then_some((UNREAD_RECORDS, 1));
        count(&mut self.of_no_host, of_no_host, || name.to_string());
        let dn = || String::from_utf8_lossy(dn).into_owned();
        count(&mut self.malformed, malformed.map_or(0, |(_, number)| number), dn);
        if addresses.is_empty() && malformed.or(unread).is_none() {
            return 0;
        }
        let octets = 2 * size_of::<(Hostname, Node)>()
            + 2 * name.as_str().len()
            + addresses.capacity() * size_of::<DnsAddress>();
        // Several zones may have one name.
        let node = self.nodes.entry(name).or_default();
        unread.into_iter().chain(malformed).for_each(|left_out| node.leave_out(left_out));
        node.add(addresses);
        octets
    }

    /// Whether anything was read of the node of a name.
    pub(super) fn knows(&self, name: &Hostname) -> bool {
        self.nodes.contains_key(name)
    }

    /// Whether a zone was not shown whole.
    pub(crate) fn is_cut(&self) -> bool {
        self.zones.is_cut()
    }

    /// Adds to a computer what is known of where it is.
    pub(crate) fn describe(&mut self, computer: &mut DirectoryObject) -> Result<()> {
        let name = dns_name(computer);
        let node = name.as_ref().and_then(|name| self.nodes.get(name));
        let addresses = node.map(|node| node.addresses.clone()).unwrap_or_default();
        let doubt = match &name {
            _ if computer.is_in_doubt("dNSHostName") => Some((DOUBTFUL_NAME, 1)),
            Some(name) => self.doubt(name, node),
            None if is_name(computer) => Some((UNSEARCHABLE_NAME, 1)),
            None => None,
        };
        let is_whole = self.add(computer, &addresses);
        let doubt = doubt.or((!is_whole).then_some((TOO_LARGE, 1)));
        let is_placed = self.subnets.is_some() || addresses.is_empty();
        let unplaced = doubt.or((!is_placed).then_some((UNSEEN_SUBNETS, 1)));
        for (attribute, left_out) in
            [(DNS_ADDRESS, doubt), (AD_SUBNET, unplaced), (AD_SITE, unplaced)]
        {
            if let Some((reason, count)) = left_out {
                let (attribute, reason) = (attribute.to_owned(), reason.to_owned());
                computer.flaws.push(AttributeError { attribute, reason, count });
            }
        }
        if self.looks_up() {
            return Ok(());
        }
        self.held.add(addresses.len() * Sharing::NOTE)?;
        addresses.iter().for_each(|known| self.sharing.note(known.address, computer.guid));
        Ok(())
    }

    /// Whether there was room for all of it.
    fn add(&self, computer: &mut DirectoryObject, addresses: &[DnsAddress]) -> bool {
        let subnets = self.subnets.iter();
        let subnets =
            subnets.flat_map(|all| addresses.iter().flat_map(|known| all.of(known.address)));
        let subnets: BTreeSet<_> = subnets.collect();
        let sites: BTreeSet<&String> = subnets.iter().filter_map(|it| it.site.as_ref()).collect();
        let mut attributes = Attributes::builder();
        computer.attributes.iter().for_each(|(name, value)| attributes.push(name, value));
        let mut room = Some(self.record_bytes);
        let mut push = |name: &str, value: &str| {
            room = room.and_then(|room| room.checked_sub(name.len() + value.len()));
            if room.is_some() {
                attributes.push(name, value);
            }
        };
        addresses.iter().for_each(|known| push(DNS_ADDRESS, &known.to_string()));
        subnets.iter().for_each(|subnet| push(AD_SUBNET, &subnet.name));
        sites.iter().for_each(|site| push(AD_SITE, site));
        computer.attributes = attributes.build();
        room.is_some()
    }

    /// Why a name may have other addresses than these, if it may.
    fn doubt(&self, name: &Hostname, node: Option<&Node>) -> Option<(Reason, u64)> {
        if let Some(left_out) = node.and_then(|node| node.left_out) {
            return Some(left_out);
        }
        if self.zones.of(name).any(|zone| zone.is_cut) {
            return Some((CUT_ZONE, 1));
        }
        let is_unread = self.zones.of(name).any(|zone| zone.is_unread);
        let is_found = self.zones.of(name).next().is_some();
        (is_unread || self.zones.may_be_unseen(is_found)).then_some((UNSEEN_ZONE, 1))
    }

    /// What a person should know of the records that were read.
    pub(crate) fn warnings(&self) -> Vec<String> {
        let (malformed, first) = &self.malformed;
        let malformed = (*malformed > 0).then(|| {
            let are_none = match malformed {
                1 => "value of dnsRecord is no record",
                _ => "values of dnsRecord are no records",
            };
            format!(
                "{malformed} {are_none} of the DNS (MS-DNSP), the first of them in {}; what was known of these names stays",
                Printable(first)
            )
        });
        let (of_no_host, first) = &self.of_no_host;
        let of_no_host = (*of_no_host > 0).then(|| {
            let records = if *of_no_host == 1 { "record" } else { "records" };
            let were = if *of_no_host == 1 { "was" } else { "were" };
            format!(
                "{of_no_host} {records} of the DNS {were} passed over, since an address that is loopback, link-local, \
                 multicast, broadcast or unspecified is that of no host, the first of them that of {}",
                Printable(first)
            )
        });
        malformed.into_iter().chain(of_no_host).chain(self.sharing.warning()).collect()
    }
}

/// A computer's own name in the DNS: `dNSHostName`. None where no search for the name finds the computer, since a read of
/// changes would not hear of its addresses.
pub(crate) fn dns_name(computer: &DirectoryObject) -> Option<Hostname> {
    searchable(computer.attributes.first("dNSHostName")?)
}

/// Whether it has a name at all.
fn is_name(computer: &DirectoryObject) -> bool {
    let name = computer.attributes.first("dNSHostName");
    name.is_some_and(|name| Hostname::read(name).is_ok())
}

impl Node {
    /// Adds addresses. Of too many the first in their own order stay: that of the server is another one every time.
    fn add(&mut self, more: Vec<DnsAddress>) {
        match self.addresses.is_empty() {
            true => self.addresses = more,
            false => self.addresses.extend(more),
        }
        DnsAddress::settle(&mut self.addresses);
        let too_many = self.addresses.len().saturating_sub(MOST_ADDRESSES);
        if too_many > 0 {
            self.addresses.truncate(MOST_ADDRESSES);
            self.leave_out((TOO_MANY, too_many as u64));
        }
    }

    fn leave_out(&mut self, (reason, more): (Reason, u64)) {
        let (_, count) = self.left_out.get_or_insert((reason, 0));
        *count = count.saturating_add(more);
    }
}

fn count((number, first): &mut (u64, String), more: u64, name: impl FnOnce() -> String) {
    if *number == 0 && more > 0 {
        *first = name();
    }
    *number += more;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::MemoryBudget;
    use crate::ldap::network::dns_record::tests::address_record;
    use crate::ldap::network::subnets::{Prefix, Subnet};
    use crate::ldap::network::zones::{Zone, ZoneContainer};
    use crate::name::DistinguishedName;
    use crate::value::{ObjectGuid, ObjectKind};

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    fn computer(name: &str) -> DirectoryObject {
        let guid = ObjectGuid::from_bytes([1; 16]);
        let mut computer = DirectoryObject::new(ObjectKind::Computer, guid, dn("CN=WEB1,DC=x"));
        computer.attributes = [("cn", "WEB1"), ("dNSHostName", name)].into_iter().collect();
        computer
    }

    /// A zone, with these addresses of one name.
    fn map(addresses: &[&str]) -> NetworkMap {
        let mut map = NetworkMap::new(MemoryBudget::default().holder(), 1 << 20);
        map.zones.add(Zone::of(dn("DC=corp.example,CN=MicrosoftDNS"), None).unwrap());
        map.subnets = Some(Subnets::default());
        take(&mut map, "web1.corp.example", addresses);
        map
    }

    fn take(map: &mut NetworkMap, name: &str, addresses: &[&str]) {
        let mut records = DnsRecords::default();
        addresses.iter().for_each(|address| records.take(&address_record(address, 0)));
        map.take(Hostname::parse(name).unwrap(), b"DC=web1", records);
    }

    fn described(map: &mut NetworkMap, name: &str) -> (Vec<String>, Vec<String>) {
        let mut computer = computer(name);
        map.describe(&mut computer).unwrap();
        let addresses = computer.attributes.values(DNS_ADDRESS).map(str::to_owned).collect();
        (addresses, computer.flaws.into_iter().map(|flaw| flaw.reason).collect())
    }

    #[test]
    fn a_name_is_found_in_whatever_case_and_form_and_with_a_dot_at_its_end() {
        let mut map = map(&["10.0.0.5"]);
        take(&mut map, "bücher.corp.example", &["10.0.0.6"]);
        for (name, expected) in [
            ("WEB1.Corp.Example", &["10.0.0.5 static"][..]),
            ("xn--bcher-kva.corp.example", &["10.0.0.6 static"]),
            ("BÜCHER.corp.example", &["10.0.0.6 static"]),
            ("web1.corp.example.", &["10.0.0.5 static"]),
            ("web1", &[]),
            ("web2.corp.example", &[]),
        ] {
            assert_eq!(described(&mut map, name), (texts(expected), vec![]), "{name}");
        }
    }

    #[test]
    fn a_name_that_no_search_finds_is_in_doubt() {
        for name in [" web1.corp.example", "web1\u{3002}corp.example", "bu\u{308}cher.corp.example"]
        {
            let expected = (vec![], texts(&[UNSEARCHABLE_NAME; 3]));
            assert_eq!(described(&mut map(&["10.0.0.5"]), name), expected, "{name}");
        }
    }

    #[test]
    fn what_one_computer_gets_is_bounded() {
        let mut map = map(&["10.0.0.5", "10.0.0.6"]);
        map.record_bytes = 30;
        let expected = (texts(&["10.0.0.5 static"]), texts(&[TOO_LARGE; 3]));
        assert_eq!(described(&mut map, "web1.corp.example"), expected);
    }

    fn texts(values: &[&str]) -> Vec<String> {
        values.iter().map(|value| (*value).to_owned()).collect()
    }

    #[test]
    fn more_addresses_than_a_computer_may_have_are_left_out_and_counted() {
        let many: Vec<String> = (0..300).map(|n| format!("10.0.{}.{}", n / 200, n % 200)).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        let (addresses, reasons) = described(&mut map(&many), "web1.corp.example");
        assert_eq!((addresses.len(), reasons), (MOST_ADDRESSES, texts(&[TOO_MANY; 3])));
        let (addresses, reasons) = described(&mut map(&many[..256]), "web1.corp.example");
        assert_eq!((addresses.len(), reasons), (MOST_ADDRESSES, vec![]));
    }

    #[test]
    fn of_too_many_addresses_always_the_same_are_taken_whichever_come_first() {
        let many: Vec<String> = (0..300).map(|n| format!("10.0.{}.{}", n / 200, n % 200)).collect();
        let mut many: Vec<&str> = many.iter().map(String::as_str).collect();
        // Some come twice.
        many.extend_from_within(..40);
        let taken = |order: &[&str]| {
            // As one node, and as two of one name in two zones.
            let (mut whole, mut parted) = (map(order), map(&order[..170]));
            take(&mut parted, "web1.corp.example", &order[170..]);
            let node = |map: &NetworkMap| {
                let node = map.nodes.values().next().unwrap();
                (node.addresses.clone(), node.left_out)
            };
            assert_eq!(node(&whole), node(&parted));
            assert_eq!(node(&whole).1, Some((TOO_MANY, 44)));
            described(&mut whole, "web1.corp.example")
        };
        let forward = taken(&many);
        for _ in 0..3 {
            many.rotate_left(77);
            assert_eq!(taken(&many), forward);
            many.reverse();
            assert_eq!(taken(&many), forward);
        }
    }

    #[test]
    fn a_name_is_in_doubt_where_what_has_it_may_be_unseen() {
        let container = |partition: Option<&str>| ZoneContainer {
            dn: dn("CN=MicrosoftDNS,DC=x"),
            partition: partition.map(dn),
        };
        let is_doubted = |map: &mut NetworkMap, name: &str| !described(map, name).1.is_empty();
        let mut old = map(&["10.0.0.5"]);
        old.zones.miss(container(None), false);
        let mut partition = map(&["10.0.0.5"]);
        partition.zones.miss(container(Some("DC=DomainDnsZones,DC=x")), true);
        let mut cut = map(&["10.0.0.5"]);
        cut.zones.cut(&Zone::of(dn("DC=corp.example,CN=MicrosoftDNS"), None).unwrap());
        for (name, in_old, in_partition, in_cut) in [
            ("web1.corp.example", false, true, true),
            ("web2.corp.example", false, true, true),
            ("web1.other.example", true, true, false),
            ("", false, false, false),
        ] {
            assert_eq!(is_doubted(&mut old, name), in_old, "{name}");
            assert_eq!(is_doubted(&mut partition, name), in_partition, "{name}");
            assert_eq!(is_doubted(&mut cut, name), in_cut, "{name}");
        }
    }

    #[test]
    fn what_is_held_counts_towards_the_budget() {
        let memory = MemoryBudget::new(1);
        let mut map = map(&["10.0.0.5"]);
        map.held = memory.holder();
        assert!(map.describe(&mut computer("web1.corp.example")).is_err());
        map.held = memory.holder();
        map.describe(&mut computer("web2.corp.example")).unwrap();
    }

    #[test]
    fn another_zone_or_another_subnet_has_another_digest_and_another_order_has_not() {
        let build = |zones: &[&str], subnets: &[(&str, &str)]| {
            let mut map = NetworkMap::new(MemoryBudget::default().holder(), 1 << 20);
            for zone in zones {
                let dn = dn(&format!("DC={zone},CN=MicrosoftDNS"));
                map.zones.add(Zone::of(dn, None).unwrap());
            }
            let mut all = Subnets::default();
            for (prefix, site) in subnets {
                let (name, site) = ((*prefix).to_owned(), Some((*site).to_owned()));
                all.add(Prefix::parse(prefix).unwrap(), Subnet { name, site });
            }
            map.subnets = Some(all);
            map.digest()
        };
        let (one, other) = (("10.0.0.0/8", "Berlin"), ("10.1.0.0/16", "Lyon"));
        let digest = build(&["a", "b"], &[one, other]);
        assert_eq!(digest, build(&["b", "a"], &[other, one]));
        let moved = ("10.1.0.0/16", "Oslo");
        for (zones, subnets) in [
            (&["a"][..], &[one, other][..]),
            (&["a", "b", "c"], &[one, other]),
            (&["a", "b"], &[one]),
            (&["a", "b"], &[one, moved]),
        ] {
            assert_ne!(digest, build(zones, subnets));
        }
        assert_ne!(digest, map(&[]).digest());
    }
}
