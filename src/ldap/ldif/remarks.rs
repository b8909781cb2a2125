//! What the tool that wrote an export says of it: where it searched and for what, how that ended, and how much it
//! wrote.
//!
//! `ldapsearch` and `ldbsearch` say it in comments and in a last record, as far as they are not told to leave that out;
//! `ldifde` says nothing.

use super::filter::Filter;
use crate::name::DistinguishedName;
use crate::{Error, ErrorKind, Printable, Result};

/// What an export says of itself.
#[derive(Debug, Default)]
pub(super) struct Remarks {
    search: Option<Search>,
    /// Whether it is of several searches, which may have been for different things.
    is_mixed: bool,
    /// Whether it says that it begins, and that it ends.
    is_begin_told: bool,
    is_end_told: bool,
    is_success_told: bool,
    /// How a search ended, if not well.
    failure: Option<String>,
    /// Whether the last page was followed by others.
    has_more: bool,
    entries: Option<u64>,
}

/// The search that an export is the answer to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Search {
    base: String,
    is_subtree: bool,
    filter: Option<String>,
}

impl Remarks {
    /// Takes a comment, less its `#`. One that is a reference to another server comes back.
    pub(super) fn take_comment(&mut self, comment: &[u8]) -> Option<String> {
        let comment = std::str::from_utf8(comment).ok()?.trim();
        if let Some(base) = comment.strip_prefix("base <") {
            self.begin_search(base);
        } else if let Some(filter) = comment.strip_prefix("filter: ") {
            self.take_filter(filter);
        } else if let Some(cookie) = comment.strip_prefix("pagedresults: cookie=") {
            self.has_more = !cookie.is_empty();
        } else if let Some(count) = comment.strip_prefix("numEntries: ") {
            self.take_count(count);
        } else if comment == "record 1" {
            // What ldbsearch begins with, and below what it ends with.
            self.is_begin_told = true;
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
            "result" if value.split(' ').next() == Some("0") => self.is_success_told = true,
            "result" => self.failure = Some(value.into_owned()),
            "pagedresults" => self.has_more = value.strip_prefix("cookie=") != Some(""),
            _ => {}
        }
    }

    /// Where the one search began that the export is the answer to.
    pub(super) fn base(&self) -> Option<DistinguishedName> {
        let search = self.search.as_ref().filter(|_| !self.is_mixed)?;
        DistinguishedName::parse(&search.base).ok().filter(|base| !base.as_str().is_empty())
    }

    /// Whether an export with so many entries is all of the answer, for all that it says.
    ///
    /// # Errors
    ///
    /// What of it contradicts that.
    pub(super) fn check(&self, entries: u64) -> Result<()> {
        let refused = |kind, reason: String| Err(Error::new(kind, reason));
        if let Some(failure) = &self.failure {
            let failure = Printable(failure);
            return refused(
                ErrorKind::Directory,
                format!("the search ended with {failure}, as the export says"),
            );
        }
        if self.is_begin_told && !self.is_end_told {
            let reason =
                "the export is cut off: it says how it begins, and not how it ends".to_owned();
            return refused(ErrorKind::Invalid, reason);
        }
        if self.has_more {
            let reason = "behind the last page of the export there were others".to_owned();
            return refused(ErrorKind::Invalid, reason);
        }
        if self.search.as_ref().is_some_and(|search| !search.is_subtree) {
            let reason = "the export is not of a whole subtree, as it says".to_owned();
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

    /// Whether it says enough to show that it has all computers, users and groups below its base: that it is of one
    /// search which was for all of them and ended well, and how many it found.
    pub(super) fn is_proof(&self) -> bool {
        let filter = self.search.as_ref().and_then(|search| search.filter.as_deref());
        let is_for_all = filter.is_some_and(Filter::finds_all_kinds);
        self.is_success_told && self.entries.is_some() && is_for_all && self.base().is_some()
    }

    /// `<dc=corp,dc=example> with scope subtree`. Every page begins so again.
    fn begin_search(&mut self, text: &str) {
        let Some((base, scope)) = text.rsplit_once(" with scope ") else { return };
        let base = base.strip_suffix(" (default)").unwrap_or(base).trim_end_matches('>').to_owned();
        let is_subtree = scope == "subtree";
        self.is_begin_told = true;
        let is_same = |known: &Search| known.base == base && known.is_subtree == is_subtree;
        match &self.search {
            Some(known) if is_same(known) => {}
            Some(_) => self.is_mixed = true,
            None => self.search = Some(Search { base, is_subtree, filter: None }),
        }
    }

    fn take_filter(&mut self, filter: &str) {
        let Some(search) = &mut self.search else { return };
        match &search.filter {
            Some(known) => self.is_mixed |= known != filter,
            None => search.filter = Some(filter.to_owned()),
        }
    }

    fn take_count(&mut self, count: &str) {
        if let Ok(count) = count.parse::<u64>() {
            self.entries = Some(self.entries.unwrap_or(0).saturating_add(count));
        }
    }
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

    const BEGIN: [&str; 2] =
        ["# base <dc=corp,dc=example> with scope subtree", "# filter: (objectclass=*)"];

    #[test]
    fn only_one_search_for_all_that_ended_well_and_says_how_many_it_found_is_proof() {
        let end = ["result: 0 Success", "# numResponses: 4", "# numEntries: 3"];
        let end = &end[..];
        let all = [&BEGIN[..], end].concat();
        assert!(remarks(&all).is_proof() && remarks(&all).check(3).is_ok());
        assert_eq!(remarks(&all).base().unwrap().as_str(), "dc=corp,dc=example");
        for left_out in 0..all.len() {
            let mut some = all.clone();
            some.remove(left_out);
            let some = remarks(&some);
            assert!(!some.is_proof() || some.check(3).is_err(), "{some:?}");
        }
        let paged = ["result: 0 Success", "pagedresults: cookie=AgA="];
        let last = ["result: 0 Success", "pagedresults: cookie="];
        let pages = [&BEGIN[..], &paged, &BEGIN, &last, &["# numResponses: 3", "# numEntries: 3"]];
        let pages = pages.concat();
        assert!(remarks(&pages).is_proof() && remarks(&pages).check(3).is_ok());
        let other = ["# base <dc=corp,dc=example> with scope subtree", "# filter: (cn=a)"];
        assert!(!remarks(&[&BEGIN[..], &other, end].concat()).is_proof());
        assert!(!remarks(&[&other[..], end].concat()).is_proof());
        let elsewhere = ["# base <ou=a,dc=corp> with scope subtree", "# filter: (objectclass=*)"];
        assert_eq!(remarks(&[&BEGIN[..], &elsewhere, end].concat()).base(), None);
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
            (&["# record 1", "# record 2"], "how it begins, and not how it ends"),
        ] {
            let error = remarks(lines).check(3).unwrap_err();
            assert!(error.message().contains(expected), "{}", error.message());
        }
        assert!(remarks(&["# numEntries: 1", "# numEntries: 2"]).check(3).is_ok());
        assert!(remarks(&[]).check(3).is_ok());
        assert!(
            remarks(&["# record 1", "# returned 4 records", "# 3 entries", "# 1 referrals"])
                .check(3)
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
