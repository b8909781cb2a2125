//! Searches that are looked at page by page, and of which hardly anything is kept.

use ldap3::controls::RawControl;

use super::ber::Malformed;
use super::connection::Connection;
use super::entry::RawEntry;
use super::guard::SearchMessage;
use super::paging::{PageContents, PageEnd, Paging};
use super::search::SearchRequest;
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
            if paging.end_page(&result, contents, limits)? == PageEnd::Last {
                return Ok(());
            }
        }
    }
}
