//! Links, and where their objects were seen.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use deadpool_postgres::tokio_postgres::Row;
use uuid::Uuid;

use super::connections::{Ask, Connections, Parameter};
use super::draft::{LinkChange, Object};
use super::failure::{Outcome, damaged};
use super::keys::{asset_id, asset_key, keys, object, object_key};
use super::writer::Writer;
use crate::asset::{Home, Link, Sighting};
use crate::store::record::{LinkColumns, home_bytes, object_kind, presence, read_home};
use crate::value::{AssetId, ObjectGuid, OrganizationId, RecordDigest, SourceId, View};

/// The columns of [`read`], in order.
const COLUMNS: &str =
    "object, kind, asset, digest, dn_digest, attributes, presence, since, runs, home, seen";

/// Sightings by their keys, each once in memory.
pub(super) type Sightings = HashMap<Uuid, Arc<Sighting>>;

/// An object whose link is written.
type Put<'d> = (&'d Object, &'d Link);

/// At most `limit` links in the order of their objects, behind `after`, and the sightings that are known then.
pub(super) async fn page(
    ask: &impl Ask,
    (organization, source): (&OrganizationId, &SourceId),
    after: Option<ObjectGuid>,
    limit: usize,
    sightings: &Sightings,
) -> Outcome<(Vec<Link>, Sightings)> {
    let behind = if after.is_some() { "AND object > $4" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM links WHERE organization = $1 AND source = $2 {behind}
         ORDER BY object LIMIT $3"
    );
    let after = after.map(object_key);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let (organization_id, source) = (organization.as_str(), source.as_str());
    let first: [Parameter<'_>; 3] = [&organization_id, &source, &limit];
    let parameters = first.into_iter().chain(after.as_ref().map(|after| after as Parameter<'_>));
    let rows = ask.rows(&sql, &parameters.collect::<Vec<_>>()).await?;
    let mut sightings = sightings.clone();
    let links = read_all(ask, organization, &rows, &mut sightings).await?;
    Ok((links, sightings))
}

/// The links of these objects, as far as there are any.
pub(super) async fn of_objects(
    connections: &Connections,
    (organization, source): (&OrganizationId, &SourceId),
    objects: &[ObjectGuid],
) -> Outcome<Vec<Link>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM links WHERE organization = $1 AND source = $2 AND object = ANY($3)"
    );
    let objects: Vec<Uuid> = objects.iter().copied().map(object_key).collect();
    let (organization_id, source) = (organization.as_str(), source.as_str());
    let rows = connections.rows(&sql, &[&organization_id, &source, &objects]).await?;
    read_all(connections, organization, &rows, &mut Sightings::new()).await
}

/// The links of all sources that have a home.
pub(super) async fn moved(
    connections: &Connections,
    organization: &OrganizationId,
) -> Outcome<Vec<(SourceId, Link)>> {
    let sql =
        format!("SELECT {COLUMNS}, source FROM links WHERE organization = $1 AND home IS NOT NULL");
    let rows = connections.rows(&sql, &[&organization.as_str()]).await?;
    let links = read_all(connections, organization, &rows, &mut Sightings::new()).await?;
    let sources = rows.iter().map(|row| -> Outcome<SourceId> {
        let id: String = row.try_get(11)?;
        id.parse().map_err(|cause| damaged("source", id, cause))
    });
    sources.zip(links).map(|(source, link)| Ok((source?, link))).collect()
}

/// Makes what a batch changes of links.
pub(super) async fn write(
    writer: &Writer<'_>,
    changes: &BTreeMap<Object, LinkChange>,
) -> Outcome<()> {
    let (mut put, mut gone, mut tied, mut noted) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (key, change) in changes {
        match change {
            LinkChange::Put(link) => put.push((key, &**link)),
            LinkChange::Gone => gone.push(key),
            LinkChange::Altered { place, seen } => {
                tied.extend(place.map(|(asset, home)| (key, asset, home)));
                noted.extend(seen.as_deref().map(|seen| (key, seen)));
            }
        }
    }
    write_sightings(writer, sightings(&put, &noted)).await?;
    put_all(writer, &put).await?;
    remove(writer, &gone).await?;
    tie(writer, &tied).await?;
    note(writer, &noted).await
}

/// Drops the links to assets that are gone.
pub(super) async fn drop_those_to(writer: &Writer<'_>, gone: &[AssetId]) -> Outcome<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let gone: Vec<Uuid> = gone.iter().copied().map(asset_key).collect();
    let sql = "DELETE FROM links WHERE organization = $1 AND asset = ANY($2)";
    writer.execute(sql, &[&gone]).await?;
    Ok(())
}

/// Writes the sightings that are not there yet. They are known by what they say, and never change.
async fn write_sightings(writer: &Writer<'_>, seen: BTreeMap<Uuid, &Sighting>) -> Outcome<()> {
    if seen.is_empty() {
        return Ok(());
    }
    let keys: Vec<Uuid> = seen.keys().copied().collect();
    let containers = seen.values().map(|seen| seen.container.as_deref().map(str::as_bytes));
    let containers: Vec<Option<&[u8]>> = containers.collect();
    let accounts: Vec<&[u8]> = seen.values().map(|seen| seen.view.account.0.as_slice()).collect();
    let filters = seen.values().map(|seen| seen.view.filter.as_ref().map(|f| f.0.as_slice()));
    let filters: Vec<Option<&[u8]>> = filters.collect();
    let sql = "INSERT INTO sightings (organization, id, container, account, filter)
               SELECT $1, * FROM unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::bytea[])
               ON CONFLICT DO NOTHING";
    writer.execute(sql, &[&keys, &containers, &accounts, &filters]).await?;
    Ok(())
}

/// All that are written with links, or noted, by their keys.
fn sightings<'d>(
    put: &[Put<'d>],
    noted: &[(&'d Object, &'d Sighting)],
) -> BTreeMap<Uuid, &'d Sighting> {
    let put = put.iter().filter_map(|(_, link)| link.seen.as_deref());
    let all = put.chain(noted.iter().map(|(_, seen)| *seen));
    all.map(|seen| (sighting_key(seen), seen)).collect()
}

async fn put_all(writer: &Writer<'_>, put: &[Put<'_>]) -> Outcome<()> {
    if put.is_empty() {
        return Ok(());
    }
    let sql = "INSERT INTO links (organization, source, object, kind, asset, digest, dn_digest, attributes,
                                  presence, since, runs, home, seen)
        SELECT $1, * FROM unnest($2::text[], $3::uuid[], $4::bigint[], $5::uuid[], $6::bytea[], $7::bytea[],
            $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bytea[], $13::uuid[])
        ON CONFLICT (organization, source, object) DO UPDATE SET kind = excluded.kind,
            asset = excluded.asset, digest = excluded.digest, dn_digest = excluded.dn_digest,
            attributes = excluded.attributes, presence = excluded.presence, since = excluded.since,
            runs = excluded.runs, home = excluded.home, seen = excluded.seen";
    let columns: Vec<LinkColumns> = put.iter().map(|(_, link)| LinkColumns::of(link)).collect();
    let links = || put.iter().map(|(_, link)| link);
    let (sources, objects) = keys(put.iter().map(|(key, _)| *key));
    let seen: Vec<Option<Uuid>> =
        links().map(|link| link.seen.as_deref().map(sighting_key)).collect();
    let parameters: [Parameter<'_>; 12] = [
        &sources,
        &objects,
        &columns.iter().map(|it| it.kind).collect::<Vec<_>>(),
        &links().map(|link| link.asset.map(asset_key)).collect::<Vec<_>>(),
        &links().map(|link| link.digest.0.as_slice()).collect::<Vec<_>>(),
        &links().map(|link| link.dn_digest.0.as_slice()).collect::<Vec<_>>(),
        &links().map(|link| i64::from(link.attributes)).collect::<Vec<_>>(),
        &columns.iter().map(|it| it.presence).collect::<Vec<_>>(),
        &columns.iter().map(|it| it.since).collect::<Vec<_>>(),
        &columns.iter().map(|it| it.runs.map(i64::from)).collect::<Vec<_>>(),
        &columns.iter().map(|it| it.home.as_deref()).collect::<Vec<_>>(),
        &seen,
    ];
    writer.execute(sql, &parameters).await?;
    Ok(())
}

async fn remove(writer: &Writer<'_>, gone: &[&Object]) -> Outcome<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let (sources, objects) = keys(gone.iter().copied());
    let sql = "DELETE FROM links WHERE organization = $1
               AND (source, object) IN (SELECT * FROM unnest($2::text[], $3::uuid[]))";
    writer.execute(sql, &[&sources, &objects]).await?;
    Ok(())
}

/// Ties objects elsewhere, as far as there are links of them.
async fn tie(
    writer: &Writer<'_>,
    tied: &[(&Object, Option<AssetId>, Option<Home>)],
) -> Outcome<()> {
    if tied.is_empty() {
        return Ok(());
    }
    let (sources, objects) = keys(tied.iter().map(|(key, ..)| *key));
    let assets: Vec<Option<Uuid>> = tied.iter().map(|(_, asset, _)| asset.map(asset_key)).collect();
    let homes: Vec<Option<Vec<u8>>> = tied.iter().map(|(.., home)| home.map(home_bytes)).collect();
    let sql = "UPDATE links SET asset = given.asset, home = given.home
               FROM unnest($2::text[], $3::uuid[], $4::uuid[], $5::bytea[])
                   AS given (source, object, asset, home)
               WHERE links.organization = $1 AND links.source = given.source AND links.object = given.object";
    writer.execute(sql, &[&sources, &objects, &assets, &homes]).await?;
    Ok(())
}

/// Notes where objects were seen, as far as there are links of them.
async fn note(writer: &Writer<'_>, noted: &[(&Object, &Sighting)]) -> Outcome<()> {
    if noted.is_empty() {
        return Ok(());
    }
    let (sources, objects) = keys(noted.iter().map(|(key, _)| *key));
    let seen: Vec<Uuid> = noted.iter().map(|(_, seen)| sighting_key(seen)).collect();
    let sql = "UPDATE links SET seen = given.seen
               FROM unnest($2::text[], $3::uuid[], $4::uuid[]) AS given (source, object, seen)
               WHERE links.organization = $1 AND links.source = given.source AND links.object = given.object";
    writer.execute(sql, &[&sources, &objects, &seen]).await?;
    Ok(())
}

/// The links of these rows, with the sightings that are known or are read now.
async fn read_all(
    ask: &impl Ask,
    organization: &OrganizationId,
    rows: &[Row],
    sightings: &mut Sightings,
) -> Outcome<Vec<Link>> {
    let links = rows.iter().map(read).collect::<Outcome<Vec<(Link, Option<Uuid>)>>>()?;
    let unknown = links.iter().filter_map(|(_, seen)| *seen);
    let mut unknown: Vec<Uuid> = unknown.filter(|seen| !sightings.contains_key(seen)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    if !unknown.is_empty() {
        let sql = "SELECT id, container, account, filter FROM sightings
                   WHERE organization = $1 AND id = ANY($2)";
        for row in ask.rows(sql, &[&organization.as_str(), &unknown]).await? {
            let key: Uuid = row.try_get(0)?;
            sightings.insert(key, Arc::new(read_sighting(key, &row)?));
        }
    }
    let with_sighting = |(link, seen): (Link, Option<Uuid>)| {
        let known = |key: Uuid| {
            let absent = || damaged("sighting", key, "it is not there");
            sightings.get(&key).map(Arc::clone).ok_or_else(absent)
        };
        Ok(Link { seen: seen.map(known).transpose()?, ..link })
    };
    links.into_iter().map(with_sighting).collect()
}

/// A link, and the key of where its object was seen.
fn read(row: &Row) -> Outcome<(Link, Option<Uuid>)> {
    let object = object(row.try_get(0)?);
    let unknown = || damaged("link", object, "its kind, presence or digest is unknown");
    let kind = object_kind(row.try_get(1)?).ok_or_else(unknown)?;
    let runs: Option<i64> = row.try_get(8)?;
    let runs = runs.and_then(|runs| u32::try_from(runs).ok());
    let presence = presence(row.try_get(6)?, row.try_get(7)?, runs).ok_or_else(unknown)?;
    let link = Link {
        object,
        kind,
        asset: row.try_get::<_, Option<Uuid>>(2)?.map(asset_id),
        home: row.try_get::<_, Option<&[u8]>>(9)?.map(read_home),
        digest: digest(row.try_get(3)?).ok_or_else(unknown)?,
        dn_digest: digest(row.try_get(4)?).ok_or_else(unknown)?,
        attributes: u32::try_from(row.try_get::<_, i64>(5)?).map_err(|_| unknown())?,
        presence,
        seen: None,
    };
    Ok((link, row.try_get(10)?))
}

fn read_sighting(key: Uuid, row: &Row) -> Outcome<Sighting> {
    let is_damaged = || damaged("sighting", key, "its text or a digest of it is none");
    let container: Option<&[u8]> = row.try_get(1)?;
    let container = container.map(std::str::from_utf8).transpose().map_err(|_| is_damaged())?;
    let account = digest(row.try_get(2)?).ok_or_else(is_damaged)?;
    let filter: Option<&[u8]> = row.try_get(3)?;
    let filter = filter.map(|bytes| digest(bytes).ok_or_else(is_damaged)).transpose()?;
    Ok(Sighting { container: container.map(Into::into), view: View { account, filter } })
}

fn digest(bytes: &[u8]) -> Option<RecordDigest> {
    bytes.try_into().ok().map(RecordDigest)
}

/// A digest of all that a sighting says.
fn sighting_key(seen: &Sighting) -> Uuid {
    let Sighting { container, view } = seen;
    let mut hasher = RecordDigest::hasher();
    hasher.bytes(&[u8::from(container.is_some())]);
    hasher.text(container.as_deref().unwrap_or_default());
    hasher.bytes(&view.account.0);
    hasher.bytes(view.filter.as_ref().map_or(&[], |filter| filter.0.as_slice()));
    Uuid::from_bytes(hasher.finish().0)
}
