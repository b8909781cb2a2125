//! How a program ends: one sentence for people, one status for the tools that called it.

use std::io;
use std::process::ExitCode;

use ldap_inventory::{Error, ErrorKind};

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
}

impl Status {
    /// The status for each kind of error: the one table.
    fn of(kind: ErrorKind) -> Self {
        match kind {
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

    /// The error behind it, if the crate reported one.
    #[allow(dead_code, reason = "not every program asks")]
    pub(crate) fn cause(&self) -> Option<&Error> {
        self.cause.as_ref()
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = Status::of(error.kind());
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
            eprintln!("error: {}", failure.sentence);
        }
        failure.status
    });
    ExitCode::from(status as u8)
}
