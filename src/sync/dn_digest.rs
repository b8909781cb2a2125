//! Where objects stand in the directory, in 16 bytes each.

use crate::name::DistinguishedName;
use crate::value::RecordDigest;

/// The digest of a DN in its normal form.
pub(super) fn dn_digest_of(normalized: &str) -> RecordDigest {
    let mut hasher = RecordDigest::hasher();
    hasher.text(normalized);
    hasher.finish()
}

/// The digest of a DN.
pub(super) fn dn_digest(dn: &DistinguishedName) -> RecordDigest {
    dn_digest_of(&dn.normalized())
}
