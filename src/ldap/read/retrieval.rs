//! The values of an attribute with many of them, range by range.

use ldap3::LdapResult;

use super::decode::{self, BESIDE_A_VALUE};
use super::syntax::{NOT_A_DN, Reason};
use crate::Result;
use crate::directory::{AttributeError, Held};
use crate::ldap::limits::LdapLimits;
use crate::ldap::protocol::connection::Connection;
use crate::ldap::protocol::entry::{RawAttribute, RawEntry};
use crate::ldap::protocol::range::{self, RangeOption, RangeStep, Ranges};
use crate::ldap::protocol::search::SearchRequest;
use crate::name::DistinguishedName;

/// A list that changes while it is read is read once more, and then given up.
const ATTEMPTS: usize = 2;

const CHANGED: Reason = "changed while they were read";

/// The values of one attribute of one entry, and what was left out of them, if anything was.
#[derive(Debug)]
pub(crate) struct Retrieved<T> {
    pub(crate) values: Vec<T>,
    pub(crate) flaws: Vec<AttributeError>,
}

/// What is read, of which entry.
#[derive(Clone, Copy)]
struct Wanted<'a, T> {
    dn: &'a str,
    attribute: &'a str,
    /// What is kept of a value; `None` if it is none.
    parse: fn(&[u8]) -> Option<T>,
    limits: &'a LdapLimits,
    /// The octets of all values.
    octets: usize,
}

/// One walk over the ranges.
#[derive(Debug)]
struct Walk<T> {
    values: Vec<T>,
    octets: usize,
    ranges: Ranges,
    /// `uSNChanged`, which any change of the entry raises.
    version: Option<Vec<u8>>,
    /// The last value so far, as it came.
    last: Option<Vec<u8>>,
    /// Values that are none.
    bad_values: u64,
    /// Why the rest of the list is not here.
    flaw: Option<Reason>,
}

/// What one answer holds.
#[derive(Debug)]
struct RangeAnswer<T> {
    values: Vec<T>,
    /// The first value and the last, as they came.
    ends: Option<(Vec<u8>, Vec<u8>)>,
    octets: usize,
    count: usize,
    range: Option<RangeOption>,
    version: Option<Vec<u8>>,
    has_entry: bool,
    bad_values: u64,
}

impl Connection {
    /// Reads the members of a group from the first to the last. What they take is held with `held` until they are all there:
    /// then they count with the group.
    ///
    /// `Err` is a connection that is of no more use. A list that could not be read in full has a flaw.
    pub(crate) async fn members(
        &mut self,
        dn: &str,
        limits: &LdapLimits,
        held: &Held,
    ) -> Result<Retrieved<DistinguishedName>> {
        let (attribute, parse, octets) = ("member", decode::member as fn(&[u8]) -> _, usize::MAX);
        self.retrieve(Wanted { dn, attribute, parse, limits, octets }, held).await
    }

    /// Reads the values of any other attribute, no more of them than one message could hold. Errors are those of
    /// [`members`](Self::members).
    pub(crate) async fn values(
        &mut self,
        dn: &str,
        attribute: &str,
        limits: &LdapLimits,
        held: &Held,
    ) -> Result<Retrieved<Vec<u8>>> {
        let (parse, octets) = (|value: &[u8]| Some(value.to_vec()), limits.message_bytes);
        self.retrieve(Wanted { dn, attribute, parse, limits, octets }, held).await
    }

    async fn retrieve<T: Send>(
        &mut self,
        wanted: Wanted<'_, T>,
        held: &Held,
    ) -> Result<Retrieved<T>> {
        let mut walk = Walk::default();
        for _ in 0..ATTEMPTS {
            walk = self.walk_ranges(&wanted, held.beside()).await?;
            if walk.flaw != Some(CHANGED) {
                break;
            }
        }
        let flaws = walk.flaws(wanted.attribute);
        Ok(Retrieved { values: walk.values, flaws })
    }

    async fn walk_ranges<T: Send>(
        &mut self,
        wanted: &Wanted<'_, T>,
        mut held: Held,
    ) -> Result<Walk<T>> {
        let mut walk = Walk::default();
        let mut from = 0_usize;
        for request in 0..wanted.limits.range_requests {
            let overlap = usize::from(from > 0 && walk.is_unsure(wanted));
            let from_there = from.saturating_sub(overlap);
            let (mut answer, result) = self.range(wanted, from_there, &mut held).await?;
            if result.rc != 0 || !answer.has_entry {
                walk.flaw = Some("not to be read when the entry was asked for the rest of them");
                return Ok(walk);
            }
            if overlap > 0 && !answer.goes_on_from(walk.last.as_deref(), wanted) {
                walk.flaw = Some(CHANGED);
                return Ok(walk);
            }
            match walk.take(answer, request == 0, wanted) {
                RangeStep::From(next) => from = next,
                RangeStep::Complete | RangeStep::Broken => return Ok(walk),
            }
        }
        walk.flaw = Some("more than the limit range_requests allows");
        Ok(walk)
    }

    async fn range<T: Send>(
        &mut self,
        wanted: &Wanted<'_, T>,
        from: usize,
        held: &mut Held,
    ) -> Result<(RangeAnswer<T>, LdapResult)> {
        let described = range::describe(wanted.attribute, from);
        let request = SearchRequest::of_entry(wanted.dn, &[&described, "uSNChanged"]);
        let mut answer = RangeAnswer::default();
        let search = self.search(&request, Vec::new()).await?;
        let result = search.each_entry(|entry| answer.take(entry, wanted, held)).await?;
        Ok((answer, result))
    }
}

impl<T> Walk<T> {
    /// Whether the list may change without another `uSNChanged`: that of the other end of a link (`memberOf`), which
    /// the entry does not hold itself, and any where the number does not show. Then the ranges overlap by a value, which
    /// tells whether they shifted.
    fn is_unsure(&self, wanted: &Wanted<'_, T>) -> bool {
        self.version.is_none() || !wanted.attribute.eq_ignore_ascii_case("member")
    }

    fn take(
        &mut self,
        answer: RangeAnswer<T>,
        is_first: bool,
        wanted: &Wanted<'_, T>,
    ) -> RangeStep {
        if is_first {
            self.version = answer.version;
        } else if self.version != answer.version {
            return self.broken(CHANGED);
        }
        self.bad_values += answer.bad_values;
        self.last = answer.ends.map(|(_, last)| last).or(self.last.take());
        self.octets = self.octets.saturating_add(answer.octets);
        if self.octets > wanted.octets {
            return self.broken("more than the limit message_bytes allows");
        }
        self.values.extend(answer.values);
        if self.values.len() > wanted.limits.members {
            self.values.truncate(wanted.limits.members);
            return self.broken("more than the limit members allows");
        }
        let step = match answer.range {
            Some(range) => self.ranges.take(range, answer.count),
            // A server that knows no ranges sends all values, or none if there are none.
            None if is_first => RangeStep::Complete,
            None => RangeStep::Broken,
        };
        if step == RangeStep::Broken {
            return self.broken("sent in ranges that do not fit together");
        }
        step
    }

    fn broken(&mut self, flaw: Reason) -> RangeStep {
        self.flaw = Some(flaw);
        RangeStep::Broken
    }

    /// What was left out. How many values the rest of a list has is not known.
    fn flaws(&self, attribute: &str) -> Vec<AttributeError> {
        let bad = (self.bad_values > 0).then_some((NOT_A_DN, self.bad_values));
        let rest = self.flaw.map(|reason| (reason, 1));
        let flaw = |(reason, count): (Reason, u64)| AttributeError {
            attribute: attribute.to_owned(),
            reason: reason.to_owned(),
            count,
        };
        bad.into_iter().chain(rest).map(flaw).collect()
    }
}

impl<T> Default for Walk<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            octets: 0,
            ranges: Ranges::default(),
            version: None,
            last: None,
            bad_values: 0,
            flaw: None,
        }
    }
}

impl<T> RangeAnswer<T> {
    fn take(
        &mut self,
        mut entry: RawEntry<'_>,
        wanted: &Wanted<'_, T>,
        held: &mut Held,
    ) -> Result<()> {
        self.has_entry = true;
        while let Some(mut attribute) = entry.next_attribute()? {
            if attribute.name.eq_ignore_ascii_case(wanted.attribute) {
                self.take_values(attribute, wanted, held)?;
            } else if attribute.name.eq_ignore_ascii_case("uSNChanged") {
                self.version = attribute.next_value()?.map(<[u8]>::to_vec);
            }
        }
        Ok(())
    }

    fn take_values(
        &mut self,
        mut attribute: RawAttribute<'_>,
        wanted: &Wanted<'_, T>,
        held: &mut Held,
    ) -> Result<()> {
        // The plain name comes along without values beside the one with the range.
        self.range = attribute.range().or(self.range);
        while let Some(value) = attribute.next_value()? {
            held.add(value.len() + BESIDE_A_VALUE)?;
            self.count += 1;
            self.octets = self.octets.saturating_add(value.len());
            match &mut self.ends {
                Some((_, last)) => value.clone_into(last),
                None => self.ends = Some((value.to_vec(), value.to_vec())),
            }
            match (wanted.parse)(value) {
                Some(value) => self.values.push(value),
                None => self.bad_values += 1,
            }
        }
        Ok(())
    }

    /// Whether it begins with the value that came last, which is known and taken away.
    fn goes_on_from(&mut self, last: Option<&[u8]>, wanted: &Wanted<'_, T>) -> bool {
        let Some((first, _)) = self.ends.as_ref().filter(|(first, _)| Some(&**first) == last)
        else {
            return false;
        };
        self.octets = self.octets.saturating_sub(first.len());
        if (wanted.parse)(first).is_some() {
            self.values.remove(0);
        } else {
            self.bad_values = self.bad_values.saturating_sub(1);
        }
        self.count = self.count.saturating_sub(1);
        self.range = self.range.map(RangeOption::behind_first);
        true
    }
}

impl<T> Default for RangeAnswer<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            ends: None,
            octets: 0,
            count: 0,
            range: None,
            version: None,
            has_entry: false,
            bad_values: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::ErrorKind;
    use crate::directory::MemoryBudget;

    type Members = Retrieved<DistinguishedName>;

    use crate::ldap::protocol::script::{connection, done, entry};

    fn names(range: std::ops::Range<usize>) -> Vec<Vec<u8>> {
        range.map(|n| format!("CN=M{n},DC=x").into_bytes()).collect()
    }

    /// The answer to the request with this id.
    fn answer(id: i64, attribute: &str, members: std::ops::Range<usize>, version: &str) -> Vec<u8> {
        let members = names(members);
        let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
        let attributes: &[(&str, &[&[u8]])] =
            &[("member", &[]), (attribute, &members), ("uSNChanged", &[version.as_bytes()])];
        [entry(id, "CN=G,DC=x", attributes), done(id, 0)].concat()
    }

    async fn read_within(limits: &LdapLimits, replies: Vec<Vec<u8>>) -> Members {
        let (mut connection, _server) = connection(limits, replies).await;
        connection.members("CN=G,DC=x", limits, &unbounded()).await.unwrap()
    }

    async fn read(replies: Vec<Vec<u8>>) -> Members {
        read_within(&LdapLimits::default(), replies).await
    }

    fn unbounded() -> Held {
        MemoryBudget::default().holder()
    }

    fn count(members: &Members) -> (usize, bool) {
        (members.values.len(), members.flaws.is_empty())
    }

    #[tokio::test]
    async fn the_members_of_all_ranges_are_the_exact_set() {
        const ALL: usize = 1_500;
        let few = [0, 1, 3, 4, 9].map(|total| (total, 3));
        let as_from_windows = [ALL, ALL + 1, 2 * ALL, 3 * ALL + 1].map(|total| (total, ALL));
        for (total, step) in few.into_iter().chain(as_from_windows) {
            let mut replies = Vec::new();
            let mut from = 0;
            while from + step < total {
                let id = replies.len() as i64 + 1;
                let range = format!("member;range={from}-{}", from + step - 1);
                replies.push(answer(id, &range, from..from + step, "7"));
                from += step;
            }
            let id = replies.len() as i64 + 1;
            replies.push(answer(id, &format!("member;Range={from}-*"), from..total, "7"));
            let members = read(replies).await;
            assert_eq!(count(&members), (total, true), "{total}");
            let expected = names(0..total);
            let read = members.values.iter().map(|member| member.as_str().as_bytes());
            assert!(read.eq(expected.iter().map(Vec::as_slice)), "{total}");
        }
    }

    #[tokio::test]
    async fn members_that_are_no_dns_are_left_out_and_counted() {
        let range = |id: i64, name: &str, members: &[&[u8]]| {
            let attributes: &[(&str, &[&[u8]])] = &[(name, members), ("uSNChanged", &[b"7"])];
            [entry(id, "CN=G,DC=x", attributes), done(id, 0)].concat()
        };
        let first = range(1, "member;range=0-1", &[b"CN=M0,DC=x", b"no dn"]);
        let second = range(2, "member;range=2-*", &[b"neither", b"nor this", b"CN=M1,DC=x"]);
        let members = read(vec![first, second]).await;
        assert_eq!(count(&members), (2, false));
        let [flaw] = &members.flaws[..] else { panic!("{members:?}") };
        assert_eq!((flaw.reason.as_str(), flaw.count), (NOT_A_DN, 3));
    }

    #[tokio::test]
    async fn a_server_without_ranges_sends_them_all() {
        let members = read(vec![answer(1, "member", 0..2_000, "7")]).await;
        assert_eq!(count(&members), (2_000, true));
    }

    #[tokio::test]
    async fn a_list_that_changes_is_read_once_more() {
        let replies = vec![
            answer(1, "member;range=0-1", 0..2, "7"),
            answer(2, "member;range=2-*", 2..3, "8"),
            answer(3, "member;range=0-1", 1..3, "8"),
            answer(4, "member;range=2-*", 3..5, "8"),
        ];
        assert_eq!(count(&read(replies).await), (4, true));
    }

    /// The same answer, without an update number.
    fn unnumbered(id: i64, attribute: &str, members: std::ops::Range<usize>) -> Vec<u8> {
        let members = names(members);
        let members: Vec<&[u8]> = members.iter().map(Vec::as_slice).collect();
        [entry(id, "CN=G,DC=x", &[(attribute, &members)]), done(id, 0)].concat()
    }

    #[tokio::test]
    async fn ranges_that_shift_unnoticed_are_found_out_by_the_value_that_both_have() {
        // One of the first two left in between: what was the third is the second.
        let first = |id| unnumbered(id, "member;range=0-1", 0..2);
        let shifted = |id| unnumbered(id, "member;range=1-*", 2..5);
        let settled = |id| unnumbered(id, "member;range=1-*", 1..5);
        assert_eq!(count(&read(vec![first(1), settled(2)]).await), (5, true));
        assert_eq!(count(&read(vec![first(1), shifted(2), first(3), settled(4)]).await), (5, true));
        let members = read(vec![first(1), shifted(2), first(3), shifted(4)]).await;
        assert_eq!((members.flaws[0].reason.as_str(), count(&members).1), (CHANGED, false));
    }

    #[tokio::test]
    async fn the_other_end_of_a_link_changes_without_a_number_of_its_own() {
        let of = |id: i64, name: &str, values| answer(id, name, values, "7");
        let shifted = |id| of(id, "memberOf;range=1-*", 2..5);
        let first = |id| of(id, "memberOf;range=0-1", 0..2);
        let limits = LdapLimits::default();
        for (second, is_whole) in [(of(4, "memberOf;range=1-*", 1..5), true), (shifted(4), false)] {
            let replies = vec![first(1), shifted(2), first(3), second];
            let (mut connection, _server) = connection(&limits, replies).await;
            let read = connection.values("CN=G,DC=x", "memberOf", &limits, &unbounded()).await;
            assert_eq!(read.unwrap().flaws.is_empty(), is_whole);
        }
    }

    #[tokio::test]
    async fn what_ranges_bring_counts_as_it_comes_and_no_longer_than_the_walk() {
        let replies = || {
            vec![answer(1, "member;range=0-1", 0..2, "7"), answer(2, "member;range=2-*", 2..4, "7")]
        };
        let limits = LdapLimits::default();
        let (first, both) = (2 * (10 + BESIDE_A_VALUE), 4 * (10 + BESIDE_A_VALUE));
        for (budget, is_enough) in [(both, true), (both - 1, false), (first - 1, false)] {
            let memory = MemoryBudget::new(budget as u64);
            let held = memory.holder();
            let (mut connection, _server) = connection(&limits, replies()).await;
            let read = connection.members("CN=G,DC=x", &limits, &held).await;
            let kind = read.map(|_| ()).map_err(|error| error.kind());
            assert_eq!(kind, if is_enough { Ok(()) } else { Err(ErrorKind::LimitExceeded) });
            // All of it is free again.
            memory.holder().add(budget).unwrap();
        }
    }

    #[tokio::test]
    async fn the_end_of_an_answer_that_is_too_much_is_not_waited_for() {
        let part = entry(1, "CN=G,DC=x", &[("member;range=0-0", &[b"CN=M,DC=x"])]);
        let limits = LdapLimits::default();
        let memory = MemoryBudget::new(1_000);
        let (mut connection, _server) = connection(&limits, vec![part.repeat(100)]).await;
        let read = connection.members("CN=G,DC=x", &limits, &memory.holder()).await;
        assert_eq!(read.unwrap_err().kind(), ErrorKind::LimitExceeded);
    }

    #[tokio::test]
    async fn a_list_that_keeps_changing_is_incomplete() {
        let replies = (0..4)
            .map(|n| match n % 2 {
                0 => answer(n + 1, "member;range=0-1", 0..2, "7"),
                _ => answer(n + 1, "member;range=2-*", 2..3, &n.to_string()),
            })
            .collect();
        let members = read(replies).await;
        assert_eq!(members.flaws[0].reason, CHANGED);
        assert!(!count(&members).1);
    }

    #[tokio::test]
    async fn ranges_that_do_not_fit_are_incomplete() {
        let first = || answer(1, "member;range=0-1", 0..2, "7");
        for replies in [
            vec![first(), answer(2, "member;range=3-*", 3..5, "7")],
            vec![first(), answer(2, "member;range=1-*", 1..5, "7")],
            vec![first(), first_again(2)],
            vec![first(), answer(2, "member", 0..0, "7")],
            vec![first(), done(2, 32)],
            vec![first(), done(2, 0)],
            vec![done(1, 32)],
        ] {
            assert!(!count(&read(replies).await).1);
        }
    }

    fn first_again(id: i64) -> Vec<u8> {
        answer(id, "member;range=0-1", 0..2, "7")
    }

    #[tokio::test]
    async fn limits_hold_at_the_limit_and_not_one_past_it() {
        let replies = || {
            vec![answer(1, "member;range=0-1", 0..2, "7"), answer(2, "member;range=2-*", 2..4, "7")]
        };
        let members = |members| LdapLimits { members, ..LdapLimits::default() };
        assert_eq!(count(&read_within(&members(4), replies()).await), (4, true));
        assert_eq!(count(&read_within(&members(3), replies()).await), (3, false));
        let requests = |range_requests| LdapLimits { range_requests, ..LdapLimits::default() };
        assert_eq!(count(&read_within(&requests(2), replies()).await), (4, true));
        assert_eq!(count(&read_within(&requests(1), replies()).await), (2, false));
    }

    #[tokio::test]
    async fn the_values_of_any_attribute_are_read_as_far_as_one_message_would_hold_them() {
        let replies = || {
            let range = |n: i64, name: &str, values| answer(n, name, values, "7");
            vec![range(1, "memberOf;range=0-1", 0..2), range(2, "memberOf;range=1-*", 1..4)]
        };
        for (message_bytes, expected) in [(1_000, (4, true)), (40, (4, true)), (39, (2, false))] {
            let limits = LdapLimits { message_bytes, ..LdapLimits::default() };
            let (mut connection, _server) = connection(&LdapLimits::default(), replies()).await;
            let read = connection.values("CN=G,DC=x", "memberOf", &limits, &unbounded()).await;
            let read = read.unwrap();
            assert_eq!((read.values.len(), read.flaws.is_empty()), expected);
        }
    }

    #[tokio::test]
    async fn a_broken_connection_is_an_error() {
        let limits = LdapLimits::default();
        let replies = vec![answer(1, "member;range=0-1", 0..2, "7")];
        let (mut connection, _server) = connection(&limits, replies).await;
        assert!(connection.members("CN=G,DC=x", &limits, &unbounded()).await.is_err());
    }
}
