//! A domain instead of a server: its controllers are found by DNS, and one that proves itself gets the password.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ldap_inventory::credential::{CaCertificate, Credential, ServerUrl, Sharing, SignIn};
use ldap_inventory::directory::ConnectStep;
use ldap_inventory::ldap::{ConnectLimits, LdapSource, Resolver, SrvRecord};
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{
    Fault, OperationKind, Script, ServerTls, TestCa, TestDirectory, TestServer, When,
};
use ldap_inventory::value::{ReadMode, Secret};
use ldap_inventory::{Error, ErrorKind, Result, Retry};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::sync::world::task;

const PASSWORD: &str = "c4nary-5e1f77";
const DOMAIN: &str = "corp.example.test";

/// More than any of these runs takes on the slowest machine; what hangs is to end as a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// DNS as a test has it: records by name, and which hosts have an address.
#[derive(Debug, Default)]
struct Dns {
    records: Mutex<BTreeMap<String, Vec<SrvRecord>>>,
    addressless: Vec<String>,
    /// Hosts whose addresses are told once the test says so.
    held: BTreeMap<String, Arc<Notify>>,
    asked: Mutex<Vec<String>>,
}

#[async_trait]
impl Resolver for Dns {
    async fn srv(&self, name: &str) -> Result<Vec<SrvRecord>> {
        self.asked.lock().unwrap().push(name.to_owned());
        Ok(self.records.lock().unwrap().get(name).cloned().unwrap_or_default())
    }

    async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>> {
        if self.addressless.iter().any(|dead| dead == host) {
            return Err(Error::new(ErrorKind::Connect, "there is no such host"));
        }
        if let Some(held) = self.held.get(host) {
            held.notified().await;
        }
        Ok(vec!["127.0.0.1".parse().unwrap()])
    }
}

impl Dns {
    /// Hosts and their ports, in this order.
    fn of(hosts: &[(&str, u16)]) -> Self {
        let dns = Self::default();
        dns.set(&format!("_ldap._tcp.dc._msdcs.{DOMAIN}"), hosts);
        dns
    }

    fn set(&self, name: &str, hosts: &[(&str, u16)]) {
        let records = hosts.iter().zip(0..).map(|((host, port), priority)| {
            SrvRecord::new(priority, 100, format!("{host}."), *port)
        });
        self.records.lock().unwrap().insert(name.to_owned(), records.collect());
    }
}

struct World {
    ca: TestCa,
    directory: TestDirectory,
}

impl World {
    fn new() -> Self {
        let directory = TestDirectory::generated(11, 40, 20, 5);
        directory.write().add_account("svc", PASSWORD).unwrap();
        Self { ca: TestCa::new("Example Test CA").unwrap(), directory }
    }

    /// A controller that is called so, in this site.
    async fn controller(&self, name: &str, site: &str) -> TestServer {
        let tls = self.certificate(&host(name));
        let builder = TestServer::builder(&self.directory).with_name(name, site);
        builder.with_ldaps(tls).start().await.unwrap()
    }

    fn certificate(&self, host: &str) -> ServerTls {
        ServerTls::signed_by(&self.ca, &[host]).unwrap()
    }

    fn credential(&self, server: &str) -> Credential {
        let authorities = CaCertificate::parse_all(self.ca.certificate_pem().as_bytes()).unwrap();
        Credential::new("reader".parse().unwrap(), "CORP\\svc", Secret::new(PASSWORD))
            .with_server(ServerUrl::parse(server).unwrap())
            .with_ca_certificates(authorities)
            .with_sharing(Sharing::Global)
    }

    async fn run(&self, server: &str, dns: Dns) -> Result<SyncReport> {
        run(self.credential(server), &Arc::new(dns), &MemoryRepository::new()).await
    }
}

async fn run(
    credential: Credential,
    dns: &Arc<Dns>,
    repository: &MemoryRepository,
) -> Result<SyncReport> {
    run_with(credential, dns, repository, PATIENCE).await
}

/// A run that waits so long for the answer to a ping.
async fn run_with(
    credential: Credential,
    dns: &Arc<Dns>,
    repository: &MemoryRepository,
    ping: Duration,
) -> Result<SyncReport> {
    // Nothing is to be decided by how fast this machine is.
    let limits = ConnectLimits::new()
        .with_resolve(PATIENCE)
        .with_tcp(PATIENCE)
        .with_tls(PATIENCE)
        .with_preferred_head_start(PATIENCE)
        .with_ping(ping)
        .with_other_site(PATIENCE);
    let source = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
        .with_connect_limits(limits)
        .with_resolver(Arc::clone(dns) as _);
    let (task, options) = (task(), SyncOptions::new());
    // On the heap: a test that has many of them has a stack of its own thread alone.
    let run = Box::pin(sync(&task, &source, repository, &options));
    tokio::time::timeout(PATIENCE, run).await.expect("a run that ends")
}

fn host(name: &str) -> String {
    format!("{name}.{DOMAIN}")
}

fn port(server: &TestServer) -> u16 {
    server.ldaps_address().unwrap().port()
}

fn name(report: &SyncReport) -> Option<&str> {
    report.server.dns_host_name.as_deref()
}

/// Why this host did not serve.
fn failure<'a>(steps: &'a [ConnectStep], name: &str) -> Vec<&'a str> {
    let of_host = |step: &&ConnectStep| step.host.as_deref() == Some(host(name).as_str());
    steps.iter().filter(of_host).filter_map(|step| step.failure.as_deref()).collect()
}

/// A port at which nobody listens.
async fn nobody() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Takes connections, reads what comes, and never says anything.
async fn silence() -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let tape = Arc::clone(&heard);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let tape = Arc::clone(&tape);
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                    tape.lock().unwrap().extend_from_slice(&buffer[..read]);
                }
            });
        }
    });
    (port, heard)
}

#[tokio::test]
async fn of_eight_controllers_the_one_that_proves_itself_gets_the_password_alone() {
    let world = World::new();
    let (silent, heard) = silence().await;
    let reset = world.controller("reset", "Berlin").await;
    reset.set_script(Script::new().with(When::accepted(), Fault::Reset));
    let wrong_certificate = world.controller("forged", "Berlin").await;
    wrong_certificate.set_tls(world.certificate("dc9.corp.example.test")).unwrap();
    let other = TestDirectory::of_domain("other.example.test", "OTHER", 3);
    let stray = TestServer::builder(&other).with_ldaps(world.certificate(&host("stray")));
    let wrong_domain = stray.start().await.unwrap();
    let wrong_site = world.controller("paris", "Paris").await;
    let good = world.controller("berlin", "Berlin").await;

    let hosts: [(&str, u16); 8] = [
        ("dead", 636),
        ("silent", silent),
        ("refusing", nobody().await),
        ("reset", port(&reset)),
        ("forged", port(&wrong_certificate)),
        ("stray", port(&wrong_domain)),
        ("paris", port(&wrong_site)),
        ("berlin", port(&good)),
    ];
    let names = hosts.map(|(name, port)| (host(name), port));
    let hosts: Vec<(&str, u16)> = names.iter().map(|(name, port)| (name.as_str(), *port)).collect();
    let berlin = Arc::new(Notify::new());
    let held = BTreeMap::from([(host("berlin"), Arc::clone(&berlin))]);
    let dns = Dns { addressless: vec![host("dead")], held, ..Dns::default() };
    dns.set(&format!("_ldap._tcp.Berlin._sites.dc._msdcs.{DOMAIN}"), &hosts);
    dns.set(&format!("_ldap._tcp.dc._msdcs.{DOMAIN}"), &hosts);
    // The good one comes last: when those that fail have been left, and the one of another site has said who it is.
    let others = async {
        // One that resets is tried again, and with StartTLS as well.
        for (server, connections) in [(&reset, 3), (&wrong_certificate, 1), (&wrong_domain, 1)] {
            until(|| server.connections() == connections).await;
            server.all_closed().await;
        }
        until(|| wrong_site.received(b"netlogon")).await;
        berlin.notify_one();
    };
    let run = world.run("domain:corp.example.test/Berlin", dns);
    let (report, ()) = futures::join!(run, others);
    let report = report.unwrap();

    assert!(report.complete && report.computers.read >= 40, "{report:?}");
    assert_eq!(name(&report), Some("berlin.corp.example.test"));
    let steps = &report.connect_steps;
    for (name, reason) in [
        ("dead", "no such host"),
        ("silent", "had not proved itself yet"),
        ("refusing", "refused"),
        ("reset", "ended the connection"),
        ("forged", "certificate"),
        ("stray", "a controller of the domain other.example.test, not of corp.example.test"),
        ("paris", "in the AD site Paris, not in Berlin"),
    ] {
        let said = failure(steps, name);
        assert!(said.iter().any(|line| line.contains(reason)), "{name}: {said:?}");
    }
    let last = steps.last().unwrap();
    assert_eq!((last.host.as_deref(), &last.failure), (name(&report), &None));

    assert!(good.received(PASSWORD.as_bytes()));
    assert_eq!(good.bind_requests(), 1);
    for other in [&reset, &wrong_certificate, &wrong_domain, &wrong_site] {
        assert!(!other.received(PASSWORD.as_bytes()) && other.bind_requests() == 0);
    }
    let heard = heard.lock().unwrap();
    assert!(!heard.windows(PASSWORD.len()).any(|bytes| bytes == PASSWORD.as_bytes()));
}

/// Looks again and again, as long as the test may take.
async fn until(is_so: impl Fn() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it is so in the end");
}

#[tokio::test]
async fn the_site_of_the_server_and_that_of_this_client_are_told() {
    let world = World::new();
    let tls = || world.certificate(&host("berlin"));
    let builder = || TestServer::builder(&world.directory).with_name("berlin", "Berlin");
    let server = builder().with_ldaps(tls()).with_client_site("Paris").start().await.unwrap();
    let dns = || Dns::of(&[("berlin.corp.example.test", port(&server))]);
    let report = world.run("domain:corp.example.test", dns()).await.unwrap();
    let sites =
        |report: &SyncReport| (report.server.site.clone(), report.server.client_site.clone());
    assert_eq!(sites(&report), (Some("Berlin".to_owned()), Some("Paris".to_owned())));
    // A server that is named is asked for nothing more than before.
    server.set_tls(world.certificate("127.0.0.1")).unwrap();
    let credential = world.credential(&server.url());
    let report =
        run(credential, &Arc::new(Dns::default()), &MemoryRepository::new()).await.unwrap();
    assert_eq!(sites(&report), (Some("Berlin".to_owned()), None));
    // One that does not know the ping serves all the same.
    let silent = builder().with_ldaps(tls()).start().await.unwrap();
    let dns = Dns::of(&[("berlin.corp.example.test", port(&silent))]);
    let report = world.run("domain:corp.example.test", dns).await.unwrap();
    assert_eq!(sites(&report), (Some("Berlin".to_owned()), None));
}

/// Which site this client is in is information, and no controller is lost for it.
#[tokio::test]
async fn a_controller_that_does_not_answer_a_ping_serves_all_the_same() {
    for (fault, said) in [(Fault::Stall, "in time"), (Fault::Reset, "connection")] {
        let world = World::new();
        let server = world.controller("berlin", "Berlin").await;
        // The first search on a connection is for the rootDSE, the second is the ping.
        let ping = When::operation(OperationKind::Search).nth(2).on_connection(1);
        let patience = if matches!(fault, Fault::Stall) { Duration::ZERO } else { PATIENCE };
        server.set_script(Script::new().with(ping, fault));
        let dns = Arc::new(Dns::of(&[("berlin.corp.example.test", port(&server))]));
        let credential = world.credential("domain:corp.example.test");
        let repository = MemoryRepository::new();
        let report = run_with(credential, &dns, &repository, patience).await.unwrap();
        assert_eq!(name(&report), Some("berlin.corp.example.test"));
        assert_eq!(report.server.client_site, None);
        let is_told = |it: &String| it.contains("LDAP ping") && it.contains(said);
        assert!(report.warnings.iter().any(is_told), "{:?}", report.warnings);
        assert_eq!((server.connections(), server.bind_requests()), (2, 1));
    }
}

/// A URL of a domain, without the word.
#[tokio::test]
async fn a_server_without_an_address_is_looked_for_as_a_domain_by_the_same_rules() {
    let world = World::new();
    let domain = "corp.example.invalid";
    let directory = TestDirectory::of_domain(domain, "CORP", 3);
    directory.write().add_account("svc", PASSWORD).unwrap();
    let server = TestServer::builder(&directory)
        .with_ldaps(world.certificate("dc1.corp.example.invalid"))
        .start()
        .await
        .unwrap();
    let nameless = || Dns { addressless: vec![domain.to_owned()], ..Dns::default() };
    let dns = |host: &str| {
        let dns = nameless();
        dns.set(&format!("_ldap._tcp.dc._msdcs.{domain}"), &[(host, port(&server))]);
        Arc::new(dns)
    };
    let attempt = async |url: &str, dns: &Arc<Dns>| {
        run(world.credential(url), dns, &MemoryRepository::new()).await
    };
    for url in [domain, "ldaps://corp.example.invalid"] {
        let report = attempt(url, &dns("dc1.corp.example.invalid")).await.unwrap();
        assert_eq!(name(&report), Some("dc1.corp.example.invalid"), "{report:?}");
        let nameless = &report.connect_steps[0];
        assert_eq!((nameless.host.as_deref(), nameless.address), (Some(domain), None));
    }
    // Its certificate is that of a host outside of the domain, or of another host of it.
    for (host, reason) in
        [("thief.example.net", "not within the domain"), ("dc9.corp.example.invalid", "dc9")]
    {
        let error = attempt(domain, &dns(host)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
        assert!(error.report().contains(reason), "{error:?}");
    }
    // Nobody said that it is a domain: a server behind it counts as it did.
    let good = world.controller("good", "A").await;
    good.set_tls(world.certificate("127.0.0.1")).unwrap();
    let credential = world.credential(domain).with_server(good.url().parse().unwrap());
    let report = run(credential, &dns("dc9.corp.example.invalid"), &MemoryRepository::new()).await;
    let report = report.unwrap();
    assert_eq!(name(&report), Some("good.corp.example.test"), "{report:?}");
    let is_told = |step: &ConnectStep| step.failure.as_deref().is_some_and(|it| it.contains("dc9"));
    assert!(report.connect_steps.iter().any(is_told), "{:?}", report.connect_steps);
    assert_eq!(server.bind_requests(), 2);
    // A port is one of a server.
    let asked = dns("dc1.corp.example.invalid");
    let error = attempt("corp.example.invalid:636", &asked).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    assert_eq!(*asked.asked.lock().unwrap(), Vec::<String>::new());
    // Where DNS knows no such domain, both are told.
    let error = attempt(domain, &Arc::new(nameless())).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    assert!(error.report().contains("_ldap._tcp.dc._msdcs.corp.example.invalid"), "{error:?}");
}

#[tokio::test]
async fn one_of_another_site_serves_where_the_site_has_none_that_proves_itself() {
    let world = World::new();
    let paris = world.controller("paris", "Paris").await;
    let hosts = [("refusing.corp.example.test", nobody().await)];
    let dns = Dns::of(&[("paris.corp.example.test", port(&paris))]);
    dns.set(&format!("_ldap._tcp.Berlin._sites.dc._msdcs.{DOMAIN}"), &hosts);
    let report = world.run("domain:corp.example.test/Berlin", dns).await.unwrap();
    assert_eq!(name(&report), Some("paris.corp.example.test"));
    let is_told = |warning: &String| warning.contains("AD site Berlin");
    assert!(report.warnings.iter().any(is_told), "{:?}", report.warnings);

    let report = world
        .run("domain:corp.example.test", Dns::of(&[("paris.corp.example.test", port(&paris))]))
        .await
        .unwrap();
    assert!(!report.warnings.iter().any(|warning| warning.contains("site")));
}

/// The credential permits plain LDAP, for those who have nothing else.
#[tokio::test]
async fn one_that_nothing_vouches_for_is_taken_only_where_all_others_failed() {
    let world = World::new();
    let builder = TestServer::builder(&world.directory).with_name("plain", "A");
    let plain = builder.with_ldap().with_plain_binds().start().await.unwrap();
    let good = world.controller("good", "A").await;
    let at = plain.ldap_address().unwrap().port();
    let hosts = [("plain.corp.example.test", at), ("good.corp.example.test", port(&good))];
    let dns = Arc::new(Dns::of(&hosts));
    let credential = world.credential("domain:corp.example.test").with_plain_ldap(true);
    let report = run(credential.clone(), &dns, &MemoryRepository::new()).await.unwrap();
    assert_eq!(name(&report), Some("good.corp.example.test"), "{:?}", report.connect_steps);
    assert!(!plain.received(PASSWORD.as_bytes()));

    drop(good);
    let report = run(credential, &dns, &MemoryRepository::new()).await.unwrap();
    assert_eq!(name(&report), Some("plain.corp.example.test"), "{:?}", report.connect_steps);
}

#[tokio::test]
async fn a_refused_password_ends_the_run_at_once() {
    let world = World::new();
    let servers = [world.controller("dc1", "A").await, world.controller("dc2", "A").await];
    let dns = Arc::new(Dns::of(&[
        ("dc1.corp.example.test", port(&servers[0])),
        ("dc2.corp.example.test", port(&servers[1])),
    ]));
    let mut credential = world.credential("domain:corp.example.test");
    credential.sign_in = SignIn::simple("CORP\\svc", Secret::new("c4nary-wrong"));
    let credential = credential.with_server("ldaps://127.0.0.1:9".parse().unwrap());
    let error = run(credential, &dns, &MemoryRepository::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::BindRefused, Retry::Never));
    assert_eq!(servers.iter().map(TestServer::bind_requests).sum::<usize>(), 1);
}

#[tokio::test]
async fn whoever_answers_in_dns_gains_nothing_by_a_certificate_for_a_host_of_his_own() {
    let world = World::new();
    let thief = TestServer::builder(&world.directory)
        .with_ldaps(world.certificate("thief.example.net"))
        .start()
        .await
        .unwrap();
    for host in
        ["thief.example.net", "evilcorp.example.test", "corp.example.test.thief.example.net"]
    {
        thief.set_tls(world.certificate(host)).unwrap();
        let error = world
            .run("domain:corp.example.test", Dns::of(&[(host, port(&thief))]))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
        assert!(error.report().contains("not within the domain"), "{error:?}");
    }
    assert!(!thief.received(PASSWORD.as_bytes()));
    // Whoever pins it says so himself.
    let pinned = world
        .credential("domain:corp.example.test")
        .with_thumbprint(thief.thumbprint().unwrap().parse().unwrap());
    let dns = Arc::new(Dns::of(&[("thief.example.net", port(&thief))]));
    assert!(run(pinned, &dns, &MemoryRepository::new()).await.unwrap().complete);
}

#[tokio::test]
async fn a_domain_of_which_no_controller_proves_itself_is_told_with_each_of_them() {
    let world = World::new();
    let forged = world.controller("forged", "A").await;
    forged.set_tls(world.certificate("dc9.corp.example.test")).unwrap();
    let hosts = [
        ("forged.corp.example.test", port(&forged)),
        ("refusing.corp.example.test", nobody().await),
        ("not a host", 389),
        ("2001:db8::1%a.corp.example.test", 636),
    ];
    let error = world.run("domain:corp.example.test", Dns::of(&hosts)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
    for said in ["corp.example.test", "refused", "not a host", "names no host"] {
        assert!(error.report().contains(said), "{said}: {error:?}");
    }
    let error = world.run("domain:corp.example.test", Dns::of(&hosts[1..2])).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    let error = world.run("domain:corp.example.test", Dns::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    assert!(error.report().contains("_ldap._tcp.dc._msdcs.corp.example.test"), "{error:?}");
    assert!(!forged.received(PASSWORD.as_bytes()));
}

#[tokio::test]
async fn the_server_of_the_last_checkpoint_is_preferred_while_it_answers() {
    let world = World::new();
    let [one, two] = [world.controller("dc1", "A").await, world.controller("dc2", "A").await];
    let hosts = [("dc1.corp.example.test", port(&one)), ("dc2.corp.example.test", port(&two))];
    let dns = Arc::new(Dns::of(&hosts[1..]));
    let repository = MemoryRepository::new();
    let credential = world.credential("domain:corp.example.test");
    let report = run(credential.clone(), &dns, &repository).await.unwrap();
    assert_eq!((name(&report), report.mode), (Some("dc2.corp.example.test"), ReadMode::Full));

    dns.set(&format!("_ldap._tcp.dc._msdcs.{DOMAIN}"), &hosts);
    let report = run(credential.clone(), &dns, &repository).await.unwrap();
    assert_eq!(name(&report), Some("dc2.corp.example.test"));
    assert_ne!(report.mode, ReadMode::Full, "the read goes on from where it was");
    assert_eq!(one.connections(), 0);

    drop(two);
    let report = run(credential, &dns, &repository).await.unwrap();
    assert_eq!((name(&report), report.mode), (Some("dc1.corp.example.test"), ReadMode::Full));
}

#[tokio::test]
async fn a_server_that_is_named_is_reached_without_a_word_to_dns() {
    let world = World::new();
    let server = world.controller("dc1", "A").await;
    server.set_tls(world.certificate("127.0.0.1")).unwrap();
    let dns = Arc::new(Dns::default());
    let credential = world.credential(&server.url());
    assert!(run(credential, &dns, &MemoryRepository::new()).await.unwrap().complete);
    assert_eq!(*dns.asked.lock().unwrap(), Vec::<String>::new());
    assert_eq!(server.connections(), 1);
    // A domain that cannot be located is no reason not to ask a server that is named behind it.
    let credential =
        world.credential("domain:corp.example.test").with_server(server.url().parse().unwrap());
    let report = run(credential, &dns, &MemoryRepository::new()).await.unwrap();
    assert!(report.complete && report.connect_steps.len() == 2, "{:?}", report.connect_steps);
}
