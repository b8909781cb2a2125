//! A condition while it is written.

use std::fmt::Write;

use crate::query::sql::columns::{ColumnMap, Dialect};

/// A condition in SQL, for a `WHERE`, and the parameters it refers to.
///
/// Nothing of the query is in the text: every value and every name from it is a parameter.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Sql {
    /// The condition, never NULL, set in parentheses or otherwise safe beside `AND` and `NOT`.
    pub text: String,
    /// The parameters, in the order of their numbers.
    pub parameters: Vec<SqlValue>,
    /// Whether the condition holds for exactly the rows that the query asks for. If not, it holds for more
    /// of them, and the store puts [`Query::matches`](crate::query::Query::matches) to each.
    pub exact: bool,
}

/// A parameter of a condition.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SqlValue {
    /// A boolean; 1 or 0 in SQLite.
    Boolean(bool),
    /// Some bytes.
    Blob(Vec<u8>),
    /// A 64-bit integer.
    Integer(i64),
    /// A text.
    Text(String),
}

/// Writes a condition, and numbers its parameters.
pub(super) struct Compiler<'a> {
    pub(super) map: &'a ColumnMap,
    pub(super) now: i64,
    pub(super) first: usize,
    /// False under an odd number of NOTs, where too few rows are too many in the end.
    pub(super) positive: bool,
    pub(super) sql: Sql,
}

impl Compiler<'_> {
    /// The items with a separator between them, in parentheses if they are several; FALSE for none.
    pub(super) fn joined<'t, T>(
        &mut self,
        items: &'t [T],
        separator: &str,
        mut each: impl FnMut(&mut Self, &'t T),
    ) {
        match items {
            [] => self.push("FALSE"),
            [only] => each(self, only),
            [first, rest @ ..] => {
                self.push("(");
                each(self, first);
                for item in rest {
                    self.push(separator);
                    each(self, item);
                }
                self.push(")");
            }
        }
    }

    pub(super) fn truth(&mut self, truth: bool) {
        self.push(if truth { "TRUE" } else { "FALSE" });
    }

    pub(super) fn text(&mut self, text: &str) {
        self.parameter(SqlValue::Text(text.to_owned()));
    }

    pub(super) fn parameter(&mut self, value: SqlValue) {
        let number = self.first.saturating_add(self.sql.parameters.len());
        let sign = match self.map.dialect {
            Dialect::Postgres => '$',
            Dialect::Sqlite => '?',
        };
        self.sql.parameters.push(value);
        // Writing to a string does not fail.
        let _ = write!(self.sql.text, "{sign}{number}");
    }

    pub(super) fn push_all(&mut self, parts: &[&str]) {
        self.sql.text.extend(parts.iter().copied());
    }

    pub(super) fn push(&mut self, part: &str) {
        self.sql.text.push_str(part);
    }
}
