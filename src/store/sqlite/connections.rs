//! The connections to one file, and the threads they work on.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags, Transaction};
use tokio::sync::Mutex;

use super::failure::{Failure, Outcome, read_only};
use super::holders::Holders;
use super::searchers::Searchers;
use super::threads::on_a_thread_that_may_block;
use super::{fields, file, schema};
use crate::{Error, ErrorKind, Result};

/// How long to wait for another process that writes. A commit of a thousand records takes a fraction.
const BUSY: Duration = Duration::from_secs(10);

/// The pages that a connection keeps in memory, in KiB. Holds the random part of the indexes of some
/// hundred thousand objects.
const CACHE: i64 = 16 * 1024;

/// Ten assets of usual length, packed (0.8 kB), fit into a page of this size. Pages of 4 KiB waste more; larger ones cost
/// more where names are filed, one here and one there.
const PAGE: i64 = 8 * 1024;

/// After how many pages in the write-ahead log they go to the file, 32 MiB: the pages of indexes are in it with every batch,
/// and go there once.
const LOG: i64 = 4096;

/// One connection that writes, one that reads for runs, and some for searches. Write-ahead logging lets readers go on
/// while the writer commits. In memory there is only one for all.
#[derive(Clone)]
pub(super) struct Connections {
    writer: Arc<Mutex<Connection>>,
    reader: Arc<Mutex<Connection>>,
    searchers: Option<Searchers>,
    /// Of a file that others may have open.
    holders: Option<Arc<Holders>>,
}

impl Connections {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let opened = || -> Outcome<Self> {
            let path = &file::admitted(path)?;
            file::create(path).map_err(uncreated)?;
            file::warn_of_others(path);
            let flags = (OpenFlags::default() & !OpenFlags::SQLITE_OPEN_URI)
                | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let mut writer = Connection::open_with_flags(path, flags)?;
            // SQLite opens a file that may not be written to read it, and would leave files beside it that nobody may write.
            if writer.is_readonly(MAIN_DB)? {
                return Err(read_only().into());
            }
            writer.busy_timeout(BUSY)?;
            schema::recognize(&writer)?;
            configure(&writer)?;
            schema::migrate(&mut writer)?;
            let own = path.clone();
            let open = move || {
                let reader = Connection::open_with_flags(&own, flags)?;
                reader.busy_timeout(BUSY)?;
                configure(&reader)?;
                reader.pragma_update(None, "query_only", true)?;
                Ok(reader)
            };
            let (writer, reader) = (Arc::new(Mutex::new(writer)), Arc::new(Mutex::new(open()?)));
            let holders = Some(Arc::new(Holders::beside(path)));
            Ok(Self { writer, reader, searchers: Some(Searchers::new(open)), holders })
        };
        opened().map_err(|failure| failure.into_error().with_context("file", path.display()))
    }

    /// Opens a file to read it alone.
    pub(super) fn open_read_only(path: &Path) -> Result<Self> {
        let opened = || -> Outcome<Self> {
            let path = &file::admitted(path)?;
            file::warn_of_others(path);
            let own = path.clone();
            let open = move || {
                let connection = readable(&own)?;
                schema::recognize(&connection)?;
                schema::check_newest(&connection)?;
                connection.pragma_update(None, "query_only", true)?;
                distrust(&connection)?;
                Ok(connection)
            };
            let connection = open()?;
            let connection = Arc::new(Mutex::new(connection));
            let (writer, searchers) = (Arc::clone(&connection), Some(Searchers::new(open)));
            Ok(Self { writer, reader: connection, searchers, holders: None })
        };
        opened().map_err(|failure| failure.into_error().with_context("file", path.display()))
    }

    pub(super) fn open_in_memory() -> Result<Self> {
        let opened = || -> Outcome<Self> {
            let mut connection = Connection::open_in_memory()?;
            configure(&connection)?;
            schema::migrate(&mut connection)?;
            let connection = Arc::new(Mutex::new(connection));
            let writer = Arc::clone(&connection);
            Ok(Self { writer, reader: connection, searchers: None, holders: None })
        };
        opened().map_err(Failure::into_error)
    }

    /// Which runs show that they are alive.
    pub(super) fn holders(&self) -> Option<Arc<Holders>> {
        self.holders.clone()
    }

    /// Reads one consistent state, on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        blocking(&self.reader, operation, |connection| work(&connection.transaction()?)).await
    }

    /// Searches one consistent state, on a thread that may block, and no longer than until this deadline, or until nobody
    /// waits for it any more.
    pub(super) async fn search<T: Send + 'static>(
        &self,
        operation: &'static str,
        deadline: Duration,
        work: impl FnOnce(&Transaction<'_>) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        let Some(searchers) = &self.searchers else { return self.read(operation, work).await };
        let outcome = searchers.search(deadline, work).await;
        outcome.map_err(|failure| failure.into_error().in_operation(operation))
    }

    /// Writes, on a thread that may block. Once begun, the work goes on to its end even if the future is
    /// dropped, and later calls wait for it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Connection) -> Outcome<T> + Send + 'static,
    ) -> Result<T> {
        blocking(&self.writer, operation, work).await
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

async fn blocking<T: Send + 'static>(
    connection: &Arc<Mutex<Connection>>,
    operation: &'static str,
    work: impl FnOnce(&mut Connection) -> Outcome<T> + Send + 'static,
) -> Result<T> {
    // Waiting for a turn takes no thread.
    let mut connection = Arc::clone(connection).lock_owned().await;
    let outcome = on_a_thread_that_may_block(operation, move || work(&mut connection)).await?;
    outcome.map_err(|failure| failure.into_error().in_operation(operation))
}

/// A connection that reads. Where not even the index of the write-ahead log can be made beside the file, as on a
/// read-only disk, nobody writes either, nor where the file says so itself: it is taken as it is, unless something in the
/// log is still missing in it.
fn readable(path: &Path) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let is_whole = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
    let is_final = std::fs::metadata(path).is_ok_and(|file| file.permissions().readonly());
    if !(is_whole && is_final) {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(BUSY)?;
        let looked = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        match looked {
            Ok(()) => return Ok(connection),
            Err(error) if !is_whole => return Err(error.into()),
            Err(_) => {}
        }
    }
    let uri = format!("file:{}?immutable=1", percent_encoded(path)?);
    Ok(Connection::open_with_flags(uri, flags | OpenFlags::SQLITE_OPEN_URI)?)
}

/// A path as a URI has it.
fn percent_encoded(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| {
        Error::new(ErrorKind::Store, "the path of a read-only inventory must be UTF-8")
    })?;
    let encode = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    Ok(text.bytes().map(encode).collect())
}

fn uncreated(cause: io::Error) -> Error {
    Error::new(ErrorKind::Store, "the inventory file cannot be created").with_source(cause)
}

fn configure(connection: &Connection) -> Outcome<()> {
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG, |_| Ok(()))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    distrust(connection)
}

/// What every connection has: whatever somebody else has written into the file runs nothing, and a page that is not well
/// formed is an error where it is read. The schema was looked at when the file was opened, and may change under us.
fn distrust(connection: &Connection) -> Outcome<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "cache_size", -CACHE)?;
    connection.set_prepared_statement_cache_capacity(64);
    fields::register_functions(connection)
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// A table of the inventory in the file.
    fn assets(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("SELECT count(*) FROM assets", [], |row| row.get(0))
    }

    #[test]
    fn a_file_beside_which_nothing_can_be_made_is_read_unless_its_log_has_more() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().canonicalize().unwrap().join(name);
        drop(Connections::open(&at("one.db")).unwrap());
        // No index of the log can be made where a directory is in its place.
        std::fs::create_dir(at("one.db-shm")).unwrap();
        assert_eq!(assets(&readable(&at("one.db")).unwrap()), Ok(0));
        std::fs::write(at("one.db-wal"), "written, and not yet in the file").unwrap();
        assert!(readable(&at("one.db")).is_err());
    }

    #[test]
    fn what_became_a_symbolic_link_since_it_was_looked_at_is_not_read() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().canonicalize().unwrap().join(name);
        drop(Connections::open(&at("one.db")).unwrap());
        std::os::unix::fs::symlink(at("one.db"), at("link.db")).unwrap();
        assert!(readable(&at("one.db")).is_ok());
        assert!(readable(&at("link.db")).is_err());
    }

    #[test]
    fn connections_are_shown_without_what_they_lead_to() {
        let connections = Connections::open_in_memory().unwrap();
        assert_eq!(format!("{connections:?}"), "Connections { .. }");
    }

    #[test]
    fn a_page_cache_is_bounded_by_its_memory_whatever_the_size_of_a_page() {
        let connection = Connection::open_in_memory().unwrap();
        distrust(&connection).unwrap();
        let size: i64 =
            connection.pragma_query_value(None, "cache_size", |row| row.get(0)).unwrap();
        // What is below zero is in KiB, and what is above it in pages.
        assert_eq!(size, -CACHE);
    }
}
