//! A host that is killed while it writes, and a server that is.

use std::env;
use std::io::{BufRead, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use deadpool_postgres::tokio_postgres::Config;
use host_postgres::{inventory, pool};
use ldap_inventory::Retry;
use ldap_inventory::asset::{AssetRepository, CommitOutcome};
use ldap_inventory::testing::SplitMix;

use crate::database::{config, schema};
use crate::history;
use crate::state::Mirror;

/// Where the host that is killed finds its inventory, and with which batch it begins.
const SCHEMA: &str = "LDAP_INVENTORY_KILLED_SCHEMA";
const FIRST: &str = "LDAP_INVENTORY_KILLED_FIRST";

/// The host: this very program, started anew for this test, which does nothing otherwise. It says `begin` before each
/// batch and `done` after it.
#[tokio::test]
async fn the_host_that_is_killed() {
    let (Some(schema), Some(first)) = (env::var(SCHEMA).ok(), env::var(FIRST).ok()) else { return };
    let inventory = inventory(&pool(&config(), &schema, 1).unwrap()).await.unwrap();
    for n in first.parse().unwrap().. {
        say("begin");
        let committed = inventory.commit(history::batch(n)).await.unwrap();
        assert_ne!(committed, CommitOutcome::Conflict(Vec::new()));
        say("done");
    }
}

/// Writes a line at once, so that a line which is there is whole.
fn say(line: &str) {
    std::io::stderr().write_all(format!("{line}\n").as_bytes()).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_killed_at_any_moment_leaves_an_inventory_between_two_batches() {
    let (mut random, mut mirror) = (SplitMix::new(11), Mirror::default());
    let schema = schema(&config()).await;
    let left = inventory(&pool(&config(), &schema, 1).unwrap()).await.unwrap();
    for _ in 0..40 {
        let (after, delay) = (random.below(8) as u64, random.below(15_000) as u64);
        let (schema, first) = (schema.clone(), mirror.batches);
        let host = move || run_and_kill(&schema, first, after, Duration::from_micros(delay));
        let (begun, done) = tokio::task::spawn_blocking(host).await.unwrap();
        assert!(done <= begun && begun <= done + 1, "{done} of {begun}");
        mirror.go_on(done).await;
        // What the host had sent goes on without it: whoever writes next waits for it.
        settle(&left).await;
        mirror.follow(&left, begun > done).await;
    }
    assert!(mirror.batches > 40, "only {} batches were written", mirror.batches);
}

/// Waits until nobody else writes to the organization, and writes nothing.
async fn settle(inventory: &dyn AssetRepository) {
    let batch = history::batch(0);
    let committed = inventory.commit(batch.clone()).await.unwrap();
    if committed == CommitOutcome::Applied {
        panic!("the first batch was never written, though one was begun");
    }
}

/// Kills a host so long after it began so many batches. How many it began, and how many were done.
fn run_and_kill(schema: &str, first: u64, after: u64, delay: Duration) -> (u64, u64) {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "kills::the_host_that_is_killed", "--nocapture"]);
    command.env(SCHEMA, schema).env(FIRST, first.to_string());
    let mut host = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(host.stderr.take().unwrap()).lines();
    let (mut begun, mut done, mut is_alive) = (0, 0, true);
    while let Some(Ok(line)) = lines.next() {
        match line.as_str() {
            "begin" => begun += 1,
            "done" => done += 1,
            other => panic!("it failed: {other}"),
        }
        if is_alive && begun > after {
            std::thread::sleep(delay);
            host.kill().unwrap();
            is_alive = false;
        }
    }
    assert!(!host.wait().unwrap().success() && !is_alive, "it ended by itself");
    (begun, done)
}

/// A server of this test's own.
struct Server {
    directory: tempfile::TempDir,
    process: Child,
}

impl Server {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // PostgreSQL's user must be able to reach it.
        let open = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), open).unwrap();
        let cluster = directory.path().join("postgres");
        rig("create", &cluster);
        let process = serve(&cluster);
        Self { directory, process }
    }

    fn cluster(&self) -> PathBuf {
        self.directory.path().join("postgres")
    }

    fn config(&self) -> Config {
        std::fs::read_to_string(self.cluster().join("url")).unwrap().trim().parse().unwrap()
    }

    /// Ends it as a crash would, connections and all, and starts it again.
    fn crash(&mut self) {
        let quit = Command::new("kill").args(["-QUIT", &self.process.id().to_string()]).status();
        assert!(quit.unwrap().success());
        self.process.wait().unwrap();
        self.process = serve(&self.cluster());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.process.id().to_string()]).status();
        let _ = self.process.wait();
    }
}

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rig/postgres")
}

fn rig(command: &str, cluster: &Path) {
    let done = Command::new(script()).arg(command).arg(cluster).output().unwrap();
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

fn serve(cluster: &Path) -> Child {
    let server = Command::new(script()).arg("serve").arg(cluster).spawn().unwrap();
    rig("ready", cluster);
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_at_any_moment_has_an_inventory_between_two_batches() {
    let mut server = tokio::task::spawn_blocking(Server::start).await.unwrap();
    let schema = schema(&server.config()).await;
    let pool = pool(&server.config(), &schema, 2).unwrap();
    let inventory = inventory(&pool).await.unwrap();
    let (mut random, mut mirror) = (SplitMix::new(7), Mirror::default());
    for _ in 0..8 {
        let delay = Duration::from_micros(random.below(60_000) as u64);
        let crash = tokio::task::spawn_blocking(move || {
            std::thread::sleep(delay);
            server.crash();
            server
        });
        let mut written = 0;
        // Until it was killed, and a while after.
        let mut after = 5;
        while after > 0 {
            commit_until_it_is_written(&inventory, mirror.batches + written).await;
            written += 1;
            after -= u32::from(crash.is_finished());
        }
        server = crash.await.unwrap();
        mirror.go_on(written).await;
        mirror.follow(&inventory, false).await;
    }
    assert!(mirror.batches > 40, "only {} batches were written", mirror.batches);
}

/// Commits as a run does: again under the same id for as long as what hinders it may pass.
async fn commit_until_it_is_written(inventory: &dyn AssetRepository, n: u64) {
    for _ in 0..100 {
        match inventory.commit(history::batch(n)).await {
            Ok(CommitOutcome::Applied | CommitOutcome::AlreadyApplied) => return,
            Ok(CommitOutcome::Conflict(assets)) => panic!("batch {n}: {assets:?}"),
            Err(error) => assert_eq!(error.retry(), Retry::Transient, "{}", error.report()),
        }
    }
    panic!("batch {n} was not written");
}
