//! What goes wrong in a database, as an error of this crate.

use std::fmt;

use rusqlite::ErrorCode;

use crate::{Error, ErrorKind, Retry};

/// A failure on its way out of a transaction. Keeps SQLite's own error out of public signatures.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite's.
    Database(rusqlite::Error),
    /// Ours: a damaged record, a lost lease.
    Refused(Error),
}

pub(super) type Outcome<T> = Result<T, Failure>;

/// A record that cannot be read back. `item` says what it is and `name` which one.
pub(super) fn damaged(
    item: &'static str,
    name: impl fmt::Display,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    let message = "a record in the inventory file is damaged; restore the file from a backup";
    let error = Error::new(ErrorKind::Store, message).with_context(item, name).with_source(cause);
    Failure::Refused(error)
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Database(error) => of_database(error),
            Self::Refused(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

/// What only may be read was to be written.
pub(super) fn read_only() -> Error {
    let message = "the inventory may only be read: this user may not write its file, or the disk is read-only";
    Error::new(ErrorKind::Store, message)
}

fn of_database(error: rusqlite::Error) -> Error {
    let (retry, message) = match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            (Retry::Transient, "another process is writing to the inventory file; try again")
        }
        Some(ErrorCode::DiskFull) => (Retry::Never, "the disk of the inventory file is full"),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => return read_only(),
        Some(ErrorCode::CannotOpen) => (Retry::Never, "the inventory file cannot be opened"),
        Some(ErrorCode::NotADatabase) => (Retry::Never, "the file is no inventory"),
        Some(ErrorCode::DatabaseCorrupt) => {
            (Retry::Never, "the inventory file is damaged; restore it from a backup")
        }
        _ => (Retry::Never, "the inventory file could not be read or written"),
    };
    Error::new(ErrorKind::Store, message).with_retry(retry).with_source(error)
}

#[cfg(test)]
mod tests {
    use rusqlite::ffi;

    use super::*;

    #[test]
    fn what_a_file_has_is_said_and_only_what_passes_is_worth_another_try() {
        for (code, says, retry) in [
            (ffi::SQLITE_BUSY, "another process is writing", Retry::Transient),
            (ffi::SQLITE_LOCKED, "another process is writing", Retry::Transient),
            (ffi::SQLITE_FULL, "disk of the inventory file is full", Retry::Never),
            (ffi::SQLITE_READONLY, "may only be read", Retry::Never),
            (ffi::SQLITE_PERM, "may only be read", Retry::Never),
            (ffi::SQLITE_CANTOPEN, "cannot be opened", Retry::Never),
            (ffi::SQLITE_NOTADB, "is no inventory", Retry::Never),
            (ffi::SQLITE_CORRUPT, "is damaged; restore it", Retry::Never),
            (ffi::SQLITE_IOERR, "could not be read or written", Retry::Never),
        ] {
            let cause = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let error = Failure::from(cause).into_error();
            assert_eq!((error.kind(), error.retry()), (ErrorKind::Store, retry), "{code}");
            assert!(error.to_string().contains(says), "{code}: {error}");
        }
    }
}
