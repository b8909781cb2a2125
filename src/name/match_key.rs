//! What a store indexes to find the assets that a host name may belong to.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{Error, Result};

/// The length to which Windows cuts a host name for NetBIOS and for `sAMAccountName`, in characters.
pub(crate) const NETBIOS_NAME_LENGTH: usize = 15;

const SHORT: &str = "s:";
const TRUNCATED: &str = "t:";
const FULL: &str = "f:";

/// A key under which a store keeps an asset, so that plain equality finds every asset that a host name
/// could belong to.
///
/// The first letter of the text says which kind it is:
///
/// - `s:web1`, the short name, which every host name has;
/// - `t:averylonghostna`, the first 15 characters, which short names of 15 or more characters have as
///   well. By it a NetBIOS name meets the longer name that it was cut from;
/// - `f:printer.corp.example`, the whole name, which names have whose first label too many hosts share to be looked
///   up by.
///
/// Equal keys are a candidate, no match: the rules of the merge compare the names themselves.
///
/// ```
/// use ldap_inventory::name::{Hostname, MatchKey};
///
/// let long = Hostname::parse("averylonghostname.corp.example")?;
/// let cut = Hostname::from_sam_account_name("AVERYLONGHOSTNA$")?;
/// let shared = long.match_keys().find(|key| cut.match_keys().any(|other| other == *key));
/// assert_eq!(shared.as_ref().map(MatchKey::as_str), Some("t:averylonghostna"));
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct MatchKey(Box<str>);

impl MatchKey {
    /// The key of a short name, in any case.
    pub fn short(short_name: &str) -> Self {
        Self(format!("{SHORT}{}", short_name.to_lowercase()).into())
    }

    /// The key of what NetBIOS leaves of a short name, `None` if it has fewer than 15 characters.
    pub fn truncated(short_name: &str) -> Option<Self> {
        let name = short_name.to_lowercase();
        let cut: String = name.chars().take(NETBIOS_NAME_LENGTH).collect();
        (cut.chars().count() == NETBIOS_NAME_LENGTH)
            .then(|| Self(format!("{TRUNCATED}{cut}").into()))
    }

    /// The key of a fully qualified name, in any case.
    pub fn full(name: &str) -> Self {
        Self(format!("{FULL}{}", name.to_lowercase()).into())
    }

    /// The text to index, prefix and all.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MatchKey({:?})", self.as_str())
    }
}

impl fmt::Display for MatchKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for MatchKey {
    type Err = Error;

    /// Reads the text of [`as_str`](Self::as_str).
    fn from_str(text: &str) -> Result<Self> {
        let key = if let Some(name) = text.strip_prefix(SHORT) {
            (!name.is_empty()).then(|| Self::short(name))
        } else if let Some(name) = text.strip_prefix(FULL) {
            name.contains('.').then(|| Self::full(name))
        } else {
            text.strip_prefix(TRUNCATED).and_then(Self::truncated)
        };
        let reason = "expected s: and a short name, t: and 15 characters, or f: and a full name";
        key.filter(|key| key.as_str() == text)
            .ok_or_else(|| Error::invalid("match key", text, reason))
    }
}

impl Serialize for MatchKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for MatchKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_of_fifteen_characters_has_both_keys() {
        assert_eq!(MatchKey::short("WEB1").as_str(), "s:web1");
        assert_eq!(MatchKey::truncated("fourteen-chars"), None);
        assert_eq!(MatchKey::truncated("fifteen-charact").unwrap().as_str(), "t:fifteen-charact");
        assert_eq!(
            MatchKey::truncated("Fifteen-Characters"),
            MatchKey::truncated("fifteen-charact")
        );
    }

    #[test]
    fn the_two_kinds_never_meet() {
        assert_ne!(
            MatchKey::short("fifteen-charact"),
            MatchKey::truncated("fifteen-charact").unwrap()
        );
    }

    #[test]
    fn only_the_text_of_a_key_is_read() {
        for text in [
            "",
            "s:",
            "t:",
            "web1",
            "S:web1",
            "s:WEB1",
            "t:short",
            "t:fifteen-characters",
            "f:web1",
        ] {
            assert!(text.parse::<MatchKey>().is_err(), "{text}");
            assert!(serde_json::from_value::<MatchKey>(text.into()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn keys_round_trip(name in "[^\\p{Cc}]{1,30}") {
            for key in [Some(MatchKey::short(&name)), MatchKey::truncated(&name)].into_iter().flatten() {
                prop_assert_eq!(&key.to_string().parse::<MatchKey>().unwrap(), &key);
                let json = serde_json::to_string(&key).unwrap();
                prop_assert_eq!(&serde_json::from_str::<MatchKey>(&json).unwrap(), &key);
            }
        }
    }
}
