//! Search filters (RFC 4511, section 4.5.1.7): read from a request, matched as AD matches.

use super::ber::Element;
use crate::testing::server::directory::dn::{self, DnKey};
use crate::testing::server::directory::entry::DirectoryEntry;
use crate::testing::server::directory::tree::DirectoryTree;
use crate::value::ObjectGuid;

/// The depth at which a filter is refused, far beyond what a client has reason to send.
const MAX_DEPTH: usize = 100;

const BIT_AND: &str = "1.2.840.113556.1.4.803";
const BIT_OR: &str = "1.2.840.113556.1.4.804";
const IN_CHAIN: &str = "1.2.840.113556.1.4.1941";

/// A search filter. Values are octets: they need not be text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Filter {
    And(Vec<Filter>),
    Or(Vec<Filter>),
    Not(Box<Filter>),
    Equal(String, Vec<u8>),
    Substrings(String, Vec<(u8, Vec<u8>)>),
    AtLeast(String, Vec<u8>),
    AtMost(String, Vec<u8>),
    Present(String),
    Rule { rule: String, attribute: String, value: Vec<u8> },
}

impl Filter {
    pub(crate) fn decode(element: Element<'_>) -> Option<Self> {
        Self::decode_at(element, 0)
    }

    /// Whether it is `(objectClass=*)`, which every entry matches.
    pub(crate) fn is_of_everything(&self) -> bool {
        matches!(self, Self::Present(attribute) if attribute.eq_ignore_ascii_case("objectClass"))
    }

    pub(crate) fn matches(&self, entry: &DirectoryEntry, tree: &DirectoryTree) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(entry, tree)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(entry, tree)),
            Self::Not(part) => !part.matches(entry, tree),
            Self::Present(attribute) => !entry.values(attribute).is_empty(),
            Self::Equal(attribute, value) => {
                let wanted = Wanted::new(attribute, value);
                entry.values(attribute).iter().any(|present| wanted.equals(present))
            }
            Self::AtLeast(attribute, value) => {
                entry.values(attribute).iter().any(|present| compare(present, value).is_ge())
            }
            Self::AtMost(attribute, value) => {
                entry.values(attribute).iter().any(|present| compare(present, value).is_le())
            }
            Self::Substrings(attribute, parts) => {
                entry.values(attribute).iter().any(|present| contains_in_order(present, parts))
            }
            Self::Rule { rule, attribute, value } => {
                matches_rule(rule, attribute, value, entry, tree)
            }
        }
    }

    /// The objects that alone may match, if the filter names them by `objectGUID`: what a domain controller looks up in its
    /// index instead of looking at everybody.
    pub(crate) fn objects(&self) -> Option<Vec<ObjectGuid>> {
        match self {
            Self::And(parts) => parts.iter().find_map(Self::objects),
            Self::Or(parts) => {
                let objects: Vec<Vec<ObjectGuid>> =
                    parts.iter().map(Self::objects).collect::<Option<_>>()?;
                Some(objects.concat())
            }
            Self::Equal(attribute, value) if attribute.eq_ignore_ascii_case("objectGUID") => {
                Some(ObjectGuid::from_slice(value).into_iter().collect())
            }
            _ => None,
        }
    }

    fn decode_at(element: Element<'_>, depth: usize) -> Option<Self> {
        if depth > MAX_DEPTH {
            return None;
        }
        let several = || -> Option<Vec<Self>> {
            element.children()?.into_iter().map(|part| Self::decode_at(part, depth + 1)).collect()
        };
        Some(match element.tag {
            0xa0 => Self::And(several()?),
            0xa1 => Self::Or(several()?),
            0xa2 => Self::Not(Box::new(Self::decode_at(*element.children()?.first()?, depth + 1)?)),
            0xa3 => assertion(element, Self::Equal)?,
            0xa4 => substrings(element)?,
            0xa5 => assertion(element, Self::AtLeast)?,
            0xa6 => assertion(element, Self::AtMost)?,
            0x87 => Self::Present(element.text()),
            0xa8 => assertion(element, Self::Equal)?,
            0xa9 => extensible(element)?,
            _ => return None,
        })
    }
}

impl std::fmt::Display for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let list = |f: &mut std::fmt::Formatter<'_>, sign: &str, parts: &[Filter]| {
            write!(f, "({sign}")?;
            parts.iter().try_for_each(|part| write!(f, "{part}"))?;
            write!(f, ")")
        };
        match self {
            Self::And(parts) => list(f, "&", parts),
            Self::Or(parts) => list(f, "|", parts),
            Self::Not(part) => write!(f, "(!{part})"),
            Self::Equal(attribute, value) => write!(f, "({attribute}={})", escaped(value)),
            Self::AtLeast(attribute, value) => write!(f, "({attribute}>={})", escaped(value)),
            Self::AtMost(attribute, value) => write!(f, "({attribute}<={})", escaped(value)),
            Self::Present(attribute) => write!(f, "({attribute}=*)"),
            Self::Rule { rule, attribute, value } => {
                write!(f, "({attribute}:{rule}:={})", escaped(value))
            }
            Self::Substrings(attribute, parts) => {
                write!(f, "({attribute}=")?;
                for (kind, value) in parts {
                    let before = if *kind == 0x80 { "" } else { "*" };
                    write!(f, "{before}{}", escaped(value))?;
                }
                let open = parts.last().is_none_or(|(kind, _)| *kind != 0x82);
                write!(f, "{})", if open { "*" } else { "" })
            }
        }
    }
}

fn assertion(element: Element<'_>, make: fn(String, Vec<u8>) -> Filter) -> Option<Filter> {
    match element.children()?.as_slice() {
        [attribute, value] => Some(make(attribute.text(), value.body.to_vec())),
        _ => None,
    }
}

fn substrings(element: Element<'_>) -> Option<Filter> {
    let children = element.children()?;
    let [attribute, parts] = children.as_slice() else { return None };
    let parts = parts.children()?.iter().map(|part| (part.tag, part.body.to_vec())).collect();
    Some(Filter::Substrings(attribute.text(), parts))
}

fn extensible(element: Element<'_>) -> Option<Filter> {
    let children = element.children()?;
    let part = |tag| children.iter().find(|child| child.tag == tag);
    Some(Filter::Rule {
        rule: part(0x81).map(Element::text).unwrap_or_default(),
        attribute: part(0x82).map(Element::text).unwrap_or_default(),
        value: part(0x83)?.body.to_vec(),
    })
}

/// A value to compare with, prepared once.
enum Wanted {
    Name(Option<DnKey>),
    Category(String),
    Plain(Vec<u8>),
}

impl Wanted {
    fn new(attribute: &str, value: &[u8]) -> Self {
        let text = String::from_utf8_lossy(value);
        let is_category = attribute.eq_ignore_ascii_case("objectCategory");
        if is_category && !text.contains('=') {
            return Self::Category(class_of_category(&text).to_lowercase());
        }
        match attribute.to_ascii_lowercase().as_str() {
            "objectcategory" | "distinguishedname" | "member" | "memberof" | "manager"
            | "managedby" | "lastknownparent" | "serverreference" | "ncname" => {
                Self::Name(DnKey::new(&text))
            }
            _ => Self::Plain(value.to_vec()),
        }
    }

    fn equals(&self, present: &[u8]) -> bool {
        match self {
            Self::Name(wanted) => {
                wanted.is_some() && DnKey::new(&String::from_utf8_lossy(present)) == *wanted
            }
            Self::Category(class) => {
                let text = String::from_utf8_lossy(present);
                let (first, _) = dn::split_first(&text);
                first.split_once('=').is_some_and(|(_, name)| name.to_lowercase() == *class)
            }
            Self::Plain(wanted) => folded(present) == folded(wanted),
        }
    }
}

/// AD accepts the name of a class where its schema says distinguished name.
fn class_of_category(name: &str) -> &str {
    match name.to_ascii_lowercase().as_str() {
        "user" | "person" | "organizationalperson" => "Person",
        "organizationalunit" => "Organizational-Unit",
        "domaindns" | "domain" => "Domain-DNS",
        _ => name,
    }
}

fn folded(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(text) if text.is_ascii() => value.to_ascii_lowercase(),
        Ok(text) => text.to_lowercase().into_bytes(),
        Err(_) => value.to_vec(),
    }
}

fn number(value: &[u8]) -> Option<i64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

fn compare(present: &[u8], wanted: &[u8]) -> std::cmp::Ordering {
    match (number(present), number(wanted)) {
        (Some(present), Some(wanted)) => present.cmp(&wanted),
        _ => folded(present).cmp(&folded(wanted)),
    }
}

fn contains_in_order(present: &[u8], parts: &[(u8, Vec<u8>)]) -> bool {
    let value = folded(present);
    let mut rest = value.as_slice();
    for (kind, part) in parts {
        let part = folded(part);
        let after = match kind {
            0x80 => rest.strip_prefix(part.as_slice()),
            0x82 => rest.strip_suffix(part.as_slice()).map(|_| Default::default()),
            _ => find(rest, &part).and_then(|at| rest.get(at + part.len()..)),
        };
        let Some(after) = after else { return false };
        rest = after;
    }
    true
}

pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if needle.is_empty() {
        return Some(0);
    }
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn matches_rule(
    rule: &str,
    attribute: &str,
    value: &[u8],
    entry: &DirectoryEntry,
    tree: &DirectoryTree,
) -> bool {
    let bits = |check: fn(i64, i64) -> bool| {
        let wanted = number(value);
        let present = entry.values(attribute).first().and_then(|present| number(present));
        matches!((present, wanted), (Some(present), Some(wanted)) if check(present, wanted))
    };
    match rule {
        BIT_AND => bits(|present, wanted| present & wanted == wanted),
        BIT_OR => bits(|present, wanted| present & wanted != 0),
        IN_CHAIN if attribute.eq_ignore_ascii_case("memberOf") => {
            let group = DnKey::new(&String::from_utf8_lossy(value));
            group.is_some_and(|group| tree.groups_above(entry).contains(&group))
        }
        IN_CHAIN if attribute.eq_ignore_ascii_case("member") => {
            let member = tree.entry(&String::from_utf8_lossy(value));
            let own = DnKey::new(entry.dn());
            own.zip(member).is_some_and(|(own, member)| tree.groups_above(member).contains(&own))
        }
        _ => false,
    }
}

fn escaped(value: &[u8]) -> String {
    let safe = |c: char| !c.is_control() && !"*()\\".contains(c);
    match std::str::from_utf8(value) {
        Ok(text) if text.chars().all(safe) => text.to_owned(),
        _ => value.iter().map(|byte| format!("\\{byte:02x}")).collect(),
    }
}
