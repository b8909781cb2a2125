//! What stands behind `--inventory`.

mod postgres;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::store::SqliteRepository;

use super::exit::{Failure, Status};
use super::private;

/// Opens the inventory at this place, which is the path of an SQLite file or the URL of a PostgreSQL database. A new
/// one becomes an empty inventory.
#[allow(dead_code, reason = "not every program writes")]
pub(crate) async fn open(place: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    check(place)?;
    if postgres::is_url(place) {
        return Ok(Arc::new(postgres::open(place).await?));
    }
    let opened = SqliteRepository::open(place)?;
    private::warn_of_others(place.as_ref());
    Ok(Arc::new(opened))
}

/// Opens an inventory that is there.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) async fn open_existing(place: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    check(place)?;
    if postgres::is_url(place) {
        return open_database(place).await;
    }
    check_file(place)?;
    open(place).await
}

/// Opens an inventory that is there, to look into it alone. One that an older version wrote is brought up to date first.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) async fn open_to_read(place: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    check(place)?;
    if postgres::is_url(place) {
        return open_database(place).await;
    }
    Ok(Arc::new(open_file_to_read(place)?))
}

/// What is wrong with an inventory that is there, a sentence for each thing.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) async fn findings(place: &str) -> Result<Vec<String>, Failure> {
    check(place)?;
    if postgres::is_url(place) {
        let found = postgres::open_existing(place).await?.ok_or_else(no_inventory)?;
        return Ok(found.check().await?);
    }
    Ok(open_file_to_read(place)?.check().await?)
}

/// Opens an inventory in a file that is there, to look into it alone.
fn open_file_to_read(place: &str) -> Result<SqliteRepository, Failure> {
    check_file(place)?;
    match open_unchanged(place) {
        Err(failure) if is_outdated(place) => SqliteRepository::open(place).map_err(|_| failure),
        opened => opened,
    }
}

/// Opens the inventory in a file as it is: one that an older version wrote is refused.
#[allow(dead_code, reason = "not every program looks")]
pub(crate) fn open_unchanged(place: &str) -> Result<SqliteRepository, Failure> {
    private::warn_of_others(place.as_ref());
    Ok(SqliteRepository::open_read_only(place)?)
}

/// Whether there is nothing at this place that could be looked into: no file, or one of no length.
pub(crate) fn is_empty(place: &str) -> bool {
    fs::metadata(place).map_or(true, |file| file.is_file() && file.len() == 0)
}

/// Whether a file that does not open as it is may be of an older version: SQLite's header has the number of a schema.
/// <https://www.sqlite.org/fileformat2.html#user_version_number>
#[allow(dead_code, reason = "not every program looks")]
pub(crate) fn is_outdated(place: &str) -> bool {
    let mut header = [0; 64];
    let is_own = fs::symlink_metadata(place).is_ok_and(|file| file.is_file());
    let read = File::open(place).and_then(|mut file| file.read_exact(&mut header));
    is_own && read.is_ok() && !header.ends_with(&[0; 4])
}

async fn open_database(url: &str) -> Result<Arc<dyn AssetRepository>, Failure> {
    find_shared(url).await?.ok_or_else(no_inventory)
}

fn no_inventory() -> Failure {
    let sentence = "there is no inventory in this database; sync --inventory creates one";
    Failure::new(Status::Usage, sentence)
}

/// Opens the inventory in a database; `None` if there is none in it.
pub(crate) async fn find_shared(url: &str) -> Result<Option<Arc<dyn AssetRepository>>, Failure> {
    let found = postgres::open_existing(url).await?;
    Ok(found.map(|repository| Arc::new(repository) as Arc<dyn AssetRepository>))
}

fn check_file(place: &str) -> Result<(), Failure> {
    if !is_empty(place) {
        return Ok(());
    }
    let there = if Path::new(place).exists() { "the file is empty; " } else { "" };
    let sentence = format!("there is no inventory {place}; {there}sync --inventory creates one");
    Err(Failure::new(Status::Usage, sentence))
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
    if let Some(sign) = postgres::sign_of_misspelling(place) {
        return refused(format!(
            "--inventory has {sign} in it, as a misspelt URL of a database may have, whose password would become part of a \
             file's name: write postgres://USER:PASSWORD@HOST:PORT/DATABASE, or choose another name for the file"
        ));
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
