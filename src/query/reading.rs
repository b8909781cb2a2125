//! Why a query finds nothing: how it was read, what each of its conditions finds alone, and what is near.

use std::fmt;

use super::ast::{Expr, Key, Term, Test};
use super::evaluate::{Fields, Value};
use super::field::{Field, FieldKind};
use super::literal::{Literal, Piece};
use super::near::{Near, nearness};
use super::print::quote;
use super::text::Text;
use super::{Query, fold_case};

/// How a query was read, and what in it finds nothing: the answer where there is no other.
///
/// It looks at the records that the query was put to, counts what each condition finds by itself, and collects what is
/// near to one that finds nothing: attributes that exist, values that begin alike or differ in a letter. Displays as
/// lines for people.
///
/// ```
/// # use std::ops::ControlFlow;
/// # use ldap_inventory::query::{Fields, Value};
/// # type Visit<'a> = &'a mut dyn FnMut(Value<'_>) -> ControlFlow<()>;
/// # struct Machine(&'static str);
/// # impl Fields for Machine {
/// #     fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
/// #         if name == "os" { visit(Value::Text(self.0)) } else { ControlFlow::Continue(()) }
/// #     }
/// #     fn attribute(&self, _: &str, _: &str, _: Visit<'_>) -> ControlFlow<()> {
/// #         ControlFlow::Continue(())
/// #     }
/// # }
/// use ldap_inventory::asset::Asset;
/// use ldap_inventory::query::{Query, Reading};
///
/// let query = Query::parse_known("os:windws", Asset::FIELDS)?;
/// let mut reading = Reading::new(&query, Asset::FIELDS, 0);
/// for machine in [Machine("Windows 11"), Machine("Linux")] {
///     reading.look_at(&machine);
/// }
/// let conditions: Vec<_> = reading.conditions().collect();
/// assert_eq!(conditions, [("os:windws", 0, vec!["os:windows".to_owned()])]);
/// assert_eq!(reading.to_string(), "Read as: os:windws\n  os:windws finds nothing; near is os:windows");
/// # Ok::<(), ldap_inventory::query::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Reading {
    query: String,
    fields: Vec<Field>,
    now: i64,
    conditions: Vec<Condition>,
}

/// One condition of a query, by itself.
#[derive(Clone, Debug)]
struct Condition {
    /// How it was read: the condition as it prints.
    text: String,
    /// Whether it is a word without a field, which is looked for in names.
    is_word: bool,
    /// How many records it finds by itself.
    found: u64,
    term: Term,
    candidates: Near,
}

/// The most that is suggested instead of one condition.
const MOST: usize = 5;

impl Reading {
    /// The reading of a query over such fields that has not looked at a record yet; `now` is what the query is relative
    /// to, in microseconds since 1970-01-01T00:00:00Z.
    pub fn new(query: &Query, fields: &[Field], now: i64) -> Self {
        let mut terms = Vec::new();
        collect(query.expr(), &mut terms);
        terms.retain(|term| !is_nested(term, fields));
        let conditions = terms.iter().map(|term| Condition::new(term, fields)).collect();
        let fields = fields.to_vec();
        let mut reading = Self { query: query.to_string(), fields, now, conditions };
        reading.join_words(query.expr());
        reading
    }

    /// Looks at one record of those that the query was put to.
    pub fn look_at(&mut self, record: &(impl Fields + ?Sized)) {
        let are_bare = Field::leaves_attributes(&self.fields);
        for condition in &mut self.conditions {
            condition.look_at(record, self.now, are_bare);
        }
    }

    /// The query as it was read.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Its conditions, each once, in the order of the query: how it was read, how many records it finds by itself, and, if
    /// it finds none, conditions that find something, to take instead; the nearest first. Without those on
    /// [nested](Field::nested) membership, of which no record tells by itself.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, u64, Vec<String>)> {
        self.conditions.iter().map(|one| (one.text.as_str(), one.found, self.near(one)))
    }

    /// What to take instead of a condition, the nearest first, as far as it is a query over these fields. Nothing if it
    /// finds something itself.
    fn near(&self, condition: &Condition) -> Vec<String> {
        if condition.found > 0 {
            return Vec::new();
        }
        let mut near = condition.candidates.nearest();
        near.retain(|query| Query::parse_known(query, &self.fields).is_ok());
        near.truncate(MOST);
        near
    }

    /// A field with one word, and words behind it: perhaps one text, whose quotation marks the shell took away.
    fn join_words(&mut self, expr: &Expr) {
        let parts = match expr {
            Expr::And(parts) => parts.as_slice(),
            _ => &[],
        };
        for (n, part) in parts.iter().enumerate() {
            let Expr::Term(Term::Is(key @ (Key::Field(_) | Key::Attribute { .. }), test)) = part
            else {
                continue;
            };
            let behind = parts.get(n + 1..).unwrap_or_default();
            let words: Vec<&str> = behind.iter().map_while(word).collect();
            let (Some(first), Some(word)) = (only_text(test), words.first()) else { continue };
            let whole = [&[first], words.as_slice()].concat().join(" ");
            let condition = self.conditions.iter_mut().find(|c| c.is_word && c.text == quote(word));
            let suggestion = format!("{key}:{}", quote(&whole));
            condition.into_iter().for_each(|c| c.candidates.certain.push(suggestion.clone()));
        }
    }
}

impl Condition {
    fn new(term: &Term, fields: &[Field]) -> Self {
        let is_word = matches!(term, Term::Is(Key::Name, _));
        let mut candidates = Near::default();
        let meant = word_text(term).and_then(|text| comparison_in(text, fields));
        candidates.certain.extend(meant);
        let text = term.to_string();
        Self { text, is_word, found: 0, term: term.clone(), candidates }
    }

    fn look_at(&mut self, record: &(impl Fields + ?Sized), now: i64, are_bare: bool) {
        if self.term.matches(record, now) {
            self.found += 1;
        } else if self.found == 0 {
            self.collect(record, are_bare);
        }
    }

    /// Collects what is near to a condition that finds nothing yet.
    fn collect(&mut self, record: &(impl Fields + ?Sized), are_bare: bool) {
        let near = &mut self.candidates;
        match &self.term {
            Term::Has(keys) => {
                for key in keys {
                    names(record, key, are_bare, near, |key| format!("has:{key}"));
                }
            }
            Term::Is(key, test) => {
                let asked = test.clone();
                names(record, key, are_bare, near, |key| format!("{key}:{asked}"));
                if let Some(asked) = test.literals().next() {
                    values(record, key, asked, near);
                }
            }
        }
    }
}

/// Attributes with a name that is near to the one asked for, as their source spells it: by their names alone where they are
/// asked for so, and otherwise by their sources as well.
fn names(
    record: &(impl Fields + ?Sized),
    key: &Key,
    are_bare: bool,
    near: &mut Near,
    condition: impl Fn(Key) -> String,
) {
    let (asked_source, asked) = match key {
        Key::Attribute { source, name } => (Some(source.folded()), name.folded()),
        Key::Field(name) => (None, name.folded()),
        Key::Count(_) | Key::Name => return,
    };
    record.attribute_names(&mut |source, name| {
        if !near.is_new(source, name) {
            return;
        }
        let folded = fold_case(name);
        if folded == asked {
            let elsewhere = asked_source.is_some_and(|asked| fold_case(source) != asked);
            if !elsewhere {
                return;
            }
        }
        if let Some(distance) = nearness(asked, &folded) {
            let name = Text::new(name);
            let key = match asked_source {
                None if are_bare => Key::Field(name),
                _ => Key::Attribute { source: Text::new(source), name },
            };
            near.add(distance, || condition(key));
        }
    });
}

/// Values that are near to the one asked for: words of texts, and of words all of them, if they are few.
fn values(record: &(impl Fields + ?Sized), key: &Key, asked: &Literal, near: &mut Near) {
    let asked = asked.text().folded();
    let suggestion = |value: &str| match key {
        Key::Name => quote(value),
        key => format!("{key}:{}", quote(value)),
    };
    key.visit(record, &mut |value| {
        match value {
            Value::Word(word) => {
                let distance = nearness(asked, &fold_case(word)).unwrap_or(usize::MAX);
                near.add(distance, || suggestion(word));
            }
            Value::Text(text) | Value::Name { unicode: text, .. } => {
                let folded = fold_case(text);
                let words = folded.split(|c: char| !c.is_alphanumeric());
                for word in words.chain([folded.as_str()]) {
                    if let Some(distance) = nearness(asked, word) {
                        near.add(distance, || suggestion(word));
                    }
                }
            }
            _ => {}
        }
        std::ops::ControlFlow::Continue(())
    });
}

/// The conditions of a query, each once.
fn collect<'e>(expr: &'e Expr, terms: &mut Vec<&'e Term>) {
    match expr {
        Expr::And(parts) | Expr::Or(parts) => parts.iter().for_each(|part| collect(part, terms)),
        Expr::Everything => {}
        Expr::Not(inner) => collect(inner, terms),
        Expr::Term(term) if terms.contains(&term) => {}
        Expr::Term(term) => terms.push(term),
    }
}

fn is_nested(term: &Term, fields: &[Field]) -> bool {
    let is_nested = |key: &Key| {
        let counted = if let Key::Count(key) = key { key } else { key };
        let Key::Field(name) = counted else { return false };
        Field::of(fields, name.folded()).is_some_and(|field| field.kind == FieldKind::Nested)
    };
    match term {
        Term::Has(keys) => keys.iter().any(is_nested),
        Term::Is(key, _) => is_nested(key),
    }
}

/// The text of a word without a field.
fn word(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Term(term) => word_text(term),
        _ => None,
    }
}

fn word_text(term: &Term) -> Option<&str> {
    match term {
        Term::Is(Key::Name, test) => only_text(test),
        _ => None,
    }
}

/// The text that a value has to contain, if there is one, and no other.
fn only_text(test: &Test) -> Option<&str> {
    let Test::Contains(patterns) = test else { return None };
    match patterns.as_slice() {
        [only] => match only.pieces() {
            [Piece::Text(text)] => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    }
}

/// A word that looks like a field, an operator and a value: `os=windows`, `@ldap.computer.badPwdCount>3`.
fn comparison_in(word: &str, fields: &[Field]) -> Option<String> {
    let at = word.find(['=', '<', '>', '~']).filter(|at| *at > 0)?;
    let (name, rest) = word.split_at_checked(at)?;
    let folded = fold_case(name);
    let field = Field::of(fields, &folded);
    let is_kept = field.is_some_and(Field::is_kept);
    let is_attribute = name.starts_with('@') || field.is_none() && Field::leaves_attributes(fields);
    if !is_kept && !is_attribute {
        return field.map(|field| field.example.to_owned());
    }
    let digits = |c: char| "=~".contains(c);
    let value = match rest.strip_prefix(['<', '>']) {
        Some(_) => rest.to_owned(),
        None => quote(rest.trim_start_matches(digits)),
    };
    let meant = format!("{name}:{value}");
    Query::parse_known(&meant, fields).ok().map(|_| meant)
}

impl fmt::Display for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Read as: {}", self.query)?;
        for condition in &self.conditions {
            write!(f, "\n  {condition}")?;
            match self.near(condition).as_slice() {
                [] => {}
                near => write!(f, "; near is {}", near.join(", "))?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.is_word {
            f.write_str(", looked for in names,")?;
        }
        match self.found {
            0 => f.write_str(" finds nothing"),
            found => write!(f, " finds {found}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset::{Asset, DirectoryUser};
    use crate::query::tests::{Item, NOW, Owned};

    fn items() -> [Item; 2] {
        let text = |text: &str| Owned::Text(text.into());
        let web1 = Item {
            fields: vec![
                ("name", text("web1.corp.example")),
                ("os", text("Windows Server 2012 R2")),
                ("source", Owned::Word("ldap".into())),
            ],
            attributes: vec![("@ldap.computer", "lastLogonTimestampTS", Owned::Time(NOW))],
            falls_through: false,
        };
        let fields = vec![("name", text("printer-2")), ("source", Owned::Word("scan".into()))];
        // An attribute of a source without a type, and one with a name that no field can have, cannot be asked for.
        let attributes = vec![
            ("@scan.asset", "lastSeenTS", Owned::Time(NOW)),
            ("@odd", "lastSeenTS", Owned::Time(NOW)),
            ("@scan.asset", "cn_1", Owned::Text("x".into())),
        ];
        [web1, Item { fields, attributes, ..Item::default() }]
    }

    fn reading(query: &str, fields: &[Field]) -> Reading {
        let query = Query::parse(query).unwrap();
        let mut reading = Reading::new(&query, fields, NOW);
        items().iter().for_each(|item| reading.look_at(item));
        reading
    }

    #[test]
    fn every_condition_is_counted_and_what_is_near_is_suggested() {
        for (query, found, near) in [
            ("os:windws", 0, &["os:windows"][..]),
            ("os:windows", 1, &[]),
            ("os:=windows", 0, &["os:windows", "os:\"windows server 2012 r2\""]),
            ("prnter", 0, &["printer"]),
            ("source:ad", 0, &["source:ldap", "source:scan"]),
            ("source:ldpa", 0, &["source:ldap"]),
            ("has:hw", 0, &[]),
            ("NOT web1", 1, &[]),
            (
                "@ldap.computer.lastLogonTimestamp:<90days",
                0,
                &["@ldap.computer.lastLogonTimestampTS:<90days"],
            ),
            (
                "has:@ldap.computer.lastLogonTimestmpTS",
                0,
                &["has:@ldap.computer.lastLogonTimestampTS"],
            ),
            ("os=windows", 0, &["os:windows"]),
            ("\"last_seen>30days\"", 0, &["last_seen:>30days"]),
            ("@ldap.computer.cn=web", 0, &["@ldap.computer.cn:web"]),
            ("colour=red", 0, &[]),
            ("alive=true", 0, &["last_seen:<7days"]),
        ] {
            let reading = reading(query, Asset::FIELDS);
            let conditions: Vec<_> =
                reading.conditions().map(|(_, found, near)| (found, near)).collect();
            assert_eq!(
                conditions,
                [(found, near.iter().map(|n| (*n).to_owned()).collect())],
                "{query}"
            );
        }
        let bare = reading("mail=alice", DirectoryUser::FIELDS);
        let (_, _, near) = bare.conditions().next().unwrap();
        assert_eq!(near, ["mail:alice"]);
    }

    #[test]
    fn an_attribute_is_suggested_as_it_can_be_typed() {
        for (query, fields, expected) in [
            ("last_seen:>2030-01-01", Asset::FIELDS, "@scan.asset.lastSeenTS:>2030-01-01"),
            ("@scan.asset.lastSeen:>1day", Asset::FIELDS, "@scan.asset.lastSeenTS:>1day"),
            ("has:lastSeen", DirectoryUser::FIELDS, "has:lastSeenTS"),
        ] {
            let reading = reading(query, fields);
            let (_, found, near) = reading.conditions().next().unwrap();
            assert_eq!((found, near), (0, vec![expected.to_owned()]), "{query}");
        }
    }

    #[test]
    fn whatever_is_suggested_is_a_query() {
        let words =
            ["last_seen", "lastSeen", "state", "os", "cn_2", "@scan.asset.lastSeen", "address"];
        let tests = ["x", "=windws", ">2030-01-01", "never", "prnter", "10.9", "\"a b", "presnt"];
        for fields in [Asset::FIELDS, DirectoryUser::FIELDS, &[]] {
            let queries = words.iter().flat_map(|word| tests.map(|test| format!("{word}:{test}")));
            for query in queries.chain(words.map(|word| format!("has:{word}"))) {
                let Ok(query) = Query::parse(&query) else { continue };
                let mut reading = Reading::new(&query, fields, NOW);
                items().iter().for_each(|item| reading.look_at(item));
                for (_, _, near) in reading.conditions() {
                    for suggestion in near {
                        let parsed = Query::parse_known(&suggestion, fields);
                        assert!(parsed.is_ok(), "{query}: {suggestion}: {parsed:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn words_behind_a_field_may_have_lost_their_quotation_marks() {
        let reading = reading("os:windows server 2012", Asset::FIELDS);
        let lines = reading.to_string();
        assert_eq!(
            lines.lines().collect::<Vec<_>>(),
            [
                "Read as: os:windows AND server AND 2012",
                "  os:windows finds 1",
                "  server, looked for in names, finds nothing; near is os:\"windows server 2012\"",
                "  2012, looked for in names, finds nothing",
            ]
        );
    }
}
