//! Distinguished names as keys of the tree (RFC 4514), only as far as the server needs them.

use std::fmt::Write as _;

/// The key of a name: relative names from the root down, in lower case, each followed by a separator.
/// All that is below an entry follows it in the order of keys, and begins with its key.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) struct DnKey(String);

const SEPARATOR: char = '\u{1}';

impl DnKey {
    /// The key of a distinguished name; `None` if it is not one.
    pub(crate) fn new(dn: &str) -> Option<Self> {
        let mut key = String::with_capacity(dn.len() + 1);
        for rdn in rdns(dn).iter().rev() {
            let (kind, value) = rdn.split_once('=')?;
            let (kind, value) = (kind.trim(), unescaped(value.trim())?);
            if kind.is_empty()
                || !kind.chars().all(|c| c.is_ascii_alphanumeric() || "-.".contains(c))
            {
                return None;
            }
            key.extend(kind.chars().flat_map(char::to_lowercase));
            key.push('=');
            key.extend(value.chars().flat_map(char::to_lowercase));
            key.push(SEPARATOR);
        }
        Some(Self(key))
    }

    pub(crate) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn depth(&self) -> usize {
        self.0.matches(SEPARATOR).count()
    }

    pub(crate) fn is_at_or_below(&self, ancestor: &DnKey) -> bool {
        self.0.starts_with(&ancestor.0)
    }
}

/// The relative names of a distinguished name, as written.
pub(crate) fn rdns(dn: &str) -> Vec<&str> {
    if dn.trim().is_empty() {
        return Vec::new();
    }
    let mut parts = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, c) in dn.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(dn.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(dn.get(start..).unwrap_or_default());
    parts
}

/// The first relative name, and the name of the parent, as written.
pub(crate) fn split_first(dn: &str) -> (&str, &str) {
    let first = rdns(dn).first().copied().unwrap_or_default();
    (first, dn.get(first.len() + 1..).unwrap_or_default())
}

/// A relative name with its value escaped (RFC 4514, section 2.4).
pub(crate) fn rdn(kind: &str, value: &str) -> String {
    let mut out = format!("{kind}=");
    let last = value.chars().count().saturating_sub(1);
    for (at, c) in value.chars().enumerate() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => out.extend(['\\', c]),
            '#' if at == 0 => out.push_str("\\#"),
            ' ' if at == 0 || at == last => out.push_str("\\ "),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\{:02X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// The value of a relative name without its escapes.
pub(crate) fn unescaped(value: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte != b'\\' {
            bytes.push(*byte);
        } else if let Some(hex) = after.get(..2).and_then(hex_byte) {
            bytes.push(hex);
            rest = after.get(2..)?;
        } else {
            let (literal, after) = after.split_first()?;
            bytes.push(*literal);
            rest = after;
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    digits.bytes().all(|b| b.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_blanks_and_the_form_of_escapes_are_no_difference() {
        let plain = DnKey::new("CN=Doe\\, Jane,OU=People,DC=corp,DC=test").unwrap();
        assert_eq!(DnKey::new("cn=doe\\2C jane, ou=people, dc=CORP,dc=test").unwrap(), plain);
        assert_eq!(plain.depth(), 4);
    }

    #[test]
    fn an_entry_is_below_its_ancestors_only() {
        let parent = DnKey::new("OU=A,DC=corp").unwrap();
        assert!(DnKey::new("CN=x,OU=A,DC=corp").unwrap().is_at_or_below(&parent));
        assert!(!DnKey::new("CN=x,OU=AB,DC=corp").unwrap().is_at_or_below(&parent));
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        assert!(DnKey::new("computers").is_none());
        assert!(DnKey::new("CN=a,,DC=b").is_none());
        assert!(DnKey::new("").unwrap().is_root());
    }

    #[test]
    fn relative_names_survive_escaping() {
        for value in ["plain", " Doe, Jane ", "#1", "a\nDEL:x", "a=b+c", "ü;\"<>\\"] {
            let rdn = rdn("CN", value);
            assert_eq!(unescaped(rdn.split_once('=').unwrap().1).unwrap(), value);
            assert_eq!(rdns(&format!("{rdn},DC=x")).len(), 2);
        }
    }
}
