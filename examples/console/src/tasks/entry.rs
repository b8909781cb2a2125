//! One task: what it is, and how it stands with it.

use std::sync::{Arc, Mutex};

use ldap_inventory::asset::RunOutcome;
use ldap_inventory::schedule::Schedule;
use ldap_inventory::sync::{Applied, MergePlan, Progress, SyncReport};
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::lock;
use crate::now;

/// A task as it is kept.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct Definition {
    /// The task.
    pub task: SyncTask,
    /// When it runs by itself; never, if there is none.
    pub schedule: Option<Schedule>,
}

impl Definition {
    /// A task, and when it runs by itself.
    pub fn new(task: SyncTask, schedule: Option<Schedule>) -> Self {
        Self { task, schedule }
    }
}

/// What a task does now.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum Activity {
    /// Nothing.
    #[default]
    Resting,
    /// It begins.
    Beginning,
    /// It waits for another run of the directory.
    Waiting,
    /// It runs.
    Running(Progress),
}

/// What came of the latest run since the console was started.
#[derive(Clone, Debug)]
pub(crate) enum LastRun {
    /// It wrote what it had to.
    Done(Box<SyncReport>),
    /// It wrote nothing: it was a dry run, or the brake stopped it. What it would do waits for a person.
    Planned(Arc<MergePlan>),
    /// A plan was applied.
    Applied(Applied),
    /// It failed, for this reason.
    Failed(String),
}

/// A task, and how it stands with it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) number: u32,
    definition: Mutex<Definition>,
    state: Mutex<State>,
    activity: watch::Sender<Activity>,
}

#[derive(Debug, Default)]
struct State {
    last_begun: Option<Timestamp>,
    last_complete: Option<Timestamp>,
    last_run: Option<LastRun>,
    counts: Vec<(RunOutcome, u64)>,
}

impl Entry {
    pub(super) fn new(number: u32, definition: Definition) -> Self {
        let (definition, state) = (Mutex::new(definition), Mutex::default());
        Self { number, definition, state, activity: watch::Sender::default() }
    }

    pub(crate) fn definition(&self) -> Definition {
        lock(&self.definition).clone()
    }

    pub(super) fn define(&self, definition: Definition) {
        *lock(&self.definition) = definition;
    }

    /// What it does, from now on.
    pub(crate) fn activity(&self) -> watch::Receiver<Activity> {
        self.activity.subscribe()
    }

    pub(crate) fn is_resting(&self) -> bool {
        *self.activity.borrow() == Activity::Resting
    }

    /// Begins a run, if none is under way.
    pub(super) fn begin(&self, now: Timestamp) -> bool {
        let began = self.activity.send_if_modified(|activity| {
            let rests = *activity == Activity::Resting;
            if rests {
                *activity = Activity::Beginning;
            }
            rests
        });
        if began {
            lock(&self.state).last_begun = Some(now);
        }
        began
    }

    pub(super) fn tell(&self, activity: Activity) {
        self.activity.send_replace(activity);
    }

    /// Ends a run.
    fn end(&self, last_run: LastRun, now: Timestamp) {
        let mut state = lock(&self.state);
        let outcome = match &last_run {
            LastRun::Done(report) if report.complete => Some(RunOutcome::Complete),
            LastRun::Done(_) => Some(RunOutcome::Incomplete),
            LastRun::Planned(plan) => plan.report.brake.as_ref().map(|_| RunOutcome::Stopped),
            LastRun::Applied(_) => None,
            LastRun::Failed(_) => Some(RunOutcome::Failed),
        };
        if outcome == Some(RunOutcome::Complete) {
            state.last_complete = Some(now);
        }
        if let Some(outcome) = outcome {
            match state.counts.iter_mut().find(|(other, _)| *other == outcome) {
                Some((_, count)) => *count += 1,
                None => state.counts.push((outcome, 1)),
            }
        }
        state.last_run = Some(last_run);
        drop(state);
        self.tell(Activity::Resting);
    }

    /// Takes over what the inventory knows of its runs.
    pub(super) fn recall(&self, begun: Option<Timestamp>, complete: Option<Timestamp>) {
        let mut state = lock(&self.state);
        (state.last_begun, state.last_complete) = (begun, complete);
    }

    pub(crate) fn last_begun(&self) -> Option<Timestamp> {
        lock(&self.state).last_begun
    }

    /// When the latest complete run ended.
    pub(crate) fn last_complete(&self) -> Option<Timestamp> {
        lock(&self.state).last_complete
    }

    /// What came of the latest run since the console was started.
    pub(crate) fn last_run(&self) -> Option<LastRun> {
        lock(&self.state).last_run.clone()
    }

    /// How many runs ended so since the console was started.
    pub(crate) fn count(&self, outcome: RunOutcome) -> u64 {
        let state = lock(&self.state);
        state.counts.iter().find(|(other, _)| *other == outcome).map_or(0, |(_, count)| *count)
    }
}

/// A run that is under way. It ends with this, also where the program fails in it.
#[derive(Debug)]
pub(super) struct Underway {
    entry: Arc<Entry>,
    /// What it comes to.
    pub(super) outcome: LastRun,
}

impl Underway {
    pub(super) fn new(entry: Arc<Entry>) -> Self {
        let broken = "the run broke off by a fault of the program, of which its log has more";
        Self { entry, outcome: LastRun::Failed(broken.to_owned()) }
    }
}

impl Drop for Underway {
    fn drop(&mut self) {
        self.entry.end(self.outcome.clone(), now());
    }
}
