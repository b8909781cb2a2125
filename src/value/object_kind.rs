//! The three kinds of directory object that an inventory keeps.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of directory object.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// `objectClass=computer`.
    Computer,
    /// `objectClass=group`.
    Group,
    /// `objectClass=user`, computers apart.
    User,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Computer => "computer",
            Self::Group => "group",
            Self::User => "user",
        })
    }
}
