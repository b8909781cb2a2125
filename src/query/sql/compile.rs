//! From a query to a condition in SQL.

mod compiler;
mod passes;

pub use self::compiler::{Sql, SqlValue};

use self::compiler::Compiler;
use self::passes::numbers;
use super::bloom;
use super::columns::{Child, Column, ColumnMap, Kind, SignatureColumn};
use crate::query::Query;
use crate::query::ast::{Expr, Key, Term, Test};
use crate::query::evaluate::{NAME, boolean_text};
use crate::query::field::is_time_attribute;
use crate::query::literal::{Literal, Pattern};

impl ColumnMap {
    /// The condition for `query`, `now` microseconds after 1970-01-01T00:00:00Z, with its parameters
    /// numbered from `first`.
    pub fn condition(&self, query: &Query, now: i64, first: usize) -> Sql {
        let mut compiler = Compiler {
            map: self,
            now,
            first,
            positive: true,
            sql: Sql { text: String::new(), parameters: Vec::new(), exact: true },
        };
        compiler.expr(query.expr());
        compiler.sql
    }
}

/// Where the values of a key are.
enum KeyLocation<'k> {
    /// In a column of the row itself.
    Here(&'static str, Kind),
    Nowhere,
    /// Only the evaluator knows.
    Residual,
    In(Rows<'k>, Kind),
}

/// The rows of a child table that belong to a row, and in which these columns have these values.
struct Rows<'k> {
    child: Child,
    having: Vec<(&'static str, &'k str)>,
}

impl Compiler<'_> {
    fn expr(&mut self, expr: &Expr) {
        match expr {
            Expr::And(parts) => self.joined(parts, " AND ", Self::expr),
            Expr::Everything => self.push("TRUE"),
            Expr::Not(inner) => self.not(|this| this.expr(inner)),
            Expr::Or(parts) => self.joined(parts, " OR ", Self::expr),
            Expr::Term(Term::Has(keys)) => self.joined(keys, " OR ", Self::has),
            Expr::Term(Term::Is(Key::Count(key), test)) => self.count(key, test),
            Expr::Term(Term::Is(key, test)) if test.asks_for_never() && self.is_time(key) => {
                self.push("(");
                self.not(|this| this.has(key));
                self.push(" OR ");
                self.is(key, test);
                self.push(")");
            }
            Expr::Term(Term::Is(key, test)) => self.is(key, test),
        }
    }

    fn not(&mut self, inner: impl FnOnce(&mut Self)) {
        self.push("(NOT ");
        self.positive = !self.positive;
        inner(self);
        self.positive = !self.positive;
        self.push(")");
    }

    /// Whether the values of a key are times, so that `never` finds what has none.
    fn is_time(&self, key: &Key) -> bool {
        let name = match key {
            Key::Attribute { name, .. } => return is_time_attribute(name.folded()),
            Key::Count(_) => return false,
            Key::Field(name) => name.folded(),
            Key::Name => NAME,
        };
        match self.map.column(name) {
            Some(column) => matches!(column.kind, Kind::Time(_)),
            None => self.map.falls_through && is_time_attribute(name),
        }
    }

    fn has(&mut self, key: &Key) {
        match self.location(key) {
            KeyLocation::Here(column, _) => self.push_all(&["(", column, " IS NOT NULL)"]),
            KeyLocation::In(rows, _) => {
                self.push("EXISTS (SELECT 1 ");
                self.rows(&rows);
                self.push(")");
            }
            KeyLocation::Nowhere => self.push("FALSE"),
            KeyLocation::Residual => self.residual(key, None),
        }
    }

    fn is(&mut self, key: &Key, test: &Test) {
        if let Some((list, words)) = self.list(key).zip(whole_words(test)) {
            return self.lists(list, &words);
        }
        match self.location(key) {
            KeyLocation::Here(column, kind) => {
                self.push_all(&["(", column, " IS NOT NULL AND "]);
                self.passes(kind, test);
                self.push(")");
            }
            KeyLocation::In(rows, kind) if rows.child.selective => {
                let Child { table, owner, parent, .. } = rows.child;
                self.push_all(&[parent, " IN (SELECT ", owner, " FROM ", table, " WHERE "]);
                self.having(&rows, "", " AND ");
                self.passes(kind, test);
                self.push(")");
            }
            KeyLocation::In(rows, kind) => {
                self.push("EXISTS (SELECT 1 ");
                self.rows(&rows);
                self.push(" AND ");
                self.passes(kind, test);
                self.push(")");
            }
            KeyLocation::Nowhere => self.push("FALSE"),
            KeyLocation::Residual => self.residual(key, Some(test)),
        }
    }

    /// The number of the key's values passes `test`.
    fn count(&mut self, key: &Key, test: &Test) {
        let windows = numbers(test, self.now);
        let holds = |count: i64| windows.iter().any(|window| window.holds(count));
        match self.location(key) {
            KeyLocation::Here(column, _) => match (holds(0), holds(1)) {
                (true, false) => self.push_all(&["(", column, " IS NULL)"]),
                (false, true) => self.push_all(&["(", column, " IS NOT NULL)"]),
                (always, _) => self.truth(always),
            },
            KeyLocation::In(rows, _) => self.joined(&windows, " OR ", |this, window| {
                this.push("(SELECT count(*) ");
                this.rows(&rows);
                let counts = rows.child.counts.unwrap_or_default();
                this.push_all(&[if counts.is_empty() { "" } else { " AND " }, counts, ")"]);
                this.lies_in(*window);
            }),
            KeyLocation::Nowhere => self.truth(holds(0)),
            KeyLocation::Residual if holds(0) => self.leave(),
            KeyLocation::Residual => self.residual(key, None),
        }
    }

    /// The column that lists the words of a key.
    fn list(&self, key: &Key) -> Option<&'static str> {
        let Key::Field(name) = key else { return None };
        self.map.column(name.folded())?.list
    }

    fn lists(&mut self, list: &'static str, words: &[&str]) {
        let can_be_listed = |word: &&&str| !word.contains(Column::WORD_SEPARATOR);
        let words = words.iter().filter(can_be_listed);
        let end = Column::WORD_SEPARATOR;
        let words: Vec<String> = words.map(|word| format!("{end}{word}{end}")).collect();
        let map = self.map;
        let Some(known) = &map.lists else {
            return self.joined(&words, " OR ", |this, word| {
                this.push_all(&[this.map.dialect.position(), "(", list, ", "]);
                this.text(word);
                this.push(") > 0");
            });
        };
        let has_one = |list: &&String| words.iter().any(|word| list.contains(word));
        let mut before = " IN (";
        for known in known.iter().filter(has_one) {
            self.push_all(&[if before == ", " { "" } else { list }, before]);
            self.text(known);
            before = ", ";
        }
        self.push(if before == ", " { ")" } else { "FALSE" });
    }

    fn location<'k>(&self, key: &'k Key) -> KeyLocation<'k> {
        let name = match key {
            Key::Attribute { source, name } => {
                return self.attribute(Some(source.folded()), name.folded());
            }
            Key::Count(key) => return self.location(key),
            Key::Field(name) => name.folded(),
            Key::Name => NAME,
        };
        match self.map.column(name) {
            Some(Column { kind, child, .. }) => match (kind.expression(), child) {
                (None, _) => KeyLocation::Residual,
                (Some(_), Some(child)) => {
                    KeyLocation::In(Rows { child: *child, having: vec![] }, *kind)
                }
                (Some(column), None) => KeyLocation::Here(column, *kind),
            },
            None if self.map.falls_through => self.attribute(None, name),
            None => KeyLocation::Nowhere,
        }
    }

    /// The attributes of this source, or of any, with this name.
    fn attribute<'k>(&self, source: Option<&'k str>, name: &'k str) -> KeyLocation<'k> {
        let Some(table) = &self.map.attributes else {
            let residual = self.map.residual_attributes;
            return if residual { KeyLocation::Residual } else { KeyLocation::Nowhere };
        };
        let source = source.map(|source| (table.source, source));
        let having = source.into_iter().chain([(table.name, name)]).collect();
        KeyLocation::In(Rows { child: table.child, having }, table.kind)
    }

    /// What only the evaluator can tell: too many rows rather than too few.
    fn leave(&mut self) {
        self.sql.exact = false;
        self.truth(self.positive);
    }

    /// The same for a key that has a value which passes `test`: not the rows that their signatures rule out.
    fn residual(&mut self, key: &Key, test: Option<&Test>) {
        let signatures = self.map.signatures.filter(|_| self.positive);
        let Some((signatures, wanted)) = signatures.zip(bloom::wanted(key, test)) else {
            return self.leave();
        };
        self.sql.exact = false;
        match signatures {
            SignatureColumn::In { child: Child { table, owner, parent, .. }, column, covers } => {
                self.push_all(&[parent, " IN (SELECT ", owner, " FROM ", table, " WHERE "]);
                self.joined(&wanted, " OR ", |this, signature| {
                    this.push_all(&[covers, "(", column, ", "]);
                    this.parameter(SqlValue::Blob(signature.as_bytes().to_vec()));
                    this.push(")");
                });
                self.push(")");
            }
            // What has every bit that is wanted is the same with them.
            #[cfg(any(test, feature = "postgres"))]
            SignatureColumn::Bits { child: Child { table, owner, parent, .. }, column } => {
                self.push_all(&[parent, " IN (SELECT ", owner, " FROM ", table, " WHERE "]);
                self.joined(&wanted, " OR ", |this, signature| {
                    this.push_all(&["(", column, " | CAST("]);
                    this.parameter(SqlValue::Blob(signature.as_bytes().to_vec()));
                    this.push_all(&[" AS bit varying) = ", column, ")"]);
                });
                self.push(")");
            }
        }
    }

    fn rows(&mut self, rows: &Rows<'_>) {
        let Child { table, owner, parent, .. } = rows.child;
        self.push_all(&["FROM ", table, " WHERE ", owner, " = ", parent]);
        self.having(rows, " AND ", "");
    }

    fn having(&mut self, rows: &Rows<'_>, before: &str, after: &str) {
        for (column, value) in &rows.having {
            self.push(before);
            self.equals(column, value);
            self.push(after);
        }
    }
}

/// The folded words that a value is one of if it passes, unless wildcards or a comparison decide.
fn whole_words(test: &Test) -> Option<Vec<&str>> {
    let exactly = match test {
        Test::Compare(..) => return None,
        Test::Contains(_) => false,
        Test::Equals(_) => true,
    };
    let literals: Option<Vec<&Literal>> = test.patterns().iter().map(Pattern::literal).collect();
    let words = literals?.into_iter().flat_map(|literal| {
        let boolean = literal.boolean.filter(|_| exactly).map(boolean_text);
        [literal.text().folded()].into_iter().chain(boolean)
    });
    Some(words.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::sql::Dialect;

    fn condition(dialect: Dialect, query: &str, first: usize) -> Sql {
        let child = Child::new("x", "x.owner", "a.id");
        let map = ColumnMap::new(dialect)
            .with("os", Column::text("a.os"))
            .with("source", Column::word("x.word").in_child(child))
            .with("address", Column::address("a.ip", "a.ip_key"))
            .with("seen", Column::time("a.seen"))
            .with("overlap", Column::residual())
            .with_attributes(child.selective(), "x.source", "x.name", "x.text", "x.time");
        map.condition(&Query::parse(query).unwrap(), 1000, first)
    }

    fn text(text: &str) -> SqlValue {
        SqlValue::Text(text.to_owned())
    }

    #[test]
    fn parameters_are_numbered_from_where_the_statement_is() {
        let sql = condition(Dialect::Sqlite, "NOT source:LDAP os:a,b", 4);
        assert_eq!(
            sql.text,
            "((NOT EXISTS (SELECT 1 FROM x WHERE x.owner = a.id AND x.word = ?4)) \
             AND (a.os IS NOT NULL AND (instr(a.os, ?5) > 0 OR instr(a.os, ?6) > 0)))"
        );
        assert_eq!(sql.parameters, [text("ldap"), text("a"), text("b")]);
    }

    #[test]
    fn postgres_is_asked_in_its_own_way() {
        let sql = condition(Dialect::Postgres, "os:50%_ OR address:10.0.0.0/8", 1);
        assert_eq!(
            sql.text,
            "((a.os IS NOT NULL AND a.os LIKE $1 ESCAPE '\\') \
             OR (a.ip IS NOT NULL AND a.ip_key COLLATE \"C\" BETWEEN $2 AND $3))"
        );
        assert_eq!(sql.parameters, [text("%50\\%\\_%"), text("40a000000"), text("40affffff")]);
    }

    #[test]
    fn a_selective_attribute_is_found_by_its_index() {
        let sql = condition(Dialect::Sqlite, "@ldap.computer.CN:=web%", 1);
        assert_eq!(
            sql.text,
            "a.id IN (SELECT x.owner FROM x WHERE x.source = ?1 AND x.name = ?2 \
             AND (x.time IS NULL AND (x.text >= ?3 AND x.text < ?4)))"
        );
        assert_eq!(sql.parameters, [text("@ldap.computer"), text("cn"), text("web"), text("wec")]);
    }

    #[test]
    fn whole_words_are_looked_for_in_the_list() {
        let child = Child::new("x", "x.owner", "a.id");
        for (dialect, expected) in [
            (Dialect::Sqlite, "(NOT instr(a.list, ?1) > 0)"),
            (Dialect::Postgres, "(NOT strpos(a.list, $1) > 0)"),
        ] {
            let source = Column::word("x.word").in_child(child).listed("a.list");
            let map = ColumnMap::new(dialect).with("source", source);
            let condition = |query: &str| map.condition(&Query::parse(query).unwrap(), 0, 1);
            let sql = condition("NOT source:LDAP");
            assert_eq!(sql.text, expected);
            assert_eq!(sql.parameters, [text("\u{1f}ldap\u{1f}")]);
            // The separator is in no word, and a wildcard may not reach over one.
            assert_eq!(condition("source:\u{1f}").text, "FALSE");
            assert!(condition("source:=ld%").text.starts_with("EXISTS"));
        }
    }

    #[test]
    fn lists_that_are_known_are_looked_for_as_they_are() {
        let source = Column::word("x.word").in_child(Child::new("x", "x.owner", "a.id"));
        let map = ColumnMap::new(Dialect::Postgres).with("source", source.listed("a.list"));
        let lists = ["\u{1f}ldap\u{1f}", "\u{1f}ldap\u{1f}scan\u{1f}", "\u{1f}scanner\u{1f}"];
        let map = map.among_lists(lists.map(str::to_owned).to_vec());
        for (query, expected, parameters) in [
            ("source:ldap", "a.list IN ($1, $2)", &lists[..2]),
            ("NOT source:scan", "(NOT a.list IN ($1))", &lists[1..2]),
            ("source:other", "FALSE", &[]),
        ] {
            let sql = map.condition(&Query::parse(query).unwrap(), 0, 1);
            assert_eq!((sql.text.as_str(), sql.exact), (expected, true));
            assert_eq!(sql.parameters, parameters.iter().map(|it| text(it)).collect::<Vec<_>>());
        }
    }

    #[test]
    fn signatures_leave_few_rows_to_the_evaluator_unless_under_a_not() {
        let map = ColumnMap::new(Dialect::Sqlite).with_signatures(
            Child::new("s", "s.owner", "a.id"),
            "s.bits",
            "covers",
        );
        for (query, expected) in [
            ("has:@a.b.c", "a.id IN (SELECT s.owner FROM s WHERE covers(s.bits, ?1))"),
            ("@a.b.c:>3", "a.id IN (SELECT s.owner FROM s WHERE covers(s.bits, ?1))"),
            ("@a.b.c_count:>0", "a.id IN (SELECT s.owner FROM s WHERE covers(s.bits, ?1))"),
            (
                "@a.b.c:true",
                "a.id IN (SELECT s.owner FROM s WHERE (covers(s.bits, ?1) OR covers(s.bits, ?2)))",
            ),
            ("@a.b.c_count:0", "TRUE"),
            ("NOT @a.b.c:true", "(NOT FALSE)"),
        ] {
            let sql = map.condition(&Query::parse(query).unwrap(), 0, 1);
            assert_eq!((sql.text.as_str(), sql.exact), (expected, false), "{query}");
        }
    }

    #[test]
    fn signatures_are_compared_as_bits_where_there_is_no_function() {
        let child = Child::new("s", "s.owner", "a.id");
        let map = ColumnMap::new(Dialect::Postgres).with_signature_bits(child, "s.bits");
        let has =
            "a.id IN (SELECT s.owner FROM s WHERE (s.bits | CAST($1 AS bit varying) = s.bits))";
        for (query, expected) in [("has:@a.b.c", has), ("NOT has:@a.b.c", "(NOT FALSE)")] {
            let sql = map.condition(&Query::parse(query).unwrap(), 0, 1);
            assert_eq!((sql.text.as_str(), sql.exact), (expected, false), "{query}");
        }
    }

    #[test]
    fn what_only_the_evaluator_knows_leaves_too_many_rows_and_says_so() {
        for (query, expected) in [
            ("overlap:t", "TRUE"),
            ("NOT overlap:t", "(NOT FALSE)"),
            ("NOT NOT overlap:t", "(NOT (NOT TRUE))"),
            ("has:overlap", "TRUE"),
            ("overlap_count:1", "TRUE"),
        ] {
            let sql = condition(Dialect::Sqlite, query, 1);
            assert_eq!((sql.text.as_str(), sql.exact), (expected, false), "{query}");
        }
        assert!(condition(Dialect::Sqlite, "seen:>now nothing:1", 1).exact);
    }
}
