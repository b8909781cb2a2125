//! The LDAP ping (MS-ADTS section 6.3.3): which AD site a controller takes this client to be in.

use ldap3::Scope;

use crate::Result;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::search::SearchRequest;

/// NETLOGON_NT_VERSION_5 and NETLOGON_NT_VERSION_5EX (MS-ADTS section 6.3.1.1): an answer with sites, and nothing optional.
const NT_VERSION: &str = "\\06\\00\\00\\00";

/// LOGON_SAM_LOGON_RESPONSE_EX and LOGON_SAM_USER_UNKNOWN_EX (MS-ADTS section 6.3.1.3).
const RESPONSES: [u16; 2] = [23, 25];

/// Opcode, Sbz, Flags and DomainGuid: what stands before the names.
const HEADER: usize = 24;
/// The names before the client's site.
const NAMES_BEFORE: usize = 7;
/// NtVersion, LmNtToken and Lm20Token: what stands behind the names.
const TRAILER: usize = 8;
/// Answers have some hundred octets.
const LONGEST: usize = 4_096;
/// The octets of a name, as in DNS.
const LONGEST_NAME: usize = 255;

impl Connection {
    /// The AD site that the server, a controller of this domain, takes this client to be in, by its address; `None` where no
    /// subnet has it, or the server does not say. The ping needs no bind.
    pub(super) async fn client_site(&mut self, domain: &str) -> Result<Option<String>> {
        let domain = ldap3::ldap_escape(domain);
        let request = SearchRequest {
            base: String::new(),
            scope: Scope::Base,
            filter: format!("(&(DnsDomain={domain})(NtVer={NT_VERSION}))"),
            attributes: vec!["netlogon".to_owned()],
        };
        let mut site = None;
        let redaction = self.redaction.clone();
        let search = self.search(&request, Vec::new()).await?;
        let result = search.each_entry(|mut entry| {
            while let Some(mut attribute) = entry.next_attribute()? {
                let is_it = attribute.name.eq_ignore_ascii_case("netlogon");
                while let Some(value) = attribute.next_value()? {
                    if is_it && !redaction.is_in(value) {
                        site = client_site(value);
                    }
                }
            }
            Ok(())
        });
        // A server that does not know the ping says so, or has no such attribute.
        result.await.map(|_| site)
    }
}

/// ClientSiteName of a NETLOGON_SAM_LOGON_RESPONSE_EX (MS-ADTS section 6.3.1.9), of an answer that is one to the last octet.
pub(in crate::ldap) fn client_site(answer: &[u8]) -> Option<String> {
    let opcode = u16::from_le_bytes(*answer.first_chunk()?);
    let reserved = answer.get(2..4)?;
    if !RESPONSES.contains(&opcode) || reserved != [0, 0] || answer.len() > LONGEST {
        return None;
    }
    let mut at = HEADER;
    for _ in 0..NAMES_BEFORE {
        (_, at) = name(answer, at)?;
    }
    let (site, end) = name(answer, at)?;
    let trailer = answer.get(end..).filter(|rest| rest.len() == TRAILER)?;
    let is_whole = trailer.ends_with(&[0xff; 4]);
    let is_plain = !site.is_empty() && !site.chars().any(char::is_control);
    (is_whole && is_plain).then_some(site)
}

/// A name of labels, which may end with a pointer to where it goes on (RFC 1035 section 4.1.4; MS-ADTS section 6.3.7), and
/// where the next one begins. A pointer leads to what stands before it alone, so that every name has an end.
fn name(answer: &[u8], begin: usize) -> Option<(String, usize)> {
    let (mut name, mut at, mut next) = (Vec::new(), begin, None);
    let mut lowest = begin;
    loop {
        let length = *answer.get(at)?;
        match length {
            0 => break,
            1..=63 => {
                let label_begin = at.checked_add(1)?;
                let label_end = label_begin.checked_add(usize::from(length))?;
                if !name.is_empty() {
                    name.push(b'.');
                }
                name.extend_from_slice(answer.get(label_begin..label_end)?);
                at = label_end;
            }
            0xc0.. => {
                let low = *answer.get(at.checked_add(1)?)?;
                let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                next = next.or(at.checked_add(2));
                if !(HEADER..lowest).contains(&target) {
                    return None;
                }
                (at, lowest) = (target, target);
            }
            _ => return None,
        }
        if name.len() > LONGEST_NAME {
            return None;
        }
    }
    let next = match next {
        Some(next) => next,
        None => at.checked_add(1)?,
    };
    Some((String::from_utf8(name).ok()?, next))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a domain controller writes it: what a name has in common with an earlier one is a pointer.
    fn answer(names: &[&[u8]]) -> Vec<u8> {
        let mut answer = vec![23, 0, 0, 0, 0xfd, 0x33, 0, 0];
        answer.extend([7; 16]);
        names.iter().for_each(|name| answer.extend_from_slice(name));
        answer.extend([5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        answer
    }

    const FOREST: &[u8] = b"\x04corp\x07example\0";

    fn names(client_site: &[u8]) -> Vec<&[u8]> {
        let (domain, host) = (b"\xc0\x18".as_slice(), b"\x03dc1\xc0\x18".as_slice());
        let names = [FOREST, domain, host, b"\x04CORP\0", b"\x03DC1\0", b"\0", b"\x06Berlin\0"];
        names.into_iter().chain([client_site]).collect()
    }

    #[test]
    fn the_site_of_the_client_is_read_with_and_without_a_pointer() {
        let at_server_site = HEADER + 14 + 2 + 6 + 6 + 5 + 1;
        let pointer = [0xc0, u8::try_from(at_server_site).unwrap()];
        for (written, site) in [
            (b"\x05Paris\0".as_slice(), Some("Paris")),
            (&pointer, Some("Berlin")),
            (b"\x07Z\xc3\xbcrich\0", Some("Z\u{fc}rich")),
            (b"\0", None),
            (b"\x02\xff\xfe\0", None),
            (b"\x02a\n\0", None),
        ] {
            assert_eq!(client_site(&answer(&names(written))).as_deref(), site, "{written:?}");
        }
    }

    /// Of a domain controller of Samba 4.17.
    #[test]
    fn an_answer_from_the_wild_is_read() {
        let mut answer = vec![23, 0, 0, 0, 0x9d, 0x11, 0, 0];
        answer.extend(*b"\x73\x5a\x39\x96\xa0\x35\x29\x4b\x87\x70\x20\x0c\xbc\x72\xf1\xeb");
        answer
            .extend(*b"\x04corp\x07example\x04test\0\xc0\x18\x03dc1\xc0\x18\x04CORP\0\x03DC1\0\0");
        answer.extend(*b"\x17Default-First-Site-Name\0\xc0\x3f\x05\0\0\0\xff\xff\xff\xff");
        assert_eq!(client_site(&answer).as_deref(), Some("Default-First-Site-Name"));
    }

    #[test]
    fn an_answer_that_is_not_one_to_the_last_octet_is_none() {
        let whole = answer(&names(b"\x05Paris\0"));
        for cut in 0..whole.len() {
            assert_eq!(client_site(&whole[..cut]), None, "{cut}");
        }
        assert_eq!(client_site(&[whole.as_slice(), &[0]].concat()), None);
        for (place, octet) in
            [(0, 19), (2, 1), (whole.len() - 1, 0), (HEADER, 0x40), (HEADER, 0x80)]
        {
            let mut other = whole.clone();
            other[place] = octet;
            assert_eq!(client_site(&other), None, "{place}");
        }
        assert_eq!(client_site(&[whole.as_slice(), &[0; LONGEST]].concat()), None);
    }

    #[test]
    fn a_pointer_leads_back_and_nowhere_else() {
        let own = u8::try_from(HEADER + 14 + 2 + 6 + 6 + 5 + 1 + 8).unwrap();
        // To itself, into the header, past the end, and to a label that leads back to it.
        for written in [[0xc0, own].as_slice(), b"\xc0\x00", b"\xc0\xff", &[1, b'x', 0xc0, own]] {
            assert_eq!(client_site(&answer(&names(written))), None, "{written:?}");
        }
        // Names that are put together of many pointers are no longer than a name may be.
        let mut long = vec![63];
        long.extend([b'x'; 63]);
        let five = [long.as_slice(); 5].concat();
        assert_eq!(name(&[&[0; HEADER], five.as_slice(), &[0]].concat(), HEADER), None);
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in prop::collection::vec(any::<u8>(), 0..400)) {
            let _ = client_site(&octets);
            let header = [23, 0, 0, 0].into_iter().chain([0; 20]);
            let _ = client_site(&header.chain(octets).collect::<Vec<_>>());
        }
    }
}
