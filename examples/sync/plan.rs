//! Keeping the plan of a run that wrote nothing.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use ldap_inventory::sync::MergePlan;

use tempfile::NamedTempFile;

use super::exit::{Failure, Status};
use super::private;

/// Writes a plan to a file, which the example `inventory` shows and applies. It is whole or absent, and its owner's
/// alone; a file that was there keeps its permissions.
pub(crate) fn save(plan: &MergePlan, file: &Path) -> Result<(), Failure> {
    let written = match fs::symlink_metadata(file) {
        // What leads to a terminal or a pipe, as /dev/stdout does, replaces nothing.
        Ok(found) if found.is_symlink() && !leads_to_a_pipe(file) => Err(io::Error::other(
            "it is a symbolic link, which could come to lead elsewhere; name the file that it leads to",
        )),
        // A terminal, a pipe: whoever made it has given it its permissions.
        Ok(found) if !found.is_file() => File::create(file).and_then(|file| write(plan, &file)),
        Ok(found) => replace(plan, file, Some(found.permissions())),
        Err(_) => replace(plan, file, None),
    };
    written.map_err(|error| {
        let sentence = format!("the plan cannot be written to {}: {error}", file.display());
        Failure::new(Status::Failed, sentence)
    })?;
    private::warn_of_others(file);
    Ok(())
}

fn leads_to_a_pipe(link: &Path) -> bool {
    fs::metadata(link).is_ok_and(|found| !found.is_file())
}

/// Puts a new file in the place of whatever is there. It is private as it is made.
fn replace(plan: &MergePlan, file: &Path, given: Option<fs::Permissions>) -> io::Result<()> {
    let directory = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let new = NamedTempFile::new_in(directory.unwrap_or(Path::new(".")))?;
    if let Some(given) = given {
        new.as_file().set_permissions(given)?;
    }
    write(plan, new.as_file())?;
    new.persist(file)?;
    Ok(())
}

fn write(plan: &MergePlan, file: &File) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    serde_json::to_writer(&mut out, plan).map_err(io::Error::from)?;
    out.flush()
}
