//! Whether a thing is what a query asks for.

use std::net::IpAddr;
use std::ops::ControlFlow;

use super::ast::{Bound, Expr, Key, Term, Test};
use super::field::is_time_attribute;
use super::literal::{Literal, Pattern, Piece};
use super::text::{Text, equals, folded, number};
use super::time::Comparison;

/// A value of a field.
///
/// A field has values of one kind. A value given as [`Text`](Self::Text) is still compared as a number
/// where the query does so.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// An IP address.
    Address(IpAddr),
    /// Yes or no.
    Boolean(bool),
    /// A host name, looked into as [`Text`](Self::Text) is. It is one value in two forms: what either of them
    /// passes, it passes.
    Name {
        /// As people read it: `bücher.example`.
        unicode: &'a str,
        /// As DNS has it: `xn--bcher-kva.example`.
        ascii: &'a str,
    },
    /// A whole number.
    Number(i64),
    /// Text that is looked into: `os:windows` finds `Windows 11`.
    Text(&'a str),
    /// A moment, in microseconds since 1970-01-01T00:00:00Z.
    Time(i64),
    /// A word that is compared as a whole: `source:ldap` does not find `openldap`.
    Word(&'a str),
}

/// Takes the values of a field, one by one, until it has seen enough and breaks.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(Value<'_>) -> ControlFlow<()>;

/// Anything that can name its fields, and so be asked for with a [`Query`](super::Query).
///
/// Names arrive folded ([`Query::fold`](super::Query::fold)): lower case, for LDAP's names too. A name that
/// is not known has no values. Words without a key are looked for in the field `name`, and
/// `name_count` counts the values of `name`; so give lists a name in the singular.
///
/// Attributes are [`Text`](Value::Text), or [`Time`](Value::Time) where they are one; yes and no are the
/// texts `true` and `false`. Stores that compile queries to SQL rely on that.
///
/// ```
/// use std::ops::ControlFlow;
/// use ldap_inventory::query::{Fields, Query, Value};
///
/// struct Machine { names: Vec<String>, seen: i64 }
///
/// impl Fields for Machine {
///     fn field(&self, name: &str, visit: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>) -> ControlFlow<()> {
///         match name {
///             "name" | "names" => self.names.iter().try_for_each(|name| visit(Value::Text(name))),
///             "last_seen" => visit(Value::Time(self.seen)),
///             _ => ControlFlow::Continue(()),
///         }
///     }
///
///     fn attribute(
///         &self,
///         _: &str,
///         _: &str,
///         _: &mut dyn FnMut(Value<'_>) -> ControlFlow<()>,
///     ) -> ControlFlow<()> {
///         ControlFlow::Continue(())
///     }
/// }
///
/// let machine = Machine { names: vec!["WEB1.corp.example".into()], seen: 0 };
/// let now = 86_400_000_000;
/// assert!(Query::parse("web1 last_seen:<2days")?.matches(&machine, now));
/// # Ok::<(), ldap_inventory::query::ParseError>(())
/// ```
pub trait Fields {
    /// Shows the values of the field with this folded name.
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()>;

    /// Shows the values of an attribute, by its source's folded key (`@ldap.computer`) and its folded
    /// name (`dnshostname`).
    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()>;

    /// Whether the values of the field with this folded name are [times](Value::Time), whether it has one here or not:
    /// `never` finds what has none. Not unless implemented. Attributes say so by their names, which end in `TS`.
    fn is_time(&self, name: &str) -> bool {
        let _ = name;
        false
    }

    /// Shows the source and the name of every attribute that has a value, as the source spells them: what a
    /// [`Reading`](super::Reading) suggests. Nothing unless implemented.
    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        let _ = visit;
    }
}

impl<T: Fields + ?Sized> Fields for &T {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        (**self).field(name, visit)
    }

    fn attribute(&self, source: &str, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        (**self).attribute(source, name, visit)
    }

    fn is_time(&self, name: &str) -> bool {
        (**self).is_time(name)
    }

    fn attribute_names(&self, visit: &mut dyn FnMut(&str, &str)) {
        (**self).attribute_names(visit);
    }
}

/// The field that words without a key are looked for in.
pub(crate) const NAME: &str = "name";

impl Expr {
    pub(crate) fn asks_for(&self, field: &str) -> bool {
        match self {
            Self::And(all) | Self::Or(all) => all.iter().any(|expr| expr.asks_for(field)),
            Self::Everything => false,
            Self::Not(expr) => expr.asks_for(field),
            Self::Term(Term::Has(keys)) => keys.iter().any(|key| key.asks_for(field)),
            Self::Term(Term::Is(key, _)) => key.asks_for(field),
        }
    }

    /// The same with some terms in other words.
    pub(crate) fn rewritten(&self, rewrite: &mut dyn FnMut(&Term) -> Option<Self>) -> Self {
        match self {
            Self::And(parts) => Self::And(parts.iter().map(|p| p.rewritten(rewrite)).collect()),
            Self::Everything => Self::Everything,
            Self::Not(inner) => Self::Not(Box::new(inner.rewritten(rewrite))),
            Self::Or(parts) => Self::Or(parts.iter().map(|p| p.rewritten(rewrite)).collect()),
            Self::Term(term) => rewrite(term).unwrap_or_else(|| self.clone()),
        }
    }

    pub(crate) fn matches(&self, item: &(impl Fields + ?Sized), now: i64) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(item, now)),
            Self::Everything => true,
            Self::Not(inner) => !inner.matches(item, now),
            Self::Or(parts) => parts.iter().any(|part| part.matches(item, now)),
            Self::Term(term) => term.matches(item, now),
        }
    }
}

impl Term {
    pub(crate) fn matches(&self, item: &(impl Fields + ?Sized), now: i64) -> bool {
        let has_value = |key: &Key| key.any(item, |_| true);
        match self {
            Self::Has(keys) => keys.iter().any(has_value),
            Self::Is(key, test) => {
                key.any(item, |value| test.accepts(value, now))
                    || test.asks_for_never() && key.is_time(item) && !has_value(key)
            }
        }
    }
}

impl Key {
    /// An attribute by its source's key and its name.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn attribute(source: &str, name: &str) -> Self {
        Self::Attribute { source: Text::new(source), name: Text::new(name) }
    }

    pub(crate) fn field(name: &str) -> Self {
        Self::Field(Text::new(name))
    }

    pub(crate) fn asks_for(&self, field: &str) -> bool {
        match self {
            Self::Attribute { .. } => false,
            Self::Count(key) => key.asks_for(field),
            Self::Field(name) => name.folded() == field,
            Self::Name => field == NAME,
        }
    }

    fn is_time(&self, item: &(impl Fields + ?Sized)) -> bool {
        match self {
            Self::Attribute { name, .. } => is_time_attribute(name.folded()),
            Self::Count(_) => false,
            Self::Field(name) => item.is_time(name.folded()),
            Self::Name => item.is_time(NAME),
        }
    }

    /// Whether one of the key's values is accepted.
    fn any(
        &self,
        item: &(impl Fields + ?Sized),
        mut accept: impl FnMut(Value<'_>) -> bool,
    ) -> bool {
        if let Self::Count(key) = self {
            return accept(Value::Number(key.count(item)));
        }
        let mut found = false;
        self.visit(item, &mut |value| {
            found = found || accept(value);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        found
    }

    fn count(&self, item: &(impl Fields + ?Sized)) -> i64 {
        let mut count = 0;
        self.visit(item, &mut |_| {
            count += 1;
            ControlFlow::Continue(())
        });
        count
    }

    pub(crate) fn visit(&self, item: &(impl Fields + ?Sized), visit: Visit<'_>) {
        // Whether the visit was broken off is known to the visitor.
        let _ = match self {
            Self::Attribute { source, name } => {
                item.attribute(source.folded(), name.folded(), visit)
            }
            Self::Count(key) => visit(Value::Number(key.count(item))),
            Self::Field(name) => item.field(name.folded(), visit),
            Self::Name => item.field(NAME, visit),
        };
    }
}

impl Test {
    /// The test that only this text passes.
    #[cfg(any(feature = "postgres", feature = "sqlite"))]
    pub(crate) fn is_text(text: &str) -> Self {
        Self::Equals(vec![Pattern::new([Piece::Text(Text::new(text))])])
    }

    /// The test that only this number passes.
    pub(crate) fn is_number(number: usize) -> Self {
        Self::Equals(vec![Pattern::new([Piece::Text(Text::new(number.to_string()))])])
    }

    pub(crate) fn accepts(&self, value: Value<'_>, now: i64) -> bool {
        if let Value::Name { unicode, ascii } = value {
            return [unicode, ascii].into_iter().any(|form| self.accepts(Value::Text(form), now));
        }
        match self {
            Self::Compare(comparison, bound) => compares(*comparison, bound, value, now),
            Self::Contains(patterns) => patterns.iter().any(|pattern| match pattern.literal() {
                Some(literal) => is_like(literal, value),
                None => is_exactly(pattern, value),
            }),
            Self::Equals(patterns) => patterns.iter().any(|pattern| is_exactly(pattern, value)),
        }
    }
}

fn compares(comparison: Comparison, bound: &Bound, value: Value<'_>, now: i64) -> bool {
    let value = match (value, bound.measure().is_number()) {
        (Value::Number(number), true) => Some(number),
        (Value::Text(text) | Value::Word(text), true) => number(&folded(text)),
        (Value::Time(time), false) => Some(time),
        _ => None,
    };
    value.is_some_and(|value| bound.measure().window(comparison, now).holds(value))
}

fn is_like(literal: &Literal, value: Value<'_>) -> bool {
    match value {
        Value::Address(address) => match literal.network {
            Some(network) => network.contains(address),
            None => address.to_canonical().to_string().contains(literal.text().folded()),
        },
        Value::Text(text) => literal.is_within(text),
        Value::Word(text) => equals(text, literal.text().folded()),
        _ => reads_as(literal, value),
    }
}

fn is_exactly(pattern: &Pattern, value: Value<'_>) -> bool {
    match (value, pattern.literal()) {
        (Value::Text(text), Some(literal)) => literal.is_all_of(text) || is_boolean(literal, text),
        (Value::Word(text), Some(literal)) => {
            equals(text, literal.text().folded()) || is_boolean(literal, text)
        }
        (Value::Text(text), None) => pattern.matches(text),
        (Value::Word(text), None) => pattern.matches_whole(text),
        (Value::Address(address), None) => {
            pattern.matches_whole(&address.to_canonical().to_string())
        }
        (Value::Address(address), Some(literal)) => {
            literal.network.is_some_and(|network| network.contains(address))
        }
        (_, Some(literal)) => reads_as(literal, value),
        (_, None) => false,
    }
}

fn is_boolean(literal: &Literal, text: &str) -> bool {
    literal.boolean.is_some_and(|boolean| equals(text, boolean_text(boolean)))
}

fn reads_as(literal: &Literal, value: Value<'_>) -> bool {
    match value {
        Value::Boolean(boolean) => literal.boolean == Some(boolean),
        Value::Number(number) => literal.number == Some(number),
        Value::Time(time) => {
            literal.moment.is_some_and(|(start, end)| (start..end).contains(&time))
        }
        _ => false,
    }
}

/// How attributes say yes or no.
pub(crate) fn boolean_text(boolean: bool) -> &'static str {
    if boolean { "true" } else { "false" }
}
