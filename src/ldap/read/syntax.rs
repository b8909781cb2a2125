//! What the values of attributes become, and why one of them becomes nothing.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::attributes::Syntax;
use crate::directory;
use crate::name::{DistinguishedName, Hostname};
use crate::value::{ObjectGuid, Sid, Timestamp};

/// Why a value is left out, in a few words. It is the same for all such values, so that they can be counted.
pub(crate) type Reason = &'static str;

pub(crate) const NOT_A_DN: Reason = "not a DN";
pub(crate) const NOT_A_SID: Reason = "not a SID";
const NOT_UTF_8: Reason = "not UTF-8 text";

/// The text that the inventory keeps of a value.
pub(crate) fn text(syntax: Syntax, value: &[u8]) -> Result<Cow<'_, str>, Reason> {
    match syntax {
        Syntax::Certificate => Ok(thumbprint(value).into()),
        Syntax::Guid => match ObjectGuid::from_slice(value) {
            Ok(guid) => Ok(guid.to_string().into()),
            Err(_) => Err("not a GUID"),
        },
        Syntax::Sid => sid(value).map(|sid| sid.to_string().into()),
        Syntax::Unknown => Ok(match std::str::from_utf8(value) {
            Ok(text) => text.into(),
            Err(_) => STANDARD.encode(value).into(),
        }),
        _ => {
            let text = std::str::from_utf8(value).map_err(|_| NOT_UTF_8)?;
            check(syntax, text).map(|()| text.into())
        }
    }
}

/// A security identifier in binary.
pub(crate) fn sid(value: &[u8]) -> Result<Sid, Reason> {
    Sid::from_slice(value).map_err(|_| NOT_A_SID)
}

/// The form that a text must have.
fn check(syntax: Syntax, text: &str) -> Result<(), Reason> {
    let (is_well_formed, reason) = match syntax {
        Syntax::Boolean => (directory::boolean(text).is_some(), "neither TRUE nor FALSE"),
        Syntax::Dn => (DistinguishedName::parse(text).is_ok(), NOT_A_DN),
        Syntax::HostName => (Hostname::from_sam_account_name(text).is_ok(), "not a host name"),
        Syntax::Integer => (text.parse::<i64>().is_ok(), "not a number"),
        Syntax::RelativeId => (text.parse::<u32>().is_ok(), "not a relative identifier"),
        Syntax::Ticks => (Timestamp::parse_filetime(text).is_ok(), "not a time"),
        Syntax::Time => (Timestamp::parse_generalized_time(text).is_ok(), "not a time"),
        _ => (true, NOT_UTF_8),
    };
    if is_well_formed { Ok(()) } else { Err(reason) }
}

fn thumbprint(certificate: &[u8]) -> String {
    Sha256::digest(certificate).iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_syntax_keeps_what_is_well_formed_and_says_what_the_rest_is_not() {
        for (syntax, good, bad, reason) in [
            (Syntax::Boolean, "TRUE", "yes", "neither TRUE nor FALSE"),
            (Syntax::Boolean, "false", "0", "neither TRUE nor FALSE"),
            (Syntax::Dn, "CN=A,DC=x", "A", NOT_A_DN),
            (Syntax::HostName, "pc1.corp.example", "pc 1.corp.example", "not a host name"),
            (Syntax::HostName, "CATCH$", "..", "not a host name"),
            (Syntax::HostName, "CATCH\0$", "$", "not a host name"),
            (Syntax::Integer, "-2147483646", "0x1002", "not a number"),
            (Syntax::Integer, "9223372036854775807", "9223372036854775808", "not a number"),
            (Syntax::RelativeId, "513", "-513", "not a relative identifier"),
            (Syntax::Ticks, "-1", "never", "not a time"),
            (Syntax::Time, "16010101000000.0Z", "never", "not a time"),
        ] {
            assert_eq!(text(syntax, good.as_bytes()), Ok(good.into()));
            assert_eq!(text(syntax, bad.as_bytes()), Err(reason), "{bad}");
            assert_eq!(text(syntax, b"B\xfcro"), Err(NOT_UTF_8));
        }
        assert_eq!(text(Syntax::Sid, b"\x01\x05"), Err(NOT_A_SID));
        assert_eq!(text(Syntax::Guid, b"short"), Err("not a GUID"));
        assert_eq!(text(Syntax::Unknown, b"\xff\x00"), Ok("/wA=".into()));
    }
}
