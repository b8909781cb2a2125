//! A query in the words that the columns of a store know.

use std::collections::BTreeMap;

use super::SearchRequest;
use super::fields::{COMPUTER, SERVICES};
use super::support::{SUPPORT, System};
use crate::query::{Expr, Key, Query, Term, Test};

/// The most systems that a condition names. Their names and versions are a few hundred in the largest of companies; beyond
/// this a database is faster with reading documents.
const MOST: usize = 2000;

/// The most alternatives that stand side by side: SQLite reads them as one within the other, and refuses a thousand.
const SIDE_BY_SIDE: usize = 64;

impl SearchRequest {
    /// Whether the query asks for support dates, so that [`in_columns`](Self::in_columns) needs all systems.
    pub(crate) fn asks_for_support(&self) -> bool {
        SUPPORT.iter().any(|field| self.query.asks_for(field))
    }

    /// The same query in names and versions of systems instead of support dates, and in attributes instead of services.
    /// `systems` are all that there are, folded, each
    /// once, if the query asks for support dates.
    pub(crate) fn in_columns(&self, systems: Vec<(Option<String>, Option<String>)>) -> Query {
        let system = |(os, version)| System::new(os, version, &self.lifecycle);
        let systems: Vec<System<'_>> = systems.into_iter().map(system).collect();
        let now = self.now.as_micros();
        let support = |term: &Term| {
            let of_those = |system: &&System<'_>| term.matches(*system, now);
            (systems.len() <= MOST)
                .then(|| any_of(by_name(&systems, systems.iter().filter(of_those))))
        };
        self.query.rewritten(&mut |term| match term {
            Term::Has(keys) if keys.iter().any(|key| is_support(key) || is_service(key)) => {
                let each = keys.iter().map(|key| {
                    let term = Term::Has(vec![in_attributes(key)]);
                    let told = is_support(key).then(|| support(&term)).flatten();
                    told.unwrap_or(Expr::Term(term))
                });
                Some(any_of(each.collect()))
            }
            Term::Is(key, _) if is_support(key) => support(term),
            Term::Is(key, test) if is_service(key) => {
                Some(Expr::Term(Term::Is(in_attributes(key), test.clone())))
            }
            _ => None,
        })
    }
}

fn is_support(key: &Key) -> bool {
    SUPPORT.iter().any(|field| key.asks_for(field))
}

fn is_service(key: &Key) -> bool {
    ["service", "services"].iter().any(|field| key.asks_for(field))
}

/// Services are an attribute, of which signatures tell who has none.
fn in_attributes(key: &Key) -> Key {
    match key {
        Key::Count(key) => Key::Count(Box::new(in_attributes(key))),
        key if is_service(key) => Key::attribute(COMPUTER, SERVICES),
        key => key.clone(),
    }
}

/// Conditions of which one holds for each of some systems and for no other one: one for each name, with the versions where
/// not all are meant.
fn by_name<'s>(all: &'s [System<'s>], meant: impl Iterator<Item = &'s System<'s>>) -> Vec<Expr> {
    let mut versions: BTreeMap<Option<&str>, (usize, Vec<Option<&str>>)> = BTreeMap::new();
    for system in all {
        versions.entry(system.os()).or_default().0 += 1;
    }
    for system in meant {
        versions.entry(system.os()).or_default().1.push(system.version());
    }
    let named = versions.into_iter().filter(|(_, (_, meant))| !meant.is_empty());
    let conditions = named.map(|(os, (all, meant))| {
        let named = is_text("os", os);
        if meant.len() == all {
            return named;
        }
        let versions = meant.into_iter().map(|version| is_text("os_version", version));
        Expr::And(vec![named, any_of(versions.collect())])
    });
    conditions.collect()
}

/// Whether a field is just this text, or has none.
fn is_text(field: &str, text: Option<&str>) -> Expr {
    let key = Key::field(field);
    match text {
        Some(text) => Expr::Term(Term::Is(key, Test::is_text(text))),
        None => Expr::Not(Box::new(Expr::Term(Term::Has(vec![key])))),
    }
}

/// One of these; of none, what never holds.
fn any_of(mut alternatives: Vec<Expr>) -> Expr {
    while alternatives.len() > SIDE_BY_SIDE {
        alternatives =
            alternatives.chunks(SIDE_BY_SIDE).map(|some| any_of(some.to_vec())).collect();
    }
    match alternatives.pop() {
        None => Expr::Term(Term::Has(Vec::new())),
        Some(only) if alternatives.is_empty() => only,
        Some(last) => {
            alternatives.push(last);
            Expr::Or(alternatives)
        }
    }
}
