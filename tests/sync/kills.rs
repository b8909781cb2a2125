//! A process that is killed at any moment of a run, and the file it leaves.
//!
//! The process is this test program itself, started anew for [the one test](the_process_that_is_killed) that
//! does nothing otherwise. Before each commit it tells what it is about to write, and after the commit that
//! it is done. So the inventory that it leaves is known to the last bit, but for one batch: the one that it
//! was about to write is there as a whole, or not at all.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ldap_inventory::asset::{
    Asset, AssetRepository, Batch, CommitOutcome, DirectoryGroup, DirectoryUser, EventKind,
    LeaseRequest, Link, RunRecord,
};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::{MemoryRepository, SqliteRepository};
use ldap_inventory::sync::{Progress, SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{SplitMix, TestDirectory, TestServer};
use ldap_inventory::value::{Checkpoint, RunId, Timestamp};
use serde_json::Value;

use super::interfering::Interfering;
use super::wire::{PASSWORD, credential, source};
use super::world::*;

const KILLS: usize = 200;
/// How many inventories are worked on at the same time.
const LANES: usize = 2;
/// Small, so that a run has many commits.
const BATCH_SIZE: usize = 8;
/// A run is killed at one of so many batches, so that it takes many to write everything.
const FARTHEST: usize = 7;
/// The most microseconds between what a process tells and the kill. A commit takes some thousands, so that the
/// kill falls before, within or after it.
const LATEST: usize = 4_000;
/// The same for a process that opens the file: that takes longer, and so does the read.
const LATEST_OPENING: usize = 60_000;

const URL: &str = "LDAP_INVENTORY_KILLED_URL";
const FILE: &str = "LDAP_INVENTORY_KILLED_FILE";

fn options() -> SyncOptions {
    SyncOptions::new().with_batch_size(BATCH_SIZE)
}

/// What the process tells, in lines: `open`, `batch` with a batch as JSON, and `done` when all of them are
/// written.
#[tokio::test]
async fn the_process_that_is_killed() {
    let (Some(url), Some(file)) = (env::var(URL).ok(), env::var_os(FILE)) else { return };
    tell("open");
    let repository = SqliteRepository::open(file).unwrap();
    let telling = Interfering::new(repository, |_, batch| {
        tell(&format!("batch {}", serde_json::to_string(batch).unwrap()));
        None
    });
    let options = options().with_progress(|progress| {
        if matches!(progress, Progress::Writing { .. } | Progress::Finished) {
            tell("done");
        }
    });
    let source = source(credential(Some(url)).with_insecure(true));
    sync(&task(), &source, &telling, &options).await.unwrap();
}

/// Writes a line at once, so that a line which is there is whole.
fn tell(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

/// What a process told before it ended.
#[derive(Default)]
struct Told {
    batches: Vec<Batch>,
    /// How many of them it knew to be written.
    done: usize,
    /// What else it said: why it failed.
    other: String,
    was_killed: bool,
}

impl Told {
    fn hear(&mut self, line: &str) {
        match line.split_once(' ').unwrap_or((line, "")) {
            ("open", "") => {}
            ("batch", json) => self.batches.push(serde_json::from_str(json).unwrap()),
            ("done", "") => self.done = self.batches.len(),
            _ => self.other += &format!("{line}\n"),
        }
    }
}

/// Runs the process, and kills it so long after it was about to write so many batches; 0 is when it opens
/// the file.
fn run_and_kill(url: &str, file: &Path, after: usize, delay: Duration) -> Told {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "sync::kills::the_process_that_is_killed", "--nocapture"]);
    command.env(URL, url).env(FILE, file).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let (mut told, mut line) = (Told::default(), String::new());
    let mut is_due = true;
    while lines.read_line(&mut line).unwrap() > 0 && line.ends_with('\n') {
        told.hear(line.trim_end());
        line.clear();
        if is_due && told.batches.len() >= after {
            std::thread::sleep(delay);
            child.kill().unwrap();
            is_due = false;
        }
    }
    // It may have come to its end before the kill did.
    let status = child.wait().unwrap();
    assert!(told.other.is_empty() && (status.success() || !is_due), "{status}: {}", told.other);
    told.was_killed = !status.success();
    told
}

/// A server, and the same inventory in a file and in memory.
struct Rig {
    server: TestServer,
    folder: tempfile::TempDir,
    mirror: MemoryRepository,
    random: SplitMix,
}

/// What a run did that nobody disturbed.
struct Undisturbed {
    report: SyncReport,
    batches: Vec<Batch>,
}

impl Rig {
    async fn new(seed: u64, directory: &TestDirectory) -> Self {
        let server = TestServer::builder(directory).with_ldap().with_plain_binds();
        Self {
            server: server.start().await.unwrap(),
            folder: tempfile::tempdir().unwrap(),
            mirror: MemoryRepository::new(),
            random: SplitMix::new(seed),
        }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("inventory.db")
    }

    fn source(&self) -> LdapSource {
        source(credential(self.server.ldap_url()).with_insecure(true))
    }

    /// A run that nobody disturbs.
    async fn sync_into(&self, repository: Arc<dyn AssetRepository>) -> Undisturbed {
        let batches: Arc<Mutex<Vec<Batch>>> = Arc::default();
        let heard = Arc::clone(&batches);
        let recorded = Interfering::new(repository, move |_, batch| {
            heard.lock().unwrap().push(batch.clone());
            None
        });
        let report = sync(&task(), &self.source(), &recorded, &options()).await.unwrap();
        assert!(report.complete, "{report:?}");
        drop(recorded);
        Undisturbed { report, batches: Arc::into_inner(batches).unwrap().into_inner().unwrap() }
    }

    /// What a scanner found, and the directory as it is, in the file.
    async fn begin_with_an_inventory(&self) {
        let repository = Arc::new(SqliteRepository::open(self.file()).unwrap());
        for asset in scanned_assets(self.server.directory()) {
            put(&*repository, asset.clone()).await;
            put(&self.mirror, asset).await;
        }
        for batch in self.sync_into(repository).await.batches {
            self.reflect(&batch).await;
        }
    }

    /// Kills one run after the other until so many batches are written. The number of kills.
    async fn kill_runs(&mut self, batches: usize, most: usize) -> usize {
        let (mut written, mut kills) = (0, 0);
        while written < batches && kills < most {
            let told = self.kill().await;
            written += self.check(&told).await;
            kills += usize::from(told.was_killed);
        }
        kills
    }

    /// Kills a run that opens the file, or reads, or is about to write one of its next batches.
    async fn kill(&mut self) -> Told {
        let after = self.random.below(FARTHEST);
        let latest = if after == 0 { LATEST_OPENING } else { LATEST };
        let delay = Duration::from_micros(self.random.below(latest) as u64);
        let (url, file) = (self.server.ldap_url().unwrap(), self.file());
        let process = move || run_and_kill(&url, &file, after, delay);
        tokio::task::spawn_blocking(process).await.unwrap()
    }

    /// Checks that the file holds all that was written, and all or nothing of what was being written, and
    /// brings the mirror to the same state.
    async fn check(&mut self, told: &Told) -> usize {
        let repository = SqliteRepository::open(self.file()).unwrap();
        assert!(repository.check().await.unwrap().is_empty());
        let found = everything(&repository).await;
        // A batch is begun when the one before is written.
        let mut written = told.done.max(told.batches.len().saturating_sub(1));
        for batch in &told.batches[..written] {
            self.reflect(batch).await;
        }
        let mut expected = everything(&self.mirror).await;
        let uncertain = told.batches.get(written).filter(|_| found != expected);
        if let Some(batch) = uncertain {
            self.reflect(batch).await;
            expected = everything(&self.mirror).await;
            written += 1;
        }
        if found != expected {
            let (left, right) = (inventory(&repository).await, inventory(&self.mirror).await);
            assert_same(&left, &right, "a state between two commits");
            assert_eq!(found.runs, expected.runs, "a run and its checkpoint belong together");
        }
        assert_consistent(&self.mirror).await;
        if told.was_killed {
            outlive_lease(&repository).await;
        }
        if self.random.below(2) == 0 {
            written += self.send_again(told, written, &repository).await;
        }
        written
    }

    /// Whoever sends the last batch again is told whether it is there, and then it is.
    async fn send_again(&self, told: &Told, written: usize, file: &SqliteRepository) -> usize {
        let Some(batch) = told.batches.last() else { return 0 };
        let is_new = written < told.batches.len();
        let expected = if is_new { CommitOutcome::Applied } else { CommitOutcome::AlreadyApplied };
        assert_eq!(file.commit(without_lease(batch)).await.unwrap(), expected);
        if is_new {
            self.reflect(batch).await;
        }
        usize::from(is_new)
    }

    async fn reflect(&self, batch: &Batch) {
        let committed = self.mirror.commit(without_lease(batch)).await.unwrap();
        assert_eq!(committed, CommitOutcome::Applied);
    }

    /// The next run makes of the file what runs that nobody disturbed made of the other inventory, and the
    /// one after it has nothing to add.
    async fn assert_converges(&self, undisturbed: &dyn AssetRepository) {
        let repository = Arc::new(SqliteRepository::open(self.file()).unwrap());
        self.sync_into(repository.clone()).await;
        let (found, expected) = (content(&*repository).await, content(undisturbed).await);
        assert_same(&known_or_not(found), &known_or_not(expected), "after the last kill");
        let report = self.sync_into(repository).await.report;
        assert_eq!((report.computers.created, report.computers.updated), (0, 0));
        assert_eq!((report.users.created, report.users.updated), (0, 0));
        assert_eq!((report.groups.created, report.groups.updated), (0, 0));
    }
}

fn without_lease(batch: &Batch) -> Batch {
    let mut batch = batch.clone();
    batch.lease = None;
    batch
}

/// The lease of a dead run keeps nobody away: the lock that showed it to be alive went with its process.
async fn outlive_lease(repository: &dyn AssetRepository) {
    let (run, ttl) = (RunId::random_v7(), Duration::from_secs(1));
    let request = LeaseRequest::new(acme(), corp(), run, Timestamp::now(), ttl);
    repository.acquire_lease(request).await.unwrap();
    repository.release_lease(&acme(), &corp(), run).await.unwrap();
}

/// Everything that is in an inventory, and the history of its runs.
#[derive(PartialEq)]
struct Everything {
    assets: Vec<Asset>,
    users: Vec<DirectoryUser>,
    groups: Vec<DirectoryGroup>,
    links: Vec<Link>,
    checkpoint: Option<Checkpoint>,
    runs: Vec<RunRecord>,
    /// What was told, each with its place.
    events: Vec<(String, EventKind)>,
}

async fn everything(repository: &dyn AssetRepository) -> Everything {
    Everything {
        assets: assets(repository).await,
        users: users(repository).await,
        groups: groups(repository).await,
        links: links(repository).await,
        checkpoint: repository.checkpoint(&acme(), &corp(), task().checkpoint_key()).await.unwrap(),
        runs: repository.runs(&acme(), &corp(), 1_000).await.unwrap(),
        events: repository
            .events_since(&acme(), None, usize::MAX)
            .await
            .unwrap()
            .into_iter()
            .map(|event| (event.cursor, event.kind))
            .collect(),
    }
}

/// Each read that shows an object to be absent counts towards its being gone, also if the run was killed
/// before it had said so.
fn known_or_not(content: Value) -> Value {
    let text = content.to_string().replace("\"gone\":", "\"missing\":");
    serde_json::from_str(&text).unwrap()
}

fn computers(directory: &TestDirectory) -> Vec<(String, String)> {
    let tree = directory.read();
    let computers = tree.entries().filter_map(|entry| {
        let name = entry.values("dNSHostName").first()?;
        Some((entry.dn().to_owned(), String::from_utf8(name.clone()).unwrap()))
    });
    computers.filter(|(_, name)| !name.starts_with("dc1.")).collect()
}

/// Every third computer was scanned, under its FQDN.
fn scanned_assets(directory: &TestDirectory) -> Vec<Asset> {
    let names = computers(directory).into_iter().map(|(_, name)| name).step_by(3);
    (1..).zip(names).map(|(n, name)| scanned(n, &[&name])).collect()
}

/// A bad day: computers are changed, disabled, renamed, moved and deleted, others join, and groups change.
fn change(directory: &TestDirectory) {
    let computers = computers(directory);
    let mut tree = directory.write();
    let archive = tree.add_organizational_unit("Archive").unwrap();
    for (n, (dn, _)) in computers.iter().enumerate() {
        match n % 8 {
            0 => tree.set(dn, "description", ["moved to the basement"]).unwrap(),
            1 => tree.set(dn, "userAccountControl", ["4098"]).unwrap(),
            2 => _ = tree.rename(dn, &format!("RENAMED-{n}")).unwrap(),
            3 => _ = tree.move_to(dn, &archive).unwrap(),
            4 => _ = tree.delete(dn).unwrap(),
            _ => {}
        }
    }
    let new = (0..10).map(|n| tree.add_computer(&format!("NEW-{n}")).unwrap());
    let new: Vec<String> = new.collect();
    tree.add_group("Newcomers").and_then(|group| tree.add_values(&group, "member", new)).unwrap();
}

/// Kills so many runs, on one inventory after the other.
async fn kill_runs(seeds: impl Iterator<Item = u64>, most: usize) -> usize {
    let mut kills = 0;
    for seed in seeds {
        let directory = TestDirectory::generated(seed, 160, 30, 10);
        directory.write().add_account("svc", PASSWORD).unwrap();
        let mut rig = Rig::new(seed, &directory).await;
        let undisturbed = Arc::new(MemoryRepository::new());
        // From an inventory to a directory that has changed, or from nothing.
        if seed % 4 < 2 {
            rig.begin_with_an_inventory().await;
            for asset in scanned_assets(&directory) {
                put(&*undisturbed, asset).await;
            }
            rig.sync_into(undisturbed.clone()).await;
            change(&directory);
        }
        let batches = rig.sync_into(undisturbed.clone()).await.batches.len();
        assert!(batches > 15, "only {batches} commits to kill");
        kills += rig.kill_runs(batches, most - kills).await;
        rig.assert_converges(&*undisturbed).await;
        if kills == most {
            break;
        }
    }
    kills
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_at_any_moment_leaves_a_state_between_two_commits() {
    let lanes = (0..LANES)
        .map(|lane| tokio::spawn(kill_runs((lane as u64..).step_by(LANES), KILLS / LANES)));
    let kills = futures::future::try_join_all(lanes).await.unwrap();
    assert_eq!(kills.into_iter().sum::<usize>(), KILLS);
}
