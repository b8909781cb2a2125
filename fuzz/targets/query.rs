//! A query: read, printed, read again, put to a thing, and compiled.
#![no_main]

#[path = "../chance.rs"]
mod chance;

use std::ops::ControlFlow;

use ldap_inventory::query::sql::{Child, Column, ColumnMap, Dialect};
use ldap_inventory::query::{Fields, Query, Value};
use libfuzzer_sys::fuzz_target;

type Visit<'a> = &'a mut dyn FnMut(Value<'_>) -> ControlFlow<()>;

const NOW: i64 = 1_790_000_000_000_000;

fuzz_target!(|text: &str| {
    let word = Query::parse(&Query::quote(text));
    assert!(text.len() > 4_000 || word.is_ok(), "a quoted text is a query: {word:?}");
    let _ = Query::parse_known(text, ldap_inventory::asset::Asset::FIELDS);
    let query = match Query::parse(text) {
        Ok(query) => query,
        Err(error) => {
            assert!(error.position <= text.len() && text.is_char_boundary(error.position));
            return;
        }
    };
    let found = query.matches(&Thing, NOW);
    let printed = query.to_string();
    // Printing may need more room than a query is allowed.
    if let Ok(again) = Query::parse(&printed) {
        assert_eq!(again, query, "{printed}");
        assert_eq!(again.matches(&Thing, NOW), found, "{printed}");
    } else {
        assert!(printed.len() > Query::MAX_LENGTH, "{printed}");
    }
    let rows = |dialect| {
        columns(dialect).with_attributes(
            child("t", "t.thing"),
            "t.source",
            "t.name",
            "t.text",
            "t.time",
        )
    };
    let signatures = columns(Dialect::Sqlite).with_signatures(child("b", "b.thing"), "b.bits", "f");
    for columns in [rows(Dialect::Sqlite), rows(Dialect::Postgres), signatures] {
        let sql = columns.condition(&query, NOW, 1);
        let last = sql.parameters.len() + 1;
        assert!(!sql.text.contains(&format!("?{last}")) && !sql.text.contains(&format!("${last}")));
    }
});

/// Something with a value of every kind.
struct Thing;

impl Fields for Thing {
    fn field(&self, name: &str, visit: Visit<'_>) -> ControlFlow<()> {
        match name {
            "name" => {
                visit(Value::Text("Größe ΟΔΟΣ"))?;
                visit(Value::Name { unicode: "büro", ascii: "xn--bro-hoa" })
            }
            "source" => visit(Value::Word("ldap")),
            "address" => {
                visit(Value::Address([10, 0, 0, 5].into()))?;
                visit(Value::Address([0xfe80, 0, 0, 0, 0, 0, 0, 5].into()))
            }
            "alive" => visit(Value::Boolean(true)),
            "vlan" => visit(Value::Number(12)),
            "last_seen" => visit(Value::Time(NOW - 1)),
            _ => ControlFlow::Continue(()),
        }
    }

    fn attribute(&self, _: &str, _: &str, visit: Visit<'_>) -> ControlFlow<()> {
        visit(Value::Text("4"))?;
        visit(Value::Time(i64::MAX))
    }
}

fn child(table: &'static str, owner: &'static str) -> Child {
    Child::new(table, owner, "thing.id")
}

fn columns(dialect: Dialect) -> ColumnMap {
    ColumnMap::new(dialect)
        .with("name", Column::text("n.text").in_child(child("n", "n.thing").selective()))
        .with("source", Column::word("s.text").in_child(child("s", "s.thing")).listed("thing.s"))
        .with("address", Column::address("a.text", "a.key").in_child(child("a", "a.thing")))
        .with("alive", Column::boolean("thing.alive"))
        .with("vlan", Column::number("thing.vlan"))
        .with("last_seen", Column::time("thing.last_seen"))
        .with("overlap", Column::residual())
}
