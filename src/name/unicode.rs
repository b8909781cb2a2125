//! Names as people read them.

use std::borrow::Cow;

use icu_properties::CodePointMapData;
use icu_properties::props::{GeneralCategory, GeneralCategoryGroup, Script};
use idna::uts46::{AsciiDenyList, Hyphens, Uts46};

/// What the ASCII form of an international label begins with.
const ACE_PREFIX: &[u8] = b"xn--";

/// See [`Hostname::readable`](super::Hostname::readable).
pub(crate) fn to_unicode(name: &str) -> Cow<'_, str> {
    if !has_ace_label(name) {
        return Cow::Borrowed(name);
    }
    decoded(name, |_| true).unwrap_or_else(|| {
        // Without the whole name nothing can be said about its direction.
        let label = |label| decoded(label, |is_bidi| !is_bidi).unwrap_or(Cow::Borrowed(label));
        Cow::Owned(name.split('.').map(label).collect::<Vec<_>>().join("."))
    })
}

/// A host name or domain as DNS has it: `xn--bcher-kva.example` for `bücher.example`. What is ASCII stays as it is.
pub(crate) fn to_ascii(name: &str) -> Cow<'_, str> {
    if name.is_ascii() { Cow::Borrowed(name) } else { Cow::Owned(canonical(name)) }
}

/// The name or domain with the ASCII form of each label, or its lower case where it has none (such as an
/// `xn--` label that decodes to nothing).
pub(super) fn canonical(text: &str) -> String {
    let label = |label: &str| idna::domain_to_ascii(label).unwrap_or_else(|_| label.to_lowercase());
    idna::domain_to_ascii(text)
        .unwrap_or_else(|_| text.split('.').map(label).collect::<Vec<_>>().join("."))
}

/// Whether the canonical form is the lower case, as of nearly all names that computers have: letters and digits of ASCII,
/// hyphens, underscores and dots, and no label in another form. Asking that first takes a tenth of the time.
pub(super) fn is_plain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    text.bytes().all(is_plain) && !has_ace_label(text)
}

fn has_ace_label(name: &str) -> bool {
    name.as_bytes().windows(ACE_PREFIX.len()).any(|part| part.eq_ignore_ascii_case(ACE_PREFIX))
}

/// The name with its labels decoded where they are legible; `None` if none is, or that would be another name.
fn decoded(name: &str, may_be_bidi: impl Fn(bool) -> bool) -> Option<Cow<'_, str>> {
    // What decodes for people goes on past an error, and in debug builds asserts on its way that there was none.
    idna::domain_to_ascii(name).ok()?;
    let (unicode, outcome) = Uts46::new().to_user_interface(
        name.as_bytes(),
        AsciiDenyList::EMPTY,
        Hyphens::Allow,
        |label, _, is_bidi| may_be_bidi(is_bidi) && is_legible(label),
    );
    let again = outcome.and_then(|()| idna::domain_to_ascii(&unicode)).ok()?;
    (!unicode.is_ascii() && again.eq_ignore_ascii_case(name)).then_some(unicode)
}

/// Whether every character can be seen and no word could be taken for another.
fn is_legible(label: &[char]) -> bool {
    let scripts = CodePointMapData::<Script>::new();
    let alike =
        |c: &char| [Script::Latin, Script::Greek, Script::Cyrillic].contains(&scripts.get(*c));
    let is_of_one_script = |word: &[char]| {
        let mut scripts = word.iter().filter(|c| alike(c)).map(|c| scripts.get(*c));
        scripts.next().is_none_or(|first| scripts.all(|other| other == first))
    };
    label.iter().all(|c| is_word(*c) || is_digit(*c) || matches!(c, '-' | '_'))
        && label.split(|c| !is_word(*c)).all(is_of_one_script)
}

fn is_word(c: char) -> bool {
    let category = CodePointMapData::<GeneralCategory>::new().get(c);
    GeneralCategoryGroup::Letter.contains(category) || GeneralCategoryGroup::Mark.contains(category)
}

fn is_digit(c: char) -> bool {
    CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::DecimalNumber
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::name::Hostname;

    /// What is shown of a name that is written so.
    fn shown(written: &str) -> String {
        Hostname::parse(written).unwrap().to_string()
    }

    #[test]
    fn international_names_are_shown_in_letters() {
        for name in [
            "bücher.corp.example",
            "büro-pc1",
            "web1.bücher.example",
            "straße.example",
            "сервер.пример",
            "srv-бухгалтерия",
            "pc1-οδος",
            "東京-srv1.example",
            "東京サーバー",
            "मुंबई",
            "서울-pc",
            "שרת.example",
            "خادم",
        ] {
            assert_eq!(shown(name), name);
            let name = Hostname::parse(name).unwrap();
            assert!(name.as_str().is_ascii(), "{name}");
            assert_eq!(to_unicode(&name.as_str().to_uppercase()), name.to_string());
        }
    }

    #[test]
    fn what_could_mislead_is_shown_in_ascii() {
        for name in [
            // Cyrillic а in a Latin word, Greek ο in a Latin one, Latin a in a Cyrillic one.
            "аdmin.example",
            "gοοgle",
            "срb",
            // A blank of Braille, a joiner, a symbol, and a slash that is none.
            "web\u{2800}1",
            "نامه\u{200c}ای",
            "i❤",
            "a\u{2215}b",
        ] {
            let Ok(ascii) = idna::domain_to_ascii(name) else { panic!("{name:?}") };
            assert!(ascii.contains("xn--"), "{ascii}");
            assert_eq!(to_unicode(&ascii), ascii, "{name:?}");
        }
    }

    #[test]
    fn labels_that_decode_to_what_is_forbidden_are_kept() {
        // Nothing, a line feed, a soft hyphen, a right-to-left override, letters of two directions, capitals.
        let of = |label: &str| format!("xn--{}", idna::punycode::encode_str(label).unwrap());
        let labels = ["", "a\nb", "we\u{ad}b", "a\u{202e}b", "aא", "Ü"].map(of);
        for label in labels.iter().map(String::as_str).chain(["xn--a", "xn--999999999"]) {
            assert_eq!(to_unicode(label), label);
            let beside = format!("{label}.xn--bcher-kva.example");
            assert_eq!(to_unicode(&beside), format!("{label}.bücher.example"));
        }
    }

    #[test]
    fn a_direction_that_the_whole_name_forbids_is_kept() {
        // A label that begins with a digit may be drawn elsewhere beside Hebrew.
        let hebrew = idna::domain_to_ascii("שרת").unwrap();
        let name = format!("1web.{hebrew}");
        assert_eq!(to_unicode(&name), name);
    }

    #[test]
    fn names_with_an_error_in_them_are_shown_as_they_are_written() {
        let sign = format!("xn--{}", idna::punycode::encode_str("\u{60b}").unwrap());
        let upper = sign.to_uppercase();
        for name in
            ["XN--RVBCffnfffH.-", "xn--rvbcffnfffh.-", &format!("2.{sign}"), &format!("2.{upper}")]
        {
            assert_eq!(to_unicode(name), *name);
        }
        assert_eq!(shown("2.\u{60b}"), format!("2.{sign}"));
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_same_name(name in "((xn|XN|Xn)--(a|vq|[xXrR][a-zA-Z0-9]{1,4})\\.|[0-9]{1,2}\\.|[a-zA-Zäüßσςάиа東א1\u{200c}❤-]{1,6}\\.){0,3}[a-zÜ\u{308}иא-]{1,5}", any in any::<String>()) {
            for text in [name, any] {
                if let Ok(name) = Hostname::parse(&text) {
                    let shown = name.to_string();
                    prop_assert_eq!(&Hostname::read(&shown), &Ok(name), "{:?}", text);
                }
            }
        }
    }
}
