//! Cutting what was found into pages.

use crate::asset::{Cursor, SearchPage};

/// The first `limit` records, and where they end if there are more. Looks one record further, so that a
/// page which is full and the last says so.
pub(super) fn page<T, E>(
    limit: usize,
    mut records: impl Iterator<Item = Result<T, E>>,
    place: impl Fn(&T) -> Cursor,
) -> Result<SearchPage<T>, E> {
    let found: Vec<T> = records.by_ref().take(limit.max(1)).collect::<Result<_, E>>()?;
    let more = records.next().transpose()?.is_some();
    let next = found.last().filter(|_| more).map(place);
    Ok(SearchPage { records: found, next })
}
