//! What a server does while a run is under way, between two of its answers.

use std::io::ErrorKind as IoErrorKind;
use std::net::TcpListener;
use std::time::Duration;

use ldap_inventory::ldap::{LdapLimits, LdapSource};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{
    Fault, Gate, LdapResult, OperationKind, Raw, Script, ServerTls, TestCa, TestServer, When,
};
use ldap_inventory::{ErrorKind, Result};

use super::wire::{PASSWORD, credential, directory, source, trusting};
use super::world::*;

const SVC: &str = "CN=svc,CN=Users,DC=corp,DC=example,DC=test";

/// A server with LDAPS, whoever trusts it, and what was read from it.
struct World {
    server: TestServer,
    source: LdapSource,
    repository: MemoryRepository,
}

impl World {
    async fn new() -> Self {
        let ca = TestCa::new("Example Test CA").unwrap();
        let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap();
        let server = TestServer::builder(&directory()).with_ldaps(tls).start().await.unwrap();
        let source = source(trusting(credential(server.ldaps_url()), &ca));
        Self { server, source, repository: MemoryRepository::new() }
    }

    async fn run(&self) -> Result<SyncReport> {
        let options = SyncOptions::new().with_full_read(true);
        Box::pin(sync(&task(), &self.source, &self.repository, &options)).await
    }
}

#[tokio::test]
async fn a_notice_of_disconnection_while_a_bind_is_due_is_quoted_and_no_answer_to_it() {
    let world = World::new().await;
    let busy = LdapResult::new(52, "the directory is going down");
    for (n, notice) in
        [Raw::notice_of_disconnection(&busy), Raw::notice_of_disconnection_as_windows(&busy)]
            .into_iter()
            .enumerate()
    {
        // Before an answer that says yes, and without any.
        for fault in [Fault::Before(notice.clone().into()), Fault::Instead(notice.clone().into())] {
            let binds = world.server.bind_requests();
            world
                .server
                .set_script(Script::new().with(When::operation(OperationKind::Bind), fault));
            let error = world.run().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Disconnected, "{n}: {error:?}");
            assert!(error.to_string().contains("the directory is going down"), "{error}");
            assert_eq!(world.server.bind_requests(), binds + 1, "{error}");
        }
    }
    world.server.all_closed().await;
    assert!(world.server.recorded().iter().all(|connection| connection.searches.is_empty()));
}

#[tokio::test]
async fn an_answer_to_a_bind_that_comes_too_late_is_an_answer_to_nobody() {
    let world = World::new().await;
    let gate = Gate::new();
    let when = When::operation(OperationKind::Bind);
    world.server.set_script(Script::new().with(when, Fault::WaitFor(gate.clone())));
    // Nothing is awaited with this patience but the bind, which is not answered before the run has ended.
    let limits = LdapLimits::default().with_silence(Duration::from_millis(50));
    let patient = world.source.clone();
    let hasty = World { source: patient.clone().with_limits(limits), ..world };
    let error = hasty.run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout, "{error:?}");
    gate.open();
    hasty.server.all_closed().await;
    let connections = hasty.server.recorded();
    let [only] = &connections[..] else { panic!("{} connections", connections.len()) };
    assert_eq!((only.binds, only.searches.len()), (1, 0));
    assert!(assets(&hasty.repository).await.is_empty());
    let world = World { source: patient, ..hasty };
    assert!(world.run().await.unwrap().complete);
}

#[tokio::test]
async fn tls_that_ends_in_the_middle_of_a_read_is_no_end_of_it_with_or_without_a_farewell() {
    let world = World::new().await;
    assert!(world.run().await.unwrap().complete);
    let (before, total) = (inventory(&world.repository).await, world.server.bytes_sent());
    for end in [Fault::Close, Fault::Truncate, Fault::Reset] {
        for n in 5..10 {
            let when = When::bytes_sent(total * n / 10);
            world.server.set_script(Script::new().with(when, end.clone()));
            let report = world.run().await.unwrap();
            assert!(!report.complete, "{end:?} after {n} of 10");
            assert_eq!(report.computers.missing + report.users.missing, 0, "{end:?}");
            let after = inventory(&world.repository).await;
            assert_same(&after, &before, format!("{end:?} after {n} of 10"));
        }
    }
}

#[tokio::test]
async fn another_certificate_and_password_in_the_middle_of_a_run_are_for_the_next_one() {
    let world = World::new().await;
    let gate = Gate::new();
    // Behind the bind and in the middle of what it asks.
    let when = When::operation(OperationKind::Search).nth(6);
    world.server.set_script(Script::new().with(when, Fault::WaitFor(gate.clone())));
    let change = async {
        gate.reached().await;
        world.server.set_tls(ServerTls::self_signed(&["127.0.0.1"]).unwrap()).unwrap();
        world.server.directory().write().set_password(SVC, "c4nary-another").unwrap();
        gate.open();
    };
    let (report, ()) = tokio::join!(world.run(), change);
    let report = report.unwrap();
    assert!(report.complete, "{report:?}");
    assert_eq!((world.server.connections(), world.server.bind_requests()), (1, 1));

    let error = world.run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
    assert_eq!((world.server.connections(), world.server.bind_requests()), (2, 1));
    assert!(world.server.received(PASSWORD.as_bytes()), "by the first run alone");
}

/// A message that refers to this place: the operation with what comes before the URL in it, and the URL.
fn referring(operation: u8, before: &'static [u8], url: String) -> Raw {
    let element = |tag: u8, contents: &[u8]| {
        let length = u8::try_from(contents.len()).unwrap();
        assert!(length < 0x80, "one octet of length");
        [&[tag, length][..], contents].concat()
    };
    Raw::for_message(move |id| {
        let id = element(0x02, &[u8::try_from(id).unwrap()]);
        let url = element(0x04, url.as_bytes());
        let referral = if before.is_empty() { url } else { element(0xa3, &url) };
        element(0x30, &[id, element(operation, &[before, &referral[..]].concat())].concat())
    })
}

#[tokio::test]
async fn no_socket_is_opened_for_what_a_server_refers_to() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    elsewhere.set_nonblocking(true).unwrap();
    let url = format!("ldap://{}/OU=There,DC=corp,DC=example", elsewhere.local_addr().unwrap());
    // The result code 10, with neither a DN nor a text.
    let referral = |operation| referring(operation, &[0x0a, 1, 10, 4, 0, 4, 0], url.clone());
    let reference = Fault::Before(referring(0x73, &[], url.clone()));
    let (bind, search) = (OperationKind::Bind, OperationKind::Search);
    let mut faults = vec![(bind, 1, Fault::Instead(referral(0x61)))];
    for n in 1..12 {
        faults.push((search, n, reference.clone()));
        faults.push((search, n, Fault::Instead(referral(0x65))));
    }
    let server = TestServer::builder(&directory()).with_ldap().with_plain_binds();
    let server = server.start().await.unwrap();
    let source = source(credential(server.ldap_url()).with_insecure(true));
    let (mut referred, mut refused) = (0, 0);
    for (kind, n, fault) in faults {
        server.set_script(Script::new().with(When::operation(kind).nth(n), fault));
        let (empty, options) = (MemoryRepository::new(), SyncOptions::new());
        match Box::pin(sync(&task(), &source, &empty, &options)).await {
            Ok(report) => referred += report.referrals,
            Err(_) => refused += 1,
        }
    }
    assert!(referred > 0 && refused > 0, "{referred} {refused}");
    // Whoever had connected would wait here.
    assert_eq!(elsewhere.accept().unwrap_err().kind(), IoErrorKind::WouldBlock);
}
