//! Whole reads from a server whose words are tampered with at random.
//!
//! The process that reads is this test program itself, started anew for [one test](the_process_that_is_attacked) that does
//! nothing otherwise: it ends at the first panic on whatever thread, as a host that was built to abort, none of its threads
//! has more than two megabytes of stack, and what memory it has taken is known.

mod tampering;

use std::collections::HashSet;
use std::env;
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use ldap_inventory::Result;
use ldap_inventory::credential::{CaCertificate, Credential, Sharing};
use ldap_inventory::directory::{DirectoryEvent, DirectorySource, ReadRequest};
use ldap_inventory::ldap::{ConnectLimits, LdapLimits, LdapSource};
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::testing::{ServerTls, SplitMix, TestCa, TestDirectory, TestServer};
use ldap_inventory::value::{Checkpoint, ObjectGuid, Secret};

use self::tampering::{Middleman, Session, Tampering, operation, piece, plan};
use crate::cases::cases;

/// How many sessions there are of each way of reading.
const SESSIONS: u32 = 150;
const PASSWORD: &str = "c4nary-8d1f0b52";
/// The seed of the first session, and how many there are: `SEED COUNT`.
const ATTACKED: &str = "LDAP_INVENTORY_ATTACKED";
/// What the threads of a host have.
const STACK: usize = 2 << 20;
const MIB: u64 = 1 << 20;
/// What a read may hold.
const BUDGET: u64 = 4 * MIB;
/// What the process may take beside it: servers, certificates, the test itself.
const BESIDE: u64 = 64 * MIB;
/// When a read is to be over, and when it is on the slowest machine: what is not then hangs.
const DEADLINE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(120);

/// By which way, and how much, is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    Plain,
    Changes,
    StartTls,
    Ldaps,
}

const WAYS: [Way; 4] = [Way::Plain, Way::Changes, Way::StartTls, Way::Ldaps];

/// A server, and what an undisturbed read of it gives.
struct Target {
    way: Way,
    server: TestServer,
    ca: TestCa,
    checkpoint: Option<Checkpoint>,
    pieces: usize,
    objects: HashSet<ObjectGuid>,
}

/// What a read gave.
#[derive(Debug, Default)]
struct Heard {
    objects: HashSet<ObjectGuid>,
    is_complete: bool,
}

/// Twelve objects on small pages, and groups whose members come in ranges.
fn domain() -> TestDirectory {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc", PASSWORD).unwrap();
    let computers: Vec<String> =
        (0..5).map(|n| tree.add_computer(&format!("PC{n}")).unwrap()).collect();
    for name in ["alice", "bob"] {
        tree.add_user(name).unwrap();
    }
    let group = tree.add_group("Clients").unwrap();
    tree.add_values(&group, "member", computers).unwrap();
    drop(tree);
    directory
}

impl Target {
    async fn new(way: Way) -> Self {
        let (directory, ca) = (domain(), TestCa::new("Example Test CA").unwrap());
        let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
        let builder = TestServer::builder(&directory).with_max_values(2);
        let builder = match way {
            Way::Plain | Way::Changes => builder.with_ldap().with_plain_binds(),
            Way::StartTls => builder.with_start_tls(tls),
            Way::Ldaps => builder.with_ldaps(tls),
        };
        let server = builder.start().await.unwrap();
        let (pieces, objects, checkpoint) = (0, HashSet::new(), None);
        let mut target = Self { way, server, ca, checkpoint, pieces, objects };
        if way == Way::Changes {
            target.checkpoint = target.checkpoint().await;
            let mut tree = directory.write();
            for n in 0..4 {
                tree.set(
                    &format!("CN=PC{n},CN=Computers,DC=corp,DC=example,DC=test"),
                    "location",
                    ["x"],
                )
                .unwrap();
            }
            tree.add_user("carol").unwrap();
        }
        let middleman = Middleman::before(target.address(), Default::default()).await;
        let heard = target.read(middleman.address).await.unwrap();
        assert!(heard.is_complete && heard.objects.len() > 4, "{way:?}: {heard:?}");
        target.objects = heard.objects;
        target.pieces = middleman.session.lock().unwrap().pieces;
        target
    }

    fn address(&self) -> SocketAddr {
        self.server.ldaps_address().or(self.server.ldap_address()).unwrap()
    }

    /// The directory, as it is reached at an address. Only a read without TLS is allowed to do without it.
    fn source(&self, address: SocketAddr) -> LdapSource {
        let scheme = if self.way == Way::Ldaps { "ldaps" } else { "ldap" };
        let authorities = CaCertificate::parse_all(self.ca.certificate_pem().as_bytes()).unwrap();
        let id = "reader".parse().unwrap();
        let credential = Credential::new(id, "CORP\\svc", Secret::new(PASSWORD))
            .with_server(format!("{scheme}://{address}").parse().unwrap())
            .with_plain_ldap(matches!(self.way, Way::Plain | Way::Changes))
            .with_ca_certificates(authorities)
            .with_sharing(Sharing::Global);
        // Silence is noticed soon, so that there may be many sessions.
        let soon = Duration::from_millis(500);
        let limits = LdapLimits::default().with_page_size(2).with_silence(soon);
        let limits = limits.with_deadline(DEADLINE);
        let connect = ConnectLimits::new().with_starttls(soon).with_tls(soon);
        LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
            .with_limits(limits)
            .with_connect_limits(connect)
    }

    async fn checkpoint(&self) -> Option<Checkpoint> {
        let mut events = self.source(self.address()).read(request()).await.unwrap();
        let mut checkpoint = None;
        while let Some(event) = events.next().await {
            if let DirectoryEvent::End(end) = event.unwrap() {
                checkpoint = end.checkpoint;
            }
        }
        assert!(checkpoint.is_some());
        checkpoint
    }

    async fn read(&self, address: SocketAddr) -> Result<Heard> {
        let request = request().with_checkpoint(self.checkpoint.clone());
        let mut events = self.source(address).read(request).await?;
        let mut heard = Heard::default();
        while let Some(event) = events.next().await {
            match event? {
                DirectoryEvent::Page(page) => {
                    heard.objects.extend(page.objects.iter().map(|object| object.guid));
                }
                DirectoryEvent::End(end) => heard.is_complete = end.completeness.is_complete(),
                _ => {}
            }
        }
        Ok(heard)
    }

    /// One session, and what must hold of it. Whether it was complete.
    async fn session(&self, seed: u64) -> bool {
        let plan = plan(&mut SplitMix::new(seed), self.pieces);
        // With one bit turned, what is told as changed may be another object: nobody can know better, until everything is read.
        let is_other = self.way == Way::Changes
            && plan.values().any(|tampering| matches!(tampering, Tampering::Flipped(_)));
        let context = format!("{:?}, session {seed}: {plan:?}", self.way);
        let middleman = Middleman::before(self.address(), plan).await;
        let reading = tokio::time::timeout(PATIENCE, self.read(middleman.address));
        let heard = reading.await.unwrap_or_else(|_| panic!("{context}: hangs"));
        let session = middleman.session.lock().unwrap();
        let Ok(heard) = heard else {
            self.assert_secret(&session, &context);
            return false;
        };
        self.assert_secret(&session, &context);
        let is_all = heard.objects.len() >= self.objects.len();
        let is_undetectable = session.is_lie || is_other;
        assert!(!heard.is_complete || is_all || is_undetectable, "{context}: {heard:?}");
        heard.is_complete
    }

    /// Where TLS is demanded, nothing but the wish for it is said in clear.
    fn assert_secret(&self, session: &Session, context: &str) {
        if matches!(self.way, Way::Plain | Way::Changes) {
            return;
        }
        for said in &session.said {
            let is_told = said.windows(PASSWORD.len()).any(|it| it == PASSWORD.as_bytes());
            assert!(!is_told, "{context}: the password was said in clear");
            let mut rest = &said[..];
            while let Some(length) = piece(rest) {
                assert_ne!(operation(&rest[..length]), Some(0x60), "{context}: a bind in clear");
                rest = &rest[length..];
            }
        }
    }
}

fn request() -> ReadRequest {
    let request = ReadRequest::new("reader".parse().unwrap(), "acme".parse().unwrap());
    request.with_memory_bytes(BUDGET)
}

/// The most memory that this process has had at once, where that can be told.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or(0, |peak| peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
}

/// The process that is attacked, started anew by
/// [the test below](whatever_a_server_says_a_read_ends_and_is_complete_only_with_all_of_it).
#[test]
fn the_process_that_is_attacked() {
    let Ok(asked) = env::var(ATTACKED) else { return };
    let (seed, count) = asked.split_once(' ').unwrap();
    let (seed, count): (u64, u64) = (seed.parse().unwrap(), count.parse().unwrap());
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        std::process::abort();
    }));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_stack_size(STACK).enable_all().build().unwrap();
    let attack = std::thread::Builder::new().stack_size(STACK);
    let attack = attack.spawn(move || runtime.block_on(attacked(seed, count))).unwrap();
    attack.join().unwrap();
}

async fn attacked(seed: u64, count: u64) {
    let mut targets = Vec::new();
    for way in WAYS {
        targets.push(Arc::new(Target::new(way).await));
    }
    let before = peak();
    for target in targets {
        let mut complete = 0;
        let sessions = futures::stream::iter(seed..seed + count).map(|seed| {
            let target = Arc::clone(&target);
            async move { tokio::spawn(async move { target.session(seed).await }).await.unwrap() }
        });
        // Most of them wait for something that does not come.
        let mut sessions = sessions.buffer_unordered(24);
        while let Some(is_complete) = sessions.next().await {
            complete += u64::from(is_complete);
        }
        println!("{:?}: {count} sessions, {complete} complete", target.way);
        assert!(count < 20 || (complete > 0 && complete < count));
    }
    let taken = peak() - before;
    println!("{} MiB beyond those at the start", taken / MIB);
    assert!(taken <= BUDGET + BESIDE, "{} MiB", taken / MIB);
}

#[test]
fn whatever_a_server_says_a_read_ends_and_is_complete_only_with_all_of_it() {
    let seed = env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| "0".to_owned());
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "sessions::the_process_that_is_attacked", "--nocapture"]);
    let asked = format!("{seed} {}", cases(SESSIONS));
    let output = command.env(ATTACKED, &asked).output().unwrap();
    let (said, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{ATTACKED}='{asked}': {}\n{said}\n{told}", output.status);
}
