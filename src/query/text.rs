//! Text compared without case, by one rule for the evaluator and for every store.

use std::borrow::Cow;
use std::fmt;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};
use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;

/// See [`Query::fold`](super::Query::fold).
pub(crate) fn fold_case(text: &str) -> String {
    if is_plain(text) { text.to_ascii_lowercase() } else { folded_chars(text).collect() }
}

/// A text of a query: as it was written, and as it is compared.
///
/// Two are equal if they are compared alike.
#[derive(Clone)]
pub(crate) struct Text {
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
    pub(crate) fn as_str(&self) -> &str {
        &self.written
    }

    /// The text as it is compared, see [`Query::fold`](crate::query::Query::fold).
    pub(crate) fn folded(&self) -> &str {
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

/// The fold of a text, which most texts of a store are already.
pub(crate) fn folded(text: &str) -> Cow<'_, str> {
    let is_folded = |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase() && byte != 0;
    if text.bytes().all(is_folded) { Cow::Borrowed(text) } else { Cow::Owned(fold_case(text)) }
}

/// What DNs escape with a backslash (RFC 4514, section 2.4). A text of a query that has one of these may be a part of a
/// DN, and then the escapes make no difference.
const ESCAPED_IN_DNS: [char; 9] = ['"', '#', '+', ',', ';', '<', '=', '>', '\\'];

/// Whether a text, folded or not, may be a part of a DN with escapes.
pub(crate) fn may_be_escaped(text: &str) -> bool {
    text.contains(ESCAPED_IN_DNS)
}

/// A text without the backslashes that take the next character literally, as the language itself leaves them out:
/// `CN=O'Brien\, Pat` is then what a query finds that has the DN as it was printed.
pub(crate) fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let next = chars.clone().next().filter(|next| c == '\\' && is_escapable(*next));
        out.push(next.unwrap_or(c));
        if next.is_some() {
            chars.next();
        }
    }
    out
}

/// What a backslash takes literally. Before anything else it is an ordinary character.
pub(crate) fn is_escapable(c: char) -> bool {
    c.is_ascii_punctuation() || c == ' '
}

/// The characters of the fold of a text that is not plain.
fn folded_chars(text: &str) -> impl Iterator<Item = char> + '_ {
    const DECOMPOSE: DecomposingNormalizerBorrowed<'_> = DecomposingNormalizerBorrowed::new_nfkd();
    const COMPOSE: ComposingNormalizerBorrowed<'_> = ComposingNormalizerBorrowed::new_nfkc();
    let seen = text.chars().filter(|c| !is_left_out(*c));
    let lowered = DECOMPOSE.normalize_iter(seen).flat_map(without_case);
    COMPOSE.normalize_iter(without_dots_on_i(lowered))
}

/// The full case folding of a character that cannot be decomposed. Lower case alone would keep `ß` and `ς`, and
/// `ẞ` has no upper case.
fn without_case(c: char) -> impl Iterator<Item = char> {
    let c = if c == '\0' { char::REPLACEMENT_CHARACTER } else { c };
    c.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase)
}

/// Drops the dots that lower case leaves of `İ` above its `i`.
fn without_dots_on_i(chars: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut is_after_i = false;
    chars.filter(move |c| {
        let is_kept = !(is_after_i && *c == '\u{307}');
        is_after_i = if is_kept { *c == 'i' } else { is_after_i };
        is_kept
    })
}

/// What people do not type: what cannot be seen, and marks of rights.
fn is_left_out(c: char) -> bool {
    matches!(c, '®' | '©' | '™' | '℠')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// ASCII without NUL: what folds byte by byte.
fn is_plain(text: &str) -> bool {
    text.is_ascii() && !text.as_bytes().contains(&0)
}

/// Reads a whole number of at most 18 digits, so that it fits in 64 bits.
pub(crate) fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let few = (1..=18).contains(&digits.len());
    (few && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
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

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        for (text, folded) in [
            ("Windows Server® 2008 Standard", "windows server 2008 standard"),
            ("Intel™ ℠ ©", "intel  "),
            ("B\u{fc}cher", "bücher"),
            ("BU\u{308}CHER", "bücher"),
            ("Straße, STRASSE, STRAẞE", "strasse, strasse, strasse"),
            ("ΟΔΟΣ οδος", "οδοσ οδοσ"),
            ("ﬁle ｗｅｂ１ ²", "file web1 2"),
            ("so\u{ad}ft zero\u{200b}\u{feff}width", "soft zerowidth"),
            ("a\u{a0}b", "a b"),
            ("Işık IŞIK İzmir izmi\u{307}r", "işik işik izmir izmir"),
            ("ᾳ ΑΙ", "αι αι"),
            ("각 \u{1100}\u{1161}\u{11a8}", "각 각"),
            ("ＤＢ％＿", "db%_"),
            ("a\0b", "a\u{fffd}b"),
        ] {
            assert_eq!(fold_case(text), folded, "{text:?}");
        }
        for (one, other) in [("i", "j"), ("u", "ü"), ("O", "0"), ("а", "a"), ("l·l", "ll")] {
            assert_ne!(fold_case(one), fold_case(other));
        }
    }

    proptest! {
        #[test]
        fn comparing_equals_comparing_the_folds(
            text in "[aAbBkK\u{212a}\u{0}äÄßςσΣİıu\u{308}\u{307}®ﬁ.]{0,8}", part in "[aAbBkKäÄςσİu\u{308}™.]{0,3}",
        ) {
            let (text_fold, part_fold) = (fold_case(&text), fold_case(&part));
            prop_assert_eq!(contains(&text, &part_fold), text_fold.contains(&part_fold));
            prop_assert_eq!(equals(&text, &part_fold), text_fold == part_fold);
            prop_assert!(equals(&text, &text_fold));
            prop_assert_eq!(folded(&text), text_fold);
        }

        #[test]
        fn the_form_in_which_a_text_is_composed_does_not_matter(
            text in "[a-zI\u{300}-\u{345}ıİßΰᾳǰ각ς®\u{ad}]{0,10}", any in any::<String>(),
        ) {
            // A compatibility form makes plain letters of these two.
            for text in [text, any.replace(['™', '℠'], "")] {
                let folded = fold_case(&text);
                prop_assert_eq!(&fold_case(&folded), &folded);
                for form in [
                    DecomposingNormalizerBorrowed::new_nfd().normalize(&text),
                    DecomposingNormalizerBorrowed::new_nfkd().normalize(&text),
                    ComposingNormalizerBorrowed::new_nfc().normalize(&text),
                    ComposingNormalizerBorrowed::new_nfkc().normalize(&text),
                ] {
                    prop_assert_eq!(&fold_case(&form), &folded, "{:?}", form);
                }
            }
        }
    }

    #[test]
    fn numbers_are_whole_and_short() {
        assert_eq!(number("-12"), Some(-12));
        assert_eq!(number("999999999999999999"), Some(999_999_999_999_999_999));
        for wrong in ["", "-", "+1", "1.5", "1000000000000000000", "--1", "1e3", "٣"] {
            assert_eq!(number(wrong), None, "{wrong}");
        }
    }
}
