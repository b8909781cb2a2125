//! Paged results (RFC 2696), with the lists that a server keeps between pages.

use std::collections::VecDeque;

use super::codec::ber::{self, Writer};
use super::codec::message::{Control, PAGED_RESULTS, SearchRequest};
use crate::testing::SplitMix;
use crate::value::ObjectGuid;

/// How many unfinished paged searches a connection may have before the oldest is forgotten.
const MOST: usize = 10;

/// What a client asks for: a page of so many entries, and where to go on.
pub(super) struct PageRequest {
    pub(super) size: usize,
    pub(super) cookie: Vec<u8>,
}

impl PageRequest {
    pub(super) fn decode(control: &Control) -> Option<Self> {
        let (sequence, _) = ber::split(control.value.as_deref()?)?;
        match sequence.children()?.as_slice() {
            [size, cookie] => Some(Self {
                size: usize::try_from(size.integer()?).ok()?,
                cookie: cookie.body.to_vec(),
            }),
            _ => None,
        }
    }
}

/// The answer's control. AD never estimates the size.
pub(super) fn control(cookie: &[u8]) -> Control {
    let mut writer = Writer::default();
    writer.constructed(ber::SEQUENCE, |sequence| {
        sequence.integer(ber::INTEGER, 0).octets(cookie);
    });
    Control::new(PAGED_RESULTS, writer.into_bytes())
}

/// A paged search that is not at its end: what was asked, and the entries to come.
pub(super) struct Unfinished {
    pub(super) search: SearchRequest,
    pub(super) rest: VecDeque<ObjectGuid>,
    pub(super) sent: usize,
}

/// The unfinished searches of one connection. A cookie of another connection is none of these.
pub(super) struct Cookies {
    random: SplitMix,
    open: VecDeque<(Vec<u8>, Unfinished)>,
}

impl Cookies {
    pub(super) fn new(connection: usize) -> Self {
        Self { random: SplitMix::new(connection as u64), open: VecDeque::new() }
    }

    /// Keeps a search under a new cookie, or under a given one.
    pub(super) fn keep(&mut self, search: Unfinished, cookie: Option<Vec<u8>>) -> Vec<u8> {
        let cookie = cookie.unwrap_or_else(|| {
            [self.random.next_u64().to_be_bytes(), self.random.next_u64().to_be_bytes()].concat()
        });
        if self.open.len() >= MOST {
            self.open.pop_front();
        }
        self.open.push_back((cookie.clone(), search));
        cookie
    }

    /// The search that goes on under this cookie, if it is the same search.
    pub(super) fn take(&mut self, cookie: &[u8], search: &SearchRequest) -> Option<Unfinished> {
        let found = self.open.iter().rposition(|(open, _)| open == cookie)?;
        let (_, unfinished) = self.open.remove(found)?;
        let same = unfinished.search.base == search.base
            && unfinished.search.scope == search.scope
            && unfinished.search.filter == search.filter;
        same.then_some(unfinished)
    }
}
