//! The columns that queries are compiled to, and what is written to them.

use std::sync::LazyLock;

use bytes::{BufMut, BytesMut};
use deadpool_postgres::tokio_postgres::Row;
use deadpool_postgres::tokio_postgres::types::{
    FromSql, IsNull, ToSql, Type, accepts, to_sql_checked,
};
use uuid::Uuid;

use super::failure::Outcome;
use crate::Result;
use crate::asset::{Asset, Version};
use crate::query::sql::{Child, Column, ColumnMap, Dialect, SqlValue};
use crate::store::asset_columns::{
    AssetColumns, FieldColumns, FieldValue, field_values, signature, with_fields,
};
use crate::store::record::document;
use crate::value::AssetId;

/// The fields of `asset_terms`, with their numbers.
const FIELDS: [(i16, &str); 8] = [
    (0, "name"),
    (1, "alias"),
    (2, "domain"),
    (3, "address"),
    (5, "mac"),
    (6, "tag"),
    (7, "owner"),
    (8, "criticality"),
];

/// The number of match keys among the fields. A statement has it as it is, so that a database knows which index has them.
const MATCH_KEY: i16 = 4;

/// Where the fields of assets are. In every statement `$1` is the organization, and `$2` are the assets of which another
/// has a name. Attributes are in the documents, and in
/// the signatures as far as that is needed to leave most documents unread.
pub(super) static ASSETS: LazyLock<ColumnMap> = LazyLock::new(|| {
    let child = |table| Child::new(table, "term.asset", "assets.id").counting("term.position >= 0");
    let name = Column::text("term.text").in_child(child(NAMES));
    let alias = Column::text("term.text").in_child(child(ALIASES));
    let domain = Column::text("term.text").in_child(child(DOMAINS));
    let address = Column::address("term.text", "term.key").in_child(child(ADDRESSES));
    let source = Column::word("source.text").in_child(Child::new(SOURCES, "TRUE", "TRUE"));
    let source = source.listed("assets.sources");
    let map = ColumnMap::new(Dialect::Postgres)
        .with_signature_bits(
            Child::new(SIGNATURES, "signature.asset", "assets.id"),
            "signature.bits",
        )
        .with("id", Column::word("CAST(assets.id AS text)"))
        .with("name_overlap", Column::boolean(HAS_OVERLAP));
    let columns = FieldColumns {
        name,
        alias,
        domain,
        source,
        address,
        mac: Column::text("term.text").in_child(child(MACS)),
        tag: Column::text("term.text").in_child(child(TAGS)),
        owner: Column::text("term.text").in_child(child(OWNERS)),
        criticality: Column::word("term.text").in_child(child(CRITICALITIES)),
    };
    with_fields(map, columns)
});

const NAMES: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 0) AS term";
const ALIASES: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 1) AS term";
const DOMAINS: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 2) AS term";
const ADDRESSES: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 3) AS term";
const MACS: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 5) AS term";
const TAGS: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 6) AS term";
const OWNERS: &str = "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 7) AS term";
const CRITICALITIES: &str =
    "(SELECT * FROM asset_terms WHERE organization = $1 AND field = 8) AS term";

const SIGNATURES: &str = "(SELECT * FROM asset_signatures WHERE organization = $1) AS signature";

/// The lists of sources that there are, at most one more than so many, each by one look into their index.
pub(super) const MOST_LISTS: usize = 1000;
pub(super) const LISTS: &str = "WITH RECURSIVE lists (list, number) AS (
        (SELECT sources, 1 FROM assets WHERE organization = $1 ORDER BY sources LIMIT 1)
        UNION ALL
        SELECT (SELECT sources FROM assets WHERE organization = $1 AND sources > lists.list
                ORDER BY sources LIMIT 1), number + 1
        FROM lists WHERE lists.list IS NOT NULL AND number <= 1000
    ) SELECT list FROM lists WHERE list IS NOT NULL";

/// The words of a list, taken apart.
const SOURCES: &str =
    "(SELECT word AS text FROM unnest(string_to_array(assets.sources, chr(31))) AS words (word)
     WHERE word <> '') AS source";

/// Whether another asset has one of the asset's match keys: whether it is among those that are found so beforehand. Joined
/// with themselves, the keys would be gone through once for each asset as long as the database has not counted them.
const HAS_OVERLAP: &str = "(assets.id = ANY($2))";

/// The assets of an organization of which another has a match key, in one pass over the keys.
pub(super) const OVERLAPPING: &str = "SELECT DISTINCT asset FROM
    (SELECT asset, count(*) OVER (PARTITION BY text) AS holders FROM asset_terms
     WHERE organization = $1 AND field = 4) AS keys
    WHERE holders > 1";

/// An asset, and all that it is found by.
#[derive(Debug)]
pub(super) struct AssetRow {
    pub(super) id: AssetId,
    pub(super) version: Version,
    pub(super) columns: AssetColumns,
    pub(super) signature: Bits,
    pub(super) terms: Vec<Term>,
    pub(super) document: String,
}

/// A value of a field that may have several, in the order of `asset_terms`' key.
#[derive(Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Term {
    pub(super) field: i16,
    pub(super) position: i32,
    pub(super) text: String,
    pub(super) key: Option<String>,
}

impl Term {
    /// The term of a row, and the key of its asset.
    pub(super) fn read(row: &Row) -> Outcome<(Uuid, Self)> {
        let (field, position) = (row.try_get(1)?, row.try_get(2)?);
        let term = Self { field, position, text: row.try_get(3)?, key: row.try_get(4)? };
        Ok((row.try_get(0)?, term))
    }
}

impl AssetRow {
    pub(super) fn of(asset: &Asset) -> Result<Self> {
        Ok(Self {
            id: asset.id,
            version: asset.version,
            columns: AssetColumns::of(asset),
            signature: Bits(signature(asset).as_bytes().to_vec()),
            terms: terms(asset),
            document: document("asset", asset)?,
        })
    }
}

fn terms(asset: &Asset) -> Vec<Term> {
    let term = |field, FieldValue { position, text, key }| Term {
        field,
        position: i32::try_from(position).unwrap_or(i32::MAX),
        text,
        key,
    };
    let values = FIELDS.into_iter().flat_map(|(field, name)| {
        field_values(asset, name).into_iter().map(move |value| term(field, value))
    });
    let keys = (0..).zip(asset.match_keys()).map(|(position, key)| Term {
        field: MATCH_KEY,
        position,
        text: key.to_string(),
        key: None,
    });
    values.chain(keys).collect()
}

/// A string of bits.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Bits(Vec<u8>);

impl ToSql for Bits {
    fn to_sql(
        &self,
        _: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        out.put_i32(i32::try_from(self.0.len().saturating_mul(8))?);
        out.put_slice(&self.0);
        Ok(IsNull::No)
    }

    accepts!(BIT, VARBIT);
    to_sql_checked!();
}

impl<'a> FromSql<'a> for Bits {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        // The number of bits goes before them.
        let bits = raw.get(4..).ok_or("bits without their number")?;
        Ok(Self(bits.to_vec()))
    }

    accepts!(BIT, VARBIT);
}

/// A parameter of a compiled query.
pub(super) fn parameter(value: SqlValue) -> Box<dyn ToSql + Sync + Send> {
    match value {
        SqlValue::Blob(bytes) => Box::new(Bits(bytes)),
        SqlValue::Boolean(boolean) => Box::new(boolean),
        SqlValue::Integer(integer) => Box::new(integer),
        SqlValue::Text(text) => Box::new(text),
    }
}
