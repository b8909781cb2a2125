//! The records of an export: entries, and references to other servers.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::entry::Entry;
use super::lines::{Line, Lines, at};
use super::remarks::Remarks;
use super::text::Text;
use crate::ldap::limits::LdapLimits;
use crate::{Error, ErrorKind, Printable, Result};

/// The records of an export, one after the other.
pub(super) struct Records {
    lines: Lines,
    most_octets: usize,
    pub(super) remarks: Remarks,
    /// Entries so far.
    pub(super) entries: u64,
    /// The line on which the last entry begins that no empty line follows.
    unfinished: Option<u64>,
    /// Whether somebody still waits for what is read.
    is_wanted: Box<dyn Fn() -> bool + Send>,
}

/// What an export has.
#[derive(Debug)]
pub(super) enum Record {
    Entry(Entry),
    /// Where what lies below the base is, by the URLs that lead there.
    Reference(Vec<String>),
}

const NEITHER: &str = "it is neither an attribute with its value nor a comment";

/// `description: value`, however the value is written.
struct Spec<'a> {
    description: &'a str,
    value: Cow<'a, [u8]>,
}

impl Records {
    pub(super) fn of(text: Text, limits: &LdapLimits) -> Self {
        Self {
            lines: Lines::of(text, limits.message_bytes),
            most_octets: limits.message_bytes,
            remarks: Remarks::default(),
            entries: 0,
            unfinished: None,
            is_wanted: Box::new(|| true),
        }
    }

    /// Sets what is asked on every line: whether somebody still waits for what is read.
    pub(super) fn while_wanted(&mut self, is_wanted: impl Fn() -> bool + Send + 'static) {
        self.is_wanted = Box::new(is_wanted);
    }

    /// The next record, or `None` at the end of the export.
    ///
    /// # Errors
    ///
    /// With the number of the line that is none of LDIF, or is one of changes.
    pub(super) fn next(&mut self) -> Result<Option<Record>> {
        let mut is_commented = false;
        // Where a comment goes on, if it does.
        let mut more: Option<u64> = None;
        while let Some(line) = self.lines.next()? {
            let number = line.number;
            if !(self.is_wanted)() {
                return Err(Error::new(
                    ErrorKind::Cancelled,
                    "nobody waits for the export any more",
                ));
            }
            if more.is_none() && line.text.is_empty() {
                is_commented = false;
                continue;
            }
            if let Some(comment) = line.text.strip_prefix(b"#").filter(|_| more.is_none()) {
                is_commented = true;
                if let Some(uri) = self.remarks.take_comment(comment) {
                    return Ok(Some(Record::Reference(vec![uri])));
                }
                continue;
            }
            // ldapsearch writes names into comments as they are, with the line break of one that lost a conflict.
            if is_commented && !begins_record(line.text) {
                if line.text.is_empty() || line.text.starts_with(b"#") {
                    return Err(invalid(more.unwrap_or(number), NEITHER));
                }
                more.get_or_insert(number);
                continue;
            }
            if let Some(more) = more.filter(|_| !begins_entry(line.text)) {
                return Err(invalid(more, NEITHER));
            }
            is_commented = false;
            let Spec { description, value } = spec(line)?;
            match description.to_ascii_lowercase().as_str() {
                "version" if &*value == b"1" => {}
                "version" => return Err(invalid(number, "it is not version 1 of LDIF")),
                "dn" => {
                    let entry = Entry::begin(number, value.into_owned());
                    return self.entry(entry).map(Some);
                }
                "ref" => {
                    let uri = String::from_utf8_lossy(&value).into_owned();
                    return self.reference(uri).map(Some);
                }
                name @ ("search" | "result") => {
                    self.remarks.take_result(name, &value);
                    self.result()?;
                }
                "changetype" | "control" => return Err(change(number)),
                other => {
                    let other = Printable(other);
                    let reason = format!("an entry begins with dn, and this begins with {other}");
                    return Err(invalid(number, reason));
                }
            }
        }
        more.map_or(Ok(None), |more| Err(invalid(more, NEITHER)))
    }

    /// Whether the export ended as one that is whole: behind an empty line, or a comment.
    ///
    /// # Errors
    ///
    /// What it ended within.
    pub(super) fn check_end(&self) -> Result<()> {
        if self.lines.is_cut() {
            let reason =
                "the export is cut off: it ends within this line; where it is whole, end the line";
            let error = Error::new(ErrorKind::Invalid, reason);
            return Err(at(self.lines.last_number(), error));
        }
        match self.unfinished {
            Some(line) => Err(invalid(
                line,
                "the export may be cut off: no empty line is behind this entry, its last; where it is whole, add one",
            )),
            None => Ok(()),
        }
    }

    /// The rest of an entry.
    fn entry(&mut self, mut entry: Entry) -> Result<Record> {
        self.entries += 1;
        self.unfinished = Some(entry.line);
        let mut is_first = true;
        while let Some(line) = self.lines.next()? {
            let number = line.number;
            if line.text.is_empty() {
                self.unfinished = None;
                break;
            }
            if line.text.starts_with(b"#") {
                continue;
            }
            if line.text == b"-" {
                return Err(change(number));
            }
            let Spec { description, value } = spec(line)?;
            match description.to_ascii_lowercase().as_str() {
                "dn" => return Err(invalid(number, "no empty line is before this entry")),
                // ldifde writes every entry as one to be added.
                "changetype" if is_first && value.eq_ignore_ascii_case(b"add") => {}
                "changetype" => return Err(change(number)),
                "control" if is_first => return Err(change(number)),
                _ => entry.push(description, &value),
            }
            is_first = false;
            if entry.octets() > self.most_octets {
                let message = "this entry is larger than the limit message_bytes allows";
                let error = Error::new(ErrorKind::LimitExceeded, message);
                return Err(at(entry.line, error.with_context("limit", self.most_octets)));
            }
        }
        Ok(Record::Entry(entry))
    }

    /// The rest of a reference, whose URLs all lead to the same.
    fn reference(&mut self, uri: String) -> Result<Record> {
        let mut octets = uri.len();
        let mut uris = vec![uri];
        while let Some(line) = self.lines.next()? {
            let number = line.number;
            match line.text {
                [] => break,
                [b'#', ..] => continue,
                _ => {}
            }
            let Spec { description, value } = spec(line)?;
            if !description.eq_ignore_ascii_case("ref") {
                return Err(invalid(number, "a reference has nothing but ref"));
            }
            octets = octets.saturating_add(value.len());
            if octets > self.most_octets {
                let message = "this reference is larger than the limit message_bytes allows";
                return Err(at(number, Error::new(ErrorKind::LimitExceeded, message)));
            }
            uris.push(String::from_utf8_lossy(&value).into_owned());
        }
        Ok(Record::Reference(uris))
    }

    /// The rest of what tells how a search ended. No empty line need be between it and the comments behind it.
    fn result(&mut self) -> Result<()> {
        while let Some(line) = self.lines.next()? {
            if line.text.is_empty() {
                break;
            }
            if let Some(comment) = line.text.strip_prefix(b"#") {
                self.remarks.take_comment(comment);
                continue;
            }
            let Spec { description, value } = spec(line)?;
            self.remarks.take_result(description, &value);
        }
        Ok(())
    }
}

/// An attribute and its value (RFC 2849, `attrval-spec`).
fn spec(line: Line<'_>) -> Result<Spec<'_>> {
    let Line { number, text } = line;
    let Some(colon) = text.iter().position(|octet| *octet == b':') else {
        return Err(invalid(number, NEITHER));
    };
    let (description, rest) = text.split_at(colon);
    let Some(description) = std::str::from_utf8(description).ok().filter(|it| is_description(it))
    else {
        return Err(invalid(number, "it does not begin with the name of an attribute"));
    };
    let value = match rest {
        [_, b':', base64 @ ..] => {
            let decoded = STANDARD.decode(base64.trim_ascii());
            Cow::Owned(decoded.map_err(|_| {
                invalid(number, format!("the value of {} is not Base64", Printable(description)))
            })?)
        }
        [_, b'<', ..] => {
            let reason = format!(
                "the value of {} is said to be elsewhere, and no file or URL that an export names is ever read",
                Printable(description)
            );
            return Err(invalid(number, reason));
        }
        [_, plain @ ..] => Cow::Borrowed(plain.trim_ascii_start()),
        [] => Cow::default(),
    };
    Ok(Spec { description, value })
}

/// An attribute's name or number, with its options (RFC 4512, section 2.5): also `member;range=0-*`, which Active
/// Directory has of its own.
fn is_description(text: &str) -> bool {
    let is_part = |octet: u8| octet.is_ascii_alphanumeric() || b"-.;=*_".contains(&octet);
    text.bytes().all(is_part) && text.starts_with(|first: char| first.is_ascii_alphanumeric())
}

/// Whether a record may begin with a line, or what tells how a search ended.
fn begins_record(line: &[u8]) -> bool {
    let is = |name: &&[u8]| line.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name));
    let names: [&[u8]; 4] = [b"ref:", b"search:", b"result:", b"version:"];
    begins_entry(line) || names.iter().any(is)
}

fn begins_entry(line: &[u8]) -> bool {
    line.get(..3).is_some_and(|it| it.eq_ignore_ascii_case(b"dn:"))
}

fn invalid(line: u64, reason: impl Into<Cow<'static, str>>) -> Error {
    at(line, Error::new(ErrorKind::Invalid, reason))
}

fn change(line: u64) -> Error {
    invalid(
        line,
        "it is of a change, and an export has entries alone: export again, without changes",
    )
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    /// The records of a text, and then how it ended.
    fn records(text: &str) -> (Vec<Record>, Result<()>) {
        let text = Text::of(Cursor::new(text.as_bytes().to_vec()), 100_000).unwrap();
        let limits = LdapLimits::default().with_message_bytes(1_000);
        let mut records = Records::of(text, &limits);
        let mut all = Vec::new();
        loop {
            match records.next() {
                Ok(Some(record)) => all.push(record),
                Ok(None) => return (all, records.check_end()),
                Err(error) => return (all, Err(error)),
            }
        }
    }

    fn refusal(text: &str) -> String {
        records(text).1.unwrap_err().message().to_owned()
    }

    #[test]
    fn entries_and_references_come_in_turn_whoever_wrote_them() {
        let ldapsearch = "version: 1\n\n# a, x\ndn: CN=a,DC=x\ncn: a\n\n# search reference\nref: ldap://y/DC=y\n\
                          ref: ldap://z/DC=y\n\n# search result\nsearch: 2\nresult: 0 Success\n\
                          pagedresults: cookie=AgA=\n# extended LDIF\n#\n\n# b\ndn:: Q049YixEQz14\n\n\
                          # search result\nsearch: 3\nresult: 0 Success\n\n# numResponses: 3\n# numEntries: 2\n";
        let ldifde = "dn: CN=a,DC=x\r\nchangetype: add\r\ncn: a\r\n\r\ndn: CN=b,DC=x\r\nchangetype: add\r\n\r\n";
        let packed = "version: 1\n# a\nCNF:1234, x\ndn: CN=a,DC=x\n# said within\ncn:a\n\n\n\ndn:CN=b,DC=x\n\n";
        for (text, references) in [(ldapsearch, 1), (ldifde, 0), (packed, 0)] {
            let (all, end) = records(text);
            end.unwrap();
            let entries = all.iter().filter_map(|record| match record {
                Record::Entry(entry) => Some(entry.dn.clone()),
                Record::Reference(uris) => {
                    assert_eq!(uris, &["ldap://y/DC=y", "ldap://z/DC=y"]);
                    None
                }
            });
            let entries: Vec<Vec<u8>> = entries.collect();
            assert_eq!(entries, [b"CN=a,DC=x", b"CN=b,DC=x"], "{text}");
            assert_eq!(all.len() - entries.len(), references);
        }
    }

    #[test]
    fn what_is_not_an_export_is_refused_with_its_line() {
        for (text, line, reason) in [
            ("version: 2\n", 1, "not version 1"),
            ("cn: a\n", 1, "an entry begins with dn, and this begins with cn"),
            ("hello\n", 1, "neither an attribute"),
            ("\n dn: CN=a\n", 2, "does not begin with the name"),
            (": a\n", 1, "does not begin with the name"),
            ("b\u{fc}ro: a\n", 1, "does not begin with the name"),
            ("dn: CN=a\n\ndn: CN=b\ncn:: ?\n\n", 4, "the value of cn is not Base64"),
            (
                "dn: CN=a\njpegPhoto:< file:///etc/shadow\n\n",
                2,
                "no file or URL that an export names",
            ),
            ("dn: CN=a\ncn: a\ndn: CN=b\n\n", 3, "no empty line is before"),
            ("dn: CN=a\nchangetype: delete\n\n", 2, "of a change"),
            ("dn: CN=a\nchangetype: modify\nreplace: cn\ncn: b\n-\n\n", 2, "of a change"),
            ("dn: CN=a\ncn: a\nchangetype: add\n\n", 3, "of a change"),
            (
                "dn: CN=a\ncontrol: 1.2.840.113556.1.4.805 true\nchangetype: delete\n\n",
                2,
                "of a change",
            ),
            ("dn: CN=a\nadd: cn\n-\n\n", 3, "of a change"),
            ("ref: ldap://x\ncn: a\n\n", 2, "nothing but ref"),
            ("# PC1\nCNF:a, x\n\ndn: CN=a\n\n", 2, "neither an attribute"),
            ("# PC1\ncn: a\nsearch: 2\n\n", 2, "neither an attribute"),
            ("# PC1\ncn: a\n", 2, "neither an attribute"),
        ] {
            let refusal = refusal(text);
            let expected = format!("line {line} of the export: ");
            assert!(
                refusal.starts_with(&expected) && refusal.contains(reason),
                "{text:?}: {refusal}"
            );
        }
    }

    #[test]
    fn an_export_that_may_be_cut_off_is_named_where() {
        let whole = "dn: CN=a,DC=x\ncn: a\n\ndn: CN=b,DC=x\ncn: b\n\n";
        for end in 1..whole.len() {
            let is_whole = whole[..end].ends_with("\n\n");
            assert_eq!(records(&whole[..end]).1.is_ok(), is_whole, "{:?}", &whole[..end]);
        }
        assert!(
            refusal(&whole[..whole.len() - 1])
                .starts_with("line 4 of the export: the export may be cut off")
        );
        assert!(
            refusal(&whole[..whole.len() - 2])
                .starts_with("line 5 of the export: the export is cut off")
        );
    }

    #[test]
    fn an_entry_is_read_at_the_limit_and_refused_one_past_it() {
        let entry = |values: usize| {
            let values: String = (0..values).map(|n| format!("description: {n:088}\n")).collect();
            records(&format!("dn: CN=a\n{values}\n")).1.map_err(|error| error.kind())
        };
        assert_eq!(entry(7), Ok(()));
        assert_eq!(entry(8), Err(ErrorKind::LimitExceeded));
    }
}
