//! Reading records by their keys.

use std::fmt;

use deadpool_postgres::tokio_postgres::Row;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::connections::{Ask, Connections, Parameter};
use super::failure::{Outcome, damaged};
use super::keys::{asset_id, asset_key, object, object_key};
use crate::asset::{Asset, AssetsRequest, Constraint, MergeRecord, Redirect, RunRecord, Waiting};
use crate::name::MatchKey;
use crate::value::{
    AssetId, Checkpoint, MergeId, ObjectGuid, OrganizationId, RecordDigest, RunId, SourceId,
};

/// How many links are read at a time.
pub(super) const LINKS: usize = 4096;

/// How many assets, users or groups are read at a time: some megabytes.
pub(super) const RECORDS: usize = 1000;

/// At most `limit` assets in the order of their ids, or all if they are asked for by these.
pub(super) async fn each_asset(
    connections: &Connections,
    request: &AssetsRequest,
    limit: usize,
) -> Outcome<Vec<Asset>> {
    let AssetsRequest { organization, ids, after } = request;
    if let Some(ids) = ids {
        let ids: Vec<AssetId> = ids.iter().copied().filter(|id| Some(*id) > *after).collect();
        return assets(connections, organization, &ids).await;
    }
    let behind = if after.is_some() { "AND asset > $3" } else { "" };
    let sql = format!(
        "SELECT asset, document FROM asset_documents WHERE organization = $1 {behind}
         ORDER BY asset LIMIT $2"
    );
    let after = after.map(asset_key);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let organization = organization.as_str();
    let first: [Parameter<'_>; 2] = [&organization, &limit];
    let parameters = first.into_iter().chain(after.as_ref().map(|after| after as Parameter<'_>));
    let rows = connections.rows(&sql, &parameters.collect::<Vec<_>>()).await?;
    rows.iter().map(asset).collect()
}

/// In one statement, so that nobody writes in between; the array lets a database take its indexes even before it has
/// counted what is in them.
pub(super) async fn candidates(
    connections: &Connections,
    organization: &OrganizationId,
    keys: &[MatchKey],
) -> Outcome<Vec<Asset>> {
    let sql =
        "SELECT asset, document FROM asset_documents WHERE organization = $1 AND asset = ANY(ARRAY(
                   SELECT asset FROM asset_terms
                   WHERE organization = $1 AND field = 4 AND text = ANY($2)))
               ORDER BY asset";
    // No parameter may have U+0000, and no name has it.
    let keys = keys.iter().map(MatchKey::as_str).filter(|key| !key.contains('\0'));
    let keys: Vec<&str> = keys.collect();
    let rows = connections.rows(sql, &[&organization.as_str(), &keys]).await?;
    rows.iter().map(asset).collect()
}

/// The assets with these ids, in their order.
async fn assets(
    connections: &Connections,
    organization: &OrganizationId,
    ids: &[AssetId],
) -> Outcome<Vec<Asset>> {
    let sql = "SELECT asset, document FROM asset_documents
               WHERE organization = $1 AND asset = ANY($2) ORDER BY asset";
    let ids: Vec<Uuid> = ids.iter().copied().map(asset_key).collect();
    let rows = connections.rows(sql, &[&organization.as_str(), &ids]).await?;
    rows.iter().map(asset).collect()
}

/// What a table has of these objects, in their order: users or groups.
pub(super) async fn objects<T: DeserializeOwned>(
    ask: &impl Ask,
    table: &str,
    (organization, source): (&OrganizationId, &SourceId),
    objects: &[ObjectGuid],
) -> Outcome<Vec<T>> {
    let sql = format!(
        "SELECT object, document FROM {table}
         WHERE organization = $1 AND source = $2 AND object = ANY($3) ORDER BY object"
    );
    let objects: Vec<Uuid> = objects.iter().copied().map(object_key).collect();
    let (organization, source) = (organization.as_str(), source.as_str());
    let rows = ask.rows(&sql, &[&organization, &source, &objects]).await?;
    rows.iter().map(of_object).collect()
}

pub(super) async fn redirects(
    connections: &Connections,
    organization: &OrganizationId,
    ids: &[AssetId],
) -> Outcome<Vec<Redirect>> {
    let sql =
        "SELECT id, leads_to, version FROM redirects WHERE organization = $1 AND id = ANY($2)";
    let ids: Vec<Uuid> = ids.iter().copied().map(asset_key).collect();
    let rows = connections.rows(sql, &[&organization.as_str(), &ids]).await?;
    let redirect = |row: &Row| {
        let (from, to) = (asset_id(row.try_get(0)?), asset_id(row.try_get(1)?));
        Ok(Redirect { from, to, version: row.try_get::<_, i64>(2)?.cast_unsigned() })
    };
    rows.iter().map(redirect).collect()
}

pub(super) async fn waiting(
    ask: &impl Ask,
    organization: &OrganizationId,
) -> Outcome<Vec<Waiting>> {
    let sql = "SELECT object, document FROM waiting WHERE organization = $1";
    let rows = ask.rows(sql, &[&organization.as_str()]).await?;
    rows.iter().map(of_object).collect()
}

/// Every source that something was written for, in order.
pub(super) async fn sources(
    ask: &impl Ask,
    organization: &OrganizationId,
) -> Outcome<Vec<SourceId>> {
    let sql = "SELECT id FROM sources WHERE organization = $1";
    let rows = ask.rows(sql, &[&organization.as_str()]).await?;
    let source = |row: &Row| -> Outcome<SourceId> {
        let id: String = row.try_get(0)?;
        id.parse().map_err(|cause| damaged("source", id, cause))
    };
    let mut sources = rows.iter().map(source).collect::<Outcome<Vec<_>>>()?;
    sources.sort_unstable();
    Ok(sources)
}

pub(super) async fn constraints(
    ask: &impl Ask,
    organization: &OrganizationId,
) -> Outcome<Vec<Constraint>> {
    let sql = "SELECT object, document FROM decisions WHERE organization = $1";
    let rows = ask.rows(sql, &[&organization.as_str()]).await?;
    rows.iter().map(of_object).collect()
}

pub(super) async fn merges(
    ask: &impl Ask,
    organization: &OrganizationId,
) -> Outcome<Vec<MergeRecord>> {
    let sql = "SELECT id, document FROM merges WHERE organization = $1 ORDER BY at, id";
    let rows = ask.rows(sql, &[&organization.as_str()]).await?;
    rows.iter().map(merge).collect()
}

pub(super) async fn checkpoint(
    connections: &Connections,
    (organization, source): (&OrganizationId, &SourceId),
    key: RecordDigest,
) -> Outcome<Option<Checkpoint>> {
    let sql = "SELECT key, document FROM checkpoints
               WHERE organization = $1 AND source = $2 AND key = $3";
    let parameters: [Parameter<'_>; 3] =
        [&organization.as_str(), &source.as_str(), &key.0.as_slice()];
    let rows = connections.rows(sql, &parameters).await?;
    rows.first().map(|row| checkpoint_of(row, source)).transpose()
}

pub(super) async fn runs(
    connections: &Connections,
    (organization, source): (&OrganizationId, &SourceId),
    limit: usize,
) -> Outcome<Vec<RunRecord>> {
    let sql = "SELECT id, document FROM runs WHERE organization = $1 AND source = $2
               ORDER BY started DESC, id DESC LIMIT $3";
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let parameters: [Parameter<'_>; 3] = [&organization.as_str(), &source.as_str(), &limit];
    let rows = connections.rows(sql, &parameters).await?;
    rows.iter().map(run).collect()
}

/// The merge of a row of id and document.
pub(super) fn merge(row: &Row) -> Outcome<MergeRecord> {
    let id: Uuid = row.try_get(0)?;
    record(row, "merge", MergeId::from_u128(id.as_u128()))
}

/// The run of a row of id and document.
pub(super) fn run(row: &Row) -> Outcome<RunRecord> {
    let id: Uuid = row.try_get(0)?;
    record(row, "run", RunId::from_u128(id.as_u128()))
}

/// The checkpoint that a row has as its document.
pub(super) fn checkpoint_of(row: &Row, source: impl fmt::Display) -> Outcome<Checkpoint> {
    record(row, "checkpoint of source", source)
}

/// The asset of a row of id and document.
pub(super) fn asset(row: &Row) -> Outcome<Asset> {
    record(row, "asset", asset_id(row.try_get(0)?))
}

pub(super) fn object_of(row: &Row) -> Outcome<ObjectGuid> {
    Ok(object(row.try_get(0)?))
}

/// What a row of objectGUID and document holds.
pub(super) fn of_object<T: DeserializeOwned>(row: &Row) -> Outcome<T> {
    record(row, "object", object_of(row)?)
}

/// The record whose document is the second column of a row.
fn record<T: DeserializeOwned>(
    row: &Row,
    item: &'static str,
    name: impl fmt::Display,
) -> Outcome<T> {
    let Some(document) = row.try_get::<_, Option<&str>>(1)? else {
        return Err(damaged(item, name, "its document is missing"));
    };
    serde_json::from_str(document).map_err(|cause| damaged(item, name, cause))
}
