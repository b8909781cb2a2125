//! The columns that queries are compiled to, and what is written to them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::{Connection, Params, params};

use super::failure::Outcome;
use crate::asset::Asset;
use crate::query::sql::{AttributeBloom, Child, Column, ColumnMap, Dialect, SqlValue};
use crate::store::asset_columns::{
    AssetColumns, DOMAIN, FieldColumns, FieldValue, SOURCE, field_values, signature, with_fields,
};

/// Where the fields of assets are. Attributes are in the documents, and in the signatures as far as that
/// is needed to leave most documents unread: a row for each would make the file three times as large and writing
/// as much slower, where a signature adds a sixth to the one and a tenth to the other.
pub(super) static ASSETS: LazyLock<ColumnMap> = LazyLock::new(|| {
    let id = "lower(substr(hex(assets.id), 1, 8) || '-' || substr(hex(assets.id), 9, 4) || '-' || \
              substr(hex(assets.id), 13, 4) || '-' || substr(hex(assets.id), 17, 4) || '-' || \
              substr(hex(assets.id), 21))";
    let names = Child::new("asset_names", "asset_names.asset", "assets.number");
    let names = names.counting("asset_names.position >= 0").selective();
    let signatures = Child::new("asset_signatures", "asset_signatures.asset", "assets.number");
    let aliases = Child::new(ALIASES, "asset_aliases.asset", "assets.number");
    let aliases = aliases.counting("asset_aliases.position >= 0");
    let domains = Child::new(DOMAINS, "asset_domains.asset", "assets.number");
    let domains = domains.counting("asset_domains.position >= 0");
    let sources = Child::new("asset_sources", "asset_sources.asset", "assets.number");
    let addresses = Child::new("asset_addresses", "asset_addresses.asset", "assets.number");
    let name = Column::text("asset_names.text").in_child(names);
    let alias = Column::text("asset_aliases.text").in_child(aliases);
    let domain = Column::text("asset_domains.text").in_child(domains);
    let source = Column::word("asset_sources.text").in_child(sources).listed("assets.sources");
    let address =
        Column::address("asset_addresses.text", "asset_addresses.key").in_child(addresses);
    let map = ColumnMap::new(Dialect::Sqlite)
        .with_signatures(signatures, "asset_signatures.bits", COVERS)
        .with("id", Column::word(id))
        .with("name_overlap", Column::boolean(NAME_OVERLAP));
    let text = |table, owner| Child::new(table, owner, "assets.number");
    let mac = text(MACS, "asset_macs.asset").counting("asset_macs.position >= 0");
    let columns = FieldColumns {
        name,
        alias,
        domain,
        source,
        address,
        mac: Column::text("asset_macs.text").in_child(mac.selective()),
        tag: Column::text("asset_tags.text").in_child(text(TAGS, "asset_tags.asset")),
        owner: Column::text("asset_owners.text").in_child(text(OWNERS, "asset_owners.asset")),
        criticality: Column::word("asset_criticalities.text")
            .in_child(text(CRITICALITIES, "asset_criticalities.asset")),
    };
    with_fields(map, columns)
});

/// Whether another asset has one of the asset's match keys, of all assets: the keys are looked through once.
const NAME_OVERLAP: &str =
    "(assets.number IN (SELECT asset FROM match_keys NATURAL JOIN
             (SELECT organization, key FROM match_keys GROUP BY organization, key HAVING count(*) > 1)))";

/// The same of the one asset with number ?1.
pub(super) const HAS_OVERLAP: &str =
    "SELECT EXISTS (SELECT 1 FROM match_keys AS own JOIN match_keys AS other
     ON other.organization = own.organization AND other.key = own.key AND other.asset <> own.asset
     WHERE own.asset = ?1)";

/// The function by which SQL asks [`AttributeBloom::covers`].
const COVERS: &str = "signature_covers";

/// The fields of `asset_texts`, in the order of their numbers.
const LISTS: [&str; 8] = [SOURCE, "alias", DOMAIN, "address", "mac", "tag", "owner", "criticality"];

/// The fields that may have a name in two forms, with the positions of both.
const ALIASES: &str =
    "(SELECT asset, position, text FROM asset_texts WHERE field = 1) AS asset_aliases";
const DOMAINS: &str =
    "(SELECT asset, position, text FROM asset_texts WHERE field = 2) AS asset_domains";

/// What few assets have.
const MACS: &str = "(SELECT asset, position, text FROM asset_texts WHERE field = 4) AS asset_macs";
const TAGS: &str = "(SELECT asset, text FROM asset_texts WHERE field = 5) AS asset_tags";
const OWNERS: &str = "(SELECT asset, text FROM asset_texts WHERE field = 6) AS asset_owners";
const CRITICALITIES: &str =
    "(SELECT asset, text FROM asset_texts WHERE field = 7) AS asset_criticalities";

/// Teaches a connection the functions that compiled queries call.
pub(super) fn register_functions(connection: &Connection) -> Outcome<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    let covers = |context: &Context<'_>| {
        let bits = |n| context.get_raw(n).as_blob();
        Ok(AttributeBloom::covers(bits(0)?, bits(1)?))
    };
    Ok(connection.create_scalar_function(COVERS, 2, flags, covers)?)
}

/// The rows of an asset in `asset_texts`, but for its number: each with that of its field.
pub(super) fn texts(asset: &Asset) -> Vec<(i64, FieldValue)> {
    let fields = (0_i64..).zip(LISTS);
    let values = |(field, name)| field_values(asset, name).into_iter().map(move |it| (field, it));
    fields.flat_map(values).collect()
}

/// What of an asset is written otherwise than its record says, of all that it is found by.
pub(super) fn stale(
    connection: &Connection,
    number: i64,
    asset: &Asset,
) -> Outcome<Option<&'static str>> {
    if columns(connection, number)? != AssetColumns::of(asset) {
        return Ok(Some("site, system, time or name"));
    }
    let sql = "SELECT position, text, NULL FROM asset_names WHERE asset = ?1 ORDER BY position";
    if listed_rows(connection, sql, params![number])? != sorted(field_values(asset, "name")) {
        return Ok(Some("set of names"));
    }
    let sql = "SELECT position, text, key FROM asset_texts WHERE asset = ?1 AND field = ?2
               ORDER BY position";
    for (field, name) in (0_i64..).zip(LISTS) {
        if listed_rows(connection, sql, params![number, field])?
            != sorted(field_values(asset, name))
        {
            return Ok(Some(name));
        }
    }
    let mut statement = connection.prepare_cached(
        "SELECT match_keys.organization = assets.organization, key FROM match_keys, assets
         WHERE asset = ?1 AND number = ?1 ORDER BY key",
    )?;
    let keys = statement.query_map([number], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let keys: Vec<(bool, String)> = keys.collect::<rusqlite::Result<_>>()?;
    let expected: BTreeSet<String> =
        asset.match_keys().iter().map(|key| key.as_str().to_owned()).collect();
    if !keys.into_iter().eq(expected.into_iter().map(|key| (true, key))) {
        return Ok(Some("set of match keys"));
    }
    let sql = "SELECT EXISTS (SELECT 1 FROM asset_signatures WHERE asset = ?1 AND bits = ?2)";
    let signature = signature(asset);
    let parameters = params![number, signature.as_bytes()];
    let is_there: bool = connection.prepare_cached(sql)?.query_row(parameters, |row| row.get(0))?;
    Ok((!is_there).then_some("signature of attributes"))
}

fn columns(connection: &Connection, number: i64) -> Outcome<AssetColumns> {
    let sql = "SELECT site, os, os_version, type, first_seen, last_seen, name, sources, domains
               FROM assets WHERE number = ?1";
    let read = |row: &rusqlite::Row<'_>| {
        Ok(AssetColumns {
            site: row.get(0)?,
            os: row.get(1)?,
            os_version: row.get(2)?,
            kind: row.get(3)?,
            first_seen: row.get(4)?,
            last_seen: row.get(5)?,
            name: row.get(6)?,
            sources: row.get(7)?,
            domains: row.get(8)?,
        })
    };
    Ok(connection.prepare_cached(sql)?.query_row([number], read)?)
}

fn listed_rows(connection: &Connection, sql: &str, of: impl Params) -> Outcome<Vec<FieldValue>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(of, |row| {
        Ok(FieldValue { position: row.get(0)?, text: row.get(1)?, key: row.get(2)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn sorted(mut rows: Vec<FieldValue>) -> Vec<FieldValue> {
    rows.sort_by_key(|row| row.position);
    rows
}

/// A parameter of a compiled query.
pub(super) fn parameter(value: SqlValue) -> rusqlite::types::Value {
    use rusqlite::types::Value;
    match value {
        SqlValue::Blob(bytes) => Value::Blob(bytes),
        SqlValue::Boolean(boolean) => Value::Integer(boolean.into()),
        SqlValue::Integer(integer) => Value::Integer(integer),
        SqlValue::Text(text) => Value::Text(text),
    }
}
