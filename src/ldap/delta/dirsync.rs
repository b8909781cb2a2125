//! The DirSync control (MS-ADTS section 3.1.1.3.4.1.3): what changed in a naming context since a cookie.
//!
//! The control is critical. With OBJECT_SECURITY an ordinary account may use it, and sees what it may read anyway. With
//! INCREMENTAL_VALUES links come one by one, which is of use where the list that they are of is long and known; whole
//! objects are read again in any case.

use std::collections::HashSet;

use ldap3::LdapResult;
use ldap3::controls::RawControl;
use sha2::{Digest, Sha256};

use super::ChangeGranularity;
use crate::directory::Held;
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::ber::{self, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE};
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::controls::DIRSYNC;
use crate::ldap::protocol::diagnosis;
use crate::ldap::protocol::entry::RawEntry;
use crate::ldap::protocol::guard::within;
use crate::ldap::protocol::search::SearchRequest;
use crate::{Error, ErrorKind, Result};

const OBJECT_SECURITY: i64 = 0x1;
/// The flags are an integer of 32 bits, and this is its sign.
const INCREMENTAL_VALUES: i64 = -0x8000_0000;
/// What an answer should have at most. Servers take it as a hint.
const ANSWER_BYTES: i64 = 1 << 20;

/// What the server says at the end of an answer.
#[derive(Debug, Eq, PartialEq)]
struct Answer {
    more: bool,
    cookie: Vec<u8>,
}

impl Connection {
    /// Looks at every entry that changed since the cookie, to the last answer, and returns the next cookie; or
    /// the server's refusal. `look` says how many octets of an entry are kept, which are held from then on.
    pub(crate) async fn dirsync(
        &mut self,
        request: &SearchRequest,
        mut cookie: Vec<u8>,
        granularity: ChangeGranularity,
        (limits, held): (&LdapLimits, &mut Held),
        mut look: impl FnMut(RawEntry<'_>) -> Result<usize, Malformed> + Send,
    ) -> Result<Result<Vec<u8>, Error>> {
        let mut seen = HashSet::new();
        for answers in 1_u64.. {
            let search = self.search(request, vec![control(granularity, &cookie)]).await?;
            let result = search.each_entry(|entry| held.add(look(entry)?)).await?;
            if let Some(refusal) = refused(&result)? {
                return Ok(Err(refusal));
            }
            let answer = answer(&result)?;
            within("cookie_bytes", count(answer.cookie.len()), count(limits.cookie_bytes))?;
            if !answer.more {
                return Ok(Ok(answer.cookie));
            }
            within("pages", answers, count(limits.pages))?;
            // Answers without an entry are many where the filter matches few: the cookie alone shows progress.
            if !seen.insert(Sha256::digest(&answer.cookie)) {
                return Err(protocol("the server sends the same changes over and over"));
            }
            cookie = answer.cookie;
        }
        Err(protocol("the server never stops sending changes"))
    }
}

/// A server that is busy, or has lost the bind, is an error. Every other result code is its way to say that it does
/// not do this, for this account or with this cookie.
fn refused(result: &LdapResult) -> Result<Option<Error>> {
    match result.rc {
        0 => Ok(None),
        1 | 51 | 52 => Err(diagnosis::search_refused(result)),
        _ => Ok(Some(diagnosis::search_refused(result))),
    }
}

fn control(granularity: ChangeGranularity, cookie: &[u8]) -> RawControl {
    let mut fields = Vec::new();
    let flags = match granularity {
        ChangeGranularity::Values => OBJECT_SECURITY | INCREMENTAL_VALUES,
        ChangeGranularity::Attributes | ChangeGranularity::Objects => OBJECT_SECURITY,
    };
    ber::write_integer(&mut fields, INTEGER, flags);
    ber::write_integer(&mut fields, INTEGER, ANSWER_BYTES);
    ber::write(&mut fields, OCTET_STRING, cookie);
    let mut value = Vec::new();
    ber::write(&mut value, SEQUENCE, &fields);
    RawControl { ctype: DIRSYNC.to_owned(), crit: true, val: Some(value) }
}

fn answer(result: &LdapResult) -> Result<Answer> {
    let control = result.ctrls.iter().map(|control| &control.1).find(|c| c.ctype == DIRSYNC);
    let control = control.ok_or_else(|| {
        protocol(
            "the server did not say whether there are more changes; what it sent may not be all",
        )
    })?;
    let answer = parse(control.val.as_deref().unwrap_or_default())?;
    if answer.cookie.is_empty() {
        return Err(protocol("the server gave no cookie to go on from"));
    }
    Ok(answer)
}

fn parse(value: &[u8]) -> Result<Answer, Malformed> {
    let mut outer = Reader::new(value);
    let mut fields = Reader::new(outer.contents_of(SEQUENCE)?);
    outer.end()?;
    let more = ber::integer(fields.contents_of(INTEGER)?)? != 0;
    ber::integer(fields.contents_of(INTEGER)?)?;
    let cookie = fields.contents_of(OCTET_STRING)?.to_vec();
    fields.end()?;
    Ok(Answer { more, cookie })
}

fn protocol(message: &'static str) -> Error {
    Error::new(ErrorKind::Protocol, message).in_operation("search")
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::MemoryBudget;
    use crate::ldap::protocol::script::{connection, dirsync_done, done, entry};

    /// The entries that were seen, and how it ended.
    async fn run(
        limits: LdapLimits,
        replies: Vec<Vec<u8>>,
    ) -> (Vec<String>, Result<Result<Vec<u8>, Error>>) {
        let (mut connection, _server) = connection(&limits, replies).await;
        let request = SearchRequest::of_entry("DC=x", &["name"]);
        let mut names = Vec::new();
        let look = |entry: RawEntry<'_>| {
            names.push(entry.dn_lossy());
            Ok(40)
        };
        let attributes = ChangeGranularity::Attributes;
        let held = &mut MemoryBudget::new(100).holder();
        let end =
            connection.dirsync(&request, b"begin".to_vec(), attributes, (&limits, held), look);
        let end = end.await;
        (names, end)
    }

    fn round(id: i64, name: &str, more: bool, cookie: &[u8]) -> Vec<u8> {
        [entry(id, name, &[]), dirsync_done(id, 0, more, cookie)].concat()
    }

    #[test]
    fn the_control_is_critical_and_carries_flags_size_and_cookie() {
        let attributes = control(ChangeGranularity::Attributes, &[7]);
        assert!(attributes.crit);
        assert_eq!(attributes.val.unwrap(), [0x30, 11, 2, 1, 1, 2, 3, 0x10, 0, 0, 4, 1, 7]);
        let values = control(ChangeGranularity::Values, &[7]);
        let flags = [2, 4, 0x80, 0, 0, 1];
        assert_eq!(values.val.unwrap()[2..8], flags);
    }

    #[tokio::test]
    async fn what_is_kept_counts_with_each_answer_and_ends_the_read_where_it_is_too_much() {
        let name = ["A", "B", "C", "D"].map(|name| format!("CN={name}"));
        let replies = (1..).zip(&name).map(|(id, name)| round(id, name, true, name.as_bytes()));
        let (names, end) = run(LdapLimits::default(), replies.collect()).await;
        assert_eq!(names, name[..3]);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[tokio::test]
    async fn what_is_kept_counts_as_it_comes_and_the_end_of_an_answer_is_not_waited_for() {
        let name = ["A", "B", "C", "D"].map(|name| format!("CN={name}"));
        let replies = vec![name.iter().flat_map(|name| entry(1, name, &[])).collect()];
        let (names, end) = run(LdapLimits::default(), replies).await;
        assert_eq!(names, name[..3]);
        assert_eq!(end.unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[tokio::test]
    async fn answers_are_asked_for_until_there_are_no_more() {
        let replies = vec![
            round(1, "CN=A", true, b"one"),
            dirsync_done(2, 0, true, b"two"),
            round(3, "CN=B", false, b"three"),
        ];
        let (names, end) = run(LdapLimits::default(), replies).await;
        assert_eq!(names, ["CN=A", "CN=B"]);
        assert_eq!(end.unwrap().unwrap(), b"three");
    }

    #[tokio::test]
    async fn a_refusal_is_no_error_and_a_busy_server_is() {
        for code in [2, 8, 11, 12, 32, 50, 53, 80] {
            let (_, end) = run(LdapLimits::default(), vec![done(1, code)]).await;
            assert!(end.unwrap().is_err(), "{code}");
        }
        for code in [1, 51, 52] {
            let (_, end) = run(LdapLimits::default(), vec![done(1, code)]).await;
            assert!(end.is_err(), "{code}");
        }
    }

    #[tokio::test]
    async fn answers_that_lead_nowhere_are_errors() {
        for (replies, kind) in [
            (vec![done(1, 0)], ErrorKind::Protocol),
            (vec![dirsync_done(1, 0, false, b"")], ErrorKind::Protocol),
            (
                vec![dirsync_done(1, 0, true, b"a"), dirsync_done(2, 0, true, b"a")],
                ErrorKind::Protocol,
            ),
            (vec![dirsync_done(1, 0, true, b"a")], ErrorKind::Disconnected),
        ] {
            let (_, end) = run(LdapLimits::default(), replies).await;
            assert_eq!(end.unwrap_err().kind(), kind);
        }
    }

    #[tokio::test]
    async fn limits_hold_at_the_limit_and_not_one_past_it() {
        let cookie = |cookie_bytes| LdapLimits { cookie_bytes, ..LdapLimits::default() };
        let replies = || vec![dirsync_done(1, 0, false, b"four")];
        assert!(run(cookie(4), replies()).await.1.is_ok());
        assert_eq!(run(cookie(3), replies()).await.1.unwrap_err().kind(), ErrorKind::LimitExceeded);
        let pages = |pages| LdapLimits { pages, ..LdapLimits::default() };
        let replies = || vec![dirsync_done(1, 0, true, b"a"), dirsync_done(2, 0, false, b"b")];
        assert!(run(pages(1), replies()).await.1.is_ok());
        assert_eq!(run(pages(0), replies()).await.1.unwrap_err().kind(), ErrorKind::LimitExceeded);
    }
}
