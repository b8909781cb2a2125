//! Which zones and which subnets there are. They are few, and are looked at in every read.

use ldap3::Scope;

use super::map::NetworkMap;
use super::places::NetworkPlaces;
use super::subnets::{Prefix, Subnet, Subnets};
use super::zones::{Zone, ZoneContainer, zone_type};
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::ber::Malformed;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::SearchMessage;
use crate::ldap::protocol::paging;
use crate::ldap::protocol::search::{NO_ATTRIBUTES, SearchRequest, succeeded};
use crate::ldap::read::scope::is_about_base;
use crate::ldap::read::syntax::Reason;
use crate::name::DistinguishedName;
use crate::value::ObjectGuid;
use crate::{Error, Result};

/// It finds also what an account may list and not read, which matches no other filter: its DN alone is shown.
pub(super) const EVERYTHING: &str = "(objectClass=*)";
/// `rangeUpper` of `cn` (MS-ADA1).
const LONGEST_SITE: usize = 64;

impl Connection {
    /// Looks at the zones and the subnets, and says what a person should know of those that could not be read.
    pub(crate) async fn survey(
        &mut self,
        places: &NetworkPlaces,
        map: &mut NetworkMap,
        limits: &LdapLimits,
    ) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        for container in &places.zones {
            let Some(refusal) = self.look_at_zones(container, map, limits).await? else { continue };
            // Whoever refuses to show all of it, or for now, has it.
            let is_there = match (&container.partition, is_absence(&refusal)) {
                (_, false) => true,
                (Some(partition), true) => {
                    if !self.may_be_partition(partition, places).await? {
                        continue;
                    }
                    true
                }
                // That an ordinary account does not see the old container is as it should be.
                (None, true) => false,
            };
            if is_there {
                warnings.push(format!(
                    "no DNS zone below {} could be read: {}; what was known of addresses from there stays",
                    container.dn,
                    refusal.report()
                ));
            }
            map.zones.miss(container.clone(), is_there);
        }
        if let Some((count, first)) = map.zones.unread() {
            let zones = if count == 1 { "DNS zone" } else { "DNS zones" };
            warnings.push(format!(
                "{count} {zones} could not be read, the first of them {}: the account may not, or sees none of its nodes, or \
                 a server is at work on it; what was known of addresses there stays",
                first.dn
            ));
        }
        if map.zones.is_empty() {
            let warning = "the directory shows no DNS zone to this account, so that no computer gets an address";
            warnings.push(warning.to_owned());
        }
        warnings.extend(self.look_at_subnets(&places.subnets, map, limits).await?);
        Ok(warnings)
    }

    /// Takes the zones of a container, or returns why the server does not show them.
    async fn look_at_zones(
        &mut self,
        container: &ZoneContainer,
        map: &mut NetworkMap,
        limits: &LdapLimits,
    ) -> Result<Option<Error>> {
        let request =
            one_level(&container.dn, EVERYTHING, &["dnsProperty", "objectClass", "objectGUID"]);
        let mut zones = Vec::new();
        let mut held = map.held.beside();
        let look = |message: SearchMessage<'_>| {
            let SearchMessage::Entry(body) = message else { return Ok(0) };
            let zone = zone(RawEntry::parse(body)?)?;
            let octets = zone.as_ref().map_or(0, Zone::footprint);
            zones.extend(zone);
            Ok(octets)
        };
        let walked = self.walk(&request, &[], (limits, &mut held), look).await;
        let refusal = refusal_of(walked)?;
        // Where they are not all shown, they are as good as not shown: another one may be in charge of a name.
        if refusal.is_none() {
            map.held.absorb(held);
            for zone in zones {
                // Every zone has a node at least, which stands for itself.
                let is_seen = !zone.is_primary || self.shows_a_node(&zone).await?;
                map.zones.add(if is_seen { zone } else { zone.unread() });
            }
        }
        Ok(refusal)
    }

    /// Whether any node of a zone shows: one is asked for.
    async fn shows_a_node(&mut self, zone: &Zone) -> Result<bool> {
        let request = one_level(&zone.dn, EVERYTHING, &[NO_ATTRIBUTES]);
        let mut shows = false;
        let search = self.search(&request, vec![paging::control(1, &[])]).await?;
        let result = search.each_entry(|_| {
            shows = true;
            Ok(())
        });
        let result = result.await?;
        if !shows {
            refusal_of(succeeded(&result))?;
        }
        Ok(shows)
    }

    /// Whether a naming context may be there, though this server does not show it.
    async fn may_be_partition(
        &mut self,
        partition: &DistinguishedName,
        places: &NetworkPlaces,
    ) -> Result<bool> {
        let name = ldap3::ldap_escape(partition.as_str());
        let filter = format!("(&(objectClass=crossRef)(nCName={name}))");
        let request = one_level(&places.partitions, &filter, &["nCName"]);
        let mut is_named = false;
        let search = self.search(&request, Vec::new()).await?;
        let result = search.each_entry(|_| {
            is_named = true;
            Ok(())
        });
        let result = result.await?;
        // Where the names of all are not shown, nobody can tell.
        Ok(is_named || result.rc != 0)
    }

    /// Takes the subnets, and says what of them could not be taken.
    async fn look_at_subnets(
        &mut self,
        container: &DistinguishedName,
        map: &mut NetworkMap,
        limits: &LdapLimits,
    ) -> Result<Option<String>> {
        let request = one_level(container, "(objectClass=subnet)", &["siteObject"]);
        let (mut subnets, mut misshapen) = (Subnets::default(), Misshapen::default());
        let mut held = map.held.beside();
        let look = |message: SearchMessage<'_>| {
            let SearchMessage::Entry(body) = message else { return Ok(0) };
            let entry = RawEntry::parse(body)?;
            let (name, site) = subnet(entry)?;
            let name = name.unwrap_or_default();
            let is_long = |site: &String| site.chars().count() > LONGEST_SITE;
            let prefix = match site.as_ref().is_some_and(is_long) {
                true => Err("an AD site with a longer name than an AD site may have"),
                false => Prefix::parse(&name),
            };
            match prefix {
                Ok(prefix) if subnets.add(prefix, Subnet { name, site }) => {}
                Ok(_) => misshapen.count(entry, "one of more entries than a network may have"),
                Err(reason) => misshapen.count(entry, reason),
            }
            Ok(body.len().saturating_mul(2))
        };
        let walked = self.walk(&request, &[], (limits, &mut held), look).await;
        if let Some(refusal) = refusal_of(walked)? {
            return Ok(Some(format!(
                "the subnets of the AD sites could not be read: {}; what was known of the sites of computers stays",
                refusal.report()
            )));
        }
        map.held.absorb(held);
        map.subnets = Some(subnets);
        Ok(misshapen.warning())
    }
}

/// Subnets that name no network.
#[derive(Debug, Default)]
struct Misshapen {
    count: u64,
    first: Option<(String, Reason)>,
}

impl Misshapen {
    fn count(&mut self, subnet: RawEntry<'_>, reason: Reason) {
        self.count += 1;
        self.first.get_or_insert_with(|| (subnet.dn_lossy(), reason));
    }

    fn warning(self) -> Option<String> {
        let (first, reason) = self.first?;
        let subnets = if self.count == 1 { "subnet was" } else { "subnets were" };
        let count = self.count;
        Some(format!("{count} {subnets} left out, the first of them {first}: {reason}"))
    }
}

/// A refusal of the server's, which it would repeat. Any other error is one of the read.
pub(super) fn refusal_of(walked: Result<()>) -> Result<Option<Error>> {
    match walked {
        Ok(()) => Ok(None),
        Err(error) if is_about_base(&error) => Ok(Some(error)),
        Err(error) => Err(error),
    }
}

/// Whether a refusal says that what was to be read is not there, or is with another server (RFC 4511, section 4.1.9:
/// `noSuchObject` and `referral`).
fn is_absence(refusal: &Error) -> bool {
    refusal.context().any(|(key, value)| key == "result code" && ["10", "32"].contains(&value))
}

pub(super) fn one_level(
    base: &DistinguishedName,
    filter: &str,
    attributes: &[&str],
) -> SearchRequest {
    SearchRequest {
        base: base.as_str().to_owned(),
        scope: Scope::OneLevel,
        filter: filter.to_owned(),
        attributes: attributes.iter().map(|name| (*name).to_owned()).collect(),
    }
}

/// The DN of an entry, if it has one.
pub(super) fn entry_dn(dn: &[u8]) -> Option<DistinguishedName> {
    DistinguishedName::parse(str::from_utf8(dn).ok()?).ok()
}

fn zone(mut entry: RawEntry<'_>) -> Result<Option<Zone>, Malformed> {
    let (mut kind, mut is_zone, mut guid) = (None, None, None);
    let dn = entry_dn(entry.dn);
    while let Some(mut attribute) = entry.next_attribute()? {
        let name = attribute.name.to_ascii_lowercase();
        while let Some(value) = attribute.next_value()? {
            match name.as_str() {
                "dnsproperty" => kind = kind.or_else(|| zone_type(value)),
                "objectclass" => {
                    *is_zone.get_or_insert(false) |= value.eq_ignore_ascii_case(b"dnsZone")
                }
                _ => guid = ObjectGuid::from_slice(value).ok(),
            }
        }
    }
    let zone = dn.and_then(|dn| Zone::of(dn, kind));
    let zone = match is_zone {
        None => zone.map(Zone::unread),
        Some(is_zone) => zone.filter(|_| is_zone),
    };
    Ok(zone.map(|zone| Zone { guid, ..zone }))
}

/// The name of a subnet, and the site that it is of.
fn subnet(mut entry: RawEntry<'_>) -> Result<(Option<String>, Option<String>), Malformed> {
    let name = entry_dn(entry.dn).and_then(|dn| dn.common_name());
    let mut site = None;
    while let Some(mut attribute) = entry.next_attribute()? {
        let is_site = attribute.name.eq_ignore_ascii_case("siteObject");
        while let Some(value) = attribute.next_value()? {
            site = entry_dn(value).filter(|_| is_site).and_then(|dn| dn.common_name()).or(site);
        }
    }
    Ok((name, site))
}
