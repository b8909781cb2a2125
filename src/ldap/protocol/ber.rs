//! A reader of BER that never panics, never recurses and never allocates.
//!
//! It reads what LDAP uses (RFC 4511 section 5.1): definite lengths, single-octet tags. Non-minimal
//! lengths (`84 00 00 00 0c`) are accepted, since Active Directory sends them everywhere.

use std::fmt;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;

/// Why bytes are not the BER that LDAP uses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Malformed {
    /// An element, or its header, goes past the end of what holds it.
    Truncated,
    /// The indefinite form of a length, which LDAP forbids.
    IndefiniteLength,
    /// A length that no machine could hold.
    LengthTooLong,
    /// A tag number above 30, which LDAP never uses.
    LongTag,
    /// Another element than the one that belongs here.
    Unexpected {
        /// The tag that belongs here.
        wanted: u8,
        /// The tag that is there.
        found: u8,
    },
    /// An element is missing.
    Missing,
    /// There is more after the last element.
    Trailing,
    /// An integer without contents, or one that does not fit.
    Integer,
    /// Elements inside elements beyond the limit.
    TooDeep,
    /// More of something than anybody has.
    TooMany,
}

/// One element: its identifier octet and its contents.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
}

/// The elements of one constructed element, in turn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

/// An identifier octet and a length.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) tag: u8,
    /// The octets of the identifier and the length.
    pub(crate) octets: usize,
    /// The octets of the contents.
    pub(crate) length: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next element, or `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Element<'a>>, Malformed> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let header = Header::parse(self.rest)?.ok_or(Malformed::Truncated)?;
        let (_, after) = self.rest.split_at_checked(header.octets).ok_or(Malformed::Truncated)?;
        let (contents, rest) = after.split_at_checked(header.length).ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(Some(Element { tag: header.tag, contents }))
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn contents_of(&mut self, wanted: u8) -> Result<&'a [u8], Malformed> {
        let element = self.next()?.ok_or(Malformed::Missing)?;
        if element.tag != wanted {
            return Err(Malformed::Unexpected { wanted, found: element.tag });
        }
        Ok(element.contents)
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Trailing) }
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl Header {
    /// The header at the beginning of these bytes, or `None` if more bytes are needed to tell.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, Malformed> {
        let (&tag, rest) = match bytes.split_first() {
            Some(split) => split,
            None => return Ok(None),
        };
        if tag & LONG_TAG == LONG_TAG {
            return Err(Malformed::LongTag);
        }
        let (&first, rest) = match rest.split_first() {
            Some(split) => split,
            None => return Ok(None),
        };
        if first < 0x80 {
            return Ok(Some(Self { tag, octets: 2, length: usize::from(first) }));
        }
        let octets = usize::from(first & 0x7f);
        if octets == 0 {
            return Err(Malformed::IndefiniteLength);
        }
        if octets > size_of::<u64>() {
            return Err(Malformed::LengthTooLong);
        }
        let Some(digits) = rest.get(..octets) else { return Ok(None) };
        let length = digits.iter().fold(0_u64, |sum, digit| (sum << 8) | u64::from(*digit));
        let length = usize::try_from(length).map_err(|_| Malformed::LengthTooLong)?;
        Ok(Some(Self { tag, octets: 2 + octets, length }))
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => f.write_str("an element is longer than what holds it"),
            Self::IndefiniteLength => f.write_str("an element has an indefinite length"),
            Self::LengthTooLong => f.write_str("an element claims an impossible length"),
            Self::LongTag => f.write_str("an element has a tag that LDAP never uses"),
            Self::Unexpected { wanted, found } => {
                write!(f, "an element has the tag {found:#04x} where {wanted:#04x} belongs")
            }
            Self::Missing => f.write_str("an element is missing"),
            Self::Trailing => f.write_str("there is more after the last element"),
            Self::Integer => f.write_str("an integer is empty or too large"),
            Self::TooDeep => f.write_str("elements are nested deeper than the limit"),
            Self::TooMany => f.write_str("there is more of something than any server sends"),
        }
    }
}

/// The value of an INTEGER or ENUMERATED.
pub(crate) fn integer(contents: &[u8]) -> Result<i64, Malformed> {
    let (&first, rest) = contents.split_first().ok_or(Malformed::Integer)?;
    if contents.len() > size_of::<i64>() {
        return Err(Malformed::Integer);
    }
    let sign = i64::from(first.cast_signed());
    Ok(rest.iter().fold(sign, |sum, octet| (sum << 8) | i64::from(*octet)))
}

/// Walks all elements: every one lies within the one that holds it, and none is deeper than `depth`.
pub(crate) fn check_nesting(bytes: &[u8], depth: usize) -> Result<(), Malformed> {
    let mut open: Vec<Reader<'_>> = vec![Reader::new(bytes)];
    while let Some(reader) = open.last_mut() {
        match reader.next()? {
            None => {
                open.pop();
            }
            Some(_) if open.len() > depth => return Err(Malformed::TooDeep),
            Some(element) if element.tag & CONSTRUCTED != 0 => {
                open.push(Reader::new(element.contents));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Appends one element, with the shortest length.
pub(crate) fn write(into: &mut Vec<u8>, tag: u8, contents: &[u8]) {
    into.push(tag);
    let length = contents.len();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => into.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let digits = octets.iter().skip_while(|octet| **octet == 0);
            into.push(0x80 | u8::try_from(digits.clone().count()).unwrap_or(0x7f));
            into.extend(digits);
        }
    }
    into.extend_from_slice(contents);
}

/// Appends an INTEGER or ENUMERATED, with the shortest contents.
pub(crate) fn write_integer(into: &mut Vec<u8>, tag: u8, value: i64) {
    let octets = value.to_be_bytes();
    let sign = if value < 0 { 0xff } else { 0 };
    let mut shortest = octets.as_slice();
    while let [first, second, ..] = shortest {
        if *first != sign || (second ^ sign) & 0x80 != 0 {
            break;
        }
        shortest = shortest.split_first().map_or(shortest, |(_, rest)| rest);
    }
    write(into, tag, shortest);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn nested(levels: usize) -> Vec<u8> {
        (0..levels).fold(Vec::new(), |inner, _| {
            let mut outer = Vec::new();
            write(&mut outer, SEQUENCE, &inner);
            outer
        })
    }

    #[test]
    fn what_is_malformed_says_so() {
        let unexpected = Malformed::Unexpected { wanted: OCTET_STRING, found: SEQUENCE };
        assert_eq!(unexpected.to_string(), "an element has the tag 0x30 where 0x04 belongs");
        assert_eq!(Malformed::Missing.to_string(), "an element is missing");
    }

    #[test]
    fn lengths_need_not_be_minimal() {
        for bytes in [&[0x04, 1, 9][..], &[0x04, 0x81, 1, 9], &[0x04, 0x84, 0, 0, 0, 1, 9]] {
            assert_eq!(Reader::new(bytes).contents_of(OCTET_STRING), Ok(&[9][..]));
        }
    }

    #[test]
    fn what_is_written_is_read_again_whatever_its_length() {
        for octets in [0, 1, 127, 128, 129, 255, 256, 65_535, 65_536] {
            let (mut bytes, contents) = (Vec::new(), vec![7; octets]);
            write(&mut bytes, OCTET_STRING, &contents);
            let mut reader = Reader::new(&bytes);
            assert_eq!(reader.contents_of(OCTET_STRING), Ok(&contents[..]), "{octets}");
        }
    }

    #[test]
    fn a_header_says_when_it_needs_more() {
        for bytes in [&[][..], &[0x30], &[0x30, 0x84], &[0x30, 0x84, 0, 0, 0]] {
            assert_eq!(Header::parse(bytes), Ok(None));
        }
    }

    #[test]
    fn forms_that_ldap_forbids_are_refused() {
        let parse = |bytes: &[u8]| Header::parse(bytes).unwrap_err();
        assert_eq!(parse(&[0x30, 0x80]), Malformed::IndefiniteLength);
        assert_eq!(parse(&[0x30, 0x89, 0, 0]), Malformed::LengthTooLong);
        assert_eq!(parse(&[0x3f, 0x81, 0x01]), Malformed::LongTag);
        assert_eq!(parse(&[0x1f]), Malformed::LongTag);
    }

    #[test]
    fn an_element_longer_than_its_parent_is_refused() {
        let mut reader = Reader::new(&[0x64, 0x20, 0x04, 1, b'x']);
        assert_eq!(reader.next(), Err(Malformed::Truncated));
        assert_eq!(check_nesting(&[0x30, 3, 0x04, 2, 0], 8), Err(Malformed::Truncated));
    }

    #[test]
    fn nesting_is_accepted_at_the_limit_and_refused_one_past_it() {
        assert_eq!(check_nesting(&nested(32), 32), Ok(()));
        assert_eq!(check_nesting(&nested(33), 32), Err(Malformed::TooDeep));
        assert_eq!(check_nesting(&[0x30; 100_000], 32), Err(Malformed::Truncated));
        assert_eq!(check_nesting(&nested(2_000), 32), Err(Malformed::TooDeep));
    }

    #[test]
    fn integers_are_signed_and_bounded() {
        assert_eq!(integer(&[]), Err(Malformed::Integer));
        assert_eq!(integer(&[0x7f]), Ok(127));
        assert_eq!(integer(&[0xff]), Ok(-1));
        assert_eq!(integer(&[0x80, 0, 0, 0]), Ok(-2_147_483_648));
        assert_eq!(integer(&[0, 0x80, 0, 0, 0]), Ok(2_147_483_648));
        assert_eq!(integer(&[0; 9]), Err(Malformed::Integer));
    }

    proptest! {
        #[test]
        fn a_written_integer_reads_back(value: i64) {
            let mut bytes = Vec::new();
            write_integer(&mut bytes, INTEGER, value);
            let contents = Reader::new(&bytes).contents_of(INTEGER).unwrap();
            prop_assert_eq!(integer(contents), Ok(value));
        }

        #[test]
        fn a_written_element_reads_back(contents in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let mut bytes = Vec::new();
            write(&mut bytes, OCTET_STRING, &contents);
            let mut reader = Reader::new(&bytes);
            prop_assert_eq!(reader.contents_of(OCTET_STRING), Ok(contents.as_slice()));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = check_nesting(&bytes, 8);
            let mut reader = Reader::new(&bytes);
            while let Ok(Some(element)) = reader.next() {
                let _ = integer(element.contents);
            }
        }
    }
}
