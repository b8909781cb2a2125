//! Files that the command line names, read as far as they may be long, whatever stands at that place.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// What is in a file of so many bytes at most.
pub(crate) fn read(file: &Path, most: u64) -> io::Result<Vec<u8>> {
    let (file, mut bytes) = (File::open(file)?, Vec::new());
    let is_too_long = file.metadata()?.len() > most;
    if is_too_long || file.take(most.saturating_add(1)).read_to_end(&mut bytes)? as u64 > most {
        return Err(io::Error::other(format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}
