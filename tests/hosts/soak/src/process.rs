//! The processes: this program itself, started anew for one role, which works until nobody listens any more.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use ldap_inventory::testing::SplitMix;
use ldap_inventory::{Error, ErrorKind, Result};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::told::{Ledger, Told};
use crate::{people, readers, syncing};

/// The first word of the command line of a process.
pub(crate) const AS_A_PROCESS: &str = "process";

/// What a process does.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Role {
    Sync(usize),
    Person(usize),
    Reader(usize),
}

/// What a process has to know.
pub(crate) struct Working {
    pub(crate) number: usize,
    pub(crate) file: PathBuf,
    pub(crate) urls: Vec<String>,
    pub(crate) random: SplitMix,
    stop: watch::Receiver<bool>,
}

impl Working {
    /// Whether it is to go on.
    pub(crate) fn goes_on(&self) -> bool {
        !*self.stop.borrow()
    }
}

/// Does what the command line says, until the standard input ends.
pub(crate) async fn work(words: &[String]) -> Result<()> {
    let unknown = || Error::new(ErrorKind::Configuration, "unknown words for a process");
    let [role, number, seed, file, urls @ ..] = words else { return Err(unknown()) };
    let (number, seed) =
        (number.parse().map_err(|_| unknown())?, seed.parse().map_err(|_| unknown())?);
    let (stopping, stop) = watch::channel(false);
    std::thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0]);
        stopping.send_replace(true);
    });
    let random = SplitMix::new(seed);
    let working = Working { number, file: file.into(), urls: urls.to_vec(), random, stop };
    match role.as_str() {
        "sync" => syncing::work(working).await,
        "person" => people::work(working).await,
        "reader" => readers::work(working).await,
        _ => Err(unknown()),
    }
}

/// Processes that run, and what they told.
pub(crate) struct Processes {
    running: Vec<Running>,
    file: PathBuf,
    urls: Vec<String>,
    seed: u64,
    told: Arc<Mutex<Ledger>>,
    /// How often each role began.
    begun: BTreeMap<Role, u64>,
}

struct Running {
    role: Role,
    child: Child,
    heard: JoinHandle<()>,
}

impl Processes {
    pub(crate) fn start(roles: &[Role], file: &Path, urls: &[String], seed: u64) -> Self {
        let (running, begun) = (Vec::new(), BTreeMap::new());
        let (file, urls, told) = (file.to_owned(), urls.to_vec(), Arc::default());
        let mut processes = Self { running, file, urls, seed, told, begun };
        for role in roles {
            let running = processes.begin(*role);
            processes.running.push(running);
        }
        processes
    }

    /// Kills one, and starts it again.
    pub(crate) async fn kill(&mut self, at: usize) {
        let role = self.running[at].role;
        let begun = self.begin_after_kill(at).await;
        self.told.lock().expect("the ledger").kills += 1;
        debug_assert_eq!(begun.role, role);
        self.running[at] = begun;
    }

    async fn begin_after_kill(&mut self, at: usize) -> Running {
        let running = &mut self.running[at];
        let role = running.role;
        running.child.kill().await.expect("a process that is killed");
        (&mut running.heard).await.expect("all that it told");
        self.begin(role)
    }

    /// Lets all come to an end. What they told.
    pub(crate) async fn stop(mut self) -> Ledger {
        for running in &mut self.running {
            drop(running.child.stdin.take());
        }
        for mut running in self.running {
            let status = running.child.wait().await.expect("a process that ends");
            running.heard.await.expect("all that it told");
            if !status.success() {
                let what = format!("it ended with {status}");
                self.told.lock().expect("the ledger").hear(running.role, Told::Broken { what });
            }
        }
        let told = Arc::into_inner(self.told).expect("nobody else");
        told.into_inner().expect("the ledger")
    }

    fn begin(&mut self, role: Role) -> Running {
        let times = self.begun.entry(role).or_default();
        *times += 1;
        let (name, number) = match role {
            Role::Sync(number) => ("sync", number),
            Role::Person(number) => ("person", number),
            Role::Reader(number) => ("reader", number),
        };
        let seed = SplitMix::new(self.seed ^ (*times << 32) ^ ((number as u64) << 8)).next_u64();
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command.args([AS_A_PROCESS, name, &number.to_string(), &seed.to_string()]);
        command.arg(&self.file).args(&self.urls).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a process that starts");
        let lines = child.stdout.take().expect("what it tells");
        let told = Arc::clone(&self.told);
        let heard = tokio::spawn(async move {
            let mut lines = BufReader::new(lines);
            let mut line = String::new();
            // Half a line was told to nobody.
            while lines.read_line(&mut line).await.is_ok_and(|octets| octets > 0)
                && line.ends_with('\n')
            {
                let said = serde_json::from_str(&line)
                    .unwrap_or_else(|_| Told::Broken { what: line.trim_end().to_owned() });
                told.lock().expect("the ledger").hear(role, said);
                line.clear();
            }
        });
        Running { role, child, heard }
    }
}
