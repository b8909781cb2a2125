//! Tasks: which there are, when each of them runs, and what is under way.

mod entry;
mod run;
mod schedule;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ldap_inventory::sync::Cancellation;
use ldap_inventory::{Error, ErrorKind, Result};
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use entry::Definition;
pub(crate) use entry::{Activity, Entry, LastRun};
pub(crate) use run::{Errand, Manner, start};
pub(crate) use schedule::{follow, history, recall};

use crate::vault::{create, unusable, write_whole};

/// How the names of the files end.
const ENDING: &str = "json";

/// The tasks of a folder, each in a file of its own.
#[derive(Debug)]
pub struct Tasks {
    folder: PathBuf,
    entries: Mutex<BTreeMap<u32, Arc<Entry>>>,
    /// What runs now: waited for when the console ends.
    running: Mutex<JoinSet<()>>,
    /// Whether the console ends: pages that follow a run end then.
    stopped: watch::Sender<bool>,
    cancellation: Cancellation,
}

impl Tasks {
    /// The tasks in this folder, which is made if it is not there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Store`] if the folder, or a task in it, cannot be read.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        create(&folder).map_err(|error| unusable(&folder, &error))?;
        let mut entries = BTreeMap::new();
        for file in fs::read_dir(&folder).map_err(|error| unusable(&folder, &error))? {
            let file = file.map_err(|error| unusable(&folder, &error))?.path();
            if let Some(number) = number_of(&file) {
                entries.insert(number, Arc::new(Entry::new(number, read(&file)?)));
            }
        }
        Ok(Self {
            folder,
            entries: Mutex::new(entries),
            running: Mutex::new(JoinSet::new()),
            stopped: watch::Sender::new(false),
            cancellation: Cancellation::new(),
        })
    }

    /// Keeps a new task, and says by which number it goes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Invalid`] for the name of another task; [`ErrorKind::Store`] if it cannot be written.
    pub fn add(&self, definition: Definition) -> Result<u32> {
        let mut entries = self.entries();
        let name = &definition.task.name;
        if entries.values().any(|entry| entry.definition().task.name == *name) {
            return Err(Error::invalid("name of a task", name, "another task has it already"));
        }
        let number = entries.keys().next_back().map_or(1, |last| last + 1);
        self.write(number, &definition)?;
        entries.insert(number, Arc::new(Entry::new(number, definition)));
        Ok(number)
    }

    /// Changes what a task is.
    pub(crate) fn change(&self, entry: &Entry, definition: Definition) -> Result<()> {
        self.write(entry.number, &definition)?;
        entry.define(definition);
        Ok(())
    }

    /// Forgets a task. What its runs wrote stays.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<()> {
        let place = self.place(entry.number);
        fs::remove_file(&place).map_err(|error| unusable(&place, &error))?;
        self.entries().remove(&entry.number);
        Ok(())
    }

    pub(crate) fn get(&self, number: u32) -> Option<Arc<Entry>> {
        self.entries().get(&number).cloned()
    }

    /// All tasks, in the order in which they came.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.entries().values().cloned().collect()
    }

    /// Ends runs between two steps, and whatever follows them.
    pub(crate) fn stop(&self) {
        self.cancellation.cancel();
        self.stopped.send_replace(true);
    }

    /// By which runs are ended.
    pub(crate) fn cancellation(&self) -> Cancellation {
        self.cancellation.clone()
    }

    /// Whether the console ends.
    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.stopped.subscribe()
    }

    /// Waits until nothing runs any more.
    pub(crate) async fn ended(&self) {
        let running = std::mem::take(&mut *lock(&self.running));
        running.join_all().await;
    }

    fn write(&self, number: u32, definition: &Definition) -> Result<()> {
        let place = self.place(number);
        let content = serde_json::to_vec_pretty(definition).map_err(std::io::Error::from);
        content
            .and_then(|content| write_whole(&place, &content))
            .map_err(|error| unusable(&place, &error))
    }

    fn place(&self, number: u32) -> PathBuf {
        self.folder.join(number.to_string()).with_extension(ENDING)
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Entry>>> {
        lock(&self.entries)
    }
}

fn number_of(file: &Path) -> Option<u32> {
    let is_task = file.extension().is_some_and(|ending| ending == ENDING);
    file.file_stem().filter(|_| is_task)?.to_str()?.parse().ok()
}

fn read(file: &Path) -> Result<Definition> {
    let content = fs::read(file).map_err(|error| unusable(file, &error))?;
    serde_json::from_slice(&content).map_err(|error| {
        let message = format!("{} is no task: {error}", file.display());
        Error::new(ErrorKind::Store, message)
    })
}

/// What is in a mutex: nothing that is kept so can be left in halves.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
