//! Writing assets, and what they are found by.

use std::collections::BTreeSet;

use deadpool_postgres::tokio_postgres::Row;
use uuid::Uuid;

use super::connections::Parameter;
use super::draft::Draft;
use super::failure::Outcome;
use super::fields::{AssetRow, Bits, Term};
use super::keys::{asset_id, asset_key};
use super::writer::Writer;
use crate::value::AssetId;

/// Writes new assets, whole. Those that were there, of which nothing is written.
pub(super) async fn insert(writer: &Writer<'_>, rows: &[AssetRow]) -> Outcome<Vec<AssetId>> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let written = put(writer, rows, "ON CONFLICT DO NOTHING RETURNING id").await?;
    let written = written.iter().map(|row| Ok(asset_id(row.try_get(0)?)));
    let written: BTreeSet<AssetId> = written.collect::<Outcome<_>>()?;
    let were_there = rows.iter().map(|row| row.id).filter(|id| !written.contains(id));
    let were_there: Vec<AssetId> = were_there.collect();
    if were_there.is_empty() {
        put_documents(writer, rows).await?;
        put_signatures(writer, rows).await?;
        insert_terms(writer, &terms(rows)).await?;
    }
    Ok(were_there)
}

/// Writes everything else that a batch leaves of assets, once it is known that nothing is in conflict.
pub(super) async fn write(writer: &Writer<'_>, draft: &Draft) -> Outcome<()> {
    update(writer, &draft.assets).await?;
    let gone: Vec<Uuid> = draft.gone.iter().copied().map(asset_key).collect();
    if !gone.is_empty() {
        for (table, id) in [
            ("assets", "id"),
            ("asset_documents", "asset"),
            ("asset_signatures", "asset"),
            ("asset_terms", "asset"),
        ] {
            let sql = format!("DELETE FROM {table} WHERE organization = $1 AND {id} = ANY($2)");
            writer.execute(&sql, &[&gone]).await?;
        }
    }
    write_redirects(writer, draft).await
}

async fn update(writer: &Writer<'_>, rows: &[AssetRow]) -> Outcome<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let over = "ON CONFLICT (organization, id) DO UPDATE SET version = excluded.version,
        site = excluded.site, os = excluded.os, os_version = excluded.os_version,
        type = excluded.type, first_seen = excluded.first_seen, last_seen = excluded.last_seen,
        name = excluded.name, sources = excluded.sources, domains = excluded.domains";
    put(writer, rows, over).await?;
    put_documents(writer, rows).await?;
    put_signatures(writer, rows).await?;
    update_terms(writer, rows).await
}

async fn put(writer: &Writer<'_>, rows: &[AssetRow], on_conflict: &str) -> Outcome<Vec<Row>> {
    let sql = format!(
        "INSERT INTO assets (organization, id, version, site, os, os_version, type, first_seen,
                             last_seen, name, sources, domains)
         SELECT $1, * FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::text[],
             $7::text[], $8::bigint[], $9::bigint[], $10::text[], $11::text[], $12::text[])
         {on_conflict}"
    );
    let texts = |of: fn(&AssetRow) -> Option<&str>| rows.iter().map(of).collect::<Vec<_>>();
    let times = |of: fn(&AssetRow) -> Option<i64>| rows.iter().map(of).collect::<Vec<_>>();
    let versions: Vec<i64> = rows.iter().map(|row| row.version.cast_signed()).collect();
    let parameters: [Parameter<'_>; 11] = [
        &ids(rows),
        &versions,
        &texts(|row| Some(&row.columns.site)),
        &texts(|row| row.columns.os.as_deref()),
        &texts(|row| row.columns.os_version.as_deref()),
        &texts(|row| row.columns.kind.as_deref()),
        &times(|row| row.columns.first_seen),
        &times(|row| row.columns.last_seen),
        &texts(|row| row.columns.name.as_deref()),
        &texts(|row| Some(&row.columns.sources)),
        &texts(|row| Some(&row.columns.domains)),
    ];
    writer.rows(&sql, &parameters).await
}

async fn put_documents(writer: &Writer<'_>, rows: &[AssetRow]) -> Outcome<()> {
    let sql = "INSERT INTO asset_documents (organization, asset, document)
               SELECT $1, * FROM unnest($2::uuid[], $3::text[])
               ON CONFLICT (organization, asset) DO UPDATE SET document = excluded.document";
    let documents: Vec<&str> = rows.iter().map(|row| row.document.as_str()).collect();
    writer.execute(sql, &[&ids(rows), &documents]).await?;
    Ok(())
}

async fn put_signatures(writer: &Writer<'_>, rows: &[AssetRow]) -> Outcome<()> {
    let sql = "INSERT INTO asset_signatures (organization, asset, bits)
               SELECT $1, * FROM unnest($2::uuid[], $3::bit varying[])
               ON CONFLICT (organization, asset) DO UPDATE SET bits = excluded.bits
               WHERE asset_signatures.bits <> excluded.bits";
    let signatures: Vec<&Bits> = rows.iter().map(|row| &row.signature).collect();
    writer.execute(sql, &[&ids(rows), &signatures]).await?;
    Ok(())
}

/// Files assets under their terms. Most updates change none of them, and then write nothing.
async fn update_terms(writer: &Writer<'_>, rows: &[AssetRow]) -> Outcome<()> {
    let sql = "SELECT asset, field, position, text, key FROM asset_terms
               WHERE organization = $1 AND asset = ANY($2)";
    let stored = writer.rows(sql, &[&ids(rows)]).await?;
    let stored = stored.iter().map(Term::read).collect::<Outcome<Vec<(Uuid, Term)>>>()?;
    let stored: BTreeSet<(Uuid, &Term)> =
        stored.iter().map(|(asset, term)| (*asset, term)).collect();
    let wanted: BTreeSet<(Uuid, &Term)> = terms(rows).into_iter().collect();
    delete_terms(writer, &stored.difference(&wanted).copied().collect::<Vec<_>>()).await?;
    insert_terms(writer, &wanted.difference(&stored).copied().collect::<Vec<_>>()).await
}

async fn delete_terms(writer: &Writer<'_>, terms: &[(Uuid, &Term)]) -> Outcome<()> {
    if terms.is_empty() {
        return Ok(());
    }
    let assets: Vec<Uuid> = terms.iter().map(|(asset, _)| *asset).collect();
    let fields: Vec<i16> = terms.iter().map(|(_, term)| term.field).collect();
    let positions: Vec<i32> = terms.iter().map(|(_, term)| term.position).collect();
    let sql = "DELETE FROM asset_terms WHERE organization = $1 AND (asset, field, position) IN
               (SELECT * FROM unnest($2::uuid[], $3::smallint[], $4::integer[]))";
    writer.execute(sql, &[&assets, &fields, &positions]).await?;
    Ok(())
}

async fn insert_terms(writer: &Writer<'_>, terms: &[(Uuid, &Term)]) -> Outcome<()> {
    if terms.is_empty() {
        return Ok(());
    }
    let assets: Vec<Uuid> = terms.iter().map(|(asset, _)| *asset).collect();
    let fields: Vec<i16> = terms.iter().map(|(_, term)| term.field).collect();
    let positions: Vec<i32> = terms.iter().map(|(_, term)| term.position).collect();
    let texts: Vec<&str> = terms.iter().map(|(_, term)| term.text.as_str()).collect();
    let keys: Vec<Option<&str>> = terms.iter().map(|(_, term)| term.key.as_deref()).collect();
    let sql = "INSERT INTO asset_terms (organization, asset, field, position, text, key)
               SELECT $1, * FROM unnest($2::uuid[], $3::smallint[], $4::integer[], $5::text[], $6::text[])";
    writer.execute(sql, &[&assets, &fields, &positions, &texts, &keys]).await?;
    Ok(())
}

/// What assets are filed under, each with its asset's key.
fn terms(rows: &[AssetRow]) -> Vec<(Uuid, &Term)> {
    rows.iter().flat_map(|row| row.terms.iter().map(|term| (asset_key(row.id), term))).collect()
}

/// Where the ids of assets lead. There is little of it in one batch, but for ids that never led anywhere.
async fn write_redirects(writer: &Writer<'_>, draft: &Draft) -> Outcome<()> {
    let none = draft.redirects.iter().filter(|(_, to)| to.is_none());
    let none: Vec<Uuid> = none.map(|(id, _)| asset_key(*id)).collect();
    if !none.is_empty() {
        let sql = "DELETE FROM redirects WHERE organization = $1 AND id = ANY($2)";
        writer.execute(sql, &[&none]).await?;
    }
    let sql = "INSERT INTO redirects (organization, id, leads_to, version) VALUES ($1, $2, $3, $4)
               ON CONFLICT (organization, id)
               DO UPDATE SET leads_to = excluded.leads_to, version = excluded.version";
    for (id, to) in &draft.redirects {
        if let Some((to, version)) = to {
            writer
                .execute(sql, &[&asset_key(*id), &asset_key(*to), &version.cast_signed()])
                .await?;
        }
    }
    Ok(())
}

fn ids(rows: &[AssetRow]) -> Vec<Uuid> {
    rows.iter().map(|row| asset_key(row.id)).collect()
}
