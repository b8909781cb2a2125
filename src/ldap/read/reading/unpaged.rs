//! Servers that ignore paging.
//!
//! The control is critical, so that a server that does not know it must refuse the search (RFC 4511, section 4.1.11).
//! Some send everything at once instead, and say nothing of pages. So does a server that pages behind a proxy that
//! drops its controls, and of that everything but the first page would be lost. The one sends as much as before when
//! it is asked for a page of one entry, and the other does not.

use ldap3::Scope;

use super::{Planned, Reading, Stop};
use crate::ldap::protocol::search::SearchRequest;

const WARNING: &str = "the server ignores paged results (RFC 2696) and sent everything at once; if it left something \
                       out without saying so, that does not show";

impl Reading {
    /// Whether a search that came to so many entries on one page, without a word on more of them, came to all.
    pub(super) async fn ignores_paging(
        &mut self,
        search: &Planned,
        entries: u64,
    ) -> Result<bool, Stop> {
        let is_more_than_a_page = entries > u64::from(self.limits.page_size).max(1);
        // A page of one entry is like any other page where there is one entry.
        let cannot_tell = entries <= 1;
        if !(self.progress.ignores_paging || is_more_than_a_page || cannot_tell) {
            self.progress.ignores_paging = self.sends_more_than_one(search).await?;
            if !self.progress.ignores_paging {
                return Ok(false);
            }
        }
        self.progress.ignores_paging |= is_more_than_a_page;
        if !self.end.warnings.iter().any(|warning| warning == WARNING) {
            self.end.warnings.push(WARNING.to_owned());
        }
        Ok(true)
    }

    /// Whether the server sends more than the one entry that it is asked for.
    async fn sends_more_than_one(&mut self, planned: &Planned) -> Result<bool, Stop> {
        let request = SearchRequest {
            base: planned.base.as_str().to_owned(),
            scope: Scope::Subtree,
            filter: planned.filter.clone(),
            attributes: Vec::new(),
        };
        Ok(self.connection.sends_more_than_one(&request).await?)
    }
}
