//! Where a directory server is, as people write it.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Error, Printable, Result};

/// The address of a directory server: a host, with or without a port and a scheme.
///
/// Forms: `host`, `host:port`, `IP`, `IP:port`, `[IPv6]:port` and a bare IPv6 address, each with or
/// without `ldap://` or `ldaps://`. A lone `/` at the end is allowed; paths, queries and user names are
/// not, since they would be ignored. International names are kept in their ASCII form (IDNA), an
/// IPv4-mapped IPv6 address as IPv4, and the dot at the end of a name is dropped.
///
/// Without a scheme, and with `ldaps://`, LDAPS is tried first, then StartTLS, then (only where the
/// credential allows it) plain LDAP; `ldap://` begins at StartTLS.
///
/// `domain:corp.example` stands for the domain controllers of an Active Directory domain, whichever of them are there: they
/// are found by DNS, as `ldap` says. `domain:corp.example/Berlin` prefers those of an AD site. A host without an address is
/// looked for in the same way, unless a port is given.
///
/// ```
/// use ldap_inventory::credential::ServerUrl;
///
/// let server = ServerUrl::parse("LDAPS://DC1.Corp.Example.:3269/")?;
/// assert_eq!(server.to_string(), "ldaps://dc1.corp.example:3269");
/// assert_eq!(ServerUrl::parse("[2001:db8::1]:636")?.port(), Some(636));
/// assert!(ServerUrl::parse("ldap:///dc=corp").is_err());
/// assert_eq!(ServerUrl::parse("domain:Corp.Example./Berlin")?.to_string(), "domain:corp.example/Berlin");
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(into = "String", try_from = "String")]
pub struct ServerUrl {
    scheme: Option<Scheme>,
    host: ServerHost,
    port: Option<u16>,
    /// The AD site, where the host is a domain.
    site: Option<String>,
}

/// The scheme of a [`ServerUrl`] (RFC 4516 for `ldap`; `ldaps` is common practice).
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Scheme {
    /// `ldap://`: StartTLS, then plain LDAP where it is allowed.
    Ldap,
    /// `ldaps://`: TLS from the first byte, then as for no scheme.
    Ldaps,
    /// `domain:`: the host is a domain, of which each controller is tried as for no scheme.
    Domain,
}

/// The host of a [`ServerUrl`].
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum ServerHost {
    /// A host name in lower-case ASCII, without a dot at the end.
    Name(String),
    /// An IP address; for a link-local IPv6 address with its zone (RFC 4007), such as `eth0`.
    Address(IpAddr, Option<String>),
}

/// Longer input is refused before it is looked at: a host name has at most 253 characters.
const LONGEST: usize = 1024;

impl ServerUrl {
    /// Reads an address in any of the forms above.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for anything else: an empty host, an unknown
    /// scheme, a port that is 0 or too large, a path, a query, a user name, an impossible name.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        Self::from_parts(text).map_err(|reason| invalid(text, &reason))
    }

    /// The domain whose controllers are meant, and their AD site if one was given, unless it is one server.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn domain(&self) -> Option<(&str, Option<&str>)> {
        match (self.scheme, &self.host) {
            (Some(Scheme::Domain), ServerHost::Name(domain)) => {
                Some((domain, self.site.as_deref()))
            }
            _ => None,
        }
    }

    /// The scheme, if one was given.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.scheme
    }

    /// The host, in its normal form: a name or an address; of a domain, its name.
    pub fn host(&self) -> String {
        self.host.to_string()
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    pub(crate) fn server_host(&self) -> &ServerHost {
        &self.host
    }

    /// The port, if one was given. A given port is used for every transport.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    fn from_parts(text: &str) -> Result<Self, Cow<'static, str>> {
        if text.len() > LONGEST {
            return Err("it is too long".into());
        }
        if let Some(domain) = domain_of(text) {
            return Self::of_domain(domain);
        }
        let (scheme, rest) = split_scheme(text)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Err("the host is missing".into());
        }
        if rest.contains('@') {
            return Err("a user name does not belong here".into());
        }
        if rest.contains(['/', '\\', '?', '#']) {
            return Err("only a host and a port are allowed, no path or query".into());
        }
        let (host, port) = split_port(rest)?;
        let (host, port) = (parse_host(host)?, port.map(parse_port).transpose()?);
        Ok(Self { scheme, host, port, site: None })
    }

    /// `corp.example` or `corp.example/SITE`.
    fn of_domain(text: &str) -> Result<Self, Cow<'static, str>> {
        let (domain, site) = match text.split_once('/') {
            Some((domain, site)) => (domain, Some(parse_site(site)?)),
            None => (text, None),
        };
        let host = parse_name(domain).map_err(|_| "that is not the name of a domain")?;
        Ok(Self {
            scheme: Some(Scheme::Domain),
            host: ServerHost::Name(host),
            port: None,
            site: site.map(str::to_owned),
        })
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scheme {
            Some(Scheme::Ldap) => f.write_str("ldap://")?,
            Some(Scheme::Ldaps) => f.write_str("ldaps://")?,
            Some(Scheme::Domain) => f.write_str("domain:")?,
            None => {}
        }
        let bracketed = matches!(self.host, ServerHost::Address(IpAddr::V6(_), _))
            && (self.port.is_some() || self.scheme.is_some());
        if bracketed {
            write!(f, "[{}]", self.host)?;
        } else {
            write!(f, "{}", self.host)?;
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))?;
        self.site.as_ref().map_or(Ok(()), |site| write!(f, "/{site}"))
    }
}

impl FromStr for ServerUrl {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl From<ServerUrl> for String {
    fn from(url: ServerUrl) -> Self {
        url.to_string()
    }
}

impl TryFrom<String> for ServerUrl {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        Self::parse(&text)
    }
}

impl fmt::Display for ServerHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Address(address, None) => write!(f, "{address}"),
            Self::Address(address, Some(zone)) => write!(f, "{address}%{zone}"),
        }
    }
}

/// Reads an IP address with or without brackets and zone, and brings it to its canonical form.
pub(super) fn parse_address(text: &str) -> Option<(IpAddr, Option<String>)> {
    let bare = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    let (address, zone) = match bare.unwrap_or(text).split_once('%') {
        Some((address, zone)) => (address, Some(zone.strip_prefix("25").unwrap_or(zone))),
        None => (bare.unwrap_or(text), None),
    };
    let Some(zone) = zone else {
        let parsed = match bare {
            Some(_) => address.parse::<Ipv6Addr>().ok()?.into(),
            None => address.parse::<IpAddr>().ok()?,
        };
        return Some((parsed.to_canonical(), None));
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if zone.is_empty() || zone.len() > 64 || !zone.chars().all(plain) {
        return None;
    }
    Some((address.parse::<Ipv6Addr>().ok()?.into(), Some(zone.to_owned())))
}

/// What stands before an `@` may be a password, so it is not shown.
fn invalid(text: &str, reason: &str) -> Error {
    let shown = text
        .rsplit_once('@')
        .map_or(Cow::Borrowed(text), |(_, host)| Cow::Owned(format!("[redacted]@{host}")));
    Error::invalid("server address", &shown, reason)
}

fn split_scheme(text: &str) -> Result<(Option<Scheme>, &str), Cow<'static, str>> {
    let Some((scheme, rest)) = text.split_once("://") else {
        return Ok((None, text));
    };
    if scheme.eq_ignore_ascii_case("ldap") {
        Ok((Some(Scheme::Ldap), rest))
    } else if scheme.eq_ignore_ascii_case("ldaps") {
        Ok((Some(Scheme::Ldaps), rest))
    } else {
        Err("the scheme must be ldap:// or ldaps://".into())
    }
}

/// What stands behind `domain:`, unless that is a host which is called so, and its port.
fn domain_of(text: &str) -> Option<&str> {
    const PREFIX: &str = "domain:";
    let (prefix, domain) = text.split_at_checked(PREFIX.len())?;
    let is_port = domain.bytes().all(|b| b.is_ascii_digit());
    (prefix.eq_ignore_ascii_case(PREFIX) && !is_port && !domain.starts_with("//")).then_some(domain)
}

/// The name of a site is one label in DNS.
fn parse_site(text: &str) -> Result<&str, Cow<'static, str>> {
    let is_label = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=63).contains(&text.len()) && text.chars().all(is_label) {
        return Ok(text);
    }
    Err("behind the domain only the name of an AD site is allowed, of letters, digits and hyphens"
        .into())
}

/// Two colons and no brackets are a bare IPv6 address, which has no port.
fn split_port(rest: &str) -> Result<(&str, Option<&str>), Cow<'static, str>> {
    if rest.starts_with('[') {
        let end = rest.find(']').ok_or("a bracket is not closed")?;
        let (host, after) = rest.split_at_checked(end + 1).unwrap_or((rest, ""));
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err("only a port may follow the bracket".into()),
        };
    }
    match rest.split_once(':') {
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        _ => Ok((rest, None)),
    }
}

fn parse_port(text: &str) -> Result<u16, Cow<'static, str>> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse()
        .ok()
        .filter(|port| digits && *port != 0)
        .ok_or_else(|| "the port must be a number from 1 to 65535".into())
}

fn parse_host(text: &str) -> Result<ServerHost, Cow<'static, str>> {
    if let Some((address, zone)) = parse_address(text) {
        return Ok(ServerHost::Address(address, zone));
    }
    if text.contains(['[', ']', ':', '%']) {
        return Err("that is not an IPv6 address".into());
    }
    parse_name(text).map(ServerHost::Name)
}

fn parse_name(text: &str) -> Result<String, Cow<'static, str>> {
    if text.is_empty() {
        return Err("the host is missing".into());
    }
    let ascii = idna::domain_to_ascii(text).map_err(|_| "that is not a host name")?;
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    if let Ok(address) = name.parse::<Ipv4Addr>() {
        return Err(format!("write the IP address as {address}").into());
    }
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let label = |l: &str| (1..=63).contains(&l.len()) && l.chars().all(letter);
    if name.len() > 253 || !name.split('.').all(label) {
        return Err("that is not a host name".into());
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    if last.bytes().all(|b| b.is_ascii_digit()) {
        return Err("that is not an IP address".into());
    }
    debug_assert_eq!(Printable(name).to_string(), name, "a checked name has nothing to escape");
    Ok(name.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ErrorKind;

    fn normal(text: &str) -> String {
        ServerUrl::parse(text).unwrap().to_string()
    }

    #[test]
    fn every_documented_form_is_read() {
        for (given, printed) in [
            ("dc1", "dc1"),
            ("dc1.corp.example:1636", "dc1.corp.example:1636"),
            ("10.1.2.3", "10.1.2.3"),
            ("10.1.2.3:636", "10.1.2.3:636"),
            ("[2001:db8::1]:636", "[2001:db8::1]:636"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("2001:DB8::1", "2001:db8::1"),
            ("::1", "::1"),
            ("ldap://dc1", "ldap://dc1"),
            ("ldaps://dc1:636", "ldaps://dc1:636"),
            ("ldaps://10.1.2.3", "ldaps://10.1.2.3"),
            ("ldaps://::1", "ldaps://[::1]"),
            ("ldaps://[::1]:636/", "ldaps://[::1]:636"),
            ("domain:corp.example", "domain:corp.example"),
            ("DOMAIN:Corp.Example.", "domain:corp.example"),
            ("domain:corp.example/Berlin-2", "domain:corp.example/Berlin-2"),
            ("domain:636", "domain:636"),
        ] {
            assert_eq!(normal(given), printed, "{given}");
            assert_eq!(normal(printed), printed);
        }
    }

    #[test]
    fn one_server_has_one_form() {
        assert_eq!(normal(" DC1.Corp.Example. "), "dc1.corp.example");
        assert_eq!(normal("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(normal("[::ffff:10.0.0.1]:389"), "10.0.0.1:389");
        assert_eq!(normal("[fe80::1%25eth0]:389"), "[fe80::1%eth0]:389");
        assert_eq!(normal("fe80::1%eth0"), "fe80::1%eth0");
        assert_eq!(normal("dc_1.corp.example"), "dc_1.corp.example");
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            " ",
            "/",
            "ldap://",
            "ldaps:///",
            "ldap:///x",
            "ldap:///dc=x",
            ":636",
            "ldaps:foo",
            "https://dc1",
            "dc1:0",
            "dc1:99999",
            "dc1:",
            "dc1:+636",
            "dc1:6 36",
            "dc1:636:636",
            "dc1/dc=corp",
            "dc1?x",
            "dc1#x",
            "dc1\\x",
            "user@dc1",
            "ldap://user:pw@dc1",
            "[::1",
            "[::1]x",
            "[::1]636",
            "[10.0.0.1]",
            "[dc1]",
            "::g",
            "10.1.2.300",
            "1.2.3",
            "0x7f.1",
            "a..b",
            ".",
            "a b",
            "dc\n1",
            "dc\u{0}1",
            "fe80::1%",
            "fe80::1%a/b",
            "10.0.0.1%eth0",
            "dc1//",
            "domain:10.0.0.1",
            "domain:corp.example:636",
            "domain:corp.example/",
            "domain:corp.example/a/b",
            "domain:corp.example/a.b",
            "domain:/Berlin",
            "domain://corp.example",
            "domain:user@corp.example",
        ] {
            let error = ServerUrl::parse(text).expect_err(text);
            assert_eq!(error.kind(), ErrorKind::Invalid, "{text}");
        }
        assert!(ServerUrl::parse(&"a".repeat(64)).is_err());
        assert!(ServerUrl::parse(&"a.".repeat(200)).is_err());
        assert!(ServerUrl::parse(&"a".repeat(1_000_000)).is_err());
    }

    #[test]
    fn a_password_in_the_address_is_not_repeated() {
        let error = ServerUrl::parse("ldap://user:hunter2@dc1").unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"), "{error}");
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    #[test]
    fn a_domain_is_told_from_a_server_of_that_name() {
        let of = |text: &str| {
            let url = ServerUrl::parse(text).unwrap();
            url.domain().map(|(domain, site)| (domain.to_owned(), site.map(str::to_owned)))
        };
        assert_eq!(of("domain:corp.example"), Some(("corp.example".to_owned(), None)));
        assert_eq!(of("domain:corp/Berlin"), Some(("corp".to_owned(), Some("Berlin".to_owned()))));
        assert_eq!(["domain:636", "corp.example", "ldap://domain"].map(of), [None, None, None]);
        assert_eq!(ServerUrl::parse("domain:corp.example/Berlin").unwrap().host(), "corp.example");
    }

    #[test]
    fn serde_uses_the_text_form() {
        let server: ServerUrl = serde_json::from_str("\"LDAP://dc1:389\"").unwrap();
        assert_eq!(serde_json::to_string(&server).unwrap(), "\"ldap://dc1:389\"");
        assert!(serde_json::from_str::<ServerUrl>("\"a b\"").is_err());
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_prints_back_to_itself(text in "\\PC{0,40}") {
            if let Ok(server) = ServerUrl::parse(&text) {
                prop_assert_eq!(ServerUrl::parse(&server.to_string()).unwrap(), server);
            }
        }

        #[test]
        fn so_is_text_that_resembles_a_domain(text in "domain:[a-z0-9.:/_-]{0,20}") {
            if let Ok(server) = ServerUrl::parse(&text) {
                prop_assert_eq!(ServerUrl::parse(&server.to_string()).unwrap(), server);
            }
        }

        #[test]
        fn so_is_text_that_resembles_an_address(text in "(ldaps?://)?[a-f0-9.:\\[\\]%]{1,20}(:[0-9]{1,6})?/?") {
            if let Ok(server) = ServerUrl::parse(&text) {
                prop_assert_eq!(ServerUrl::parse(&server.to_string()).unwrap(), server);
            }
        }
    }
}
