//! Where a search result reference leads (RFC 4511 section 4.5.3).

use crate::name::DistinguishedName;

/// The entry that an LDAP URL (RFC 4516) names, which is where the server has nothing of its own; `None` if it names none
/// that can be read.
pub(crate) fn referred(uri: &str) -> Option<DistinguishedName> {
    let (_, behind_scheme) = uri.split_once("://")?;
    let (_, path) = behind_scheme.split_once('/')?;
    let dn = percent_decoded(path.split('?').next()?)?;
    let dn = DistinguishedName::parse(&dn).ok()?;
    (!dn.as_str().is_empty()).then_some(dn)
}

/// A text that was cut or was not UTF-8 names something else than was meant.
fn percent_decoded(text: &str) -> Option<String> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            plain => plain,
        });
    }
    let decoded = String::from_utf8(octets).ok()?;
    (!decoded.contains(char::REPLACEMENT_CHARACTER)).then_some(decoded)
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entry_of_an_ldap_url_is_read_or_there_is_none() {
        for (uri, expected) in [
            ("ldap://x/OU=B,DC=corp", Some("OU=B,DC=corp")),
            ("ldaps://x:636/OU=B,DC=corp??sub?(cn=a)", Some("OU=B,DC=corp")),
            ("ldap:///OU=B%20C,DC=corp", Some("OU=B C,DC=corp")),
            ("ldap://x/OU=%c3%a4,DC=corp", Some("OU=ä,DC=corp")),
            ("ldap://x/", None),
            ("ldap://x", None),
            ("ldap://x/no dn", None),
            ("ldap://x/OU=%ff,DC=corp", None),
            ("ldap://x/OU=\u{fffd},DC=corp", None),
            ("ldap://x/OU=%4", None),
            ("OU=B,DC=corp", None),
            ("", None),
        ] {
            let found = referred(uri);
            assert_eq!(found.as_ref().map(DistinguishedName::as_str), expected, "{uri}");
        }
    }
}
