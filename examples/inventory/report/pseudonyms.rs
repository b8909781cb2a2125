//! Other names in the place of names, so that whatever decisions depend on stays as it was.

use std::collections::{BTreeSet, HashMap};

use ldap_inventory::directory::{DirectoryObject, ServerIdentity};
use ldap_inventory::name::{DistinguishedName, Hostname};
use ldap_inventory::value::{ObjectGuid, ObjectKind, RecordDigest, RunId, Sid};

/// As long as NetBIOS names may be: what is longer is cut there.
const NETBIOS: usize = 15;
/// As long as every shorter name becomes, and what a longer one has beyond it.
const SHORT: usize = 10;
/// As long as a label may be (RFC 1035).
const LONGEST_LABEL: usize = 63;

/// Names that every domain has, and by which objects are told apart that are no hosts.
const WELL_KNOWN: [&str; 9] = [
    "azureadkerberos",
    "azureadssoacc",
    "builtin",
    "computers",
    "domain controllers",
    "foreignsecurityprincipals",
    "managed service accounts",
    "system",
    "users",
];

/// Where the storage accounts of Azure are.
const CLOUDS: [&str; 3] =
    [".file.core.windows.net", ".file.core.usgovcloudapi.net", ".file.core.chinacloudapi.cn"];

/// Other names: the same for the same name, made with a key that is kept nowhere.
#[derive(Debug)]
pub(super) struct Pseudonyms {
    key: String,
    /// In the order of those that they stand for, since the lower one goes first where nothing else decides.
    guids: HashMap<ObjectGuid, ObjectGuid>,
}

impl Pseudonyms {
    pub(super) fn for_objects(guids: BTreeSet<ObjectGuid>) -> Self {
        let key = [(); 4].map(|()| RunId::random_v7().to_string()).concat();
        let mut pseudonyms = Self { key, guids: HashMap::new() };
        let other = |guid: &ObjectGuid| {
            ObjectGuid::from_bytes(pseudonyms.digest("guid", &guid.to_string()))
        };
        let others: BTreeSet<ObjectGuid> = guids.iter().map(other).collect();
        pseudonyms.guids = guids.into_iter().zip(others).collect();
        pseudonyms
    }

    pub(super) fn guid(&self, guid: ObjectGuid) -> ObjectGuid {
        let other = || ObjectGuid::from_bytes(self.digest("guid", &guid.to_string()));
        self.guids.get(&guid).copied().unwrap_or_else(other)
    }

    /// The same relative identifier of another domain. What every domain has stays.
    pub(super) fn sid(&self, sid: &Sid) -> Option<Sid> {
        let Some(domain) = sid.domain() else { return Some(sid.clone()) };
        let digest = self.digest("sid", &domain.to_string());
        let (parts, _) = digest.as_chunks::<4>();
        let parts: Vec<String> =
            parts.iter().take(3).map(|part| u32::from_be_bytes(*part).to_string()).collect();
        format!("S-1-5-21-{}", parts.join("-")).parse::<Sid>().ok()?.with_rid(sid.rid()?)
    }

    /// The name of a host, or of a domain: label by label, so that what is within another domain stays within it. One
    /// that says nothing of a host stays, less its numbers.
    pub(super) fn host(&self, name: &str) -> String {
        let Ok(host) = Hostname::parse(name) else { return self.word(name) };
        let canonical = host.as_str();
        if let Some(cloud) = CLOUDS.iter().find(|cloud| canonical.ends_with(*cloud)) {
            return format!("{}{cloud}", self.label(canonical.trim_end_matches(cloud)));
        }
        let domain = host.domain().map(|domain| self.domain(domain));
        let short = match host.is_weak() {
            true => self.without_numbers(host.short()),
            false => self.label(host.short()),
        };
        domain.map_or_else(|| short.clone(), |domain| format!("{short}.{domain}"))
    }

    /// The name of a domain, DNS or NetBIOS. One that anybody may use stays.
    pub(super) fn domain(&self, name: &str) -> String {
        let name = name.to_lowercase();
        let is_anybodys = Hostname::parse(&format!("host.{name}"))
            .is_ok_and(|host| host.domain().is_some() && !host.has_authoritative_domain());
        if is_anybodys {
            return name;
        }
        let (own, above) =
            name.split_once('.').map_or((&*name, None), |(own, above)| (own, Some(above)));
        let own = self.label(own);
        above.map_or_else(|| own.clone(), |above| format!("{own}.{}", self.domain(above)))
    }

    /// An account: `NAME$` of a computer.
    pub(super) fn account(&self, account: &str) -> String {
        // What a domain controller calls an account whose name another one has.
        if account.starts_with("$DUPLICATE-") {
            return account.to_owned();
        }
        match account.strip_suffix('$') {
            Some(name) => format!("{}$", self.host(name).to_uppercase()),
            None => self.host(account),
        }
    }

    /// `class/host:port`. Whatever else is behind is left out.
    pub(super) fn principal(&self, name: &str) -> Option<String> {
        let (class, host) = name.split_once('/')?;
        let host = host.split('/').next()?;
        let (host, port) =
            host.split_once(':').map_or((host, None), |(host, port)| (host, Some(port)));
        let port = port.filter(|port| port.bytes().all(|digit| digit.is_ascii_digit()));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        Some(format!("{class}/{}{port}", self.host(host)))
    }

    /// Every name of a DN.
    pub(super) fn dn(&self, dn: &DistinguishedName) -> Option<DistinguishedName> {
        let mut parts = Vec::new();
        let mut next = Some(dn.clone());
        while let Some(entry) = next {
            let (kind, _) = entry.as_str().split_once('=')?;
            let kind = kind.trim();
            let value = entry.common_name()?;
            let value = match value.split_once('\n') {
                _ if kind.eq_ignore_ascii_case("dc") => self.label(&value),
                // The loser of a replication conflict.
                Some((name, _)) if entry.is_conflict_object() => {
                    let guid = ObjectGuid::from_bytes(self.digest("guid", &value));
                    format!("{}\nCNF:{guid}", self.word(name))
                }
                _ => self.word(&value),
            };
            parts.push(format!("{kind}={}", DistinguishedName::escape_value(&value)));
            next = entry.parent();
        }
        DistinguishedName::parse(&parts.join(",")).ok()
    }

    /// A name of whatever sort. That of a host is the same word as where it is one.
    pub(super) fn word(&self, name: &str) -> String {
        let folded = name.trim().to_lowercase();
        match WELL_KNOWN.contains(&folded.as_str()) {
            true => name.to_owned(),
            false if Hostname::parse(name).is_ok_and(|host| host.domain().is_none()) => {
                self.host(name)
            }
            false => self.token("word", &folded, SHORT),
        }
    }

    /// Entries that tell the domain's own names: its suffixes, its NetBIOS name, and the other domains of its forest.
    pub(super) fn domains_of(&self, server: &ServerIdentity) -> String {
        let Some(own) = server.default_naming_context.as_ref().and_then(|own| self.dn(own)) else {
            return String::new();
        };
        let entry = |dn: &str, guid: &str, values: &[(&str, String)]| {
            let guid = ObjectGuid::from_bytes(self.digest("guid", guid));
            let dn = DistinguishedName::parse(dn).ok()?;
            // What kind of object it is does not show in the entry.
            let mut object = DirectoryObject::new(ObjectKind::Group, guid, dn);
            object.attributes =
                values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            Some(object.to_ldif())
        };
        let class = |class: &str| ("objectClass", class.to_owned());
        let suffixes = server.allowed_suffixes.iter();
        let suffixes = suffixes.map(|suffix| ("msDS-AllowedDNSSuffixes", self.domain(suffix)));
        let values: Vec<_> = [class("domainDNS")].into_iter().chain(suffixes).collect();
        let mut told = entry(own.as_str(), "domain", &values).unwrap_or_default();
        let mut partition = |name: &str, naming_context: &str, dns_name: &str| {
            let dn = format!("CN={name},CN=Partitions,CN=Configuration,{own}");
            let names = [
                class("crossRef"),
                ("nCName", naming_context.to_owned()),
                ("nETBIOSName", name.to_owned()),
                ("dnsRoot", dns_name.to_owned()),
            ];
            told.push_str(&entry(&dn, dns_name, &names).unwrap_or_default());
        };
        let dns_name = own.domain().unwrap_or_default();
        if let Some(netbios) = &server.netbios_domain {
            partition(&self.label(netbios).to_uppercase(), own.as_str(), &dns_name);
        }
        for other in &server.other_domains {
            let other = self.domain(other);
            let labels: Vec<String> = other.split('.').map(|label| format!("DC={label}")).collect();
            let name = other.split('.').next().unwrap_or_default().to_uppercase();
            partition(&name, &labels.join(","), &other);
        }
        told
    }

    /// One label of a name. Short ones are all as long; one of 15 characters stays that long, and is the beginning of
    /// those whose first 15 characters it is.
    fn label(&self, label: &str) -> String {
        let label = Hostname::parse(label)
            .map_or_else(|_| label.to_lowercase(), |it| it.as_str().to_owned());
        if label.contains('.') {
            return self.domain(&label);
        }
        let cut: String = label.chars().take(NETBIOS).collect();
        let length = label.chars().count();
        if length < NETBIOS {
            return self.token("label", &label, SHORT);
        }
        let mut token = self.token("cut", &cut, NETBIOS);
        if length > NETBIOS {
            let rest = (length - NETBIOS).clamp(SHORT, LONGEST_LABEL - NETBIOS);
            token.push_str(&self.token("label", &label, rest));
        }
        token
    }

    /// The same with other numbers, each as long as before, and in the range of an address's.
    fn without_numbers(&self, name: &str) -> String {
        let digest = self.digest("numbers", name);
        let mut digits = digest.iter().cycle();
        let mut run = 0;
        let other = |c: char| {
            if !c.is_ascii_digit() {
                run = 0;
                return c;
            }
            run += 1;
            let octet = *digits.next().unwrap_or(&0);
            let (least, most) = if run == 1 { (b'1', 1) } else { (b'0', 10) };
            char::from(least + octet % most)
        };
        name.chars().map(other).collect()
    }

    /// A word of so many letters and digits, beginning with a letter.
    fn token(&self, sort: &str, text: &str, length: usize) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
        let more = (0_u32..).flat_map(|n| self.digest(sort, &format!("{n} {text}")));
        let letters =
            more.map(|octet| char::from(*ALPHABET.get(usize::from(octet % 32)).unwrap_or(&b'a')));
        std::iter::once('x').chain(letters).take(length).collect()
    }

    fn digest(&self, sort: &str, text: &str) -> [u8; 16] {
        RecordDigest::of([self.key.as_str(), sort, text]).0
    }
}
