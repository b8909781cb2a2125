//! The fields that a query may ask for: one table for the parser, the manual, and whoever shows it.

use super::text::fold_case;

/// A field that queries may ask for: what [`Query::parse_known`](super::Query::parse_known) knows, and what a host shows
/// of it.
///
/// ```
/// use ldap_inventory::asset::ASSET_FIELDS;
/// use ldap_inventory::query::{FieldKind, Query};
///
/// for field in ASSET_FIELDS {
///     println!("{} ({}): {}. {}", field.name(), field.kind, field.meaning, field.example);
///     let example = Query::parse_known(field.example, ASSET_FIELDS);
///     assert!(example.is_ok(), "{}", field.example);
/// }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// Its names, folded; the first is the one to show, the others mean the same.
    pub names: &'static [&'static str],
    /// What its values are.
    pub kind: FieldKind,
    /// What it tells, in a few words.
    pub meaning: &'static str,
    /// A query that asks for it.
    pub example: &'static str,
}

/// What the values of a field are, and so what may be asked of them.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FieldKind {
    /// IP addresses, which a network holds or not.
    Address,
    /// Not one field but all that are not in the table: attributes by their bare names, as users and groups have them.
    Attribute,
    /// Yes or no.
    Boolean,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Distinguished names, in which escapes make no difference.
    DistinguishedName,
    /// The same through other groups as well, which no record tells by itself.
    Nested,
    /// Nothing is kept under this name, though people look for it; the example is what finds it.
    NotKept,
    /// Whole numbers.
    Number,
    /// Text that is looked into.
    Text,
    /// Moments, and `never` where there was none.
    Time,
    /// Words that are compared as a whole.
    Word,
}

impl Field {
    /// A field with these names, folded.
    pub const fn new(
        names: &'static [&'static str],
        kind: FieldKind,
        meaning: &'static str,
        example: &'static str,
    ) -> Self {
        Self { names, kind, meaning, example }
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
        fields.iter().any(|field| field.kind == FieldKind::Attribute)
    }

    /// The kind of the field with this name, as [`Fields::field_kind`](super::Fields::field_kind) tells it.
    pub(crate) fn kind_of(fields: &[Self], name: &str) -> Option<FieldKind> {
        match Self::of(fields, name) {
            Some(field) => Some(field.kind),
            None if Self::leaves_attributes(fields) && is_time_attribute(name) => {
                Some(FieldKind::Time)
            }
            None => None,
        }
    }

    /// The names of the fields of which something is kept.
    pub(crate) fn kept(fields: &[Self]) -> impl Iterator<Item = &'static str> + Clone + '_ {
        let kept = |field: &&Self| !matches!(field.kind, FieldKind::Attribute | FieldKind::NotKept);
        fields.iter().filter(kept).flat_map(|field| field.names.iter().copied())
    }
}

impl std::fmt::Display for FieldKind {
    /// The word for it: `text`, `time`; the words of a choice.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let word = match self {
            Self::Address => "address",
            Self::Attribute => "attribute",
            Self::Boolean => "true or false",
            Self::Choice(words) => return f.pad(&words.join(", ")),
            Self::DistinguishedName | Self::Nested => "DN",
            Self::NotKept => "not kept",
            Self::Number => "number",
            Self::Text => "text",
            Self::Time => "time",
            Self::Word => "word",
        };
        f.pad(word)
    }
}

/// Whether the attribute with this name holds times: its source gave it the ending `TS`.
pub(crate) fn is_time_attribute(name: &str) -> bool {
    fold_case(name).ends_with("ts")
}
