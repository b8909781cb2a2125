//! What stands behind `--inventory`.

use std::path::Path;

use ldap_inventory::store::SqliteRepository;

use super::exit::{Failure, Status};
use super::private;

/// Opens the inventory at this place, which is the path of an SQLite file. A new file becomes an empty
/// inventory.
pub(crate) fn open(place: &str) -> Result<SqliteRepository, Failure> {
    check(place)?;
    let opened = SqliteRepository::open(place)?;
    private::warn_of_others(place.as_ref());
    Ok(opened)
}

/// Opens an inventory that is there.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) fn open_existing(place: &str) -> Result<SqliteRepository, Failure> {
    check_existing(place)?;
    open(place)
}

/// Opens an inventory that is there, to look into it alone. One that an older version wrote is brought up to date first.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) fn open_to_read(place: &str) -> Result<SqliteRepository, Failure> {
    check_existing(place)?;
    let opened = SqliteRepository::open_read_only(place);
    let opened = opened.or_else(|error| SqliteRepository::open(place).map_err(|_| error))?;
    private::warn_of_others(place.as_ref());
    Ok(opened)
}

fn check_existing(place: &str) -> Result<(), Failure> {
    check(place)?;
    if Path::new(place).exists() {
        return Ok(());
    }
    let sentence = format!("there is no inventory {place}; sync --inventory creates one");
    Err(Failure::new(Status::Usage, sentence))
}

/// Refuses what cannot be the name of an inventory's file, before anything is asked of a server.
pub(crate) fn check(place: &str) -> Result<(), Failure> {
    let refused = |sentence: String| Err(Failure::new(Status::Usage, sentence));
    // What follows the scheme is not repeated: it may hold a password.
    if place.starts_with("postgres://") || place.starts_with("postgresql://") {
        return refused(
            "inventories in PostgreSQL are not supported yet; give --inventory a file, such as inventory.db"
                .to_owned(),
        );
    }
    if place.trim().is_empty() {
        return refused("--inventory names no file; give it one, such as inventory.db".to_owned());
    }
    if place.starts_with(":memory:") || place.starts_with("file:") {
        return refused(format!(
            "--inventory {place} names no file; leave --inventory out where nothing is to be kept"
        ));
    }
    let path = Path::new(place);
    if path.is_dir() {
        return refused(format!("{place} is a directory; name a file in it, such as inventory.db"));
    }
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() && !parent.is_dir() => {
            refused(format!("there is no directory {} for the inventory", parent.display()))
        }
        _ => Ok(()),
    }
}
