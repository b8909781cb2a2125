//! The fields that a query may ask for: one table for the parser, the manual, and whoever shows it.

use super::text::fold_case;

/// A field that queries may ask for: what [`Query::parse_known`](super::Query::parse_known) knows, and what a host shows
/// of it. Hosts with fields of their own make tables of them.
///
/// ```
/// use ldap_inventory::asset::Asset;
/// use ldap_inventory::query::Query;
///
/// for field in Asset::FIELDS {
///     println!("{} ({}): {}. {}", field.name(), field.kind(), field.meaning, field.example);
///     let example = Query::parse_known(field.example, Asset::FIELDS);
///     assert!(example.is_ok(), "{}", field.example);
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// Its names, folded; the first is the one to show, the others mean the same.
    pub names: &'static [&'static str],
    /// What it tells, in a few words.
    pub meaning: &'static str,
    /// A query that asks for it.
    pub example: &'static str,
    pub(crate) kind: FieldKind,
}

type Names = &'static [&'static str];

/// What the values of a field are, and so what may be asked of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FieldKind {
    Address,
    Attributes,
    Boolean,
    Choice(Names),
    Dn,
    Nested,
    NotKept,
    Number,
    Text,
    Time,
    Word,
}

/// Each with its folded names, what it tells, and a query that asks for it.
impl Field {
    /// IP addresses, which a network holds or not.
    pub const fn address(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Address }
    }

    /// Not one field but all that are not in the table: attributes by their bare names, as users and groups have them.
    pub const fn attributes(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Attributes }
    }

    /// Yes or no.
    pub const fn boolean(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Boolean }
    }

    /// One of these words.
    pub const fn choice(
        names: Names,
        words: &'static [&'static str],
        meaning: &'static str,
        example: &'static str,
    ) -> Self {
        Self { names, meaning, example, kind: FieldKind::Choice(words) }
    }

    /// Distinguished names, in which escapes make no difference.
    pub const fn dn(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Dn }
    }

    /// Distinguished names through other groups as well, which no record tells by itself.
    pub const fn nested(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Nested }
    }

    /// Nothing is kept under these names, though people look for them; the example is what finds it.
    pub const fn not_kept(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::NotKept }
    }

    /// Whole numbers.
    pub const fn number(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Number }
    }

    /// Text that is looked into.
    pub const fn text(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Text }
    }

    /// Moments, and `never` where there was none.
    pub const fn time(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Time }
    }

    /// Words that are compared as a whole.
    pub const fn word(names: Names, meaning: &'static str, example: &'static str) -> Self {
        Self { names, meaning, example, kind: FieldKind::Word }
    }

    /// What its values are, in a word: `text`, `time`.
    pub fn kind(&self) -> &'static str {
        match self.kind {
            FieldKind::Address => "address",
            FieldKind::Attributes => "attribute",
            FieldKind::Boolean => "true or false",
            FieldKind::Choice(_) => "one of",
            FieldKind::Dn | FieldKind::Nested => "DN",
            FieldKind::NotKept => "not kept",
            FieldKind::Number => "number",
            FieldKind::Text => "text",
            FieldKind::Time => "time",
            FieldKind::Word => "word",
        }
    }

    /// The words of a [`choice`](Self::choice). None for other fields.
    pub fn words(&self) -> &'static [&'static str] {
        if let FieldKind::Choice(words) = self.kind { words } else { &[] }
    }

    /// Whether anything is kept under its names.
    pub fn is_kept(&self) -> bool {
        self.kind != FieldKind::NotKept
    }

    /// The name to show.
    pub fn name(&self) -> &'static str {
        self.names.first().copied().unwrap_or_default()
    }

    /// The field of a table that has this folded name.
    pub(crate) fn of<'f>(fields: &'f [Self], name: &str) -> Option<&'f Self> {
        fields.iter().find(|field| field.names.contains(&name))
    }

    /// Whether names that are not in the table are those of attributes.
    pub(crate) fn leaves_attributes(fields: &[Self]) -> bool {
        fields.iter().any(|field| field.kind == FieldKind::Attributes)
    }

    /// Whether the values of the field with this name are times, as [`Fields::is_time`](super::Fields::is_time) tells it.
    pub(crate) fn has_times(fields: &[Self], name: &str) -> bool {
        match Self::of(fields, name) {
            Some(field) => field.kind == FieldKind::Time,
            None => Self::leaves_attributes(fields) && is_time_attribute(name),
        }
    }

    /// The names of the fields of which something is kept.
    pub(crate) fn kept(fields: &[Self]) -> impl Iterator<Item = &'static str> + Clone + '_ {
        let kept =
            |field: &&Self| !matches!(field.kind, FieldKind::Attributes | FieldKind::NotKept);
        fields.iter().filter(kept).flat_map(|field| field.names.iter().copied())
    }
}

/// Whether the attribute with this name holds times: its source gave it the ending `TS`.
pub(crate) fn is_time_attribute(name: &str) -> bool {
    fold_case(name).ends_with("ts")
}
