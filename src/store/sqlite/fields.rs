//! The columns that queries are compiled to, and what is written to them.

use std::ops::ControlFlow;
use std::sync::LazyLock;

use rusqlite::types::ToSqlOutput;
use rusqlite::{CachedStatement, Connection, ToSql, params};

use super::failure::Outcome;
use crate::asset::Asset;
use crate::query::{
    Child, Column, ColumnMap, Dialect, Fields, SqlValue, Value, address_key, fold_case,
};

/// Where the fields of assets are. Attributes are in the documents alone: a row for each would make the
/// file three times as large and writing as much slower.
pub(super) static ASSETS: LazyLock<ColumnMap> = LazyLock::new(|| {
    let id = "lower(substr(hex(assets.id), 1, 8) || '-' || substr(hex(assets.id), 9, 4) || '-' || \
              substr(hex(assets.id), 13, 4) || '-' || substr(hex(assets.id), 17, 4) || '-' || \
              substr(hex(assets.id), 21))";
    let names = Child::new("asset_names", "asset_names.asset", "assets.number");
    let aliases = Child::new("asset_aliases", "asset_aliases.asset", "assets.number");
    let domains = Child::new("asset_domains", "asset_domains.asset", "assets.number");
    let sources = Child::new("asset_sources", "asset_sources.asset", "assets.number");
    let addresses = Child::new("asset_addresses", "asset_addresses.asset", "assets.number");
    let name = Column::text("asset_names.text").in_child(names);
    let alias = Column::text("asset_aliases.text").in_child(aliases);
    let domain = Column::text("asset_domains.text").in_child(domains);
    let source = Column::word("asset_sources.text").in_child(sources);
    let address =
        Column::address("asset_addresses.text", "asset_addresses.key").in_child(addresses);
    ColumnMap::new(Dialect::Sqlite)
        .with_residual_attributes()
        .with("id", Column::word(id))
        .with("name", name)
        .with("names", name)
        .with("alias", alias)
        .with("aliases", alias)
        .with("domain", domain)
        .with("domains", domain)
        .with("source", source)
        .with("sources", source)
        .with("address", address)
        .with("addresses", address)
        .with("site", Column::word("assets.site"))
        .with("os", Column::text("assets.os"))
        .with("os_version", Column::text("assets.os_version"))
        .with("type", Column::word("assets.type"))
        .with("first_seen", Column::time("assets.first_seen"))
        .with("last_seen", Column::time("assets.last_seen"))
});

/// The fields of `asset_texts`, in the order of their numbers.
const LISTS: [&str; 5] = ["name", "alias", "domain", "source", "address"];

/// What queries ask for in the row of an asset.
pub(super) struct Columns {
    pub(super) site: String,
    pub(super) os: Option<String>,
    pub(super) os_version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) first_seen: Option<i64>,
    pub(super) last_seen: Option<i64>,
}

impl Columns {
    pub(super) fn of(asset: &Asset) -> Self {
        Self {
            site: fold_case(asset.site.as_str()),
            os: asset.os().map(fold_case),
            os_version: asset.os_version().map(fold_case),
            kind: asset.kind().map(fold_case),
            first_seen: asset.first_seen().map(|time| time.as_micros()),
            last_seen: asset.last_seen().map(|time| time.as_micros()),
        }
    }
}

/// Writes what an asset may have several of. Nothing is written of it yet.
pub(super) fn write_lists(connection: &Connection, number: i64, asset: &Asset) -> Outcome<()> {
    let sql = "INSERT INTO asset_texts (asset, field, position, text, key)
               VALUES (?1, ?2, ?3, ?4, ?5)";
    let mut insert = connection.prepare_cached(sql)?;
    for (field, name) in (0..).zip(LISTS) {
        write_list(&mut insert, number, field, asset, name)?;
    }
    Ok(())
}

/// Writes the values of one field, as the evaluator sees them.
fn write_list(
    insert: &mut CachedStatement<'_>,
    asset: i64,
    field: i64,
    record: &Asset,
    name: &str,
) -> Outcome<()> {
    let mut position = 0_i64;
    let mut outcome = Ok(());
    let _ = record.field(name, &mut |value| {
        let (text, key) = match value {
            Value::Text(text) | Value::Word(text) => (fold_case(text), None),
            Value::Address(ip) => (ip.to_canonical().to_string(), Some(address_key(ip))),
            _ => return ControlFlow::Continue(()),
        };
        let written = insert.execute(params![asset, field, position, text, key]);
        position += 1;
        match written {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => {
                outcome = Err(error.into());
                ControlFlow::Break(())
            }
        }
    });
    outcome
}

/// A parameter of a compiled query.
pub(super) struct Parameter<'a>(pub(super) &'a SqlValue);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            SqlValue::Boolean(boolean) => boolean.to_sql(),
            SqlValue::Integer(integer) => integer.to_sql(),
            SqlValue::Text(text) => text.to_sql(),
        }
    }
}
