//! What a scanner says of one asset.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use serde::Serialize;

use crate::error::Printable;
use crate::name::Hostname;
use crate::value::{Attributes, RecordDigest, SiteId, Timestamp};

/// The longest line that is read, in bytes. A scanner's own are a thousandth of that.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// What a scanner says of one asset. It is known again by its id, or by its names.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ScannedAsset {
    /// The line of the file that says it, counted from 1: by it is named what is left out.
    pub line: usize,
    /// What the scanner knows the asset by.
    pub id: Option<String>,
    /// Host names.
    pub names: Vec<Hostname>,
    /// Addresses.
    pub addresses: Vec<IpAddr>,
    /// Addresses of network cards, in the spelling `00:1b:44:11:3a:b7`.
    pub macs: Vec<String>,
    /// DNS or NetBIOS domains.
    pub domains: Vec<String>,
    /// The operating system.
    pub os: Option<String>,
    /// The operating system's version.
    pub os_version: Option<String>,
    /// What sort of thing it is: `server`, `printer`, ...
    pub kind: Option<String>,
    /// What it is built of: a maker and a model.
    pub hw: Option<String>,
    /// The site that a new asset is placed in; that of the import unless given.
    pub site: Option<SiteId>,
    /// When the scanner first saw it.
    pub first_seen: Option<Timestamp>,
    /// When the scanner last saw it.
    pub last_seen: Option<Timestamp>,
    /// The fields of which a value was left out. What is known of these is not dated out.
    pub(super) partial: BTreeSet<Field>,
}

/// A field of a [`ScannedAsset`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub(crate) enum Field {
    /// `id`
    Id,
    /// `names`
    Names,
    /// `addresses`
    Addresses,
    /// `macs`
    Macs,
    /// `domains`
    Domains,
    /// `os`
    Os,
    /// `os_version`
    OsVersion,
    /// `type`
    Type,
    /// `hw`
    Hw,
    /// `site`
    Site,
    /// `first_seen`
    FirstSeen,
    /// `last_seen`
    LastSeen,
}

/// Something that an import does not take. Prints as what and why, without its line.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct LeftOut {
    /// The line, counted from 1.
    pub line: usize,
    /// The field of the line, escaped and cut to 300 characters; `None` if the whole line is left out.
    pub field: Option<String>,
    /// What stands there, escaped and cut to 300 characters.
    pub value: String,
    /// Why, as a sentence without a full stop.
    pub reason: String,
}

impl ScannedAsset {
    /// An asset of which nothing is known but these names.
    pub fn named(names: impl IntoIterator<Item = Hostname>) -> Self {
        Self { names: names.into_iter().collect(), ..Self::default() }
    }

    /// Whether another record says the same, whatever the order of its values.
    pub(super) fn says_the_same_as(&self, other: &Self) -> bool {
        let same = digest(&self.attributes()) == digest(&other.attributes());
        same && self.site == other.site && self.partial == other.partial
    }

    /// The record as it was read, to be shown, and to be known again by.
    pub(super) fn attributes(&self) -> Attributes {
        let mut attributes = Attributes::builder();
        self.names.iter().for_each(|name| attributes.push(NAME, name.as_str()));
        self.addresses.iter().for_each(|address| attributes.push(ADDRESS, &address.to_string()));
        self.domains.iter().for_each(|domain| attributes.push("domain", domain));
        self.macs.iter().for_each(|mac| attributes.push("mac", mac));
        self.os.iter().for_each(|os| attributes.push("os", os));
        self.os_version.iter().for_each(|version| attributes.push("osVersion", version));
        self.kind.iter().for_each(|kind| attributes.push("type", kind));
        self.hw.iter().for_each(|hw| attributes.push("hw", hw));
        self.first_seen.iter().for_each(|time| attributes.push("firstSeenTS", &time.to_string()));
        self.last_seen.iter().for_each(|time| attributes.push("lastSeenTS", &time.to_string()));
        attributes.build()
    }

    /// What is left out, and why, with the field noted as partial.
    pub(super) fn leave_out(
        &mut self,
        field: Field,
        value: &str,
        reason: impl Into<String>,
    ) -> LeftOut {
        self.partial.insert(field);
        LeftOut::value(self.line, field.as_str(), value, reason)
    }
}

/// The attribute with a record's names.
pub(super) const NAME: &str = "name";
/// The attribute with a record's addresses.
pub(super) const ADDRESS: &str = "address";

/// What a record says, whatever the order of its values.
pub(super) fn digest(attributes: &Attributes) -> RecordDigest {
    let mut hasher = RecordDigest::hasher();
    for (name, values) in sorted(attributes) {
        hasher.text(name).bytes(&values.len().to_le_bytes());
        values.into_iter().for_each(|value| _ = hasher.text(value));
    }
    hasher.finish()
}

fn sorted(attributes: &Attributes) -> BTreeMap<&str, Vec<&str>> {
    let mut by_name = attributes.by_name();
    by_name.values_mut().for_each(|values| {
        values.sort_unstable();
        values.dedup();
    });
    by_name
}

impl Field {
    /// All of them.
    pub(crate) const ALL: [Self; 12] = [
        Self::Id,
        Self::Names,
        Self::Addresses,
        Self::Macs,
        Self::Domains,
        Self::Os,
        Self::OsVersion,
        Self::Type,
        Self::Hw,
        Self::Site,
        Self::FirstSeen,
        Self::LastSeen,
    ];

    /// What a file calls it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Names => "names",
            Self::Addresses => "addresses",
            Self::Macs => "macs",
            Self::Domains => "domains",
            Self::Os => "os",
            Self::OsVersion => "os_version",
            Self::Type => "type",
            Self::Hw => "hw",
            Self::Site => "site",
            Self::FirstSeen => "first_seen",
            Self::LastSeen => "last_seen",
        }
    }

    /// The field that a file calls so: in the singular, too, and as a runZero export has more addresses.
    pub(super) fn of(name: &str) -> Option<Self> {
        match name {
            "name" => Some(Self::Names),
            "address" | "addresses_extra" => Some(Self::Addresses),
            "mac" => Some(Self::Macs),
            "domain" => Some(Self::Domains),
            _ => Self::ALL.into_iter().find(|field| field.as_str() == name),
        }
    }
}

impl LeftOut {
    pub(super) fn value(line: usize, field: &str, value: &str, reason: impl Into<String>) -> Self {
        let field = Some(Printable(field).to_string());
        Self { field, ..Self::whole_line(line, value, reason) }
    }

    pub(super) fn whole_line(line: usize, text: &str, reason: impl Into<String>) -> Self {
        Self { line, field: None, value: Printable(text).to_string(), reason: reason.into() }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{field}: \"{}\" is left out: {}", self.value, self.reason),
            None => write!(f, "the line is left out: {}: {}", self.reason, self.value),
        }
    }
}
