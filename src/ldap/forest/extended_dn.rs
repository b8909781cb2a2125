//! A DN that is told with the identity of its entry.

use crate::name::DistinguishedName;
use crate::value::{ObjectGuid, Sid};

/// A DN with the objectGUID and the SID of its entry, as a server writes it that was asked by the control
/// LDAP_SERVER_EXTENDED_DN (MS-ADTS section 3.1.1.3.4.1.5): `<GUID=..>;<SID=..>;DC=corp,DC=example`. Of a server that does not
/// know the control it is the DN alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ExtendedDn {
    pub(super) dn: DistinguishedName,
    pub(super) guid: Option<ObjectGuid>,
    pub(super) sid: Option<Sid>,
}

/// The control's value: `SEQUENCE { Flag INTEGER }`, with 1 for identities that are text.
pub(super) const AS_TEXT: [u8; 5] = [0x30, 0x03, 0x02, 0x01, 0x01];

impl ExtendedDn {
    /// Reads one strictly: nothing but these two before the DN, each at most once.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (mut rest, mut guid, mut sid) = (text, None, None);
        while let Some(inside) = rest.strip_prefix('<') {
            let (identity, after) = inside.split_once(">;")?;
            match identity.split_once('=')? {
                ("GUID", value) if guid.is_none() => guid = Some(value.parse().ok()?),
                ("SID", value) if sid.is_none() => sid = Some(value.parse().ok()?),
                _ => return None,
            }
            rest = after;
        }
        Some(Self { dn: DistinguishedName::parse(rest).ok()?, guid, sid })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GUID: &str = "4fd0f2c1-2a3b-4c5d-8e9f-0123456789ab";
    const SID: &str = "S-1-5-21-1-2-3";

    #[test]
    fn a_dn_is_read_with_and_without_its_identity() {
        let dn = "DC=corp,DC=example";
        for (text, guid, sid) in [
            (dn.to_owned(), false, false),
            (format!("<GUID={GUID}>;{dn}"), true, false),
            (format!("<GUID={GUID}>;<SID={SID}>;{dn}"), true, true),
            (format!("<SID={SID}>;<GUID={GUID}>;{dn}"), true, true),
        ] {
            let read = ExtendedDn::parse(&text).unwrap();
            assert_eq!(read.dn.as_str(), dn);
            assert_eq!(read.guid, guid.then(|| GUID.parse().unwrap()), "{text}");
            assert_eq!(read.sid, sid.then(|| SID.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_is_refused() {
        for text in [
            format!("<GUID={GUID}>"),
            format!("<GUID={GUID};DC=corp"),
            format!("<GUID={GUID}>;<GUID={GUID}>;DC=corp"),
            "<GUID=nonsense>;DC=corp".to_owned(),
            "<SID=S-1>;DC=corp".to_owned(),
            "<WKGUID=ab,DC=corp>;DC=corp".to_owned(),
            format!("<SID={SID}>;no dn"),
        ] {
            assert_eq!(ExtendedDn::parse(&text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<(GUID|SID)?=?[ -~é]{0,40}>?;?){0,3}[ -~é]{0,40}") {
            let _ = ExtendedDn::parse(&text);
        }
    }
}
