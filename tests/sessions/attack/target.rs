//! What is read, by which way, and what must hold of a read whatever was done to it.

use std::collections::HashSet;
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::StreamExt;
use ldap_inventory::Result;
use ldap_inventory::credential::{CaCertificate, Credential, Sharing};
use ldap_inventory::directory::{DirectoryEvent, DirectorySource, ReadRequest};
use ldap_inventory::ldap::{ConnectLimits, LdapLimits, LdapSource};
use ldap_inventory::store::MemoryCredentialStore;
use ldap_inventory::testing::{Script, ServerTls, TestCa, TestDirectory, TestServer};
use ldap_inventory::value::{Checkpoint, ObjectGuid, Secret};

use super::tampering::{Middleman, Session, operation, piece};

const PASSWORD: &str = "c4nary-8d1f0b52";
const MIB: u64 = 1 << 20;
/// What a read may hold.
pub(crate) const BUDGET: u64 = 4 * MIB;
/// What the process may take beside it: servers, certificates, whoever attacks.
pub(crate) const BESIDE: u64 = 64 * MIB;
/// When a read is to be over, and when it is on the slowest machine: what is not then hangs.
const DEADLINE: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(120);

/// By which way, and how much, is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Plain,
    Changes,
    StartTls,
    Ldaps,
    /// Over StartTLS, from a server for which nobody vouches.
    Untrusted,
}

pub(crate) const WAYS: [Way; 5] =
    [Way::Plain, Way::Changes, Way::StartTls, Way::Ldaps, Way::Untrusted];

/// A directory, and what an undisturbed read of it gives.
pub(crate) struct Target {
    pub(crate) way: Way,
    /// How many pieces there are to an undisturbed session.
    pub(crate) pieces: usize,
    directory: TestDirectory,
    tls: ServerTls,
    ca: TestCa,
    checkpoint: Option<Checkpoint>,
    objects: HashSet<ObjectGuid>,
}

/// What a read gave.
#[derive(Debug, Default)]
struct Heard {
    objects: HashSet<ObjectGuid>,
    is_complete: bool,
    checkpoint: Option<Checkpoint>,
}

impl Way {
    /// Whether the credential allows to do without TLS.
    fn is_plain(self) -> bool {
        matches!(self, Self::Plain | Self::Changes)
    }
}

impl Target {
    pub(crate) async fn new(way: Way) -> Self {
        let ca = TestCa::new("Example Test CA").unwrap();
        let somebody = TestCa::new("Somebody").unwrap();
        let signer = if way == Way::Untrusted { &somebody } else { &ca };
        let tls = ServerTls::signed_by(signer, &["127.0.0.1"]).unwrap();
        let (pieces, objects, checkpoint) = (0, HashSet::new(), None);
        let directory = domain();
        let mut target = Self { way, pieces, directory, tls, ca, checkpoint, objects };
        if way == Way::Changes {
            target.checkpoint = target.undisturbed().await.1.unwrap().checkpoint;
            assert!(target.checkpoint.is_some());
            target.change();
        }
        let (pieces, heard) = target.undisturbed().await;
        target.pieces = pieces;
        if target.is_trusted() {
            let heard = heard.unwrap();
            assert!(heard.is_complete && heard.objects.len() > 4, "{way:?}: {heard:?}");
            target.objects = heard.objects;
        } else {
            heard.unwrap_err();
        }
        target
    }

    /// Whether a read may be complete.
    pub(crate) fn is_trusted(&self) -> bool {
        self.way != Way::Untrusted
    }

    /// Plays a session of this name, and asserts what must hold of it. Whether the read was complete.
    pub(crate) async fn play(&self, name: &str, session: &Arc<Mutex<Session>>) -> bool {
        let plan = session.lock().unwrap().plan.clone();
        let context = format!("{:?}, {name}: {plan:?}", self.way);
        let server = self.serve(plan.faults.clone()).await;
        let middleman = Middleman::before(address(&server), session).await;
        let reading = tokio::time::timeout(PATIENCE, self.read(middleman.address));
        let heard = reading.await.unwrap_or_else(|_| panic!("{context}: hangs"));
        let session = session.lock().unwrap();
        self.assert_secret(&session, &server, &context);
        let Ok(heard) = heard else { return false };
        // With one bit turned, what is told as changed may be another object: nobody can know better, until everything is read.
        let is_other = self.way == Way::Changes && plan.turns_bits();
        let is_undetectable = session.is_lie || plan.may_lie() || is_other;
        let is_all = heard.objects.len() >= self.objects.len();
        assert!(!heard.is_complete || is_all || is_undetectable, "{context}: {heard:?}");
        heard.is_complete
    }

    /// How many pieces a session has in which nothing goes wrong, and what is read in it.
    async fn undisturbed(&self) -> (usize, Result<Heard>) {
        let server = self.serve(Script::new()).await;
        let session = Session::new(Default::default());
        let middleman = Middleman::before(address(&server), &session).await;
        let heard = self.read(middleman.address).await;
        let pieces = session.lock().unwrap().pieces;
        (pieces, heard)
    }

    /// What is told to whoever asks for changes.
    fn change(&self) {
        let mut tree = self.directory.write();
        for n in 0..4 {
            let dn = format!("CN=PC{n},CN=Computers,DC=corp,DC=example,DC=test");
            tree.set(&dn, "location", ["x"]).unwrap();
        }
        tree.add_user("carol").unwrap();
    }

    async fn serve(&self, script: Script) -> TestServer {
        let builder = TestServer::builder(&self.directory).with_max_values(2).with_script(script);
        let tls = self.tls.clone();
        let builder = match self.way {
            Way::Plain | Way::Changes => builder.with_ldap().with_plain_binds(),
            Way::StartTls | Way::Untrusted => builder.with_start_tls(tls),
            Way::Ldaps => builder.with_ldaps(tls),
        };
        builder.start().await.unwrap()
    }

    /// The directory, as it is reached at an address.
    fn source(&self, address: SocketAddr) -> LdapSource {
        let scheme = if self.way == Way::Ldaps { "ldaps" } else { "ldap" };
        let authorities = CaCertificate::parse_all(self.ca.certificate_pem().as_bytes()).unwrap();
        let id = "reader".parse().unwrap();
        let credential = Credential::new(id, "CORP\\svc", Secret::new(PASSWORD))
            .with_server(format!("{scheme}://{address}").parse().unwrap())
            .with_plain_ldap(self.way.is_plain())
            .with_ca_certificates(authorities)
            .with_sharing(Sharing::Global);
        // Silence is noticed soon, so that there may be many sessions, and so is a flood.
        let soon = Duration::from_millis(500);
        let limits = LdapLimits::default().with_page_size(2).with_silence(soon);
        let limits = limits.with_deadline(DEADLINE).with_entries(2_000).with_bytes(2 * BUDGET);
        let connect = ConnectLimits::new().with_starttls(soon).with_tls(soon);
        LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
            .with_limits(limits)
            .with_connect_limits(connect)
    }

    async fn read(&self, address: SocketAddr) -> Result<Heard> {
        let request = ReadRequest::new("reader".parse().unwrap(), "acme".parse().unwrap())
            .with_memory_bytes(BUDGET)
            .with_checkpoint(self.checkpoint.clone());
        let mut events = self.source(address).read(request).await?;
        let mut heard = Heard::default();
        while let Some(event) = events.next().await {
            match event? {
                DirectoryEvent::Page(page) => {
                    heard.objects.extend(page.objects.iter().map(|object| object.guid));
                }
                DirectoryEvent::End(end) => {
                    heard.is_complete = end.completeness.is_complete();
                    heard.checkpoint = end.checkpoint;
                }
                _ => {}
            }
        }
        Ok(heard)
    }

    /// Where TLS is demanded, nothing but the wish for it is said in clear; and nothing of a bind to whoever is not
    /// trusted.
    fn assert_secret(&self, session: &Session, server: &TestServer, context: &str) {
        if self.way.is_plain() {
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
        let is_bound = !self.is_trusted() && server.bind_requests() > 0;
        assert!(!is_bound, "{context}: a bind to a server that is not trusted");
    }
}

/// The most memory that this process has had at once, where that can be told.
pub(crate) fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or(0, |peak| peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024)
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

fn address(server: &TestServer) -> SocketAddr {
    server.ldaps_address().or(server.ldap_address()).unwrap()
}
