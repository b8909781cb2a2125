//! A change of one value of an asset.

use std::fmt;

use serde::Serialize;

use crate::asset::Asset;
use crate::error::Printable;
use crate::{Error, Result};

/// The fields that people alone set, by what one value is called.
pub(super) const ANNOTATIONS: [&str; 4] = [OWNER, TAG, COMMENT, CRITICALITY];
pub(super) const OWNER: &str = "owner";
pub(super) const TAG: &str = "tag";
pub(super) const COMMENT: &str = "comment";
pub(super) const CRITICALITY: &str = "criticality";

/// The longest owner or tag, in characters.
const LONGEST_WORD: usize = 256;
/// The longest comment, in characters.
const LONGEST_COMMENT: usize = 4_000;

/// A value of an asset that is another one now, or shall be: what [`annotate`](super::Curation::annotate) sets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ChangedField {
    /// The field.
    pub field: &'static str,
    /// What it was; `None` if it had no value.
    pub from: Option<String>,
    /// What it is; `None` if it has none any more.
    pub to: Option<String>,
}

impl ChangedField {
    /// Says who is responsible for an asset; nobody, if the text is blank.
    pub fn owner(who: &str) -> Self {
        Self::set(OWNER, who)
    }

    /// Files an asset under a tag: `pci`, or `env=prod`.
    pub fn tag(tag: &str) -> Self {
        Self { field: TAG, from: None, to: Some(tag.trim().to_owned()) }
    }

    /// Takes a tag away.
    pub fn no_tag(tag: &str) -> Self {
        Self { field: TAG, from: Some(tag.trim().to_owned()), to: None }
    }

    /// Says something else of an asset; nothing any more, if the text is blank.
    pub fn comment(text: &str) -> Self {
        Self::set(COMMENT, text)
    }

    /// Says how much depends on an asset: `low`, `medium`, `high` or `critical`; nothing any more, if the text is blank.
    pub fn criticality(word: &str) -> Self {
        Self::set(CRITICALITY, &word.to_lowercase())
    }

    fn set(field: &'static str, text: &str) -> Self {
        let to = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Self { field, from: None, to }
    }

    /// Refuses what people cannot set.
    pub(super) fn check(&self) -> Result<()> {
        let text = self.to.as_ref().or(self.from.as_ref()).map_or("", String::as_str);
        let longest = if self.field == COMMENT { LONGEST_COMMENT } else { LONGEST_WORD };
        let reason = match self.field {
            field if !ANNOTATIONS.contains(&field) => {
                format!("people set one of {}", ANNOTATIONS.join(", "))
            }
            TAG if text.is_empty() || text.starts_with('=') => {
                "a tag is a word, or a key and a value: env=prod".to_owned()
            }
            CRITICALITY if !text.is_empty() && !Asset::CRITICALITIES.contains(&text) => {
                format!("it is one of {}", Asset::CRITICALITIES.join(", "))
            }
            _ if text.chars().any(|c| c.is_control() && c != '\n') => {
                "it has a control character".to_owned()
            }
            _ if text.chars().count() > longest => format!("it has more than {longest} characters"),
            _ => return Ok(()),
        };
        Err(Error::invalid(self.field, text, reason))
    }
}

/// Prints as what is said: `owner jane (was bob)`, `tag pci`, `no comment (was on lease)`.
impl fmt::Display for ChangedField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, from, to } = self;
        match (from, to) {
            (from, Some(to)) => {
                write!(f, "{field} {}", Printable(to))?;
                from.as_ref().map_or(Ok(()), |from| write!(f, " (was {})", Printable(from)))
            }
            (Some(from), None) if *field == TAG => write!(f, "no {field} {}", Printable(from)),
            (Some(from), None) => write!(f, "no {field} (was {})", Printable(from)),
            (None, None) => write!(f, "no {field}"),
        }
    }
}
