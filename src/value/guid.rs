//! `objectGUID`.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use super::text::{filter_value, serde_as_text};
use crate::{Error, ErrorKind, Result};

/// An `objectGUID`: the one name of a directory object that never changes while the object lives.
///
/// Holds the 16 bytes as they are on the wire. In text the first three groups are little-endian
/// (MS-DTYP, section 2.3.4.2), so the bytes and the digits differ in order. Values compare by their wire
/// bytes.
///
/// ```
/// use ldap_inventory::value::ObjectGuid;
///
/// let guid: ObjectGuid = "{4FD0F2C1-2a3b-4c5d-8e9f-0123456789AB}".parse()?;
/// assert_eq!(guid.as_bytes()[..4], [0xc1, 0xf2, 0xd0, 0x4f]);
/// assert_eq!(guid.to_string(), "4fd0f2c1-2a3b-4c5d-8e9f-0123456789ab");
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ObjectGuid([u8; 16]);

impl ObjectGuid {
    /// The GUID that has these bytes on the wire.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The GUID that an attribute value holds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] unless there are exactly 16 bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Self> {
        bytes.try_into().map(Self).map_err(|_| {
            let message = format!("a GUID has 16 bytes, this value has {}", bytes.len());
            Error::new(ErrorKind::Invalid, message)
        })
    }

    /// The bytes as they are on the wire.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The value to compare with in an LDAP filter, every byte escaped (RFC 4515).
    pub fn filter_value(&self) -> String {
        filter_value(&self.0)
    }
}

impl fmt::Debug for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ObjectGuid({self})")
    }
}

impl fmt::Display for ObjectGuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes_le(self.0).hyphenated().fmt(f)
    }
}

impl FromStr for ObjectGuid {
    type Err = Error;

    /// Reads the hyphenated form in either case, with or without braces.
    fn from_str(text: &str) -> Result<Self> {
        let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
        inner
            .parse::<uuid::fmt::Hyphenated>()
            .map(|hyphenated| Self(hyphenated.into_uuid().to_bytes_le()))
            .map_err(|_| {
                let reason = "expected xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx in hexadecimal digits";
                Error::invalid("GUID", text, reason)
            })
    }
}

serde_as_text!(ObjectGuid, "a GUID as text");

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_three_groups_are_little_endian() {
        // `schemaIDGUID` of the class `computer`, bf967a86-0de6-11d0-a285-00aa003049e2 in MS-ADSC.
        let guid = ObjectGuid::from_bytes([
            0x86, 0x7a, 0x96, 0xbf, 0xe6, 0x0d, 0xd0, 0x11, 0xa2, 0x85, 0x00, 0xaa, 0x00, 0x30,
            0x49, 0xe2,
        ]);
        assert_eq!(guid.to_string(), "bf967a86-0de6-11d0-a285-00aa003049e2");
        assert_eq!("BF967A86-0DE6-11D0-A285-00AA003049E2".parse::<ObjectGuid>().unwrap(), guid);
        assert_eq!("{bf967a86-0DE6-11d0-A285-00aa003049e2}".parse::<ObjectGuid>().unwrap(), guid);
        assert_eq!(guid.filter_value(), r"\86\7a\96\bf\e6\0d\d0\11\a2\85\00\aa\00\30\49\e2");
    }

    #[test]
    fn anything_but_sixteen_bytes_is_refused() {
        for length in [0, 15, 17, 36] {
            let error = ObjectGuid::from_slice(&vec![0; length]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
        assert_eq!(ObjectGuid::from_slice(&[7; 16]).unwrap().as_bytes(), &[7; 16]);
    }

    #[test]
    fn text_that_is_not_a_guid_is_refused() {
        for text in [
            "",
            "{}",
            "bf967a86",
            "bf967a860de611d0a28500aa003049e2",
            "{bf967a86-0de6-11d0-a285-00aa003049e2",
            "bf967a86-0de6-11d0-a285-00aa003049eg",
            "bf967a86-0de6-11d0-a285-00aa003049e2 ",
            "urn:uuid:bf967a86-0de6-11d0-a285-00aa003049e2",
        ] {
            assert!(text.parse::<ObjectGuid>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_and_serde_round_trip(bytes: [u8; 16]) {
            let guid = ObjectGuid::from_bytes(bytes);
            prop_assert_eq!(guid.to_string().parse::<ObjectGuid>().unwrap(), guid);
            let json = serde_json::to_string(&guid).unwrap();
            prop_assert_eq!(&json, &format!("\"{guid}\""));
            prop_assert_eq!(serde_json::from_str::<ObjectGuid>(&json).unwrap(), guid);
        }

        #[test]
        fn no_text_panics(text in ".{0,60}") {
            let _ = text.parse::<ObjectGuid>();
        }
    }
}
