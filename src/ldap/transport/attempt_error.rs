//! Why a transport did not hold, and whether another one may be tried after it.

use crate::{Error, ErrorKind, Retry};

/// What went wrong on one rung of the ladder.
#[derive(Debug)]
pub(crate) enum AttemptError {
    /// The transport is not there, so the next one may be tried.
    Absent {
        /// What was seen.
        error: Error,
        /// Whether the server said anything, so that it was reached at all.
        answered: bool,
    },
    /// The transport is there and does not hold. Nothing else may be tried: whoever broke it could be
    /// after exactly that.
    Final(Error),
}

impl AttemptError {
    /// Nothing answered.
    pub(crate) fn silent(message: &'static str) -> Self {
        Self::Absent { error: transient(message), answered: false }
    }

    /// Nothing answered, for this cause.
    pub(crate) fn silent_from(message: &'static str, cause: std::io::Error) -> Self {
        Self::Absent { error: transient(message).with_source(cause), answered: false }
    }

    /// What went wrong.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Absent { error, .. } | Self::Final(error) => error,
        }
    }
}

fn transient(message: &'static str) -> Error {
    Error::new(ErrorKind::Connect, message).with_retry(Retry::Transient)
}
