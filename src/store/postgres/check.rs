//! What is wrong with an inventory: its records, and what they are found by.

use std::collections::{BTreeSet, HashMap};

use deadpool_postgres::tokio_postgres::Row;
use uuid::Uuid;

use super::connections::Ask;
use super::failure::{Failure, Outcome};
use super::fields::{AssetRow, Bits, Term};
use super::keys::asset_id;
use super::links::{self, Sightings};
use super::read::{LINKS, RECORDS};
use super::snapshot::Snapshot;
use super::{feed, read, search};
use crate::asset::{Asset, Constraint, DirectoryGroup, DirectoryUser, Waiting};
use crate::store::asset_columns::AssetColumns;
use crate::value::{ObjectGuid, OrganizationId, SourceId};
use crate::{Error, ErrorKind};

/// What a row refers to that must be there: the table of the row, its column, the table of the other, its column, and what
/// is to be said of it.
const REFERENCES: [(&str, &str, &str, &str, &str); 6] = [
    ("assets", "id", "asset_documents", "asset", "the document of an asset is missing"),
    ("assets", "id", "asset_signatures", "asset", "the signature of an asset is missing"),
    ("asset_documents", "asset", "assets", "id", "a document is of an asset that is not there"),
    ("asset_terms", "asset", "assets", "id", "an asset is found by names, and is not there"),
    ("links", "asset", "assets", "id", "a link leads to an asset that is not there"),
    ("links", "seen", "sightings", "id", "a link names a sighting that is not there"),
];

/// Decodes the record of a row, whatever it is.
type Look = fn(&Row) -> Outcome<()>;

/// One sentence for each thing that is wrong, and none if nothing is.
pub(super) async fn findings(snapshot: &Snapshot) -> Outcome<Vec<String>> {
    let mut findings = dangling(snapshot).await?;
    let rows = snapshot.rows("SELECT id FROM organizations ORDER BY id", &[]).await?;
    for row in rows {
        let organization: OrganizationId = row.try_get::<_, &str>(0)?.parse()?;
        assets(snapshot, &organization, &mut findings).await?;
        documents(snapshot, &organization, &mut findings).await?;
        told(snapshot, &organization, &mut findings).await?;
        for source in read::sources(snapshot, &organization).await? {
            let place = (&organization, &source);
            note(links(snapshot, place).await, &mut findings)?;
            users_and_groups(snapshot, place, &mut findings).await?;
        }
    }
    Ok(findings)
}

/// Keeps what is wrong with a record; what hinders looking is an error.
fn note<T>(looked: Outcome<T>, findings: &mut Vec<String>) -> Outcome<()> {
    match looked {
        Err(Failure::Refused(error)) => findings.push(error.report()),
        other => drop(other?),
    }
    Ok(())
}

async fn dangling(snapshot: &Snapshot) -> Outcome<Vec<String>> {
    let mut findings = Vec::new();
    for (table, column, other, key, sentence) in REFERENCES {
        let sql = format!(
            "SELECT DISTINCT organization, {column} FROM {table}
             WHERE {column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {other} AS other
                 WHERE other.organization = {table}.organization AND other.{key} = {table}.{column})
             ORDER BY organization, {column}"
        );
        for row in snapshot.rows(&sql, &[]).await? {
            let (organization, id): (&str, Uuid) = (row.try_get(0)?, row.try_get(1)?);
            findings.push(format!("{sentence} (organization: {organization}, id: {id})"));
        }
    }
    Ok(findings)
}

/// What people decided, what waits for them, and what runs left, whose document does not decode: each by itself.
async fn documents(
    snapshot: &Snapshot,
    organization: &OrganizationId,
    findings: &mut Vec<String>,
) -> Outcome<()> {
    let tables: [(&str, Look); 5] = [
        ("SELECT object, document FROM waiting", |row| read::of_object::<Waiting>(row).map(drop)),
        ("SELECT object, document FROM decisions", |row| {
            read::of_object::<Constraint>(row).map(drop)
        }),
        ("SELECT id, document FROM merges", |row| read::merge(row).map(drop)),
        ("SELECT id, document FROM runs", |row| read::run(row).map(drop)),
        ("SELECT source, document FROM checkpoints", |row| {
            let source: String = row.try_get(0)?;
            read::checkpoint_of(row, source).map(drop)
        }),
    ];
    for (select, look) in tables {
        let sql = format!("{select} WHERE organization = $1 ORDER BY 1");
        for row in snapshot.rows(&sql, &[&organization.as_str()]).await? {
            note(look(&row), findings)?;
        }
    }
    Ok(())
}

/// What was told to those who follow, if it does not decode.
async fn told(
    snapshot: &Snapshot,
    organization: &OrganizationId,
    findings: &mut Vec<String>,
) -> Outcome<()> {
    let mut from = 0;
    loop {
        let rows = feed::page(snapshot, organization, from, feed::ENTRIES).await?;
        rows.iter().try_for_each(|row| note(feed::entry(row), findings))?;
        match rows.last() {
            Some(last) => from = last.try_get::<_, i64>(0)?.saturating_add(1),
            None => return Ok(()),
        }
    }
}

/// Assets whose document does not decode, or is not what the rows beside it were written from.
async fn assets(
    snapshot: &Snapshot,
    organization: &OrganizationId,
    findings: &mut Vec<String>,
) -> Outcome<()> {
    let sql =
        "SELECT id, document, version, site, os, os_version, type, first_seen, last_seen, name,
                      sources, domains, signatures.bits
               FROM assets JOIN asset_documents AS documents
                   ON documents.organization = assets.organization AND documents.asset = assets.id
               LEFT JOIN asset_signatures AS signatures
                   ON signatures.organization = assets.organization AND signatures.asset = assets.id
               WHERE assets.organization = $1 AND assets.id > $2 ORDER BY id LIMIT $3";
    let (organization, limit) = (organization.as_str(), limit(RECORDS));
    let mut last = Uuid::nil();
    loop {
        let rows = snapshot.rows(sql, &[&organization, &last, &limit]).await?;
        let ids = rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Outcome<Vec<Uuid>>>()?;
        let mut terms = terms(snapshot, organization, &ids).await?;
        for (id, row) in ids.iter().zip(&rows) {
            let stored = terms.remove(id).unwrap_or_default();
            note(look_at_asset(row, &stored), findings)?;
        }
        match ids.last() {
            Some(id) if ids.len() == RECORDS => last = *id,
            _ => return Ok(()),
        }
    }
}

/// What assets are filed under.
async fn terms(
    snapshot: &Snapshot,
    organization: &str,
    ids: &[Uuid],
) -> Outcome<HashMap<Uuid, BTreeSet<Term>>> {
    let sql = "SELECT asset, field, position, text, key FROM asset_terms
               WHERE organization = $1 AND asset = ANY($2)";
    let mut terms: HashMap<Uuid, BTreeSet<Term>> = HashMap::new();
    for row in snapshot.rows(sql, &[&organization, &ids]).await? {
        let (asset, term) = Term::read(&row)?;
        terms.entry(asset).or_default().insert(term);
    }
    Ok(terms)
}

fn look_at_asset(row: &Row, terms: &BTreeSet<Term>) -> Outcome<()> {
    let asset: Asset = read::asset(row)?;
    let filed = asset_id(row.try_get(0)?);
    let version: i64 = row.try_get(2)?;
    let expected = AssetRow::of(&asset)?;
    let is_found = || terms.iter().eq(expected.terms.iter().collect::<BTreeSet<_>>());
    let differs = if asset.id != filed {
        "id"
    } else if version.cast_unsigned() != asset.version {
        "version"
    } else if columns(row)? != expected.columns {
        "site, system, time, name, source or domain"
    } else if !is_found() {
        "set of names, addresses or domains"
    } else if row.try_get::<_, Option<Bits>>(12)?.is_some_and(|bits| bits != expected.signature) {
        "signature"
    } else {
        return Ok(());
    };
    let sentence =
        format!("the asset {filed} is filed under another {differs} than its record has");
    Err(Error::new(ErrorKind::Store, sentence).into())
}

fn columns(row: &Row) -> Outcome<AssetColumns> {
    Ok(AssetColumns {
        site: row.try_get(3)?,
        os: row.try_get(4)?,
        os_version: row.try_get(5)?,
        kind: row.try_get(6)?,
        first_seen: row.try_get(7)?,
        last_seen: row.try_get(8)?,
        name: row.try_get(9)?,
        sources: row.try_get(10)?,
        domains: row.try_get(11)?,
    })
}

/// Reads all links of a source.
async fn links(snapshot: &Snapshot, place: (&OrganizationId, &SourceId)) -> Outcome<()> {
    let (mut after, mut sightings) = (None, Sightings::new());
    loop {
        let (links, known) = links::page(snapshot, place, after, LINKS, &sightings).await?;
        sightings = known;
        match links.last() {
            Some(link) if links.len() == LINKS => after = Some(link.object),
            _ => return Ok(()),
        }
    }
}

/// Users and groups whose document does not decode.
async fn users_and_groups(
    snapshot: &Snapshot,
    (organization, source): (&OrganizationId, &SourceId),
    findings: &mut Vec<String>,
) -> Outcome<()> {
    let is_user: Look = |row| read::of_object::<DirectoryUser>(row).map(drop);
    let is_group: Look = |row| read::of_object::<DirectoryGroup>(row).map(drop);
    for (table, look) in [(search::USERS, is_user), (search::GROUPS, is_group)] {
        let mut after: Option<ObjectGuid> = None;
        loop {
            let rows = search::rows(snapshot, table, (organization, source, after)).await?;
            rows.iter().try_for_each(|row| note(look(row), findings))?;
            after = match rows.last() {
                Some(row) if rows.len() == RECORDS => Some(read::object_of(row)?),
                _ => break,
            };
        }
    }
    Ok(())
}

fn limit(records: usize) -> i64 {
    i64::try_from(records).unwrap_or(i64::MAX)
}
