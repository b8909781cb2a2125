//! The feed of events: an entry for each commit that told something, by the number of the commit.
//!
//! Whoever commits counts the commits of the organization up first, and whoever comes next waits for the row in which they
//! are counted: so the numbers are in the order of commits, and nobody sees one before all that are lower.

use deadpool_postgres::tokio_postgres::{IsolationLevel, Row};

use super::connections::{Ask, Connections, Parameter};
use super::failure::{Outcome, damaged};
use super::writer::Writer;
use crate::Result;
use crate::asset::{Batch, Event, FeedEntry, FeedExtent, FeedPlace, FeedReader};
use crate::store::record::document;
use crate::value::{OrganizationId, Timestamp};

/// How many entries are read at a time behind the first: one of a large batch has some hundred kilobytes.
pub(super) const ENTRIES: usize = 16;

const EXTENT: &str = "SELECT organizations.commits, feed_extents.first FROM organizations
                      LEFT JOIN feed_extents ON feed_extents.organization = organizations.id
                      WHERE organizations.id = $1";

/// What a batch tells, as it is kept.
#[derive(Debug)]
pub(super) struct Told {
    at: i64,
    document: String,
}

impl Told {
    /// What a batch tells, unless that is nothing.
    pub(super) fn by(batch: &Batch) -> Result<Option<Self>> {
        let told = |entry: FeedEntry| {
            Ok(Self { at: entry.at.as_micros(), document: document("events", &entry)? })
        };
        FeedEntry::of(batch).map(told).transpose()
    }

    /// Writes it as that of the commit of this number.
    pub(super) async fn write(&self, writer: &Writer<'_>, commit: i64) -> Outcome<()> {
        let sql = "INSERT INTO feed_entries (organization, entry, at, document)
                   VALUES ($1, $2, $3, $4)";
        writer.execute(sql, &[&commit, &self.at, &self.document]).await?;
        Ok(())
    }
}

/// At most `limit` events from a place on.
pub(super) async fn since(
    connections: &Connections,
    organization: &OrganizationId,
    place: FeedPlace,
    limit: usize,
) -> Outcome<Vec<Event>> {
    let mut reader = FeedReader::new(place, limit);
    // Mostly the first one has more than enough.
    let mut entries = 1;
    while !reader.is_full() {
        let rows = page(connections, organization, number(reader.place), entries).await?;
        for row in &rows {
            if reader.is_full() {
                break;
            }
            let entry: i64 = row.try_get(0)?;
            reader.read(entry.cast_unsigned(), self::entry(row)?)?;
        }
        if rows.len() < entries {
            break;
        }
        entries = ENTRIES;
    }
    // Whatever was taken away meanwhile is missing in what was read; how far the feed goes was written along with that.
    extent(connections, organization).await?.check(place)?;
    Ok(reader.events)
}

/// So many entries from a number on.
pub(super) async fn page(
    ask: &impl Ask,
    organization: &OrganizationId,
    from: i64,
    entries: usize,
) -> Outcome<Vec<Row>> {
    let sql = format!(
        "SELECT entry, document FROM feed_entries WHERE organization = $1 AND entry >= $2
         ORDER BY entry LIMIT {entries}"
    );
    ask.rows(&sql, &[&organization.as_str(), &from]).await
}

/// How far the feed goes.
pub(super) async fn extent(
    connections: &Connections,
    organization: &OrganizationId,
) -> Outcome<FeedExtent> {
    let rows = connections.rows(EXTENT, &[&organization.as_str()]).await?;
    rows.first().map_or_else(|| Ok(FeedExtent::begun(false)), extent_of)
}

fn extent_of(row: &Row) -> Outcome<FeedExtent> {
    let (commits, first): (i64, Option<i64>) = (row.try_get(0)?, row.try_get(1)?);
    let end = commits.cast_unsigned().saturating_add(1);
    Ok(FeedExtent { first: first.unwrap_or(0).cast_unsigned(), end })
}

/// The entry of a row of number and document.
pub(super) fn entry(row: &Row) -> Outcome<FeedEntry> {
    let (number, document): (i64, &str) = (row.try_get(0)?, row.try_get(1)?);
    serde_json::from_str(document).map_err(|cause| damaged("events", number, cause))
}

/// Takes away what is before a place and older than a time, while nobody else writes to the organization.
pub(super) async fn prune(
    connections: &Connections,
    organization: &OrganizationId,
    place: FeedPlace,
    older_than: Timestamp,
) -> Outcome<()> {
    let mut client = connections.client().await?;
    let begin = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted);
    let transaction = begin.start().await?;
    let organization = organization.as_str();
    let sql = "SELECT commits FROM organizations WHERE id = $1 FOR UPDATE";
    transaction.query(sql, &[&organization]).await?;
    let extent = transaction.query(EXTENT, &[&organization]).await?;
    let extent = extent.first().map_or_else(|| Ok(FeedExtent::begun(false)), extent_of)?;
    extent.check(place)?;
    let sql = "SELECT max(entry) FROM feed_entries WHERE organization = $1 AND entry <
                   coalesce((SELECT min(entry) FROM feed_entries
                             WHERE organization = $1 AND (entry >= $2 OR at >= $3)), $2)";
    let parameters: [Parameter<'_>; 3] = [&organization, &number(place), &older_than.as_micros()];
    let last: Option<i64> = transaction.query_one(sql, &parameters).await?.try_get(0)?;
    let Some(last) = last else { return Ok(()) };
    let sql = "DELETE FROM feed_entries WHERE organization = $1 AND entry <= $2";
    transaction.execute(sql, &[&organization, &last]).await?;
    let sql = "INSERT INTO feed_extents (organization, first) VALUES ($1, $2)
               ON CONFLICT (organization) DO UPDATE SET first = excluded.first";
    transaction.execute(sql, &[&organization, &last.saturating_add(1)]).await?;
    Ok(transaction.commit().await?)
}

/// The number of a place's entry. None is higher than the highest that there can be.
fn number(place: FeedPlace) -> i64 {
    i64::try_from(place.entry).unwrap_or(i64::MAX)
}
