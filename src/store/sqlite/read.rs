//! Reading records by their keys.

use std::collections::BTreeSet;

use rusqlite::{Connection, Params, params};
use serde::de::DeserializeOwned;

use super::failure::Outcome;
use super::record::{self, bytes, read_link};
use super::row_id;
use super::sighting::Sightings;
use crate::asset::{
    Asset, AssetsRequest, Constraint, Link, MergeRecord, Redirect, RunRecord, Waiting,
};
use crate::name::MatchKey;
use crate::store::record::key;
use crate::value::{
    AssetId, Checkpoint, MergeId, ObjectGuid, OrganizationId, RecordDigest, RunId, SourceId,
};

/// At most `limit` links in the order of their objects, behind `after`.
pub(super) fn links(
    connection: &Connection,
    organization: &OrganizationId,
    source: &SourceId,
    after: Option<ObjectGuid>,
    limit: usize,
    sightings: &mut Sightings,
) -> Outcome<Vec<Link>> {
    let Some(source) = row_id::source(connection, organization, source)? else {
        return Ok(Vec::new());
    };
    let sql = format!(
        "SELECT {} FROM links WHERE source = ?1 AND object > ?2 ORDER BY object LIMIT ?3",
        record::LINK
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let after: &[u8] = after.as_ref().map_or(&[], |object| object.as_bytes());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let read = |row: &rusqlite::Row<'_>| read_link(connection, row, sightings);
    statement.query_and_then(params![source, after, limit], read)?.collect()
}

/// The links of these objects, as far as there are any.
pub(super) fn links_of(
    connection: &Connection,
    organization: &OrganizationId,
    source: &SourceId,
    objects: Vec<ObjectGuid>,
) -> Outcome<Vec<Link>> {
    let Some(source) = row_id::source(connection, organization, source)? else {
        return Ok(Vec::new());
    };
    let sql = format!("SELECT {} FROM links WHERE source = ?1 AND object = ?2", record::LINK);
    let mut sightings = Sightings::default();
    let objects: BTreeSet<ObjectGuid> = objects.into_iter().collect();
    let keys = objects.iter().map(|object| (source, object.as_bytes()));
    each(connection, &sql, keys, |row| read_link(connection, row, &mut sightings))
}

/// The first assets that are asked for, or all if they are asked for by their ids.
pub(super) fn each_asset(
    connection: &Connection,
    request: &AssetsRequest,
    limit: usize,
) -> Outcome<Vec<PackedAsset>> {
    if let Some(ids) = &request.ids {
        return assets(connection, &request.organization, ids, request.after);
    }
    let Some(organization) = row_id::organization(connection, &request.organization)? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT id, document FROM assets JOIN asset_documents ON asset = number
               WHERE organization = ?1 AND id > ?2 ORDER BY id LIMIT ?3";
    let after = request.after.map(|id| key(id.as_u128()));
    let after: &[u8] = after.as_ref().map_or(&[], |id| id);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    each(connection, sql, [params![organization, after, limit]], packed_asset)
}

pub(super) fn candidates(
    connection: &Connection,
    organization: &OrganizationId,
    keys: &[MatchKey],
) -> Outcome<Vec<Asset>> {
    let Some(organization) = row_id::organization(connection, organization)? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT asset FROM match_keys WHERE organization = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut numbers: BTreeSet<i64> = BTreeSet::new();
    for key in keys {
        let mut rows = statement.query(params![organization, key.as_str()])?;
        while let Some(row) = rows.next()? {
            numbers.insert(row.get(0)?);
        }
    }
    let sql = "SELECT id, document FROM assets JOIN asset_documents ON asset = number
               WHERE number = ?1";
    each(connection, sql, numbers.into_iter().map(|number| [number]), asset)
}

fn assets(
    connection: &Connection,
    organization: &OrganizationId,
    ids: &[AssetId],
    after: Option<AssetId>,
) -> Outcome<Vec<PackedAsset>> {
    let Some(organization) = row_id::organization(connection, organization)? else {
        return Ok(Vec::new());
    };
    let ids: BTreeSet<AssetId> = ids.iter().copied().filter(|id| Some(*id) > after).collect();
    let sql = "SELECT id, document FROM assets JOIN asset_documents ON asset = number
               WHERE organization = ?1 AND id = ?2";
    let keys = ids.into_iter().map(|id| (organization, key(id.as_u128())));
    each(connection, sql, keys, packed_asset)
}

pub(super) fn redirects(
    connection: &Connection,
    organization: &OrganizationId,
    ids: &[AssetId],
) -> Outcome<Vec<Redirect>> {
    let Some(organization) = row_id::organization(connection, organization)? else {
        return Ok(Vec::new());
    };
    let ids: BTreeSet<&AssetId> = ids.iter().collect();
    let sql = "SELECT id, leads_to, version FROM redirects WHERE organization = ?1 AND id = ?2";
    let keys = ids.into_iter().map(|id| (organization, key(id.as_u128())));
    let asset = |row: &rusqlite::Row<'_>, column| -> Outcome<AssetId> {
        Ok(AssetId::from_u128(u128::from_be_bytes(bytes(row, column, "redirect")?)))
    };
    each(connection, sql, keys, |row| {
        let version = row.get::<_, i64>(2)?.cast_unsigned();
        Ok(Redirect { from: asset(row, 0)?, to: asset(row, 1)?, version })
    })
}

pub(super) fn waiting(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<Vec<Waiting>> {
    let sql = "SELECT object, document FROM waiting WHERE source IN
               (SELECT number FROM sources WHERE organization =
                   (SELECT number FROM organizations WHERE id = ?1))
               ORDER BY source, object";
    each(connection, sql, [[organization.as_str()]], object)
}

/// Every source that something was written for.
pub(super) fn sources(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<Vec<SourceId>> {
    let Some(organization) = row_id::organization(connection, organization)? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT id FROM sources WHERE organization = ?1 ORDER BY id";
    let mut statement = connection.prepare_cached(sql)?;
    let ids = statement.query_map([organization], |row| row.get(0))?;
    let ids: Vec<String> = ids.collect::<rusqlite::Result<_>>()?;
    let damaged = |id: &str, cause| super::failure::damaged("source", id, cause);
    ids.into_iter().map(|id| id.parse().map_err(|cause| damaged(&id, cause))).collect()
}

/// The links of all sources that have a home.
pub(super) fn moved(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<Vec<(SourceId, Link)>> {
    let Some(organization) = row_id::organization(connection, organization)? else {
        return Ok(Vec::new());
    };
    let sql = "SELECT number, id FROM sources WHERE organization = ?1 ORDER BY number";
    let mut statement = connection.prepare_cached(sql)?;
    let sources = statement.query_map([organization], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sources: Vec<(i64, String)> = sources.collect::<rusqlite::Result<_>>()?;
    let sql = format!(
        "SELECT {} FROM links WHERE source = ?1 AND home IS NOT NULL ORDER BY object",
        record::LINK
    );
    let mut moved = Vec::new();
    for (number, id) in sources {
        let source: SourceId =
            id.parse().map_err(|cause| super::failure::damaged("source", &id, cause))?;
        let mut statement = connection.prepare_cached(&sql)?;
        let mut sightings = Sightings::default();
        let links =
            statement.query_and_then([number], |row| read_link(connection, row, &mut sightings))?;
        for link in links {
            moved.push((source.clone(), link?));
        }
    }
    Ok(moved)
}

pub(super) fn constraints(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<Vec<Constraint>> {
    let sql = "SELECT object, document FROM decisions
               WHERE organization = (SELECT number FROM organizations WHERE id = ?1)
               ORDER BY source, object, asset, kind";
    let read = |row: &rusqlite::Row<'_>| {
        let object = ObjectGuid::from_bytes(bytes(row, 0, "constraint")?);
        record::read(row, 1, "constraint", || object)
    };
    each(connection, sql, [[organization.as_str()]], read)
}

pub(super) fn merges(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<Vec<MergeRecord>> {
    let sql = "SELECT id, document FROM merges
               WHERE organization = (SELECT number FROM organizations WHERE id = ?1)
               ORDER BY at, id";
    let read = |row: &rusqlite::Row<'_>| {
        let id = MergeId::from_u128(u128::from_be_bytes(bytes(row, 0, "merge")?));
        record::read(row, 1, "merge", || id)
    };
    each(connection, sql, [[organization.as_str()]], read)
}

pub(super) fn checkpoint(
    connection: &Connection,
    organization: &OrganizationId,
    source: &SourceId,
    key: RecordDigest,
) -> Outcome<Option<Checkpoint>> {
    let Some(number) = row_id::source(connection, organization, source)? else { return Ok(None) };
    let sql = "SELECT document FROM checkpoints WHERE source = ?1 AND key = ?2";
    let read =
        |row: &rusqlite::Row<'_>| record::read(row, 0, "checkpoint of source", || source.clone());
    Ok(each(connection, sql, [(number, key.0)], read)?.pop())
}

pub(super) fn runs(
    connection: &Connection,
    organization: &OrganizationId,
    source: &SourceId,
    limit: usize,
) -> Outcome<Vec<RunRecord>> {
    let mut runs = Vec::new();
    if let Some(source) = row_id::source(connection, organization, source)? {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        each_run(connection, source, limit, |run| runs.push(run))?;
    }
    Ok(runs)
}

/// The latest runs of the source of this number, the newest first, at most so many.
pub(super) fn each_run(
    connection: &Connection,
    source: i64,
    limit: i64,
    mut hear: impl FnMut(RunRecord),
) -> Outcome<()> {
    let sql = "SELECT id, document FROM runs WHERE source = ?1
               ORDER BY started DESC, id DESC LIMIT ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((source, limit))?;
    while let Some(row) = rows.next()? {
        let id = RunId::from_u128(u128::from_be_bytes(bytes(row, 0, "run")?));
        hear(record::read(row, 1, "run", || id)?);
    }
    Ok(())
}

/// An asset as it is kept, to be unpacked elsewhere.
#[derive(Debug)]
pub(super) struct PackedAsset {
    pub(super) id: AssetId,
    document: Vec<u8>,
}

impl PackedAsset {
    pub(super) fn unpack(self) -> Outcome<Asset> {
        record::unpack(&self.document, "asset", self.id)
    }
}

fn packed_asset(row: &rusqlite::Row<'_>) -> Outcome<PackedAsset> {
    let id = asset_id(row)?;
    Ok(PackedAsset { id, document: record::packed(row, 1, "asset", id)?.to_owned() })
}

/// The asset of a row of id and packed document.
pub(super) fn asset(row: &rusqlite::Row<'_>) -> Outcome<Asset> {
    let id = asset_id(row)?;
    record::unpack(record::packed(row, 1, "asset", id)?, "asset", id)
}

fn asset_id(row: &rusqlite::Row<'_>) -> Outcome<AssetId> {
    Ok(AssetId::from_u128(u128::from_be_bytes(bytes(row, 0, "asset")?)))
}

/// The user or group of a row of objectGUID and document.
pub(super) fn object<T: DeserializeOwned>(row: &rusqlite::Row<'_>) -> Outcome<T> {
    let object = ObjectGuid::from_bytes(bytes(row, 0, "object")?);
    record::read(row, 1, "object", || object)
}

/// The records of all rows that a statement yields for each of some parameters.
pub(super) fn each<T, P: Params>(
    connection: &Connection,
    sql: &str,
    parameters: impl IntoIterator<Item = P>,
    mut read: impl FnMut(&rusqlite::Row<'_>) -> Outcome<T>,
) -> Outcome<Vec<T>> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut records = Vec::new();
    for parameters in parameters {
        for record in statement.query_and_then(parameters, &mut read)? {
            records.push(record?);
        }
    }
    Ok(records)
}
