//! How to import.

use crate::value::SiteId;

/// How to import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ImportOptions {
    /// The site that new assets are placed in whose record names none.
    pub site: SiteId,
    /// Whether the scan has everything that the source knows. What it does not have is missing then, and what it said
    /// is dated out. Off unless set.
    pub complete: bool,
    /// Refuses a scan of which something is left out, before anything is written. Off unless set.
    pub strict: bool,
}

impl ImportOptions {
    /// Places new assets in this site.
    pub fn new(site: SiteId) -> Self {
        Self { site, complete: false, strict: false }
    }

    /// Sets whether the scan has everything that the source knows.
    #[must_use]
    pub fn with_complete(mut self, complete: bool) -> Self {
        self.complete = complete;
        self
    }

    /// Sets whether a scan is refused of which something is left out.
    #[must_use]
    pub fn with_strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }
}
