//! Where a query cannot be read, and what it may have meant.

use std::borrow::Cow;
use std::fmt;

use crate::{Error, ErrorKind, Printable};

/// A query that cannot be read: where, what was expected there, and what may have been meant.
///
/// ```
/// use ldap_inventory::asset::Asset;
/// use ldap_inventory::query::Query;
///
/// let error = Query::parse_known("os_vresion:10", Asset::FIELDS).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "column 1: expected the name of a field, found `os_vresion`; did you mean `os_version`?",
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub struct ParseError {
    /// Where, in bytes from the query's beginning.
    pub position: usize,
    /// Where, in characters from the query's beginning; the first is 1.
    pub column: usize,
    /// What was expected there.
    pub expected: Cow<'static, str>,
    /// What was found there; empty at the query's end.
    pub found: String,
    /// What may have been meant.
    pub suggestion: Option<String>,
}

impl ParseError {
    pub(crate) fn new(
        query: &str,
        position: usize,
        expected: impl Into<Cow<'static, str>>,
    ) -> Self {
        let (before, after) = query.split_at_checked(position).unwrap_or((query, ""));
        Self {
            position,
            column: before.chars().count() + 1,
            expected: expected.into(),
            found: excerpt(after),
            suggestion: None,
        }
    }

    pub(crate) fn suggesting(mut self, suggestion: Option<impl Into<String>>) -> Self {
        self.suggestion = suggestion.map(Into::into);
        self
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "column {}: expected {}, found ", self.column, self.expected)?;
        match self.found.as_str() {
            "" => f.write_str("the end")?,
            found => write!(f, "`{}`", Printable(found))?,
        }
        match &self.suggestion {
            Some(suggestion) => write!(f, "; did you mean `{suggestion}`?"),
            None => Ok(()),
        }
    }
}

impl From<ParseError> for Error {
    fn from(error: ParseError) -> Self {
        Self::new(ErrorKind::Invalid, format!("the query cannot be read at {error}"))
    }
}

/// The word at the beginning of `text`, or its first character.
fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let ends = |c: char| c.is_whitespace() || "()\",:".contains(c);
    let word: String = text.chars().take(LONGEST).take_while(|c| !ends(*c)).collect();
    if word.is_empty() { text.chars().take(1).collect() } else { word }
}
