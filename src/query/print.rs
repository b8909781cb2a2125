//! From a tree back to a query.

use std::fmt::{self, Display, Formatter, Write};

use super::ast::{Bound, Expr, Key, Term, Test};
use super::lex::is_operator;
use super::literal::{Pattern, Piece};
use super::term::COUNT;
use super::time::Comparison;

/// See [`Query::quote`](super::Query::quote).
pub(crate) fn quote(text: &str) -> String {
    let mut out = String::new();
    // Writing to a string does not fail.
    let _ = write_value(&mut out, [Part::Text(text, &['%', '_', '*', '?'])]);
    out
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) => separated(f, parts, " AND "),
            Self::Everything => Ok(()),
            Self::Not(inner) => {
                f.write_str("NOT ")?;
                within(f, inner)
            }
            Self::Or(parts) => separated(f, parts, " OR "),
            Self::Term(term) => term.fmt(f),
        }
    }
}

impl Display for Term {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Has(keys) => {
                f.write_str("has:")?;
                listed(f, keys)
            }
            Self::Is(Key::Name, test) => test.fmt(f),
            Self::Is(key, test) => write!(f, "{key}:{test}"),
        }
    }
}

impl Display for Key {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute { source, name } => write_value(
                f,
                [source.as_str(), ".", name.as_str()].map(|part| Part::Text(part, &[])),
            ),
            // The suffix may stand beside quotes: `"a b"_count`.
            Self::Count(key) => write!(f, "{key}{COUNT}"),
            Self::Field(name) => write_value(f, [Part::Text(name.as_str(), &[])]),
            Self::Name => f.write_str("name"),
        }
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Compare(comparison, bound) => write!(f, "{comparison}{bound}"),
            Self::Contains(patterns) => write_patterns(f, patterns, &['*', '?']),
            Self::Equals(patterns) => {
                f.write_str("=")?;
                write_patterns(f, patterns, &['%', '_', '*', '?'])
            }
        }
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
        })
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_value(f, [Part::Text(self.as_str(), &[])])
    }
}

/// Patterns where these are wildcards.
fn write_patterns(f: &mut Formatter<'_>, patterns: &[Pattern], wildcards: &[char]) -> fmt::Result {
    for (n, pattern) in patterns.iter().enumerate() {
        if n > 0 {
            f.write_char(',')?;
        }
        let parts = pattern.pieces().iter().map(|piece| match piece {
            Piece::Any => Part::Wildcard('*'),
            Piece::One => Part::Wildcard('?'),
            Piece::Text(text) => Part::Text(text.as_str(), wildcards),
        });
        write_value(f, parts)?;
    }
    Ok(())
}

/// A part of a value.
enum Part<'a> {
    /// Text, and what would be a wildcard in it.
    Text(&'a str, &'a [char]),
    Wildcard(char),
}

fn write_value<'a>(f: &mut impl Write, parts: impl IntoIterator<Item = Part<'a>>) -> fmt::Result {
    let mut value = String::new();
    // Only of characters that never mean anything, or mean what they should.
    let mut plain = true;
    for part in parts {
        let (text, wildcards) = match part {
            Part::Text(text, wildcards) => (text, wildcards),
            Part::Wildcard(c) => {
                value.push(c);
                continue;
            }
        };
        for c in text.chars() {
            plain &= c.is_alphanumeric() || "-_.@/+".contains(c);
            if matches!(c, '"' | '\\') || wildcards.contains(&c) {
                value.push('\\');
            }
            value.push(c);
        }
    }
    if plain && !value.is_empty() && !value.starts_with('-') && !is_operator(&value) {
        f.write_str(&value)
    } else {
        write!(f, "\"{value}\"")
    }
}

fn separated(f: &mut Formatter<'_>, parts: &[Expr], separator: &str) -> fmt::Result {
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            f.write_str(separator)?;
        }
        within(f, part)?;
    }
    Ok(())
}

/// A part of a larger expression. AND within OR is set in parentheses too, for those who read it.
fn within(f: &mut Formatter<'_>, part: &Expr) -> fmt::Result {
    match part {
        Expr::And(_) | Expr::Or(_) => write!(f, "({part})"),
        Expr::Everything | Expr::Not(_) | Expr::Term(_) => part.fmt(f),
    }
}

fn listed(f: &mut Formatter<'_>, items: &[impl Display]) -> fmt::Result {
    for (n, item) in items.iter().enumerate() {
        if n > 0 {
            f.write_char(',')?;
        }
        item.fmt(f)?;
    }
    Ok(())
}
