//! What stands behind `--inventory`.

mod postgres;

use std::path::Path;
use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::store::SqliteRepository;

use super::exit::{Failure, Status};

/// Opens the inventory at this place, which is the path of an SQLite file or the URL of a PostgreSQL database. A new
/// one becomes an empty inventory.
#[allow(dead_code, reason = "not every program writes")]
pub(crate) async fn open(place: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    check(place)?;
    if postgres::is_url(place) {
        return Ok(Arc::new(postgres::open(place).await?));
    }
    Ok(Arc::new(SqliteRepository::open(place)?))
}

/// Opens an inventory that is there, to look into it alone if it may not be written.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) async fn open_existing(place: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    check(place)?;
    if postgres::is_url(place) {
        let found = postgres::open_existing(place).await?;
        let absent = "there is no inventory in this database; sync --inventory creates one";
        return match found {
            Some(repository) => Ok(Arc::new(repository)),
            None => Err(Failure::new(Status::Usage, absent)),
        };
    }
    if !Path::new(place).exists() {
        let sentence = format!("there is no inventory {place}; sync --inventory creates one");
        return Err(Failure::new(Status::Usage, sentence));
    }
    match SqliteRepository::open(place) {
        Ok(repository) => Ok(Arc::new(repository)),
        Err(error) => match SqliteRepository::open_read_only(place) {
            Ok(repository) => Ok(Arc::new(repository)),
            // What hindered writing says more.
            Err(_) => Err(error.into()),
        },
    }
}

/// Whether the inventory is in a database that several machines may share.
#[allow(dead_code, reason = "not every program asks")]
pub(crate) fn is_shared(place: &str) -> bool {
    postgres::is_url(place)
}

/// Refuses what cannot be the place of an inventory, before anything is asked of a server.
pub(crate) fn check(place: &str) -> Result<(), Failure> {
    let refused = |sentence: String| Err(Failure::new(Status::Usage, sentence));
    if postgres::is_url(place) {
        return postgres::check(place);
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
