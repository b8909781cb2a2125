//! One list of domains, put together of what several entries tell. Pure.

use std::collections::HashSet;

use super::domain::{ForestDomain, dns_name};
use super::entries::{Entries, Entry};
use super::extended_dn::ExtendedDn;
use crate::Printable;
use crate::name::DistinguishedName;
use crate::value::Sid;

/// `systemFlags` of a cross-reference: it is of a domain (FLAG_CR_NTDS_DOMAIN, MS-ADTS section 2.2.10).
const OF_A_DOMAIN: u32 = 0x2;

/// `trustDirection` (MS-ADTS section 6.1.6.7.12).
const INBOUND: u32 = 0x1;
const OUTBOUND: u32 = 0x2;

/// `trustAttributes`: TRUST_ATTRIBUTE_WITHIN_FOREST (MS-ADTS section 6.1.6.7.9).
const WITHIN_FOREST: u32 = 0x20;

/// The longest NetBIOS name of a domain.
const NETBIOS_NAME: usize = 15;

/// Partitions for DNS that every forest has, and that are no domains.
const ZONES: [&str; 2] = ["domaindnszones", "forestdnszones"];

/// Domains, each once, and what is to be said of those that are not among them.
#[derive(Debug, Default)]
pub(super) struct Listing {
    domains: Vec<ForestDomain>,
    /// Naming contexts that are known to be no domains, in normal form.
    others: Vec<String>,
    left_out: Vec<(String, &'static str)>,
    warnings: Vec<String>,
}

impl Listing {
    /// A list that has the own domain, if the server has one.
    pub(super) fn of(own: Option<ForestDomain>) -> Self {
        let own = own.map(|own| ForestDomain { is_own: true, is_in_forest: true, ..own });
        Self { domains: own.into_iter().collect(), ..Self::default() }
    }

    /// Takes the cross-references of the forest (MS-ADTS section 6.1.1.2.1.1).
    pub(super) fn take_cross_references(&mut self, entries: Entries) {
        self.warnings.extend(entries.incomplete);
        for entry in &entries.found {
            match cross_reference(entry) {
                Ok(CrossReference::Domain(domain)) => self.add(domain),
                Ok(CrossReference::Other(context)) => self.others.push(context.normalized()),
                Err(reason) => self.leave_out(entry, reason),
            }
        }
    }

    /// Takes the trusts of the own domain (MS-ADTS section 6.1.6).
    pub(super) fn take_trusts(&mut self, entries: Entries) {
        self.warnings.extend(entries.incomplete);
        for entry in &entries.found {
            match trust(entry) {
                Ok(domain) => self.add(domain),
                Err(reason) => self.leave_out(entry, reason),
            }
        }
    }

    /// Notes why something was not told, if it was not.
    pub(super) fn take_warning(&mut self, warning: Option<String>) {
        self.warnings.extend(warning);
    }

    /// Takes the naming contexts that the server says it has. They count where no cross-reference tells.
    pub(super) fn take_naming_contexts<'a>(&mut self, contexts: impl Iterator<Item = &'a str>) {
        for context in contexts {
            let Some(ExtendedDn { dn, guid, sid }) = ExtendedDn::parse(context) else {
                self.left_out.push((Printable(context).to_string(), "it is no DN"));
                continue;
            };
            let first = dn.common_name().unwrap_or_default().to_lowercase();
            let is_of_domain = dn.rdns().all(|rdn| rdn.attribute_type().eq_ignore_ascii_case("dc"));
            let is_known = self.others.contains(&dn.normalized());
            let dns_name = dn.domain().and_then(|name| dns_name(&name));
            if !is_of_domain || is_known || ZONES.contains(&&*first) || dns_name.is_none() {
                continue;
            }
            let naming_context = Some(dn);
            let domain =
                ForestDomain { dns_name, guid, sid, naming_context, ..ForestDomain::default() };
            self.add(ForestDomain { is_in_forest: true, ..domain });
        }
    }

    /// The domains, the own one first, then those of the forest, then the others, each by name; and what a person should
    /// know.
    pub(super) fn finish(mut self) -> (Vec<ForestDomain>, Vec<String>) {
        let key = |it: &ForestDomain| (!it.is_own, !it.is_in_forest, it.name().to_lowercase());
        self.domains.sort_by_cached_key(key);
        self.note_namesakes();
        if let Some((first, reason)) = self.left_out.first() {
            let count = self.left_out.len();
            let entries = if count == 1 { "entry was" } else { "entries were" };
            self.warnings.push(format!("{count} {entries} left out, among them {first}: {reason}"));
        }
        (self.domains, self.warnings)
    }

    /// Marks those whose DNS name one before them has.
    fn note_namesakes(&mut self) {
        let mut names = HashSet::new();
        for domain in &mut self.domains {
            let Some(name) = domain.dns_name.clone() else { continue };
            if names.contains(&name) {
                domain.is_namesake = true;
                let sid = domain.sid.as_ref().map_or("not told".to_owned(), ToString::to_string);
                self.warnings.push(format!(
                    "more than one domain is called {}; the one whose SID is {sid} has no URL and no task",
                    Printable(&name)
                ));
            }
            names.insert(name);
        }
    }

    /// Adds a domain, or what is said of one that is known.
    fn add(&mut self, domain: ForestDomain) {
        match self.domains.iter_mut().find(|known| is_same(known, &domain)) {
            Some(known) => complete(known, domain),
            None => self.domains.push(domain),
        }
    }

    fn leave_out(&mut self, entry: &Entry, reason: &'static str) {
        self.left_out.push((entry.dn.clone(), reason));
    }
}

/// Whether two sayings are of one domain. Its SID tells for sure, and else its names.
fn is_same(known: &ForestDomain, other: &ForestDomain) -> bool {
    if let (Some(known), Some(other)) = (&known.sid, &other.sid) {
        return known == other;
    }
    match (&known.dns_name, &other.dns_name) {
        (Some(known), Some(other)) => known == other,
        _ => {
            let names = [known, other].map(|it| it.netbios_name.as_deref().map(str::to_lowercase));
            matches!(names, [Some(known), Some(other)] if known == other)
        }
    }
}

/// What was said first stands.
fn complete(known: &mut ForestDomain, other: ForestDomain) {
    known.dns_name = known.dns_name.take().or(other.dns_name);
    known.netbios_name = known.netbios_name.take().or(other.netbios_name);
    known.sid = known.sid.take().or(other.sid);
    known.guid = known.guid.or(other.guid);
    known.naming_context = known.naming_context.take().or(other.naming_context);
    known.is_in_forest |= other.is_in_forest;
    known.is_trusted |= other.is_trusted;
    known.is_trusting |= other.is_trusting;
    known.trust_type = known.trust_type.or(other.trust_type);
    known.trust_attributes = known.trust_attributes.or(other.trust_attributes);
}

/// What a cross-reference is of.
enum CrossReference {
    Domain(ForestDomain),
    Other(DistinguishedName),
}

fn cross_reference(entry: &Entry) -> Result<CrossReference, &'static str> {
    let context = entry.text("nCName").and_then(ExtendedDn::parse);
    let ExtendedDn { dn, guid, sid } = context.ok_or("its nCName is no DN")?;
    let is_of_domain = match entry.bits("systemFlags") {
        Some(flags) => flags & OF_A_DOMAIN != 0,
        None => entry.value("nETBIOSName").is_some(),
    };
    if !is_of_domain {
        return Ok(CrossReference::Other(dn));
    }
    if entry.text("enabled").is_some_and(|enabled| enabled.eq_ignore_ascii_case("FALSE")) {
        return Err("its domain is not there yet");
    }
    let told = entry.text("dnsRoot").and_then(dns_name);
    let dns_name = told.or_else(|| dn.domain().and_then(|name| dns_name(&name)));
    let netbios_name = entry.text("nETBIOSName").and_then(netbios_name);
    if dns_name.is_none() && netbios_name.is_none() {
        return Err("it names no domain");
    }
    let naming_context = Some(dn);
    let domain = ForestDomain {
        dns_name,
        netbios_name,
        guid,
        sid,
        naming_context,
        ..ForestDomain::default()
    };
    Ok(CrossReference::Domain(ForestDomain { is_in_forest: true, ..domain }))
}

fn trust(entry: &Entry) -> Result<ForestDomain, &'static str> {
    let netbios_name = entry.text("flatName").and_then(netbios_name);
    let partner = entry.text("trustPartner").ok_or("it names no partner")?;
    // Of a domain without a DNS name it is the flat name again.
    let is_flat = netbios_name.as_deref().is_some_and(|flat| flat.eq_ignore_ascii_case(partner));
    let dns_name = if is_flat { None } else { dns_name(partner) };
    if dns_name.is_none() && netbios_name.is_none() {
        return Err("it names no domain");
    }
    let sid = entry.value("securityIdentifier").map(Sid::from_slice).transpose();
    let sid = sid.map_err(|_| "its securityIdentifier is no SID")?;
    let direction = entry.bits("trustDirection").ok_or("its trustDirection is no number")?;
    let trust_type = entry.bits("trustType").ok_or("its trustType is no number")?;
    let trust_attributes = entry.bits("trustAttributes");
    Ok(ForestDomain {
        dns_name,
        netbios_name,
        sid,
        is_in_forest: trust_attributes.is_some_and(|attributes| attributes & WITHIN_FOREST != 0),
        is_trusted: direction & OUTBOUND != 0,
        is_trusting: direction & INBOUND != 0,
        trust_type: Some(trust_type),
        trust_attributes,
        ..ForestDomain::default()
    })
}

/// A NetBIOS name, if it can be one.
fn netbios_name(text: &str) -> Option<String> {
    let is_plain = |c: char| !c.is_control() && !"\\/:*?\"<>|".contains(c);
    let is_name = (1..=NETBIOS_NAME).contains(&text.chars().count()) && text.chars().all(is_plain);
    is_name.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SID: &str = "S-1-5-21-1-2-3";

    fn own() -> ForestDomain {
        ForestDomain {
            dns_name: Some("corp.example".to_owned()),
            sid: Some(SID.parse().unwrap()),
            naming_context: DistinguishedName::parse("DC=corp,DC=example").ok(),
            ..ForestDomain::default()
        }
    }

    fn entries(found: Vec<Entry>) -> Entries {
        Entries { found, incomplete: None }
    }

    fn reference(name: &str, values: &[(&str, &[u8])]) -> Entry {
        Entry::of(&format!("CN={name},CN=Partitions,CN=Configuration,DC=corp,DC=example"), values)
    }

    fn trusted(name: &str, direction: &str, kind: &str, more: &[(&str, &[u8])]) -> Entry {
        let values = [
            ("trustPartner", name.as_bytes()),
            ("trustDirection", direction.as_bytes()),
            ("trustType", kind.as_bytes()),
        ];
        Entry::of(&format!("CN={name},CN=System,DC=corp,DC=example"), &[&values, more].concat())
    }

    fn relations(listing: Listing) -> Vec<(String, &'static str)> {
        let (domains, _) = listing.finish();
        domains.iter().map(|it| (it.name().to_owned(), it.relation())).collect()
    }

    #[test]
    fn one_list_is_put_together_of_all_that_is_told() {
        let child_sid: Sid = "S-1-5-21-4-5-6".parse().unwrap();
        let child = format!(
            "<GUID=4fd0f2c1-2a3b-4c5d-8e9f-0123456789ab>;<SID={child_sid}>;DC=eu,DC=corp,DC=example"
        );
        let mut listing = Listing::of(Some(own()));
        listing.take_cross_references(entries(vec![
            reference(
                "Configuration",
                &[("nCName", b"CN=Configuration,DC=corp,DC=example"), ("systemFlags", b"1")],
            ),
            reference("zones", &[("nCName", b"DC=Wiki,DC=corp,DC=example"), ("systemFlags", b"5")]),
            reference(
                "CORP",
                &[
                    ("nCName", b"DC=corp,DC=example"),
                    ("dnsRoot", b"Corp.Example"),
                    ("nETBIOSName", b"CORP"),
                    ("systemFlags", b"3"),
                ],
            ),
            reference(
                "EU",
                &[("nCName", child.as_bytes()), ("nETBIOSName", b"EU"), ("systemFlags", b"3")],
            ),
        ]));
        listing.take_trusts(entries(vec![
            trusted(
                "eu.corp.example",
                "3",
                "2",
                &[("trustAttributes", b"32"), ("securityIdentifier", &child_sid.to_bytes())],
            ),
            trusted("partner.example", "2", "2", &[("flatName", b"PARTNER")]),
            trusted("agency.example", "1", "2", &[]),
            trusted("friend.example", "3", "2", &[]),
            trusted("former.example", "0", "2", &[]),
            trusted("NT4", "1", "1", &[("flatName", b"NT4")]),
            trusted("REALM.EXAMPLE", "3", "3", &[]),
        ]));
        let contexts = [
            "DC=corp,DC=example",
            "CN=Schema,CN=Configuration,DC=corp,DC=example",
            "DC=Wiki,DC=corp,DC=example",
            "DC=DomainDnsZones,DC=corp,DC=example",
            "DC=us,DC=corp,DC=example",
        ];
        listing.take_naming_contexts(contexts.into_iter());
        let (domains, warnings) = listing.finish();
        let told: Vec<_> = domains.iter().map(|it| (it.name(), it.relation())).collect();
        assert_eq!(
            told,
            [
                ("corp.example", "own"),
                ("eu.corp.example", "forest"),
                ("us.corp.example", "forest"),
                ("agency.example", "trusting"),
                ("former.example", "disabled"),
                ("friend.example", "both"),
                ("NT4", "trusting"),
                ("partner.example", "trusted"),
                ("realm.example", "both"),
            ]
        );
        assert_eq!(warnings, Vec::<String>::new());
        let [own, eu, ..] = domains.as_slice() else { panic!("{domains:?}") };
        assert_eq!(own.netbios_name.as_deref(), Some("CORP"));
        assert_eq!((&eu.sid, eu.trust_type, eu.is_trusted), (&Some(child_sid), Some(2), true));
        assert!(eu.guid.is_some() && eu.netbios_name.as_deref() == Some("EU"));
        let with_url = domains.iter().filter(|it| it.url().is_some()).count();
        assert_eq!(with_url, domains.len() - 2, "neither NT4 nor the realm");
    }

    #[test]
    fn what_cannot_be_read_is_left_out_counted_and_named() {
        let mut listing = Listing::of(None);
        listing.take_cross_references(entries(vec![
            reference("no-dn", &[("nCName", b"nonsense"), ("systemFlags", b"3")]),
            reference("none", &[("systemFlags", b"3")]),
            reference(
                "later",
                &[("nCName", b"DC=later"), ("systemFlags", b"3"), ("enabled", b"FALSE")],
            ),
            reference(
                "nameless",
                &[("nCName", b"OU=x"), ("systemFlags", b"3"), ("nETBIOSName", b"")],
            ),
        ]));
        listing.take_trusts(entries(vec![
            trusted("a.example", "3", "2", &[("securityIdentifier", b"\x01\x09short")]),
            trusted("b.example", "sideways", "2", &[]),
            trusted("c.example", "3", "99999999999", &[]),
            trusted("\u{7}", "3", "2", &[]),
            Entry::of("CN=d,CN=System", &[("trustDirection", b"3")]),
            trusted("good.example", "3", "2", &[]),
        ]));
        listing.take_naming_contexts(["nonsense"].into_iter());
        let (domains, warnings) = listing.finish();
        assert_eq!(domains.len(), 1, "{domains:?}");
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(warning.starts_with("10 entries were left out, among them CN=no-dn,"), "{warning}");
        assert!(warning.ends_with("its nCName is no DN"), "{warning}");
    }

    #[test]
    fn two_domains_that_claim_one_name_stay_two() {
        let mut listing = Listing::of(Some(own()));
        let other: Sid = "S-1-5-21-9-9-9".parse().unwrap();
        listing.take_trusts(entries(vec![trusted(
            "corp.example",
            "2",
            "2",
            &[("securityIdentifier", &other.to_bytes())],
        )]));
        let (domains, warnings) = listing.finish();
        let told: Vec<_> =
            domains.iter().map(|it| (it.name(), it.relation(), it.is_namesake)).collect();
        assert_eq!(told, [("corp.example", "own", false), ("corp.example", "trusted", true)]);
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(warning.contains("S-1-5-21-9-9-9"), "{warning}");
    }

    #[test]
    fn one_name_in_two_forms_is_one_domain() {
        let mut listing = Listing::of(Some(own()));
        listing.take_trusts(entries(vec![
            trusted("co\u{ad}rp.example", "2", "2", &[]),
            trusted("\u{ff43}orp.example.", "1", "2", &[]),
        ]));
        assert_eq!(relations(listing), [("corp.example".to_owned(), "own")]);
    }

    #[test]
    fn a_cross_reference_without_flags_is_of_a_domain_if_it_has_a_netbios_name() {
        let mut listing = Listing::of(None);
        listing.take_cross_references(entries(vec![
            reference("A", &[("nCName", b"DC=a,DC=example"), ("nETBIOSName", b"A")]),
            reference("B", &[("nCName", b"DC=b,DC=example")]),
        ]));
        assert_eq!(relations(listing), [("a.example".to_owned(), "forest")]);
    }
}
