//! A process that is killed while it writes to a table, and the table it leaves.
//!
//! The process is this test program itself, started anew for one test that does nothing otherwise. It goes through a
//! history that everybody knows and tells how far it is, so that what it leaves is known to the last byte, but for one
//! batch: the one that it was about to write is there as a whole, or not at all.

use std::env;
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, CommitOutcome};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::store::rows::{KeyRange, Row, Rows, RowsRepository};
use ldap_inventory::testing::SplitMix;

use super::history;

/// Where the process finds the table, and with which batch it begins.
const TABLE: &str = "LDAP_INVENTORY_KILLED_TABLE";
const FIRST: &str = "LDAP_INVENTORY_KILLED_FIRST";
/// Where a key says which table it is of, and which one has what batches told.
const TABLE_AT: usize = 17;
const TOLD: u8 = 20;
/// A process is killed at one of so many batches.
const FARTHEST: usize = 8;

/// What the process does: tells `begin` before each batch, and `done` after it.
pub(crate) async fn write_until_killed<R: Rows, F: Future<Output = R>>(open: impl Fn(String) -> F) {
    let (Some(table), Some(first)) = (env::var(TABLE).ok(), env::var(FIRST).ok()) else { return };
    let repository = RowsRepository::over(open(table).await);
    for n in first.parse().unwrap().. {
        tell("begin");
        let committed = repository.commit(history::batch(n)).await.unwrap();
        assert_ne!(committed, CommitOutcome::Conflict(Vec::new()));
        tell("done");
    }
}

/// Writes a line at once, so that a line which is there is whole.
fn tell(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// Runs the test of that name in a process, and kills it so long after it began so many batches. How many it began,
/// and how many were done.
fn run_and_kill(test: &str, table: &str, first: u64, after: usize, delay: Duration) -> (u64, u64) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]);
    command.env(TABLE, table).env(FIRST, first.to_string());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let (mut begun, mut done, mut line) = (0, 0, String::new());
    let mut is_due = true;
    while lines.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        match line.trim_end() {
            "begin" => begun += 1,
            "done" => done += 1,
            other => panic!("it failed: {other}"),
        }
        line.clear();
        if is_due && begun > after as u64 {
            std::thread::sleep(delay);
            child.kill().unwrap();
            is_due = false;
        }
    }
    let status = child.wait().unwrap();
    assert!(!is_due && !status.success(), "it ended by itself: {status}");
    (begun, done)
}

/// Kills so many processes, and finds the table whole after each. `test` is the name of the test that calls
/// [`write_until_killed`], and `latest` the most microseconds from the beginning of a batch to a kill.
pub(crate) async fn kill<R: Rows, F: Future<Output = R>>(
    test: &'static str,
    table: String,
    open: impl Fn(String) -> F,
    (kills, latest, seed): (usize, usize, u64),
) {
    let (mut random, mirror, mut written) = (SplitMix::new(seed), MemoryRepository::new(), 0);
    for kill in 0..kills {
        let after = random.below(FARTHEST);
        let delay = Duration::from_micros(random.below(latest) as u64);
        let name = table.clone();
        let process = move || run_and_kill(test, &name, written, after, delay);
        let (begun, done) = tokio::task::spawn_blocking(process).await.unwrap();
        assert!(done <= begun && begun <= done + 1, "{done} of {begun}");
        reflect(&mirror, written..written + done).await;
        written += done;
        let found = rows(&open(table.clone()).await).await;
        if begun > done && found != rows(mirror.rows()).await {
            reflect(&mirror, written..written + 1).await;
            written += 1;
        }
        let expected = rows(mirror.rows()).await;
        let differs = found.iter().zip(&expected).find(|(found, expected)| found != expected);
        assert!(found == expected, "kill {kill}: a state between two batches, {differs:?}");
    }
    assert!(written > kills as u64, "only {written} batches were written");
}

async fn reflect(mirror: &MemoryRepository, batches: std::ops::Range<u64>) {
    for n in batches {
        let committed = mirror.commit(history::batch(n)).await.unwrap();
        assert_eq!(committed, CommitOutcome::Applied, "batch {n}");
    }
}

/// Everything in a table, but for the moments at which batches were told of.
async fn rows(rows: &impl Rows) -> Vec<Row> {
    let mut rows = rows.scan(&KeyRange::prefix(&[Row::OWN])).await.unwrap();
    for row in rows.iter_mut().filter(|row| row.key.get(TABLE_AT) == Some(&TOLD)) {
        let mut told: serde_json::Value = serde_json::from_slice(&row.value).unwrap();
        assert!(told.as_object_mut().unwrap().remove("at").is_some());
        row.value = told.to_string().into_bytes();
    }
    rows
}
