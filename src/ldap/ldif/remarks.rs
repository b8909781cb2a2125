//! What the tool that wrote an export says of it: where it searched and for what, how that ended, and how much it
//! wrote.
//!
//! `ldapsearch` and `ldbsearch` say it in comments and in a last record, as far as they are not told to leave that out;
//! `ldifde` says nothing.

use std::collections::BTreeSet;

use super::filter::Filter;
use crate::name::DistinguishedName;
use crate::value::ObjectKind;
use crate::{Error, ErrorKind, Printable, Result};

/// Searches that one export may be of, each distinct, and the octets that each may be told in.
const MOST_SEARCHES: usize = 100;
const LONGEST_SEARCH: usize = 16 << 10;

/// What an export says of itself.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    /// The searches that it is the answer to. Each page of an answer says it again.
    searches: Vec<Search>,
    /// Whether it says that it begins, and that it ends.
    is_begin_told: bool,
    is_end_told: bool,
    /// Whether a search began whose result is always told, and was not yet; and whether another one began meanwhile.
    is_result_due: bool,
    is_result_missing: bool,
    is_success_told: bool,
    /// How a search ended, if not well.
    failure: Option<String>,
    /// Whether the last page was followed by others.
    has_more: bool,
    entries: Option<u64>,
}

/// A search that an export is the answer to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Search {
    base: String,
    is_subtree: bool,
    filter: Option<String>,
    requested: Option<String>,
}

impl Remarks {
    /// Takes a comment, less its `#`. One that is a reference to another server comes back.
    pub(super) fn take_comment(&mut self, comment: &[u8]) -> Option<String> {
        let comment = std::str::from_utf8(comment).ok()?.trim();
        if comment == "extended LDIF" {
            // Written where the result is written as well.
            self.is_result_missing |= self.is_result_due;
            (self.is_begin_told, self.is_end_told, self.is_result_due) = (true, false, true);
        } else if let Some(base) = comment.strip_prefix("base <") {
            self.begin_search(base);
        } else if let Some(filter) = comment.strip_prefix("filter: ") {
            self.take_filter(filter);
        } else if let Some(requested) = comment.strip_prefix("requesting: ") {
            self.take_requested(requested);
        } else if let Some(page) = comment.strip_prefix("pagedresults: ") {
            self.has_more = has_cookie(page);
        } else if let Some(count) = comment.strip_prefix("numEntries: ") {
            self.take_count(count);
        } else if comment == "record 1" {
            // What ldbsearch begins with, and below what it ends with.
            (self.is_begin_told, self.is_end_told) = (true, false);
        } else if let Some(count) = comment.strip_suffix(" entries") {
            self.take_count(count);
        } else if comment.starts_with("numResponses: ") || comment.starts_with("returned ") {
            self.is_end_told = true;
        } else if let Some(uri) = comment.strip_prefix("ref") {
            // ldapsearch -L leaves out the colon.
            let uri = uri.trim_start_matches(':').trim_start();
            return uri.contains("://").then(|| uri.to_owned());
        }
        None
    }

    /// Takes a line of the record that tells how a search ended.
    pub(super) fn take_result(&mut self, name: &str, value: &[u8]) {
        let value = String::from_utf8_lossy(value);
        match name {
            "result" if value.split(' ').next() == Some("0") => {
                (self.is_success_told, self.is_result_due) = (true, false);
            }
            "result" => self.failure = Some(value.into_owned()),
            "pagedresults" => self.has_more = has_cookie(&value),
            _ => {}
        }
    }

    /// Whether it says where it searched.
    pub(super) fn tells_searches(&self) -> bool {
        !self.searches.is_empty()
    }

    /// The bases below which it has all of these kinds, as it says: of searches with a filter that finds all of them.
    pub(super) fn covered(&self, kinds: &BTreeSet<ObjectKind>) -> Vec<DistinguishedName> {
        let mut covered: Vec<DistinguishedName> = Vec::new();
        for base in self.searches.iter().filter_map(Search::base) {
            let above = || self.searches.iter().filter(|it| it.is_above(&base));
            let is_all = kinds.iter().all(|kind| above().any(|search| search.finds_all(*kind)));
            if is_all && !covered.contains(&base) {
                covered.push(base);
            }
        }
        covered
    }

    /// Whether every search asked for an attribute, as far as they say.
    pub(super) fn is_requested(&self, attribute: &str) -> bool {
        self.searches.iter().all(|search| search.requests(attribute))
    }

    /// Whether an export with so many entries is all of the answer, for all that it says: that is, of all objects of
    /// these kinds.
    ///
    /// # Errors
    ///
    /// What of it contradicts that.
    pub(super) fn check(&self, entries: u64, kinds: &BTreeSet<ObjectKind>) -> Result<()> {
        let refused = |kind, reason: String| Err(Error::new(kind, reason));
        let invalid = |reason: &str| refused(ErrorKind::Invalid, reason.to_owned());
        if let Some(failure) = &self.failure {
            let failure = Printable(failure);
            return refused(
                ErrorKind::Directory,
                format!("the search ended with {failure}, as the export says"),
            );
        }
        if self.is_begin_told && !self.is_end_told || self.is_result_due || self.is_result_missing {
            return invalid("the export is cut off: it says how it begins, and not how it ends");
        }
        if self.has_more {
            return invalid("behind the last page of the export there were others");
        }
        if self.searches.iter().any(|search| !search.is_subtree) {
            return invalid("the export is not of a whole subtree, as it says");
        }
        if self.tells_searches() && self.covered(kinds).is_empty() {
            let filter = self.searches.iter().find_map(|search| search.filter.as_deref());
            let reason = format!(
                "the export has not all computers, users and groups: it is of a search for {}",
                Printable(filter.unwrap_or_default())
            );
            return refused(ErrorKind::Invalid, reason);
        }
        match self.entries {
            Some(told) if told != entries => refused(
                ErrorKind::Invalid,
                format!("the export has {entries} entries, and says that there are {told}"),
            ),
            _ => Ok(()),
        }
    }

    /// Whether it says enough to show that it has all objects of these kinds below its base: that it is of one search
    /// which was for all of them and ended well, and how many it found.
    pub(super) fn is_proof(&self, kinds: &BTreeSet<ObjectKind>) -> bool {
        let [search] = self.searches.as_slice() else { return false };
        let is_told = self.is_success_told && self.entries.is_some() && search.filter.is_some();
        let covered = self.covered(kinds);
        is_told && covered.first().is_some_and(|base| !base.as_str().is_empty())
    }

    /// `<dc=corp,dc=example> with scope subtree`. Every page begins so again.
    fn begin_search(&mut self, text: &str) {
        let Some((base, scope)) = text.rsplit_once(" with scope ") else { return };
        let base = base.strip_suffix(" (default)").unwrap_or(base).trim_end_matches('>').to_owned();
        (self.is_begin_told, self.is_end_told) = (true, false);
        let is_subtree = scope == "subtree";
        self.add(Search { base, is_subtree, ..Search::default() });
    }

    /// One base may be searched for several things, each told by its filter.
    fn take_filter(&mut self, filter: &str) {
        match self.searches.last_mut() {
            Some(search) if search.filter.is_none() => {
                search.filter = Some(filter.to_owned());
                self.check_length();
            }
            Some(search) if search.filter.as_deref() != Some(filter) => {
                let other = Search { filter: Some(filter.to_owned()), ..search.clone() };
                self.add(other);
            }
            _ => {}
        }
    }

    fn take_requested(&mut self, requested: &str) {
        if let Some(search) = self.searches.last_mut() {
            search.requested = Some(requested.to_owned());
        }
        self.check_length();
        self.forget_page();
    }

    fn add(&mut self, search: Search) {
        self.searches.push(search);
        self.check_length();
    }

    /// Forgets the last search if it was told before.
    fn forget_page(&mut self) {
        if let Some((last, before)) = self.searches.split_last()
            && before.contains(last)
        {
            self.searches.pop();
        }
    }

    fn check_length(&mut self) {
        let is_long = |search: &Search| search.octets() > LONGEST_SEARCH;
        if self.searches.len() > MOST_SEARCHES || self.searches.last().is_some_and(is_long) {
            self.searches.pop();
            self.failure =
                Some("more searches, or longer ones, than an export can be of".to_owned());
        }
    }

    fn take_count(&mut self, count: &str) {
        if let Ok(count) = count.parse::<u64>() {
            self.entries = Some(self.entries.unwrap_or(0).saturating_add(count));
        }
    }
}

impl Search {
    fn base(&self) -> Option<DistinguishedName> {
        DistinguishedName::parse(&self.base).ok()
    }

    fn is_above(&self, dn: &DistinguishedName) -> bool {
        self.base().is_some_and(|base| dn.is_within(&base))
    }

    fn finds_all(&self, kind: ObjectKind) -> bool {
        self.filter.as_deref().is_none_or(|filter| Filter::finds_all(filter, kind))
    }

    fn requests(&self, attribute: &str) -> bool {
        let Some(requested) = &self.requested else { return true };
        requested.trim() == "ALL"
            || requested
                .split_whitespace()
                .any(|name| name == "*" || name.eq_ignore_ascii_case(attribute))
    }

    fn octets(&self) -> usize {
        let parts = [Some(&self.base), self.filter.as_ref(), self.requested.as_ref()];
        parts.into_iter().flatten().map(String::len).sum()
    }
}

/// Whether a page, as `estimate=120 cookie=AgA=` tells it, has others behind it.
fn has_cookie(page: &str) -> bool {
    page.rsplit_once("cookie=").is_none_or(|(_, cookie)| !cookie.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said by these lines, comments and results.
    fn remarks(lines: &[&str]) -> Remarks {
        let mut remarks = Remarks::default();
        for line in lines {
            match line.strip_prefix('#') {
                Some(comment) => assert_eq!(remarks.take_comment(comment.as_bytes()), None),
                None => {
                    let (name, value) = line.split_once(": ").unwrap();
                    remarks.take_result(name, value.as_bytes());
                }
            }
        }
        remarks
    }

    fn kinds() -> BTreeSet<ObjectKind> {
        [ObjectKind::Computer, ObjectKind::Group, ObjectKind::User].into()
    }

    fn covered(remarks: &Remarks) -> Vec<String> {
        remarks.covered(&kinds()).iter().map(|base| base.as_str().to_owned()).collect()
    }

    const BEGIN: [&str; 2] =
        ["# base <dc=corp,dc=example> with scope subtree", "# filter: (objectclass=*)"];

    #[test]
    fn only_one_search_for_all_that_ended_well_and_says_how_many_it_found_is_proof() {
        let end = ["result: 0 Success", "# numResponses: 4", "# numEntries: 3"];
        let end = &end[..];
        let all = [&BEGIN[..], end].concat();
        assert!(remarks(&all).is_proof(&kinds()) && remarks(&all).check(3, &kinds()).is_ok());
        assert_eq!(covered(&remarks(&all)), ["dc=corp,dc=example"]);
        for left_out in 0..all.len() {
            let mut some = all.clone();
            some.remove(left_out);
            let some = remarks(&some);
            assert!(!some.is_proof(&kinds()) || some.check(3, &kinds()).is_err(), "{some:?}");
        }
        let paged = ["result: 0 Success", "pagedresults: cookie=AgA="];
        let last = ["result: 0 Success", "pagedresults: cookie="];
        let begin = [&BEGIN[..], &["# requesting: ALL"]].concat();
        let pages = [&begin[..], &paged, &begin, &last, &["# numResponses: 3", "# numEntries: 3"]];
        let pages = pages.concat();
        assert!(remarks(&pages).is_proof(&kinds()) && remarks(&pages).check(3, &kinds()).is_ok());
        let other = ["# base <dc=corp,dc=example> with scope subtree", "# filter: (cn=a)"];
        assert!(!remarks(&[&BEGIN[..], &other, end].concat()).is_proof(&kinds()));
        let narrow = remarks(&[&other[..], end].concat());
        assert!(!narrow.is_proof(&kinds()));
        assert!(narrow.check(3, &kinds()).unwrap_err().message().contains("(cn=a)"));
        let elsewhere = ["# base <ou=a,dc=corp> with scope subtree", "# filter: (objectclass=*)"];
        let both = remarks(&[&BEGIN[..], &elsewhere, end].concat());
        assert_eq!(covered(&both), ["dc=corp,dc=example", "ou=a,dc=corp"]);
        assert!(!both.is_proof(&kinds()) && both.check(3, &kinds()).is_ok());
        let partitions = ["# base <cn=x> with scope subtree", "# filter: (objectclass=crossRef)"];
        let with_partitions = remarks(&[&BEGIN[..], &partitions, end].concat());
        assert_eq!(covered(&with_partitions), ["dc=corp,dc=example"]);
    }

    #[test]
    fn whatever_shows_that_something_is_missing_is_named() {
        for (lines, expected) in [
            (&["result: 4 Size limit exceeded"][..], "4 Size limit exceeded"),
            (&["result: 0 Success", "pagedresults: cookie=AgA="], "there were others"),
            (&["# pagedresults: cookie=AgA="], "there were others"),
            (&["# numEntries: 4"], "has 3 entries, and says that there are 4"),
            (&["# 2 entries"], "has 3 entries, and says that there are 2"),
            (&["# base <dc=x> with scope oneLevel", "# numResponses: 4"], "not of a whole subtree"),
            (&["# base <dc=x> with scope subtree"], "how it begins, and not how it ends"),
            (&["# extended LDIF", "# numResponses: 4"], "how it begins, and not how it ends"),
            (
                &["# extended LDIF", "# extended LDIF", "result: 0 Success", "# numResponses: 4"],
                "how it begins, and not how it ends",
            ),
            (&["result: 0 Success", "pagedresults: estimate=9 cookie=AgA="], "there were others"),
            (&["# record 1", "# record 2"], "how it begins, and not how it ends"),
        ] {
            let error = remarks(lines).check(3, &kinds()).unwrap_err();
            assert!(error.message().contains(expected), "{}", error.message());
        }
        assert!(remarks(&["# numEntries: 1", "# numEntries: 2"]).check(3, &kinds()).is_ok());
        assert!(remarks(&[]).check(3, &kinds()).is_ok());
        assert!(
            remarks(&["# record 1", "# returned 4 records", "# 3 entries", "# 1 referrals"])
                .check(3, &kinds())
                .is_ok()
        );
    }

    #[test]
    fn a_reference_in_a_comment_is_one() {
        let take = |comment: &str| Remarks::default().take_comment(comment.as_bytes());
        let uri = "ldap://x/DC=y??sub";
        for comment in [format!(" ref{uri}"), format!(" ref: {uri}")] {
            assert_eq!(take(&comment).as_deref(), Some(uri));
        }
        assert_eq!(take(" reference"), None);
    }
}
