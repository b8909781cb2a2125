//! The query language.

mod ast;
mod columns;
mod error;
mod evaluate;
mod lex;
mod literal;
mod parse;
mod print;
mod sql;
mod suggest;
mod text;
mod time;

use std::fmt;
use std::str::FromStr;

pub use ast::{Bound, Comparison, Expr, Key, Term, Test};
pub use columns::{AttributeTable, Child, Column, ColumnMap, Dialect};
pub use error::ParseError;
pub use evaluate::{Fields, Value, Visit};
pub use literal::{Literal, Pattern, Piece, address_key};
pub use print::quote;
pub use sql::{Sql, SqlValue};
pub use text::{Text, fold_case};
pub use time::Measure;

/// The longest query, in bytes. Enough for any that a person writes, and 256 values with room to spare.
pub const MAX_LENGTH: usize = 8192;

/// The deepest nesting of parentheses and `NOT`, so that no query exhausts a stack.
pub const MAX_DEPTH: usize = 64;

/// The most values and names in one query. SQLite refuses expressions over 1000 deep, and a list is as
/// deep as it is long.
pub const MAX_VALUES: usize = 256;

/// A query, parsed.
///
/// Prints back to a query that means the same, and is equal when parsed again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    expr: Expr,
}

impl Query {
    /// Parses a query. Fields are not checked: one that nothing has matches nothing.
    ///
    /// # Errors
    ///
    /// Where it cannot be read, and what was expected there. Converts to
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Ok(Self { expr: parse::parse(text, None)? })
    }

    /// Parses a query whose fields are all among `fields` (folded names). Attributes are not checked.
    ///
    /// # Errors
    ///
    /// As [`Query::parse`], and for the name of a field that is not known, with the one that may have been
    /// meant.
    pub fn parse_known(text: &str, fields: &[&str]) -> Result<Self, ParseError> {
        Ok(Self { expr: parse::parse(text, Some(fields))? })
    }

    /// The query for everything: the empty one.
    pub fn everything() -> Self {
        Self { expr: Expr::Everything }
    }

    /// The query's tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Whether `item` is what the query asks for, `now` microseconds after 1970-01-01T00:00:00Z.
    pub fn matches(&self, item: &(impl Fields + ?Sized), now: i64) -> bool {
        self.expr.matches(item, now)
    }
}

impl FromStr for Query {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expr.fmt(f)
    }
}

#[cfg(test)]
mod differential;
#[cfg(test)]
mod generate;
#[cfg(test)]
mod tests;
