//! Files that are whole or absent, and their owner's alone.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file on its way: what is written shows under its name once it is [finished](Self::finish). It is private as it is made;
/// a file that was there keeps its permissions.
#[derive(Debug)]
pub(crate) enum WholeFile {
    /// Beside the place that it will have.
    New { file: NamedTempFile, place: PathBuf },
    /// A terminal, a pipe: whoever made it has given it its permissions, and nothing takes its place.
    There(File),
}

impl WholeFile {
    /// Begins a file.
    pub(crate) fn begin(place: &Path) -> io::Result<Self> {
        match fs::symlink_metadata(place) {
            // What leads to a terminal or a pipe, as /dev/stdout does, replaces nothing.
            Ok(found) if found.is_symlink() && !leads_to_a_pipe(place) => Err(io::Error::other(
                "it is a symbolic link, which could come to lead elsewhere; name the file that it leads to",
            )),
            Ok(found) if !found.is_file() => File::create(place).map(Self::There),
            Ok(found) => Self::new(place, Some(found.permissions())),
            Err(_) => Self::new(place, None),
        }
    }

    fn new(place: &Path, given: Option<fs::Permissions>) -> io::Result<Self> {
        let directory = place.parent().filter(|parent| !parent.as_os_str().is_empty());
        let file = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
        if let Some(given) = given {
            file.as_file().set_permissions(given)?;
        }
        Ok(Self::New { file, place: place.to_owned() })
    }

    /// Puts the file in the place of whatever is there.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        match self {
            Self::New { file, place } => file.persist(place).map(drop).map_err(io::Error::from),
            Self::There(_) => Ok(()),
        }
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::New { file, .. } => file.write(bytes),
            Self::There(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::New { file, .. } => file.flush(),
            Self::There(file) => file.flush(),
        }
    }
}

fn leads_to_a_pipe(link: &Path) -> bool {
    fs::metadata(link).is_ok_and(|found| !found.is_file())
}
