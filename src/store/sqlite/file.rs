//! The file of an inventory: which paths can be one, and who may read it.
//!
//! An inventory tells an intruder where to go next, so it is its owner's alone. And whoever may write the directory that
//! it is in must not lead a more powerful program elsewhere by a symbolic link.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::{Error, ErrorKind, Result};

/// The path by which a file is opened: its directory without symbolic links, since SQLite is asked to follow none.
///
/// # Errors
///
/// [`ErrorKind::Configuration`] for what names no file, and for a symbolic link.
pub(super) fn admitted(path: &Path) -> Result<PathBuf> {
    let text = path.as_os_str();
    if text.is_empty() || text == ":memory:" {
        let message = "an inventory needs the path of a file; SqliteRepository::open_in_memory keeps one in memory";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        let message = "the inventory file is a symbolic link, which could come to lead elsewhere; name the file that it \
                       leads to";
        return Err(Error::new(ErrorKind::Configuration, message));
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // Windows has another form for such paths, which SQLite need not know, and links that few may make.
    match (directory.canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) if cfg!(unix) => Ok(directory.join(name)),
        _ => Ok(path.to_owned()),
    }
}

/// Creates an empty file that its owner alone may read, unless there is one already. SQLite gives its journals the
/// permissions of the file.
pub(super) fn create(path: &Path) -> io::Result<()> {
    match for_the_owner().write(true).create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Opens a file to write in it, created for its owner alone if need be, and never through a symbolic link.
pub(super) fn open_beside(path: &Path) -> io::Result<File> {
    // A link that leads nowhere would be followed by what creates a file where there is none.
    let created = for_the_owner().read(true).write(true).create_new(true).open(path);
    let file = match created {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            OpenOptions::new().read(true).write(true).open(path)?
        }
        created => created?,
    };
    if is_at(&file, path)? {
        return Ok(file);
    }
    Err(io::Error::other("a symbolic link is in its place"))
}

/// Says in the log that others may read a file, or change it. Its permissions stay: somebody gave them.
pub(super) fn warn_of_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(path).map_or(0, |file| file.permissions().mode());
        if mode & 0o006 != 0 {
            tracing::warn!(
                file = %path.display(),
                mode = format_args!("{:03o}", mode & 0o777),
                "every user of this machine can read the inventory file, or change it"
            );
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// How files are opened that their owner alone shall read. On Windows a file has the permissions of its directory.
fn for_the_owner() -> OpenOptions {
    #[cfg(unix)]
    {
        let mut options = OpenOptions::new();
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
    }
    #[cfg(not(unix))]
    OpenOptions::new()
}

/// Whether a file is what stands at a path, and not what a symbolic link there leads to.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let (opened, found) = (file.metadata()?, fs::symlink_metadata(path)?);
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        Ok((opened.dev(), opened.ino()) == (found.dev(), found.ino()))
    }
    #[cfg(not(unix))]
    Ok(opened.file_type() == found.file_type())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::asset::{AssetRepository as _, LeaseRequest};
    use crate::store::SqliteRepository;
    use crate::store::sqlite::tests::logged;
    use crate::value::{OrganizationId, RunId, SourceId, Timestamp};

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn lease() -> LeaseRequest {
        let (acme, corp) = (OrganizationId::new("acme"), SourceId::new("ldap", "corp.example"));
        let (run, minute) = (RunId::from_u128(1), Duration::from_secs(60));
        LeaseRequest::new(acme.unwrap(), corp.unwrap(), run, Timestamp::MIN, minute)
    }

    #[tokio::test]
    async fn a_new_inventory_and_all_that_is_beside_it_is_its_owners_alone() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("inventory.db");
        let repository = SqliteRepository::open(&path).unwrap();
        repository.acquire_lease(lease()).await.unwrap();
        let mut modes: Vec<(String, u32)> = fs::read_dir(directory.path())
            .unwrap()
            .map(|file| file.unwrap())
            .map(|file| (file.file_name().into_string().unwrap(), mode(&file.path())))
            .collect();
        modes.sort();
        let expected =
            ["inventory.db", "inventory.db-lease-1", "inventory.db-shm", "inventory.db-wal"];
        assert_eq!(modes, expected.map(|name| (name.to_owned(), 0o600)));
    }

    #[test]
    fn the_permissions_that_somebody_gave_are_kept() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("inventory.db");
        drop(SqliteRepository::open(&path).unwrap());
        for given in [0o640, 0o644, 0o400] {
            set_mode(&path, given);
            let _ = SqliteRepository::open(&path);
            SqliteRepository::open_read_only(&path).unwrap();
            assert_eq!(mode(&path), given);
        }
    }

    #[test]
    fn only_that_every_user_may_read_or_change_a_file_is_said_in_the_log() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("inventory.db");
        fs::write(&path, "").unwrap();
        for (given, is_said) in [(0o600, false), (0o660, false), (0o604, true), (0o602, true)] {
            set_mode(&path, given);
            let told = logged(directory.path(), || warn_of_others(&path));
            assert_eq!(told.contains("every user of this machine"), is_said, "{given:o}: {told}");
            assert_eq!(told.contains(&format!("mode={given:o}")), is_said, "{given:o}: {told}");
        }
    }

    #[test]
    fn a_file_without_a_directory_is_in_the_current_one() {
        let current = std::env::current_dir().unwrap().canonicalize().unwrap();
        assert_eq!(admitted(Path::new("new.db")).unwrap(), current.join("new.db"));
    }

    #[test]
    fn a_symbolic_link_is_not_followed_and_what_it_leads_to_stays_as_it_is() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        drop(SqliteRepository::open(at("inventory.db")).unwrap());
        symlink(at("inventory.db"), at("link.db")).unwrap();
        symlink(at("not-there.db"), at("dangling.db")).unwrap();
        for link in ["link.db", "dangling.db"] {
            for opened in
                [SqliteRepository::open(at(link)), SqliteRepository::open_read_only(at(link))]
            {
                let error = opened.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains("symbolic link"), "{error}");
            }
        }
        assert!(!at("not-there.db").exists());
        // A directory that is reached by one is where its owner says that it is.
        fs::create_dir(at("real")).unwrap();
        symlink(at("real"), at("by-name")).unwrap();
        drop(SqliteRepository::open(at("by-name").join("inventory.db")).unwrap());
        assert!(at("real").join("inventory.db").exists());
    }

    #[tokio::test]
    async fn the_file_of_a_lease_is_not_written_through_a_symbolic_link() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        let repository = SqliteRepository::open(at("inventory.db")).unwrap();
        fs::write(at("precious"), "kept").unwrap();
        symlink(at("precious"), at("inventory.db-lease-1")).unwrap();
        repository.acquire_lease(lease()).await.unwrap();
        assert_eq!(fs::read_to_string(at("precious")).unwrap(), "kept");
        // One that leads nowhere would make a file wherever it leads.
        fs::remove_file(at("inventory.db-lease-1")).unwrap();
        symlink(at("not-there"), at("inventory.db-lease-1")).unwrap();
        assert!(open_beside(&at("inventory.db-lease-1")).is_err());
        assert!(!at("not-there").exists());
    }

    #[test]
    fn a_file_that_is_there_is_kept_and_one_that_cannot_be_made_is_an_error() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::write(at("there"), "kept").unwrap();
        create(&at("there")).unwrap();
        assert_eq!(fs::read_to_string(at("there")).unwrap(), "kept");
        assert_eq!(create(&at("no/such")).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_names_no_file_is_refused_with_the_call_that_was_meant() {
        for path in ["", ":memory:"] {
            for opened in [SqliteRepository::open(path), SqliteRepository::open_read_only(path)] {
                let error = opened.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Configuration);
                assert!(error.to_string().contains("open_in_memory"), "{error}");
            }
        }
    }
}
