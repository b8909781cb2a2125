//! What a name and a version lead to.

use super::release::{Channel, Release};

/// What was found in a table.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Found<'t> {
    /// What it is called as far as it is plain: `Windows 11`.
    pub(super) family: String,
    /// What it may be.
    pub(super) releases: Vec<&'t Release>,
    /// Whether it is one of them, and not an older one that the table does not have.
    pub(super) is_exact: bool,
    pub(super) edition: Option<&'static str>,
    pub(super) channel: Option<Channel>,
}
