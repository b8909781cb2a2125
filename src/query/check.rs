//! Whether a field can be like what is asked of it.

use std::borrow::Cow;

use super::ast::{Bound, NEVER};
use super::field::FieldKind;
use super::literal::{Literal, Pattern};
use super::suggest::nearest;
use super::time::Measure;

/// Why a value is refused: what was expected in its place, and what may have been meant.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) expected: Cow<'static, str>,
    pub(crate) suggestion: Option<String>,
}

const ADDRESS: &str = "an address, a network such as `10.0.0.0/8`, or a part of an address";
const BOOLEAN: &str = "`true` or `false`";
const NUMBER: &str = "a whole number, or a comparison with one such as `>2`";
const TIME: &str =
    "a date such as `2026-01-31`, a time of a day, `never`, or a comparison such as `<30days`";
const TIME_BOUND: &str = "a date, `now`, or a length of time such as `30days`";
const NO_COMPARISON: &str = "a value without a comparison, since the field has none to compare";
const NO_TIMES: &str = "a number, since the field has no times";

/// Refuses a value that no value of the field could be like.
pub(crate) fn value(kind: FieldKind, pattern: &Pattern, exactly: bool) -> Result<(), Refusal> {
    let literal = pattern.literal();
    match kind {
        FieldKind::Address => match literal {
            Some(literal) if literal.network.is_none() => {
                let is_part = !exactly && is_part_of_address(literal.text().folded());
                is_part.then_some(()).ok_or_else(|| refused(ADDRESS))
            }
            _ => Ok(()),
        },
        FieldKind::Boolean => boolean(literal),
        FieldKind::Choice(words) => choice(words, pattern),
        FieldKind::Number => {
            let is_number = literal.is_some_and(|literal| literal.number.is_some());
            is_number.then_some(()).ok_or_else(|| refused(NUMBER))
        }
        FieldKind::Time => time(literal),
        _ => Ok(()),
    }
}

/// Refuses a comparison that no value of the field could pass.
pub(crate) fn comparison(kind: FieldKind, bound: &Bound) -> Result<(), Refusal> {
    let is_number = bound.measure().is_number();
    match kind {
        FieldKind::Address | FieldKind::Boolean | FieldKind::Choice(_) => {
            Err(refused(NO_COMPARISON))
        }
        FieldKind::Time if is_number => {
            let days = format!("{}days", bound.as_str());
            Err(Refusal { suggestion: Some(days), ..refused(TIME_BOUND) })
        }
        FieldKind::Number | FieldKind::Text | FieldKind::Word if !is_number => {
            Err(refused(NO_TIMES))
        }
        _ => Ok(()),
    }
}

/// Refuses a value of an attribute of times that is nearly a time: what cannot be read as one is kept as text.
pub(crate) fn attribute_of_times(pattern: &Pattern) -> Result<(), Refusal> {
    let begins_as_one =
        |literal: &&Literal| literal.text().folded().starts_with(|c: char| c.is_ascii_digit());
    pattern.literal().filter(begins_as_one).map_or(Ok(()), |literal| time(Some(literal)))
}

fn refused(expected: &'static str) -> Refusal {
    Refusal { expected: expected.into(), suggestion: None }
}

fn boolean(literal: Option<&Literal>) -> Result<(), Refusal> {
    let text = literal.map_or("", |literal| literal.text().folded());
    let suggestion = match text {
        _ if literal.is_some_and(|literal| literal.boolean.is_some()) => return Ok(()),
        "yes" | "y" | "1" | "on" => Some("true"),
        "no" | "n" | "0" | "off" => Some("false"),
        _ => nearest(text, ["true", "false"]),
    };
    Err(Refusal { suggestion: suggestion.map(str::to_owned), ..refused(BOOLEAN) })
}

fn choice(words: &'static [&'static str], pattern: &Pattern) -> Result<(), Refusal> {
    if words.iter().any(|word| pattern.matches_whole(word)) {
        return Ok(());
    }
    let asked = pattern.literal().map_or("", |literal| literal.text().folded());
    let suggestion = nearest(asked, words.iter().copied()).map(str::to_owned);
    Err(Refusal { expected: format!("one of `{}`", words.join("`, `")).into(), suggestion })
}

fn time(literal: Option<&Literal>) -> Result<(), Refusal> {
    let text = literal.map_or("", |literal| literal.text().folded());
    if text == NEVER || literal.is_some_and(|literal| literal.moment.is_some()) {
        return Ok(());
    }
    let suggestion = match Measure::read(text) {
        Ok(Measure::Distance { .. } | Measure::Now { .. }) => Some(format!("<{text}")),
        _ => nearest(text, [NEVER]).map(str::to_owned),
    };
    Err(Refusal { suggestion, ..refused(TIME) })
}

/// Whether an address can contain this text.
fn is_part_of_address(text: &str) -> bool {
    let groups = |separator: char| text.split(separator);
    let is_octet =
        |group: &str| group.is_empty() || group.len() <= 3 && group.parse::<u8>().is_ok();
    let is_group =
        |group: &str| group.len() <= 4 && group.bytes().all(|byte| byte.is_ascii_hexdigit());
    let ipv4 = groups('.').count() <= 4 && groups('.').all(is_octet) && !text.contains("..");
    ipv4 || groups(':').count() <= 9 && groups(':').all(is_group)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_address_contains_is_told() {
        for part in ["10.0.", ".5", "10", "fe80:", "::1", "dead:beef", "", "0.0.0.1", "2001:db8"] {
            assert!(is_part_of_address(part), "{part}");
        }
        for wrong in [
            "10.0.0.999",
            "1.2.3.4.5",
            "10.0.0.0/33",
            "web1",
            "10..1",
            "12345:",
            "fe80::g",
            "10.0.0.0/",
        ] {
            assert!(!is_part_of_address(wrong), "{wrong}");
        }
    }
}
