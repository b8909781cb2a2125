//! The nodes of zones: all of them, those of some names, and those that changed.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;

use ldap3::Scope;
use ldap3::controls::RawControl;

use super::dns_record::DnsRecords;
use super::map::NetworkMap;
use super::survey::{EVERYTHING, entry_dn, one_level, refusal_of};
use super::zones::{Zone, forms, node_forms, node_name, searchable};
use crate::directory::Held;
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::ber::Malformed;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::SearchMessage;
use crate::ldap::protocol::search::{NO_ATTRIBUTES, SearchRequest, succeeded};
use crate::name::{DistinguishedName, Hostname};
use crate::value::ObjectGuid;
use crate::{Error, Result};

/// The names that are asked for in one search: a filter of some 6 kB.
const NAMES: usize = 50;
/// Up to how many names are asked for by name: the directory has no index of `dNSHostName`, and looks at every computer for
/// each search. To look at what all computers are called costs less than more searches.
const MOST_BY_NAME: usize = 500;

/// The octets of memory that a name takes beside its text, in a set which is never quite full.
const BESIDE_A_NAME: usize = 64;

/// `noSuchObject` (RFC 4511, section 4.1.9).
const ABSENT: u32 = 32;

const NODE: &str = "(objectClass=dnsNode)";

impl Connection {
    /// Reads all nodes of all zones, and says what a person should know of those that were not shown whole.
    pub(crate) async fn read_nodes(
        &mut self,
        map: &mut NetworkMap,
        limits: &LdapLimits,
    ) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        for zone in Vec::from_iter(map.zones.primary().cloned()) {
            warnings.extend(self.take_nodes(&zone, EVERYTHING, map, limits).await?);
        }
        Ok(warnings)
    }

    /// Looks up the nodes of these names, as far as they were not looked up before.
    pub(crate) async fn look_up_nodes(
        &mut self,
        names: impl IntoIterator<Item = Hostname>,
        map: &mut NetworkMap,
        limits: &LdapLimits,
    ) -> Result<Vec<String>> {
        let mut by_zone: HashMap<String, Vec<Hostname>> = HashMap::new();
        for name in names {
            if !map.is_to_be_asked(&name)? {
                continue;
            }
            for zone in map.zones.of(&name).filter(|zone| zone.is_primary) {
                let of_zone = by_zone.entry(zone.dn.as_str().to_owned());
                of_zone.or_default().push(name.clone());
            }
        }
        let mut warnings = Vec::new();
        for zone in Vec::from_iter(map.zones.primary().cloned()) {
            let names = by_zone.remove(zone.dn.as_str()).unwrap_or_default();
            for names in names.chunks(NAMES) {
                let nodes = names.iter().flat_map(|name| node_forms(name, &zone.name));
                let filter = format!("(&{NODE}{})", any_of("name", nodes));
                warnings.extend(self.take_nodes(&zone, &filter, map, limits).await?);
            }
            let missing: Vec<&Hostname> = names.iter().filter(|name| !map.knows(name)).collect();
            for name in missing {
                warnings.extend(self.look_for_unread(name, &zone, map).await?);
            }
        }
        Ok(warnings)
    }

    /// Looks whether the node of a name is there and may not be read: no filter finds it then but by its DN.
    async fn look_for_unread(
        &mut self,
        name: &Hostname,
        zone: &Zone,
        map: &mut NetworkMap,
    ) -> Result<Option<String>> {
        for node in node_forms(name, &zone.name) {
            let dn = format!("DC={},{}", DistinguishedName::escape_value(&node), zone.dn);
            let request = SearchRequest {
                base: dn,
                scope: Scope::Base,
                filter: EVERYTHING.to_owned(),
                attributes: ["dNSTombstoned", "dnsRecord"].map(str::to_owned).to_vec(),
            };
            let search = self.search(&request, Vec::new()).await?;
            let result = search.each_entry(|entry| {
                let octets = take_node(entry, zone, map)?;
                map.held.add(octets)
            });
            let result = result.await?;
            let refusal = if result.rc == ABSENT { None } else { refusal_of(succeeded(&result))? };
            if let Some(refusal) = refusal {
                return Ok(Some(cut(zone, &refusal, map)));
            }
        }
        Ok(None)
    }

    /// Takes the nodes of a zone that match a filter. A refusal is told.
    async fn take_nodes(
        &mut self,
        zone: &Zone,
        filter: &str,
        map: &mut NetworkMap,
        limits: &LdapLimits,
    ) -> Result<Option<String>> {
        let request = one_level(&zone.dn, filter, &["dNSTombstoned", "dnsRecord"]);
        let mut held = map.held.beside();
        let look = |message: SearchMessage<'_>| match message {
            SearchMessage::Entry(body) => take_node(RawEntry::parse(body)?, zone, map),
            SearchMessage::Reference(_) => Ok(0),
        };
        let walked = self.walk(&request, &[], (limits, &mut held), look).await;
        map.held.absorb(held);
        Ok(refusal_of(walked)?.map(|refusal| cut(zone, &refusal, map)))
    }

    /// The names of the nodes that changed since this update number, or why the server does not tell.
    pub(crate) async fn changed_names(
        &mut self,
        usn: i64,
        map: &NetworkMap,
        (limits, held): (&LdapLimits, &mut Held),
    ) -> Result<Result<HashSet<Hostname>, Error>> {
        let mut names = HashSet::new();
        let filter = format!("(&{NODE}(uSNChanged>={}))", usn.saturating_add(1));
        for zone in map.zones.primary() {
            let request = one_level(&zone.dn, &filter, &[NO_ATTRIBUTES]);
            let look = |message: SearchMessage<'_>| {
                let SearchMessage::Entry(body) = message else { return Ok(0) };
                let node = node(RawEntry::parse(body)?.dn, zone);
                let name = node.and_then(|node| node_name(&node, &zone.name));
                let octets = name.as_ref().map_or(0, |name| BESIDE_A_NAME + name.as_str().len());
                names.extend(name);
                Ok(octets)
            };
            let walked = self.walk(&request, &[], (limits, &mut *held), look).await;
            if let Some(refusal) = refusal_of(walked)? {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(names))
    }

    /// The computers below a base that match a filter and have one of these names, or why the server does not tell.
    pub(crate) async fn computers_named(
        &mut self,
        (base, filter): (&DistinguishedName, &str),
        names: &HashSet<Hostname>,
        controls: &[RawControl],
        (limits, held): (&LdapLimits, &mut Held),
    ) -> Result<Result<BTreeSet<ObjectGuid>, Error>> {
        let mut found = BTreeSet::new();
        let all: Vec<Hostname> = names.iter().cloned().collect();
        let filters = match all.len() {
            ..=MOST_BY_NAME => {
                // Some write the dot at its end.
                let filter = |names: &[Hostname]| {
                    let forms = names.iter().flat_map(forms);
                    any_of("dNSHostName", forms.flat_map(|form| [format!("{form}."), form]))
                };
                Vec::from_iter(all.chunks(NAMES).map(filter))
            }
            _ => vec!["(dNSHostName=*)".to_owned()],
        };
        for named in filters {
            let request = SearchRequest {
                base: base.as_str().to_owned(),
                scope: Scope::Subtree,
                filter: format!("(&{filter}{named})"),
                attributes: ["dNSHostName", "objectGUID"].map(str::to_owned).to_vec(),
            };
            let look = |message: SearchMessage<'_>| {
                let SearchMessage::Entry(body) = message else { return Ok(0) };
                let (name, guid) = computer(RawEntry::parse(body)?)?;
                let is_wanted = name.is_some_and(|name| names.contains(&name));
                found.extend(guid.filter(|_| is_wanted));
                Ok(if is_wanted { BESIDE_A_NAME } else { 0 })
            };
            let walked = self.walk(&request, controls, (limits, &mut *held), look).await;
            if let Some(refusal) = refusal_of(walked)? {
                return Ok(Err(refusal));
            }
        }
        Ok(Ok(found))
    }
}

/// Notes that not all of a zone was shown, and says so. What changes of the rest nobody tells until all of it is.
fn cut(zone: &Zone, refusal: &Error, map: &mut NetworkMap) -> String {
    map.zones.cut(zone);
    format!(
        "the DNS zone {} was not shown whole: {}; what was known of addresses there stays, and the next read is a full one",
        zone.dn,
        refusal.report()
    )
}

/// Takes a node, unless it is a tombstone or the node of no host. How many octets are kept of it.
fn take_node(
    mut entry: RawEntry<'_>,
    zone: &Zone,
    map: &mut NetworkMap,
) -> Result<usize, Malformed> {
    let (mut records, mut is_tombstone) = (DnsRecords::default(), false);
    while let Some(mut attribute) = entry.next_attribute()? {
        let is_record = attribute.name.eq_ignore_ascii_case("dnsRecord");
        records.are_cut |= attribute.range().is_some_and(|range| !range.is_all());
        while let Some(value) = attribute.next_value()? {
            match is_record {
                true => records.take(value),
                false => is_tombstone |= value.eq_ignore_ascii_case(b"TRUE"),
            }
        }
    }
    let node = node(entry.dn, zone).filter(|_| !is_tombstone);
    let name = node.and_then(|node| node_name(&node, &zone.name));
    let name = name.filter(|name| map.zones.is_in_charge(zone, name));
    Ok(name.map_or(0, |name| map.take(name, entry.dn, records)))
}

/// What a node of a zone is called by its DN.
fn node<'a>(dn: &'a [u8], zone: &Zone) -> Option<Cow<'a, str>> {
    let text = str::from_utf8(dn).ok()?;
    let own = text.strip_suffix(zone.dn.as_str()).and_then(|own| own.strip_suffix(','));
    let own = own.and_then(|own| own.split_once('='));
    let own = own.filter(|(kind, _)| kind.eq_ignore_ascii_case("DC")).map(|(_, own)| own);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    // As nearly all are written: nothing is to be looked for that is escaped.
    match own.filter(|own| !own.is_empty() && own.bytes().all(is_plain)) {
        Some(own) => Some(Cow::Borrowed(own)),
        None => entry_dn(dn).and_then(|dn| dn.common_name()).map(Cow::Owned),
    }
}

/// What a computer is called, and which it is.
fn computer(mut entry: RawEntry<'_>) -> Result<(Option<Hostname>, Option<ObjectGuid>), Malformed> {
    let (mut name, mut guid) = (None, None);
    while let Some(mut attribute) = entry.next_attribute()? {
        let is_guid = attribute.name.eq_ignore_ascii_case("objectGUID");
        while let Some(value) = attribute.next_value()? {
            if is_guid {
                guid = ObjectGuid::from_slice(value).ok();
            } else {
                name = name.or_else(|| str::from_utf8(value).ok().and_then(searchable));
            }
        }
    }
    Ok((name, guid))
}

/// The filter that an entry matches that has one of these names.
fn any_of(attribute: &str, names: impl IntoIterator<Item = String>) -> String {
    let mut terms = String::new();
    for name in names {
        let _ = write!(terms, "({attribute}={})", ldap3::ldap_escape(name));
    }
    format!("(|{terms})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_called_by_its_dn_however_that_is_written() {
        let dn = |text: &str| DistinguishedName::parse(text).unwrap();
        let zone = Zone::of(dn("DC=corp.example,CN=MicrosoftDNS"), None).unwrap();
        for own in
            ["DC=web1", "dc=WEB1", "CN=web1", "DC=@", "DC=*", "DC=a\\,b", "DC=web1+CN=x", "DC=#04"]
        {
            for above in [zone.dn.as_str(), "dc=CORP.example, CN=MicrosoftDNS", "DC=x"] {
                let text = format!("{own},{above}");
                let expected = entry_dn(text.as_bytes()).and_then(|dn| dn.common_name());
                assert_eq!(node(text.as_bytes(), &zone).map(Cow::into_owned), expected, "{text}");
            }
        }
        for none in ["", "web1", "DC=", ",DC=corp.example,CN=MicrosoftDNS"] {
            let expected = entry_dn(none.as_bytes()).and_then(|dn| dn.common_name());
            assert_eq!(node(none.as_bytes(), &zone).map(Cow::into_owned), expected, "{none}");
        }
    }
}
