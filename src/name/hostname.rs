//! Host names.

use std::borrow::Cow;
use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::unicode::{canonical, is_plain};
use super::weakness::is_address;
use super::{MatchKey, Weakness, to_unicode};
use crate::Error;

/// The longest name that DNS can carry, in characters (RFC 1035, section 2.3.4).
const LONGEST: usize = 253;
/// What is longer than this before it is converted cannot be a name after it. Keeps the conversion short:
/// Punycode takes time quadratic in the length of a label.
const LONGEST_INPUT: usize = 4 * LONGEST;

/// Domains that anybody may use: two hosts with the same name there need not be the same host, and two with
/// different ones there need not differ.
///
/// From RFC 6761, 6762 and 8375, ICANN's reservation of `internal`, and the defaults of Windows and of home
/// routers.
/// `local` is here since multicast DNS gives it to every Mac and printer. A domain *below* one of them is somebody's:
/// `contoso.local` and `fabrikam.local` are two companies.
const NOT_AUTHORITATIVE: &[&str] = &[
    "belkin",
    "dlink",
    "fritz.box",
    "gateway",
    "home",
    "home.arpa",
    "internal",
    "intranet",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "localhost",
    "mshome",
    "mshome.net",
    "private",
    "router",
    "speedport.ip",
    "unknown",
    "workgroup",
];

/// A host name in its canonical form: a short name or a fully qualified one.
///
/// Two host names are equal if they differ in nothing but case, the trailing dot, blanks around them, and
/// the form of international labels (UTS 46: `bücher.example` is `xn--bcher-kva.example`). The form is
/// lenient where real networks are: underscores, leading hyphens and labels of any length are allowed.
///
/// The canonical form is ASCII. It is what a name is known by, and what [`as_str`](Self::as_str), stores and
/// `serde` have; for people a name prints [in Unicode](Self::to_unicode).
///
/// ```
/// use ldap_inventory::name::Hostname;
///
/// let web = Hostname::parse(" WEB1.Corp.Example. ")?;
/// assert_eq!(web.as_str(), "web1.corp.example");
/// assert_eq!((web.short(), web.domain()), ("web1", Some("corp.example")));
/// assert_eq!(web, Hostname::parse("web1.corp.example")?);
///
/// let books = Hostname::parse("BÜCHER.example")?;
/// assert_eq!((books.as_str(), books.to_string().as_str()), ("xn--bcher-kva.example", "bücher.example"));
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Hostname(Arc<str>);

/// Why a text is no host name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum InvalidHostname {
    /// There is nothing but blanks and a dot.
    #[error("the host name is empty")]
    Empty,
    /// Two dots stand together, or one stands at the beginning.
    #[error("the host name has an empty label: two dots in a row, or a dot at its beginning")]
    EmptyLabel,
    /// Neither a letter, a digit, a hyphen, an underscore nor a dot.
    #[error("a host name cannot contain the character {0:?}")]
    ForbiddenCharacter(char),
    /// More than the 253 characters that DNS can carry.
    #[error("the host name is longer than the 253 characters that DNS allows")]
    TooLong,
}

impl Hostname {
    /// Reads a host name and brings it into its canonical form.
    ///
    /// The text of an address is taken as well, since inventories have them as names; it is
    /// [weak](Self::is_weak).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for an empty name or label, a character that no name has, and more
    /// than the 253 characters that DNS can carry.
    pub fn parse(text: &str) -> crate::Result<Self> {
        Self::read(text).map_err(|reason| Error::invalid("host name", text, reason))
    }

    /// It, or the bare reason why there is none.
    pub(crate) fn read(text: &str) -> Result<Self, InvalidHostname> {
        let text = text.trim();
        if text.len() > LONGEST_INPUT {
            return Err(InvalidHostname::TooLong);
        }
        if is_plain(text) {
            return Self::read_plain(text);
        }
        if let Ok(address) = text.parse::<Ipv6Addr>() {
            return Ok(Self(address.to_string().into()));
        }
        let canonical = canonical(text);
        let name = canonical.strip_suffix('.').unwrap_or(&canonical);
        check(name).map(|()| Self(name.into()))
    }

    /// It, of a text whose canonical form is its lower case.
    fn read_plain(text: &str) -> Result<Self, InvalidHostname> {
        let name = text.strip_suffix('.').unwrap_or(text);
        check_shape(name, name.len())?;
        let mut name: Arc<str> = name.into();
        if let Some(name) = Arc::get_mut(&mut name) {
            name.make_ascii_lowercase();
        }
        Ok(Self(name))
    }

    /// The host name in a computer's `sAMAccountName`, which is the NetBIOS name and a `$`. Some servers write a NUL
    /// before it.
    ///
    /// # Errors
    ///
    /// As for [`parse`](Self::parse).
    pub fn from_sam_account_name(text: &str) -> crate::Result<Self> {
        Self::read_sam_account_name(text)
            .map_err(|reason| Error::invalid("sAMAccountName", text, reason))
    }

    /// It, or the bare reason why there is none.
    pub(crate) fn read_sam_account_name(text: &str) -> Result<Self, InvalidHostname> {
        let text = text.trim();
        let text = text.strip_suffix('$').unwrap_or(text);
        Self::read(text.strip_suffix('\0').unwrap_or(text))
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A host name or domain as people read and write it: `bücher.example` for `xn--bcher-kva.example`.
    ///
    /// A label keeps its ASCII form if its letters could mislead: where UTS 46 forbids them (controls, directions
    /// that reorder the name), where they cannot be seen or are no letters, marks or digits, and where Latin, Greek
    /// and Cyrillic ones stand in one word. [`parse`](Self::parse) reads both forms as the same
    /// name.
    ///
    /// ```
    /// use ldap_inventory::name::Hostname;
    ///
    /// assert_eq!(Hostname::readable("xn--bcher-kva.example"), "bücher.example");
    /// assert_eq!(Hostname::readable("web1.example"), "web1.example");
    /// // The first letter of this one is Cyrillic.
    /// assert_eq!(Hostname::readable("xn--dmin-53d.example"), "xn--dmin-53d.example");
    /// ```
    pub fn readable(name: &str) -> Cow<'_, str> {
        to_unicode(name)
    }

    /// The name as people read it, see [`readable`](Self::readable).
    pub fn to_unicode(&self) -> Cow<'_, str> {
        to_unicode(&self.0)
    }

    /// The first label; of an address all of it.
    pub fn short(&self) -> &str {
        self.split().0
    }

    /// What follows the first label, if anything does.
    pub fn domain(&self) -> Option<&str> {
        self.split().1
    }

    /// Whether the name says nothing about which host it is: `localhost`, a placeholder, an address, a product's default
    /// name.
    pub fn is_weak(&self) -> bool {
        self.weakness().is_some()
    }

    /// Why the name says nothing about which host it is, if so.
    pub(crate) fn weakness(&self) -> Option<Weakness> {
        Weakness::of(&self.0)
    }

    /// Whether the name has a domain whose names somebody is in charge of, so that equal ones mean the same host. Not so for
    /// `local`, `lan`, `home.arpa` and their like; a domain below one of these is a domain like any other.
    pub fn has_authoritative_domain(&self) -> bool {
        self.domain().is_some_and(is_authoritative_domain)
    }

    /// The keys under which an asset of this name is found: one or two; of a weak name one if it
    /// is an FQDN that may hold as one all the same, else none.
    pub fn match_keys(&self) -> impl Iterator<Item = MatchKey> + use<> {
        let weakness = self.weakness();
        let short = weakness.is_none().then(|| self.short());
        let is_told = weakness.is_some_and(Weakness::holds_as_fqdn) && self.domain().is_some();
        let full = is_told.then(|| MatchKey::full(self.as_str()));
        let keys = [full, short.map(MatchKey::short), short.and_then(MatchKey::truncated)];
        keys.into_iter().flatten()
    }

    fn split(&self) -> (&str, Option<&str>) {
        match self.0.split_once('.') {
            Some((short, domain)) if !is_address(&self.0) => (short, Some(domain)),
            _ => (&self.0, None),
        }
    }
}

impl fmt::Debug for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hostname({:?})", self.as_str())
    }
}

/// Prints for people, in Unicode.
impl fmt::Display for Hostname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_unicode())
    }
}

impl FromStr for Hostname {
    type Err = Error;

    fn from_str(text: &str) -> crate::Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for Hostname {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Hostname {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// Whether somebody is in charge of a domain's names, so that equal ones mean the same host and different
/// ones different hosts. Not so for `local`, `lan`, `home.arpa`, `workgroup` and their like; a domain below one
/// of these is a domain like any other.
///
/// The domain may be a DNS or a NetBIOS one, in any case, with or without a dot at its end.
pub(crate) fn is_authoritative_domain(domain: &str) -> bool {
    let domain = domain.trim();
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    let is_anybodys = NOT_AUTHORITATIVE.iter().any(|known| known.eq_ignore_ascii_case(domain));
    !domain.is_empty() && !is_anybodys
}

fn check(name: &str) -> Result<(), InvalidHostname> {
    let is_allowed = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if let Some(c) = name.chars().find(|c| !is_allowed(*c)) {
        return Err(InvalidHostname::ForbiddenCharacter(c));
    }
    check_shape(name, name.chars().count())
}

/// The same of a name of so many characters of which each is allowed.
fn check_shape(name: &str, characters: usize) -> Result<(), InvalidHostname> {
    if name.is_empty() {
        return Err(InvalidHostname::Empty);
    }
    if name.as_bytes().split(|byte| *byte == b'.').any(<[u8]>::is_empty) {
        return Err(InvalidHostname::EmptyLabel);
    }
    if characters > LONGEST {
        return Err(InvalidHostname::TooLong);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn host(text: &str) -> Hostname {
        Hostname::parse(text).unwrap()
    }

    fn keys(text: &str) -> Vec<String> {
        host(text).match_keys().map(|key| key.to_string()).collect()
    }

    #[test]
    fn case_and_a_trailing_dot_and_blanks_are_no_difference() {
        for text in ["WEB1.corp.example", "web1.corp.example.", "\tWeb1.Corp.Example \r\n"] {
            assert_eq!(host(text).as_str(), "web1.corp.example");
        }
    }

    #[test]
    fn idna_forms_are_no_difference() {
        for text in
            ["bücher.example", "BÜCHER.example", "bu\u{308}cher.example", "XN--BCHER-KVA.EXAMPLE"]
        {
            assert_eq!(host(text).as_str(), "xn--bcher-kva.example", "{text}");
        }
        assert_eq!(host("web1。corp．example。").as_str(), "web1.corp.example");
        assert_eq!(host("ｗｅｂ１").as_str(), "web1");
    }

    #[test]
    fn a_label_without_an_ascii_form_is_kept_in_lower_case() {
        assert_eq!(host("XN--A.example").as_str(), "xn--a.example");
        assert_eq!(host("XN--A.BÜCHER").as_str(), "xn--a.xn--bcher-kva");
        assert_eq!(host("XN--A.BÜCHER"), host("xn--a.xn--bcher-kva"));
    }

    #[test]
    fn what_is_no_host_name_is_refused() {
        use InvalidHostname::*;
        for (text, reason) in [
            ("", Empty),
            (" . ", Empty),
            ("..", EmptyLabel),
            ("web1..example", EmptyLabel),
            (".web1", EmptyLabel),
            ("web1..", EmptyLabel),
            ("web 1", ForbiddenCharacter(' ')),
            ("web1/2", ForbiddenCharacter('/')),
            ("web1\nCNF:1", ForbiddenCharacter('\n')),
            ("web1$", ForbiddenCharacter('$')),
            ("*.example", ForbiddenCharacter('*')),
            ("web1\0", ForbiddenCharacter('\0')),
            ("[::1]", ForbiddenCharacter('[')),
            ("web1:443", ForbiddenCharacter(':')),
            // UTS 46 turns this one letter into "a/c".
            ("℀.example", ForbiddenCharacter('/')),
        ] {
            assert_eq!(Hostname::read(text), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_says_what_is_wrong() {
        for (text, sentence) in [
            ("", "the host name is empty"),
            (
                "a..b",
                "the host name has an empty label: two dots in a row, or a dot at its beginning",
            ),
            ("host7 (old)", "a host name cannot contain the character ' '"),
            ("a\nb", "a host name cannot contain the character '\\n'"),
            (&"a".repeat(254), "the host name is longer than the 253 characters that DNS allows"),
        ] {
            assert_eq!(Hostname::read(text).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn the_longest_name_has_253_characters() {
        let longest = format!("{}a", "a.".repeat(126));
        assert_eq!(longest.len(), 253);
        assert!(Hostname::parse(&format!("{longest}.")).is_ok());
        assert_eq!(Hostname::read(&format!("{longest}a")), Err(InvalidHostname::TooLong));
        assert_eq!(Hostname::read(&"ü".repeat(1 << 20)), Err(InvalidHostname::TooLong));
    }

    #[test]
    fn underscores_and_numbers_are_allowed() {
        assert_eq!(host("_srv_1-.x").as_str(), "_srv_1-.x");
        assert_eq!(host("12345").short(), "12345");
    }

    #[test]
    fn a_sam_account_name_loses_one_dollar_sign() {
        assert_eq!(Hostname::from_sam_account_name("WEB1$").unwrap(), host("web1"));
        assert_eq!(Hostname::from_sam_account_name("web1").unwrap(), host("web1"));
        let twice = Hostname::read_sam_account_name("WEB1$$");
        assert_eq!(twice, Err(InvalidHostname::ForbiddenCharacter('$')));
        assert_eq!(Hostname::read_sam_account_name("$"), Err(InvalidHostname::Empty));
    }

    #[test]
    fn an_address_is_one_name_without_a_domain() {
        for (text, canonical) in [("10.0.0.5", "10.0.0.5"), ("FE80:0::1", "fe80::1")] {
            let address = host(text);
            assert_eq!((address.short(), address.domain()), (canonical, None));
            assert_eq!(address.weakness(), Some(Weakness::IpAddress));
        }
    }

    #[test]
    fn every_distinctive_name_has_its_keys() {
        assert_eq!(keys("WEB1.corp.example"), ["s:web1"]);
        assert_eq!(keys("fourteen-chars"), ["s:fourteen-chars"]);
        assert_eq!(keys("fifteen-charact"), ["s:fifteen-charact", "t:fifteen-charact"]);
        assert_eq!(keys("sixteen-characte.x"), ["s:sixteen-characte", "t:sixteen-charact"]);
    }

    #[test]
    fn a_weak_name_has_no_keys() {
        for text in ["localhost.corp.example", "iphone", "10.0.0.5", "android-0123456789abcdef"] {
            assert_eq!(keys(text), [""; 0], "{text}");
        }
        assert_eq!(keys("iPhone.corp.example"), ["f:iphone.corp.example"]);
    }

    #[test]
    fn domains_that_anybody_may_use_are_not_authoritative() {
        for domain in ["local", "LAN.", "home.arpa", "fritz.box", "WORKGROUP", ""] {
            assert!(!is_authoritative_domain(domain), "{domain}");
        }
        for domain in [
            "corp.example",
            "corp.local",
            "CORP",
            "local.example",
            "notlocal",
            "mylan",
            "example.com.",
        ] {
            assert!(is_authoritative_domain(domain), "{domain}");
        }
        assert!(host("web1.corp.example").has_authoritative_domain());
        assert!(!host("web1.local").has_authoritative_domain());
        assert!(!host("web1").has_authoritative_domain());
    }

    proptest! {
        #[test]
        fn what_is_plain_is_brought_into_the_same_form(text in "([a-zA-Z0-9._-]|[xX][nN]-){0,300}") {
            if is_plain(&text) {
                prop_assert_eq!(canonical(&text), text.to_ascii_lowercase());
            }
        }

        #[test]
        fn the_canonical_form_is_its_own(text in any::<String>(), near in "([a-zA-Z0-9.ßüİΣς漢א。xn\\-_]|xn--|xn--a\\.){0,40}") {
            for text in [text, near] {
                if let Ok(name) = Hostname::parse(&text) {
                    prop_assert_eq!(&Hostname::read(name.as_str()), &Ok(name.clone()), "{:?}", text);
                    let json = serde_json::to_string(&name).unwrap();
                    prop_assert_eq!(serde_json::from_str::<Hostname>(&json).unwrap(), name);
                }
            }
        }

        #[test]
        fn short_and_domain_make_the_name(name in "[a-z_][a-z0-9_]{0,20}(\\.[a-z0-9_]{1,9}){0,4}") {
            let host = host(&name);
            let again = host.domain().map_or(host.short().to_owned(), |d| format!("{}.{d}", host.short()));
            prop_assert_eq!(again, name);
        }

        #[test]
        fn a_cut_name_meets_the_one_it_was_cut_from(name in "[b-z][0-9]{14,40}", domain in "(\\.corp)?") {
            let cut = Hostname::from_sam_account_name(&format!("{}$", &name[..15])).unwrap();
            let full = host(&format!("{name}{domain}"));
            let cut_keys: Vec<_> = cut.match_keys().collect();
            prop_assert!(full.match_keys().any(|key| cut_keys.contains(&key)));
        }
    }
}
