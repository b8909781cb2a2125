//! The feed of events, in rows: one for each commit that told something, and one that says how far the feed goes.

use super::key::{Keys, Table};
use super::record::{decode, encode};
use super::table::{KeyRange, Row, Rows, Write};
use crate::Result;
use crate::asset::{Event, FeedEntry, FeedExtent, FeedPlace, FeedReader};
use crate::value::Timestamp;

/// How many entries are read at a time behind the first: one of a large batch has some hundred kilobytes.
const ENTRIES: usize = 16;

/// At most `limit` events from a place on.
pub(super) async fn since(
    rows: &(impl Rows + ?Sized),
    keys: &Keys,
    place: FeedPlace,
    limit: usize,
) -> Result<Vec<Event>> {
    let mut reader = FeedReader::new(place, limit);
    // Mostly the first one has more than enough.
    let mut entries = 1;
    while !reader.is_full() {
        let page = rows.scan(&from(keys, reader.place.entry, entries)).await?;
        for row in &page {
            if reader.is_full() {
                break;
            }
            reader.read(number(row), decode("events", &row.key, &row.value)?)?;
        }
        if page.len() < entries {
            break;
        }
        entries = ENTRIES;
    }
    // Whatever was taken away meanwhile is missing in what was read; how far the feed goes was written along with that.
    extent(rows, keys).await?.check(place)?;
    Ok(reader.events)
}

/// How far the feed goes.
pub(super) async fn extent(rows: &(impl Rows + ?Sized), keys: &Keys) -> Result<FeedExtent> {
    if let Some(extent) = written(rows, keys).await? {
        return Ok(extent);
    }
    let begun = begun(rows, keys).await?;
    // The first commit of all may have come between the two.
    Ok(written(rows, keys).await?.unwrap_or(begun))
}

async fn written(rows: &(impl Rows + ?Sized), keys: &Keys) -> Result<Option<FeedExtent>> {
    let key = keys.table(Table::Feed);
    let row = rows.get(std::slice::from_ref(&key)).await?.pop();
    row.map(|row| decode("feed", &key, &row.value)).transpose()
}

/// How far it goes where nothing says so yet. Every batch notes its source: where one is, and no feed, a version wrote it
/// that kept none.
pub(super) async fn begun(rows: &(impl Rows + ?Sized), keys: &Keys) -> Result<FeedExtent> {
    let sources = KeyRange::prefix(&keys.table(Table::Source)).with_limit(1);
    Ok(FeedExtent::begun(!rows.scan(&sources).await?.is_empty()))
}

/// Takes away what is before a place and older than a time; `false` if another write came first.
pub(super) async fn prune(
    rows: &(impl Rows + ?Sized),
    keys: &Keys,
    place: FeedPlace,
    older_than: Timestamp,
) -> Result<bool> {
    let key = keys.table(Table::Feed);
    let Some(before) = rows.get(std::slice::from_ref(&key)).await?.pop() else {
        return begun(rows, keys).await?.check(place).map(|()| true);
    };
    let mut extent: FeedExtent = decode("feed", &key, &before.value)?;
    extent.check(place)?;
    let mut write = Write::new().expecting(key.clone(), Some(before.value));
    let mut begin = extent.first;
    'all: loop {
        let page = rows.scan(&from(keys, begin, ENTRIES)).await?;
        for row in &page {
            let entry: FeedEntry = decode("events", &row.key, &row.value)?;
            if number(row) >= place.entry || entry.at >= older_than {
                break 'all;
            }
            begin = number(row).saturating_add(1);
            write = write.delete(row.key.clone());
        }
        if page.len() < ENTRIES {
            break;
        }
    }
    if begin == extent.first {
        return Ok(true);
    }
    extent.first = begin;
    write = write.put(key, encode("feed", &extent)?);
    write.changes.sort_unstable();
    rows.write(&write).await
}

/// So many entries from a number on.
fn from(keys: &Keys, entry: u64, entries: usize) -> KeyRange {
    let all = KeyRange::prefix(&keys.table(Table::Event));
    KeyRange::new(keys.event(entry), all.to).with_limit(entries)
}

/// The number of an entry, which its key ends with.
fn number(row: &Row) -> u64 {
    row.key.last_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::asset::{Asset, AssetRepository as _, Batch, Change, CommitOutcome};
    use crate::store::MemoryRepository;
    use crate::value::{AssetId, BatchId, OrganizationId, SourceId};

    #[tokio::test]
    async fn a_long_feed_is_pruned_to_its_end() {
        const COMMITS: u128 = 2 * ENTRIES as u128 + 1;
        let (acme, repository) = (OrganizationId::new("acme").unwrap(), MemoryRepository::new());
        for n in 1..=COMMITS {
            let asset = Asset::new(AssetId::from_u128(n), acme.clone(), "hq".parse().unwrap());
            let source = SourceId::new("scan", "hq").unwrap();
            let batch = Batch::new(BatchId::from_u128(n), acme.clone(), source);
            let committed = repository.commit(batch.with_changes([Change::create(asset)])).await;
            assert_eq!(committed.unwrap(), CommitOutcome::Applied);
        }
        let all = repository.events_since(&acme, None, 100).await.unwrap();
        let end = repository.events_end(&acme).await.unwrap();
        repository.prune_events(&acme, &end, Timestamp::MAX).await.unwrap();
        let entries = KeyRange::prefix(&Keys::of(&acme).table(Table::Event));
        assert_eq!(repository.rows().scan(&entries).await.unwrap(), []);
        let [.., before, last] = &all[..] else { panic!("{all:?}") };
        let error = repository.events_since(&acme, Some(&before.cursor), 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Outdated);
        assert_eq!(repository.events_since(&acme, Some(&last.cursor), 1).await.unwrap(), []);
    }

    #[tokio::test]
    async fn what_a_version_wrote_that_kept_no_feed_is_missing_in_it() {
        let (acme, repository) = (OrganizationId::new("acme").unwrap(), MemoryRepository::new());
        let begin = repository.events_end(&acme).await.unwrap();
        let source = SourceId::new("scan", "hq").unwrap();
        let batch = Batch::new(BatchId::from_u128(1), acme.clone(), source);
        assert_eq!(repository.commit(batch).await.unwrap(), CommitOutcome::Applied);
        let untold = Write::new().delete(Keys::of(&acme).table(Table::Feed));
        assert!(repository.rows().write(&untold).await.unwrap());
        let error = repository.events_since(&acme, Some(&begin), 1).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Outdated);
        let end = repository.events_end(&acme).await.unwrap();
        assert_eq!(repository.events_since(&acme, Some(&end), 1).await.unwrap(), []);
    }
}
