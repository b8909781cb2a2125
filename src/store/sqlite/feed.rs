//! The feed of events: an entry for each commit that told something.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::failure::{Outcome, damaged};
use super::{packed, record, row_id};
use crate::asset::{Event, FeedEntry, FeedExtent, FeedPlace, FeedReader};
use crate::store::record::document;
use crate::value::{OrganizationId, Timestamp};

/// What a batch tells, as it is kept.
#[derive(Debug)]
pub(super) struct Told {
    at: Timestamp,
    document: Vec<u8>,
}

impl Told {
    /// Packs it: a millisecond's work for a large batch.
    pub(super) fn of(entry: FeedEntry) -> Outcome<Self> {
        let document = packed::pack(document("events", &entry)?.as_bytes())?;
        Ok(Self { at: entry.at, document })
    }

    /// Writes it behind all that was told before.
    pub(super) fn write(&self, transaction: &Transaction<'_>, organization: i64) -> Outcome<()> {
        let sql = "UPDATE organizations SET feed_end = feed_end + 1 WHERE number = ?1
                   RETURNING feed_end - 1";
        let mut statement = transaction.prepare_cached(sql)?;
        let entry: i64 = statement.query_row([organization], |row| row.get(0))?;
        let sql = "INSERT INTO feed_entries (organization, entry, at, document)
                   VALUES (?1, ?2, ?3, ?4)";
        let parameters = params![organization, entry, self.at.as_micros(), self.document];
        transaction.prepare_cached(sql)?.execute(parameters)?;
        Ok(())
    }
}

/// At most `limit` events from a place on.
pub(super) fn since(
    connection: &Connection,
    organization: &OrganizationId,
    place: FeedPlace,
    limit: usize,
) -> Outcome<Vec<Event>> {
    let mut reader = FeedReader::new(place, limit);
    if let Some(number) = row_id::organization(connection, organization)? {
        let sql = "SELECT entry, document FROM feed_entries WHERE organization = ?1 AND entry >= ?2
                   ORDER BY entry";
        let mut statement = connection.prepare_cached(sql)?;
        let mut rows = statement.query(params![number, place.entry.cast_signed()])?;
        while !reader.is_full()
            && let Some(row) = rows.next()?
        {
            let number: i64 = row.get(0)?;
            reader.read(number.cast_unsigned(), entry(row)?)?;
        }
    }
    // Whatever was taken away meanwhile is missing in what was read; how far the feed goes was written along with that.
    extent(connection, organization)?.check(place)?;
    Ok(reader.events)
}

/// The entry of a row of number and document.
pub(super) fn entry(row: &Row<'_>) -> Outcome<FeedEntry> {
    let number: i64 = row.get(0).map_err(|cause| damaged("events", "their number", cause))?;
    record::unpack(record::packed(row, 1, "events", number)?, "events", number)
}

/// How far the feed goes.
pub(super) fn extent(
    connection: &Connection,
    organization: &OrganizationId,
) -> Outcome<FeedExtent> {
    let sql = "SELECT feed_first, feed_end FROM organizations WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let extent = statement.query_row([organization.as_str()], |row| {
        let (first, end): (i64, i64) = (row.get(0)?, row.get(1)?);
        Ok(FeedExtent { first: first.cast_unsigned(), end: end.cast_unsigned() })
    });
    Ok(extent.optional()?.unwrap_or_else(|| FeedExtent::begun(false)))
}

/// Takes away what is before a place and older than a time.
pub(super) fn prune(
    connection: &mut Connection,
    organization: &OrganizationId,
    place: FeedPlace,
    older_than: Timestamp,
) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    extent(&transaction, organization)?.check(place)?;
    let Some(organization) = row_id::organization(&transaction, organization)? else {
        return Ok(());
    };
    let sql = "SELECT max(entry) FROM feed_entries WHERE organization = ?1 AND entry <
                   coalesce((SELECT min(entry) FROM feed_entries
                             WHERE organization = ?1 AND (entry >= ?2 OR at >= ?3)), ?2)";
    let parameters = params![organization, place.entry.cast_signed(), older_than.as_micros()];
    let last: Option<i64> = transaction.query_row(sql, parameters, |row| row.get(0))?;
    let Some(last) = last else { return Ok(()) };
    let sql = "DELETE FROM feed_entries WHERE organization = ?1 AND entry <= ?2";
    transaction.execute(sql, params![organization, last])?;
    let sql = "UPDATE organizations SET feed_first = ?2 + 1 WHERE number = ?1";
    transaction.execute(sql, params![organization, last])?;
    Ok(transaction.commit()?)
}
