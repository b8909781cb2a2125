//! The schema, and how a file comes to have it.

mod version_1;

use std::collections::BTreeMap;

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::failure::{Failure, Outcome};
use super::{packed, write};
use crate::{Error, ErrorKind};

/// Marks a SQLite file as ours: "LDIv".
const APPLICATION: i32 = 0x4c44_4976;
/// Marked files before the schema had its first version: "LDIn".
const DRAFT: i32 = 0x4c44_496e;

/// What leads from one version to the next. One that is released is never changed.
struct Migration {
    tables: &'static str,
    /// Fills what is new from what was there.
    fill: fn(&Transaction<'_>) -> Outcome<()>,
}

const MIGRATIONS: [Migration; 5] = [
    Migration { tables: include_str!("schema/1.sql"), fill: |_| Ok(()) },
    Migration { tables: include_str!("schema/2.sql"), fill: version_1::fill_sightings },
    Migration { tables: include_str!("schema/3.sql"), fill: |_| Ok(()) },
    Migration { tables: include_str!("schema/4.sql"), fill: |_| Ok(()) },
    Migration { tables: include_str!("schema/5.sql"), fill: |_| Ok(()) },
];

/// Refuses a file that is not ours or is newer than this crate, before anything is written to it.
pub(super) fn recognize(connection: &Connection) -> Outcome<()> {
    let version = version(connection)?;
    if is_empty(connection)? && version == 0 {
        return Ok(());
    }
    let application = number(connection, "application_id")?;
    if application == DRAFT {
        let message = "the inventory file was written by a draft of ldap-inventory, before its first version; name \
                       another file and sync anew, nothing was changed in this one";
        return Err(Error::new(ErrorKind::Configuration, message).into());
    }
    if application != APPLICATION {
        let message =
            "the file is a SQLite database of another application; nothing was changed in it";
        return Err(Error::new(ErrorKind::Configuration, message).into());
    }
    if version > newest() {
        let message = "the inventory file was written by a newer version of ldap-inventory; update the \
                       program, nothing was changed in the file";
        let error = Error::new(ErrorKind::Configuration, message)
            .with_context("schema of the file", version)
            .with_context("newest known schema", newest());
        return Err(error.into());
    }
    refuse_foreign(connection, version)
}

/// Refuses a file with anything in it that a file of its version has not: a trigger would act in our name, and a table or
/// a view of another shape would answer and take what it likes.
fn refuse_foreign(connection: &Connection, version: i32) -> Outcome<()> {
    let made = Connection::open_in_memory()?;
    register_functions(&made)?;
    let migrations = usize::try_from(version).unwrap_or_default();
    for migration in MIGRATIONS.iter().take(migrations) {
        made.execute_batch(migration.tables)?;
    }
    let ours = objects(&made)?;
    for ((kind, name), sql) in objects(connection)? {
        let message = match ours.get(&(kind.clone(), name.clone())) {
            Some(same) if *same == sql => continue,
            Some(_) => "is not as ldap-inventory makes it",
            None => "was not made by ldap-inventory",
        };
        let message = format!(
            "the {kind} {name:?} in the inventory file {message}; find out who put it there, then drop it or take \
             the file from a backup, nothing was changed in this one"
        );
        return Err(Error::new(ErrorKind::Configuration, message).into());
    }
    Ok(())
}

/// The SQL of everything in a schema, but for comments, spaces and what SQLite makes by itself, by its kind and name.
fn objects(connection: &Connection) -> Outcome<BTreeMap<(String, String), String>> {
    let sql = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema
               WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' OR type NOT IN ('table', 'index')";
    let mut statement = connection.prepare(sql)?;
    let objects = statement.query_map([], |row| {
        let sql: String = row.get(2)?;
        let lines = sql.lines().map(|line| line.split_once("--").map_or(line, |(sql, _)| sql));
        Ok(((row.get(0)?, row.get(1)?), lines.flat_map(str::split_whitespace).collect()))
    })?;
    Ok(objects.collect::<rusqlite::Result<_>>()?)
}

/// Refuses a recognized file that would have to be brought to the newest schema first.
pub(super) fn check_newest(connection: &Connection) -> Outcome<()> {
    if version(connection)? == newest() {
        return Ok(());
    }
    let message = "the inventory file was written by an older version of ldap-inventory, and cannot be read before it \
                   is brought up to date; let somebody open it who may write it";
    Err(Error::new(ErrorKind::Configuration, message).into())
}

/// Brings a recognized file to the newest schema, whole or not at all. What assets are found by is then written anew,
/// since it may be worked out in another way than by the version that wrote it.
pub(super) fn migrate(connection: &mut Connection) -> Outcome<()> {
    if version(connection)? == newest() {
        return Ok(());
    }
    register_functions(connection)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been faster.
    let present = usize::try_from(version(&transaction)?).unwrap_or(usize::MAX);
    if present > 0 {
        tracing::info!(from = present, to = newest(), "bringing the inventory file up to date");
    }
    for migration in MIGRATIONS.iter().skip(present) {
        transaction.execute_batch(migration.tables)?;
        (migration.fill)(&transaction)?;
    }
    write::index_anew(&transaction)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", newest())?;
    transaction.commit()?;
    Ok(())
}

/// Teaches a connection the function that migrations call: a document as it is kept.
fn register_functions(connection: &Connection) -> Outcome<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    Ok(connection.create_scalar_function("packed_document", 1, flags, |context| {
        let document = context.get_raw(0).as_bytes()?;
        packed::pack(document).map_err(|error| rusqlite::Error::UserFunctionError(error.into()))
    })?)
}

fn newest() -> i32 {
    i32::try_from(MIGRATIONS.len()).unwrap_or(i32::MAX)
}

fn version(connection: &Connection) -> Outcome<i32> {
    number(connection, "user_version")
}

fn number(connection: &Connection, pragma: &str) -> Outcome<i32> {
    connection.pragma_query_value(None, pragma, |row| row.get(0)).map_err(Failure::from)
}

fn is_empty(connection: &Connection) -> Outcome<bool> {
    let count: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(count == 0)
}
