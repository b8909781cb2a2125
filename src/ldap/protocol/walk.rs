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
    /// Looks at every entry and reference of a search, page by page. `look` says how many octets of it are kept, which are held
    /// from then on.
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
            let result = search
                .each_message(|message| {
                    if let SearchMessage::Entry(body) = message {
                        contents.count(RawEntry::parse(body)?.dn);
                    }
                    held.add(look(message)?)
                })
                .await?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorKind;
    use crate::directory::MemoryBudget;
    use crate::ldap::protocol::script::{connection, entry};

    #[tokio::test]
    async fn what_is_kept_counts_as_it_comes_and_the_end_of_a_page_is_not_waited_for() {
        let limits = LdapLimits::default();
        let reply = entry(1, "CN=A,DC=x", &[]).repeat(4);
        let (mut connection, _server) = connection(&limits, vec![reply]).await;
        let request = SearchRequest::of_entry("DC=x", &["name"]);
        let (mut held, mut seen) = (MemoryBudget::new(100).holder(), 0);
        let look = |_: SearchMessage<'_>| {
            seen += 1;
            Ok(40)
        };
        let walked = connection.walk(&request, &[], (&limits, &mut held), look).await;
        assert_eq!(walked.unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert_eq!(seen, 3);
    }
}
