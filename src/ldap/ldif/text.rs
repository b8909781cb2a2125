//! The text of an export: unpacked, and as UTF-8.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use crate::{Error, ErrorKind, Result};

const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The lines of a text, whatever it is packed in, up to so many octets.
pub(super) struct Text {
    bytes: Box<dyn BufRead + Send>,
    encoding: Encoding,
    /// How many octets of text may still come.
    left: u64,
}

/// How characters are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Encoding {
    Utf8,
    Utf16(Order),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Order {
    Little,
    Big,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LineEnd {
    /// As lines do.
    Newline,
    /// With the text, in its middle for all that can be seen.
    Cut,
    /// There was none any more.
    NoLine,
}

impl Text {
    /// The text of a file. One that [is packed](GZIP) is unpacked on the way.
    pub(super) fn open(file: &Path, most_octets: u64) -> Result<Self> {
        // One that is no regular file may never end, and cannot be read twice.
        let is_file = fs::metadata(file).map(|it| it.is_file());
        if matches!(is_file, Ok(false)) {
            return Err(Error::new(ErrorKind::Configuration, "the export is no regular file")
                .with_context("file", file.display()));
        }
        let opened = File::open(file).and_then(|file| Self::of(file, most_octets));
        opened.map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::NotFound => ErrorKind::NotFound,
                _ => ErrorKind::Directory,
            };
            Error::new(kind, "the export cannot be read")
                .with_context("file", file.display())
                .with_source(error)
        })
    }

    /// None at all.
    pub(super) fn empty() -> Self {
        Self { bytes: Box::new(io::empty()), encoding: Encoding::Utf8, left: 0 }
    }

    pub(super) fn of(bytes: impl Read + Send + 'static, most_octets: u64) -> io::Result<Self> {
        let (beginning, bytes) = peek(bytes, GZIP.len())?;
        if beginning == GZIP {
            Self::unpacked(MultiGzDecoder::new(BufReader::new(bytes)), most_octets)
        } else {
            Self::unpacked(bytes, most_octets)
        }
    }

    fn unpacked(bytes: impl Read + Send + 'static, most_octets: u64) -> io::Result<Self> {
        let (beginning, bytes) = peek(bytes, 3)?;
        let (encoding, mark) = Encoding::of(&beginning);
        let mut bytes = BufReader::new(bytes);
        bytes.read_exact(&mut vec![0; mark])?;
        Ok(Self { bytes: Box::new(bytes), encoding, left: most_octets })
    }

    /// Reads the next line, without its end, behind what is there. One of more than `longest` octets is an error.
    pub(super) fn read_line(&mut self, line: &mut Vec<u8>, longest: usize) -> Result<LineEnd> {
        let before = line.len();
        let end = match self.encoding {
            Encoding::Utf8 => self.read_octets(line, longest)?,
            Encoding::Utf16(order) => self.read_units(line, longest, order)?,
        };
        if end == LineEnd::Newline && line.len() > before && line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(end)
    }

    fn read_octets(&mut self, line: &mut Vec<u8>, longest: usize) -> Result<LineEnd> {
        let mut is_empty = true;
        loop {
            let buffer = self.bytes.fill_buf().map_err(unreadable)?;
            if buffer.is_empty() {
                return Ok(if is_empty { LineEnd::NoLine } else { LineEnd::Cut });
            }
            is_empty = false;
            let end = buffer.iter().position(|octet| *octet == b'\n');
            let here = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
            line.extend_from_slice(here);
            let read = here.len() + usize::from(end.is_some());
            self.bytes.consume(read);
            self.count(read)?;
            check_length(line, longest)?;
            if end.is_some() {
                return Ok(LineEnd::Newline);
            }
        }
    }

    fn read_units(&mut self, line: &mut Vec<u8>, longest: usize, order: Order) -> Result<LineEnd> {
        let mut units = Vec::new();
        let end = loop {
            match self.unit(order)? {
                None if units.is_empty() => break LineEnd::NoLine,
                None => break LineEnd::Cut,
                Some(0x0a) => break LineEnd::Newline,
                Some(unit) => units.push(unit),
            }
            if units.len() > longest {
                return Err(too_long(longest));
            }
        };
        for character in char::decode_utf16(units) {
            let character = character.map_err(|_| {
                Error::new(ErrorKind::Invalid, "it is not UTF-16, as its beginning is")
            })?;
            line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        check_length(line, longest)?;
        Ok(end)
    }

    /// The next two octets, if there are any.
    fn unit(&mut self, order: Order) -> Result<Option<u16>> {
        let mut octets = [0; 2];
        for octet in &mut octets {
            let Some(next) = self.bytes.fill_buf().map_err(unreadable)?.first().copied() else {
                return Ok(None);
            };
            *octet = next;
            self.bytes.consume(1);
        }
        self.count(octets.len())?;
        Ok(Some(match order {
            Order::Little => u16::from_le_bytes(octets),
            Order::Big => u16::from_be_bytes(octets),
        }))
    }

    fn count(&mut self, octets: usize) -> Result<()> {
        let octets = u64::try_from(octets).unwrap_or(u64::MAX);
        let left = self.left.checked_sub(octets).ok_or_else(|| {
            Error::new(ErrorKind::LimitExceeded, "the export is larger than the limit bytes allows")
        })?;
        self.left = left;
        Ok(())
    }
}

impl std::fmt::Debug for Text {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Text").field("encoding", &self.encoding).finish_non_exhaustive()
    }
}

impl Encoding {
    /// By the beginning of a text, and how many octets are its mark. `ldifde -u` writes UTF-16.
    fn of(beginning: &[u8]) -> (Self, usize) {
        match beginning {
            [0xef, 0xbb, 0xbf, ..] => (Self::Utf8, 3),
            [0xff, 0xfe, ..] => (Self::Utf16(Order::Little), 2),
            [0xfe, 0xff, ..] => (Self::Utf16(Order::Big), 2),
            // No line of LDIF has a zero in it.
            [_, 0, ..] => (Self::Utf16(Order::Little), 0),
            [0, ..] => (Self::Utf16(Order::Big), 0),
            _ => (Self::Utf8, 0),
        }
    }
}

/// The first octets, and all of them.
fn peek(mut bytes: impl Read, count: usize) -> io::Result<(Vec<u8>, impl Read)> {
    let mut beginning = Vec::with_capacity(count);
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    bytes.by_ref().take(count).read_to_end(&mut beginning)?;
    Ok((beginning.clone(), io::Cursor::new(beginning).chain(bytes)))
}

fn check_length(line: &[u8], longest: usize) -> Result<()> {
    if line.len() > longest { Err(too_long(longest)) } else { Ok(()) }
}

fn too_long(longest: usize) -> Error {
    Error::new(ErrorKind::LimitExceeded, "it is longer than the limit message_bytes allows")
        .with_context("limit", longest)
}

fn unreadable(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::new(
            ErrorKind::Disconnected,
            "the file is cut off: what it is packed in does not end",
        ),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => {
            Error::new(ErrorKind::Invalid, "what it is packed in is damaged").with_source(error)
        }
        _ => Error::new(ErrorKind::Disconnected, "it cannot be read").with_source(error),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    const LINES: [&str; 4] = ["dn: CN=Büro,DC=x", "cn: Büro 🖨", "", "# end"];

    fn lines(bytes: Vec<u8>) -> (Vec<String>, LineEnd) {
        let mut text = Text::of(io::Cursor::new(bytes), 10_000).unwrap();
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            let end = text.read_line(&mut line, 1_000).unwrap();
            if end != LineEnd::NoLine {
                lines.push(String::from_utf8(line).unwrap());
            }
            if end != LineEnd::Newline {
                return (lines, end);
            }
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn a_text_is_the_same_in_every_encoding_with_every_line_end_and_packed() {
        let utf16 = |text: &str, unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            text.encode_utf16().flat_map(unit).collect()
        };
        for end in ["\n", "\r\n"] {
            let text = LINES.map(|line| format!("{line}{end}")).concat();
            let marked = format!("\u{feff}{text}");
            for bytes in [
                text.clone().into_bytes(),
                marked.clone().into_bytes(),
                utf16(&text, u16::to_le_bytes),
                utf16(&marked, u16::to_le_bytes),
                utf16(&text, u16::to_be_bytes),
                utf16(&marked, u16::to_be_bytes),
            ] {
                let expected = (LINES.map(str::to_owned).to_vec(), LineEnd::NoLine);
                assert_eq!(lines(packed(&bytes)), expected);
                assert_eq!(lines([packed(&bytes[..8]), packed(&bytes[8..])].concat()), expected);
                assert_eq!(lines(bytes), expected);
            }
        }
        assert_eq!(lines(b"a\nb".to_vec()), (vec!["a".to_owned(), "b".to_owned()], LineEnd::Cut));
        assert_eq!(lines(Vec::new()), (Vec::new(), LineEnd::NoLine));
    }

    #[test]
    fn limits_hold_at_the_limit_and_one_past_it_also_of_what_is_unpacked() {
        let read = |bytes: &[u8], most_octets, longest| {
            let mut text = Text::of(io::Cursor::new(bytes.to_vec()), most_octets)?;
            let end = text.read_line(&mut Vec::new(), longest);
            Ok::<_, io::Error>(end.map_err(|error| error.kind()))
        };
        let bomb = packed(&vec![b'a'; 1 << 20]);
        for (bytes, most, longest, expected) in [
            (&b"abc\n"[..], 4, 3, Ok(LineEnd::Newline)),
            (b"abc\n", 3, 3, Err(ErrorKind::LimitExceeded)),
            (b"abc\n", 4, 2, Err(ErrorKind::LimitExceeded)),
            (b"a\0b\0\n\0", 6, 2, Ok(LineEnd::Newline)),
            (b"a\0b\0\n\0", 6, 1, Err(ErrorKind::LimitExceeded)),
            (b"a\0\x00\xd8\n\0", 6, 9, Err(ErrorKind::Invalid)),
            (&bomb, 1_000_000, 10_000_000, Err(ErrorKind::LimitExceeded)),
            (&bomb, 10_000_000, 1_000_000, Err(ErrorKind::LimitExceeded)),
            (&bomb[..bomb.len() - 20], 10_000_000, 10_000_000, Err(ErrorKind::Disconnected)),
        ] {
            assert_eq!(read(bytes, most, longest).unwrap(), expected, "{most} {longest}");
        }
    }
}
