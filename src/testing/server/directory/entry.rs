//! One entry of the served directory.

use std::borrow::Cow;

use crate::value::ObjectGuid;

/// An entry: its name, its GUID and its attributes.
///
/// Values are octets; attribute names compare without case and come back in the spelling they were
/// first given in, as a domain controller answers in the spelling of its schema.
#[derive(Clone, Debug)]
pub struct DirectoryEntry {
    pub(crate) dn: String,
    pub(crate) guid: ObjectGuid,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) links: Vec<LinkChange>,
    pub(crate) hidden: bool,
    /// Whether its DN alone is shown, and only to whoever asks for everything.
    pub(crate) unreadable: bool,
}

/// An attribute with the update sequence number of its last change. One without values was removed.
#[derive(Clone, Debug)]
pub(crate) struct Attribute {
    pub(crate) name: Cow<'static, str>,
    pub(crate) values: Vec<Vec<u8>>,
    pub(crate) usn: u64,
}

/// A member that was added or removed, for DirSync with incremental values.
#[derive(Clone, Debug)]
pub(crate) struct LinkChange {
    pub(crate) value: Vec<u8>,
    pub(crate) present: bool,
    pub(crate) usn: u64,
}

impl DirectoryEntry {
    pub(crate) fn new(dn: String, guid: ObjectGuid) -> Self {
        Self {
            dn,
            guid,
            attributes: Vec::new(),
            links: Vec::new(),
            hidden: false,
            unreadable: false,
        }
    }

    /// The distinguished name, as it is sent.
    pub fn dn(&self) -> &str {
        &self.dn
    }

    /// The `objectGUID`.
    pub fn guid(&self) -> ObjectGuid {
        self.guid
    }

    /// The values of an attribute; none if it is absent.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        self.attribute(name).map(|attribute| attribute.values.as_slice()).unwrap_or_default()
    }

    /// The first value of an attribute as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.values(name).first().map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The names of the attributes that have values.
    pub fn attribute_names(&self) -> impl Iterator<Item = &str> {
        self.attributes.iter().filter(|a| !a.values.is_empty()).map(|a| a.name.as_ref())
    }

    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
    }

    /// The values of an attribute to change, with `usn` as the number of the change.
    pub(crate) fn change(&mut self, name: &str, usn: u64) -> &mut Vec<Vec<u8>> {
        let found = self.attributes.iter().position(|a| a.name.eq_ignore_ascii_case(name));
        let at = found.unwrap_or_else(|| {
            self.attributes.push(Attribute {
                name: Cow::Owned(name.to_owned()),
                values: Vec::new(),
                usn,
            });
            self.attributes.len() - 1
        });
        #[expect(clippy::indexing_slicing, reason = "found or pushed just above")]
        let attribute = &mut self.attributes[at];
        attribute.usn = usn;
        &mut attribute.values
    }

    pub(crate) fn is_deleted(&self) -> bool {
        self.values("isDeleted").first().is_some_and(|value| value == b"TRUE")
    }

    pub(crate) fn changed_at(&self) -> u64 {
        let number = self.values("uSNChanged").first();
        number.and_then(|number| str::from_utf8(number).ok()?.parse().ok()).unwrap_or_default()
    }
}
