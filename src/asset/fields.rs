//! What queries call the fields of assets, users and groups.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::support::{SUPPORT, System};
use super::{Asset, DirectoryGroup, DirectoryUser};
use crate::name::{to_ascii, to_unicode};
use crate::os::Lifecycle;
use crate::query::{Field, Fields, Value, Visit, fold_case, is_time_attribute};
use crate::value::{Attributes, Timestamp};

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// What [`Asset::FIELDS`] has, but for what needs others: `name_overlap` and the state `unresolved` are known to
/// [`selects_asset`](super::SearchRequest::selects_asset). Attributes are asked for by what a part files them under:
/// `@ldap.computer.dNSHostName`.
impl Fields for Asset {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            "id" => visit(Value::Word(&self.id.to_string())),
            "name" | "names" => {
                let mut names = self.live_names().chain(self.aliases());
                names.try_for_each(|name| named_so(name.as_str(), visit))
            }
            "alias" | "aliases" => {
                self.aliases().try_for_each(|name| named_so(name.as_str(), visit))
            }
            "domain" | "domains" => {
                self.live_domains().try_for_each(|domain| named_so(domain, visit))
            }
            "address" | "addresses" => {
                self.live_addresses().try_for_each(|address| visit(Value::Address(address)))
            }
            "mac" | "macs" => self.live_macs().try_for_each(|mac| {
                visit(Value::Name { unicode: mac, ascii: &mac.replace(':', "-") })
            }),
            "os" => self.os().map_or(GO_ON, |os| visit(Value::Text(os))),
            "os_version" => self.os_version().map_or(GO_ON, |version| visit(Value::Text(version))),
            "type" => self.kind().map_or(GO_ON, |kind| visit(Value::Word(kind))),
            "hw" => self.hw().map_or(GO_ON, |hw| visit(Value::Text(hw))),
            "owner" => self.owner().map_or(GO_ON, |owner| visit(Value::Text(owner))),
            "tag" | "tags" => self.live_tags().try_for_each(|tag| visit(Value::Text(tag))),
            "comment" => self.comment().map_or(GO_ON, |comment| visit(Value::Text(comment))),
            "criticality" => self.criticality().map_or(GO_ON, |word| visit(Value::Word(word))),
            "service" | "services" => self.attribute(COMPUTER, SERVICES, visit),
            "site" => visit(Value::Word(self.site.as_str())),
            "source" | "sources" => {
                let kinds = self.source_kinds();
                let mut sources: Vec<&str> = self.parts.iter().map(|p| p.source.as_str()).collect();
                sources.sort_unstable();
                sources.dedup();
                kinds.into_iter().chain(sources).try_for_each(|source| visit(Value::Word(source)))
            }
            "state" => {
                let states: BTreeSet<&str> =
                    self.parts.iter().map(|part| part.presence.as_str()).collect();
                states.into_iter().try_for_each(|state| visit(Value::Word(state)))
            }
            "first_seen" => moment(self.first_seen(), visit),
            "last_seen" => moment(self.last_seen(), visit),
            _ if SUPPORT.contains(&name) => System::of(self, Lifecycle::known()).field(name, visit),
            _ => GO_ON,
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let mut parts = self.parts.iter().filter(|part| fold_case(&part.key) == source);
        parts.try_for_each(|part| attribute(&part.attributes, name, visit))
    }

    fn is_time(&self, name: &str) -> bool {
        Asset::has_times(name)
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        for part in &self.parts {
            part.attributes.iter().for_each(|(name, _)| visit(&part.key, name));
        }
    }
}

/// What [`DirectoryUser::FIELDS`] has, and every attribute by its bare name: `isDisabled:true`. `nested` needs the groups: a
/// [`Nesting`](super::Nesting) knows it.
impl Fields for DirectoryUser {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let attributes = &self.attributes;
        match name {
            "id" => visit(Value::Word(&self.object.to_string())),
            "dn" => visit(Value::Text(self.dn.as_str())),
            "group" | "groups" => {
                self.groups.iter().try_for_each(|group| visit(Value::Text(group.as_str())))
            }
            "site" => visit(Value::Word(self.site.as_str())),
            "source" | "sources" => {
                visit(Value::Word(self.source.kind()))?;
                visit(Value::Word(self.source.as_str()))
            }
            "state" => visit(Value::Word(self.presence.as_str())),
            "name" | "names" => named(attributes, &USER_NAMES, visit),
            other => attribute(attributes, attribute_of(other), visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        if source == USER { attribute(&self.attributes, name, visit) } else { GO_ON }
    }

    fn is_time(&self, name: &str) -> bool {
        Field::has_times(DirectoryUser::FIELDS, name)
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        self.attributes.iter().for_each(|(name, _)| visit(USER, name));
    }
}

/// What [`DirectoryGroup::FIELDS`] has, and every attribute by its bare name. `nested` needs the other groups: a
/// [`Nesting`](super::Nesting) knows it.
impl Fields for DirectoryGroup {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let attributes = &self.attributes;
        match name {
            "id" => visit(Value::Word(&self.object.to_string())),
            "dn" => visit(Value::Text(self.dn.as_str())),
            "member" | "members" => {
                self.members.iter().try_for_each(|member| visit(Value::Text(member.dn.as_str())))
            }
            "complete" => visit(Value::Boolean(self.complete)),
            "site" => visit(Value::Word(self.site.as_str())),
            "source" | "sources" => {
                visit(Value::Word(self.source.kind()))?;
                visit(Value::Word(self.source.as_str()))
            }
            "state" => visit(Value::Word(self.presence.as_str())),
            "name" | "names" => named(attributes, &GROUP_NAMES, visit),
            other => attribute(attributes, attribute_of(other), visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        if source == GROUP { attribute(&self.attributes, name, visit) } else { GO_ON }
    }

    fn is_time(&self, name: &str) -> bool {
        Field::has_times(DirectoryGroup::FIELDS, name)
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        self.attributes.iter().for_each(|(name, _)| visit(GROUP, name));
    }
}

/// Where the services of a computer are.
pub(super) const COMPUTER: &str = "@ldap.computer";
pub(super) const SERVICES: &str = "services";

/// What the attributes of users and groups are filed under, and where their names are.
const USER: &str = "@ldap.user";
const GROUP: &str = "@ldap.group";
const GROUP_NAMES: [&str; 3] = ["displayName", "sAMAccountName", "cn"];
const USER_NAMES: [&str; 5] = ["displayName", "sAMAccountName", "cn", "userPrincipalName", "mail"];

/// The attribute behind a field of a user or group. Every other field is an attribute itself.
fn attribute_of(field: &str) -> &str {
    match field {
        "display_name" => "displayname",
        "sam_account_name" => "samaccountname",
        "upn" => "userprincipalname",
        "email" => "mail",
        "is_disabled" => "isdisabled",
        other => other,
    }
}

/// A host name or domain, in both forms where it has two.
fn named_so(name: &str, visit: Visit<'_>) -> ControlFlow<()> {
    let (unicode, ascii) = (to_unicode(name), to_ascii(name));
    let has_two = unicode != ascii;
    visit(if has_two {
        Value::Name { unicode: &unicode, ascii: &ascii }
    } else {
        Value::Text(name)
    })
}

fn moment(time: Option<Timestamp>, visit: Visit<'_>) -> ControlFlow<()> {
    time.map_or(GO_ON, |time| visit(Value::Time(time.as_micros())))
}

/// The values of several attributes, each value once.
fn named(attributes: &Attributes, names: &[&str], visit: Visit<'_>) -> ControlFlow<()> {
    let mut seen = Vec::new();
    for value in names.iter().flat_map(|name| attributes.values(name)) {
        if !seen.contains(&value) {
            seen.push(value);
            visit(Value::Text(value))?;
        }
    }
    GO_ON
}

/// The values of the attribute with this folded name, as times where the name says that they are.
fn attribute(attributes: &Attributes, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
    let values = attributes.iter().filter(|(own, _)| fold_case(own) == name);
    let mut values = values.map(|(_, value)| value_of(name, value));
    values.try_for_each(visit)
}

fn value_of<'a>(folded_name: &str, value: &'a str) -> Value<'a> {
    let parsed = is_time_attribute(folded_name).then(|| value.parse::<Timestamp>().ok()).flatten();
    parsed.map_or(Value::Text(value), |time| Value::Time(time.as_micros()))
}

impl Asset {
    /// Whether the values of a field are times.
    pub(super) fn has_times(field: &str) -> bool {
        Field::has_times(Asset::FIELDS, field)
    }

    /// Shows every value of every attribute as queries see it: its source's folded key, its folded name, the
    /// value. For stores that index them, as by a [`AttributeBloom`](crate::query::sql::AttributeBloom).
    pub fn each_attribute(&self, mut visit: impl FnMut(&str, &str, Value<'_>)) {
        for part in &self.parts {
            let source = fold_case(&part.key);
            for (name, value) in part.attributes.iter() {
                let name = fold_case(name);
                visit(&source, &name, value_of(&name, value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{Claim, Presence, SourceRecord};
    use crate::query::Query;
    use crate::value::{AssetId, ObjectGuid, RunId, SourceId};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).unwrap()
    }

    fn asset() -> Asset {
        let id = AssetId::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let mut asset = Asset::new(id, "acme".parse().unwrap(), "HQ".parse().unwrap());
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let mut part = SourceRecord::new(0, source, "@ldap.computer", at(0));
        part.attributes = [
            ("dNSHostName", "WEB1.corp.example"),
            ("isDisabled", "false"),
            ("lastLogonTS", "1970-01-02T00:00:00Z"),
            ("memberOf", "CN=A"),
            ("memberOf", "CN=B"),
            ("services", "mssql:1433"),
            ("services", "http@intranet.corp.example"),
        ]
        .into_iter()
        .collect();
        asset.parts.push(part);
        for (name, until) in [("web1.corp.example", None), ("old1", Some(at(5)))] {
            let mut claim = Claim::new(name.parse().unwrap(), 0, None, at(0));
            claim.until = until;
            asset.names.push(claim);
        }
        asset.domains.push(Claim::new("corp.example".to_owned(), 0, None, at(0)));
        asset.addresses.push(Claim::new("10.0.0.5".parse().unwrap(), 0, None, at(0)));
        asset.os.push(Claim::new("Windows Server 2022".to_owned(), 0, None, at(0)));
        asset.kind.push(Claim::new("server".to_owned(), 0, None, at(0)));
        asset.macs.push(Claim::new("00:1b:44:11:3a:b7".to_owned(), 0, None, at(0)));
        asset.hw.push(Claim::new("Dell PowerEdge R640".to_owned(), 0, None, at(0)));
        for (owner, since) in [("jane", 1), ("bob", 0)] {
            asset.owner.push(Claim::new(owner.to_owned(), 0, None, at(since)));
        }
        for tag in ["pci", "env=prod"] {
            asset.tags.push(Claim::new(tag.to_owned(), 0, None, at(0)));
        }
        asset.comment.push(Claim::new("on lease".to_owned(), 0, None, at(0)));
        asset.criticality.push(Claim::new("high".to_owned(), 0, None, at(0)));
        asset.last_seen.push(Claim::new(at(86_400), 0, None, at(0)));
        asset
    }

    fn holds(query: &str, item: &impl Fields) -> bool {
        Query::parse(query).unwrap().matches(item, 2 * 86_400_000_000)
    }

    #[test]
    fn an_asset_is_found_by_each_of_its_fields() {
        for query in [
            "web1",
            "old1",
            "name:old1",
            "names:WEB1",
            "state:present",
            "NOT state:missing,gone",
            "first_seen:never",
            "@ldap.computer.pwdLastSetTS:never",
            "alias:old1",
            "domain:corp",
            "address:10.0.0.0/24",
            "os:server",
            "type:server",
            "mac:00:1b:44:11:3a:b7",
            "mac:=00-1B-44-11-3A-B7",
            "mac_count:1",
            "hw:poweredge",
            "owner:jane",
            "tag:pci",
            "tag:env=prod",
            "tag_count:2",
            "comment:lease",
            "criticality:high",
            "site:hq",
            "source:ldap",
            "source:ldap/corp.example",
            "id:01900000-0000-7000-8000-000000000001",
            "last_seen:<36hours",
            "has:@ldap.computer.memberOf",
            "@ldap.computer.memberof_count:2",
            "@ldap.computer.dnshostname:web1",
            "@LDAP.computer.isDisabled:f",
            "@ldap.computer.lastLogonTS:<36hours",
            "service:mssql",
            "service:=mssql:1433",
            "service_count:2",
            "@ldap.computer.services:http@intranet",
        ] {
            assert!(holds(query, &asset()), "{query}");
        }
    }

    #[test]
    fn an_asset_is_not_found_by_what_it_is_not() {
        for query in [
            "alias:web1",
            "state:missing",
            "last_seen:never",
            "os_version:never",
            "@ldap.computer.lastLogonTS:never",
            "@ldap.computer.description:never",
            "type:serv",
            "owner:bob",
            "tag:=env",
            "criticality:low",
            "mac:00:1b:45",
            "source:ldaps",
            "has:os_version",
            "has:first_seen",
            "last_seen:<1hours",
            "@ldap.user.dNSHostName:web1",
            "@ldap.computer.lastLogonTS:>36hours",
            "dNSHostName:web1",
            "service:=mssql",
            "name:intranet",
        ] {
            assert!(!holds(query, &asset()), "{query}");
        }
    }

    #[test]
    fn an_international_name_is_found_in_every_form_and_counts_once() {
        let mut asset = asset();
        for (name, until) in [("BÜRO-PC1.bücher.example", None), ("xn--bcher-kva", Some(at(5)))] {
            let mut claim = Claim::new(name.parse().unwrap(), 0, None, at(0));
            claim.until = until;
            asset.names.push(claim);
        }
        asset.domains.push(Claim::new("bücher.example".to_owned(), 0, None, at(0)));
        for query in [
            "büro",
            "BU\u{308}RO",
            "name:bücher.example",
            "name:=büro-pc1.bücher.example",
            "name:=xn--bro-pc1-n2a.XN--BCHER-KVA.example",
            "name:=%ücher.exampl_",
            "xn--bro",
            "name_count:4",
            "alias:bücher",
            "alias:=xn--bcher-kva",
            "alias_count:2",
            "domain:bücher",
            "domain:xn--bcher-kva.example",
            "domain_count:2",
            "NOT name:=büro-pc1",
        ] {
            assert!(holds(query, &asset), "{query}");
        }
    }

    #[test]
    fn users_and_groups_are_found_by_bare_attribute_names() {
        let source = SourceId::new("ldap", "corp.example").unwrap();
        let object = ObjectGuid::from_bytes([1; 16]);
        let user = DirectoryUser {
            organization: "acme".parse().unwrap(),
            site: "hq".parse().unwrap(),
            source: source.clone(),
            object,
            sid: None,
            dn: "CN=Alice,DC=corp,DC=example".parse().unwrap(),
            groups: vec!["CN=Staff,DC=corp,DC=example".parse().unwrap()],
            attributes: [
                ("displayName", "Alice Archer"),
                ("sAMAccountName", "alice"),
                ("userPrincipalName", "alice@corp.example"),
                ("mail", "alice@example.com"),
                ("isDisabled", "true"),
            ]
            .into_iter()
            .collect(),
            presence: Presence::Present,
            run: RunId::from_u128(1),
            written: at(0),
        };
        for query in [
            "archer",
            "alice@corp",
            "alice@example.com",
            "state:present",
            "lastLogonTimestampTS:never",
            "display_name:alice",
            "dn:cn=alice",
            "sam_account_name:=alice",
            "upn:alice",
            "email:example.com",
            "is_disabled:true",
            "isDisabled:t",
            "group:staff",
            "name_count:4",
            "@ldap.user.mail:alice",
            "source:ldap",
        ] {
            assert!(holds(query, &user), "{query}");
        }
        assert!(!holds("@ldap.computer.mail:alice", &user));
        let group = DirectoryGroup {
            organization: user.organization,
            site: user.site,
            source,
            object,
            sid: None,
            dn: "CN=Staff,DC=corp,DC=example".parse().unwrap(),
            members: vec![crate::asset::Member {
                dn: user.dn,
                object: None,
                path: crate::asset::MemberPath::Direct,
            }],
            complete: true,
            attributes: [("cn", "Staff"), ("description", "Everybody")].into_iter().collect(),
            presence: Presence::Present,
            run: RunId::from_u128(1),
            written: at(0),
        };
        for query in
            ["staff", "member:alice", "member_count:1", "complete:true", "description:every"]
        {
            assert!(holds(query, &group), "{query}");
        }
    }
}
