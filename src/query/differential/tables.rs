//! Items in the tables of a database.

use proptest::test_runner::TestCaseError;

use super::*;
use crate::query::sql::{Child, Column, ColumnMap, Dialect, Sql};

/// A value in a column.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Boolean(bool),
    Integer(i64),
    None,
    Text(String),
}

type Statement = (String, Vec<Cell>);

const TABLES: [&str; 5] = [
    "CREATE {temporary} TABLE item (id bigint PRIMARY KEY, os text, alive {boolean}, vlan bigint, last_seen bigint,
         sources text NOT NULL DEFAULT '')",
    "CREATE {temporary} TABLE item_name (item bigint NOT NULL, text text NOT NULL, counts {boolean} NOT NULL)",
    "CREATE {temporary} TABLE item_source (item bigint NOT NULL, text text NOT NULL)",
    "CREATE {temporary} TABLE item_address (item bigint NOT NULL, text text NOT NULL, key text NOT NULL)",
    "CREATE {temporary} TABLE attribute (item bigint NOT NULL, source text NOT NULL, name text NOT NULL,
         text text NOT NULL, time bigint)",
];

/// The same columns as a list of alternatives, as a search of the child tables first, and falling through.
pub(super) fn maps(dialect: Dialect) -> [(ColumnMap, bool); 3] {
    let map = move |child: fn(&'static str, &'static str) -> Child, listed: bool| {
        let source = Column::word("s.text").in_child(child("item_source AS s", "s.item"));
        ColumnMap::new(dialect)
            .with("os", Column::text("item.os"))
            .with("alive", Column::boolean("item.alive"))
            .with("vlan", Column::number("item.vlan"))
            .with("last_seen", Column::time("item.last_seen"))
            .with("overlap", Column::residual())
            .with(
                "name",
                Column::text("item_name.text")
                    .in_child(child("item_name", "item_name.item").counting("item_name.counts")),
            )
            .with("source", if listed { source.listed("item.sources") } else { source })
            .with(
                "address",
                Column::address("item_address.text", "item_address.key")
                    .in_child(child("item_address", "item_address.item")),
            )
            .with_attributes(
                child("attribute", "attribute.item"),
                "attribute.source",
                "attribute.name",
                "attribute.text",
                "attribute.time",
            )
    };
    let plain = |table, owner| Child::new(table, owner, "item.id");
    let selective = |table, owner| Child::new(table, owner, "item.id").selective();
    [
        (map(plain, false), false),
        (map(selective, true), false),
        (map(plain, true).falling_through(), true),
    ]
}

/// What makes the tables and fills them, with `?` and the number of each parameter, or `$`.
pub(super) fn statements(dialect: Dialect, items: &[Item]) -> Vec<Statement> {
    let (temporary, boolean, sign) = match dialect {
        Dialect::Postgres => ("TEMPORARY", "boolean", "$"),
        Dialect::Sqlite => ("", "INTEGER", "?"),
    };
    let made = TABLES.map(|table| {
        (table.replace("{temporary}", temporary).replace("{boolean}", boolean), Vec::new())
    });
    let filled = (0..).zip(items).flat_map(|(id, item)| rows(id, item));
    let filled = filled.map(|(sql, cells)| (sql.replace('?', sign), cells));
    made.into_iter().chain(filled).collect()
}

/// What writes an item.
fn rows(id: i64, item: &Item) -> Vec<Statement> {
    let of = |sql: String, cells: Vec<Cell>| {
        (sql, [Cell::Integer(id)].into_iter().chain(cells).collect())
    };
    let separator = Column::WORD_SEPARATOR.to_string();
    let words = item.fields.iter().filter(|(field, _)| *field == "source");
    let words: String = words.map(|(_, value)| format!("{separator}{}", text(value))).collect();
    let list = Cell::Text(words + &separator);
    let mut rows = vec![of("INSERT INTO item (id, sources) VALUES (?1, ?2)".into(), vec![list])];
    for (field, value) in &item.fields {
        match (*field, value) {
            ("address", Owned::Address(address)) => {
                let address = [address.to_canonical().to_string(), Column::address_key(*address)];
                let sql = "INSERT INTO item_address VALUES (?1, ?2, ?3)".into();
                rows.push(of(sql, address.map(Cell::Text).to_vec()));
            }
            ("name", Owned::Name(unicode, ascii)) => {
                for (form, counts) in [(unicode, true), (ascii, false)] {
                    let cells = vec![Cell::Text(fold_case(form)), Cell::Boolean(counts)];
                    rows.push(of("INSERT INTO item_name VALUES (?1, ?2, ?3)".into(), cells));
                }
            }
            ("name", value) => {
                let cells = vec![cell(value), Cell::Boolean(true)];
                rows.push(of("INSERT INTO item_name VALUES (?1, ?2, ?3)".into(), cells));
            }
            ("source", value) => {
                rows.push(of("INSERT INTO item_source VALUES (?1, ?2)".into(), vec![cell(value)]));
            }
            ("overlap", _) => {}
            (field, value) => {
                let sql = format!("UPDATE item SET {field} = ?2 WHERE id = ?1");
                rows.push(of(sql, vec![cell(value)]));
            }
        }
    }
    for (source, name, value) in &item.attributes {
        let (text, time) = match value {
            Owned::Time(time) => (Cell::Text(time.to_string()), Cell::Integer(*time)),
            value => (Cell::Text(text(value)), Cell::None),
        };
        let names = [source, name].map(|name| Cell::Text(fold_case(name)));
        let sql = "INSERT INTO attribute VALUES (?1, ?2, ?3, ?4, ?5)".into();
        rows.push(of(sql, names.into_iter().chain([text, time]).collect()));
    }
    rows
}

fn cell(value: &Owned) -> Cell {
    match value {
        Owned::Boolean(boolean) => Cell::Boolean(*boolean),
        Owned::Number(number) | Owned::Time(number) => Cell::Integer(*number),
        Owned::Text(text) | Owned::Word(text) => Cell::Text(fold_case(text)),
        Owned::Address(_) | Owned::Name(..) => panic!("{value:?}"),
    }
}

fn text(value: &Owned) -> String {
    match value {
        Owned::Text(text) | Owned::Word(text) => fold_case(text),
        _ => panic!("{value:?}"),
    }
}

/// Whether a condition found what the evaluator finds, or more where it says so.
pub(super) fn agrees(
    query: &Query,
    items: &[Item],
    falls_through: bool,
    sql: &Sql,
    found: &[usize],
) -> Result<(), TestCaseError> {
    let is_asked_for =
        |item: &Item| query.matches(&Item { falls_through, ..Item::clone(item) }, NOW);
    let expected = items.iter().enumerate().filter(|(_, item)| is_asked_for(item));
    let expected: Vec<usize> = expected.map(|(n, _)| n).collect();
    if sql.exact {
        prop_assert_eq!(found, &expected, "{} {:?}", query, sql);
    } else {
        prop_assert!(expected.iter().all(|n| found.contains(n)), "{} {:?}", query, sql);
    }
    Ok(())
}
