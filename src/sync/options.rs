//! How a run goes about its work.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::limits::Confirmation;
use super::progress::{Cancellation, Progress};
use crate::directory::MemoryBudget;
use crate::value::{RunId, Timestamp};

type Listener = Arc<dyn Fn(Progress) + Send + Sync>;

/// How a run goes about its work. What it does is the task's business.
#[derive(Clone)]
#[non_exhaustive]
pub struct SyncOptions {
    /// Works everything out and writes nothing. Off unless set.
    pub dry_run: bool,
    /// Keeps every decision in the report. Off unless set: the report of a large domain becomes large.
    pub explain: bool,
    /// How many computers, users or groups are written in one batch. 1,000 unless set: large enough that
    /// the cost of a commit is shared, small enough that a conflict repeats little.
    pub batch_size: usize,
    /// How often a batch is worked out again because its assets changed meanwhile. 5 unless set.
    pub conflict_retries: usize,
    /// How often a batch is sent again because the store failed in passing. 3 unless set. Every attempt
    /// carries the same batch id, so that one which was done but not answered is not done twice.
    pub commit_retries: usize,
    /// How many octets of what is read, and of what is worked out of it, may be held in memory at once, whatever is set aside
    /// on the way included. 1 GiB unless set: a million computers, which take some 1,000 octets each, or two million users
    /// (`spool_bytes`). A read that needs more is incomplete, and says so; one that has used half of it says that
    /// ([`Progress::HalfOfMemory`](super::Progress::HalfOfMemory), and a warning), before half of them are read.
    pub memory_bytes: u64,
    /// How many octets of what is read of computers and users are kept in memory: beyond that it goes to a temporary file,
    /// which nobody else can open and which is gone with the run, and only what tells the objects apart and what is
    /// decided on them counts towards `memory_bytes`. 16 MiB unless set: a directory of ten thousand objects needs no file. A quarter
    /// of `memory_bytes` at most. The file takes sixteen times `memory_bytes` at most; beyond that, and where none can be
    /// written, everything stays in memory, and the report says so.
    pub spool_bytes: usize,
    /// Where that file is written. `None`, where the system has its temporary files, unless set: where that is memory, as
    /// `/tmp` on some systems, a folder on a disk is the better place for a large directory.
    pub spool_folder: Option<PathBuf>,
    /// How long the read may take. One hour unless set. A read that has begun and is not at its end by then is
    /// incomplete.
    pub read_deadline: Duration,
    /// How long the store keeps the source for this run between two batches. Five minutes unless set:
    /// longer than any batch takes, short enough that a crashed run blocks nobody for long.
    pub lease_time: Duration,
    /// Reads everything, even if the changes alone would do. Off unless set.
    pub full_read: bool,
    /// Concludes that whatever is known below the bases is gone if this read does not show it, also where another
    /// account, or a read through another filter, saw it last, and that attributes are gone which only that one showed. Off
    /// unless set: for one run, after the account was replaced by one that sees as much.
    pub takes_over: bool,
    /// Concludes that all computers, all users or all groups below a base are gone if a complete read shows none of them
    /// there, and an attribute that none of a kind shows any more. Off unless set, since that is what lost read rights look like: for one run, after a person has made sure of it. The task's
    /// [change limits](crate::task::ChangeLimits) hold all the same.
    pub accepts_empty: bool,
    /// Takes it that the directory is reached by plain LDAP after TLS, or with nothing to vouch for it after something did. Off
    /// unless set, since that is what somebody on the path brings about: for one run, after the credential was changed to
    /// allow it.
    pub accepts_weaker_transport: bool,
    /// Takes it that the directory is another domain than the one that the source was last read from, by its SID. Off unless
    /// set, since two directories of one name would take each other's place with every run: for one run, after the domain was
    /// built anew. What the earlier one had and this one does not show is missing then, within the task's
    /// [change limits](crate::task::ChangeLimits).
    pub accepts_other_domain: bool,
    /// Lets the run through that the brake stopped with this confirmation, and no other. None unless set.
    pub confirmation: Option<Confirmation>,
    /// Stops the run between two steps.
    pub cancellation: Cancellation,
    pub(super) run: Option<(RunId, Timestamp)>,
    listener: Option<Listener>,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            dry_run: false,
            explain: false,
            batch_size: 1_000,
            conflict_retries: 5,
            commit_retries: 3,
            memory_bytes: MemoryBudget::DEFAULT,
            spool_bytes: 16 << 20,
            spool_folder: None,
            read_deadline: Duration::from_secs(3600),
            lease_time: Duration::from_secs(300),
            full_read: false,
            takes_over: false,
            accepts_empty: false,
            accepts_weaker_transport: false,
            accepts_other_domain: false,
            confirmation: None,
            cancellation: Cancellation::new(),
            run: None,
            listener: None,
        }
    }
}

impl SyncOptions {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Works everything out and writes nothing.
    #[must_use]
    pub fn with_dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Keeps every decision in the report.
    #[must_use]
    pub fn with_explain(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// Reads everything, even if the changes alone would do.
    #[must_use]
    pub fn with_full_read(mut self, full_read: bool) -> Self {
        self.full_read = full_read;
        self
    }

    /// Speaks for whatever anybody saw below the bases.
    #[must_use]
    pub fn with_takeover(mut self, takes_over: bool) -> Self {
        self.takes_over = takes_over;
        self
    }

    /// Takes it that all of a kind are gone if a complete read shows none.
    #[must_use]
    pub fn with_accept_empty(mut self, accepts_empty: bool) -> Self {
        self.accepts_empty = accepts_empty;
        self
    }

    /// Takes it that the run is protected less than the last complete one.
    #[must_use]
    pub fn with_accept_weaker_transport(mut self, accepts: bool) -> Self {
        self.accepts_weaker_transport = accepts;
        self
    }

    /// Takes it that the directory is another domain than before.
    #[must_use]
    pub fn with_accept_other_domain(mut self, accepts: bool) -> Self {
        self.accepts_other_domain = accepts;
        self
    }

    /// Lets the run through that the brake stopped with this confirmation.
    #[must_use]
    pub fn with_confirmation(mut self, confirmation: Option<Confirmation>) -> Self {
        self.confirmation = confirmation;
        self
    }

    /// Names and dates the run, for hosts that number their runs themselves and for tests that compare
    /// inventories to the last bit. A random name and the time of the call unless set.
    ///
    /// No two runs may have the same name: what a store has written under it, it does not write again.
    #[must_use]
    pub fn with_run(mut self, run: RunId, now: Timestamp) -> Self {
        self.run = Some((run, now));
        self
    }

    /// Sets how many records are written in one batch; at least 1.
    #[must_use]
    pub fn with_batch_size(mut self, records: usize) -> Self {
        self.batch_size = records.max(1);
        self
    }

    /// Sets how many octets of what is read may be held at once.
    #[must_use]
    pub fn with_memory_bytes(mut self, octets: u64) -> Self {
        self.memory_bytes = octets;
        self
    }

    /// Sets how many octets of what is read are kept in memory before a temporary file takes it.
    #[must_use]
    pub fn with_spool_bytes(mut self, octets: usize) -> Self {
        self.spool_bytes = octets;
        self
    }

    /// Sets where the temporary file is written.
    #[must_use]
    pub fn with_spool_folder(mut self, folder: Option<PathBuf>) -> Self {
        self.spool_folder = folder;
        self
    }

    /// Sets how long the read may take.
    #[must_use]
    pub fn with_read_deadline(mut self, deadline: Duration) -> Self {
        self.read_deadline = deadline;
        self
    }

    /// Stops the run when this is cancelled.
    #[must_use]
    pub fn with_cancellation(mut self, cancellation: Cancellation) -> Self {
        self.cancellation = cancellation;
        self
    }

    /// Calls this as the run goes on. It is called often and must not block.
    #[must_use]
    pub fn with_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.listener = Some(Arc::new(listener));
        self
    }

    pub(super) fn tell(&self, progress: Progress) {
        if let Some(listener) = &self.listener {
            listener(progress);
        }
    }
}

impl fmt::Debug for SyncOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SyncOptions")
            .field("dry_run", &self.dry_run)
            .field("explain", &self.explain)
            .field("batch_size", &self.batch_size)
            .field("conflict_retries", &self.conflict_retries)
            .field("commit_retries", &self.commit_retries)
            .field("memory_bytes", &self.memory_bytes)
            .field("spool_bytes", &self.spool_bytes)
            .field("spool_folder", &self.spool_folder)
            .field("read_deadline", &self.read_deadline)
            .field("lease_time", &self.lease_time)
            .field("full_read", &self.full_read)
            .field("takes_over", &self.takes_over)
            .field("accepts_empty", &self.accepts_empty)
            .field("accepts_weaker_transport", &self.accepts_weaker_transport)
            .field("accepts_other_domain", &self.accepts_other_domain)
            .field("confirmation", &self.confirmation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_tell_what_was_set_and_not_who_listens() {
        let options = SyncOptions::new()
            .with_dry_run(true)
            .with_memory_bytes(4_096)
            .with_spool_bytes(512)
            .with_spool_folder(Some("/var/spool".into()))
            .with_read_deadline(Duration::from_secs(7))
            .with_progress(|_| {});
        let words = format!("{options:?}");
        for said in [
            "dry_run: true",
            "memory_bytes: 4096",
            "spool_bytes: 512",
            "spool_folder: Some(\"/var/spool\")",
            "read_deadline: 7s",
            "explain: false",
        ] {
            assert!(words.contains(said), "{said}: {words}");
        }
        assert!(!words.contains("listener"), "{words}");
    }
}
