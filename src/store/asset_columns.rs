//! What assets are found by, for the stores that have columns.

use std::borrow::Cow;
use std::ops::ControlFlow;

use crate::asset::{Asset, Facet};
use crate::query::sql::{AttributeBloom, Column, ColumnMap};
use crate::query::{Fields, Value, fold_case};

pub(super) const SOURCE: &str = "source";
pub(super) const DOMAIN: &str = "domain";

/// What queries ask for in the row of an asset.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct AssetColumns {
    pub(super) site: String,
    pub(super) os: Option<String>,
    pub(super) os_version: Option<String>,
    pub(super) kind: Option<String>,
    pub(super) first_seen: Option<i64>,
    pub(super) last_seen: Option<i64>,
    pub(super) name: Option<String>,
    pub(super) sources: String,
    pub(super) domains: String,
}

impl AssetColumns {
    pub(super) fn of(asset: &Asset) -> Self {
        Self {
            site: fold_case(asset.site.as_str()),
            os: asset.os().map(fold_case),
            os_version: asset.os_version().map(fold_case),
            kind: asset.kind().map(fold_case),
            first_seen: asset.first_seen().map(|time| time.as_micros()),
            last_seen: asset.last_seen().map(|time| time.as_micros()),
            name: asset.live_names().next().map(|name| fold_case(&name.to_unicode())),
            sources: listed(asset, SOURCE),
            domains: listed(asset, DOMAIN),
        }
    }
}

/// Where the fields are that an asset may have several values of.
#[derive(Clone, Copy, Debug)]
pub(super) struct FieldColumns {
    pub(super) name: Column,
    pub(super) alias: Column,
    pub(super) domain: Column,
    pub(super) source: Column,
    pub(super) address: Column,
    pub(super) mac: Column,
    pub(super) tag: Column,
    pub(super) owner: Column,
    pub(super) criticality: Column,
}

/// A map with these as well, each under both of its names, and with what is in the row of an asset itself.
pub(super) fn with_fields(map: ColumnMap, columns: FieldColumns) -> ColumnMap {
    map.with("name", columns.name)
        .with("names", columns.name)
        .with("alias", columns.alias)
        .with("aliases", columns.alias)
        .with("domain", columns.domain)
        .with("domains", columns.domain)
        .with("source", columns.source)
        .with("sources", columns.source)
        .with("address", columns.address)
        .with("addresses", columns.address)
        .with("mac", columns.mac)
        .with("macs", columns.mac)
        .with("tag", columns.tag)
        .with("tags", columns.tag)
        .with("owner", columns.owner)
        .with("criticality", columns.criticality)
        // Asked for too seldom to be kept twice.
        .with("hw", Column::residual())
        .with("comment", Column::residual())
        .with("state", Column::residual())
        .with("site", Column::word("assets.site"))
        .with("os", Column::text("assets.os"))
        .with("os_version", Column::text("assets.os_version"))
        // Worked out of the two by a request, which names the systems that it means.
        .with("os_product", Column::residual())
        .with("os_eol", Column::residual())
        .with("os_eol_extended", Column::residual())
        // The same of an attribute.
        .with("service", Column::residual())
        .with("services", Column::residual())
        .with("type", Column::word("assets.type"))
        .with("first_seen", Column::time("assets.first_seen"))
        .with("last_seen", Column::time("assets.last_seen"))
}

/// The values of a field, with a separator around each.
fn listed(asset: &Asset, field: &str) -> String {
    let mut list = String::from(Column::WORD_SEPARATOR);
    let _ = asset.field(field, &mut |value| {
        if let Value::Text(word) | Value::Word(word) | Value::Name { unicode: word, .. } = value {
            list.push_str(&fold_case(word));
            list.push(Column::WORD_SEPARATOR);
        }
        ControlFlow::Continue(())
    });
    list
}

/// Which attributes an asset may have, and with what values.
pub(super) fn signature(asset: &Asset) -> AttributeBloom {
    let mut signature = AttributeBloom::new();
    asset.each_attribute(|source, name, value| signature.add(source, name, value));
    signature
}

/// The values of a facet, by its column: the lists, or what is one value.
pub(super) fn facet_values(facet: Facet, column: Option<&str>) -> Vec<Cow<'_, str>> {
    let Some(column) = column else { return Vec::new() };
    let listed = || column.split(Column::WORD_SEPARATOR).filter(|word| !word.is_empty());
    let mut values: Vec<&str> = match facet {
        Facet::Domain => listed().collect(),
        Facet::Os | Facet::Site | Facet::Type => vec![column],
        // Their kinds alone, and not `ldap/corp.example`.
        Facet::Source => listed().filter(|source| !source.contains('/')).collect(),
    };
    values.sort_unstable();
    values.dedup();
    values.into_iter().map(Cow::Borrowed).collect()
}

/// A value of a field, as queries find it.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct FieldValue {
    /// The place among the field's values. The second form of a name is found and not counted, so it has the
    /// place of the name below zero: -1 for the first.
    pub(super) position: i64,
    pub(super) text: String,
    /// The key of an address.
    pub(super) key: Option<String>,
}

/// The values of one field, as the evaluator sees them.
pub(super) fn field_values(asset: &Asset, field: &str) -> Vec<FieldValue> {
    let mut values = Vec::new();
    let mut position = 0;
    let _ = asset.field(field, &mut |value| {
        let mut add = |position, text, key| values.push(FieldValue { position, text, key });
        match value {
            Value::Text(text) | Value::Word(text) => add(position, fold_case(text), None),
            Value::Name { unicode, ascii } => {
                add(position, fold_case(unicode), None);
                add(-1 - position, fold_case(ascii), None);
            }
            Value::Address(ip) => {
                add(position, ip.to_canonical().to_string(), Some(Column::address_key(ip)))
            }
            _ => return ControlFlow::Continue(()),
        }
        position += 1;
        ControlFlow::Continue(())
    });
    values
}
