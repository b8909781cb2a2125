//! The inventory that a run works on.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use ldap_inventory::asset::AssetRepository;
use ldap_inventory::store::MemoryRepository;
use tempfile::TempDir;

use super::exit::{Failure, Status};
use super::options::Options;
use super::printed::say;
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
    /// A dry run leaves it as it is: one that does not exist, or is empty, is not made, and where assets are imported, which
    /// the run must see, or an older version wrote the file, a copy of it stands in.
    pub(crate) async fn open(options: &Options) -> Result<Self, Failure> {
        let Some(place) = &options.inventory else {
            if !options.forest {
                say("no --inventory is given: what this run finds out is not kept");
            }
            return Ok(Self::in_memory());
        };
        store::check(place)?;
        if !options.dry_run && !options.forest {
            return Ok(Self { repository: store::open(place).await?, _copy: None });
        }
        if store::is_shared(place) {
            return Self::open_shared(place, options).await;
        }
        if store::is_empty(place) {
            return Ok(Self::in_memory());
        }
        match store::open_unchanged(place) {
            Ok(opened) if options.assets.is_none() => {
                return Ok(Self { repository: Arc::new(opened), _copy: None });
            }
            Err(failure) if !store::is_outdated(place) => return Err(failure),
            _ => {}
        }
        let (directory, copy) = copy(place).map_err(|error| {
            let sentence = format!("{place} cannot be copied for the dry run: {error}");
            Failure::new(Status::Failed, sentence)
        })?;
        Ok(Self { repository: store::open(&copy).await?, _copy: Some(directory) })
    }

    /// A database for a dry run. There is no copy of one.
    async fn open_shared(place: &str, options: &Options) -> Result<Self, Failure> {
        if options.assets.is_some() {
            let sentence =
                "a dry run cannot import --assets into a database; leave one of the two out";
            return Err(Failure::new(Status::Usage, sentence));
        }
        let found = store::find_shared(place).await?;
        Ok(found.map_or_else(Self::in_memory, |repository| Self { repository, _copy: None }))
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
    let content = |from: &Path, to: &Path| io::copy(&mut File::open(from)?, &mut create(to)?);
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

/// A new file that is its owner's alone.
fn create(file: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file)
}
