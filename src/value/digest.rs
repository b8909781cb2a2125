//! Record digests: what tells a changed object from an unchanged one.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first 128 bits of the SHA-256 of a record's text, enough that two versions of one object never
/// collide by accident. It guards against work, not against an adversary.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize,
)]
pub struct RecordDigest(pub [u8; 16]);

impl RecordDigest {
    /// The digest of a record's parts, each delimited by its length, so that `["ab", "c"]` and `["a", "bc"]` differ.
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hasher = Self::hasher();
        parts.into_iter().for_each(|part| _ = hasher.text(part));
        hasher.finish()
    }

    /// A hasher for a record's parts.
    pub(crate) fn hasher() -> RecordHasher {
        RecordHasher(Sha256::new())
    }
}

impl fmt::Display for RecordDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Collects the parts of a record into a [`RecordDigest`]. Each part is delimited by its length, so that
/// `("ab", "c")` and `("a", "bc")` differ.
#[derive(Clone, Debug)]
pub(crate) struct RecordHasher(Sha256);

impl RecordHasher {
    /// Adds bytes.
    pub(crate) fn bytes(&mut self, part: &[u8]) -> &mut Self {
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// Adds text.
    pub(crate) fn text(&mut self, part: &str) -> &mut Self {
        self.bytes(part.as_bytes())
    }

    /// The digest.
    pub(crate) fn finish(self) -> RecordDigest {
        let mut short = [0; 16];
        short.iter_mut().zip(self.0.finalize()).for_each(|(to, from)| *to = from);
        RecordDigest(short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_together() {
        assert_eq!(RecordDigest::of(["ab", "c"]), RecordDigest::of(["ab", "c"]));
        assert_ne!(RecordDigest::of(["ab", "c"]), RecordDigest::of(["a", "bc"]));
        assert_ne!(RecordDigest::of([]), RecordDigest::of([""]));
    }
}
