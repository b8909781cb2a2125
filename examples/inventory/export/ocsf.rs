//! Events of the Open Cybersecurity Schema Framework ([schema.ocsf.io](https://schema.ocsf.io)), one JSON object a line:
//! *Device Inventory Info* (5001) of an asset, *User Inventory Info* (5003) of a user.

use std::io::Write;

use ldap_inventory::asset::{Asset, DirectoryUser};
use ldap_inventory::name::{DistinguishedName, Hostname};
use ldap_inventory::value::{Attributes, OrganizationId, Timestamp};
use serde_json::{Map, Value, json};

use super::{Export, called};
use crate::exit::Failure;
use crate::printed::json_line;

/// The version of the schema.
const VERSION: &str = "1.8.0";
/// The category *Discovery*, the activity *Collect*, and the severity *Informational*.
const DISCOVERY: u64 = 5;
const COLLECT: u64 = 2;
const INFORMATIONAL: u64 = 1;
/// What a type is that the schema has no number for, and one that is not known.
const OTHER: u64 = 99;
const UNKNOWN: u64 = 0;

/// The sorts of device, by the words for them.
const DEVICES: [(&str, u64); 18] = [
    ("server", 1),
    ("domain controller", 1),
    ("desktop", 2),
    ("workstation", 2),
    ("laptop", 3),
    ("tablet", 4),
    ("mobile", 5),
    ("phone", 5),
    ("virtual", 6),
    ("hypervisor", 1),
    ("iot", 7),
    ("firewall", 9),
    ("switch", 10),
    ("hub", 11),
    ("router", 12),
    ("ids", 13),
    ("ips", 14),
    ("load balancer", 15),
];

/// The families of operating systems, by words of their names. The first that is there counts.
const SYSTEMS: [(&str, u64, &str); 24] = [
    ("cisco", OTHER, "Cisco"),
    ("fortios", OTHER, "FortiOS"),
    ("windows mobile", 101, "Windows Mobile"),
    ("windows", 100, "Windows"),
    ("android", 201, "Android"),
    ("ipados", 302, "iPadOS"),
    ("macos", 300, "macOS"),
    ("mac os", 300, "macOS"),
    ("os x", 300, "macOS"),
    ("solaris", 400, "Solaris"),
    ("sunos", 400, "Solaris"),
    ("aix", 401, "AIX"),
    ("hp-ux", 402, "HP-UX"),
    ("linux", 200, "Linux"),
    ("ubuntu", 200, "Linux"),
    ("debian", 200, "Linux"),
    ("red hat", 200, "Linux"),
    ("rhel", 200, "Linux"),
    ("centos", 200, "Linux"),
    ("rocky", 200, "Linux"),
    ("alma", 200, "Linux"),
    ("fedora", 200, "Linux"),
    ("suse", 200, "Linux"),
    ("ios", 301, "iOS"),
];

pub(super) struct Ocsf<'a> {
    out: &'a mut dyn Write,
    organization: OrganizationId,
    now: Timestamp,
}

impl<'a> Ocsf<'a> {
    /// Events that are collected now.
    pub(super) fn new(
        out: &'a mut dyn Write,
        organization: OrganizationId,
        now: Timestamp,
    ) -> Self {
        Self { out, organization, now }
    }

    /// An event of a class, with what it is about and what the schema has no attribute for.
    fn put(
        &mut self,
        (class, name): (u64, &str),
        subject: (&str, Value),
        unmapped: Value,
    ) -> Result<(), Failure> {
        let mut event = json!({
            "activity_id": COLLECT,
            "activity_name": "Collect",
            "category_uid": DISCOVERY,
            "category_name": "Discovery",
            "class_uid": class,
            "class_name": name,
            "type_uid": class * 100 + COLLECT,
            "type_name": format!("{name}: Collect"),
            "severity_id": INFORMATIONAL,
            "severity": "Informational",
            "time": millis(self.now),
            "metadata": {
                "version": VERSION,
                "tenant_uid": self.organization,
                "product": {
                    "name": "inventory",
                    "vendor_name": env!("CARGO_PKG_NAME"),
                    "version": env!("CARGO_PKG_VERSION"),
                },
            },
            "unmapped": known(unmapped),
        });
        if let Some(event) = event.as_object_mut() {
            event.insert(subject.0.to_owned(), known(subject.1));
        }
        Ok(json_line(&mut self.out, &event)?)
    }
}

impl Export<Asset> for Ocsf<'_> {
    fn put(&mut self, asset: &Asset) -> Result<(), Failure> {
        let unmapped = json!({
            "site": asset.site,
            "sources": asset.source_kinds(),
            "tags": asset.live_tags().collect::<Vec<_>>(),
            "criticality": asset.criticality(),
            "aliases": asset.aliases().map(Hostname::to_unicode).collect::<Vec<_>>(),
        });
        let device = device(asset, &self.organization);
        self.put((5001, "Device Inventory Info"), ("device", device), unmapped)
    }

    fn end(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

impl Export<DirectoryUser> for Ocsf<'_> {
    fn put(&mut self, user: &DirectoryUser) -> Result<(), Failure> {
        let unmapped = json!({
            "source": user.source,
            "state": user.presence.as_str(),
            "is_disabled": user.attributes.first("isDisabled").map(|text| text == "true"),
        });
        let user = person(user, &self.organization);
        self.put((5003, "User Inventory Info"), ("user", user), unmapped)
    }

    fn end(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

fn device(asset: &Asset, organization: &OrganizationId) -> Value {
    let names: Vec<&Hostname> = asset.live_names().collect();
    let host = names.iter().find(|name| name.domain().is_some()).or(names.first());
    let object = asset.parts.iter().find(|part| part.object.is_some());
    let first = |name| object.and_then(|part| part.attributes.first(name));
    let kind = asset.kind();
    let macs: Vec<&str> = asset.live_macs().collect();
    let interfaces = asset.live_addresses().map(|ip| json!({ "ip": ip }));
    // The schema's MAC addresses have six octets; a longer one is an identity of the interface.
    let interfaces = interfaces.chain(macs.iter().map(|mac| match is_eui48(mac) {
        true => json!({ "mac": mac }),
        false => json!({ "uid": mac }),
    }));
    json!({
        "uid": asset.id,
        "uid_alt": object.and_then(|part| part.object),
        "type_id": kind.map_or(UNKNOWN, device_type),
        "type": kind,
        "name": called(asset),
        "hostname": host.map(|name| name.as_str()),
        "domain": asset.live_domains().next(),
        "ip": asset.live_addresses().next(),
        "mac": macs.iter().find(|mac| is_eui48(mac)),
        "network_interfaces": interfaces.collect::<Vec<_>>(),
        "os": asset.os().map(|name| system(name, asset)),
        "model": asset.hw(),
        "owner": asset.owner().map(|name| json!({ "name": name })),
        "desc": asset.comment().or(first("description")),
        "first_seen_time": asset.first_seen().map(millis),
        "last_seen_time": asset.last_seen().map(millis),
        "created_time": moment(first("whenCreatedTS")),
        "org": { "name": organization },
    })
}

/// Whether a text has a word. Short ones stand by themselves, or they would be found within others.
fn has_word(text: &str, word: &str) -> bool {
    const SHORT: usize = 4;
    let is_apart = |(at, _): (usize, &str)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let behind = text.get(at + word.len()..).and_then(|behind| behind.chars().next());
        !before.is_some_and(char::is_alphanumeric) && !behind.is_some_and(char::is_alphabetic)
    };
    text.match_indices(word).any(|found| word.len() > SHORT || is_apart(found))
}

fn system(name: &str, asset: &Asset) -> Value {
    let folded = name.to_lowercase();
    let family = SYSTEMS.iter().find(|(word, ..)| has_word(&folded, word));
    let support = asset.os_support();
    json!({
        "name": name,
        "type_id": family.map_or(OTHER, |(_, id, _)| *id),
        "type": family.map(|(.., family)| family),
        "version": asset.os_version(),
        "build": support.first("build"),
        "edition": support.first("edition"),
        "cpe_name": support.first("cpe"),
    })
}

fn person(user: &DirectoryUser, organization: &OrganizationId) -> Value {
    let first = |name| user.attributes.first(name);
    let groups = user.groups.iter().map(|dn| json!({ "name": group_name(dn), "uid": dn }));
    json!({
        "uid": user.object,
        "uid_alt": user.sid,
        "name": first("sAMAccountName").or(first("cn")),
        "display_name": first("displayName"),
        "full_name": first("displayName"),
        "email_addr": first("mail").filter(|mail| is_mail(mail)),
        "phone_number": first("telephoneNumber"),
        "domain": user.source.name(),
        "type_id": 1,
        "type": "User",
        "groups": groups.collect::<Vec<_>>(),
        "org": { "name": organization },
        "ldap_person": known(ldap_person(user, &user.attributes)),
    })
}

fn ldap_person(user: &DirectoryUser, attributes: &Attributes) -> Value {
    let first = |name| attributes.first(name);
    json!({
        "ldap_dn": user.dn,
        "ldap_cn": first("cn"),
        "display_name": first("displayName"),
        "given_name": first("givenName"),
        "surname": first("sn"),
        "job_title": first("title"),
        "department": first("department"),
        "office_location": first("physicalDeliveryOfficeName"),
        "phone_number": first("telephoneNumber"),
        "email_addrs": attributes.values("mail").filter(|mail| is_mail(mail)).collect::<Vec<_>>(),
        "created_time": moment(first("whenCreatedTS")),
        "modified_time": moment(first("whenChangedTS")),
        "last_login_time": moment(first("lastLogonTimestampTS")),
    })
}

/// An object without what is not known.
fn known(value: Value) -> Value {
    let Value::Object(members) = value else { return value };
    let is_nothing = |value: &Value| match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(members) => members.is_empty(),
        _ => false,
    };
    let members = members.into_iter().map(|(name, value)| (name, known(value)));
    Value::Object(members.filter(|(_, value)| !is_nothing(value)).collect::<Map<_, _>>())
}

fn device_type(kind: &str) -> u64 {
    let kind = kind.to_lowercase();
    DEVICES.iter().find(|(word, _)| has_word(&kind, word)).map_or(OTHER, |(_, id)| *id)
}

/// The name in a group's DN.
fn group_name(dn: &DistinguishedName) -> String {
    dn.common_name().unwrap_or_else(|| dn.as_str().to_owned())
}

/// Milliseconds since 1970.
fn millis(time: Timestamp) -> i64 {
    time.as_micros().div_euclid(1_000)
}

fn moment(text: Option<&str>) -> Option<i64> {
    Some(millis(text?.parse().ok()?))
}

fn is_eui48(mac: &str) -> bool {
    mac.len() == "00:1b:44:11:3a:b7".len()
}

/// Whether the schema takes it for a mail address.
fn is_mail(text: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    text.is_ascii()
        && !text.contains(char::is_whitespace)
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && domain.chars().all(is_plain)
        })
}
