//! For how long records of runs are kept.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{RunOutcome, RunRecord};
use crate::value::{BatchId, RecordDigest, RunId, SourceId, Timestamp};

/// For how long records of runs and ids of batches are kept, where a host has them
/// [pruned](super::AssetRepository::prune_runs).
///
/// A run stays that either of the two asks for. Whatever they ask, that stays by which later runs decide and report: of the
/// runs of a source that have the same task, [checkpoint key](crate::value::Checkpoint::key) and outcome, reached the same
/// server in the same way and matched by the same rules, the newest. So does all that `person/curation` has on record, which
/// is history and no run.
///
/// ```
/// use std::time::Duration;
///
/// use ldap_inventory::asset::RetainRuns;
/// use ldap_inventory::value::Timestamp;
///
/// let year = Duration::from_secs(365 * 86_400);
/// let since = Timestamp::now().checked_sub(year).unwrap_or(Timestamp::MIN);
/// let retain = RetainRuns::newer_than(since).with_last(100);
/// assert_eq!((retain.newer_than, retain.last), (Some(since), 100));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct RetainRuns {
    /// Runs that ended at this time or later stay, and so do the ids of batches that were made then or later: no batch from
    /// before may be sent again, and no plan from before be applied. Without it no id of a batch goes.
    pub newer_than: Option<Timestamp>,
    /// So many of the latest runs of each source stay.
    pub last: usize,
}

impl RetainRuns {
    /// Keeps what ended at this time or later.
    pub fn newer_than(time: Timestamp) -> Self {
        Self { newer_than: Some(time), last: 0 }
    }

    /// Keeps so many of the latest runs of each source, and all ids of batches.
    pub fn last(runs: usize) -> Self {
        Self { newer_than: None, last: runs }
    }

    /// Keeps so many of the latest runs of each source, however old they are.
    #[must_use]
    pub fn with_last(mut self, runs: usize) -> Self {
        self.last = runs;
        self
    }

    /// The runs of a source that are not kept, of all that it has, the newest first: for a store of a host's own.
    pub fn expendable<'r>(
        self,
        source: &SourceId,
        newest_first: impl IntoIterator<Item = &'r RunRecord>,
    ) -> Vec<RunId> {
        let mut kept = KeptRuns::new(self, source);
        let runs = newest_first.into_iter();
        runs.filter(|run| !kept.keeps(run)).map(|run| run.id).collect()
    }

    /// Whether the id of a batch is kept: one that does not tell when it was made always is.
    pub fn keeps_batch(self, id: BatchId) -> bool {
        self.oldest_batch().is_none_or(|oldest| id >= oldest) || !id.tells_time()
    }

    /// The lowest id of a batch that is kept, of those that tell when they were made.
    pub(crate) fn oldest_batch(self) -> Option<BatchId> {
        Some(BatchId::new_v7(self.newer_than?, [0; 10]))
    }
}

/// Which runs of a source are kept, told one after the other, the newest first.
#[derive(Debug)]
pub(crate) struct KeptRuns {
    retain: RetainRuns,
    is_of_people: bool,
    told: usize,
    kinds: HashSet<Kind>,
}

impl KeptRuns {
    pub(crate) fn new(retain: RetainRuns, source: &SourceId) -> Self {
        let is_of_people = *source == SourceId::of_people();
        Self { retain, is_of_people, told: 0, kinds: HashSet::new() }
    }

    /// Whether the next run is kept.
    pub(crate) fn keeps(&mut self, run: &RunRecord) -> bool {
        let is_newest = self.kinds.insert(Kind::of(run));
        let is_last = self.told < self.retain.last;
        self.told += 1;
        let is_new = self.retain.newer_than.is_some_and(|time| run.finished >= time);
        self.is_of_people || is_newest || is_last || is_new
    }
}

/// All that runs are looked for by, long after they ended: how their task was last protected, which server, domain and names
/// the source was last seen to have, whether an export was read since a checkpoint, when a task last began. Each of these is
/// found in the newest run of some kinds; where that is kept of every kind, the answers stay what they were.
#[derive(Debug, Eq, Hash, PartialEq)]
struct Kind {
    task: String,
    checkpoint: Option<RecordDigest>,
    outcome: RunOutcome,
    /// As JSON.
    told: Option<String>,
}

impl Kind {
    fn of(run: &RunRecord) -> Self {
        let checkpoint = run.checkpoint.as_ref().map(|checkpoint| checkpoint.key);
        let told = run.report.as_deref().and_then(Told::of);
        Self { task: run.task.clone(), checkpoint, outcome: run.outcome, told }
    }
}

/// What is read again of a report, whatever it looked like in its version.
#[derive(Deserialize, Serialize)]
struct Told {
    transport: Option<Value>,
    verified_by: Option<Value>,
    server: Option<Value>,
    connect_steps: Option<Value>,
    own_suffixes: Option<Value>,
    matching: Option<Value>,
}

impl Told {
    fn of(report: &str) -> Option<String> {
        let mut told: Self = serde_json::from_str(report).ok()?;
        // Which servers did not answer is another thing every day, and asked by nobody.
        if let Some(steps) = told.connect_steps.as_mut().and_then(Value::as_array_mut) {
            steps.retain(|step| step.get("failure").is_none_or(Value::is_null));
        }
        serde_json::to_string(&told).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::{Checkpoint, ReadMode};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(1_767_225_600 + seconds).unwrap()
    }

    fn corp() -> SourceId {
        SourceId::new("ldap", "corp.example").unwrap()
    }

    /// A run that ended so long after the first one, with this number.
    fn run(n: u8, outcome: RunOutcome, report: Option<Value>) -> RunRecord {
        let time = at(i64::from(n));
        let record = RunRecord::new(RunId::from_u128(n.into()), "corp", (time, time), outcome);
        RunRecord { report: report.map(|report| report.to_string()), ..record }
    }

    fn numbers(retain: RetainRuns, source: &SourceId, runs: &[RunRecord]) -> Vec<u128> {
        let expendable = retain.expendable(source, runs.iter().rev());
        let mut numbers: Vec<u128> = expendable.into_iter().map(RunId::as_u128).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn what_either_asks_for_stays_and_so_does_the_newest_of_each_kind() {
        use RunOutcome::{Complete, Failed};
        let server = |address: &str| Some(json!({ "server": { "address": address } }));
        let runs = [
            run(1, Failed, None),
            run(2, Complete, server("10.0.0.1:636")),
            run(3, Complete, server("10.0.0.2:636")),
            run(4, Failed, None),
            run(5, Complete, server("10.0.0.2:636")),
            run(6, Failed, None),
            run(7, Failed, None),
        ];
        let nothing_else = RetainRuns::last(0);
        assert_eq!(numbers(nothing_else, &corp(), &runs), [1, 3, 4, 6]);
        assert_eq!(numbers(RetainRuns::last(2), &corp(), &runs), [1, 3, 4]);
        assert_eq!(numbers(RetainRuns::newer_than(at(4)), &corp(), &runs), [1, 3]);
        assert_eq!(numbers(RetainRuns::newer_than(at(4)).with_last(5), &corp(), &runs), [1]);
        assert_eq!(numbers(RetainRuns::newer_than(at(9)), &SourceId::of_people(), &runs), []);
    }

    #[test]
    fn what_differs_from_run_to_run_makes_no_kind_and_what_later_runs_read_does() {
        let report = |edit: fn(&mut Value)| {
            let mut report = json!({
                "transport": "ldaps", "verified_by": "ca", "server": { "address": "10.0.0.1:636" },
                "connect_steps": [{ "host": "dc1", "failure": null }], "duration_seconds": 1.5,
            });
            edit(&mut report);
            run(1, RunOutcome::Complete, Some(report))
        };
        let plain = Kind::of(&report(|_| {}));
        let same: [fn(&mut Value); 3] = [
            |report| report["duration_seconds"] = json!(2),
            |report| report["lost"] = json!([{ "name": "web1" }]),
            |report| {
                let dead = json!({ "host": "dc2", "failure": "refused" });
                report["connect_steps"].as_array_mut().unwrap().insert(0, dead);
            },
        ];
        for edit in same {
            assert_eq!(Kind::of(&report(edit)), plain);
        }
        let others: [fn(&mut Value); 5] = [
            |report| report["transport"] = json!("ldap"),
            |report| report["verified_by"] = json!("nothing"),
            |report| report["server"]["domain"] = json!("corp.example"),
            |report| report["connect_steps"][0]["host"] = json!("dc2"),
            |report| report["own_suffixes"] = json!(["corp.test"]),
        ];
        for edit in others {
            assert_ne!(Kind::of(&report(edit)), plain);
        }
        let mut left = report(|_| {});
        left.checkpoint = Some(Checkpoint::new(ReadMode::Full, RecordDigest([1; 16]), Vec::new()));
        assert_ne!(Kind::of(&left), plain);
    }

    #[test]
    fn the_id_of_a_batch_goes_by_the_time_that_it_tells() {
        let made = |seconds| BatchId::new_v7(at(seconds), [9; 10]);
        let retain = RetainRuns::newer_than(at(5));
        assert!(!retain.keeps_batch(made(4)) && !retain.keeps_batch(made(4).nth(7)));
        assert!(retain.keeps_batch(made(5)) && retain.keeps_batch(made(6)));
        // Chosen by a host, in whatever way.
        assert!(retain.keeps_batch(BatchId::from_u128(1)));
        assert!(RetainRuns::last(0).keeps_batch(made(4)));
    }
}
