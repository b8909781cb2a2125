//! Text that must not be shown.

use std::fmt;

use zeroize::Zeroizing;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_tell_the_secret_in_any_form() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret:?}"), "Secret([redacted])");
        assert_eq!(format!("{:#?}", Some(&secret)), "Some(\n    Secret([redacted]),\n)");
    }

    #[test]
    fn only_no_text_is_empty() {
        assert!(Secret::new("").is_empty());
        assert!(!Secret::new(" ").is_empty());
        assert_eq!(Secret::new("a b").clone().expose(), "a b");
    }
}
