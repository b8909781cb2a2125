//! Names that a host chooses: organizations, sites, credentials, tasks and sources.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::text::serde_as_text;
use crate::{Error, Result};

const LONGEST: usize = 256;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        ///
        /// The host chooses the text: 1 to 256 characters, none of them a control character, not all of
        /// them blank. Compared as it is written. Cheap to clone.
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Takes the text.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) if the text is empty, blank, longer than
            /// 256 characters, or has a control character.
            pub fn new(text: impl AsRef<str>) -> Result<Self> {
                checked($what, text.as_ref()).map(|text| Self(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self> {
                Self::new(text)
            }
        }

        serde_as_text!($name, $what);
    };
}

text_id! {
    /// The organization, or tenant, that assets and tasks belong to.
    OrganizationId, "organization id"
}
text_id! {
    /// The site that new assets of a task are placed in.
    SiteId, "site id"
}
text_id! {
    /// The name under which a credential store keeps a credential.
    CredentialId, "credential id"
}

/// Where records come from: a kind of source and the name of one, such as `ldap/corp.example.test`.
///
/// Links, checkpoints and provenance are kept by source, so the name must stay what it is from run to
/// run; for a directory it is best its DNS domain.
///
/// ```
/// use ldap_inventory::value::SourceId;
///
/// let source = SourceId::new("ldap", "corp.example.test")?;
/// assert_eq!(source.to_string(), "ldap/corp.example.test");
/// assert_eq!(source.kind(), "ldap");
/// # Ok::<(), ldap_inventory::Error>(())
/// ```
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceId(Arc<str>);

impl SourceId {
    /// The source of this kind and name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) unless the kind is a lower-case letter followed by
    /// lower-case letters, digits, `_` or `-`, and kind and name each have 1 to 256 characters, the name
    /// without control characters and not blank.
    pub fn new(kind: impl AsRef<str>, name: impl AsRef<str>) -> Result<Self> {
        let kind = checked("source kind", kind.as_ref())?;
        if !is_kind(kind) {
            let reason = "expected a lower-case letter, then lower-case letters, digits, _ or -";
            return Err(Error::invalid("source kind", kind, reason));
        }
        let name = checked("source name", name.as_ref())?;
        Ok(Self(format!("{kind}/{name}").into()))
    }

    /// That of what people decide, and say of assets.
    pub(crate) fn of_people() -> Self {
        Self("person/curation".into())
    }

    /// What sort of source it is, such as `ldap`.
    pub fn kind(&self) -> &str {
        self.0.split_once('/').map_or("", |(kind, _)| kind)
    }

    /// Which one of its kind.
    pub fn name(&self) -> &str {
        self.0.split_once('/').map_or("", |(_, name)| name)
    }

    /// Kind and name with a slash between them.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceId({:?})", self.as_str())
    }
}

impl fmt::Display for SourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for SourceId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (kind, name) = text
            .split_once('/')
            .ok_or_else(|| Error::invalid("source id", text, "expected kind/name"))?;
        Self::new(kind, name)
    }
}

serde_as_text!(SourceId, "a source id such as ldap/corp.example");

fn is_kind(kind: &str) -> bool {
    let rest = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    kind.starts_with(|c: char| c.is_ascii_lowercase()) && kind.bytes().all(rest)
}

fn checked<'a>(what: &'static str, text: &'a str) -> Result<&'a str> {
    let reason = if text.trim().is_empty() {
        "it is empty"
    } else if text.chars().any(char::is_control) {
        "it has a control character"
    } else if text.chars().nth(LONGEST).is_some() {
        "it has more than 256 characters"
    } else {
        return Ok(text);
    };
    Err(Error::invalid(what, text, reason))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_longest_id_has_256_characters() {
        assert!(SiteId::new("ü".repeat(256)).is_ok());
        assert!(SiteId::new("ü".repeat(257)).is_err());
    }

    #[test]
    fn blank_ids_and_control_characters_are_refused_everywhere() {
        for text in ["", " ", "\u{a0}", "a\nb", "a\0", "\u{85}x"] {
            assert!(CredentialId::new(text).is_err(), "{text:?}");
            assert!(text.parse::<CredentialId>().is_err(), "{text:?}");
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<OrganizationId>(&json).is_err(), "{text:?}");
            assert!(SourceId::new("ldap", text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn an_id_is_compared_as_it_is_written() {
        let id = OrganizationId::new("Head Office").unwrap();
        assert_ne!(id, OrganizationId::new("head office").unwrap());
        assert_eq!(id.to_string(), "Head Office");
        assert_eq!(format!("{id:?}"), "OrganizationId(\"Head Office\")");
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"Head Office\"");
        assert_eq!(serde_json::from_str::<OrganizationId>("\"Head Office\"").unwrap(), id);
    }

    #[test]
    fn a_source_is_its_kind_and_its_name() {
        let source = SourceId::new("ldap", "corp.example/forest").unwrap();
        assert_eq!((source.kind(), source.name()), ("ldap", "corp.example/forest"));
        assert_eq!("ldap/corp.example/forest".parse::<SourceId>().unwrap(), source);
        assert_eq!(serde_json::to_string(&source).unwrap(), "\"ldap/corp.example/forest\"");
        for text in ["ldap", "/corp", "ldap/", "Ldap/corp", "1dap/corp", "ld ap/corp", "l/ "] {
            assert!(text.parse::<SourceId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_kept(text in any::<String>()) {
            if let Ok(id) = CredentialId::new(&text) {
                prop_assert_eq!(id.as_str(), &text);
                prop_assert_eq!(id.to_string().parse::<CredentialId>().unwrap(), id);
            }
        }

        #[test]
        fn a_source_read_back_is_the_same(kind in "[a-z][a-z0-9_-]{0,9}", name in "[^\\p{Cc} ]{1,40}") {
            prop_assume!(!name.trim().is_empty());
            let source = SourceId::new(&kind, &name).unwrap();
            prop_assert_eq!((source.kind(), source.name()), (&*kind, &*name));
            prop_assert_eq!(source.as_str().parse::<SourceId>().unwrap(), source);
        }
    }
}
