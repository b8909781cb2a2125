//! The tree of a query.

use super::literal::{Literal, Pattern};
use super::text::Text;
use super::time::{Comparison, Measure};

/// A query, or part of one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Expr {
    /// All of these; two or more.
    And(Vec<Expr>),
    /// Everything there is: the empty query.
    Everything,
    /// Not this.
    Not(Box<Expr>),
    /// At least one of these; two or more.
    Or(Vec<Expr>),
    /// A single condition.
    Term(Term),
}

/// A single condition.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Term {
    /// One of these has a value: `has:os,os_version`.
    Has(Vec<Key>),
    /// A value of the key passes the test: `os:windows`.
    Is(Key, Test),
}

/// What a condition is about.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Key {
    /// An attribute as its source gave it: `@ldap.computer.operatingSystem`.
    Attribute {
        /// The source and type, with the at sign: `@ldap.computer`.
        source: Text,
        /// The attribute's own name, which may contain dots and hyphens.
        name: Text,
    },
    /// How many values another key has: `name_count`.
    Count(Box<Key>),
    /// A field by its name: `os`.
    Field(Text),
    /// The names of the thing itself: a word without a key.
    Name,
}

/// What a value must be like. Of several alternatives, one suffices.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Test {
    /// `>`, `>=`, `<` or `<=` than a number or a time.
    Compare(Comparison, Bound),
    /// Like one of these, without case: for text, contains it. What has wildcards, which are `*` and `?` here, is the form
    /// of the whole value.
    Contains(Vec<Pattern>),
    /// Exactly one of these, without case, where `%` and `_` are wildcards too.
    Equals(Vec<Pattern>),
}

impl Test {
    /// The patterns that a value is held against; none if it is compared.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        match self {
            Self::Compare(..) => &[],
            Self::Contains(patterns) | Self::Equals(patterns) => patterns,
        }
    }

    /// Those of them that have no wildcards.
    pub(crate) fn literals(&self) -> impl Iterator<Item = &Literal> {
        self.patterns().iter().filter_map(Pattern::literal)
    }

    /// Whether it asks for times that never were.
    pub(crate) fn asks_for_never(&self) -> bool {
        self.literals().any(|literal| literal.text().folded() == NEVER)
    }
}

/// The value of a time that never was.
pub(crate) const NEVER: &str = "never";

/// What a value is compared with: its meaning, and how it was written.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    measure: Measure,
    written: String,
}

impl Bound {
    /// Reads a bound; otherwise a spelling that may have been meant.
    pub(crate) fn read(written: String) -> Result<Self, Option<&'static str>> {
        Ok(Self { measure: Measure::read(&written)?, written })
    }

    /// What it means.
    pub(crate) fn measure(&self) -> Measure {
        self.measure
    }

    /// How it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.written
    }
}

impl Eq for Bound {}

impl PartialEq for Bound {
    fn eq(&self, other: &Self) -> bool {
        self.measure == other.measure
    }
}
