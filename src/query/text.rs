//! Text compared without case, by one rule for the evaluator and for every store.

use std::fmt;

/// The form in which texts are compared: without case, one fixed rule.
///
/// Every character is lowered by itself (Unicode, independent of language), the final sigma `ς`
/// becomes `σ`, and NUL, which databases cannot keep in a text, becomes U+FFFD. Nothing is composed or
/// decomposed, and `ß` stays `ß`. Folding twice changes nothing.
///
/// A store that compiles queries to SQL keeps a column written with this function beside every text it
/// wants searched, since a database's own `lower` differs from Unicode's (SQLite's knows ASCII only).
///
/// ```
/// use ldap_inventory::query::fold_case;
///
/// assert_eq!(fold_case("WEB1.Corp.Example"), "web1.corp.example");
/// assert_eq!(fold_case("ÄRGER"), "ärger");
/// assert_eq!(fold_case("ΟΔΟΣ"), fold_case("οδος"));
/// ```
pub fn fold_case(text: &str) -> String {
    folded_chars(text).collect()
}

/// A text of a query: as it was written, and as it is compared.
///
/// Two are equal if they differ in case only.
#[derive(Clone)]
pub struct Text {
    written: String,
    folded: String,
}

impl Text {
    pub(crate) fn new(written: impl Into<String>) -> Self {
        let written = written.into();
        let folded = fold_case(&written);
        Self { written, folded }
    }

    /// The text as it was written, without quotes and escapes.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The text as it is compared, see [`fold_case`].
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

impl Eq for Text {}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.written, f)
    }
}

/// Whether the fold of `text` is `folded`.
pub(crate) fn equals(text: &str, folded: &str) -> bool {
    // What is equal but for ASCII case has the same fold, and `folded` is its own.
    text.eq_ignore_ascii_case(folded) || !is_plain(text) && folded_chars(text).eq(folded.chars())
}

/// Whether the fold of `text` contains `folded`.
pub(crate) fn contains(text: &str, folded: &str) -> bool {
    if !is_plain(text) {
        return fold_case(text).contains(folded);
    }
    let (text, folded) = (text.as_bytes(), folded.as_bytes());
    let Some((first, rest)) = folded.split_first() else { return true };
    text.iter().enumerate().any(|(at, byte)| {
        byte.to_ascii_lowercase() == *first
            && text
                .get(at + 1..at + folded.len())
                .is_some_and(|window| window.eq_ignore_ascii_case(rest))
    })
}

/// The characters of a text's fold.
pub(crate) fn folded_chars(text: &str) -> impl Iterator<Item = char> + Clone + '_ {
    text.chars().flat_map(char::to_lowercase).map(|c| match c {
        '\0' => char::REPLACEMENT_CHARACTER,
        'ς' => 'σ',
        c => c,
    })
}

/// ASCII without NUL: what folds byte by byte.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.as_bytes().contains(&0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn folding_twice_changes_nothing_for_any_character() {
        for c in '\0'..=char::MAX {
            let once = fold_case(&c.to_string());
            assert_eq!(fold_case(&once), once, "{c:?}");
        }
    }

    #[test]
    fn a_fold_has_no_ascii_capitals_and_no_nul() {
        for c in '\0'..=char::MAX {
            let folded = fold_case(&c.to_string());
            assert!(!folded.contains(|c: char| c.is_ascii_uppercase() || c == '\0'), "{c:?}");
        }
    }

    proptest! {
        #[test]
        fn comparing_equals_comparing_the_folds(
            text in "[aAbBkKK\u{0}äÄßςσΣİ.]{0,8}", part in "[aAbBkKäÄςσİ.]{0,3}",
        ) {
            let (text_fold, part_fold) = (fold_case(&text), fold_case(&part));
            prop_assert_eq!(contains(&text, &part_fold), text_fold.contains(&part_fold));
            prop_assert_eq!(equals(&text, &part_fold), text_fold == part_fold);
            prop_assert!(equals(&text, &text_fold));
        }
    }
}
