//! What queries call the fields of assets, users and groups.

use std::ops::ControlFlow;

use super::{Asset, DirectoryGroup, DirectoryUser};
use crate::query::{Fields, Value, Visit, fold_case};
use crate::value::{Attributes, Timestamp};

/// What an attribute that is a time ends in.
const TIME: &str = "ts";

const GO_ON: ControlFlow<()> = ControlFlow::Continue(());

/// `name` (what some part still calls it), `alias` (what none does any more), `domain`, `address`, `os`,
/// `os_version`, `type`, `site`, `id`, `source` (`ldap`, and in full `ldap/corp.example`), `first_seen`
/// and `last_seen`; the plurals mean the same. Attributes are asked for by what a part files them
/// under: `@ldap.computer.dNSHostName`.
impl Fields for Asset {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            "id" => visit(Value::Word(&self.id.to_string())),
            "name" | "names" => {
                self.live_names().try_for_each(|name| visit(Value::Text(name.as_str())))
            }
            "alias" | "aliases" => {
                self.aliases().try_for_each(|name| visit(Value::Text(name.as_str())))
            }
            "domain" | "domains" => {
                self.live_domains().try_for_each(|domain| visit(Value::Text(domain)))
            }
            "address" | "addresses" => {
                self.live_addresses().try_for_each(|address| visit(Value::Address(address)))
            }
            "os" => self.os().map_or(GO_ON, |os| visit(Value::Text(os))),
            "os_version" => self.os_version().map_or(GO_ON, |version| visit(Value::Text(version))),
            "type" => self.kind().map_or(GO_ON, |kind| visit(Value::Word(kind))),
            "site" => visit(Value::Word(self.site.as_str())),
            "source" | "sources" => {
                let kinds = self.source_kinds();
                let mut sources: Vec<&str> = self.parts.iter().map(|p| p.source.as_str()).collect();
                sources.sort_unstable();
                sources.dedup();
                kinds.into_iter().chain(sources).try_for_each(|source| visit(Value::Word(source)))
            }
            "first_seen" => moment(self.first_seen(), visit),
            "last_seen" => moment(self.last_seen(), visit),
            _ => GO_ON,
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        let mut parts = self.parts.iter().filter(|part| fold_case(&part.key) == source);
        parts.try_for_each(|part| attribute(&part.attributes, name, visit))
    }
}

/// `name` (display name, account name and common name), `display_name`, `dn`, `sam_account_name`, `upn`,
/// `email`, `is_disabled`, `group` (the DNs of its groups), `site`, `source`, `id` (the objectGUID), and
/// every attribute by its bare name: `isDisabled:true`.
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
            "name" | "names" => named(attributes, &["displayName", "sAMAccountName", "cn"], visit),
            other => attribute(attributes, attribute_of(other), visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        if source == "@ldap.user" { attribute(&self.attributes, name, visit) } else { GO_ON }
    }
}

/// `name` (display name, account name and common name), `display_name`, `dn`, `sam_account_name`,
/// `email`, `member` (the DNs of its members), `complete`, `site`, `source`, `id` (the objectGUID), and
/// every attribute by its bare name.
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
            "name" | "names" => named(attributes, &["displayName", "sAMAccountName", "cn"], visit),
            other => attribute(attributes, attribute_of(other), visit),
        }
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        if source == "@ldap.group" { attribute(&self.attributes, name, visit) } else { GO_ON }
    }
}

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
    let time = |value: &str| {
        let parsed = name.ends_with(TIME).then(|| value.parse::<Timestamp>().ok()).flatten();
        parsed.map(|time| Value::Time(time.as_micros()))
    };
    let mut values = values.map(|(_, value)| time(value).unwrap_or(Value::Text(value)));
    values.try_for_each(visit)
}
