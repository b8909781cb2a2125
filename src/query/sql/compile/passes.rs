//! Whether a value passes a test, in SQL.

use super::compiler::{Compiler, SqlValue};
use crate::query::ast::Test;
use crate::query::evaluate::boolean_text;
use crate::query::form::Element;
use crate::query::literal::{Literal, Pattern, Piece};
use crate::query::sql::columns::{Dialect, Kind};
use crate::query::time::Window;

impl Compiler<'_> {
    /// The value that `kind` reads passes `test`. NULL only where the value is.
    pub(super) fn passes(&mut self, kind: Kind, test: &Test) {
        match (kind, test) {
            (Kind::Attribute { text, time }, _) => self.attribute_passes(text, time, test),
            (Kind::Address { text, key }, Test::Contains(patterns)) => {
                self.joined(patterns, " OR ", |this, pattern| match pattern.literal() {
                    Some(literal) if literal.network.is_some() => this.in_network(key, literal),
                    Some(literal) => this.contains(text, literal),
                    None => this.like(text, pattern),
                });
            }
            (Kind::Address { text, key }, Test::Equals(patterns)) => {
                self.joined(patterns, " OR ", |this, pattern| match pattern.literal() {
                    Some(literal) => this.in_network(key, literal),
                    None => this.like(text, pattern),
                });
            }
            (Kind::Text(column), Test::Contains(patterns)) => {
                self.joined(patterns, " OR ", |this, pattern| {
                    this.or_escaped(column, pattern, |this| match pattern.literal() {
                        Some(literal) => this.contains(column, literal),
                        None => this.like(column, pattern),
                    });
                });
            }
            (Kind::Word(column), Test::Contains(patterns)) => {
                self.joined(patterns, " OR ", |this, pattern| match pattern.literal() {
                    Some(literal) => this.equals(column, literal.text().folded()),
                    None => this.like(column, pattern),
                });
            }
            (Kind::Text(column), Test::Equals(patterns)) => {
                self.joined(patterns, " OR ", |this, pattern| {
                    this.or_escaped(column, pattern, |this| this.is_exactly(column, pattern));
                });
            }
            (Kind::Word(column), Test::Equals(patterns)) => {
                self.joined(patterns, " OR ", |this, pattern| this.is_exactly(column, pattern));
            }
            (Kind::Text(column) | Kind::Word(column), Test::Compare(..)) => {
                let reading = self.map.dialect.number_of(column);
                self.joined(&numbers(test, self.now), " OR ", |this, window| {
                    this.push_all(&["coalesce(", &reading]);
                    this.lies_in(*window);
                    this.push(", FALSE)");
                });
            }
            (Kind::Boolean(column), _) => {
                let booleans: Vec<bool> = test.literals().filter_map(|l| l.boolean).collect();
                self.joined(&booleans, " OR ", |this, boolean| {
                    this.push_all(&[column, " = "]);
                    this.parameter(SqlValue::Boolean(*boolean));
                });
            }
            (Kind::Number(column), _) => self.lies_in_one(column, &numbers(test, self.now)),
            (Kind::Time(column), _) => self.lies_in_one(column, &times(test, self.now)),
            (Kind::Address { .. } | Kind::Residual, _) => self.push("FALSE"),
        }
    }

    /// A text passes as a text, a time as a time. Only what can be is written, so that indexes serve.
    fn attribute_passes(&mut self, text: &'static str, time: &'static str, test: &Test) {
        let times = times(test, self.now);
        let text_can = !matches!(test, Test::Compare(_, bound) if !bound.measure().is_number());
        let both = text_can && !times.is_empty();
        self.push(if both { "((" } else { "(" });
        if text_can {
            self.push_all(&[time, " IS NULL AND "]);
            self.passes(Kind::Text(text), test);
        }
        if both {
            self.push(") OR (");
        }
        if !times.is_empty() {
            self.push_all(&[time, " IS NOT NULL AND "]);
            self.lies_in_one(time, &times);
        }
        self.push(if both { "))" } else { ")" });
    }

    /// A text that may be a DN passes without its escapes too. Only the evaluator takes them away; but it need not look at
    /// what has none, nor under a NOT, where what passes as it stands is not wanted.
    fn or_escaped(&mut self, column: &str, pattern: &Pattern, passes: impl FnOnce(&mut Self)) {
        if !pattern.may_be_escaped() {
            return passes(self);
        }
        self.sql.exact = false;
        if !self.positive {
            return passes(self);
        }
        self.push("(");
        passes(self);
        self.push(" OR ");
        self.push_all(&[self.map.dialect.position(), "(", column, ", "]);
        self.text("\\");
        self.push(") > 0)");
    }

    fn contains(&mut self, column: &str, literal: &Literal) {
        let folded = literal.text().folded();
        match self.map.dialect {
            Dialect::Postgres => {
                let inside = folded.chars().map(Element::Char);
                self.like_elements(
                    column,
                    [Element::Any].into_iter().chain(inside).chain([Element::Any]),
                );
            }
            Dialect::Sqlite => {
                self.push_all(&["instr(", column, ", "]);
                self.text(folded);
                self.push(") > 0");
            }
        }
    }

    fn is_exactly(&mut self, column: &str, pattern: &Pattern) {
        let Some(literal) = pattern.literal() else { return self.like(column, pattern) };
        self.push("(");
        self.equals(column, literal.text().folded());
        if let Some(boolean) = literal.boolean {
            self.push(" OR ");
            self.equals(column, boolean_text(boolean));
        }
        self.push(")");
    }

    pub(super) fn equals(&mut self, column: &str, folded: &str) {
        self.push_all(&[column, " = "]);
        self.text(folded);
    }

    fn like(&mut self, column: &str, pattern: &Pattern) {
        // SQLite uses no index for a LIKE with ESCAPE; a prefix is a range.
        let range = prefix(pattern).filter(|_| self.map.dialect == Dialect::Sqlite);
        let Some((low, high)) = range else {
            return self.like_elements(column, pattern.elements().iter().copied());
        };
        self.push_all(&["(", column, " >= "]);
        self.text(&low);
        self.push_all(&[" AND ", column, " < "]);
        self.text(&high);
        self.push(")");
    }

    fn like_elements(&mut self, column: &str, elements: impl Iterator<Item = Element>) {
        let mut form = String::new();
        for element in elements {
            match element {
                Element::Any => form.push('%'),
                Element::Char(c @ ('%' | '_' | '\\')) => form.extend(['\\', c]),
                Element::Char(c) => form.push(c),
                Element::One => form.push('_'),
            }
        }
        self.push_all(&[column, " LIKE "]);
        self.text(&form);
        self.push(" ESCAPE '\\'");
    }

    fn in_network(&mut self, key: &str, literal: &Literal) {
        let Some(network) = literal.network else { return self.push("FALSE") };
        let (first, last) = network.keys();
        self.push(key);
        if self.map.dialect == Dialect::Postgres {
            self.push(" COLLATE \"C\"");
        }
        self.push(" BETWEEN ");
        self.text(&first);
        self.push(" AND ");
        self.text(&last);
    }

    fn lies_in_one(&mut self, column: &str, windows: &[Window]) {
        self.joined(windows, " OR ", |this, window| {
            this.push(column);
            this.lies_in(*window);
        });
    }

    /// What follows an expression to say that it lies in the window.
    pub(super) fn lies_in(&mut self, window: Window) {
        let Window { low, high, outside } = window;
        let (operator, bound) = match (low == i64::MIN, high == i64::MAX, outside) {
            (true, false, false) => (" <= ", high),
            (true, false, true) => (" > ", high),
            (false, true, false) => (" >= ", low),
            (false, true, true) => (" < ", low),
            _ if low == high && !outside => (" = ", low),
            _ => {
                self.push(if outside { " NOT BETWEEN " } else { " BETWEEN " });
                self.parameter(SqlValue::Integer(low));
                self.push(" AND ");
                return self.parameter(SqlValue::Integer(high));
            }
        };
        self.push(operator);
        self.parameter(SqlValue::Integer(bound));
    }
}

impl Dialect {
    /// The function that tells where a text stands in another, from 1; 0 for nowhere.
    pub(super) fn position(self) -> &'static str {
        match self {
            Self::Postgres => "strpos",
            Self::Sqlite => "instr",
        }
    }

    /// The number that a folded text reads as, or NULL: at most 18 digits, perhaps after a minus.
    fn number_of(self, text: &str) -> String {
        match self {
            Self::Postgres => {
                format!("CASE WHEN {text} ~ '^-?[0-9]{{1,18}}$' THEN CAST({text} AS bigint) END")
            }
            Self::Sqlite => format!(
                "CASE WHEN {text} GLOB '[0-9]*' AND length({text}) <= 18 AND {text} NOT GLOB '*[^0-9]*' \
                 OR {text} GLOB '-[0-9]*' AND length({text}) <= 19 AND substr({text}, 2) NOT GLOB '*[^0-9]*' \
                 THEN CAST({text} AS INTEGER) END"
            ),
        }
    }
}

/// The numbers that pass a test.
pub(super) fn numbers(test: &Test, now: i64) -> Vec<Window> {
    let exactly = test.literals().filter_map(|literal| literal.number).map(|n| Window::new(n, n));
    exactly.chain(compared(test, true, now)).collect()
}

/// The times that pass a test.
fn times(test: &Test, now: i64) -> Vec<Window> {
    let moments = test.literals().filter_map(|literal| literal.moment);
    let within = moments.map(|(start, end)| Window::new(start, end.saturating_sub(1)));
    within.chain(compared(test, false, now)).collect()
}

fn compared(test: &Test, number: bool, now: i64) -> Option<Window> {
    match test {
        Test::Compare(comparison, bound) if bound.measure().is_number() == number => {
            Some(bound.measure().window(*comparison, now))
        }
        _ => None,
    }
}

/// The texts that begin as a pattern of the form `text%` says: from the first to before the second.
fn prefix(pattern: &Pattern) -> Option<(String, String)> {
    let [Piece::Text(text), Piece::Any] = pattern.pieces() else { return None };
    let low = text.folded();
    let mut high = low.to_owned();
    let last = high.pop()?;
    // The next character; a range of characters steps over the surrogates.
    high.extend(Some((last..=char::MAX).nth(1)?));
    Some((low.to_owned(), high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::text::Text;

    #[test]
    fn the_end_of_a_prefix_steps_over_what_is_no_character() {
        let end = |text: &str| prefix(&Pattern::new([Piece::Text(Text::new(text)), Piece::Any]));
        assert_eq!(end("a\u{d7ff}").unwrap().1, "a\u{e000}");
        assert_eq!(end("a\u{10ffff}"), None);
    }
}
