//! Searching the inventory, page by page.

use std::sync::Arc;
use std::time::Duration;

use super::{Asset, AssetInContext, Sort, System};
use crate::Result;
use crate::os::Lifecycle;
use crate::query::{Fields, Query};
use crate::value::{Attributes, OrganizationId, SourceId, Timestamp};

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
    /// When operating systems are out of support.
    pub(crate) lifecycle: Arc<Lifecycle>,
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
            lifecycle: Arc::clone(Lifecycle::known()),
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

    /// Takes another table of support dates than the crate's: for `os_product`, `os_eol` and `os_eol_extended` in the query,
    /// and for [`os_support`](Self::os_support).
    ///
    /// CSV without quotation marks, in UTF-8. Lines that begin with `#` and empty ones say nothing; the first other one names
    /// the columns, in any order:
    ///
    /// - `product`: `windows`, `windows-server`, `macos`, `rhel`, `ubuntu`, `debian`; or any other, such as `rocky-linux`,
    ///   with whose words (`Rocky Linux`) the names of systems begin.
    /// - `cycle`: the release, with which the number in a system's name begins: `9`, `22.04`. Of Windows as endoflife.date has
    ///   them: `11-24h2-e`, `2012-r2`.
    /// - `end_of_life`: the last day of support, `2026-01-31`; `false` where none is set.
    /// - `end_of_extended_support`, optional: that of support beyond it, empty where there is none.
    /// - `label`, optional: what people call the release. `build`, optional: the numbers that it reports, with a blank between
    ///   them; of Windows they decide. `lts`, optional: `lts` for what is serviced for longer.
    ///
    /// Others are passed over, so that the crate's own `src/os/lifecycle.csv` with some lines more is such a table.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) for another form, with the line.
    pub fn with_lifecycle(mut self, csv: &str) -> Result<Self> {
        self.lifecycle = Arc::new(Lifecycle::from_csv(csv)?);
        Ok(self)
    }

    /// What is known of an asset's operating system, as [`Asset::os_support`] tells it, by the table of this request.
    pub fn os_support(&self, asset: &Asset) -> Attributes {
        System::of(asset, &self.lifecycle).attributes()
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
        let table = &self.lifecycle;
        self.selects(&AssetInContext::new(asset, table, has_overlap, is_unresolved))
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
