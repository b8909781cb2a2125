//! Random queries and things, for tests.

use proptest::prelude::*;
use proptest::sample::select;

use super::ast::{Bound, Expr, Key, Term, Test};
use super::literal::{Pattern, Piece};
use super::term::COUNT;
use super::tests::{Item, NOW, Owned};
use super::text::{Text, fold_case};
use super::time::Comparison;

const DAY: i64 = 86_400_000_000;

/// Any text, and more often what has a meaning in the language.
pub(super) fn any_text() -> BoxedStrategy<String> {
    prop_oneof![
        "[a-zA-Z0-9 \"\\\\%_*?,:()=<>@.äßÇ\t'-]{0,6}",
        "\\PC{0,4}",
        select(vec![
            "and", "OR", "Not", "has", "true", "10", "@a.b.c", "x_count", "now", "never", "a=b,c=d"
        ])
        .prop_map(str::to_owned),
    ]
    .boxed()
}

/// Texts that often find one another, in every way that values are read.
pub(super) fn likely_text() -> BoxedStrategy<String> {
    select(vec![
        "",
        "web",
        "WEB1",
        "web1.corp",
        "b1.C",
        "Ä",
        "äx",
        "ς",
        "Σ",
        "A\u{308}x",
        "\u{308}",
        "büro",
        "BU\u{308}RO-pc1",
        "xn--bro-pc1-n2a",
        "xn--",
        "Web®",
        "™",
        "\u{ad}",
        "ﬁ１",
        "straße",
        "STRASSE",
        "İ",
        "ı",
        "%",
        "_",
        "a%b",
        "a_b",
        "aXb",
        "\\",
        "a\0b",
        "\u{fffd}",
        "'",
        "true",
        "TRUE",
        "f",
        "false",
        "3",
        "-2",
        "03",
        "３",
        "31",
        "999999999999999999",
        "9999999999999999999",
        "2026-02-26",
        "2026-03-01T00:00:00Z",
        "10.0.0.5",
        "10.0.0.0/8",
        "10.0.",
        "fe80::5",
        "fe80::/10",
        "::/0",
        "ldap",
        "openldap",
        "never",
        "Never",
        "*",
        "a?b",
        "CN=O'Brien\\, Pat\\\\,DC=x",
        "CN=O'Brien, Pat\\,DC=x",
        "cn=o'brien, pat",
        "Brien\\, P",
        "n, P",
        "\\\\srv\\share",
        "\\srv",
        "＼，",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

/// Field names that are known to [`item`], and some that are not.
pub(super) fn likely_key() -> BoxedStrategy<String> {
    select(vec![
        "name",
        "os",
        "source",
        "address",
        "alive",
        "vlan",
        "last_seen",
        "overlap",
        "nothing",
        "badpwdcount",
        "expiresTS",
    ])
    .prop_map(str::to_owned)
    .boxed()
}

pub(super) fn attribute_key() -> impl Strategy<Value = (&'static str, &'static str)> {
    let source = select(vec!["@ldap.computer", "@ldap.user", "@x.y"]);
    (source, select(vec!["badpwdcount", "expirests", "na.me"]))
}

/// An expression with these texts as values and these as names of fields.
pub(super) fn expr(
    text: BoxedStrategy<String>,
    field: BoxedStrategy<String>,
) -> impl Strategy<Value = Expr> {
    let leaf = term(text, field).prop_map(Expr::Term);
    leaf.prop_recursive(4, 12, 3, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several().prop_map(Expr::And),
            several().prop_map(Expr::Or),
            inner.clone().prop_map(|inner| Expr::Not(Box::new(inner))),
        ]
    })
}

fn term(text: BoxedStrategy<String>, field: BoxedStrategy<String>) -> impl Strategy<Value = Term> {
    let field = field.prop_filter("no field has such a name", |name| {
        let folded = fold_case(name);
        !name.is_empty() && !name.starts_with('@') && !folded.ends_with(COUNT) && folded != "has"
    });
    let key = prop_oneof![
        3 => field.prop_map(|name| Key::Field(Text::new(name))),
        1 => attribute_key().prop_map(|(source, name)| Key::Attribute {
            source: Text::new(source),
            name: Text::new(name.to_uppercase()),
        }),
    ];
    let counted = key.clone().prop_map(|key| Key::Count(Box::new(key)));
    let any_key = prop_oneof![4 => key.clone(), 1 => counted];
    prop_oneof![
        1 => proptest::collection::vec(key, 1..3).prop_map(Term::Has),
        2 => matching(text.clone()).prop_map(|test| Term::Is(Key::Name, test)),
        4 => (any_key.clone(), matching(text)).prop_map(|(key, test)| Term::Is(key, test)),
        3 => (any_key, comparing()).prop_map(|(key, test)| Term::Is(key, test)),
    ]
}

fn matching(text: BoxedStrategy<String>) -> impl Strategy<Value = Test> {
    let piece = prop_oneof![
        2 => text.clone().prop_map(|text| Piece::Text(Text::new(text))),
        1 => Just(Piece::Any),
        1 => Just(Piece::One),
    ];
    let pattern = proptest::collection::vec(piece, 1..4).prop_map(Pattern::new);
    let literal = text.prop_map(|text| Pattern::new([Piece::Text(Text::new(text))]));
    let like = prop_oneof![3 => literal, 1 => pattern.clone()];
    prop_oneof![
        proptest::collection::vec(like, 1..4).prop_map(Test::Contains),
        proptest::collection::vec(pattern, 1..3).prop_map(Test::Equals),
    ]
}

fn comparing() -> impl Strategy<Value = Test> {
    let comparison = select(vec![
        Comparison::Greater,
        Comparison::GreaterOrEqual,
        Comparison::Less,
        Comparison::LessOrEqual,
    ]);
    let bound = select(vec![
        "0",
        "1",
        "2",
        "3",
        "-2",
        "999999999999999999",
        "now",
        "now-3days",
        "NOW+20days",
        "0days",
        "3days",
        "20 days",
        "2weeks",
        "2026-02-26",
        "2026-03-01T00:00:00Z",
        "2026-03-01 00:00:00.000001",
    ]);
    (comparison, bound).prop_filter_map("a bound", |(comparison, bound)| {
        Some(Test::Compare(comparison, Bound::read(bound.to_owned()).ok()?))
    })
}

/// A name in both forms, if it has two.
fn named(name: String) -> Owned {
    match idna::domain_to_ascii(&name) {
        Ok(ascii) if ascii.starts_with("xn--") && ascii != name => Owned::Name(name, ascii),
        _ => Owned::Text(name),
    }
}

/// A thing with some values in every field.
pub(super) fn item() -> impl Strategy<Value = Item> {
    let texts = |most| proptest::collection::vec(likely_text(), 0..=most);
    let time = select(vec![-20, -3, 0, 3, 20]).prop_map(|days| NOW + days * DAY);
    let address =
        select(vec!["10.0.0.5", "10.0.0.50", "::ffff:10.9.9.9", "fe80::5", "::1", "192.0.2.1"]);
    let value =
        prop_oneof![likely_text().prop_map(Owned::Text), time.clone().prop_map(Owned::Time),];
    let attributes = proptest::collection::vec((attribute_key(), value), 0..4);
    let number = proptest::option::of(select(vec![-2, 0, 3, 31]));
    (
        (texts(3), texts(1), texts(2)),
        proptest::collection::vec(address, 0..2),
        (proptest::option::of(any::<bool>()), any::<bool>()),
        number,
        proptest::option::of(time),
        attributes,
    )
        .prop_map(
            |((names, os, sources), addresses, (alive, overlap), vlan, seen, attributes)| {
                let mut item = Item::default();
                let mut add = |name, value| item.fields.push((name, value));
                names.into_iter().for_each(|name| add("name", named(name)));
                os.into_iter().for_each(|os| add("os", Owned::Text(os)));
                sources.into_iter().for_each(|source| add("source", Owned::Word(source)));
                for address in addresses {
                    add("address", Owned::Address(address.parse().unwrap()));
                }
                alive.into_iter().for_each(|alive| add("alive", Owned::Boolean(alive)));
                add("overlap", Owned::Boolean(overlap));
                vlan.into_iter().for_each(|vlan| add("vlan", Owned::Number(vlan)));
                seen.into_iter().for_each(|seen| add("last_seen", Owned::Time(seen)));
                item.attributes = attributes
                    .into_iter()
                    .map(|((source, name), value)| (source, name, value))
                    .collect();
                item
            },
        )
}
