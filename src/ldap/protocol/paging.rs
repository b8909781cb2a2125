//! Simple paged results (RFC 2696): the control, the cookie, and when a search is over.
//!
//! The control is sent as critical, so that a server without paging refuses the search instead of
//! cutting it off. Only an answer with an empty cookie ends a search; whatever else ends it is an error, unless the
//! reader makes sure that the server ignores the control ([`Paging::is_unpaged`]).

use std::collections::HashSet;

use ldap3::LdapResult;
use ldap3::controls::RawControl;
use sha2::{Digest, Sha256};

use super::ber::{self, INTEGER, Malformed, OCTET_STRING, Reader, SEQUENCE};
use super::controls::PAGED_RESULTS;
use super::diagnosis;
use super::guard::within;
use crate::ldap::limits::LdapLimits;
use crate::{Error, ErrorKind, Result};

/// Where a paged search stands.
#[derive(Debug)]
pub(crate) struct Paging {
    cookie: Vec<u8>,
    seen: HashSet<[u8; 32]>,
    pages: usize,
    empty: usize,
}

/// What a page held, as far as its end needs to know.
#[derive(Debug, Default)]
pub(crate) struct PageContents {
    entries: u64,
    digest: Sha256,
}

/// Whether a search goes on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum PageEnd {
    /// There is another page.
    More,
    /// That was all.
    Last,
}

impl PageContents {
    /// Counts an entry with this DN. The first few tell one page from another.
    pub(crate) fn count(&mut self, dn: &[u8]) {
        const TELLING: u64 = 4;
        if self.entries < TELLING {
            self.digest.update(dn);
            self.digest.update([0]);
        }
        self.entries += 1;
    }

    /// How many entries it had.
    pub(crate) fn entries(&self) -> u64 {
        self.entries
    }
}

impl Paging {
    pub(crate) fn new() -> Self {
        Self { cookie: Vec::new(), seen: HashSet::new(), pages: 0, empty: 0 }
    }

    /// The control that asks for the next page.
    pub(crate) fn control(&self, limits: &LdapLimits) -> RawControl {
        control(limits.page_size, &self.cookie)
    }

    /// Whether a search that was to be paged succeeded as one that was not: the first page came without a word on
    /// whether there are more.
    pub(crate) fn is_unpaged(&self, result: &LdapResult) -> bool {
        result.rc == 0 && self.cookie.is_empty() && paged_results(result).is_none()
    }

    /// Takes the result of a page.
    ///
    /// A page that is the same as an earlier one, by its cookie and its entries, is a loop. The cookie alone
    /// does not tell: Samba answers every page of a search with the same one.
    pub(crate) fn end_page(
        &mut self,
        result: &LdapResult,
        contents: PageContents,
        limits: &LdapLimits,
    ) -> Result<PageEnd> {
        if result.rc != 0 {
            return Err(diagnosis::search_refused(result));
        }
        self.cookie = response_cookie(result)?;
        if self.cookie.is_empty() {
            return Ok(PageEnd::Last);
        }
        within("cookie_bytes", count(self.cookie.len()), count(limits.cookie_bytes))?;
        self.pages += 1;
        within("pages", count(self.pages), count(limits.pages))?;
        if contents.entries == 0 {
            self.empty += 1;
            return within("empty_pages", count(self.empty), count(limits.empty_pages))
                .map(|()| PageEnd::More);
        }
        self.empty = 0;
        let page = contents.digest.chain_update(&self.cookie).finalize();
        if self.seen.insert(page.into()) {
            return Ok(PageEnd::More);
        }
        Err(Error::new(ErrorKind::Protocol, "the server sends the same pages over and over")
            .in_operation("search")
            .with_context("pages", self.pages))
    }
}

/// The control that asks for the page of this size behind this cookie.
pub(crate) fn control(size: u32, cookie: &[u8]) -> RawControl {
    let mut fields = Vec::new();
    ber::write_integer(&mut fields, INTEGER, i64::from(size));
    ber::write(&mut fields, OCTET_STRING, cookie);
    let mut value = Vec::new();
    ber::write(&mut value, SEQUENCE, &fields);
    RawControl { ctype: PAGED_RESULTS.to_owned(), crit: true, val: Some(value) }
}

/// The server's paged results control.
fn paged_results(result: &LdapResult) -> Option<&RawControl> {
    result.ctrls.iter().map(|control| &control.1).find(|c| c.ctype == PAGED_RESULTS)
}

/// The cookie of the server's paged results control.
fn response_cookie(result: &LdapResult) -> Result<Vec<u8>> {
    let Some(control) = paged_results(result) else {
        return Err(Error::new(
            ErrorKind::Protocol,
            "the server did not say whether there are more pages; what it sent may not be all",
        )
        .in_operation("search"));
    };
    Ok(parse_cookie(control.val.as_deref().unwrap_or_default())?)
}

fn parse_cookie(value: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut outer = Reader::new(value);
    let mut fields = Reader::new(outer.contents_of(SEQUENCE)?);
    outer.end()?;
    ber::integer(fields.contents_of(INTEGER)?)?;
    let cookie = fields.contents_of(OCTET_STRING)?;
    fields.end()?;
    Ok(cookie.to_vec())
}

fn count(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::controls::Control;

    fn control(cookie: &[u8]) -> RawControl {
        let paging = Paging { cookie: cookie.to_vec(), ..Paging::new() };
        paging.control(&LdapLimits::default())
    }

    fn result(rc: u32, control: Option<RawControl>) -> LdapResult {
        LdapResult {
            rc,
            matched: String::new(),
            text: String::new(),
            refs: Vec::new(),
            ctrls: control.map(|control| Control(None, control)).into_iter().collect(),
        }
    }

    fn page(dns: &[&str]) -> PageContents {
        let mut contents = PageContents::default();
        dns.iter().for_each(|dn| contents.count(dn.as_bytes()));
        contents
    }

    /// The outcomes of pages with these cookies and first entries.
    fn run(limits: &LdapLimits, pages: &[(&[u8], &[&str])]) -> Result<PageEnd> {
        let mut paging = Paging::new();
        let mut last = Ok(PageEnd::More);
        for (cookie, dns) in pages {
            last = paging.end_page(&result(0, Some(control(cookie))), page(dns), limits);
            if last.is_err() {
                break;
            }
        }
        last
    }

    #[test]
    fn the_control_is_critical_and_carries_size_and_cookie() {
        let control = control(&[7]);
        assert!(control.crit);
        assert_eq!(control.val.unwrap(), [0x30, 7, 2, 2, 0x03, 0xe8, 4, 1, 7]);
    }

    #[test]
    fn only_an_empty_cookie_ends_a_search() {
        let limits = LdapLimits::default();
        assert_eq!(run(&limits, &[(b"", &[])]).unwrap(), PageEnd::Last);
        assert_eq!(run(&limits, &[(b"a", &["x"])]).unwrap(), PageEnd::More);
        assert_eq!(run(&limits, &[(b"a", &["x"]), (b"", &["y"])]).unwrap(), PageEnd::Last);
    }

    #[test]
    fn a_result_code_other_than_success_never_ends_a_search_well() {
        for rc in [1, 3, 4, 10, 11, 12, 32, 51, 52, 53, 80, 4096] {
            let result = result(rc, Some(control(b"")));
            let end = Paging::new().end_page(&result, page(&[]), &LdapLimits::default());
            assert!(end.is_err(), "{rc}");
        }
    }

    #[test]
    fn an_answer_without_the_control_is_no_end() {
        let end = Paging::new().end_page(&result(0, None), page(&["x"]), &LdapLimits::default());
        assert_eq!(end.unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn a_search_is_unpaged_if_its_first_page_succeeds_without_the_control() {
        assert!(Paging::new().is_unpaged(&result(0, None)));
        assert!(!Paging::new().is_unpaged(&result(4, None)));
        assert!(!Paging::new().is_unpaged(&result(0, Some(control(b"")))));
        let later = Paging { cookie: vec![1], ..Paging::new() };
        assert!(!later.is_unpaged(&result(0, None)));
    }

    #[test]
    fn control_values_of_another_shape_are_refused() {
        for value in [
            None,
            Some(vec![]),
            Some(vec![0x30, 0]),
            Some(vec![0x30, 3, 2, 1, 0]),
            Some(vec![0x30, 5, 2, 1, 0, 4, 1]),
            Some(vec![0x30, 4, 2, 0, 4, 0]),
            Some(vec![0x30, 5, 2, 1, 0, 4, 0, 4, 0]),
            Some(vec![0x31, 5, 2, 1, 0, 4, 0]),
        ] {
            let control = RawControl { ctype: PAGED_RESULTS.to_owned(), crit: false, val: value };
            let result = result(0, Some(control));
            let end = Paging::new().end_page(&result, page(&[]), &LdapLimits::default());
            assert_eq!(end.unwrap_err().kind(), ErrorKind::Protocol);
        }
    }

    #[test]
    fn the_same_page_again_is_a_loop() {
        let limits = LdapLimits::default();
        let same: &[(&[u8], &[&str])] = &[(b"a", &["x"]), (b"a", &["x"])];
        assert_eq!(run(&limits, same).unwrap_err().kind(), ErrorKind::Protocol);
        let alternating: &[(&[u8], &[&str])] = &[(b"a", &["x"]), (b"b", &["y"]), (b"a", &["x"])];
        assert_eq!(run(&limits, alternating).unwrap_err().kind(), ErrorKind::Protocol);
    }

    #[test]
    fn a_server_may_keep_one_cookie_for_all_pages() {
        let pages: &[(&[u8], &[&str])] = &[(b"1", &["x"]), (b"1", &["y"]), (b"", &["z"])];
        assert_eq!(run(&LdapLimits::default(), pages).unwrap(), PageEnd::Last);
    }

    #[test]
    fn limits_hold_at_the_limit_and_not_one_past_it() {
        let limits =
            LdapLimits { empty_pages: 2, pages: 3, cookie_bytes: 4, ..LdapLimits::default() };
        let empty: &[(&[u8], &[&str])] = &[(b"a", &[]), (b"b", &[]), (b"c", &[])];
        assert_eq!(run(&limits, &empty[..2]).unwrap(), PageEnd::More);
        assert_eq!(run(&limits, empty).unwrap_err().kind(), ErrorKind::LimitExceeded);
        let many: &[(&[u8], &[&str])] =
            &[(b"a", &["w"]), (b"b", &["x"]), (b"c", &["y"]), (b"d", &["z"])];
        assert_eq!(run(&limits, &many[..3]).unwrap(), PageEnd::More);
        assert_eq!(run(&limits, many).unwrap_err().kind(), ErrorKind::LimitExceeded);
        assert_eq!(run(&limits, &[(b"1234", &["x"])]).unwrap(), PageEnd::More);
        let long = run(&limits, &[(b"12345", &["x"])]);
        assert_eq!(long.unwrap_err().kind(), ErrorKind::LimitExceeded);
    }
}
