//! Which runs are alive, shown by locked files.
//!
//! A process that is killed gives no lease back, and nobody could write for the source until it expires. But the operating
//! system gives the locks of a dead process back: so a run that holds a lease also holds a locked file beside the
//! inventory, and one that finds the file unlocked need not wait. All processes that have the inventory open are on one
//! machine, as the write-ahead log demands.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::file;
use crate::value::RunId;

/// The locked files of the runs that hold a lease by one handle. Where a file cannot be made or locked, a lease of a dead
/// run expires in its time, and that is all.
#[derive(Debug)]
pub(super) struct Holders {
    inventory: PathBuf,
    shown: Mutex<HashMap<i64, (RunId, File)>>,
}

impl Holders {
    /// Beside this inventory.
    pub(super) fn beside(inventory: &Path) -> Self {
        Self { inventory: inventory.to_owned(), shown: Mutex::default() }
    }

    /// Shows that a run is alive which holds the lease of a source.
    pub(super) fn show(&self, source: i64, run: RunId) {
        let mut shown = self.shown();
        if shown.get(&source).is_some_and(|(holder, _)| *holder == run) {
            return;
        }
        shown.remove(&source);
        if let Some(file) = locked(&self.path(source), run) {
            shown.insert(source, (run, file));
        }
    }

    /// Shows no more that a run is alive.
    pub(super) fn hide(&self, source: i64, run: RunId) {
        let mut shown = self.shown();
        if shown.get(&source).is_some_and(|(holder, _)| *holder == run) {
            // A file that stays behind is overwritten by the next run.
            let _ = fs::remove_file(self.path(source));
            shown.remove(&source);
        }
    }

    /// Whether a run showed that it was alive, and does not any more.
    pub(super) fn is_dead(&self, source: i64, run: RunId) -> bool {
        let Ok(mut file) = OpenOptions::new().read(true).open(self.path(source)) else {
            return false;
        };
        let mut holder = String::new();
        let is_its = file.read_to_string(&mut holder).is_ok() && holder == run.to_string();
        is_its && file.try_lock().is_ok()
    }

    fn path(&self, source: i64) -> PathBuf {
        let mut path = self.inventory.as_os_str().to_owned();
        path.push(format!("-lease-{source}"));
        path.into()
    }

    fn shown(&self) -> MutexGuard<'_, HashMap<i64, (RunId, File)>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn locked(path: &Path, run: RunId) -> Option<File> {
    let mut file = file::open_beside(path).ok()?;
    file.try_lock().ok()?;
    file.set_len(0).ok()?;
    file.write_all(run.to_string().as_bytes()).ok()?;
    Some(file)
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn a_run_is_dead_that_showed_that_it_was_alive_and_no_other() {
        let directory = TempDir::new().unwrap();
        let inventory = directory.path().join("inventory.db");
        let (first, second) = (RunId::from_u128(1), RunId::from_u128(2));
        let (holders, others) = (Holders::beside(&inventory), Holders::beside(&inventory));
        holders.show(1, first);
        assert!(!others.is_dead(1, first), "it is alive");
        // The lease of the first ran out, and the second has it.
        holders.show(1, second);
        assert!(!others.is_dead(1, second), "it is alive");
        drop(holders);
        assert!(others.is_dead(1, second));
        assert!(!others.is_dead(1, first), "nothing shows that");
        assert!(!others.is_dead(2, second), "nothing shows that");
    }
}
