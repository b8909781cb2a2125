//! What a run did, in numbers and in words.

use serde::{Deserialize, Serialize};

use super::limits::LimitsExceeded;
use super::loss::Loss;
use crate::directory::{
    Completeness, ConnectStep, FullReadReason, LeftOutValues, ReadEnd, ServerIdentity, Transport,
    Verification,
};
use crate::merge::Decision;
use crate::task::MatchPolicy;
use crate::value::{ReadMode, RunId, Timestamp};

/// How many losses a report names.
const MOST_LOST: usize = 1000;

/// What a run did, or, for a dry run, would have done.
///
/// Serialises to the object that `sync --json` prints; its keys are stable.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[non_exhaustive]
pub struct SyncReport {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub started: Timestamp,
    /// Whether everything in scope was read. If not, nothing was removed.
    pub complete: bool,
    /// Why it was not, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete_because: Option<String>,
    /// Whether nothing was written because nothing was to be written.
    pub dry_run: bool,
    /// The transport that was reached.
    pub transport: Transport,
    /// What vouched for the server.
    pub verified_by: Verification,
    /// Who answered.
    pub server: ServerIdentity,
    /// Every way of connecting that was tried.
    pub connect_steps: Vec<ConnectStep>,
    /// How the directory was read.
    pub mode: ReadMode,
    /// Why everything was read, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_because: Option<FullReadReason>,
    /// Whether it made sure what is still there, by reading everything or by a census. If not, nothing is missing but what
    /// the directory says is deleted, and what was missing before is neither counted nor said to be gone.
    #[serde(default = "yes")]
    pub census: bool,
    /// What became of the computers.
    pub computers: ComputerCounts,
    /// What became of the users.
    pub users: PrincipalCounts,
    /// What became of the groups.
    pub groups: PrincipalCounts,
    /// What became missing in this run, or gone, by name: computers, then groups, then users. At most 1000 are listed;
    /// the counts have all that are missing, those of earlier runs included.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Loss>,
    /// Referrals seen, none followed.
    pub referrals: u64,
    /// What was left out of the objects that were read, by attribute and reason. Each has its sentence among the
    /// warnings.
    #[serde(default)]
    pub left_out: Vec<LeftOutValues>,
    /// The suffixes that stand for the directory's domain: those that the task lists, and those that the directory
    /// allows. Runs of other directories ask whose a suffix is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_suffixes: Vec<String>,
    /// The task's policy. Wherever people's decisions set a computer of the directory free, also between its runs and in
    /// those of other directories, it is decided on by this one.
    #[serde(default)]
    pub matching: MatchPolicy,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// What is more than one run may change, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub brake: Option<LimitsExceeded>,
    /// How long it took, in seconds.
    pub duration_seconds: f64,
    pub(super) stages: Stages,
    /// Why each computer went where it went, if the run was asked to explain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decisions: Option<Vec<Decision>>,
}

/// Runs always did, before there was the key.
fn yes() -> bool {
    true
}

/// What became of the computers of a directory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct ComputerCounts {
    /// Read from the directory, each once.
    pub read: u64,
    /// Tied to an asset that existed before they were first linked. In a run of changes some of them need not have been
    /// read: assets came that they belong to.
    pub matched: u64,
    /// New assets.
    pub created: u64,
    /// Of the new ones, those of which nobody can say that they are none of the assets that were there
    /// ([`Decision::is_beside_another`]).
    #[serde(default)]
    pub beside: u64,
    /// Of the matched, those of which something was written.
    pub updated: u64,
    /// Of the matched, those of which nothing was to be written.
    pub unchanged: u64,
    /// Waiting for a person, since several assets fit equally well.
    pub ambiguous: u64,
    /// Left out by rule: no hosts, and what the task leaves out (its exclusions, and what is unknown to the
    /// inventory where that was asked for). Each decision says which.
    pub skipped: u64,
    /// Left out because they could not be read.
    pub rejected: u64,
    /// Known objects that this complete read did not show.
    pub missing: u64,
    /// Known objects that were missing for longer than the grace period.
    pub gone: u64,
    /// Missing or gone objects that are back.
    pub restored: u64,
}

/// What became of the users or groups of a directory.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct PrincipalCounts {
    /// Read from the directory, each once.
    pub read: u64,
    /// New.
    pub created: u64,
    /// Known and changed.
    pub updated: u64,
    /// Known and the same.
    pub unchanged: u64,
    /// Known objects that this complete read did not show.
    pub missing: u64,
    /// Known objects that were missing for longer than the grace period.
    pub gone: u64,
    /// Left out because they could not be read.
    pub rejected: u64,
}

/// How long each stage of a run took, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub(super) struct Stages {
    pub(super) connect: f64,
    pub(super) read: f64,
    pub(super) plan: f64,
    pub(super) commit: f64,
}

impl SyncReport {
    pub(super) fn of_read(run: RunId, started: Timestamp, dry_run: bool, end: &ReadEnd) -> Self {
        let incomplete_because = match &end.completeness {
            Completeness::Complete => None,
            Completeness::Incomplete { reason, .. } => Some(reason.clone()),
        };
        Self {
            run,
            started,
            complete: incomplete_because.is_none(),
            incomplete_because,
            dry_run,
            transport: end.transport,
            verified_by: end.verification,
            server: end.server.clone(),
            connect_steps: end.steps.clone(),
            mode: end.mode,
            full_because: end.full_because,
            census: end.makes_sure(),
            computers: ComputerCounts::default(),
            users: PrincipalCounts::default(),
            groups: PrincipalCounts::default(),
            lost: Vec::new(),
            referrals: end.referrals,
            left_out: Vec::new(),
            own_suffixes: Vec::new(),
            matching: MatchPolicy::default(),
            warnings: end.warnings.clone(),
            brake: None,
            duration_seconds: 0.0,
            stages: Stages::default(),
            decisions: None,
        }
    }
}

impl SyncReport {
    /// How long each stage took, in seconds, in their order: `connect`, until the bind was answered; `read`, until the last
    /// page; `plan`, looking up candidates and deciding; `commit`, working out and writing changes.
    pub fn stages(&self) -> [(&'static str, f64); 4] {
        let Stages { connect, read, plan, commit } = self.stages;
        [("connect", connect), ("read", read), ("plan", plan), ("commit", commit)]
    }

    /// Names what went missing or is gone since.
    pub(super) fn note_lost(&mut self, mut lost: Vec<Loss>) {
        lost.sort_by(|one, other| (one.kind, &one.name).cmp(&(other.kind, &other.name)));
        lost.truncate(MOST_LOST);
        self.lost = lost;
    }

    /// Says what was left out: here, among the warnings, and in the log.
    pub(super) fn note_left_out(&mut self, left_out: Vec<LeftOutValues>) {
        for it in &left_out {
            let LeftOutValues { attribute, reason, count, objects, first, .. } = it;
            tracing::warn!(attribute, reason, count, objects, first, "values were left out");
            self.warnings.push(it.to_string());
        }
        self.left_out = left_out;
    }
}

impl ComputerCounts {
    /// Adds what one batch did.
    pub(super) fn add(&mut self, batch: &Self) {
        self.matched += batch.matched;
        self.created += batch.created;
        self.beside += batch.beside;
        self.updated += batch.updated;
        self.unchanged += batch.unchanged;
        self.ambiguous += batch.ambiguous;
        self.skipped += batch.skipped;
        self.restored += batch.restored;
    }
}
