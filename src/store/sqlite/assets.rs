//! Writing assets. A batch has many, and each many rows, so the statements are looked up once for all of them.

use std::collections::BTreeSet;

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::failure::Outcome;
use super::rows::AssetRows;
use crate::asset::Version;
use crate::store::asset_columns::FieldValue;
use crate::store::record::key;

/// Writes assets with all that they are found by.
pub(super) struct AssetWriter<'c> {
    connection: &'c Connection,
    insert: CachedStatement<'c>,
    insert_document: CachedStatement<'c>,
    insert_name: CachedStatement<'c>,
    insert_text: CachedStatement<'c>,
    insert_key: CachedStatement<'c>,
    put_signature: CachedStatement<'c>,
}

impl<'c> AssetWriter<'c> {
    pub(super) fn of(connection: &'c Connection) -> Outcome<Self> {
        Ok(Self {
            connection,
            insert: connection.prepare_cached(
                "INSERT INTO assets (organization, id, version, site, os, os_version, type,
                                     first_seen, last_seen, name, sources, domains)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
                 ON CONFLICT DO NOTHING",
            )?,
            insert_document: connection
                .prepare_cached("INSERT INTO asset_documents (asset, document) VALUES (?1, ?2)")?,
            insert_name: connection.prepare_cached(
                "INSERT INTO asset_names (asset, position, text) VALUES (?1, ?2, ?3)",
            )?,
            insert_text: connection.prepare_cached(
                "INSERT INTO asset_texts (asset, field, position, text, key)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?,
            insert_key: connection.prepare_cached(
                "INSERT INTO match_keys (organization, key, asset) VALUES (?1, ?2, ?3)",
            )?,
            put_signature: connection.prepare_cached(
                "INSERT INTO asset_signatures (asset, bits) VALUES (?1, ?2)
                 ON CONFLICT DO UPDATE SET bits = ?2 WHERE bits <> ?2",
            )?,
        })
    }

    /// Writes an asset that is not there; false if it is.
    pub(super) fn insert(&mut self, organization: i64, asset: &AssetRows) -> Outcome<bool> {
        let columns = &asset.columns;
        let rows = self.insert.execute(params![
            organization,
            key(asset.id.as_u128()),
            asset.version.cast_signed(),
            columns.site,
            columns.os,
            columns.os_version,
            columns.kind,
            columns.first_seen,
            columns.last_seen,
            columns.name,
            columns.sources,
            columns.domains,
        ])?;
        if rows == 0 {
            return Ok(false);
        }
        let number = self.connection.last_insert_rowid();
        self.insert_document.execute(params![number, asset.document])?;
        self.write_lists(number, asset)?;
        for key in &asset.keys {
            self.insert_key.execute(params![organization, key.as_str(), number])?;
        }
        Ok(true)
    }

    /// Writes over an asset; false if it is not there at this version.
    pub(super) fn update(
        &mut self,
        organization: i64,
        expected: Version,
        asset: &AssetRows,
    ) -> Outcome<bool> {
        let Some(number) = self.update_columns(organization, expected, asset)? else {
            return Ok(false);
        };
        let sql = "UPDATE asset_documents SET document = ?2 WHERE asset = ?1";
        self.connection.prepare_cached(sql)?.execute(params![number, asset.document])?;
        for sql in
            ["DELETE FROM asset_names WHERE asset = ?1", "DELETE FROM asset_texts WHERE asset = ?1"]
        {
            self.connection.prepare_cached(sql)?.execute([number])?;
        }
        self.write_lists(number, asset)?;
        self.update_keys(organization, number, asset)?;
        Ok(true)
    }

    /// The number of the asset, if it is there at this version.
    fn update_columns(
        &self,
        organization: i64,
        expected: Version,
        asset: &AssetRows,
    ) -> Outcome<Option<i64>> {
        let sql = "UPDATE assets SET version = ?4, site = ?5, os = ?6, os_version = ?7, type = ?8,
                                     first_seen = ?9, last_seen = ?10, name = ?11, sources = ?12,
                                     domains = ?13
                   WHERE organization = ?1 AND id = ?2 AND version = ?3 RETURNING number";
        let columns = &asset.columns;
        let parameters = params![
            organization,
            key(asset.id.as_u128()),
            expected.cast_signed(),
            asset.version.cast_signed(),
            columns.site,
            columns.os,
            columns.os_version,
            columns.kind,
            columns.first_seen,
            columns.last_seen,
            columns.name,
            columns.sources,
            columns.domains,
        ];
        let mut statement = self.connection.prepare_cached(sql)?;
        Ok(statement.query_row(parameters, |row| row.get(0)).optional()?)
    }

    /// Writes what an asset may have several of, and its signature. Nothing is written of the former yet.
    fn write_lists(&mut self, number: i64, asset: &AssetRows) -> Outcome<()> {
        for FieldValue { position, text, .. } in &asset.names {
            self.insert_name.execute(params![number, position, text])?;
        }
        for (field, FieldValue { position, text, key }) in &asset.texts {
            self.insert_text.execute(params![number, field, position, text, key])?;
        }
        self.put_signature.execute(params![number, asset.signature.as_bytes()])?;
        Ok(())
    }

    /// Files an asset under its match keys. Most updates change none of them, and then write nothing.
    fn update_keys(&mut self, organization: i64, number: i64, asset: &AssetRows) -> Outcome<()> {
        let mut wanted: BTreeSet<&str> = asset.keys.iter().map(|key| key.as_str()).collect();
        let mut stale = Vec::new();
        let mut statement =
            self.connection.prepare_cached("SELECT key FROM match_keys WHERE asset = ?1")?;
        let mut rows = statement.query([number])?;
        while let Some(row) = rows.next()? {
            let present: String = row.get(0)?;
            if !wanted.remove(present.as_str()) {
                stale.push(present);
            }
        }
        let sql = "DELETE FROM match_keys WHERE organization = ?1 AND key = ?2 AND asset = ?3";
        for key in stale {
            self.connection.prepare_cached(sql)?.execute(params![organization, key, number])?;
        }
        for key in wanted {
            self.insert_key.execute(params![organization, key, number])?;
        }
        Ok(())
    }
}
