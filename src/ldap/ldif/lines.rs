//! The lines of an export as they were before they were folded (RFC 2849, note 2), each with the number of its first.

use std::mem;

use super::text::{LineEnd, Text};
use crate::{Error, ErrorKind, Result};

/// The unfolded lines of a text.
#[derive(Debug)]
pub(super) struct Lines {
    text: Text,
    longest: usize,
    current: Vec<u8>,
    number: u64,
    /// The next line as it stands in the file, if it was read already.
    ahead: Vec<u8>,
    is_ahead: bool,
    ahead_number: u64,
    is_cut: bool,
}

/// A line, and where it begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) text: &'a [u8],
}

impl Lines {
    /// The lines of a text, each of so many octets at most.
    pub(super) fn of(text: Text, longest: usize) -> Self {
        Self {
            text,
            longest,
            current: Vec::new(),
            number: 0,
            ahead: Vec::new(),
            is_ahead: false,
            ahead_number: 0,
            is_cut: false,
        }
    }

    /// The next line, or `None` at the end of the text.
    pub(super) fn next(&mut self) -> Result<Option<Line<'_>>> {
        if !self.is_ahead && !self.look_ahead()? {
            return Ok(None);
        }
        mem::swap(&mut self.current, &mut self.ahead);
        (self.number, self.is_ahead) = (self.ahead_number, false);
        while !self.current.is_empty() && self.look_ahead()? {
            let Some(more) = self.ahead.strip_prefix(b" ") else { break };
            if self.current.len().saturating_add(more.len()) > self.longest {
                let error = Error::new(
                    ErrorKind::LimitExceeded,
                    "it is longer than the limit message_bytes allows",
                );
                return Err(at(self.number, error));
            }
            self.current.extend_from_slice(more);
            self.is_ahead = false;
        }
        Ok(Some(Line { number: self.number, text: &self.current }))
    }

    /// Whether the text ended within a line.
    pub(super) fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// The number of the last line that was read.
    pub(super) fn last_number(&self) -> u64 {
        self.ahead_number
    }

    /// Reads one line as it stands in the file; whether there is one.
    fn look_ahead(&mut self) -> Result<bool> {
        self.ahead.clear();
        self.ahead_number += 1;
        let end = self.text.read_line(&mut self.ahead, self.longest);
        match end.map_err(|error| at(self.ahead_number, error))? {
            LineEnd::NoLine => {
                self.ahead_number -= 1;
                return Ok(false);
            }
            LineEnd::Cut => self.is_cut = true,
            LineEnd::Newline => {}
        }
        if self.ahead.iter().any(|octet| matches!(octet, 0 | b'\r')) {
            let error =
                Error::new(ErrorKind::Invalid, "it has characters that no line of LDIF has");
            return Err(at(self.ahead_number, error));
        }
        self.is_ahead = true;
        Ok(true)
    }
}

/// What is wrong with a line, or with what begins there.
pub(super) fn at(line: u64, error: Error) -> Error {
    let mut told =
        Error::new(error.kind(), format!("line {line} of the export: {}", error.message()));
    for (key, value) in error.context() {
        told = told.with_context(key, value);
    }
    match std::error::Error::source(&error).map(ToString::to_string) {
        Some(source) => told.with_source(source),
        None => told,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn lines(text: &str, longest: usize) -> Result<Vec<(u64, String)>> {
        let text = Text::of(Cursor::new(text.as_bytes().to_vec()), 1_000).unwrap();
        let mut lines = Lines::of(text, longest);
        let mut all = Vec::new();
        while let Some(line) = lines.next()? {
            all.push((line.number, String::from_utf8(line.text.to_vec()).unwrap()));
        }
        Ok(all)
    }

    #[test]
    fn folded_lines_are_one_and_have_the_number_of_their_first() {
        let text = "dn: CN=A\n  B,DC\n =x\n\n# a\n  comment\n \ncn: a\n";
        let expected = [(1, "dn: CN=A B,DC=x"), (4, ""), (5, "# a comment"), (8, "cn: a")];
        assert_eq!(lines(text, 20).unwrap(), expected.map(|(n, line)| (n, line.to_owned())));
        // What is behind an empty line goes on with nothing.
        assert_eq!(lines("\n x\n", 20).unwrap()[1], (2, " x".to_owned()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, expected) in [
            (
                "a: 1\nb: 2\n 345678\n",
                "line 2 of the export: it is longer than the limit message_bytes allows",
            ),
            (
                "a: 1\nb: 2345678\n",
                "line 2 of the export: it is longer than the limit message_bytes allows",
            ),
            ("a: 1\n\nb\0\n", "line 3 of the export: it has characters that no line of LDIF has"),
            ("a: 1\n\nb\rc\n", "line 3 of the export: it has characters that no line of LDIF has"),
        ] {
            assert_eq!(lines(text, 9).unwrap_err().message(), expected);
        }
    }
}
