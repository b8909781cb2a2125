//! Text that must not be shown.

use std::fmt;

use zeroize::Zeroizing;

use crate::{Error, ErrorKind, Result};

/// A password or another text that must never be shown, logged or stored.
///
/// The memory is overwritten when the value is dropped, `Debug` prints `Secret([redacted])`, and there
/// is no `Display`, no comparison and no serialisation. [`Secret::expose`] is the one door to the text.
///
/// ```
/// use ldap_inventory::value::Secret;
///
/// let password = Secret::new("correct horse");
/// assert_eq!(format!("{password:?}"), "Secret([redacted])");
/// assert_eq!(password.expose(), "correct horse");
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text. A `String` is moved in; of a `&str` the caller's copy remains the caller's to
    /// erase.
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Takes the one line of text that a password file or an environment variable holds.
    ///
    /// It is UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it. A byte order mark at the
    /// beginning is not part of the secret, nor is a line ending (LF, CRLF or CR) with whatever blank lines
    /// follow. Spaces are. No text at all is an [empty](Self::is_empty) secret.
    ///
    /// ```
    /// use ldap_inventory::value::Secret;
    ///
    /// let password = Secret::from_line(b"\xef\xbb\xbfcorrect horse\r\n")?;
    /// assert_eq!(password.expose(), "correct horse");
    /// assert!(Secret::from_line(b"correct horse\nbattery staple\n").is_err());
    /// # Ok::<(), ldap_inventory::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] if it is in another encoding, has a second line that is not blank, or a control
    /// character or another byte order mark within: sent as it is, it would count as a wrong password, and
    /// wrong passwords lock accounts.
    pub fn from_line(bytes: &[u8]) -> Result<Self> {
        let text = decode(bytes)?;
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&text);
        if text.contains('\0') {
            return Err(refused(
                "has zero bytes within, as UTF-16 without a byte order mark; save it as UTF-8",
            ));
        }
        let (line, rest) = text.split_once(['\r', '\n']).unwrap_or((text, ""));
        if !rest.trim().is_empty() {
            return Err(refused("has a second line that is not blank, and a password is one line"));
        }
        check_characters(line)?;
        Ok(Self::new(line))
    }

    /// The text, for the moment it is needed.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether there is no text at all. An LDAP bind with an empty password is an anonymous one
    /// (RFC 4513, section 5.1.2), so it is refused before connecting.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret([redacted])")
    }
}

const BYTE_ORDER_MARK: char = '\u{feff}';

/// UTF-16 if its byte order mark says so, and UTF-8 otherwise.
fn decode(bytes: &[u8]) -> Result<Zeroizing<String>> {
    let text = match bytes {
        [0xff, 0xfe, units @ ..] => utf16(units, u16::from_le_bytes),
        [0xfe, 0xff, units @ ..] => utf16(units, u16::from_be_bytes),
        _ => std::str::from_utf8(bytes).ok().map(str::to_owned),
    };
    text.map(Zeroizing::new).ok_or_else(|| refused("is not text in UTF-8; save it as such"))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks();
    let units = Zeroizing::new(pairs.iter().map(|pair| unit(*pair)).collect::<Vec<u16>>());
    String::from_utf16(&units).ok().filter(|_| rest.is_empty())
}

fn check_characters(line: &str) -> Result<()> {
    match line.chars().find(|c| c.is_control() || *c == BYTE_ORDER_MARK) {
        None => Ok(()),
        Some(BYTE_ORDER_MARK) => {
            Err(refused("has a byte order mark within; save it as UTF-8, once"))
        }
        Some(c) => Err(refused(format!(
            "has the control character U+{:04X} within; a password has none",
            u32::from(c)
        ))),
    }
}

fn refused(reason: impl fmt::Display) -> Error {
    Error::new(ErrorKind::Invalid, format!("the password {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_tell_the_secret_in_any_form() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret([redacted])");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret([redacted]),\n)");
    }

    fn read(bytes: impl AsRef<[u8]>) -> Result<String> {
        Secret::from_line(bytes.as_ref()).map(|secret| secret.expose().to_owned())
    }

    #[test]
    fn a_line_is_the_same_secret_in_every_encoding_and_with_every_ending() {
        let little = |text: &str| -> Vec<u8> {
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
        };
        let big = |text: &str| -> Vec<u8> {
            [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_be_bytes).collect()
        };
        for secret in ["hunter2", " b\u{fc}ro \u{1f600} ", "a\u{2028}b", ""] {
            for ending in ["", "\n", "\r\n", "\r", "\n\n", "\r\n \t\r\n", "\r\r"] {
                let text = format!("{secret}{ending}");
                assert_eq!(read(&text).unwrap(), secret, "{text:?}");
                assert_eq!(read(format!("\u{feff}{text}")).unwrap(), secret, "{text:?}");
                assert_eq!(read(little(&text)).unwrap(), secret, "{text:?}");
                assert_eq!(read(big(&text)).unwrap(), secret, "{text:?}");
            }
        }
    }

    #[test]
    fn what_is_not_one_line_of_text_is_refused_without_being_told() {
        for (bytes, reason) in [
            (&b"hunter2\nhunter3"[..], "second line"),
            (b"hunter2\r\n\r\nhunter3\r\n", "second line"),
            (b"hunter2\rhunter3", "second line"),
            (b"\nhunter2\n", "second line"),
            (b"hunter\t2", "U+0009"),
            (b"hunter2\x1a", "U+001A"),
            (b"hunter2\x7f\n", "U+007F"),
            (b"hunter2\xc2\x85", "U+0085"),
            (b"h\0u\0n\0", "zero bytes"),
            (b"h\0u\0\r\0\n\0", "zero bytes"),
            (b"\0h\0u\0\r\0\n", "zero bytes"),
            (b"\xff\xfe\0\0h\0\0\0", "zero bytes"),
            (b"\xef\xbb\xbf\xef\xbb\xbfhunter2", "byte order mark"),
            (b"hunter\xfc", "UTF-8"),
            (b"\xff\xfeh\0u", "UTF-8"),
            (b"\xff\xfe\0\xd8", "UTF-8"),
        ] {
            let error = read(bytes).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid);
            assert!(error.to_string().contains(reason), "{error} for {bytes:?}");
            assert!(!format!("{error:?}").contains("hunter"), "{error:?}");
        }
    }

    #[test]
    fn only_no_text_is_empty() {
        assert!(Secret::new("").is_empty());
        assert!(!Secret::new(" ").is_empty());
        assert_eq!(Secret::new("a b").clone().expose(), "a b");
    }
}
