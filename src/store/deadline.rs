//! Searches that take too long.

use std::time::Duration;

use crate::{Error, ErrorKind};

/// The error of a search that did not come to its end before this deadline.
pub(super) fn too_long(deadline: Duration) -> Error {
    Error::new(ErrorKind::Timeout, "the search takes longer than it may; ask for less at once")
        .with_context("deadline", format!("{deadline:?}"))
}
