//! What can go wrong, where, and what to do about it.

use std::borrow::Cow;
use std::fmt;

/// The result of every fallible operation of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// An error: what kind, in which operation, on what, whether to try again, and why.
///
/// An `Error` is one pointer wide. `Display` prints one line without the cause; the cause is
/// [`source`](std::error::Error::source), and [`Error::report`] prints the whole chain. An error never
/// holds a secret, and text that came from a server is escaped and bounded before it gets in.
///
/// Hosts that implement this crate's traits build their own:
///
/// ```
/// use ldap_inventory::{Error, ErrorKind, Retry};
///
/// let error = Error::new(ErrorKind::Store, "the inventory database is being restored")
///     .in_operation("commit")
///     .with_context("table", "assets")
///     .with_retry(Retry::Transient);
/// assert_eq!(error.to_string(), "commit: the inventory database is being restored (table: assets)");
/// ```
pub struct Error {
    inner: Box<Inner>,
}

struct Inner {
    kind: ErrorKind,
    retry: Retry,
    operation: Option<&'static str>,
    message: Cow<'static, str>,
    context: Vec<(&'static str, String)>,
    source: Option<Source>,
}

/// The kind of an [`Error`]: what a host may decide on.
///
/// The documentation of each kind says what the host's engineer can do.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ErrorKind {
    /// The directory accepted the connection but not the account's name or password, or the account is
    /// locked, expired, disabled or restricted. Correct the credential. Never tried again by itself,
    /// since repeated failures lock accounts.
    BindRefused,
    /// The run would have changed more than its brake allows. Read the plan, then confirm or correct.
    LimitsExceeded,
    /// The host asked the run to stop.
    Cancelled,
    /// The server's certificate does not hold: unknown authority, another name, out of its dates, a key or
    /// a signature that nothing is verified with, or a broken handshake signature. Install the authority's
    /// certificate, pin the certificate, correct the name, or replace the certificate.
    Certificate,
    /// The certificate is not the one that is pinned for this address. If the change is genuine, replace
    /// the pin.
    CertificatePin,
    /// The server wants an encrypted connection for this account (LDAP result 13).
    ConfidentialityRequired,
    /// A setting is missing or contradicts another. The message names the setting.
    Configuration,
    /// What was written against has changed in the meantime. Read again and decide again.
    Conflict,
    /// No server could be reached: refused, timed out, or closed before it said anything.
    Connect,
    /// The credential is not shared with the organization that asked.
    CredentialNotShared,
    /// The directory refused the read: no such base, insufficient rights, unwilling, busy.
    Directory,
    /// The connection ended in the middle of something.
    Disconnected,
    /// A source still has what was to be deleted. The error names the source; when the source has it no more, it can
    /// be deleted.
    InUse,
    /// A value does not have the form it must have. The message names the value.
    Invalid,
    /// The source's lease is held by another run, or was lost to one.
    Lease,
    /// A configured limit was reached. The message names the limit.
    LimitExceeded,
    /// No transport that the policy allows is offered: plain LDAP needs `plain_ldap`, and what protects less than the last
    /// complete run did has to be accepted.
    NoSecureTransport,
    /// The bind was accepted, but the server treats the connection as anonymous.
    NotAuthenticated,
    /// What was asked for is not there.
    NotFound,
    /// The directory is another domain than the one that its source was last read from, whatever it is called: its SID is
    /// another one. Read it as a source of its own, or accept it where the domain was rebuilt.
    OtherDomain,
    /// A cursor of the feed of [events](crate::asset::Event) from which nobody can go on any more: what follows it was taken
    /// away, or another inventory handed it out. Begin anew: ask where the events end, read the inventory, follow from there.
    Outdated,
    /// The peer's bytes are not LDAP as RFC 4511 defines it, or not an answer to what was asked.
    Protocol,
    /// The server wants signed or encrypted connections (LDAP result 8). Use LDAPS or StartTLS.
    SigningRequired,
    /// The store could not do it.
    Store,
    /// A step, or the whole run, took longer than it may.
    Timeout,
    /// TLS could not be agreed on: versions, cipher suites, a broken handshake, or a server that demands a
    /// client certificate.
    Tls,
    /// The implementation does not do this. The message says what to do instead.
    Unsupported,
}

/// Whether trying the same again can help.
#[derive(
    Clone, Copy, Debug, Default, Eq, Hash, PartialEq, serde::Deserialize, serde::Serialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Trying again cannot help, or may do harm (a locked account). Somebody must change something.
    #[default]
    Never,
    /// The cause is expected to pass.
    Transient,
    /// The cause was expected to pass, and the permitted attempts are used up.
    Exhausted,
}

impl Error {
    /// An error of this kind. The message is a sentence without a full stop that says what happened and,
    /// where it is known, what to do.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            inner: Box::new(Inner {
                kind,
                retry: Retry::Never,
                operation: None,
                message: message.into(),
                context: Vec::new(),
                source: None,
            }),
        }
    }

    /// A value that does not have the form it must have; `what` names it.
    pub fn invalid(what: &'static str, value: &str, reason: impl fmt::Display) -> Self {
        let shown = Printable(value);
        Self::new(ErrorKind::Invalid, format!("{what} \"{shown}\" is not valid: {reason}"))
    }

    /// Names the operation that failed, unless an inner one was named already.
    #[must_use]
    pub fn in_operation(mut self, operation: &'static str) -> Self {
        self.inner.operation.get_or_insert(operation);
        self
    }

    /// Adds a fact about where it happened. The value is escaped and cut to a readable length.
    #[must_use]
    pub fn with_context(mut self, key: &'static str, value: impl fmt::Display) -> Self {
        let value = Printable(&value.to_string()).to_string();
        self.inner.context.push((key, value));
        self
    }

    /// Says whether trying again can help.
    #[must_use]
    pub fn with_retry(mut self, retry: Retry) -> Self {
        self.inner.retry = retry;
        self
    }

    /// Keeps the cause.
    #[must_use]
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// The kind of error.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// Whether trying again can help.
    pub fn retry(&self) -> Retry {
        self.inner.retry
    }

    /// The operation that failed, where it is known.
    pub fn operation(&self) -> Option<&'static str> {
        self.inner.operation
    }

    /// The message alone, without operation and context.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// The facts about where it happened, in the order they were added.
    pub fn context(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.inner.context.iter().map(|(key, value)| (*key, value.as_str()))
    }

    /// The error and its causes on one line.
    pub fn report(&self) -> String {
        let mut line = self.line();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            line.push_str(": ");
            line.push_str(&Printable(&error.to_string()).to_string());
            cause = error.source();
        }
        line
    }

    fn line(&self) -> String {
        let inner = &self.inner;
        let mut line = String::new();
        if let Some(operation) = inner.operation {
            line.push_str(operation);
            line.push_str(": ");
        }
        line.push_str(&Escaped(&inner.message).to_string());
        for (n, (key, value)) in inner.context.iter().enumerate() {
            line.push_str(if n == 0 { " (" } else { ", " });
            line.push_str(key);
            line.push_str(": ");
            line.push_str(value);
        }
        if !inner.context.is_empty() {
            line.push(')');
        }
        line
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.inner.source.as_ref().map(|source| &**source as _)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.inner.kind)
            .field("retry", &self.inner.retry)
            .field("report", &self.report())
            .finish()
    }
}

/// Foreign text made safe to print: escaped is whatever drives a terminal, reorders a line or ends one. At most 300
/// characters.
///
/// For text that a server or a file chose, before it goes into an error, a log or a terminal.
#[derive(Clone, Copy, Debug)]
pub struct Printable<'a>(pub &'a str);

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 300;
        for (n, c) in self.0.trim_end_matches('\0').chars().enumerate() {
            if n == LONGEST {
                return f.write_str("...");
            }
            write_escaped(f, c)?;
        }
        Ok(())
    }
}

/// A text whose author knows that it may be long: escaped, and not cut.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| write_escaped(f, c))
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, c: char) -> fmt::Result {
    if c.is_control() || is_layout(c) {
        write!(f, "{}", c.escape_default())
    } else {
        write!(f, "{c}")
    }
}

/// Whether a character has no look of its own: it reorders the line around it (Unicode's Bidi_Control), or ends the line.
fn is_layout(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_pointer() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
    }

    #[test]
    fn the_report_names_the_cause_once() {
        let error = Error::new(ErrorKind::Connect, "no server answered")
            .in_operation("connect")
            .in_operation("sync")
            .with_context("address", "10.0.0.1:636")
            .with_source(std::io::Error::other("refused"));
        assert_eq!(error.to_string(), "connect: no server answered (address: 10.0.0.1:636)");
        assert_eq!(error.report(), "connect: no server answered (address: 10.0.0.1:636): refused");
    }

    #[test]
    fn foreign_text_is_escaped_and_bounded() {
        assert_eq!(Printable("a\u{1b}[31m\r\nb\0").to_string(), "a\\u{1b}[31m\\r\\nb");
        for c in ['\u{9b}', '\u{61c}', '\u{200f}', '\u{2028}', '\u{2029}', '\u{202e}', '\u{2067}'] {
            let expected = format!("x{}y", c.escape_default());
            assert_eq!(Printable(&format!("x{c}y")).to_string(), expected);
            let error = Error::new(ErrorKind::Invalid, format!("unknown field `x{c}y`"));
            assert_eq!(error.to_string(), format!("unknown field `{expected}`"));
        }
        assert_eq!(Printable(&"x".repeat(10_000)).to_string().len(), 303);
    }
}
