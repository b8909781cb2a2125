//! How large a query may be.

/// The longest query, in bytes. Enough for any that a person writes, and 256 values with room to spare.
pub(super) const MAX_LENGTH: usize = 8192;

/// The deepest nesting of parentheses and `NOT`, so that no query exhausts a stack.
pub(super) const MAX_DEPTH: usize = 64;

/// The most values and names in one query. SQLite refuses expressions over 1000 deep, and a list is as
/// deep as it is long.
pub(super) const MAX_VALUES: usize = 256;
