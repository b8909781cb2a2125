//! The members of a large group, range by range.

use ldap3::LdapResult;

use super::ber::Malformed;
use super::connection::Connection;
use super::decode::{self, RawAttribute, RawEntry};
use super::limits::LdapLimits;
use super::range::{self, RangeOption, RangeStep, Ranges};
use super::search::SearchRequest;
use super::syntax::{NOT_A_DN, Reason};
use crate::Result;
use crate::directory::{Flaw, Membership, MembershipState};
use crate::name::DistinguishedName;

/// A list that changes while it is read is read once more, and then given up.
const ATTEMPTS: usize = 2;

/// The members of one group, and what was left out of the list, if anything was.
#[derive(Debug)]
pub(super) struct Members {
    pub(super) membership: Membership,
    pub(super) flaws: Vec<Flaw>,
}

/// One walk over the ranges.
#[derive(Debug, Default)]
struct Walk {
    members: Vec<DistinguishedName>,
    ranges: Ranges,
    /// `uSNChanged`, which any change of the group raises.
    version: Option<Vec<u8>>,
    /// Values that are no DNs.
    bad_values: u64,
    /// Why the rest of the list is not here.
    flaw: Option<Reason>,
}

/// What one answer holds.
#[derive(Debug, Default)]
struct RangeAnswer {
    members: Vec<DistinguishedName>,
    values: usize,
    range: Option<RangeOption>,
    version: Option<Vec<u8>>,
    has_entry: bool,
    bad_values: u64,
}

const CHANGED: Reason = "the members changed while they were read";

impl Connection {
    /// Reads the members of a group from the first to the last.
    ///
    /// `Err` is a connection that is of no more use. A group whose members could not be read in full has a flaw.
    pub(super) async fn members(&mut self, dn: &str, limits: &LdapLimits) -> Result<Members> {
        let mut walk = Walk::default();
        for _ in 0..ATTEMPTS {
            walk = self.walk_members(dn, limits).await?;
            if walk.flaw != Some(CHANGED) {
                break;
            }
        }
        let flaws = walk.flaws();
        let state = match flaws.is_empty() {
            true => MembershipState::Complete,
            false => MembershipState::Incomplete,
        };
        Ok(Members { membership: decode::membership(walk.members, state), flaws })
    }

    async fn walk_members(&mut self, dn: &str, limits: &LdapLimits) -> Result<Walk> {
        let mut walk = Walk::default();
        let mut from = 0;
        for request in 0..limits.range_requests {
            let (answer, result) = self.member_range(dn, from).await?;
            if result.rc != 0 || !answer.has_entry {
                walk.flaw = Some("the group could not be read again for its further members");
                return Ok(walk);
            }
            match walk.take(answer, request == 0, limits) {
                RangeStep::From(next) => from = next,
                RangeStep::Complete | RangeStep::Broken => return Ok(walk),
            }
        }
        walk.flaw = Some("the members need more requests than the limit range_requests");
        Ok(walk)
    }

    async fn member_range(&mut self, dn: &str, from: usize) -> Result<(RangeAnswer, LdapResult)> {
        let wanted = range::describe("member", from);
        let request = SearchRequest::of_entry(dn, &[&wanted, "uSNChanged"]);
        let mut answer = RangeAnswer::default();
        let search = self.search(&request, Vec::new()).await?;
        let result = search.each_entry(|entry| answer.take(entry)).await?;
        Ok((answer, result))
    }
}

impl Walk {
    fn take(&mut self, answer: RangeAnswer, is_first: bool, limits: &LdapLimits) -> RangeStep {
        if is_first {
            self.version = answer.version;
        } else if self.version != answer.version {
            return self.broken(CHANGED);
        }
        self.bad_values += answer.bad_values;
        self.members.extend(answer.members);
        if self.members.len() > limits.members {
            self.members.truncate(limits.members);
            return self.broken("more than the limit members allows");
        }
        let step = match answer.range {
            Some(range) => self.ranges.take(range, answer.values),
            // A server that knows no ranges sends all values, or none if there are none.
            None if is_first => RangeStep::Complete,
            None => RangeStep::Broken,
        };
        if step == RangeStep::Broken {
            return self.broken("the server's ranges of members do not fit together");
        }
        step
    }

    fn broken(&mut self, flaw: Reason) -> RangeStep {
        self.flaw = Some(flaw);
        RangeStep::Broken
    }

    /// What was left out. How many members the rest of a list has is not known.
    fn flaws(&self) -> Vec<Flaw> {
        let bad = (self.bad_values > 0).then_some((NOT_A_DN, self.bad_values));
        let rest = self.flaw.map(|reason| (reason, 1));
        let flaw = |(reason, count): (Reason, u64)| Flaw {
            attribute: "member".to_owned(),
            reason: reason.to_owned(),
            count,
        };
        bad.into_iter().chain(rest).map(flaw).collect()
    }
}

impl RangeAnswer {
    fn take(&mut self, mut entry: RawEntry<'_>) -> Result<(), Malformed> {
        self.has_entry = true;
        while let Some(mut attribute) = entry.next_attribute()? {
            if attribute.name.eq_ignore_ascii_case("member") {
                self.take_members(attribute)?;
            } else if attribute.name.eq_ignore_ascii_case("uSNChanged") {
                self.version = attribute.next_value()?.map(<[u8]>::to_vec);
            }
        }
        Ok(())
    }

    fn take_members(&mut self, mut attribute: RawAttribute<'_>) -> Result<(), Malformed> {
        // The plain name comes along without values beside the one with the range.
        self.range = attribute.range().or(self.range);
        while let Some(value) = attribute.next_value()? {
            self.values += 1;
            match decode::member(value) {
                Some(member) => self.members.push(member),
                None => self.bad_values += 1,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ldap::script::{connection, done, entry};

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
        connection.members("CN=G,DC=x", limits).await.unwrap()
    }

    async fn read(replies: Vec<Vec<u8>>) -> Members {
        read_within(&LdapLimits::default(), replies).await
    }

    fn count(members: &Members) -> (usize, bool) {
        (members.membership.members.len(), members.membership.state == MembershipState::Complete)
    }

    #[tokio::test]
    async fn the_members_of_all_ranges_are_the_exact_set() {
        for total in [0, 1, 3, 4, 9] {
            let mut replies = Vec::new();
            let mut from = 0;
            while from + 3 < total {
                let id = replies.len() as i64 + 1;
                let range = format!("member;range={from}-{}", from + 2);
                replies.push(answer(id, &range, from..from + 3, "7"));
                from += 3;
            }
            let id = replies.len() as i64 + 1;
            replies.push(answer(id, &format!("member;Range={from}-*"), from..total, "7"));
            let members = read(replies).await;
            assert_eq!(count(&members), (total, true), "{total}");
        }
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
    async fn a_broken_connection_is_an_error() {
        let limits = LdapLimits::default();
        let replies = vec![answer(1, "member;range=0-1", 0..2, "7")];
        let (mut connection, _server) = connection(&limits, replies).await;
        assert!(connection.members("CN=G,DC=x", &limits).await.is_err());
    }
}
