//! Searching the inventory, page by page.

use super::{Cursor, Sort};
use crate::query::{Fields, Query};
use crate::value::{OrganizationId, SourceId, Timestamp};

/// What to look for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SearchRequest {
    /// Where.
    pub organization: OrganizationId,
    /// Users and groups of this directory alone, if it is set. Assets have several sources, for which the query asks.
    pub source: Option<SourceId>,
    /// What must hold of a record.
    pub query: Query,
    /// What relative times in the query are relative to.
    pub now: Timestamp,
    /// The order of assets. That of their ids unless set. Users and groups come in one order, that of their
    /// sources and objectGUIDs, whatever this says.
    pub sort: Sort,
    /// The most records of one page, and of a count the most values of each facet. 100 unless set: a screenful,
    /// and small enough for any store.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// Whether `group` of users and `member` of groups find membership through other groups as well, as `nested` always
    /// does.
    pub nested: bool,
}

/// One page of what was found. What is written between two pages moves nothing else: the next page begins
/// behind the place of the last record, even if that record is gone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SearchPage<T> {
    /// The records.
    pub records: Vec<T>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Cursor>,
}

impl SearchRequest {
    /// The first page.
    pub fn new(organization: OrganizationId, query: Query, now: Timestamp) -> Self {
        let (sort, source) = (Sort::default(), None);
        Self { organization, source, query, now, sort, limit: 100, after: None, nested: false }
    }

    /// Leaves out users and groups of other directories.
    #[must_use]
    pub fn of_source(mut self, source: SourceId) -> Self {
        self.source = Some(source);
        self
    }

    /// Sets the order of assets.
    #[must_use]
    pub fn with_sort(mut self, sort: Sort) -> Self {
        self.sort = sort;
        self
    }

    /// Sets the most records of one page; at least 1.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit.max(1);
        self
    }

    /// Lets `group` and `member` find membership through other groups as well.
    #[must_use]
    pub fn with_nested(mut self, nested: bool) -> Self {
        self.nested = nested;
        self
    }

    /// Goes on after a page.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }

    /// Whether the query holds of a record. An asset is put to it [among](super::AssetInContext) the others; what it asks
    /// of nested membership is not known to the record alone.
    pub fn selects(&self, record: &impl Fields) -> bool {
        self.query.matches(record, self.now.as_micros())
    }
}

impl<T> SearchPage<T> {
    /// The page that begins with these records: all that were found behind a place, in order, or the first of
    /// them and at least one more than a page holds.
    pub fn of(mut records: Vec<T>, limit: usize, cursor: impl Fn(&T) -> Cursor) -> Self {
        let limit = limit.max(1);
        let has_more = records.len() > limit;
        records.truncate(limit);
        let next = records.last().filter(|_| has_more).map(cursor);
        Self { records, next }
    }

    /// Nothing was found.
    pub fn empty() -> Self {
        Self { records: Vec::new(), next: None }
    }
}
