//! One run of a task, beside everything else.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::ldap::LdapSource;
use ldap_inventory::sync::{Confirmation, MergePlan, Stopped, SyncOptions, plan, sync};
use ldap_inventory::{Error, ErrorKind, Result};

use super::{Activity, Entry, LastRun};
use crate::Console;

/// How long another run of the directory is waited for before it is asked for again.
const PATIENCE: Duration = Duration::from_secs(2);

/// How a directory is to be read.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// Everything, and not what changed alone.
    pub(crate) is_full: bool,
    /// Even if the password is protected less than in the last complete run.
    pub(crate) accepts_weaker: bool,
}

/// What a run is to do.
#[derive(Clone, Debug)]
pub(crate) enum Errand {
    /// Read the directory, and write what changed.
    Sync(Manner),
    /// Read the directory, and say what would be written.
    Plan(Manner),
    /// Write what a plan says, as far as it still holds; with the confirmation of one that was stopped.
    Apply { plan: Arc<MergePlan>, confirmation: Option<Confirmation> },
}

/// Begins a run of a task, unless one is under way.
pub(crate) fn start(console: &Arc<Console>, entry: &Arc<Entry>, errand: Errand) -> Result<()> {
    console.tasks.begin(entry)?;
    let (working, told) = (Arc::clone(console), Arc::clone(entry));
    console.tasks.carry_out(Arc::clone(entry), async move {
        let outcome = patiently(&working, &told, &errand).await;
        outcome.unwrap_or_else(|error| of_error(&error))
    });
    Ok(())
}

/// Runs, once the directory is free: another task, or another host, may be at it.
async fn patiently(console: &Console, entry: &Arc<Entry>, errand: &Errand) -> Result<LastRun> {
    loop {
        match run(console, entry, errand).await {
            Err(error) if error.kind() == ErrorKind::Lease => entry.tell(Activity::Waiting),
            outcome => return outcome,
        }
        let mut stopped = console.tasks.stopped();
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => {
                return Err(Error::new(ErrorKind::Cancelled, "the console ended before the directory was free"));
            }
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}

async fn run(console: &Console, entry: &Arc<Entry>, errand: &Errand) -> Result<LastRun> {
    let task = entry.definition().task;
    let directory = LdapSource::new(console.vault.clone());
    let inventory = &*console.inventory;
    let told = Arc::clone(entry);
    let options = SyncOptions::new()
        .with_cancellation(console.tasks.cancellation())
        .with_progress(move |progress| told.tell(Activity::Running(progress)));
    match errand {
        Errand::Sync(manner) => {
            let options = manner.of(options);
            sync(&task, &directory, inventory, &options).await.map(Box::new).map(LastRun::Done)
        }
        Errand::Plan(manner) => {
            let options = manner.of(options).with_explain(true);
            let plan = plan(&task, &directory, inventory, &options).await?;
            Ok(LastRun::Planned(Arc::new(plan)))
        }
        Errand::Apply { plan, confirmation } => {
            let options = options.with_confirmation(*confirmation);
            plan.apply(inventory, &options).await.map(LastRun::Applied)
        }
    }
}

impl Manner {
    fn of(self, options: SyncOptions) -> SyncOptions {
        options.with_full_read(self.is_full).with_accept_weaker_transport(self.accepts_weaker)
    }
}

/// What a run came to that ended with an error: one that the brake stopped has a plan, which waits for a person.
fn of_error(error: &Error) -> LastRun {
    match Stopped::of(error) {
        Some(stopped) => LastRun::Planned(Arc::new(stopped.plan.clone())),
        None => LastRun::Failed(error.report()),
    }
}
