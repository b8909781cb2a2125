//! What SQLite finds.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::tables::{Cell, agrees, maps, statements};
use super::*;
use crate::query::limits::{MAX_DEPTH, MAX_VALUES};
use crate::query::sql::{Dialect, Sql, SqlValue};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn sqlite_finds_what_the_evaluator_finds(
        items in proptest::collection::vec(item(), 1..12),
        exprs in proptest::collection::vec(expr(likely_text(), likely_key()), 32),
    ) {
        let database = database(&items);
        for expr in exprs {
            let query = Query { expr };
            for (map, falls_through) in maps(Dialect::Sqlite) {
                let sql = map.condition(&query, NOW, 1);
                agrees(&query, &items, falls_through, &sql, &select(&database, &sql))?;
            }
        }
    }
}

#[test]
fn the_largest_queries_run() {
    let database = database(&[Item::default()]);
    let list = |separator| vec!["@ldap.computer.x:=a%b"; MAX_VALUES].join(separator);
    let nots = format!("{}{}", "NOT ".repeat(MAX_DEPTH), "name:a".to_owned() + &",a".repeat(200));
    let commas = format!("@x.y.z:{}", vec!["2026-01-01"; MAX_VALUES].join(","));
    for query in [list(" OR "), list(" AND "), nots, commas] {
        let query = Query::parse(&query).unwrap_or_else(|error| panic!("{error}"));
        for (map, _) in maps(Dialect::Sqlite) {
            select(&database, &map.condition(&query, NOW, 1));
        }
    }
}

#[test]
fn nothing_of_a_query_becomes_sql() {
    let item = Item {
        fields: vec![("name", Owned::Text("web1".into())), ("os", Owned::Text("linux".into()))],
        ..Item::default()
    };
    let database = database(&[item]);
    let attacks = [
        "' OR 1=1 --",
        "'; DROP TABLE item; --",
        "x') OR ('1'='1",
        "\" OR \"\"=\"",
        "?1",
        "$1",
        "\\' OR 1=1 --",
        "x' UNION SELECT id FROM item --",
        "x\0' OR 1=1 --",
        "／**／OR／**／1=1",
        "name) OR (1=1",
    ];
    let shapes = [
        "{}",
        "={}",
        "os:{}",
        "os:={}",
        "os:={}%",
        "os:a,{}",
        "source:{}",
        "{}:x",
        "{}_count:>0",
        "has:{}",
        "@{}.computer.x:y",
        "@ldap.{}.x:y",
        "@ldap.computer.{}:y",
        "has:@ldap.computer.{}",
        "address:{}",
    ];
    for attack in attacks {
        for shape in shapes {
            let quoted: String = attack
                .chars()
                .flat_map(|c| c.is_ascii_punctuation().then_some('\\').into_iter().chain([c]))
                .collect();
            let query = shape.replace("{}", &format!("\"{quoted}\""));
            let query = Query::parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
            for (map, _) in maps(Dialect::Sqlite) {
                // What may be a DN is looked for without its escapes too.
                let is_escaped = attack.contains(|c| ",+\"\\<>;=#／１".contains(c));
                let word = if is_escaped { "\"z=z\"" } else { "zzz" };
                let harmless = Query::parse(&shape.replace("{}", word)).unwrap();
                let sql = map.condition(&query, NOW, 1);
                assert_eq!(sql.text, map.condition(&harmless, NOW, 1).text, "{query}");
                assert_eq!(select(&database, &sql), Vec::<usize>::new(), "{query}");
            }
        }
    }
    let rows = |table: &str| -> i64 {
        let count = format!("SELECT count(*) FROM {table}");
        database.query_row(&count, [], |row| row.get(0)).unwrap()
    };
    assert_eq!((rows("item"), rows("item_name")), (1, 1));
}

fn database(items: &[Item]) -> Connection {
    let database = Connection::open_in_memory().unwrap();
    for (sql, cells) in statements(Dialect::Sqlite, items) {
        database.execute(&sql, params_from_iter(cells.iter().map(value))).unwrap();
    }
    database
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Boolean(boolean) => Value::Integer((*boolean).into()),
        Cell::Integer(integer) => Value::Integer(*integer),
        Cell::None => Value::Null,
        Cell::Text(text) => Value::Text(text.clone()),
    }
}

fn select(database: &Connection, sql: &Sql) -> Vec<usize> {
    let parameters = sql.parameters.iter().map(|parameter| match parameter {
        SqlValue::Blob(bytes) => Value::Blob(bytes.clone()),
        SqlValue::Boolean(boolean) => Value::Integer((*boolean).into()),
        SqlValue::Integer(integer) => Value::Integer(*integer),
        SqlValue::Text(text) => Value::Text(text.clone()),
    });
    let statement = format!("SELECT id FROM item WHERE {} ORDER BY id", sql.text);
    let mut statement =
        database.prepare(&statement).unwrap_or_else(|error| panic!("{error}: {}", sql.text));
    let rows = statement.query_map(params_from_iter(parameters), |row| row.get::<_, i64>(0));
    rows.unwrap().map(|id| id.unwrap() as usize).collect()
}
