//! An entry of an export, as the bytes that a server would have sent of it.

use std::collections::HashMap;

use crate::ldap::protocol::ber::{self, OCTET_STRING, SEQUENCE, SET};
use crate::ldap::protocol::range::{RangeOption, RangeStep, Ranges};
use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, ObjectKind, Sid};

/// What a value takes in memory beside its octets.
const ALLOCATION: usize = 32;
/// The characters of a GUID as Windows prints it.
const GUID_LENGTH: usize = 36;

/// An entry: its DN, and its attributes as they are written.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it begins.
    pub(super) line: u64,
    pub(super) dn: Vec<u8>,
    attributes: Vec<Attribute>,
    octets: usize,
}

/// An attribute, by its name with its options.
#[derive(Debug)]
struct Attribute {
    description: String,
    values: Vec<Vec<u8>>,
}

/// What of lists the export has, of which it does not have all: by the attribute's name in lower case.
pub(super) type Parts = HashMap<String, Vec<Vec<u8>>>;

impl Entry {
    pub(super) fn begin(line: u64, dn: Vec<u8>) -> Self {
        let octets = dn.len();
        Self { line, dn, attributes: Vec::new(), octets }
    }

    /// Adds a value. Those of one attribute follow each other.
    pub(super) fn push(&mut self, description: &str, value: &[u8]) {
        self.octets = self.octets.saturating_add(value.len() + ALLOCATION);
        match self.attributes.last_mut() {
            Some(last) if last.description.eq_ignore_ascii_case(description) => {
                last.values.push(value.to_vec());
            }
            _ => {
                self.octets = self.octets.saturating_add(description.len() + ALLOCATION);
                let (description, values) = (description.to_owned(), vec![value.to_vec()]);
                self.attributes.push(Attribute { description, values });
            }
        }
    }

    /// About how much memory it takes.
    pub(super) fn octets(&self) -> usize {
        self.octets
    }

    /// The values of an attribute, whatever its options are.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        let own = self.attributes.iter().filter(|it| it.name().eq_ignore_ascii_case(name));
        own.flat_map(|attribute| attribute.values.iter().map(Vec::as_slice))
    }

    /// Where it stands, if that can be read.
    pub(super) fn parsed_dn(&self) -> Option<DistinguishedName> {
        DistinguishedName::parse(std::str::from_utf8(&self.dn).ok()?).ok()
    }

    /// The names of its attributes, less their options.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().map(Attribute::name)
    }

    /// Puts identities that are written as text, as ldbsearch does, into the octets that they are.
    pub(super) fn read_identities(&mut self) {
        for attribute in &mut self.attributes {
            let is = |name: &str| attribute.name().eq_ignore_ascii_case(name);
            let octets: fn(&str) -> Option<Vec<u8>> = if is("objectGUID") {
                guid_octets
            } else if is("objectSid") || is("sIDHistory") {
                sid_octets
            } else {
                continue;
            };
            for value in &mut attribute.values {
                if let Some(octets) = std::str::from_utf8(value).ok().and_then(octets) {
                    *value = octets;
                }
            }
        }
    }

    /// Whether it is of a class.
    pub(super) fn is_of_class(&self, class: &str) -> bool {
        self.values("objectClass").any(|value| value.eq_ignore_ascii_case(class.as_bytes()))
    }

    /// What it is, as the searches of a read divide them.
    pub(super) fn kind(&self) -> Option<ObjectKind> {
        let is = |class| self.is_of_class(class);
        match () {
            () if is("computer") => Some(ObjectKind::Computer),
            () if is("user") => Some(ObjectKind::User),
            () if is("group") => Some(ObjectKind::Group),
            () => None,
        }
    }

    /// Whether there is nothing but its name: it may not be read.
    pub(super) fn is_bare(&self) -> bool {
        self.attributes.is_empty()
    }

    /// Whether it is a tombstone, which no search for what there is shows.
    pub(super) fn is_deleted(&self) -> bool {
        self.values("isDeleted").any(|value| value.eq_ignore_ascii_case(b"TRUE"))
    }

    /// Puts the ranges of lists together where they are all there; gives the others back.
    pub(super) fn join_ranges(&mut self) -> Parts {
        let mut parts = Parts::new();
        if !self.attributes.iter().any(|attribute| attribute.range().is_some()) {
            return parts;
        }
        let mut steps: HashMap<String, (Ranges, RangeStep)> = HashMap::new();
        for attribute in self.attributes.iter().filter(|it| !it.values.is_empty()) {
            let Some(range) = attribute.range() else { continue };
            let name = attribute.name().to_ascii_lowercase();
            let (ranges, step) =
                steps.entry(name.clone()).or_insert((Ranges::default(), RangeStep::From(0)));
            if *step != RangeStep::Broken {
                *step = ranges.take(range, attribute.values.len());
            }
            parts.entry(name).or_default().extend(attribute.values.iter().cloned());
        }
        self.attributes.retain_mut(|attribute| {
            let name = attribute.name().to_ascii_lowercase();
            let is_whole = |(_, step): &(Ranges, RangeStep)| *step == RangeStep::Complete;
            if attribute.range().is_none() || !steps.get(&name).is_some_and(is_whole) {
                return true;
            }
            let Some(values) = parts.remove(&name) else { return false };
            *attribute = Attribute { description: attribute.name().to_owned(), values };
            true
        });
        parts
    }

    /// A SearchResultEntry (RFC 4511, section 4.5.2), less its tag.
    pub(super) fn to_ber(&self) -> Vec<u8> {
        let mut list = Vec::with_capacity(self.octets);
        for attribute in &self.attributes {
            let mut values = Vec::new();
            attribute.values.iter().for_each(|value| ber::write(&mut values, OCTET_STRING, value));
            let mut parts =
                Vec::with_capacity(values.len() + attribute.description.len() + ALLOCATION);
            ber::write(&mut parts, OCTET_STRING, attribute.description.as_bytes());
            ber::write(&mut parts, SET, &values);
            ber::write(&mut list, SEQUENCE, &parts);
        }
        let mut body = Vec::with_capacity(list.len() + self.dn.len() + ALLOCATION);
        ber::write(&mut body, OCTET_STRING, &self.dn);
        ber::write(&mut body, SEQUENCE, &list);
        body
    }
}

impl Attribute {
    fn name(&self) -> &str {
        self.description.split(';').next().unwrap_or_default()
    }

    /// Which part of its values it has, if not all.
    fn range(&self) -> Option<RangeOption> {
        let options = self.description.split(';').skip(1);
        let range = options.filter_map(|option| RangeOption::parse(option.as_bytes())).next();
        range.filter(|range| !range.is_all())
    }
}

fn guid_octets(text: &str) -> Option<Vec<u8>> {
    let guid: Option<ObjectGuid> = (text.len() == GUID_LENGTH).then(|| text.parse().ok())?;
    Some(guid?.as_bytes().to_vec())
}

fn sid_octets(text: &str) -> Option<Vec<u8>> {
    Some(text.starts_with("S-1-").then(|| text.parse::<Sid>().ok())??.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::protocol::entry::RawEntry;

    fn entry(values: &[(&str, &str)]) -> Entry {
        let mut entry = Entry::begin(1, b"CN=G,DC=x".to_vec());
        values.iter().for_each(|(name, value)| entry.push(name, value.as_bytes()));
        entry
    }

    /// The attributes of an entry as a server would have sent it.
    fn sent(entry: &Entry) -> Vec<(String, Vec<String>)> {
        let body = entry.to_ber();
        let mut raw = RawEntry::parse(&body).unwrap();
        assert_eq!(raw.dn, b"CN=G,DC=x");
        let mut all = Vec::new();
        while let Some(mut attribute) = raw.next_attribute().unwrap() {
            let mut values = Vec::new();
            while let Some(value) = attribute.next_value().unwrap() {
                values.push(String::from_utf8(value.to_vec()).unwrap());
            }
            all.push((attribute.name.to_owned(), values));
        }
        all
    }

    #[test]
    fn the_kind_is_that_of_the_search_that_would_have_found_it() {
        let kind = |classes: &[&str]| {
            let classes: Vec<_> = classes.iter().map(|class| ("objectclass", *class)).collect();
            entry(&classes).kind()
        };
        assert_eq!(kind(&["top", "person", "USER", "Computer"]), Some(ObjectKind::Computer));
        assert_eq!(kind(&["top", "person", "user"]), Some(ObjectKind::User));
        assert_eq!(kind(&["top", "group"]), Some(ObjectKind::Group));
        assert_eq!(kind(&["top", "organizationalUnit"]), None);
        assert_eq!(kind(&[]), None);
    }

    #[test]
    fn values_of_one_attribute_are_one_attribute_and_ranges_become_whole() {
        let mut whole = entry(&[
            ("cn", "G"),
            ("member;range=0-1", "a"),
            ("member;range=0-1", "b"),
            ("Member;Range=2-*", "c"),
            ("info", "x"),
        ]);
        assert!(whole.join_ranges().is_empty());
        let expected = [("cn", &["G"][..]), ("member", &["a", "b", "c"]), ("info", &["x"])];
        let owned = |(name, values): (&str, &[&str])| {
            (name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect())
        };
        assert_eq!(sent(&whole), expected.map(owned));
    }

    #[test]
    fn identities_that_are_text_become_octets_and_others_stay() {
        let (guid, sid) = ("01020304-0506-0708-090a-0b0c0d0e0f10", "S-1-5-21-1-2-3-4");
        let mut entry =
            entry(&[("objectGUID", guid), ("objectSid", sid), ("objectSid", "S-1-x"), ("cn", sid)]);
        entry.read_identities();
        let guid: ObjectGuid = guid.parse().unwrap();
        assert_eq!(entry.values("objectguid").next().unwrap(), guid.as_bytes());
        let sids: Vec<&[u8]> = entry.values("objectSid").collect();
        assert_eq!(sids, [&sid.parse::<Sid>().unwrap().to_bytes()[..], b"S-1-x"]);
        assert_eq!(entry.values("cn").next().unwrap(), sid.as_bytes());
    }

    #[test]
    fn what_is_not_all_of_a_list_comes_back_as_a_part() {
        for ranges in [
            &[("member;range=0-1", "a"), ("member;range=0-1", "b")][..],
            &[("member;range=1-*", "a"), ("cn", "x"), ("member;range=0-0", "b")],
        ] {
            let parts = entry(ranges).join_ranges();
            assert_eq!(parts["member"], [b"a", b"b"], "{ranges:?}");
        }
    }
}
