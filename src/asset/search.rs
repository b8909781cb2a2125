//! Searching the inventory, page by page.

use std::time::Duration;

use super::{Asset, AssetInContext, Sort};
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
    pub after: Option<String>,
    /// Whether `group` of users and `member` of groups find membership through other groups as well, as `nested` always
    /// does.
    pub nested: bool,
    /// How long it may take. A minute unless set: longer than a search of a million assets that reads every document, and
    /// nobody waits longer. A store that works on records one by one looks at it now and then, or not at all.
    pub deadline: Duration,
}

/// How long a search may take, unless it is said.
const DEADLINE: Duration = Duration::from_secs(60);

/// One page of what was found. What is written between two pages moves nothing else: the next page begins
/// behind the place of the last record, even if that record is gone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SearchPage<T> {
    /// The records.
    pub records: Vec<T>,
    /// Where the next page begins; `None` if this is the last.
    pub next: Option<String>,
}

impl SearchRequest {
    /// The first page.
    pub fn new(organization: OrganizationId, query: Query, now: Timestamp) -> Self {
        let (sort, source) = (Sort::default(), None);
        Self {
            organization,
            source,
            query,
            now,
            sort,
            limit: 100,
            after: None,
            nested: false,
            deadline: DEADLINE,
        }
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

    /// Sets how long it may take.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Goes on after a page.
    #[must_use]
    pub fn after(mut self, cursor: Option<String>) -> Self {
        self.after = cursor;
        self
    }

    /// Whether the query holds of a user or group. What it asks of nested membership is not known to the record alone.
    pub fn selects(&self, record: &impl Fields) -> bool {
        self.query.matches(record, self.now.as_micros())
    }

    /// Whether the query holds of an asset. `has_overlap` says whether another asset of the organization has one of its
    /// [match keys](Asset::match_keys), `is_unresolved` whether a computer waits that may be it: it is one of the
    /// [candidates](super::Waiting::candidates) of a [`Waiting`](super::Waiting). Each is called only where the query asks
    /// for it (`name_overlap`, `state`).
    ///
    /// ```
    /// # use ldap_inventory::asset::{Asset, SearchRequest};
    /// # use ldap_inventory::value::{AssetId, Timestamp};
    /// # let asset = Asset::new(AssetId::random_v7(), "acme".parse()?, "hq".parse()?);
    /// let query = "name_overlap:t".parse()?;
    /// let request = SearchRequest::new("acme".parse()?, query, Timestamp::now());
    /// assert!(request.selects_asset(&asset, || true, || false));
    /// assert!(!request.selects_asset(&asset, || false, || false));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn selects_asset(
        &self,
        asset: &Asset,
        has_overlap: impl Fn() -> bool,
        is_unresolved: impl Fn() -> bool,
    ) -> bool {
        self.selects(&AssetInContext::new(asset, has_overlap, is_unresolved))
    }
}

impl<T> SearchPage<T> {
    /// The page that begins with these records: all that were found behind a place, in order, or the first of
    /// them and at least one more than a page holds.
    pub fn of(mut records: Vec<T>, limit: usize, cursor: impl Fn(&T) -> String) -> Self {
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
