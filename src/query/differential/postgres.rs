//! What PostgreSQL finds, where there is one: `DATABASE_URL` names it, as tests/run does. Without it nothing is asked.

use deadpool_postgres::tokio_postgres::types::ToSql;
use deadpool_postgres::tokio_postgres::{self, Client, NoTls};
use proptest::test_runner::TestCaseError;

use super::tables::{Cell, agrees, maps, statements};
use super::*;
use crate::query::limits::{MAX_DEPTH, MAX_VALUES};
use crate::query::sql::{Dialect, Sql, SqlValue};

type Value = Box<dyn ToSql + Sync>;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn postgres_finds_what_the_evaluator_finds(
        items in proptest::collection::vec(item(), 1..12),
        exprs in proptest::collection::vec(expr(likely_text(), likely_key()), 32),
    ) {
        with_database(&items, async |database| {
            for expr in exprs {
                let query = Query { expr };
                for (map, falls_through) in maps(Dialect::Postgres) {
                    let sql = map.condition(&query, NOW, 1);
                    let found = select(&database, &sql).await;
                    agrees(&query, &items, falls_through, &sql, &found)?;
                }
            }
            Ok(())
        })?;
    }
}

#[test]
fn the_largest_queries_run() {
    let list = |separator| vec!["@ldap.computer.x:=a%b"; MAX_VALUES].join(separator);
    let nots = format!("{}name:a{}", "NOT ".repeat(MAX_DEPTH), ",a".repeat(200));
    let commas = format!("@x.y.z:{}", vec!["2026-01-01"; MAX_VALUES].join(","));
    let queries = [list(" OR "), list(" AND "), nots, commas];
    let asked = with_database(&[Item::default()], async |database| {
        for query in &queries {
            let query = Query::parse(query).unwrap();
            for (map, _) in maps(Dialect::Postgres) {
                select(&database, &map.condition(&query, NOW, 1)).await;
            }
        }
        Ok(())
    });
    asked.unwrap();
}

/// Does something in a database that has these items.
fn with_database(
    items: &[Item],
    work: impl AsyncFnOnce(Client) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let Ok(url) = std::env::var("DATABASE_URL") else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (database, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        for (sql, cells) in statements(Dialect::Postgres, items) {
            let values: Vec<Value> = cells.into_iter().map(value).collect();
            execute(&database, &sql, &values).await;
        }
        work(database).await
    })
}

async fn execute(database: &Client, sql: &str, values: &[Value]) -> Vec<usize> {
    let values: Vec<&(dyn ToSql + Sync)> = values.iter().map(|value| &**value).collect();
    let rows = database.query(sql, &values).await;
    let rows = rows.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    rows.iter().map(|row| row.get::<_, i64>(0) as usize).collect()
}

async fn select(database: &Client, sql: &Sql) -> Vec<usize> {
    let parameters = sql.parameters.iter().map(|parameter| -> Value {
        match parameter {
            SqlValue::Blob(bytes) => Box::new(bytes.clone()),
            SqlValue::Boolean(boolean) => Box::new(*boolean),
            SqlValue::Integer(integer) => Box::new(*integer),
            SqlValue::Text(text) => Box::new(text.clone()),
        }
    });
    let statement = format!("SELECT id FROM item WHERE {} ORDER BY id", sql.text);
    execute(database, &statement, &parameters.collect::<Vec<_>>()).await
}

fn value(cell: Cell) -> Value {
    match cell {
        Cell::Boolean(boolean) => Box::new(boolean),
        Cell::Integer(integer) => Box::new(integer),
        Cell::None => Box::new(None::<i64>),
        Cell::Text(text) => Box::new(text),
    }
}
