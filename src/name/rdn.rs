//! The components of a distinguished name.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One component of a [`DistinguishedName`](super::DistinguishedName): `CN=WEB1`, or several such pairs
/// joined by `+`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rdn<'a>(&'a str);

impl<'a> Rdn<'a> {
    /// The type of the (first) pair as it is written, such as `CN`.
    pub(crate) fn attribute_type(&self) -> &'a str {
        self.raw_pairs().next().map_or("", |(attribute_type, _)| attribute_type)
    }

    /// The value of the (first) pair, without escapes. A value in the form `#04024869` stays as it is.
    pub(crate) fn value(&self) -> Cow<'a, str> {
        self.pairs().next().map_or(Cow::Borrowed(""), |(_, value)| value)
    }

    /// All pairs of type and value, without escapes.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        // The values were checked when the DN was parsed.
        self.raw_pairs().map(|(name, raw)| (name, unescape(raw).unwrap_or(Cow::Borrowed(raw))))
    }

    /// One component of a DN that is still to be checked.
    pub(super) fn unchecked(text: &'a str) -> Self {
        Self(text)
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        for (attribute_type, raw) in self.raw_pairs() {
            if !is_attribute_type(attribute_type) {
                return Err("expected type=value between the commas");
            }
            unescape(raw)?;
        }
        Ok(())
    }

    /// Adds the form in which equal components are equal texts.
    pub(super) fn push_normalized(&self, text: &mut String) {
        let mut pairs = self.raw_pairs().map(normalized_pair).collect::<Vec<_>>();
        pairs.sort_unstable();
        text.push_str(&pairs.join("+"));
    }

    /// The pairs with their values as they are written. A pair without `=` has no type.
    fn raw_pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let mut rest = Some(self.0);
        std::iter::from_fn(move || {
            let (pair, after) = split_at_unescaped(rest?, b'+');
            rest = after;
            let (attribute_type, raw) = pair.split_once('=').unwrap_or(("", pair));
            Some((attribute_type.trim_matches(' '), trim(raw)))
        })
    }
}

/// Splits at the first separator that no backslash precedes.
pub(super) fn split_at_unescaped(text: &str, separator: u8) -> (&str, Option<&str>) {
    let mut is_escaped = false;
    let found = text.bytes().position(|byte| {
        let separates = byte == separator && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        separates
    });
    match found.and_then(|n| Some((text.get(..n)?, text.get(n + 1..)?))) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn normalized_pair((attribute_type, raw): (&str, &str)) -> String {
    let mut pair = attribute_type.to_ascii_lowercase();
    pair.push('=');
    if raw.starts_with('#') {
        pair.push_str(&raw.to_ascii_lowercase());
    } else {
        // Letter by letter, so that a sigma at the end of a word folds as one within it does.
        let value = unescape(raw).unwrap_or(Cow::Borrowed(raw));
        push_escaped_as_hex(
            &mut pair,
            &value.chars().flat_map(char::to_lowercase).collect::<String>(),
        );
    }
    pair
}

fn push_escaped_as_hex(text: &mut String, value: &str) {
    let last = value.len().saturating_sub(1);
    for (n, c) in value.char_indices() {
        let is_outer_blank = c == ' ' && (n == 0 || n == last);
        if is_special(c) || is_outer_blank || (c == '#' && n == 0) || c.is_ascii_control() {
            let _ = write!(text, "\\{:02x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
}

/// Without the blanks around it, but with a last one that is escaped.
pub(super) fn trim(raw: &str) -> &str {
    let raw = raw.trim_start_matches(' ');
    let trimmed = raw.trim_end_matches(' ');
    let backslashes = trimmed.bytes().rev().take_while(|byte| *byte == b'\\').count();
    let with_blank = raw.get(..=trimmed.len()).filter(|_| backslashes % 2 == 1);
    with_blank.unwrap_or(trimmed)
}

/// The value that a text stands for (RFC 4514, section 3).
fn unescape(raw: &str) -> Result<Cow<'_, str>, &'static str> {
    if let Some(digits) = raw.strip_prefix('#') {
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_whole = !digits.is_empty() && digits.len().is_multiple_of(2);
        let reason = "a value that begins with # must be pairs of hexadecimal digits";
        return (is_hex && is_whole).then_some(Cow::Borrowed(raw)).ok_or(reason);
    }
    if !raw.contains(['\\', '"', ';', '<', '>', '\0']) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut value = Vec::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        value.push(match first {
            b'\\' => {
                let (byte, after) = escaped(rest).ok_or("a backslash escapes nothing")?;
                rest = after;
                byte
            }
            b'"' | b';' | b'<' | b'>' | 0 => {
                return Err("a double quote, semicolon, angle bracket or NUL is not escaped");
            }
            byte => *byte,
        });
    }
    String::from_utf8(value).map(Cow::Owned).map_err(|_| "an escaped value is not UTF-8")
}

/// What follows a backslash: a special character, or two hexadecimal digits.
fn escaped(text: &[u8]) -> Option<(u8, &[u8])> {
    let (first, rest) = text.split_first()?;
    if is_special(char::from(*first)) || matches!(first, b' ' | b'#') {
        return Some((*first, rest));
    }
    let (second, rest) = rest.split_first()?;
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some((digit(*first)? << 4 | digit(*second)?, rest))
}

/// The characters that need a backslash wherever they stand, and `=`, which may have one.
fn is_special(c: char) -> bool {
    matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\' | '=')
}

/// A name such as `CN`, or an object identifier in numbers.
fn is_attribute_type(text: &str) -> bool {
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    }
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    text.split('.').all(is_number)
}
