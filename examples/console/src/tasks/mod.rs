//! Tasks: which there are, when each of them runs, and what is under way.

mod entry;
mod run;
mod schedule;

use std::collections::BTreeMap;
use std::fs;
use std::io;
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

use self::entry::Underway;
use crate::now;
use crate::vault::{create, unusable, write_whole};

/// How the names of the files end.
const ENDING: &str = "json";

/// The file with the highest number that a task ever had.
const LAST: &str = "last-number";

/// The tasks of a folder, each in a file of its own.
#[derive(Debug)]
pub struct Tasks {
    folder: PathBuf,
    known: Mutex<Known>,
    /// What runs now: waited for when the console ends.
    running: Mutex<JoinSet<()>>,
    /// Whether the console ends: pages that follow a run end then.
    stopped: watch::Sender<bool>,
    cancellation: Cancellation,
}

/// The tasks that there are. Whatever begins, changes or ends one has this: none comes back that was removed.
#[derive(Debug)]
struct Known {
    entries: BTreeMap<u32, Arc<Entry>>,
    /// The highest number that a task ever had: an address never leads to another task than before.
    last: u32,
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
        let last = highest(&folder.join(LAST))?.max(entries.keys().next_back().copied());
        Ok(Self {
            folder,
            known: Mutex::new(Known { entries, last: last.unwrap_or_default() }),
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
        let mut known = self.known();
        let name = &definition.task.name;
        if known.entries.values().any(|entry| entry.definition().task.name == *name) {
            return Err(Error::invalid("name of a task", name, "another task has it already"));
        }
        let number = known.last.saturating_add(1);
        let place = self.folder.join(LAST);
        write_whole(&place, number.to_string().as_bytes())
            .map_err(|error| unusable(&place, &error))?;
        known.last = number;
        self.write(number, &definition)?;
        known.entries.insert(number, Arc::new(Entry::new(number, definition)));
        Ok(number)
    }

    /// Changes what a task is.
    pub(crate) fn change(&self, entry: &Entry, definition: Definition) -> Result<()> {
        let known = self.known();
        known.check(entry)?;
        self.write(entry.number, &definition)?;
        entry.define(definition);
        Ok(())
    }

    /// Begins a run of a task. Noted before it runs: one that fails is not repeated until the next time.
    fn begin(&self, entry: &Entry) -> Result<()> {
        let known = self.known();
        known.check(entry)?;
        match entry.begin(now()) {
            true => Ok(()),
            false => Err(Error::new(
                ErrorKind::Conflict,
                "this task runs already; look again when it has ended",
            )),
        }
    }

    /// Does the work of a run that has begun, beside everything else. However that ends, the task rests then.
    fn carry_out(&self, entry: Arc<Entry>, work: impl Future<Output = LastRun> + Send + 'static) {
        let mut running = lock(&self.running);
        // Those that have ended are let go of.
        while running.try_join_next().is_some() {}
        running.spawn(async move {
            let mut underway = Underway::new(entry);
            underway.outcome = work.await;
        });
    }

    /// Forgets a task. What its runs wrote stays.
    pub(crate) fn remove(&self, entry: &Entry) -> Result<()> {
        let mut known = self.known();
        known.check(entry)?;
        if !entry.is_resting() {
            let message = "this task runs; remove it when it has ended";
            return Err(Error::new(ErrorKind::Conflict, message));
        }
        let place = self.place(entry.number);
        fs::remove_file(&place).map_err(|error| unusable(&place, &error))?;
        known.entries.remove(&entry.number);
        Ok(())
    }

    pub(crate) fn get(&self, number: u32) -> Option<Arc<Entry>> {
        self.known().entries.get(&number).cloned()
    }

    /// All tasks, in the order in which they came.
    pub(crate) fn all(&self) -> Vec<Arc<Entry>> {
        self.known().entries.values().cloned().collect()
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
        let mut running = std::mem::take(&mut *lock(&self.running));
        while running.join_next().await.is_some() {}
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

    fn known(&self) -> MutexGuard<'_, Known> {
        lock(&self.known)
    }
}

impl Known {
    /// That the task is still there.
    fn check(&self, entry: &Entry) -> Result<()> {
        match self.entries.contains_key(&entry.number) {
            true => Ok(()),
            false => Err(Error::new(ErrorKind::NotFound, "this task was removed")),
        }
    }
}

/// The number in a file, if there is one.
fn highest(file: &Path) -> Result<Option<u32>> {
    match fs::read_to_string(file) {
        Ok(number) => number.trim().parse().map(Some).map_err(|error| {
            let message = format!("{} has no number: {error}", file.display());
            Error::new(ErrorKind::Store, message)
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(file, &error)),
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

#[cfg(test)]
mod tests {
    use ldap_inventory::task::SyncTask;
    use ldap_inventory::value::{OrganizationId, SourceId};

    use super::*;

    fn definition(name: &str) -> Definition {
        let (organization, source) = (OrganizationId::new("acme"), SourceId::new("ldap", "corp"));
        let (site, credential) = ("hq".parse().unwrap(), "reader".parse().unwrap());
        let task = SyncTask::new(name, organization.unwrap(), site, source.unwrap(), credential);
        Definition::new(task, None)
    }

    #[tokio::test]
    async fn a_run_that_panics_has_failed_and_keeps_nobody_waiting() {
        let folder = tempfile::tempdir().unwrap();
        let tasks = Tasks::open(folder.path()).unwrap();
        let number = tasks.add(definition("a")).unwrap();
        let entry = tasks.get(number).unwrap();
        tasks.begin(&entry).unwrap();
        tasks.carry_out(Arc::clone(&entry), async { panic!("planted") });
        tasks.ended().await;
        assert!(entry.is_resting());
        assert!(matches!(entry.last_run(), Some(LastRun::Failed(_))), "{entry:?}");
        assert_eq!(entry.count(ldap_inventory::asset::RunOutcome::Failed), 1);
        tasks.begin(&entry).unwrap();
    }

    #[test]
    fn no_number_comes_twice() {
        let folder = tempfile::tempdir().unwrap();
        let open = || Tasks::open(folder.path()).unwrap();
        let tasks = open();
        assert_eq!(tasks.add(definition("a")).unwrap(), 1);
        tasks.remove(&tasks.get(1).unwrap()).unwrap();
        assert_eq!(tasks.add(definition("b")).unwrap(), 2);
        tasks.remove(&tasks.get(2).unwrap()).unwrap();
        assert_eq!(open().add(definition("c")).unwrap(), 3);
    }

    #[test]
    fn a_task_that_was_removed_does_not_come_back() {
        let folder = tempfile::tempdir().unwrap();
        let tasks = Tasks::open(folder.path()).unwrap();
        let number = tasks.add(definition("a")).unwrap();
        let entry = tasks.get(number).unwrap();
        tasks.begin(&entry).unwrap();
        assert_eq!(tasks.remove(&entry).unwrap_err().kind(), ErrorKind::Conflict);
        drop(Underway::new(Arc::clone(&entry)));
        tasks.remove(&entry).unwrap();
        assert_eq!(tasks.begin(&entry).unwrap_err().kind(), ErrorKind::NotFound);
        let changed = tasks.change(&entry, definition("b")).unwrap_err();
        assert_eq!(changed.kind(), ErrorKind::NotFound);
        assert!(Tasks::open(folder.path()).unwrap().all().is_empty());
    }
}
