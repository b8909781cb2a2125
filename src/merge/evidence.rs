//! What speaks for a computer being an asset.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Printable;
use crate::name::{Hostname, to_unicode};

/// How good the evidence is, the best first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The object is tied to the asset since an earlier run.
    Known,
    /// A person said so.
    Constraint,
    /// The same fully qualified domain name.
    Full,
    /// The same short name, in the same domain.
    Qualified,
    /// The same short name, and nothing that contradicts it.
    Short,
    /// One name is what NetBIOS leaves of the other, and of no other.
    Truncated,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Known => "the tie of an earlier run",
            Self::Constraint => "a person's decision",
            Self::Full => "the same FQDN",
            Self::Qualified => "the same short name in the same domain",
            Self::Short => "the same short name",
            Self::Truncated => "a name that NetBIOS cut short",
        })
    }
}

/// Which names of a computer and an asset agree, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Evidence {
    /// Both have this fully qualified domain name.
    Full {
        /// The name.
        name: Hostname,
    },
    /// Both have this short name, and both are in this domain.
    Qualified {
        /// The short name.
        name: String,
        /// The asset's name for the domain, DNS or NetBIOS.
        domain: String,
    },
    /// Both have this short name; one of them has no domain that anybody is in charge of.
    Short {
        /// The short name.
        name: String,
    },
    /// One has a name of 15 characters, with which only the other's name begins.
    Truncated {
        /// The 15 characters.
        cut: String,
        /// The name they were cut from.
        whole: String,
    },
}

impl Evidence {
    /// How good it is.
    pub(crate) fn level(&self) -> Level {
        match self {
            Self::Full { .. } => Level::Full,
            Self::Qualified { .. } => Level::Qualified,
            Self::Short { .. } => Level::Short,
            Self::Truncated { .. } => Level::Truncated,
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { name } => write!(f, "its FQDN {name} is a name of this asset"),
            Self::Qualified { name, domain } => {
                let (name, domain) = (to_unicode(name), to_unicode(domain));
                let domain = Printable(&domain);
                write!(
                    f,
                    "its short name {name} is a name of this asset, and both are in the domain {domain}"
                )
            }
            Self::Short { name } => {
                let name = to_unicode(name);
                write!(
                    f,
                    "its short name {name} is a name of this asset, and no domain contradicts it"
                )
            }
            Self::Truncated { cut, whole } => {
                let (cut, whole) = (to_unicode(cut), to_unicode(whole));
                write!(
                    f,
                    "{cut} is the beginning of {whole} and of no other name, cut after 15 characters"
                )
            }
        }
    }
}
