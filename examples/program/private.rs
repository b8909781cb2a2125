//! Files that hold what is not everybody's: passwords, inventories, plans.

use std::path::Path;

#[cfg(unix)]
use super::printed::say;

/// Says on standard error that everybody on this machine can read a file, or change it. Its permissions stay: somebody
/// gave them.
pub(crate) fn warn_of_others(file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(file).map_or(0, |file| file.permissions().mode());
        if mode & 0o006 != 0 {
            let (file, mode) = (file.display(), mode & 0o777);
            say(format_args!(
                "Warning: every user of this machine can read {file}, or change it (mode {mode:03o}); chmod 600 ends that."
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = file;
}
