//! Where a page of a search ends.

use serde::{Deserialize, Serialize};

/// A place between two records of a search. Opaque.
#[derive(Clone, Debug, Eq, PartialEq, Deserialize, Serialize)]
pub struct Cursor(pub String);
