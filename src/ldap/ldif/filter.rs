//! Search filters (RFC 4515), matched against the entries of an export as Active Directory matches them.

use ldap3::asn1::{ASNTag, PL, StructureTag};

use super::entry::Entry;
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::search::check_filter;
use crate::name::DistinguishedName;
use crate::value::ObjectKind;
use crate::{Error, ErrorKind, Result};

/// What a filter asks, by the numbers of RFC 4511, section 4.5.1.7.
mod choice {
    pub(super) const AND: u64 = 0;
    pub(super) const OR: u64 = 1;
    pub(super) const NOT: u64 = 2;
    pub(super) const EQUALITY: u64 = 3;
    pub(super) const SUBSTRINGS: u64 = 4;
    pub(super) const AT_LEAST: u64 = 5;
    pub(super) const AT_MOST: u64 = 6;
    pub(super) const PRESENT: u64 = 7;
    pub(super) const APPROXIMATE: u64 = 8;
    pub(super) const EXTENSIBLE: u64 = 9;
}

/// The parts of `SUBSTRINGS` and of `EXTENSIBLE`.
const INITIAL: u64 = 0;
const FINAL: u64 = 2;
const RULE: u64 = 1;
const RULE_ATTRIBUTE: u64 = 2;
const RULE_VALUE: u64 = 3;

/// MS-ADTS, section 3.1.1.3.4.4.
const BIT_AND: &[u8] = b"1.2.840.113556.1.4.803";
const BIT_OR: &[u8] = b"1.2.840.113556.1.4.804";

/// Attributes whose values are DNs.
const NAMES: [&str; 5] = ["distinguishedName", "managedBy", "manager", "member", "memberOf"];

/// What an export has in another form than filters do, and what stands for several attributes.
const ONLY_SERVERS: [&str; 4] = ["anr", "objectGUID", "objectSid", "sIDHistory"];

/// The classes of what is read.
fn classes(kind: ObjectKind) -> &'static [&'static str] {
    match kind {
        ObjectKind::Computer => &["top", "person", "organizationalPerson", "user", "computer"],
        ObjectKind::Group => &["top", "group"],
        ObjectKind::User => &["top", "person", "organizationalPerson", "user"],
    }
}

/// A search filter.
#[derive(Debug)]
pub(super) struct Filter(StructureTag);

impl Filter {
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for what is no filter, and [`ErrorKind::Configuration`] for one that goes beyond the
    /// limits, or has a rule that takes a server.
    pub(super) fn parse(text: &str, limits: &LdapLimits) -> Result<Self> {
        check_filter(text, limits)?;
        let filter = ldap3::parse_filter(text).map_err(|()| {
            Error::invalid("search filter", text, "it is not a filter as in RFC 4515")
        })?;
        let filter = Self(filter.into_structure());
        match unknown_rule(&filter.0) {
            None => Ok(filter),
            Some(rule) => Err(Error::new(
                ErrorKind::Configuration,
                "only a server can answer this rule of the filter; export with the filter instead",
            )
            .with_context("rule", rule)),
        }
    }

    pub(super) fn matches(&self, entry: &Entry) -> bool {
        matches(&self.0, &|name| entry.values(name).map(<[u8]>::to_vec).collect())
    }

    /// The attributes that it asks for.
    pub(super) fn attributes(&self) -> Vec<String> {
        let mut names = Vec::new();
        attributes(&self.0, &mut names);
        names
    }

    /// Whether a filter finds every object of a kind, as far as can be told: by their classes alone.
    pub(super) fn finds_all(text: &str, kind: ObjectKind) -> bool {
        let limits = LdapLimits::default();
        let Ok(filter) = Self::parse(text, &limits) else { return false };
        let values = |name: &str| match name.eq_ignore_ascii_case("objectClass") {
            true => classes(kind).iter().map(|class| class.as_bytes().to_vec()).collect(),
            false => Vec::new(),
        };
        is_plain(&filter.0) && matches(&filter.0, &values)
    }
}

type Values<'a> = dyn Fn(&str) -> Vec<Vec<u8>> + 'a;

fn matches(filter: &StructureTag, values: &Values<'_>) -> bool {
    let parts = children(filter);
    let any = |compare: fn(&str, &[u8], &[u8]) -> bool| {
        let [name, wanted] = parts else { return false };
        let (name, wanted) = (text(name), octets(wanted));
        values(&name).iter().any(|value| compare(&name, value, wanted))
    };
    match filter.id {
        choice::AND => parts.iter().all(|part| matches(part, values)),
        choice::OR => parts.iter().any(|part| matches(part, values)),
        choice::NOT => !parts.first().is_some_and(|part| matches(part, values)),
        choice::PRESENT => !values(&text(filter)).is_empty(),
        choice::EQUALITY | choice::APPROXIMATE => any(equals),
        choice::AT_LEAST => any(|_, value, wanted| compare(value, wanted).is_ge()),
        choice::AT_MOST => any(|_, value, wanted| compare(value, wanted).is_le()),
        choice::SUBSTRINGS => {
            let [name, wanted] = parts else { return false };
            values(&text(name)).iter().any(|value| contains(value, children(wanted)))
        }
        choice::EXTENSIBLE => {
            let part = |id| parts.iter().find(|part| part.id == id).map(octets).unwrap_or_default();
            let name = String::from_utf8_lossy(part(RULE_ATTRIBUTE)).into_owned();
            let Some(bits) = number(part(RULE_VALUE)) else { return false };
            let has = |value: &Vec<u8>| match (number(value), part(RULE)) {
                (Some(value), BIT_AND) => value & bits == bits,
                (Some(value), _) => value & bits != 0,
                (None, _) => false,
            };
            values(&name).iter().any(has)
        }
        _ => false,
    }
}

/// Whether it asks for classes alone, and for none that something must not be of.
fn is_plain(filter: &StructureTag) -> bool {
    let is_class = |tag: &StructureTag| text(tag).eq_ignore_ascii_case("objectClass");
    match filter.id {
        choice::AND | choice::OR => children(filter).iter().all(is_plain),
        choice::EQUALITY => children(filter).first().is_some_and(is_class),
        choice::PRESENT => is_class(filter),
        _ => false,
    }
}

/// The names of the attributes that a filter asks for.
fn attributes(filter: &StructureTag, names: &mut Vec<String>) {
    let parts = children(filter);
    match filter.id {
        choice::AND | choice::OR | choice::NOT => {
            parts.iter().for_each(|part| attributes(part, names));
        }
        choice::PRESENT => names.push(text(filter)),
        choice::EXTENSIBLE => {
            names.extend(parts.iter().find(|part| part.id == RULE_ATTRIBUTE).map(text));
        }
        _ => names.extend(parts.first().map(text)),
    }
}

/// A rule, or an attribute, that cannot be answered from an entry alone.
fn unknown_rule(filter: &StructureTag) -> Option<String> {
    let parts = children(filter);
    let is_only_servers =
        |name: &String| ONLY_SERVERS.iter().any(|known| known.eq_ignore_ascii_case(name));
    match filter.id {
        choice::AND | choice::OR | choice::NOT => parts.iter().find_map(unknown_rule),
        choice::PRESENT => None,
        choice::EQUALITY
        | choice::APPROXIMATE
        | choice::AT_LEAST
        | choice::AT_MOST
        | choice::SUBSTRINGS => parts.first().map(text).filter(is_only_servers),
        choice::EXTENSIBLE => {
            let rule = parts.iter().find(|part| part.id == RULE).map(octets).unwrap_or_default();
            (![BIT_AND, BIT_OR].contains(&rule)).then(|| String::from_utf8_lossy(rule).into_owned())
        }
        _ => None,
    }
}

fn children(tag: &StructureTag) -> &[StructureTag] {
    match &tag.payload {
        PL::C(children) => children,
        PL::P(_) => &[],
    }
}

fn octets(tag: &StructureTag) -> &[u8] {
    match &tag.payload {
        PL::P(octets) => octets,
        PL::C(_) => &[],
    }
}

fn text(tag: &StructureTag) -> String {
    String::from_utf8_lossy(octets(tag)).into_owned()
}

fn equals(name: &str, value: &[u8], wanted: &[u8]) -> bool {
    let is = |names: &[&str]| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    let dn = |octets| DistinguishedName::parse(std::str::from_utf8(octets).ok()?).ok();
    if is(&["objectCategory"]) && !wanted.contains(&b'=') {
        // A class stands for its category.
        let category = dn(value).and_then(|dn| dn.common_name()).unwrap_or_default();
        return category.eq_ignore_ascii_case(category_of(&String::from_utf8_lossy(wanted)));
    }
    if is(&NAMES) || is(&["objectCategory"]) {
        let wanted = dn(wanted).map(|dn| dn.normalized());
        return wanted.is_some() && wanted == dn(value).map(|dn| dn.normalized());
    }
    folded(value) == folded(wanted)
}

fn category_of(class: &str) -> &str {
    match class.to_ascii_lowercase().as_str() {
        "user" | "person" | "organizationalperson" => "Person",
        _ => class,
    }
}

fn folded(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => value.to_vec(),
    }
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn compare(value: &[u8], wanted: &[u8]) -> std::cmp::Ordering {
    match (number(value), number(wanted)) {
        (Some(value), Some(wanted)) => value.cmp(&wanted),
        _ => folded(value).cmp(&folded(wanted)),
    }
}

/// Whether a value has these parts in this order.
fn contains(value: &[u8], parts: &[StructureTag]) -> bool {
    let value = folded(value);
    let mut rest = value.as_slice();
    for part in parts {
        let wanted = folded(octets(part));
        let found = match part.id {
            INITIAL => rest.strip_prefix(wanted.as_slice()),
            FINAL => rest.strip_suffix(wanted.as_slice()).map(|_| Default::default()),
            _ => rest
                .windows(wanted.len().max(1))
                .position(|window| window == wanted)
                .and_then(|at| rest.get(at.saturating_add(wanted.len())..)),
        };
        let Some(behind) = found else { return false };
        rest = behind;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(text: &str) -> Result<Filter> {
        Filter::parse(text, &LdapLimits::default())
    }

    #[test]
    fn entries_match_as_a_server_would_have_it() {
        let mut entry = Entry::begin(1, b"CN=WEB1,DC=x".to_vec());
        for (name, value) in [
            ("objectClass", "top"),
            ("objectClass", "computer"),
            ("cn", "WEB1"),
            ("userAccountControl", "4098"),
            ("operatingSystem", "Windows Server 2022"),
            ("objectCategory", "CN=Computer,CN=Schema,CN=Configuration,DC=x"),
            ("memberOf", "CN=Staff, DC=x"),
            ("description;lang-de", "Büro"),
        ] {
            entry.push(name, value.as_bytes());
        }
        for (text, expected) in [
            ("(cn=web1)", true),
            ("(cn=web2)", false),
            ("(!(cn=web2))", true),
            ("(!(description=x))", true),
            ("(info=*)", false),
            ("(cn=*)", true),
            ("(&(objectClass=computer)(cn=web*))", true),
            ("(&(objectClass=computer)(cn=*2))", false),
            ("(|(cn=x)(operatingSystem=win*server*22))", true),
            ("(operatingSystem=win*2022*server)", false),
            ("(userAccountControl>=4000)", true),
            ("(userAccountControl<=500)", false),
            ("(userAccountControl:1.2.840.113556.1.4.803:=2)", true),
            ("(!(userAccountControl:1.2.840.113556.1.4.803:=2))", false),
            ("(userAccountControl:1.2.840.113556.1.4.803:=3)", false),
            ("(userAccountControl:1.2.840.113556.1.4.804:=3)", true),
            ("(objectCategory=computer)", true),
            ("(objectCategory=person)", false),
            ("(objectCategory=cn=computer,cn=schema,cn=configuration,dc=x)", true),
            ("(memberOf=cn=staff,dc=X)", true),
            ("(description=b\u{fc}RO)", true),
        ] {
            assert_eq!(filter(text).unwrap().matches(&entry), expected, "{text}");
        }
    }

    #[test]
    fn what_takes_a_server_is_refused_beforehand() {
        let refused = |text: &str| filter(text).unwrap_err().kind();
        let in_chain = "(&(cn=a)(memberOf:1.2.840.113556.1.4.1941:=CN=A,DC=x))";
        assert_eq!(refused(in_chain), ErrorKind::Configuration);
        assert_eq!(refused("(cn:dn:=x)"), ErrorKind::Configuration);
        assert_eq!(refused("(|(cn=a)(anr=b))"), ErrorKind::Configuration);
        assert_eq!(refused("(!(objectSid=S-1-5-21-1-2-3-4))"), ErrorKind::Configuration);
        let asked = filter("(&(cn=a)(|(info=*)(!(l=x*))(flags:1.2.840.113556.1.4.803:=2)))");
        assert_eq!(asked.unwrap().attributes(), ["cn", "info", "l", "flags"]);
        assert_eq!(refused("cn=x"), ErrorKind::Invalid);
    }

    #[test]
    fn a_filter_finds_all_kinds_if_classes_alone_say_so() {
        for (text, expected) in [
            ("(objectClass=*)", true),
            ("(objectclass=top)", true),
            ("(|(objectClass=computer)(objectClass=user)(objectClass=group))", true),
            ("(|(objectClass=user)(objectClass=group))", true),
            ("(|(objectClass=computer)(objectClass=user))", false),
            ("(objectClass=computer)", false),
            ("(|(objectClass=*)(cn=a))", false),
            ("(&(objectClass=*)(cn=*))", false),
            ("(!(objectClass=contact))", false),
            ("(cn=*)", false),
            ("", false),
        ] {
            let kinds = [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User];
            let is_all = kinds.into_iter().all(|kind| Filter::finds_all(text, kind));
            assert_eq!(is_all, expected, "{text}");
        }
    }
}
