//! Processes that are killed while they write to an inventory and while they follow it.
//!
//! Both are this test program itself, started anew for one test that does nothing otherwise. The one writes a history that
//! everybody knows, and begins again with the batch of which nobody knows whether it was written. The other keeps what it
//! hears in a file, event by event, and goes on behind the last one that is whole. What that file holds in the end is told by
//! the batches alone: each event once, in their order.

use std::env;
use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use ldap_inventory::asset::{AssetRepository, CommitOutcome, Event, EventKind};
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::testing::SplitMix;
use ldap_inventory::value::Timestamp;

use super::PAGE;
use crate::cases::cases;
use crate::rows::history;

/// Where a process finds the inventory, and the first batch that it writes, or the file that it keeps what it hears in.
const INVENTORY: &str = "LDAP_INVENTORY_FOLLOWED_FILE";
const FIRST: &str = "LDAP_INVENTORY_FOLLOWED_FIRST";
const HEARD: &str = "LDAP_INVENTORY_FOLLOWED_HEARD";

/// As often both processes are killed.
const ROUNDS: u32 = 100;
/// The one that writes is killed at one of so many batches.
const FARTHEST: usize = 6;
/// The most microseconds from what a process tells to the kill. A commit takes some thousands.
const LATEST: usize = 5_000;

#[tokio::test]
async fn the_process_that_writes() {
    let (Some(file), Ok(first)) = (env::var_os(INVENTORY), env::var(FIRST)) else { return };
    let repository = SqliteRepository::open(file).unwrap();
    for n in first.parse().unwrap().. {
        tell("begin");
        let committed = repository.commit(history::batch(n)).await.unwrap();
        assert!(!matches!(committed, CommitOutcome::Conflict(_)), "batch {n}: {committed:?}");
        tell("done");
    }
}

#[tokio::test]
async fn the_process_that_follows() {
    let (Some(file), Some(heard)) = (env::var_os(INVENTORY), env::var_os(HEARD)) else { return };
    let repository = SqliteRepository::open(file).unwrap();
    let mut cursor = last_cursor(Path::new(&heard));
    let mut kept = OpenOptions::new().append(true).open(heard).unwrap();
    loop {
        let acme = history::organization();
        let events = repository.events_since(&acme, cursor.as_deref(), PAGE).await.unwrap();
        for event in &events {
            writeln!(kept, "{}", serde_json::to_string(event).unwrap()).unwrap();
            cursor = Some(event.cursor.clone());
        }
        if !events.is_empty() {
            tell("heard");
        }
    }
}

/// Writes a line at once, so that a line which is there is whole.
fn tell(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// What was heard and kept. Half an event at the end was not: it is taken away.
fn heard(file: &Path) -> Vec<Event> {
    let text = std::fs::read_to_string(file).unwrap();
    let whole = text.rfind('\n').map_or(0, |end| end + 1);
    if whole < text.len() {
        File::options().write(true).open(file).unwrap().set_len(whole as u64).unwrap();
    }
    text[..whole].lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn last_cursor(file: &Path) -> Option<String> {
    heard(file).pop().map(|event| event.cursor)
}

/// Runs a process for a test, and kills it so long after it told so many lines of a kind. The lines that it told.
fn run_and_kill(
    test: &str,
    told: (&str, &str),
    inventory: &Path,
    (line, after): (&str, usize),
    delay: Duration,
) -> Vec<String> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", &format!("following::kills::{test}"), "--nocapture"]);
    command.env(INVENTORY, inventory).env(told.0, told.1);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let (mut lines, mut is_due) = (Vec::new(), true);
    loop {
        if is_due && lines.iter().filter(|told| *told == line).count() >= after {
            std::thread::sleep(delay);
            child.kill().unwrap();
            is_due = false;
        }
        let mut told = String::new();
        if reader.read_line(&mut told).unwrap() == 0 || !told.ends_with('\n') {
            break;
        }
        let told = told.trim_end();
        assert!(["begin", "done", "heard"].contains(&told), "it failed: {told}");
        lines.push(told.to_owned());
    }
    let status = child.wait().unwrap();
    assert!(!is_due && !status.success(), "it ended by itself: {status}");
    lines
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_writes_and_whoever_follows_is_killed_and_each_event_is_heard_once() {
    let folder = tempfile::tempdir().unwrap();
    let (inventory, kept) = (folder.path().join("inventory.db"), folder.path().join("heard"));
    File::create(&kept).unwrap();
    let (mut random, mut written) = (SplitMix::new(11), 0);
    let repository = SqliteRepository::open(&inventory).unwrap();
    for round in 0..cases(ROUNDS) {
        let batches = random.below(FARTHEST);
        let pages = random.below(batches + 1);
        let [first, second] = [(); 2].map(|()| Duration::from_micros(random.below(LATEST) as u64));
        let (file, number) = (inventory.clone(), written.to_string());
        let writing = tokio::task::spawn_blocking(move || {
            let told = (FIRST, number.as_str());
            run_and_kill("the_process_that_writes", told, &file, ("done", batches), first)
        });
        let (file, heard_in) = (inventory.clone(), kept.to_str().unwrap().to_owned());
        let following = tokio::task::spawn_blocking(move || {
            let told = (HEARD, heard_in.as_str());
            run_and_kill("the_process_that_follows", told, &file, ("heard", pages), second)
        });
        let (told, _) = futures::try_join!(writing, following).unwrap();
        written += told.iter().filter(|line| *line == "done").count() as u64;
        let heard = heard(&kept);
        assert_told(&heard, written + 1, &format!("round {round}"));
        if round % 4 == 0
            && let Some(last) = heard.last()
        {
            // Whoever follows has it all.
            let (acme, all) = (history::organization(), Timestamp::MAX);
            repository.prune_events(&acme, &last.cursor, all).await.unwrap();
        }
    }
    assert!(written > u64::from(cases(ROUNDS)), "only {written} batches were written");
    // The batch that the last process was about to write is there from now on, whether it was or not.
    let last = repository.commit(history::batch(written)).await.unwrap();
    assert!(!matches!(last, CommitOutcome::Conflict(_)), "{last:?}");
    let mut heard = heard(&kept);
    loop {
        let (acme, cursor) = (history::organization(), heard.last().map(|it| it.cursor.clone()));
        let events = repository.events_since(&acme, cursor.as_deref(), PAGE).await.unwrap();
        if events.is_empty() {
            break;
        }
        heard.extend(events);
    }
    let expected: Vec<EventKind> = (0..=written).flat_map(|n| history::batch(n).events()).collect();
    assert_eq!(heard.len(), expected.len());
    assert_told(&heard, written + 1, "in the end");
}

/// What was heard is what so many batches tell, from the first one on, as far as it goes.
fn assert_told(heard: &[Event], batches: u64, context: &str) {
    let told = (0..batches).flat_map(|n| history::batch(n).events());
    let differs = heard.iter().map(|event| &event.kind).zip(told.clone());
    for (n, (heard, told)) in differs.enumerate() {
        assert_eq!(*heard, told, "event {n}, {context}");
    }
    assert!(heard.len() <= told.count(), "{context}: more was heard than there was");
}
