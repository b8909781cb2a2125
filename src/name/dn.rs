//! Distinguished names.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::rdn::{Rdn, split_at_unescaped, trim};
use crate::{Error, Result};

/// Far above what a directory accepts, far below what would hurt.
const LONGEST: usize = 64 * 1024;
const MOST_RDNS: usize = 512;

/// The distinguished name of a directory entry (RFC 4514), such as `CN=WEB1,OU=Servers,DC=corp,DC=example`.
///
/// Keeps the text as it was given. Two DNs are equal if they differ in nothing but the case of types and
/// values, the way characters are escaped, blanks around separators, and the order within an RDN of several
/// values. The empty text is the root, which every entry is within.
///
/// Comparing and hashing make the [normal form](Self::normalized) each time; where many DNs are looked up,
/// keep that text as the key instead.
///
/// ```
/// use ldap_inventory::name::DistinguishedName;
///
/// let web = DistinguishedName::parse(r"CN=WEB1,OU=Servers\, Rack 2,DC=corp,DC=example")?;
/// assert_eq!(web.common_name().as_deref(), Some("WEB1"));
/// assert_eq!(web.domain().as_deref(), Some("corp.example"));
/// assert!(web.is_within(&DistinguishedName::parse(r"ou=servers\2C rack 2, dc=corp, dc=example")?));
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone)]
pub struct DistinguishedName(Box<str>);

impl DistinguishedName {
    /// Reads a DN.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text is not a DN by RFC 4514, is longer than
    /// 64 KiB or has more than 512 RDNs.
    pub fn parse(text: &str) -> Result<Self> {
        check(text)
            .map(|()| Self(text.into()))
            .map_err(|reason| Error::invalid("distinguished name", text, reason))
    }

    /// The text of a DN, which is one.
    pub(crate) fn of_checked(text: &str) -> Self {
        Self(text.into())
    }

    /// The root: the empty name, which every entry is within.
    pub(crate) fn root() -> Self {
        Self(Box::default())
    }

    /// The text as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The RDNs, the entry's own first.
    pub(crate) fn rdns(&self) -> impl Iterator<Item = Rdn<'_>> {
        rdns(&self.0)
    }

    /// The entry above. `None` for the root and for what is directly below it.
    pub fn parent(&self) -> Option<Self> {
        let (_, parent) = split_at_unescaped(&self.0, b',');
        parent.map(|parent| Self(trim(parent).into()))
    }

    /// Whether this is the base or an entry below it.
    pub fn is_within(&self, base: &Self) -> bool {
        Self::is_normalized_within(&self.normalized(), &base.normalized())
    }

    /// The same of DNs in their normal form, where many are compared.
    pub(crate) fn is_normalized_within(own: &str, base: &str) -> bool {
        // The comma of a value is escaped as a hex pair in the normal form: one that stands there divides.
        let above = own.strip_suffix(base);
        base.is_empty() || above.is_some_and(|rest| rest.is_empty() || rest.ends_with(','))
    }

    /// The entry above in normal form, empty for the root and for what is directly below it.
    pub(crate) fn normalized_parent(normalized: &str) -> &str {
        normalized.split_once(',').map_or("", |(_, parent)| parent)
    }

    /// The DNS domain that the `DC` components at the end make, in lower case (RFC 2247).
    pub fn domain(&self) -> Option<String> {
        let mut domain: Option<String> = None;
        for rdn in self.rdns() {
            if !rdn.attribute_type().eq_ignore_ascii_case("dc") {
                domain = None;
                continue;
            }
            match &mut domain {
                Some(domain) => domain.extend([".", &rdn.value().to_lowercase()]),
                None => domain = Some(rdn.value().to_lowercase()),
            }
        }
        domain
    }

    /// Whether the [domain](Self::domain) is plainly this one, in lower case, as nearly every DN is written. Where it is not
    /// plain, it may be all the same.
    pub(crate) fn is_plainly_in(&self, domain: &str) -> bool {
        let mut rest = self.as_str();
        for label in domain.rsplit('.') {
            let above = rest.len().checked_sub(label.len() + "DC=".len());
            let Some((before, own)) = above.and_then(|end| rest.split_at_checked(end)) else {
                return false;
            };
            let is_it = own.split_at_checked("DC=".len()).is_some_and(|(kind, value)| {
                kind.eq_ignore_ascii_case("DC=") && value.eq_ignore_ascii_case(label)
            });
            match before.strip_suffix(',') {
                Some(before) if is_it && !before.ends_with('\\') => rest = before,
                _ => return false,
            }
        }
        let next = rest.rsplit(',').next().unwrap_or_default().trim_start();
        !next.get(..2).is_some_and(|kind| kind.eq_ignore_ascii_case("dc"))
    }

    /// The value of the entry's own RDN, whatever its type, without escapes.
    pub fn common_name(&self) -> Option<String> {
        self.rdns().next().map(|rdn| rdn.value().into_owned())
    }

    /// Whether this is an entry that lost its name to another in a replication conflict, and is called
    /// `name\0ACNF:guid` now. It is an entry of its own, with its own GUID.
    pub fn is_conflict_object(&self) -> bool {
        self.rdns().next().is_some_and(|rdn| rdn.value().contains("\nCNF:"))
    }

    /// Whether this is a deleted entry, called `name\0ADEL:guid` (MS-ADTS, section 3.1.1.5.5).
    pub fn is_deleted_object(&self) -> bool {
        self.rdns().next().is_some_and(|rdn| rdn.value().contains("\nDEL:"))
    }

    /// The form in which equal DNs are equal texts: a key for maps. It is itself a DN.
    pub fn normalized(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        for (n, rdn) in self.rdns().enumerate() {
            if n > 0 {
                text.push(',');
            }
            rdn.push_normalized(&mut text);
        }
        text
    }

    /// Escapes a value, so that it can be put into the text of a DN (RFC 4514, section 2.4).
    ///
    /// ```
    /// use ldap_inventory::name::DistinguishedName;
    ///
    /// let name = DistinguishedName::escape_value("Smith, Anna #1 ");
    /// assert_eq!(name, r"Smith\, Anna #1\ ");
    /// ```
    pub fn escape_value(value: &str) -> String {
        let last = value.len().saturating_sub(1);
        let mut text = String::with_capacity(value.len());
        for (n, c) in value.char_indices() {
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=' => text.extend(['\\', c]),
                '#' if n == 0 => text.push_str("\\#"),
                ' ' if n == 0 || n == last => text.push_str("\\ "),
                c if c.is_ascii_control() => text.push_str(&format!("\\{:02X}", u32::from(c))),
                c => text.push(c),
            }
        }
        text
    }
}

impl fmt::Debug for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinguishedName({:?})", self.as_str())
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for DistinguishedName {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Eq for DistinguishedName {}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.normalized() == other.normalized()
    }
}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.normalized().hash(state);
    }
}

impl Serialize for DistinguishedName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for DistinguishedName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

fn check(text: &str) -> Result<(), &'static str> {
    if text.len() > LONGEST {
        return Err("it is longer than 64 KiB");
    }
    for (n, rdn) in rdns(text).enumerate() {
        if n == MOST_RDNS {
            return Err("it has more than 512 components");
        }
        rdn.check()?;
    }
    Ok(())
}

fn rdns(text: &str) -> impl Iterator<Item = Rdn<'_>> {
    let mut rest = Some(text).filter(|text| !text.trim_matches(' ').is_empty());
    std::iter::from_fn(move || {
        let (rdn, after) = split_at_unescaped(rest?, b',');
        rest = after;
        Some(Rdn::unchecked(rdn))
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> DistinguishedName {
        DistinguishedName::parse(text).unwrap()
    }

    #[test]
    fn case_escapes_and_blanks_are_no_difference() {
        let web = dn(r"CN=Web\, 1,OU=Servers,DC=corp,DC=example");
        for text in [
            r"cn=WEB\2C 1,ou=servers,dc=CORP,dc=example",
            r" cn = web\, 1 , ou = Servers , dc=corp , dc=example ",
            r"cn=\57eb\2c\20\31,ou=servers,dc=corp,dc=example",
        ] {
            assert_eq!(dn(text), web, "{text}");
        }
        assert_eq!(web.as_str(), r"CN=Web\, 1,OU=Servers,DC=corp,DC=example");
        assert_eq!(web.normalized(), r"cn=web\2c 1,ou=servers,dc=corp,dc=example");
        assert_eq!(dn(r"CN=M\C3\BCLLER"), dn("cn=müller"));
        assert_eq!(dn("CN=ΟΔΟΣ"), dn("CN=οδοσ"));
    }

    #[test]
    fn what_is_plainly_in_a_domain_is_in_it() {
        let domain = "corp.example";
        for plain in ["CN=a,DC=corp,DC=example", r"CN=a\2C,OU=b\, c,dc=Corp,DC=EXAMPLE"] {
            assert!(dn(plain).is_plainly_in(domain), "{plain}");
        }
        let rdns = ["CN=a", r"CN=a\,DC=b", "DC=eu", "dc=corp", "DC=example", r"OU=x\\", "OU=DC"];
        let mut all = vec![String::new()];
        for _ in 0..4 {
            let longer = |tail: &String| {
                rdns.map(
                    |rdn| if tail.is_empty() { rdn.to_owned() } else { format!("{rdn},{tail}") },
                )
            };
            all.extend(all.iter().flat_map(longer).collect::<Vec<_>>());
        }
        let plain = all.iter().map(|text| dn(text)).filter(|dn| dn.is_plainly_in(domain));
        let others = plain.filter(|dn| dn.domain().as_deref() != Some(domain));
        assert_eq!(others.map(|dn| dn.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
    }

    #[test]
    fn the_order_within_an_rdn_is_no_difference() {
        assert_eq!(dn("CN=a+OU=b,DC=x"), dn("ou=B + cn=A,dc=x"));
        assert_ne!(dn("CN=a+OU=b,DC=x"), dn("CN=a,OU=b,DC=x"));
        let both = dn("CN=a+OU=b,DC=x");
        let first = both.rdns().next().unwrap();
        let pairs: Vec<_> = first.pairs().collect();
        assert_eq!(pairs, [("CN", "a".into()), ("OU", "b".into())]);
    }

    #[test]
    fn a_parent_keeps_the_blank_that_its_text_escapes() {
        for text in [r"CN=a,OU=b\ ", r" CN=a , OU=b\\\  "] {
            let parent = dn(text).parent().unwrap();
            assert_eq!(parent, dn(parent.as_str()), "{text}");
            assert!(dn(text).is_within(&parent), "{text}");
        }
    }

    #[test]
    fn different_names_differ() {
        let texts = [
            "",
            "CN=a",
            "CN=b",
            "OU=a",
            "CN=a,DC=x",
            "CN=a+DC=x",
            r"CN=a\,DC\=x",
            r"CN=a\ ",
            r"CN=\ a",
            "CN=#61",
            r"CN=\#61",
            "CN=",
            r"CN=a\\",
            r"CN=a\+DC\=x",
            "2.5.4.3=a",
        ];
        let set: HashSet<_> = texts.into_iter().map(dn).collect();
        assert_eq!(set.len(), texts.len());
    }

    #[test]
    fn the_examples_of_rfc_4514() {
        let values = |text| dn(text).rdns().map(|rdn| rdn.value().into_owned()).collect::<Vec<_>>();
        assert_eq!(values("UID=jsmith,DC=example,DC=net"), ["jsmith", "example", "net"]);
        assert_eq!(
            values(r#"CN=James \"Jim\" Smith\, III,DC=net"#),
            [r#"James "Jim" Smith, III"#, "net"]
        );
        assert_eq!(values(r"CN=Before\0dAfter,DC=net"), ["Before\rAfter", "net"]);
        assert_eq!(values("1.3.6.1.4.1.1466.0=#04024869"), ["#04024869"]);
        assert_eq!(values(r"CN=Lu\C4\8Di\C4\87"), ["Lučić"]);
        assert_eq!(values(r"CN=\ a\ \ "), [" a  "]);
        assert_eq!(values(r"CN=a\\ ,DC=net"), [r"a\", "net"]);
    }

    #[test]
    fn what_is_no_dn_is_refused() {
        for text in [
            "WEB1",
            ",",
            "CN=a,",
            ",CN=a",
            "CN=a,,DC=x",
            "=a",
            "CN=a+",
            "CN=a+b",
            r"CN=a\",
            r"CN=a\zz",
            r"CN=a\4",
            "CN=a;DC=x",
            "CN=\"a\"",
            "CN=<a>",
            "CN=#",
            "CN=#123",
            "CN=#xy",
            "C N=a",
            "1.=a",
            "1..2=a",
            "ÄB=a",
            r"CN=\FF",
            "CN=a\0b",
        ] {
            assert!(DistinguishedName::parse(text).is_err(), "{text}");
            assert!(serde_json::from_value::<DistinguishedName>(text.into()).is_err(), "{text}");
        }
    }

    #[test]
    fn size_is_limited() {
        let most = vec!["DC=a"; 512].join(",");
        assert!(DistinguishedName::parse(&most).is_ok());
        assert!(DistinguishedName::parse(&format!("{most},DC=a")).is_err());
        let longest = format!("CN={}", "a".repeat(64 * 1024 - 3));
        assert!(DistinguishedName::parse(&longest).is_ok());
        assert!(DistinguishedName::parse(&format!("{longest}a")).is_err());
    }

    #[test]
    fn the_way_up() {
        let web = dn(r"CN=a\,b, OU=Servers,DC=example");
        let above = web.parent().unwrap();
        assert_eq!(above.as_str(), "OU=Servers,DC=example");
        assert_eq!(above.parent().unwrap().parent(), None);
        assert_eq!(dn("").parent(), None);
    }

    #[test]
    fn an_entry_is_within_itself_and_what_is_above() {
        let web = dn("CN=web1,OU=Servers,DC=corp,DC=example");
        for base in [web.as_str(), "ou=servers,dc=CORP,dc=example", "DC=example", ""] {
            assert!(web.is_within(&dn(base)), "{base}");
        }
        for base in [
            "OU=Servers,DC=corp",
            "DC=ample",
            "U=Servers,DC=corp,DC=example",
            "CN=x,CN=web1,OU=Servers,DC=corp,DC=example",
            "OU=Other,DC=corp,DC=example",
        ] {
            assert!(!web.is_within(&dn(base)), "{base}");
        }
        assert!(!dn(r"CN=a\,DC\=example").is_within(&dn("DC=example")));
        assert!(!dn("").is_within(&dn("DC=example")));
    }

    #[test]
    fn the_domain_is_the_dc_components_at_the_end() {
        assert_eq!(dn("CN=a,DC=Corp,DC=Example").domain().as_deref(), Some("corp.example"));
        let zone = dn("DC=web1,DC=zone,CN=MicrosoftDNS,DC=corp,DC=example");
        assert_eq!(zone.domain().as_deref(), Some("corp.example"));
        assert_eq!(dn("CN=a,O=Example").domain(), None);
        assert_eq!(dn("DC=a,O=Example").domain(), None);
        assert_eq!(dn("").domain(), None);
    }

    #[test]
    fn conflicts_and_deleted_objects_are_known_by_their_names() {
        let guid = "a9d1ca15-7688-11d1-aded-00c04fd8d5cd";
        let conflict = dn(&format!(r"CN=WEB1\0ACNF:{guid},OU=Servers,DC=example"));
        assert!(conflict.is_conflict_object() && !conflict.is_deleted_object());
        assert_eq!(conflict.common_name(), Some(format!("WEB1\nCNF:{guid}")));
        let deleted = dn(&format!(r"CN=WEB1\0ADEL:{guid},CN=Deleted Objects,DC=example"));
        assert!(deleted.is_deleted_object() && !deleted.is_conflict_object());
        let below = dn(&format!(r"CN=WEB2,OU=Servers\0ACNF:{guid},DC=example"));
        assert!(!below.is_conflict_object());
        assert!(!dn(r"CN=WEB1\0ACNF").is_conflict_object());
        assert!(!dn("CN=WEB1CNF:1").is_conflict_object());
    }

    #[test]
    fn a_value_is_escaped_where_it_must_be() {
        for (value, escaped) in [
            ("WEB1", "WEB1"),
            (" ", r"\ "),
            ("  ", r"\ \ "),
            ("#1", r"\#1"),
            ("1#", "1#"),
            ("a\nCNF:b", r"a\0ACNF:b"),
            ("a\0b", r"a\00b"),
            (r#"a"+,;<>\=b"#, r#"a\"\+\,\;\<\>\\\=b"#),
            ("", ""),
        ] {
            assert_eq!(DistinguishedName::escape_value(value), escaped, "{value:?}");
        }
    }

    proptest! {
        #[test]
        fn an_escaped_value_comes_back(values in vec(any::<String>(), 1..5)) {
            let rdns: Vec<_> =
                values.iter().map(|v| format!("CN={}", DistinguishedName::escape_value(v))).collect();
            let dn = DistinguishedName::parse(&rdns.join(",")).unwrap();
            let read: Vec<_> = dn.rdns().map(|rdn| rdn.value().into_owned()).collect();
            prop_assert_eq!(read, values);
        }

        #[test]
        fn the_normal_form_is_a_dn_and_its_own_normal_form(text in r##"[AB]=([ aA0ÄΣİ=#]|\\[ #,+=\\\\"]|\\[2-5][0-9a-fA-F]){0,3}( ?[+,] ?[ABa]=([ aA0ÄΣİ=#]|\\[ #,+=\\\\"]|\\[2-5][0-9a-fA-F]){0,3}){0,4}"##) {
            if let Ok(dn) = DistinguishedName::parse(&text) {
                let normal = DistinguishedName::parse(&dn.normalized()).unwrap();
                prop_assert_eq!(normal.normalized(), dn.normalized());
                prop_assert_eq!(&normal, &dn);
                let json = serde_json::to_string(&dn).unwrap();
                let read: DistinguishedName = serde_json::from_str(&json).unwrap();
                prop_assert_eq!(read.as_str(), dn.as_str());
            }
        }

        #[test]
        fn within_is_what_the_way_up_says(a in "[AB]=[ab](,[AB]=[ab]){0,4}", b in "[AB]=[ab](,[AB]=[ab]){0,2}") {
            let (entry, base) = (dn(&a), dn(&b));
            let naive = std::iter::successors(Some(entry.clone()), DistinguishedName::parent).any(|up| up == base);
            prop_assert_eq!(entry.is_within(&base), naive);
            let parent = entry.parent().map(|parent| parent.normalized()).unwrap_or_default();
            let normalized = entry.normalized();
            prop_assert_eq!(DistinguishedName::normalized_parent(&normalized), parent);
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            if let Ok(dn) = DistinguishedName::parse(&text) {
                let _ = (dn.parent(), dn.domain(), dn.common_name(), dn.normalized());
            }
        }
    }
}
