//! Searches that are looked at page by page, and of which hardly anything is kept.

use ldap3::controls::RawControl;

use super::ber::Malformed;
use super::connection::Connection;
use super::entry::RawEntry;
use super::guard::SearchMessage;
use super::paging::{self, PageContents, PageEnd, Paging};
use super::search::{NO_ATTRIBUTES, SearchRequest};
use crate::Result;
use crate::directory::Held;
use crate::ldap::limits::LdapLimits;

impl Connection {
    /// Looks at every entry and reference of a search, page by page. `look` says how many octets of it are kept.
    pub(crate) async fn walk(
        &mut self,
        request: &SearchRequest,
        controls: &[RawControl],
        (limits, held): (&LdapLimits, &mut Held),
        mut look: impl FnMut(SearchMessage<'_>) -> Result<usize, Malformed> + Send,
    ) -> Result<()> {
        let mut paging = Paging::new();
        loop {
            let mut contents = PageContents::default();
            let mut all = vec![paging.control(limits)];
            all.extend_from_slice(controls);
            let search = self.search(request, all).await?;
            let mut kept = 0_usize;
            let result = search
                .each_message(|message| {
                    if let SearchMessage::Entry(body) = message {
                        contents.count(RawEntry::parse(body)?.dn);
                    }
                    kept = kept.saturating_add(look(message)?);
                    Ok(())
                })
                .await?;
            held.add(kept)?;
            let cannot_tell = contents.entries() <= 1;
            if paging.is_unpaged(&result)
                && (cannot_tell || self.sends_more_than_one(request).await?)
            {
                return Ok(());
            }
            if paging.end_page(&result, contents, limits)? == PageEnd::Last {
                return Ok(());
            }
        }
    }

    /// Whether the server ignores paging: it sends more than the one entry that it is asked for.
    pub(crate) async fn sends_more_than_one(&mut self, request: &SearchRequest) -> Result<bool> {
        let attributes = vec![NO_ATTRIBUTES.to_owned()];
        let request = SearchRequest { attributes, ..request.clone() };
        let mut entries = 0_u64;
        let search = self.search(&request, vec![paging::control(1, &[])]).await?;
        let result = search
            .each_entry(|_| {
                entries += 1;
                Ok(())
            })
            .await?;
        Ok(entries > 1 && Paging::new().is_unpaged(&result))
    }
}
