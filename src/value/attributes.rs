//! The attributes of a directory object, packed.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The attributes of one object: names with one or more text values each, in the order they came.
///
/// All values stand in one buffer, so that a hundred thousand records cost two allocations each and
/// little more than their text. Names compare without case (RFC 4512, section 2.5) and keep their
/// spelling. Serialises as a map; a single value as a string, several as a list. Equal to another with
/// the same values of each attribute, in whatever order the attributes came.
///
/// ```
/// use ldap_inventory::value::Attributes;
///
/// let attributes: Attributes =
///     [("cn", "WEB1"), ("memberOf", "CN=A,DC=x"), ("memberOf", "CN=B,DC=x")].into_iter().collect();
/// assert_eq!(attributes.first("CN"), Some("WEB1"));
/// assert_eq!(attributes.values("memberof").count(), 2);
/// ```
#[derive(Clone, Default)]
pub struct Attributes {
    text: Box<str>,
    spans: Box<[Span]>,
}

/// Where a value ends in the text, and which attribute it belongs to.
#[derive(Clone, Copy, Eq, PartialEq)]
struct Span {
    end: u32,
    name: u16,
}

impl Attributes {
    /// An empty builder.
    pub(crate) fn builder() -> AttributesBuilder {
        AttributesBuilder::default()
    }

    /// Every value with its attribute's name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut start = 0;
        self.spans.iter().filter_map(move |span| {
            let stored = self.text.get(start..span.end as usize)?;
            start = span.end as usize;
            match WELL_KNOWN.get(usize::from(span.name)) {
                Some(name) => Some((*name, stored)),
                None => stored.split_once('\0'),
            }
        })
    }

    /// The values of one attribute.
    pub fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let mut start = 0;
        // A run asks for a dozen attributes of every object: numbers are compared, and hardly ever texts.
        let asked_for = well_known_in_any_case(name);
        self.spans.iter().filter_map(move |span| {
            let range = start..span.end as usize;
            start = range.end;
            if usize::from(span.name) < WELL_KNOWN.len() {
                return (Some(span.name) == asked_for).then(|| self.text.get(range)).flatten();
            }
            let (own, value) = self.text.get(range)?.split_once('\0')?;
            own.eq_ignore_ascii_case(name).then_some(value)
        })
    }

    /// The first value of one attribute.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.values(name).next()
    }

    /// The octets of memory that they take, the struct itself apart.
    pub(crate) fn footprint(&self) -> usize {
        const ALLOCATIONS: usize = 2 * 16;
        // However short a value is, it is worth as much where it is looked up and written.
        const SMALLEST_VALUE: usize = 16;
        ALLOCATIONS + self.text.len() + self.spans.len() * SMALLEST_VALUE
    }

    /// Hands on their text and where the values are in it, from which [`unpack`](Self::unpack) makes them again.
    pub(crate) fn pack(&self, mut put: impl FnMut(&[u8])) {
        put(self.text.as_bytes());
        let spans = self.spans.iter();
        let spans = spans.flat_map(|Span { end, name }| {
            let ([a, b, c, d], [e, f]) = (end.to_le_bytes(), name.to_le_bytes());
            [a, b, c, d, e, f]
        });
        put(&spans.collect::<Vec<u8>>());
    }

    /// What was packed. Of a text and places that do not belong together there are values that are missing.
    pub(crate) fn unpack(text: &str, spans: &[u8]) -> Self {
        let (spans, _) = spans.as_chunks();
        let span = |[a, b, c, d, e, f]: &[u8; 6]| Span {
            end: u32::from_le_bytes([*a, *b, *c, *d]),
            name: u16::from_le_bytes([*e, *f]),
        };
        Self { text: text.into(), spans: spans.iter().map(span).collect() }
    }

    /// Whether there is no attribute at all.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// Name and values, names in order of the alphabet without case.
    pub fn by_name(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut map: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, value) in self.iter() {
            map.entry(name).or_default().push(value);
        }
        map
    }
}

impl Eq for Attributes {}

impl PartialEq for Attributes {
    fn eq(&self, other: &Self) -> bool {
        (self.text == other.text && self.spans == other.spans) || self.by_name() == other.by_name()
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(values: I) -> Self {
        let mut builder = Self::builder();
        for (name, value) in values {
            builder.push(name, value);
        }
        builder.build()
    }
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut values: Vec<(&str, &str)> = self.iter().collect();
        values.sort_by_key(|(name, _)| *name);
        let of_one_name = values.chunk_by(|(name, _), (next, _)| name == next);
        let map = of_one_name.filter_map(|values| Some((values.first()?.0, Packed(values))));
        // Some formats ask how many there are.
        serializer.collect_map(map.collect::<Vec<_>>())
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OfMap)
    }
}

/// A name that is not kept with each value. Whoever adds a value of a name again and again looks it up once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WellKnown(u16);

impl WellKnown {
    /// The name, if it is one of these.
    pub(crate) fn of(name: &str) -> Option<Self> {
        well_known(name).map(Self)
    }
}

/// Collects [`Attributes`].
#[derive(Clone, Debug, Default)]
pub(crate) struct AttributesBuilder {
    text: String,
    spans: Vec<(u32, u16)>,
}

impl AttributesBuilder {
    /// Adds a value. A NUL within a name, which no directory allows, becomes `_`; what would make the
    /// text exceed 4 GiB is left out.
    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.push_known((name, WellKnown::of(name)), value);
    }

    /// The same where it is known what the name is.
    pub(crate) fn push_known(&mut self, (name, known): (&str, Option<WellKnown>), value: &str) {
        let mark = self.text.len();
        if known.is_none() {
            self.text.push_str(&name.replace('\0', "_"));
            self.text.push('\0');
        }
        self.text.push_str(value);
        match u32::try_from(self.text.len()) {
            Ok(end) => self.spans.push((end, known.map_or(u16::MAX, |WellKnown(number)| number))),
            Err(_) => self.text.truncate(mark),
        }
    }

    /// The attributes.
    pub(crate) fn build(self) -> Attributes {
        Attributes {
            text: self.text.into_boxed_str(),
            spans: self.spans.into_iter().map(|(end, name)| Span { end, name }).collect(),
        }
    }
}

/// The values of one attribute, with its name.
struct Packed<'a>(&'a [(&'a str, &'a str)]);

impl Serialize for Packed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [(_, one)] => serializer.serialize_str(one),
            many => serializer.collect_seq(many.iter().map(|(_, value)| value)),
        }
    }
}

/// Reads a map straight into a builder. Stores read a hundred thousand of them.
struct OfMap;

impl<'de> Visitor<'de> for OfMap {
    type Value = Attributes;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map from names to texts or lists of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes, A::Error> {
        let mut builder = Attributes::builder();
        let mut name = String::new();
        while map.next_key_seed(NameInto(&mut name))?.is_some() {
            map.next_value_seed(ValuesOf { name: &name, builder: &mut builder })?;
        }
        Ok(builder.build())
    }
}

/// A name, in the place of the one before.
struct NameInto<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for NameInto<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for NameInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of an attribute")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(name);
        Ok(())
    }
}

/// One text or a list of texts, for the attribute with this name.
struct ValuesOf<'a> {
    name: &'a str,
    builder: &'a mut AttributesBuilder,
}

impl<'de> DeserializeSeed<'de> for ValuesOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValuesOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or a list of texts")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.builder.push(self.name, value);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let Self { name, builder } = self;
        while values.next_element_seed(ValueOf { name, builder: &mut *builder })?.is_some() {}
        Ok(())
    }
}

/// One text for the attribute with this name.
struct ValueOf<'a> {
    name: &'a str,
    builder: &'a mut AttributesBuilder,
}

impl<'de> DeserializeSeed<'de> for ValueOf<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for ValueOf<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<(), E> {
        self.builder.push(self.name, value);
        Ok(())
    }
}

fn well_known(name: &str) -> Option<u16> {
    let found = WELL_KNOWN.binary_search_by(|known| known.cmp(&name)).ok()?;
    u16::try_from(found).ok()
}

fn well_known_in_any_case(name: &str) -> Option<u16> {
    let spelled_otherwise = || {
        let found = WELL_KNOWN.iter().position(|known| known.eq_ignore_ascii_case(name))?;
        u16::try_from(found).ok()
    };
    well_known(name).or_else(spelled_otherwise)
}

/// Names that cost two bytes instead of their text. Sorted by byte value. The order is never stored.
const WELL_KNOWN: &[&str] = &[
    "accountExpires",
    "accountExpiresTS",
    "adSite",
    "adSubnet",
    "adminCount",
    "badPasswordTime",
    "badPasswordTimeTS",
    "badPwdCount",
    "cn",
    "codePage",
    "company",
    "countryCode",
    "dNSHostName",
    "department",
    "description",
    "displayName",
    "distinguishedName",
    "dnsAddress",
    "givenName",
    "groupType",
    "id",
    "info",
    "instanceType",
    "isCriticalSystemObject",
    "isDeleted",
    "isDisabled",
    "isDomainController",
    "isLockedOut",
    "l",
    "lastLogon",
    "lastLogonTS",
    "lastLogonTimestamp",
    "lastLogonTimestampTS",
    "localPolicyFlags",
    "location",
    "lockoutTime",
    "lockoutTimeTS",
    "logonCount",
    "mail",
    "managedBy",
    "memberOf",
    "msDS-AdditionalDnsHostName",
    "msDS-SupportedEncryptionTypes",
    "msDS-User-Account-Control-Computed",
    "msDS-UserPasswordExpiryTimeComputed",
    "msDS-UserPasswordExpiryTimeComputedTS",
    "name",
    "objectCategory",
    "objectClass",
    "objectGUID",
    "objectSid",
    "operatingSystem",
    "operatingSystemServicePack",
    "operatingSystemVersion",
    "passwordExpired",
    "passwordNeverExpires",
    "physicalDeliveryOfficeName",
    "primaryGroupID",
    "pwdLastSet",
    "pwdLastSetTS",
    "sAMAccountName",
    "sAMAccountType",
    "servicePrincipalName",
    "sn",
    "telephoneNumber",
    "title",
    "ts",
    "uSNChanged",
    "userAccountControl",
    "userCertificate",
    "userCertificateSHA256",
    "userPrincipalName",
    "userWorkstations",
    "whenChanged",
    "whenChangedTS",
    "whenCreated",
    "whenCreatedTS",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_each_name_once_whatever_its_case() {
        assert!(WELL_KNOWN.is_sorted());
        let names: BTreeSet<String> = WELL_KNOWN.iter().map(|it| it.to_lowercase()).collect();
        assert_eq!(names.len(), WELL_KNOWN.len());
        assert_eq!(well_known("whenCreatedTS"), Some((WELL_KNOWN.len() - 1) as u16));
    }

    #[test]
    fn names_outside_the_table_are_kept() {
        let attributes: Attributes =
            [("extensionAttribute1", ""), ("cn", "A"), ("x\0y", "1\0 2")].into_iter().collect();
        let all: Vec<_> = attributes.iter().collect();
        assert_eq!(all, [("extensionAttribute1", ""), ("cn", "A"), ("x_y", "1\0 2")]);
    }

    #[test]
    fn the_order_of_attributes_is_no_difference_and_that_of_values_is_one() {
        let of = |values: &[(&'static str, &'static str)]| -> Attributes {
            values.iter().copied().collect()
        };
        assert_eq!(
            of(&[("cn", "A"), ("x", "1"), ("x", "2")]),
            of(&[("x", "1"), ("x", "2"), ("cn", "A")])
        );
        assert_ne!(of(&[("x", "1"), ("x", "2")]), of(&[("x", "2"), ("x", "1")]));
        assert_ne!(of(&[("x", "1")]), of(&[("x", "1"), ("x", "1")]));
    }

    #[test]
    fn a_map_of_strings_and_lists_goes_round() {
        let attributes: Attributes =
            [("b", "1"), ("memberOf", "x"), ("memberOf", "y")].into_iter().collect();
        let json = serde_json::to_string(&attributes).unwrap();
        assert_eq!(json, r#"{"b":"1","memberOf":["x","y"]}"#);
        assert_eq!(serde_json::from_str::<Attributes>(&json).unwrap(), attributes);
        for other in
            ["1", "[]", r#"{"a":1}"#, r#"{"a":null}"#, r#"{"a":[1]}"#, r#"{"a":{"b":"c"}}"#]
        {
            assert!(serde_json::from_str::<Attributes>(other).is_err(), "{other}");
        }
    }
}
