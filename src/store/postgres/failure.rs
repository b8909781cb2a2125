//! What goes wrong with a database, as an error of this crate.

use std::error::Error as _;
use std::{fmt, io};

use deadpool_postgres::tokio_postgres;
use deadpool_postgres::tokio_postgres::error::SqlState;
use deadpool_postgres::{PoolError, TimeoutType};

use crate::{Error, ErrorKind, Retry};

/// A failure on its way out of a transaction. Keeps the client's own errors out of public signatures.
#[derive(Debug)]
pub(super) enum Failure {
    /// The database's, or that of the way to it.
    Database(tokio_postgres::Error),
    /// The pool has no connection to give.
    Pool(PoolError),
    /// Ours: a damaged record, a lost lease.
    Refused(Error),
}

pub(super) type Outcome<T> = Result<T, Failure>;

const OVERTAKEN: &str = "others wrote to the inventory at the same time; try again";

/// A record that cannot be read back. `item` says what it is and `name` which one.
pub(super) fn damaged(
    item: &'static str,
    name: impl fmt::Display,
    cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    let message = "a record in the database is damaged; restore it from a backup";
    let error = Error::new(ErrorKind::Store, message).with_context(item, name).with_source(cause);
    Failure::Refused(error)
}

impl Failure {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Database(error) => of_database(error),
            Self::Pool(PoolError::Backend(error)) => of_database(error),
            Self::Pool(error) => of_pool(error),
            Self::Refused(error) => error,
        }
    }

    /// Whether the server stopped a statement, be it for its timeout.
    pub(super) fn is_stopped(&self) -> bool {
        let Self::Database(error) = self else { return false };
        error.code() == Some(&SqlState::QUERY_CANCELED)
    }

    /// Whether the same may succeed if it is tried again at once: what was not written because somebody else wrote, or
    /// because the connection ended.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Database(error) | Self::Pool(PoolError::Backend(error)) => passes(error),
            Self::Pool(_) | Self::Refused(_) => false,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Database(error)
    }
}

impl From<PoolError> for Failure {
    fn from(error: PoolError) -> Self {
        Self::Pool(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Refused(error)
    }
}

fn passes(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => is_overtaken(code) || is_away(code) || is_made_twice(error),
        None => is_lost(error),
    }
}

/// Somebody else made the same tables at the same time: they met in the catalog. Where rows of the inventory meet, two
/// tables contradict each other, and go on doing so.
fn is_made_twice(error: &tokio_postgres::Error) -> bool {
    let Some(error) = error.as_db_error() else { return false };
    *error.code() == SqlState::UNIQUE_VIOLATION && error.schema() == Some("pg_catalog")
}

/// Somebody else wrote at the same time, and this transaction gave way; or made the same tables.
fn is_overtaken(code: &SqlState) -> bool {
    [
        SqlState::DUPLICATE_OBJECT,
        SqlState::DUPLICATE_TABLE,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_STATEMENT_COMPLETION_UNKNOWN,
        SqlState::LOCK_NOT_AVAILABLE,
    ]
    .contains(code)
}

/// The server goes down, comes up, or has too much to do.
fn is_away(code: &SqlState) -> bool {
    [
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::CONNECTION_EXCEPTION,
        SqlState::CONNECTION_FAILURE,
    ]
    .contains(code)
}

/// The connection ended, or there was none. A handshake that was refused is another matter.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    error.is_closed() || cause.is_some_and(|cause| cause.kind() != io::ErrorKind::InvalidData)
}

fn of_database(error: tokio_postgres::Error) -> Error {
    let code = error.code().cloned();
    let (kind, message) = match &code {
        Some(_) if is_made_twice(&error) => (ErrorKind::Store, OVERTAKEN),
        Some(code) => with_code(code),
        None => without_code(&error),
    };
    let retry = if passes(&error) { Retry::Transient } else { Retry::Never };
    let failed = Error::new(kind, message).with_retry(retry).with_source(error);
    match code {
        Some(code) => failed.with_context("SQLSTATE", code.code()),
        None => failed,
    }
}

fn without_code(error: &tokio_postgres::Error) -> (ErrorKind, &'static str) {
    match is_lost(error) {
        true => (ErrorKind::Store, "the connection to the database ended, or could not be made"),
        false => (ErrorKind::Store, "the database could not be asked"),
    }
}

fn with_code(code: &SqlState) -> (ErrorKind, &'static str) {
    let refused = [
        SqlState::INVALID_PASSWORD,
        SqlState::INVALID_AUTHORIZATION_SPECIFICATION,
        SqlState::INVALID_CATALOG_NAME,
    ];
    if is_overtaken(code) {
        (ErrorKind::Store, OVERTAKEN)
    } else if is_away(code) {
        (ErrorKind::Store, "the database cannot be asked now; try again")
    } else if refused.contains(code) {
        (ErrorKind::Configuration, "the database refused the connection; correct its URL")
    } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        (ErrorKind::Configuration, "the user of the database may not do this; grant it the right")
    } else if *code == SqlState::UNIQUE_VIOLATION {
        (
            ErrorKind::Store,
            "the inventory has a row already that nothing in it leads to; `inventory check`, or \
             PostgresRepository::check, names what does not belong together",
        )
    } else if *code == SqlState::DISK_FULL {
        (ErrorKind::Store, "the disk of the database is full")
    } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
        (ErrorKind::Store, "the database may only be read; connect to the one that is written")
    } else {
        (ErrorKind::Store, "the database could not be read or written")
    }
}

fn of_pool(error: PoolError) -> Error {
    let (retry, message) = match &error {
        PoolError::Timeout(TimeoutType::Wait) => (
            Retry::Transient,
            "all connections of the pool are in use; try again, or let it have more",
        ),
        PoolError::Timeout(_) => (Retry::Transient, "the database does not answer; try again"),
        PoolError::Closed => (Retry::Never, "the pool of connections is closed"),
        _ => (Retry::Never, "the pool of connections gives none"),
    };
    Error::new(ErrorKind::Store, message).with_retry(retry).with_source(error)
}
