//! The evaluator against a naive one, and against what databases find; printing against parsing.

#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod tables;

use proptest::prelude::*;

use super::ast::{Expr, Key, Term, Test};
use super::generate::{any_text, expr, item, likely_key, likely_text};
use super::literal::Piece;
use super::tests::{Item, NOW, Owned};
use super::time::{Comparison, Measure};
use super::{Query, fold_case};

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same(expr in expr(any_text(), any_text())) {
        let query = Query { expr };
        let printed = query.to_string();
        let parsed = Query::parse(&printed);
        prop_assert_eq!(parsed.as_ref(), Ok(&query), "{}", printed);
        prop_assert_eq!(parsed.unwrap().to_string(), printed);
    }

    #[test]
    fn whatever_parses_prints_to_the_same(
        text in "([a-c:\"\\\\%_*?,()=<>@. ä0-9]|and|or|not|has:|now|never|days|_count){0,12}",
    ) {
        if let Ok(query) = Query::parse(&text) {
            let printed = query.to_string();
            prop_assert_eq!(Query::parse(&printed), Ok(query), "{}", printed);
        }
    }

    #[test]
    fn anything_at_all_is_read_or_refused(text in any::<String>()) {
        let _ = Query::parse(&text);
    }

    #[test]
    fn a_quoted_text_is_one_value(text in any_text()) {
        let query = Query::parse(&format!("os:{}", Query::quote(&text))).unwrap();
        let Expr::Term(Term::Is(_, Test::Contains(values))) = query.expr() else { panic!() };
        prop_assert_eq!(values.len(), 1);
        prop_assert_eq!(values[0].literal().unwrap().text().as_str(), &text);
        let query = Query::parse(&format!("os:={}", Query::quote(&text))).unwrap();
        let Expr::Term(Term::Is(_, Test::Equals(values))) = query.expr() else { panic!() };
        prop_assert_eq!(values[0].literal().unwrap().text().as_str(), &text);
    }

    #[test]
    fn the_evaluator_finds_what_the_naive_one_finds(
        expr in expr(likely_text(), likely_key()), item in item(),
    ) {
        let expected = naive(&expr, &item);
        prop_assert_eq!(Query { expr }.matches(&item, NOW), expected);
    }
}

/// The language once more, without any care for speed.
fn naive(expr: &Expr, item: &Item) -> bool {
    match expr {
        Expr::And(parts) => parts.iter().all(|part| naive(part, item)),
        Expr::Everything => true,
        Expr::Not(inner) => !naive(inner, item),
        Expr::Or(parts) => parts.iter().any(|part| naive(part, item)),
        Expr::Term(Term::Has(keys)) => keys.iter().any(|key| !values(key, item).is_empty()),
        Expr::Term(Term::Is(key, test)) => {
            let values = values(key, item);
            values.iter().any(|value| passes(value, test))
                || values.is_empty() && is_time(key, item) && asks_for_never(test)
        }
    }
}

fn asks_for_never(test: &Test) -> bool {
    let (Test::Contains(patterns) | Test::Equals(patterns)) = test else { return false };
    patterns.iter().any(|pattern| match pattern.pieces() {
        [Piece::Text(text)] => fold_case(text.as_str()) == "never",
        _ => false,
    })
}

fn is_time(key: &Key, item: &Item) -> bool {
    match key {
        Key::Attribute { name, .. } => fold_case(name.as_str()) == "expirests",
        Key::Field(name) => match fold_case(name.as_str()).as_str() {
            "last_seen" => true,
            "expirests" => item.falls_through,
            _ => false,
        },
        Key::Count(_) | Key::Name => false,
    }
}

/// A folded text, and the same without the backslashes that escape, if what is asked for may be escaped.
fn forms(folded: &str, asked: &str) -> Vec<String> {
    let mut forms = vec![folded.to_owned()];
    if folded.contains('\\') && asked.contains(|c| ",+\"\\<>;=#".contains(c)) {
        let mut plain = String::new();
        let mut rest = folded;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            let next = rest.chars().next();
            match next.filter(|next| c == '\\' && (next.is_ascii_punctuation() || *next == ' ')) {
                Some(next) => {
                    plain.push(next);
                    rest = &rest[next.len_utf8()..];
                }
                None => plain.push(c),
            }
        }
        forms.push(plain);
    }
    forms
}

fn values(key: &Key, item: &Item) -> Vec<Owned> {
    let field = |name: &str| {
        item.fields.iter().filter(|(field, _)| *field == name).map(|(_, v)| v.clone()).collect()
    };
    match key {
        Key::Attribute { source, name } => {
            let (source, name) = (fold_case(source.as_str()), fold_case(name.as_str()));
            let named = item.attributes.iter().filter(|(s, n, _)| *s == source && *n == name);
            named.map(|(_, _, value)| value.clone()).collect()
        }
        Key::Count(key) => vec![Owned::Number(values(key, item).len() as i64)],
        Key::Field(name) => field(&fold_case(name.as_str())),
        Key::Name => field("name"),
    }
}

fn passes(value: &Owned, test: &Test) -> bool {
    if let Owned::Name(unicode, ascii) = value {
        return [unicode, ascii].iter().any(|form| passes(&Owned::Text((*form).clone()), test));
    }
    match test {
        Test::Compare(comparison, bound) => compares(value, *comparison, bound.measure()),
        Test::Contains(patterns) => patterns.iter().any(|pattern| {
            let ([Piece::Text(_)] | []) = pattern.pieces() else {
                return passes(value, &Test::Equals(vec![pattern.clone()]));
            };
            let text = pattern.literal().unwrap().text().folded();
            match value {
                Owned::Text(value) => {
                    let values = forms(&fold_case(value), text);
                    let asked = forms(text, text);
                    values[0].contains(text)
                        || values[1..].iter().any(|v| asked.iter().any(|a| v.contains(a)))
                }
                Owned::Word(value) => fold_case(value) == text,
                Owned::Address(address) => match network(text) {
                    None => address.to_canonical().to_string().contains(text),
                    Some(network) => network.contains(&value.address_bits()),
                },
                _ => is(value, text),
            }
        }),
        Test::Equals(patterns) => patterns.iter().any(|pattern| {
            let wild = pattern.pieces().iter().any(|piece| !matches!(piece, Piece::Text(_)));
            let text: String = pattern
                .pieces()
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.as_str(),
                    _ => "",
                })
                .collect();
            let folded = fold_case(&text);
            match value {
                Owned::Text(v) | Owned::Word(v) => {
                    let v = fold_case(v);
                    let asked = fold_case(&text);
                    let is_text = matches!(value, Owned::Text(_));
                    let plain = if is_text { forms(&v, &asked) } else { vec![v.clone()] };
                    let unescaped: Vec<Piece> = pattern
                        .pieces()
                        .iter()
                        .map(|piece| match piece {
                            Piece::Text(text) => Piece::Text(crate::query::text::Text::new(
                                forms(&fold_case(text.as_str()), "=").pop().unwrap_or_default(),
                            )),
                            piece => piece.clone(),
                        })
                        .collect();
                    fits(pattern.pieces(), &v)
                        || plain[1..]
                            .iter()
                            .any(|v| fits(pattern.pieces(), v) || fits(&unescaped, v))
                        || (!wild && folded == "t" && v == "true")
                        || (!wild && folded == "f" && v == "false")
                }
                Owned::Address(address) if wild => {
                    fits(pattern.pieces(), &address.to_canonical().to_string())
                }
                Owned::Address(_) => {
                    network(&folded).is_some_and(|network| network.contains(&value.address_bits()))
                }
                _ => !wild && is(value, &folded),
            }
        }),
    }
}

/// Whether a value that is neither text nor address is what a folded text says.
fn is(value: &Owned, text: &str) -> bool {
    match value {
        Owned::Boolean(true) => ["t", "true"].contains(&text),
        Owned::Boolean(false) => ["f", "false"].contains(&text),
        Owned::Number(number) => text.len() < 19 && text.parse() == Ok(*number),
        Owned::Time(time) => match text {
            "2026-02-26" => (NOW - 3 * 86_400_000_000..NOW - 2 * 86_400_000_000).contains(time),
            "2026-03-01t00:00:00z" => (NOW..NOW + 1_000_000).contains(time),
            _ => false,
        },
        _ => false,
    }
}

fn compares(value: &Owned, comparison: Comparison, measure: Measure) -> bool {
    // The value's distance or position, and the bound's first and last.
    let (value, first, last) = match (value, measure) {
        (Owned::Number(number), Measure::Number(bound)) => (*number, bound, bound),
        (Owned::Text(text) | Owned::Word(text), Measure::Number(bound)) => {
            match fold_case(text).parse::<i64>() {
                Ok(number) if number.abs() < 1_000_000_000_000_000_000 => (number, bound, bound),
                _ => return false,
            }
        }
        (Owned::Time(time), Measure::Distance { micros }) => ((time - NOW).abs(), micros, micros),
        (Owned::Time(time), Measure::Moment { start, end }) => (*time, start, end - 1),
        (Owned::Time(time), Measure::Now { offset }) => (*time, NOW + offset, NOW + offset),
        _ => return false,
    };
    match comparison {
        Comparison::Greater => value > last,
        Comparison::GreaterOrEqual => value >= first,
        Comparison::Less => value < first,
        Comparison::LessOrEqual => value <= last,
    }
}

fn fits(pieces: &[Piece], folded: &str) -> bool {
    let Some((piece, rest)) = pieces.split_first() else { return folded.is_empty() };
    match piece {
        Piece::Any => folded
            .char_indices()
            .map(|(at, _)| at)
            .chain([folded.len()])
            .any(|at| fits(rest, &folded[at..])),
        Piece::One => folded.chars().next().is_some_and(|c| fits(rest, &folded[c.len_utf8()..])),
        Piece::Text(text) => {
            folded.strip_prefix(&fold_case(text.as_str())).is_some_and(|after| fits(rest, after))
        }
    }
}

/// The networks that the generator knows.
fn network(text: &str) -> Option<std::ops::RangeInclusive<(bool, u128)>> {
    let one = |bits| (false, bits)..=(false, bits);
    match text {
        "10.0.0.5" => Some(one(0x0a00_0005)),
        "10.0.0.0/8" => Some((false, 0x0a00_0000)..=(false, 0x0aff_ffff)),
        "fe80::5" => Some((true, 0xfe80 << 112 | 5)..=(true, 0xfe80 << 112 | 5)),
        "fe80::/10" => Some((true, 0xfe80 << 112)..=(true, (0xfec0 << 112) - 1)),
        "::/0" => Some((true, 0)..=(true, u128::MAX)),
        _ => None,
    }
}

impl Owned {
    fn address_bits(&self) -> (bool, u128) {
        match self {
            Self::Address(address) => match address.to_canonical() {
                std::net::IpAddr::V4(address) => (false, address.to_bits().into()),
                std::net::IpAddr::V6(address) => (true, address.to_bits()),
            },
            _ => panic!("{self:?}"),
        }
    }
}
