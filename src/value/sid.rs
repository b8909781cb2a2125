//! `objectSid`.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use super::text::{filter_value, serde_as_text};
use crate::{Error, ErrorKind, Result};

/// Revision, count and authority come before the sub-authorities.
const HEADER: usize = 8;
const MOST_SUB_AUTHORITIES: usize = 15;

/// A security identifier such as `S-1-5-21-1004336348-1177238915-682003330-512`.
///
/// Holds the bytes as they are on the wire (MS-DTYP, section 2.4.2.2), which for an account of a domain
/// are 28. Values are ordered by authority, then by sub-authorities.
///
/// ```
/// use ldap_inventory::value::Sid;
///
/// let sid: Sid = "S-1-5-21-1-2-3-1104".parse()?;
/// assert_eq!(sid.rid(), Some(1104));
/// // `primaryGroupID` is only the last number of the group's SID:
/// let primary_group = sid.domain().and_then(|domain| domain.with_rid(513));
/// assert_eq!(primary_group, Some("S-1-5-21-1-2-3-513".parse()?));
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Sid(Box<[u8]>);

impl Sid {
    /// The SID that an attribute value holds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] unless the revision is 1, there are at most 15 sub-authorities, and the
    /// length is exactly what their number says.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        let Some(&[revision, count, ..]) = bytes.first_chunk::<HEADER>() else {
            return Err(malformed(format!("a SID has at least 8 bytes, not {}", bytes.len())));
        };
        let count = usize::from(count);
        if revision != 1 {
            return Err(malformed(format!("a SID has revision 1, not {revision}")));
        }
        if count > MOST_SUB_AUTHORITIES {
            return Err(malformed(format!("a SID has at most 15 sub-authorities, not {count}")));
        }
        if bytes.len() != HEADER + 4 * count {
            let length = bytes.len();
            return Err(malformed(format!("a SID of {count} sub-authorities has {length} bytes")));
        }
        Ok(Self(bytes.into()))
    }

    /// The bytes as they are on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.to_vec()
    }

    /// The SID without its last sub-authority: of an account or a group, its domain. `None` if there is
    /// no sub-authority.
    pub fn domain(&self) -> Option<Self> {
        let subs: Vec<u32> = self.sub_authorities().collect();
        let (_, domain) = subs.split_last()?;
        Some(Self::assemble(self.authority(), domain))
    }

    /// The last sub-authority, the relative identifier of an account or a group in its domain.
    pub fn rid(&self) -> Option<u32> {
        self.sub_authorities().last()
    }

    /// This SID with one more sub-authority: of a domain, its account or group with that relative
    /// identifier. `None` if there are 15 already.
    pub fn with_rid(&self, rid: u32) -> Option<Self> {
        let subs: Vec<u32> = self.sub_authorities().chain([rid]).collect();
        (subs.len() <= MOST_SUB_AUTHORITIES).then(|| Self::assemble(self.authority(), &subs))
    }

    /// The value to compare with in an LDAP filter, every byte escaped (RFC 4515).
    pub fn filter_value(&self) -> String {
        filter_value(&self.0)
    }

    fn authority(&self) -> u64 {
        let bytes = self.0.iter().skip(2).take(6);
        bytes.fold(0, |authority, &byte| authority << 8 | u64::from(byte))
    }

    fn sub_authorities(&self) -> impl Iterator<Item = u32> {
        let (subs, _) = self.0.get(HEADER..).unwrap_or_default().as_chunks::<4>();
        subs.iter().map(|sub| u32::from_le_bytes(*sub))
    }

    /// At most 15 sub-authorities and a 48-bit authority, which the callers see to.
    fn assemble(authority: u64, subs: &[u32]) -> Self {
        let mut bytes = Vec::with_capacity(HEADER + 4 * subs.len());
        bytes.extend([1, subs.len() as u8]);
        bytes.extend(authority.to_be_bytes().into_iter().skip(2));
        bytes.extend(subs.iter().flat_map(|sub| sub.to_le_bytes()));
        Self(bytes.into())
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // MS-DTYP 2.4.2.1: an authority past 32 bits is written in hexadecimal.
        match self.authority() {
            authority if authority <= u64::from(u32::MAX) => write!(f, "S-1-{authority}")?,
            authority => write!(f, "S-1-0x{authority:012x}")?,
        }
        self.sub_authorities().try_for_each(|sub| write!(f, "-{sub}"))
    }
}

impl FromStr for Sid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let reason = "expected S-1-, an authority and at most 15 numbers";
        parse(text).ok_or_else(|| Error::invalid("SID", text, reason))
    }
}

impl Ord for Sid {
    fn cmp(&self, other: &Self) -> Ordering {
        let by_authority = self.authority().cmp(&other.authority());
        by_authority.then_with(|| self.sub_authorities().cmp(other.sub_authorities()))
    }
}

impl PartialOrd for Sid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

serde_as_text!(Sid, "a SID as text");

fn malformed(message: String) -> Error {
    Error::new(ErrorKind::Invalid, message)
}

fn parse(text: &str) -> Option<Sid> {
    let rest = text.strip_prefix("S-1-").or_else(|| text.strip_prefix("s-1-"))?;
    let mut parts = rest.split('-');
    let authority = parse_authority(parts.next()?)?;
    let subs = parts
        .map(|part| u32::try_from(parse_decimal(part)?).ok())
        .take(MOST_SUB_AUTHORITIES + 1)
        .collect::<Option<Vec<u32>>>()?;
    (subs.len() <= MOST_SUB_AUTHORITIES).then(|| Sid::assemble(authority, &subs))
}

fn parse_authority(text: &str) -> Option<u64> {
    let authority = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
            u64::from_str_radix(digits, 16).ok()?
        }
        Some(_) => return None,
        None => parse_decimal(text)?,
    };
    (authority < 1 << 48).then_some(authority)
}

/// Digits only: `FromStr` of the integers would take a plus sign as well.
fn parse_decimal(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn sid(text: &str) -> Sid {
        text.parse().unwrap()
    }

    #[test]
    fn the_domain_administrators_of_a_domain() {
        let bytes = [
            1, 5, 0, 0, 0, 0, 0, 5, 0x15, 0, 0, 0, 0xdc, 0xf4, 0xdc, 0x3b, 0x83, 0x3d, 0x2b, 0x46,
            0x82, 0x8b, 0xa6, 0x28, 0, 2, 0, 0,
        ];
        let admins = Sid::from_slice(&bytes).unwrap();
        assert_eq!(admins.to_string(), "S-1-5-21-1004336348-1177238915-682003330-512");
        assert_eq!(admins.to_bytes(), bytes);
        assert_eq!(admins, sid("s-1-5-21-1004336348-1177238915-682003330-512"));
        assert_eq!(admins.rid(), Some(512));
        let domain = admins.domain().unwrap();
        assert_eq!(domain.to_string(), "S-1-5-21-1004336348-1177238915-682003330");
        assert_eq!(domain.with_rid(512), Some(admins));
    }

    #[test]
    fn well_known_sids() {
        assert_eq!(
            sid("S-1-5-32-544").filter_value(),
            r"\01\02\00\00\00\00\00\05\20\00\00\00\20\02\00\00"
        );
        assert_eq!(sid("S-1-1-0").to_bytes(), [1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert_eq!(sid("S-1-5").domain(), None);
        assert_eq!(sid("S-1-5").rid(), None);
    }

    #[test]
    fn a_large_authority_is_written_in_hexadecimal() {
        let large = Sid::from_slice(&[1, 0, 1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(large.to_string(), "S-1-0x010203040506");
        assert_eq!(sid("S-1-0x010203040506"), large);
        assert_eq!(sid("S-1-0x5-18"), sid("S-1-5-18"));
    }

    #[test]
    fn bytes_that_are_no_sid_are_refused() {
        let mut most = vec![1, 15, 0, 0, 0, 0, 0, 5];
        most.extend([9; 60]);
        let longest = Sid::from_slice(&most).unwrap();
        assert_eq!(longest.with_rid(1), None);

        let mut sixteen = most.clone();
        sixteen[1] = 16;
        sixteen.extend([9; 4]);
        let short = &most[..most.len() - 1];
        let long = [&most[..], &[0]].concat();
        let other_revision = [2, 0, 0, 0, 0, 0, 0, 5];
        for bytes in [&[][..], &[1, 0, 0, 0, 0, 0, 0], &sixteen, short, &long, &other_revision] {
            let error = Sid::from_slice(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{bytes:?}");
        }
    }

    #[test]
    fn text_that_is_no_sid_is_refused() {
        let sixteen = format!("S-1-5{}", "-1".repeat(16));
        for text in [
            "",
            "S",
            "S-1",
            "S-1-",
            "S-2-5-18",
            "S-1-5-",
            "S-1-5--18",
            "S-1-5-+18",
            "S-1-5-4294967296",
            "S-1-281474976710656",
            "S-1-0x",
            "S-1-0x+5",
            "S-1-5-18 ",
            "S-1-5-a",
            &sixteen,
        ] {
            assert!(text.parse::<Sid>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_order_is_by_number_and_not_by_byte() {
        assert!(sid("S-1-5-21-1-2-3-256") > sid("S-1-5-21-1-2-3-255"));
        assert!(sid("S-1-5-21") < sid("S-1-5-21-1"));
    }

    proptest! {
        #[test]
        fn text_bytes_and_serde_round_trip(authority in 0..1u64 << 48, subs in vec(any::<u32>(), 0..=15)) {
            let sid = Sid::assemble(authority, &subs);
            prop_assert_eq!(&Sid::from_slice(&sid.to_bytes()).unwrap(), &sid);
            prop_assert_eq!(&sid.to_string().parse::<Sid>().unwrap(), &sid);
            let json = serde_json::to_string(&sid).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Sid>(&json).unwrap(), &sid);
        }

        #[test]
        fn bytes_are_refused_or_kept(bytes in vec(any::<u8>(), 0..80)) {
            if let Ok(sid) = Sid::from_slice(&bytes) {
                prop_assert_eq!(sid.to_bytes(), bytes);
            }
        }

        #[test]
        fn no_text_panics(text in "([Ss]-1-)?[-0-9xa-f]{0,40}") {
            let _ = text.parse::<Sid>();
        }
    }
}
