//! Pruning as a law: an inventory whose runs were pruned, however and whenever, decides, reports and answers what it would
//! have without.

use std::collections::BTreeMap;
use std::time::Duration;

use ldap_inventory::asset::{
    AssetRepository, Batch, CommitOutcome, RetainRuns, RunOutcome, RunRecord,
};
use ldap_inventory::credential::ServerUrl;
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::store::rows::{KeyRange, Row, Rows as _};
use ldap_inventory::sync::SyncReport;
use ldap_inventory::task::SyncTask;
use ldap_inventory::value::{
    AssetId, BatchId, Checkpoint, ReadMode, RecordDigest, RunId, SourceId, Timestamp,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::cases::cases;
use crate::lives::{Life, Met, Step, acme, at, directory, server, step, task};

/// What is done with the one of two inventories, or with both.
#[derive(Clone, Debug)]
enum Turn {
    Both(Step),
    /// Keeps runs that are so many turns old, if by time, and so many of the last.
    Prune(Option<u64>, usize),
}

fn turn() -> impl Strategy<Value = Turn> {
    let age = prop::option::weighted(0.8, 0..12u64);
    prop_oneof![
        6 => step().prop_map(Turn::Both),
        1 => (age, 0..3usize).prop_map(|(age, last)| Turn::Prune(age, last)),
    ]
}

/// Two inventories with the same life, one of which is pruned.
struct Twins<R> {
    whole: Life<MemoryRepository>,
    pruned: Life<R>,
    chance: Chance,
}

impl<R: AssetRepository> Twins<R> {
    fn new(pruned: R) -> Self {
        let (whole, pruned) = (Life::new(MemoryRepository::new()), Life::new(pruned));
        Self { whole, pruned, chance: Chance::default() }
    }

    async fn live(&mut self, step: &Step) {
        let whole = self.whole.live(step).await;
        let pruned = self.pruned.live(step).await;
        self.chance.assert_same(&whole, &pruned, &format!("what came of {step:?}"));
    }

    /// Prunes the one, and finds gone what a person would say may go, and nothing else.
    async fn prune(&mut self, age: Option<u64>, last: usize) {
        let mut retain = RetainRuns::last(last);
        if let Some(age) = age {
            let time = self.pruned.now.saturating_sub(age);
            retain.newer_than = Some(at(time));
            // As the contract asks: what is pruned is not sent again.
            self.whole.drop_plan_from_before(time);
            self.pruned.drop_plan_from_before(time);
        }
        let (runs, picture) =
            (all_runs(&self.pruned.repository).await, self.pruned.picture().await);
        self.pruned.repository.prune_runs(&acme(), retain).await.unwrap();
        let expected: BTreeMap<SourceId, Vec<RunRecord>> = runs
            .into_iter()
            .map(|(source, runs)| (source.clone(), naively_kept(&source, &runs, retain)))
            .collect();
        assert_eq!(all_runs(&self.pruned.repository).await, expected, "{retain:?}");
        assert_eq!(self.pruned.picture().await, picture, "{retain:?}");
    }

    /// Asks both whatever anybody asks.
    async fn compare(&mut self) {
        let (whole, pruned) = (self.whole.picture().await, self.pruned.picture().await);
        self.chance.assert_same(&whole, &pruned, "the inventory");
        let (whole, pruned) =
            (answers(&self.whole.repository).await, answers(&self.pruned.repository).await);
        self.chance.assert_same(&whole, &pruned, "what is asked of runs");
        // Whatever was pruned ended before.
        let mut since = Timestamp::MIN;
        let kept = all_runs(&self.pruned.repository).await;
        for (source, runs) in all_runs(&self.whole.repository).await {
            for run in runs {
                let of_source = || kept.get(&source).into_iter().flatten();
                let is_of_run = self.chance.is_renamed(&run.id.to_string());
                if !is_of_run && of_source().all(|kept| kept.id != run.id) {
                    let next = run.finished.checked_add(Duration::from_micros(1)).unwrap();
                    since = since.max(next);
                }
            }
        }
        let whole = self.whole.curation().changes(since).await.unwrap();
        let pruned = self.pruned.curation().changes(since).await.unwrap();
        // Of two changes at one moment the id tells which comes first, and what is one moment here may be two there.
        let [mut whole, mut pruned] =
            [json!(whole), json!(pruned)].map(|changes| self.chance.without_it(&changes));
        whole.sort_unstable();
        pruned.sort_unstable();
        assert_eq!(whole, pruned, "what changed");
    }
}

async fn all_runs(repository: &dyn AssetRepository) -> BTreeMap<SourceId, Vec<RunRecord>> {
    let mut all = BTreeMap::new();
    for source in repository.sources(&acme()).await.unwrap() {
        let runs = repository.runs(&acme(), &source, usize::MAX).await.unwrap();
        all.insert(source, runs);
    }
    all
}

/// What stays of the runs of a source, the newest of which comes first, as one would say it in a sentence.
fn naively_kept(source: &SourceId, runs: &[RunRecord], retain: RetainRuns) -> Vec<RunRecord> {
    let like = |run: &RunRecord| {
        let report: Value = run.report.as_deref().map_or(Value::Null, |it| it.parse().unwrap());
        let told = ["transport", "verified_by", "server", "own_suffixes", "matching"];
        let told = told.map(|field| report[field].clone());
        let steps = report["connect_steps"].as_array().cloned().unwrap_or_default();
        let reached: Vec<Value> = steps.into_iter().filter(|it| it["failure"].is_null()).collect();
        (run.task.clone(), run.outcome, run.checkpoint.as_ref().map(|it| it.key), told, reached)
    };
    let stays = |(n, run): &(usize, &RunRecord)| {
        source.as_str() == "person/curation"
            || *n < retain.last
            || retain.newer_than.is_some_and(|time| run.finished >= time)
            || runs[..*n].iter().all(|newer| like(newer) != like(run))
    };
    runs.iter().enumerate().filter(stays).map(|(_, run)| run.clone()).collect()
}

/// What runs, schedules and people ask of runs.
async fn answers(repository: &dyn AssetRepository) -> Value {
    let hosts =
        ["dc1.corp.example", "dc9", "192.0.2.9", "192.0.2.21", "alias1.corp.example", "x.test"];
    let urls = hosts.map(|host| ServerUrl::parse(host).unwrap());
    let mut answers = Vec::new();
    for url in &urls {
        let one = std::slice::from_ref(url);
        let likely = SyncReport::likely_sources(repository, &task(0, 0), one).await.unwrap();
        answers.push(json!(likely));
    }
    for of in [0, 1] {
        let mut unknown: SyncTask = task(of, 0);
        unknown.name = "New".to_owned();
        let mut renamed = task(of, 1);
        renamed.name = task(of, 0).name;
        for task in [task(of, 0), task(of, 1), renamed, unknown] {
            let protection = SyncReport::last_protection(repository, &task, &urls).await.unwrap();
            let runs = repository.runs(&acme(), &directory(of), usize::MAX).await.unwrap();
            let mut own = runs.iter().filter(|run| run.task == task.name);
            let latest = own.clone().next().map(|run| (run.id, run.started));
            let complete = own.find(|run| run.outcome == RunOutcome::Complete);
            let complete = complete.map(|run| (run.id, run.finished));
            answers.push(json!([protection, latest, complete]));
        }
    }
    json!(answers)
}

/// Ids and times that differ from one inventory to the other, since people act by the clock: which of the one stands for
/// which of the other.
#[derive(Default)]
struct Chance(BTreeMap<String, String>);

impl Chance {
    fn is_renamed(&self, text: &str) -> bool {
        self.0.contains_key(text)
    }

    /// A list as texts in which nothing is by chance: ids of the one inventory are those of the other, or none.
    fn without_it(&self, list: &Value) -> Vec<String> {
        let is_between = |c: char| !c.is_alphanumeric() && !"-:.".contains(c);
        let text_of = |entry: &Value| {
            let text = entry.to_string();
            let words = text.split_inclusive(is_between).map(|word| {
                let end = word.trim_end_matches(is_between).trim_end_matches(['.', ':']);
                let id = end.strip_prefix("asset:").unwrap_or(end);
                let stands = match self.0.get(id) {
                    Some(other) => other,
                    None if self.0.values().any(|other| other == id) => id,
                    None if id.parse::<AssetId>().is_ok() => "an id",
                    None if id.parse::<Timestamp>().is_ok_and(|time| time < at(0)) => "then",
                    None => id,
                };
                word.replacen(id, stands, 1)
            });
            words.collect::<String>()
        };
        list.as_array().unwrap().iter().map(text_of).collect()
    }

    fn assert_same(&mut self, whole: &Value, pruned: &Value, what: &str) {
        match (whole, pruned) {
            (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
                for (one, other) in one.iter().zip(other) {
                    self.assert_same(one, other, what);
                }
            }
            (Value::Object(one), Value::Object(other)) if one.len() == other.len() => {
                for ((key, one), (other_key, other)) in one.iter().zip(other) {
                    assert!(self.is_same(key, other_key), "{what}: {key} and {other_key}");
                    if !["duration_seconds", "stages"].contains(&&**key) {
                        self.assert_same(one, other, &format!("{what}, {key}"));
                    }
                }
            }
            (Value::String(one), Value::String(other)) => {
                assert!(self.is_same(one, other), "{what}: {one} and {other}");
            }
            (one, other) => assert_eq!(one, other, "{what}"),
        }
    }

    /// Whether two texts say the same, but for ids and times by chance.
    fn is_same(&mut self, one: &str, other: &str) -> bool {
        let is_between = |c: char| !c.is_alphanumeric() && !"-:.".contains(c);
        let words = one.split(is_between).zip(other.split(is_between));
        one == other
            || one.split(is_between).count() == other.split(is_between).count()
                && words.into_iter().all(|(one, other)| self.is_same_word(one, other))
    }

    fn is_same_word(&mut self, one: &str, other: &str) -> bool {
        let [one, other] = [one, other].map(|word| word.trim_end_matches(['.', ':']));
        if let Some((one, other)) = one.strip_prefix("asset:").zip(other.strip_prefix("asset:")) {
            return self.is_same_word(one, other);
        }
        let is_by_clock = |word: &str| word.parse::<Timestamp>().is_ok_and(|time| time < at(0));
        let is_id = |word: &str| word.parse::<AssetId>().is_ok();
        if one == other || is_by_clock(one) && is_by_clock(other) {
            return true;
        }
        is_id(one) && is_id(other) && {
            let known = self.0.entry(one.to_owned()).or_insert_with(|| other.to_owned());
            known == other
        }
    }
}

async fn assert_law<R: AssetRepository>(pruned: R, turns: &[Turn]) {
    let mut twins = Twins::new(pruned);
    for turn in turns {
        match turn {
            Turn::Both(step) => twins.live(step).await,
            Turn::Prune(age, last) => twins.prune(*age, *last).await,
        }
        twins.compare().await;
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(40)))]

    #[test]
    fn a_pruned_inventory_does_what_it_would_have_done(
        turns in prop::collection::vec(turn(), 10..40),
    ) {
        block_on(assert_law(MemoryRepository::new(), &turns));
    }
}

#[cfg(feature = "sqlite")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(8)))]

    #[test]
    fn a_pruned_inventory_does_what_it_would_have_done_in_sqlite(
        turns in prop::collection::vec(turn(), 10..40),
    ) {
        let sqlite = ldap_inventory::store::SqliteRepository::open_in_memory().unwrap();
        block_on(assert_law(sqlite, &turns));
    }
}

/// A run as it is on record, whatever it did.
#[derive(Clone, Debug)]
struct Noted {
    of: usize,
    /// By name, and by what it reads.
    task: (usize, usize),
    outcome: RunOutcome,
    /// Whom it reached, unless it has no report.
    met: Option<Met>,
    /// What its report tells otherwise, or not at all.
    told: Told,
    has_checkpoint: bool,
}

#[derive(Clone, Copy, Debug)]
enum Told {
    Whole,
    /// By another name of the server.
    Alias(u8),
    /// At another of its addresses.
    Address(u8),
    NoSid,
    /// By a version that did not ask.
    NothingOfTheSid,
    /// By a version that reaches servers in a way of its own.
    Unreadable,
}

fn noted() -> impl Strategy<Value = Noted> {
    use RunOutcome::{Complete, Failed, Incomplete, Stopped};
    let outcome = prop::sample::select(vec![Complete, Complete, Incomplete, Stopped, Failed]);
    let met = prop::sample::select(vec![
        Met::Everything,
        Met::Everything,
        Met::OtherServer,
        Met::Unprotected(true),
        Met::OtherDomain(true),
        Met::Export,
    ]);
    let told = prop_oneof![
        3 => Just(Told::Whole),
        1 => (0..3u8).prop_map(Told::Alias),
        1 => (0..3u8).prop_map(Told::Address),
        1 => Just(Told::NoSid),
        1 => Just(Told::NothingOfTheSid),
        1 => Just(Told::Unreadable),
    ];
    let task = (0..2usize, 0..2usize);
    let all = (0..2usize, task, outcome, prop::option::weighted(0.8, met), told, any::<bool>());
    all.prop_map(|(of, task, outcome, met, told, has_checkpoint)| Noted {
        of,
        task,
        outcome,
        met,
        told,
        has_checkpoint,
    })
}

impl Noted {
    /// A batch that notes it as a run of this hour, as each of the twins is sent it.
    fn batch(&self, hour: u64) -> Batch {
        let time = at(hour);
        let (id, (name, read)) = (RunId::new_v7(time, [7; 10]), self.task);
        let name = task(self.of, name).name;
        let mut record = RunRecord::new(id, name, (time, time), self.outcome);
        record.report = self.met.map(|met| self.report(met).to_string());
        if self.has_checkpoint {
            let scope = RecordDigest::of(["scope"]);
            let mut left = Checkpoint::new(ReadMode::Full, scope, Vec::new());
            left.key = task(self.of, read).checkpoint_key();
            record.checkpoint = Some(left);
        }
        let batch = Batch::new(BatchId::new_v7(time, [7; 10]), acme(), directory(self.of));
        batch.closing(None, record)
    }

    fn report(&self, met: Met) -> Value {
        let plain = matches!(met, Met::Unprotected(_));
        let (transport, verified_by) = if plain { ("ldap", "nothing") } else { ("ldaps", "ca") };
        let mut report = json!({
            "transport": transport, "verified_by": verified_by, "server": server(self.of, met),
        });
        let named = &mut report["server"];
        match self.told {
            Told::Whole => {}
            Told::Alias(n) => {
                let host = format!("alias{n}.corp.example");
                let dead = json!({ "transport": "ldaps", "host": "dead", "failure": "refused" });
                let met = json!({ "transport": "ldaps", "host": host });
                report["connect_steps"] = json!([dead, met]);
            }
            Told::Address(n) => named["address"] = json!(format!("192.0.2.{}:636", 20 + n)),
            Told::NoSid => named["domain_sid"] = Value::Null,
            Told::NothingOfTheSid => {
                named.as_object_mut().unwrap().remove("domain_sid");
            }
            Told::Unreadable => report["transport"] = json!("quic"),
        }
        report
    }
}

#[derive(Clone, Debug)]
enum Record {
    Note(Noted),
    Prune(Option<u64>, usize),
}

fn record() -> impl Strategy<Value = Record> {
    let age = prop::option::weighted(0.7, 0..20u64);
    prop_oneof![
        8 => noted().prop_map(Record::Note),
        1 => (age, 0..3usize).prop_map(|(age, last)| Record::Prune(age, last)),
    ]
}

/// Whatever is on record of runs, and whatever of it is pruned, the next runs do the same.
async fn assert_law_of_records(records: &[Record]) {
    let mut twins = Twins::new(MemoryRepository::new());
    let each = || [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter();
    for (of, n) in each() {
        twins.live(&Step::Sync(of, n, Met::Everything, false)).await;
    }
    for record in records {
        match record {
            Record::Note(noted) => {
                twins.whole.now += 1;
                twins.pruned.now += 1;
                let batch = noted.batch(twins.whole.now);
                for repository in [&twins.whole.repository, &twins.pruned.repository] {
                    let committed = repository.commit(batch.clone()).await.unwrap();
                    assert_eq!(committed, CommitOutcome::Applied);
                }
            }
            Record::Prune(age, last) => twins.prune(*age, *last).await,
        }
    }
    twins.prune(Some(0), 0).await;
    let (other_domain, plain) = (Met::OtherDomain(false), Met::Unprotected(false));
    for (of, n) in each() {
        for met in [Met::Everything, other_domain, plain, Met::Export] {
            twins.live(&Step::Plan(of, n, met)).await;
        }
    }
    for (of, n) in each() {
        twins.live(&Step::Sync(of, n, Met::Everything, false)).await;
    }
    twins.compare().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(60)))]

    #[test]
    fn whatever_is_on_record_the_next_runs_do_the_same(
        records in prop::collection::vec(record(), 5..50),
    ) {
        block_on(assert_law_of_records(&records));
    }
}

/// Where a key says which table it is of, and the tables of runs and of batches.
const TABLE_AT: usize = 17;
const PRUNED: [u8; 3] = [14, 15, 17];

#[tokio::test]
async fn of_a_table_no_rows_go_but_those_of_runs_and_batches() {
    let mut life = Life::new(MemoryRepository::new());
    let held = (vec![Some((0, 0)), Some((1, 1)), None, None], true);
    let step = |met| Step::Sync(0, 0, met, true);
    let steps = [Step::Change(0, held), Step::Import(vec![1, 6], true)];
    for step in steps.into_iter().chain((0..6).map(|_| step(Met::Everything))) {
        life.live(&step).await;
    }
    let rows = async || life.repository.rows().scan(&KeyRange::prefix(&[Row::OWN])).await.unwrap();
    let before = rows().await;
    life.repository.prune_runs(&acme(), RetainRuns::newer_than(at(1_000))).await.unwrap();
    let after = rows().await;
    let gone: Vec<&Row> = before.iter().filter(|row| !after.contains(row)).collect();
    assert!(gone.iter().all(|row| PRUNED.contains(&row.key[TABLE_AT])), "{gone:?}");
    assert_eq!(after.len() + gone.len(), before.len());
    let of_table = |table| gone.iter().filter(|row| row.key[TABLE_AT] == table).count();
    // Of six runs of one kind, five, with when they began.
    assert_eq!((of_table(14), of_table(15)), (5, 5));
    assert!(of_table(17) >= 6, "{} ids of batches", of_table(17));
}

/// However runs end while others are pruned, of each kind one is left, and each that was written is there or may be gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_that_end_while_others_are_pruned_are_kept() {
    for store in crate::stores::empty().await {
        let source = directory(0);
        let writing = (0..2u128).map(|writer| {
            let (repository, source) = (store.handles[0].clone(), source.clone());
            tokio::spawn(async move {
                for n in 0..20 {
                    let id = RunId::from_u128(100 * (writer + 1) + n);
                    let record = RunRecord::new(
                        id,
                        format!("task {writer}"),
                        (at(n as u64), at(n as u64)),
                        RunOutcome::Complete,
                    );
                    let batch =
                        Batch::new(BatchId::from_u128(id.as_u128()), acme(), source.clone());
                    let committed = repository.commit(batch.closing(None, record)).await.unwrap();
                    assert_eq!(committed, CommitOutcome::Applied);
                }
            })
        });
        let pruning = (0..2).map(|_| {
            let repository = store.handles.last().unwrap().clone();
            tokio::spawn(async move {
                for _ in 0..20 {
                    repository.prune_runs(&acme(), RetainRuns::last(0)).await.unwrap();
                    tokio::task::yield_now().await;
                }
            })
        });
        futures::future::try_join_all(writing.chain(pruning).collect::<Vec<_>>()).await.unwrap();
        store.handles[0].prune_runs(&acme(), RetainRuns::last(0)).await.unwrap();
        let runs = store.handles[0].runs(&acme(), &source, 99).await.unwrap();
        let mut left: Vec<u128> = runs.iter().map(|run| run.id.as_u128()).collect();
        left.sort_unstable();
        assert_eq!(left, [119, 219]);
    }
}
