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
    use crate::ldap::protocol::frame::Frame;
    use crate::ldap::protocol::script::{connection, done, entry, page_done};

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

    fn entries(id: i64, number: usize) -> Vec<u8> {
        (0..number).flat_map(|n| entry(id, &format!("CN=C{n},DC=x"), &[])).collect()
    }

    /// How many entries it looked at, how it ended, and the requests.
    async fn walk(replies: Vec<Vec<u8>>) -> (usize, Result<()>, Vec<Frame>) {
        let limits = LdapLimits::default();
        let mut held = MemoryBudget::default().holder();
        let (mut connection, server) = connection(&limits, replies).await;
        let request = SearchRequest::of_entry("DC=x", &["cn", "description"]);
        let mut number = 0;
        let look = |_: SearchMessage<'_>| {
            number += 1;
            Ok(0)
        };
        let outcome = connection.walk(&request, &[], (&limits, &mut held), look).await;
        drop(connection);
        (number, outcome, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_walk_ends_with_the_last_page() {
        let replies = vec![
            [entries(1, 2), page_done(1, 0, b"more")].concat(),
            [entries(2, 1), page_done(2, 0, b"")].concat(),
        ];
        let (number, outcome, _) = walk(replies).await;
        assert_eq!((number, outcome.is_ok()), (3, true));
    }

    #[tokio::test]
    async fn a_walk_over_a_server_that_says_nothing_of_pages_is_whole_only_if_that_ignores_them() {
        let unpaged = |id, number| [entries(id, number), done(id, 0)].concat();
        for number in 0..2 {
            let (looked_at, outcome, _) = walk(vec![unpaged(1, number)]).await;
            assert_eq!((looked_at, outcome.is_ok()), (number, true));
        }
        let (number, outcome, requests) = walk(vec![unpaged(1, 3), unpaged(2, 3)]).await;
        assert_eq!((number, outcome.is_ok()), (3, true));
        // Whoever only counts asks for no attributes.
        let says = |request: &Frame, text: &str| {
            request.body().windows(text.len()).any(|window| window == text.as_bytes())
        };
        assert!(says(&requests[0], "description") && !says(&requests[1], "description"));
        for second in [unpaged(2, 1), [entries(2, 1), page_done(2, 0, b"more")].concat()] {
            let (number, outcome, _) = walk(vec![unpaged(1, 3), second]).await;
            assert_eq!((number, outcome.unwrap_err().kind()), (3, ErrorKind::Protocol));
        }
    }
}
