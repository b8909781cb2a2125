//! Foreign text on its way to a terminal, a pipe or a log.

use std::fmt;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// Text that would drive the terminal, reorder a line or end one, made safe to print. Nothing is cut.
pub(crate) fn escaped(text: &str) -> String {
    if !text.contains(is_unprintable) {
        return text.to_owned();
    }
    let escape = |c: char| match is_unprintable(c) {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Says a line on standard error. That nobody hears it, since a pipe is closed or a disk is full, is no reason to end.
pub(crate) fn say(line: impl fmt::Display) {
    // At once, so that nothing comes between.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// Writes one line of JSON in which nothing is raw that would drive a terminal.
#[allow(dead_code, reason = "not every program writes JSON")]
pub(crate) fn json_line(out: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Printable);
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    writeln!(out)
}

/// JSON itself escapes controls below U+0020 alone.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(is_unprintable) {
            let plain = part.trim_end_matches(is_unprintable);
            writer.write_all(plain.as_bytes())?;
            for c in part.chars().filter(|c| is_unprintable(*c)) {
                write!(writer, "\\u{:04x}", u32::from(c))?;
            }
        }
        Ok(())
    }
}

/// Controls, what reorders a line (Unicode's Bidi_Control), and what ends one. All of these have four hexadecimal digits.
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
