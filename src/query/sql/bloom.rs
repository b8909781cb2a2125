//! Signatures: which things may have an attribute that passes a test, told without reading them.
//!
//! Superimposed coding: what an attribute says is hashed, in pieces, to bits of one short string of bits. A
//! thing that passes a test has all the bits of the test. The reverse does not hold, so that the evaluator has
//! the last word; but it has few to look at.

use crate::query::ast::{Key, Test};
use crate::query::evaluate::{Value, boolean_text};
use crate::query::field::is_time_attribute;
use crate::query::literal::{Literal, Pattern, Piece};
use crate::query::text::{Text, folded, is_escapable, may_be_escaped};

/// The bytes of a signature. A computer of a domain says three to four hundred different things, which
/// fill a quarter of so many bits.
const BLOOM_BYTES: usize = 256;

const BITS: u64 = BLOOM_BYTES as u64 * 8;

/// The characters of a short value. The pieces of short ones are told apart by attribute, since `true` says
/// nothing without; longer ones repeat each other (a computer has its name in ten of them), and their pieces
/// are counted once.
const SHORT: usize = 12;

/// The characters of a piece.
const PIECE: usize = 3;

/// What the attributes of one thing say, or what a test wants of them, in 256 bytes. Stores keep
/// it beside a record, see [`ColumnMap::with_signatures`](super::ColumnMap::with_signatures).
///
/// ```
/// use ldap_inventory::query::Value;
/// use ldap_inventory::query::sql::AttributeBloom;
///
/// let mut web1 = AttributeBloom::new();
/// web1.add("@ldap.computer", "dnshostname", Value::Text("WEB1.corp.example"));
/// assert_eq!(web1.as_bytes().len(), 256);
/// assert!(AttributeBloom::covers(web1.as_bytes(), AttributeBloom::new().as_bytes()));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AttributeBloom(Box<[u8; BLOOM_BYTES]>);

/// Something that a signature tells.
#[derive(Clone, Copy)]
enum Said<'a> {
    /// The attribute has a value.
    Present(Attribute),
    /// The attribute has a text that is not short.
    Long(Attribute),
    /// The attribute has this text.
    Whole(Attribute, &'a [char]),
    /// The attribute has a short text with this piece.
    ShortPiece(Attribute, &'a [char]),
    /// Some attribute has a text with this piece that is not short.
    LongPiece(&'a [char]),
}

/// A hash of the folded key of a source and the folded name of an attribute.
#[derive(Clone, Copy)]
struct Attribute(u64);

impl Default for AttributeBloom {
    fn default() -> Self {
        Self::new()
    }
}

impl AttributeBloom {
    /// The signature of what has no attributes.
    pub fn new() -> Self {
        Self(Box::new([0; BLOOM_BYTES]))
    }

    /// Adds a value of an attribute, by its source's folded key and its folded name.
    pub fn add(&mut self, source: &str, name: &str, value: Value<'_>) {
        let attribute = Attribute::new(source, name);
        self.say(Said::Present(attribute));
        if let Value::Text(text) = value {
            let text: Vec<char> = folded(text).chars().collect();
            self.say(Said::Whole(attribute, &text));
            self.say_part(attribute, &text, text.len() > SHORT);
        }
    }

    /// The bits, for a store to keep.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// Whether a kept signature has every bit of a wanted one: the function that a store's SQL calls. What is no
    /// signature rules nothing out.
    pub fn covers(kept: &[u8], wanted: &[u8]) -> bool {
        if kept.len() != BLOOM_BYTES || wanted.len() != BLOOM_BYTES {
            return true;
        }
        // By words, since this is asked about every record.
        let mut words = kept.as_chunks().0.iter().zip(wanted.as_chunks().0);
        words.all(|(kept, wanted)| {
            let (kept, wanted) = (u64::from_ne_bytes(*kept), u64::from_ne_bytes(*wanted));
            kept & wanted == wanted
        })
    }

    /// What a text, or a part of one, says.
    fn say_part(&mut self, attribute: Attribute, text: &[char], is_long: bool) {
        if is_long {
            self.say(Said::Long(attribute));
        }
        for piece in text.windows(PIECE) {
            self.say(if is_long {
                Said::LongPiece(piece)
            } else {
                Said::ShortPiece(attribute, piece)
            });
        }
    }

    #[inline]
    fn say(&mut self, said: Said<'_>) {
        let (hash, bits) = said.hash();
        for n in 0..bits {
            let bit = hash.rotate_right(11 * n) % BITS;
            if let Some(byte) = usize::try_from(bit / 8).ok().and_then(|at| self.0.get_mut(at)) {
                *byte |= 1 << (bit % 8);
            }
        }
    }

    fn of_presence(attribute: Attribute) -> Self {
        let mut wanted = Self::new();
        wanted.say(Said::Present(attribute));
        wanted
    }

    /// What a text has that contains all of these parts.
    fn of_parts(attribute: Attribute, parts: &[Vec<char>]) -> Vec<Self> {
        let shortest: usize = parts.iter().map(Vec::len).sum();
        [false, true]
            .into_iter()
            .filter(|is_long| *is_long || shortest <= SHORT)
            .map(|is_long| {
                let mut wanted = Self::of_presence(attribute);
                parts.iter().for_each(|part| wanted.say_part(attribute, part, is_long));
                wanted
            })
            .collect()
    }

    fn of_whole(attribute: Attribute, folded: &str) -> Self {
        let text: Vec<char> = folded.chars().collect();
        let mut wanted = Self::of_presence(attribute);
        wanted.say(Said::Whole(attribute, &text));
        wanted.say_part(attribute, &text, text.len() > SHORT);
        wanted
    }
}

impl Attribute {
    fn new(source: &str, name: &str) -> Self {
        Self(fnv(source.bytes().chain([0]).chain(name.bytes())))
    }
}

impl Said<'_> {
    /// A hash, and how many bits it sets. What is wanted alone sets more than what is wanted with others.
    /// Signatures are kept, so none of this ever changes.
    #[inline]
    fn hash(self) -> (u64, u32) {
        let (tag, bits, Attribute(attribute), said) = match self {
            Self::Present(attribute) => (0, 2, attribute, 0),
            Self::Long(attribute) => (1, 3, attribute, 0),
            Self::Whole(attribute, text) => (2, 3, attribute, fnv_of_text(text)),
            Self::ShortPiece(attribute, piece) => (3, 3, attribute, packed(piece)),
            Self::LongPiece(piece) => (4, 1, Attribute(0), packed(piece)),
        };
        (mix(mix(attribute ^ tag) ^ said), bits)
    }
}

/// A piece as one number: a character has 21 bits.
fn packed(piece: &[char]) -> u64 {
    piece.iter().fold(0, |packed, c| packed << 21 | u64::from(*c))
}

/// Where FNV-1a begins, and its prime.
const FNV: (u64, u64) = (0xcbf2_9ce4_8422_2325, 0x0100_0000_01b3);

/// FNV-1a.
fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(FNV.0, next_of_fnv)
}

fn next_of_fnv(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(FNV.1)
}

/// FNV-1a of characters, four octets each, little-endian. The three zeros of most of them are one multiplication.
fn fnv_of_text(text: &[char]) -> u64 {
    const FOUR: u64 = FNV.1.wrapping_pow(4);
    text.iter().fold(FNV.0, |hash, c| match u8::try_from(*c) {
        Ok(byte) => (hash ^ u64::from(byte)).wrapping_mul(FOUR),
        Err(_) => u32::from(*c).to_le_bytes().into_iter().fold(hash, next_of_fnv),
    })
}

/// Makes every bit depend on all others (the last steps of SplitMix64).
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// What a thing has of which an attribute passes `test`: one of these. `None` if that cannot be said.
pub(crate) fn wanted(key: &Key, test: Option<&Test>) -> Option<Vec<AttributeBloom>> {
    let Key::Attribute { source, name } = key else { return None };
    // What has no time has no signature either.
    if test.is_some_and(Test::asks_for_never) && is_time_attribute(name.folded()) {
        return None;
    }
    let attribute = Attribute::new(source.folded(), name.folded());
    Some(match test {
        None | Some(Test::Compare(..)) => vec![AttributeBloom::of_presence(attribute)],
        Some(Test::Contains(patterns)) => {
            let of = |pattern: &Pattern| match pattern.literal() {
                Some(literal) => of_contained(attribute, literal),
                None => of_pattern(attribute, pattern),
            };
            patterns.iter().flat_map(of).collect()
        }
        Some(Test::Equals(patterns)) => {
            patterns.iter().flat_map(|pattern| of_pattern(attribute, pattern)).collect()
        }
    })
}

fn of_contained(attribute: Attribute, literal: &Literal) -> Vec<AttributeBloom> {
    if literal.moment.is_some() {
        return vec![AttributeBloom::of_presence(attribute)];
    }
    AttributeBloom::of_parts(attribute, &parts(literal.text()))
}

/// What stands in every text that contains this one, in the same characters. Of what may be a DN, what stands between
/// its escapes.
fn parts(text: &Text) -> Vec<Vec<char>> {
    let all = |part: &str| part.chars().collect();
    match may_be_escaped(text.folded()) {
        true => text.folded().split(is_escapable).map(all).collect(),
        false => vec![all(text.folded())],
    }
}

fn of_pattern(attribute: Attribute, pattern: &Pattern) -> Vec<AttributeBloom> {
    let Some(literal) = pattern.literal() else {
        let found = pattern.pieces().iter().filter_map(|piece| match piece {
            Piece::Text(text) => Some(parts(text)),
            Piece::Any | Piece::One => None,
        });
        return AttributeBloom::of_parts(attribute, &found.flatten().collect::<Vec<_>>());
    };
    if pattern.may_be_escaped() {
        return of_contained(attribute, literal);
    }
    if literal.moment.is_some() {
        return vec![AttributeBloom::of_presence(attribute)];
    }
    let boolean =
        literal.boolean.map(|boolean| AttributeBloom::of_whole(attribute, boolean_text(boolean)));
    boolean
        .into_iter()
        .chain([AttributeBloom::of_whole(attribute, literal.text().folded())])
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::query::ast::{Expr, Term};
    use crate::query::{Fields, Query, Visit};

    /// A thing with some values of one attribute.
    struct Thing(Vec<String>);

    impl Fields for Thing {
        fn field(&self, _: &str, _: Visit<'_>) -> std::ops::ControlFlow<()> {
            std::ops::ControlFlow::Continue(())
        }

        fn attribute(
            &self,
            source: &str,
            name: &str,
            visit: Visit<'_>,
        ) -> std::ops::ControlFlow<()> {
            let own = (source, name) == ("@ldap.computer", "cn");
            self.0.iter().filter(|_| own).try_for_each(|text| visit(value(text)))
        }
    }

    fn value(text: &str) -> Value<'_> {
        match text {
            "2026-01-31T00:00:00Z" => Value::Time(1_769_817_600_000_000),
            text => Value::Text(text),
        }
    }

    fn signature(thing: &Thing) -> AttributeBloom {
        let mut signature = AttributeBloom::new();
        thing.0.iter().for_each(|text| signature.add("@ldap.computer", "cn", value(text)));
        signature
    }

    fn may_pass(query: &Query, thing: &Thing) -> bool {
        let wanted = match query.expr() {
            Expr::Term(Term::Is(key, test)) => wanted(key, Some(test)),
            Expr::Term(Term::Has(keys)) => wanted(&keys[0], None),
            other => panic!("{other:?}"),
        };
        let kept = signature(thing);
        let covers =
            |wanted: &AttributeBloom| AttributeBloom::covers(kept.as_bytes(), wanted.as_bytes());
        wanted.is_none_or(|alternatives| alternatives.iter().any(covers))
    }

    #[test]
    fn a_text_has_the_hash_of_its_octets() {
        for text in ["", "web1", "Bücher", "ÿ", "Ā", "設備-1 📠"] {
            let text: Vec<char> = text.chars().collect();
            let octets = text.iter().flat_map(|c| u32::from(*c).to_le_bytes());
            assert_eq!(fnv_of_text(&text), fnv(octets));
        }
    }

    #[test]
    fn what_is_not_there_is_mostly_told_apart() {
        let thing = Thing(vec!["web1.corp.example".into(), "false".into(), "4".into()]);
        for (test, expected) in [
            (":=\"web1.corp.example\"", true),
            (":=\"web2.corp.example\"", false),
            (":corp.exa", true),
            (":corp.net", false),
            (":=\"web1%example\"", true),
            (":=\"%web2%\"", false),
            (":f", true),
            (":=f", true),
            (":true", false),
            (":=t", false),
            (":>3", true),
            (":4", true),
        ] {
            let query = Query::parse(&format!("@ldap.computer.cn{test}")).unwrap();
            assert_eq!(may_pass(&query, &thing), expected, "{test}");
        }
        let other = Query::parse("has:@ldap.computer.description").unwrap();
        assert!(!may_pass(&other, &thing));
        let whole = signature(&thing);
        assert!(!AttributeBloom::covers(AttributeBloom::new().as_bytes(), whole.as_bytes()));
        assert!(AttributeBloom::covers(&[], whole.as_bytes()), "what is damaged rules nothing out");
    }

    proptest! {
        #[test]
        fn whatever_passes_is_covered(
            values in prop::collection::vec("[aAbBäÄςß\u{308}®ﬁ%._\u{0}]{0,16}|true|false|2026-01-31T00:00:00Z", 0..4),
            tests in prop::collection::vec(
                "(=)?[abäσß\u{308}®ﬁ%_.]{1,7}(,[ab]{1,14})?|=?(t|f|true|2026-01-31)|[<>](3|2026-02-01)", 16,
            ),
        ) {
            let thing = Thing(values);
            for test in tests {
                let Ok(query) = Query::parse(&format!("@LDAP.computer.CN:{test}")) else { continue };
                if query.matches(&thing, 0) {
                    prop_assert!(may_pass(&query, &thing), "{} {:?}", test, thing.0);
                }
            }
        }
    }
}
