//! How a program ends: one sentence for people, one status for the tools that called it.

use std::fmt;
use std::io;
use std::process::ExitCode;

use ldap_inventory::{Error, ErrorKind, Retry};

use super::printed::{escaped, say};

/// The exit status, the same for every program.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub(crate) enum Status {
    /// Everything was done.
    Complete = 0,
    /// Something went wrong that none of the others names.
    Failed = 1,
    /// The command line, or a file that it names, cannot be read.
    Usage = 2,
    /// The directory was not read to the end. Nothing was removed.
    Incomplete = 3,
    /// Configuration, TLS or credentials do not permit it.
    Refused = 4,
    /// The run would have changed more than its brake allows.
    Brake = 5,
    /// The inventory is busy: another run, or another program that writes. The same may go through later.
    Busy = 75,
    /// Ctrl-C ended it between two steps.
    Interrupted = 130,
}

/// What `--help` says of them.
#[allow(dead_code, reason = "not every program has all of them")]
pub(crate) const STATUSES: &str = "\
Exit status: 0 complete; 2 usage; 3 the directory was not read to the end (nothing was removed);
4 refused (configuration, TLS, credentials); 5 stopped by the brake; 75 the inventory is busy, try
again later; 130 interrupted by Ctrl-C; 1 anything else.";

impl Status {
    /// The status for each kind of error: the one table.
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Cancelled => Self::Interrupted,
            ErrorKind::Lease => Self::Busy,
            ErrorKind::Store if error.retry() != Retry::Never => Self::Busy,
            ErrorKind::LimitsExceeded => Self::Brake,
            ErrorKind::Disconnected | ErrorKind::Timeout => Self::Incomplete,
            ErrorKind::Invalid => Self::Usage,
            ErrorKind::BindRefused
            | ErrorKind::Certificate
            | ErrorKind::CertificatePin
            | ErrorKind::ConfidentialityRequired
            | ErrorKind::Configuration
            | ErrorKind::CredentialNotShared
            | ErrorKind::NoSecureTransport
            | ErrorKind::NotAuthenticated
            | ErrorKind::OtherDomain
            | ErrorKind::SigningRequired
            | ErrorKind::Tls => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// What ended a program before its work was done.
#[derive(Debug)]
pub(crate) struct Failure {
    status: Status,
    sentence: String,
    cause: Option<Error>,
}

impl Failure {
    /// Ends the program with this status, and says why.
    pub(crate) fn new(status: Status, sentence: impl Into<String>) -> Self {
        Self { status, sentence: sentence.into(), cause: None }
    }

    /// The status that the program ends with.
    #[allow(dead_code, reason = "not every program asks")]
    pub(crate) fn status(&self) -> Status {
        self.status
    }

    /// Adds to what is said.
    #[allow(dead_code, reason = "not every program has more to say")]
    #[must_use]
    pub(crate) fn and(mut self, more: &str) -> Self {
        self.sentence.push_str(more);
        self
    }

    /// The error behind it, if the crate reported one.
    #[allow(dead_code, reason = "not every program asks")]
    pub(crate) fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = Status::of(&error);
        // What a stopped run would have done is shown, not told.
        let sentence = if status == Status::Brake { error.to_string() } else { error.report() };
        Self { status, sentence, cause: Some(error) }
    }
}

impl From<io::Error> for Failure {
    /// For output alone. A reader that has seen enough, as in `inventory assets | head`, is no failure.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Status::Complete, ""),
            _ => Self::new(Status::Failed, format!("the output cannot be written: {error}")),
        }
    }
}

/// Says on standard error what went wrong, if something did, and returns the exit status.
pub(crate) fn with(outcome: Result<Status, Failure>) -> ExitCode {
    let status = outcome.unwrap_or_else(|failure| {
        if !failure.sentence.is_empty() {
            let lines: Vec<String> = failure.sentence.split('\n').map(escaped).collect();
            let error = console::style("error:").red().bold().for_stderr();
            say(format_args!("{error} {}", lines.join("\n")));
        }
        failure.status
    });
    ExitCode::from(status as u8)
}
