//! The values of a query, and what each can be read as.

use std::net::IpAddr;

use super::form::{Element, Form};
use super::text::{Text, contains, equals, folded, may_be_escaped, number, unescaped};
use super::time::moment;

/// A value of a query. What it means depends on the field: `10.0.0.5` is an address to a field of
/// addresses, and some characters to a field of text. So everything that it can be read as is kept.
#[derive(Clone, Debug)]
pub(crate) struct Literal {
    text: Text,
    pub(crate) number: Option<i64>,
    pub(crate) boolean: Option<bool>,
    pub(crate) network: Option<Network>,
    pub(crate) moment: Option<(i64, i64)>,
    /// Its folded text without escapes, if it may be a part of a DN.
    pub(crate) unescaped: Option<String>,
}

/// A value with its wildcards.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    pieces: Vec<Piece>,
    form: Form,
    /// The same without escapes, if it may be the form of a DN.
    unescaped: Option<Form>,
    literal: Option<Literal>,
}

/// A piece of a [`Pattern`].
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub(crate) enum Piece {
    /// `*`, and after `=` also `%`: any number of characters, also none.
    Any,
    /// `?`, and after `=` also `_`: exactly one character.
    One,
    /// These characters.
    Text(Text),
}

/// The addresses that agree with `address` in their first `prefix` bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Network {
    address: IpAddr,
    prefix: u32,
}

/// How many bits mapped addresses have in common (RFC 4291, section 2.5.5.2).
const MAPPED: u32 = 96;

impl Literal {
    /// Whether a text contains it; a DN, with and without its escapes.
    pub(crate) fn is_within(&self, text: &str) -> bool {
        let own = self.text.folded();
        let plain = |literal: &String| {
            escaped(text).is_some_and(|text| text.contains(own) || text.contains(literal))
        };
        contains(text, own) || self.unescaped.as_ref().is_some_and(plain)
    }

    /// Whether it is all of a text; of a DN, with and without its escapes.
    pub(crate) fn is_all_of(&self, text: &str) -> bool {
        let own = self.text.folded();
        let plain =
            |literal: &String| escaped(text).is_some_and(|text| text == own || text == *literal);
        equals(text, own) || self.unescaped.as_ref().is_some_and(plain)
    }

    pub(crate) fn new(written: impl Into<String>) -> Self {
        let text = Text::new(written);
        let may_be_escaped = may_be_escaped(text.folded());
        Self {
            unescaped: may_be_escaped.then(|| unescaped(text.folded())),
            number: number(text.folded()),
            boolean: boolean(text.folded()),
            network: Network::read(text.folded()),
            moment: moment(text.folded()),
            text,
        }
    }

    /// The value's text, without quotes and escapes.
    pub(crate) fn text(&self) -> &Text {
        &self.text
    }
}

impl Eq for Literal {}

impl PartialEq for Literal {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Pattern {
    /// A pattern of these pieces. Neighbouring `*` are one, and neighbouring texts too.
    pub(crate) fn new(pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for piece in pieces {
            match (joined.last_mut(), piece) {
                (Some(Piece::Any), Piece::Any) => {}
                (Some(Piece::Text(before)), Piece::Text(text)) => {
                    *before = Text::new(format!("{}{}", before.as_str(), text.as_str()));
                }
                (_, Piece::Text(text)) if text.as_str().is_empty() => {}
                (_, piece) => joined.push(piece),
            }
        }
        let literal = match joined.as_slice() {
            [] => Some(Literal::new("")),
            [Piece::Text(text)] => Some(Literal::new(text.as_str())),
            _ => None,
        };
        let elements = |form: fn(&str) -> String| {
            joined.iter().flat_map(move |piece| piece.elements(form)).collect()
        };
        let is_escaped =
            |piece: &Piece| matches!(piece, Piece::Text(text) if may_be_escaped(text.folded()));
        let unescaped = joined.iter().any(is_escaped).then(|| Form::new(elements(unescaped)));
        let form = Form::new(elements(str::to_owned));
        Self { form, unescaped, pieces: joined, literal }
    }

    /// The pieces, in order: never two texts or two `*` beside each other, and no empty text.
    pub(crate) fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// The value, if it has no wildcards.
    pub(crate) fn literal(&self) -> Option<&Literal> {
        self.literal.as_ref()
    }

    pub(crate) fn elements(&self) -> &[Element] {
        self.form.elements()
    }

    /// Whether it may be the form of a DN, so that escapes make no difference.
    pub(crate) fn may_be_escaped(&self) -> bool {
        self.unescaped.is_some()
    }

    /// Whether the fold of `text` is of this form as it stands.
    pub(crate) fn matches_whole(&self, text: &str) -> bool {
        self.form.fits(&folded(text))
    }

    /// Whether the fold of `text` is of this form; as a DN, without escapes too.
    pub(crate) fn matches(&self, text: &str) -> bool {
        let plain =
            |own: &Form| escaped(text).is_some_and(|text| self.form.fits(&text) || own.fits(&text));
        self.matches_whole(text) || self.unescaped.as_ref().is_some_and(plain)
    }
}

/// The fold of a text without its escapes, if it may have any.
fn escaped(text: &str) -> Option<String> {
    let folded = folded(text);
    folded.contains('\\').then(|| unescaped(&folded))
}

impl Eq for Pattern {}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.pieces == other.pieces
    }
}

impl Piece {
    fn elements(&self, form: fn(&str) -> String) -> Vec<Element> {
        match self {
            Self::Any => vec![Element::Any],
            Self::One => vec![Element::One],
            Self::Text(text) => form(text.folded()).chars().map(Element::Char).collect(),
        }
    }
}

impl Network {
    /// Reads an address (`10.0.0.5`, `fe80::1`) or a network (`10.0.0.0/8`).
    fn read(text: &str) -> Option<Self> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix: u32 = match prefix {
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().ok()?
            }
            Some(_) => return None,
            None => longest,
        };
        // A network of addresses that are mapped to IPv6 is one of IPv4, as the addresses are.
        let ipv4 = match (address.to_canonical(), prefix.checked_sub(MAPPED)) {
            (mapped @ IpAddr::V4(_), Some(prefix)) if address.is_ipv6() => Some((mapped, prefix)),
            _ => None,
        };
        let is_one = prefix <= longest;
        let (address, prefix) = ipv4.unwrap_or((address, prefix));
        is_one.then_some(Self { address, prefix })
    }

    pub(crate) fn contains(self, address: IpAddr) -> bool {
        let (first, last) = self.keys();
        (first..=last).contains(&address_key(address))
    }

    /// The keys of the network's first and last address.
    pub(crate) fn keys(self) -> (String, String) {
        let key = |bits: u128, ipv4: bool| {
            if ipv4 { format!("4{bits:08x}") } else { format!("6{bits:032x}") }
        };
        match self.address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(self.prefix).unwrap_or(0);
                let bits = address.to_bits();
                (key((bits & !host).into(), true), key((bits | host).into(), true))
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(self.prefix).unwrap_or(0);
                let bits = address.to_bits();
                (key(bits & !host, false), key(bits | host, false))
            }
        }
    }
}

/// See [`Column::address_key`](super::sql::Column::address_key).
pub(crate) fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => format!("4{:08x}", address.to_bits()),
        IpAddr::V6(address) => format!("6{:032x}", address.to_bits()),
    }
}

fn boolean(folded: &str) -> Option<bool> {
    match folded {
        "t" | "true" => Some(true),
        "f" | "false" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query::text::fold_case;

    fn pattern(text: &str) -> Pattern {
        Pattern::new(text.chars().map(|c| match c {
            '%' => Piece::Any,
            '_' => Piece::One,
            c => Piece::Text(Text::new(c)),
        }))
    }

    fn naive(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('%', rest)) => (0..=text.len()).any(|n| naive(rest, &text[n..])),
            Some((c, rest)) => {
                text.first().is_some_and(|t| c == t || *c == '_') && naive(rest, &text[1..])
            }
        }
    }

    #[test]
    fn wildcards_match_as_documented() {
        assert!(pattern("Window_").matches("windows"));
        assert!(!pattern("Window_").matches("Windows 10"));
        assert!(pattern("window%").matches("Windows 10"));
        assert!(pattern("%10").matches("Windows 10"));
        assert!(pattern("%").matches(""));
        assert!(!pattern("_").matches(""));
        assert!(pattern("_rger").matches("Ärger"));
    }

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |network: &str, address: &str| {
            Network::read(network).unwrap().contains(address.parse().unwrap())
        };
        assert!(holds("10.0.0.0/8", "10.255.255.255") && !holds("10.0.0.0/8", "11.0.0.0"));
        assert!(holds("10.9.9.9/8", "10.0.0.1"));
        assert!(holds("0.0.0.0/0", "255.0.0.1") && !holds("0.0.0.0/0", "::1"));
        assert!(holds("::/0", "fe80::1") && !holds("::/0", "10.0.0.1"));
        assert!(holds("fe80::/10", "fe80::1") && !holds("fe80::/10", "ff00::1"));
        assert!(holds("::ffff:10.0.0.1", "10.0.0.1") && holds("10.0.0.1", "::ffff:10.0.0.1"));
        assert!(
            holds("::ffff:10.9.9.0/120", "10.9.9.9") && !holds("::ffff:10.9.9.0/120", "10.9.8.9")
        );
        assert!(holds("::ffff:0:0/96", "10.9.9.9") && !holds("::ffff:0:0/96", "::1"));
        assert!(holds("::ffff:10.9.9.9/128", "::ffff:10.9.9.9"));
        assert!(!holds("::ffff:0:0/95", "10.9.9.9"));
        for wrong in [
            "10.0.0.0/33",
            "::ffff:10.0.0.0/129",
            "::/129",
            "10.0.0.0/",
            "10.0.0/8",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
        ] {
            assert_eq!(Network::read(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn patterns_match_as_the_naive_definition(form in "[aAbä%_]{0,7}", text in "[aAbBäÄ]{0,7}") {
            let chars = |text: &str| fold_case(text).chars().collect::<Vec<_>>();
            prop_assert_eq!(pattern(&form).matches(&text), naive(&chars(&form), &chars(&text)));
        }
    }
}
