//! What a server repeats of a password.
//!
//! A server that is hostile, or writes too good a log, may put the password that it was sent into an answer, and from there
//! it would get into errors, reports and logs.

use std::sync::{Arc, OnceLock};

use crate::value::Secret;

/// Stands for a text that has the password in it, all of which is left out.
const LEFT_OUT: &str = "(left out, since it repeats the password)";

/// The password of a connection, and what is left out for its sake: also before it is sent, since the server may have got
/// it on an earlier connection. Clones know the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction(Arc<OnceLock<Secret>>);

impl Redaction {
    /// Nothing is handed on that has this in it, if there is anything.
    pub(crate) fn of<'a>(password: impl Into<Option<&'a Secret>>) -> Self {
        let redaction = Self::default();
        if let Some(password) = password.into() {
            redaction.keep_out(password.expose());
        }
        redaction
    }

    /// From now on nothing is handed on that has this in it.
    pub(crate) fn keep_out(&self, password: &str) {
        // A connection is bound once, and mostly with what it was made for.
        let _ = self.0.set(Secret::new(password));
    }

    /// A text of the server's, as it may be handed on.
    pub(crate) fn text(&self, text: String) -> String {
        if self.is_in(text.as_bytes()) { LEFT_OUT.to_owned() } else { text }
    }

    /// What stands for a text that is left out.
    pub(crate) fn left_out(&self) -> String {
        LEFT_OUT.to_owned()
    }

    /// Whether octets of the server's have the password in them.
    pub(crate) fn is_in(&self, octets: &[u8]) -> bool {
        let Some(password) = self.0.get().map(Secret::expose) else { return false };
        let is_it = |window: &[u8]| window == password.as_bytes();
        !password.is_empty() && octets.windows(password.len()).any(is_it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_repeats_the_password_is_left_out() {
        let redaction = Redaction::default();
        let read = |text: &str| redaction.text(text.to_owned());
        assert_eq!(read("hunter2 is wrong"), "hunter2 is wrong");
        let other = redaction.clone();
        other.keep_out("hunter2");
        for text in ["hunter2", "hunter2 is wrong", "no: hunter2"] {
            assert_eq!(read(text), LEFT_OUT);
        }
        assert_eq!(read("hunter is wrong"), "hunter is wrong");
        assert_eq!(redaction.left_out(), LEFT_OUT);
        assert_eq!(format!("{redaction:?}").find("hunter2"), None);
    }
}
