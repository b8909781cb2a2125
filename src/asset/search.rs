//! Searching the inventory, page by page.

use super::{Cursor, Sort};
use crate::query::Query;
use crate::value::{OrganizationId, Timestamp};

/// What to look for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SearchRequest {
    /// Where.
    pub organization: OrganizationId,
    /// What must hold of a record.
    pub query: Query,
    /// What relative times in the query are relative to.
    pub now: Timestamp,
    /// The order of assets. That of their ids unless set. Users and groups come in one order, that of their
    /// sources and objectGUIDs, whatever this says.
    pub sort: Sort,
    /// The most records of one page, and of a count the most values of each facet. 100 unless set: a screenful, and small enough for any store.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// One page of what was found. What is written between two pages moves nothing else: the next page begins
/// behind the place of the last record, even if that record is gone.
#[derive(Clone, Debug)]
pub struct SearchPage<T> {
    /// The records.
    pub records: Vec<T>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<Cursor>,
}

impl SearchRequest {
    /// The first page.
    pub fn new(organization: OrganizationId, query: Query, now: Timestamp) -> Self {
        Self { organization, query, now, sort: Sort::default(), limit: 100, after: None }
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

    /// Goes on after a page.
    #[must_use]
    pub fn after(mut self, cursor: Option<Cursor>) -> Self {
        self.after = cursor;
        self
    }
}
