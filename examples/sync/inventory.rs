//! The inventory that a run works on.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use tempfile::TempDir;

use super::exit::{Failure, Status};
use super::options::Options;
use super::store;

/// The inventory that a run works on, with the temporary copy behind it, if there is one.
#[derive(Debug)]
pub(crate) struct Inventory {
    pub(crate) repository: Arc<dyn AssetRepository>,
    _copy: Option<TempDir>,
}

impl Inventory {
    /// Opens what the command line names; without a name it is an empty inventory in memory.
    ///
    /// A dry run leaves the file as it is: one that does not exist is not created, and where assets are
    /// imported, which the run must see, a copy stands in.
    pub(crate) fn open(options: &Options) -> Result<Self, Failure> {
        let Some(place) = &options.inventory else {
            eprintln!("no --inventory is given: what this run finds out is not kept");
            return Ok(Self::in_memory());
        };
        store::check(place)?;
        if !options.dry_run {
            return Ok(Self::of(store::open(place)?, None));
        }
        if !Path::new(place).exists() {
            return Ok(Self::in_memory());
        }
        let opened = store::open_to_read(place)?;
        if options.assets.is_none() {
            return Ok(Self::of(opened, None));
        }
        let (directory, copy) = copy(place).map_err(|error| {
            let sentence = format!("{place} cannot be copied for the dry run: {error}");
            Failure::new(Status::Failed, sentence)
        })?;
        Ok(Self::of(store::open(&copy)?, Some(directory)))
    }

    fn of(repository: SqliteRepository, copy: Option<TempDir>) -> Self {
        Self { repository: Arc::new(repository), _copy: copy }
    }

    fn in_memory() -> Self {
        Self { repository: Arc::new(MemoryRepository::new()), _copy: None }
    }
}

/// Copies an SQLite file and its write-ahead log, in which the latest commits may still be. The copy may be written, even
/// if the file may not.
fn copy(place: &str) -> io::Result<(TempDir, String)> {
    let directory = tempfile::tempdir()?;
    let copy = directory.path().join("inventory.db");
    let content = |from: &Path, to: &Path| io::copy(&mut File::open(from)?, &mut File::create(to)?);
    content(place.as_ref(), &copy)?;
    let log_of = |file: &Path| {
        let mut name = OsString::from(file);
        name.push("-wal");
        name
    };
    let log = log_of(place.as_ref());
    if Path::new(&log).exists() {
        content(log.as_ref(), log_of(&copy).as_ref())?;
    }
    Ok((directory, copy.to_string_lossy().into_owned()))
}
