//! Names that lead elsewhere the next time that they are looked up.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use ldap_inventory::credential::Credential;
use ldap_inventory::directory::Verification;
use ldap_inventory::ldap::{ConnectLimits, Resolver, SrvRecord};
use ldap_inventory::store::MemoryRepository;
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{Fault, Script, ServerTls, TestServer, When};
use ldap_inventory::{Error, ErrorKind, Result, Retry};

use crate::road::{Road, loopback};

use super::wire::{PASSWORD, credential, directory, source};
use super::world::*;

const NAME: &str = "dc1.corp.example.test";

/// The addresses that a name has each time that it is looked up, and none after that.
#[derive(Debug, Default)]
struct Flipping(Mutex<VecDeque<Vec<IpAddr>>>);

#[async_trait]
impl Resolver for Flipping {
    async fn srv(&self, _: &str) -> Result<Vec<SrvRecord>> {
        Ok(Vec::new())
    }

    async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>> {
        let next = self.0.lock().unwrap().pop_front();
        next.ok_or_else(|| Error::new(ErrorKind::Connect, "it was looked up once too often"))
    }
}

/// One who never answers.
#[derive(Debug)]
struct Silent;

#[async_trait]
impl Resolver for Silent {
    async fn srv(&self, _: &str) -> Result<Vec<SrvRecord>> {
        std::future::pending().await
    }

    async fn addresses(&self, _: &str) -> Result<Vec<IpAddr>> {
        std::future::pending().await
    }
}

/// A server, and somebody at the same port of other addresses who would take any bind that the server takes.
struct World {
    server: TestServer,
    impostor: TestServer,
    repository: MemoryRepository,
}

impl World {
    async fn new() -> Self {
        let directory = directory();
        let start = async || {
            let tls = ServerTls::self_signed(&[NAME]).unwrap();
            let builder = TestServer::builder(&directory).with_plain_binds();
            builder.with_ldaps(tls).start().await.unwrap()
        };
        let (server, impostor) = (start().await, start().await);
        Self { server, impostor, repository: MemoryRepository::new() }
    }

    fn server(&self) -> SocketAddr {
        self.server.ldaps_address().unwrap()
    }

    /// The same port of another address, from where one gets to this server.
    async fn road(&self, last: u8, to: &TestServer) -> Road {
        let from = SocketAddr::new(loopback(last), self.server().port());
        Road::between(from, to.ldaps_address().unwrap()).await.unwrap()
    }

    /// The server by its name, with its certificate pinned at these addresses.
    fn pinned(&self, addresses: &[u8]) -> Credential {
        let line = self.server.thumbprint().unwrap();
        let (_, digest) = line.split_once('=').unwrap();
        let url = format!("ldaps://{NAME}:{}", self.server().port());
        let pins = addresses.iter().map(|last| format!("{}={digest}", loopback(*last)));
        credential(Some(url)).with_thumbprints(pins.map(|pin| pin.parse().unwrap()))
    }

    /// A run that finds these addresses with its only look-up.
    async fn run(&self, credential: Credential, addresses: &[u8]) -> Result<SyncReport> {
        let found = addresses.iter().map(|last| loopback(*last)).collect();
        let resolver = Arc::new(Flipping(Mutex::new([found].into())));
        let source = source(credential).with_resolver(Arc::clone(&resolver) as _);
        let options = SyncOptions::new();
        let outcome = Box::pin(sync(&task(), &source, &self.repository, &options)).await;
        assert_eq!(resolver.0.lock().unwrap().len(), 0, "it was not looked up");
        outcome
    }

    /// The same, which must end with this error, and without a bind.
    async fn refused(&self, credential: Credential, addresses: &[u8], kind: ErrorKind) -> Error {
        let binds = self.server.bind_requests();
        let error = self.run(credential, addresses).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{error:?}");
        assert_eq!(self.server.bind_requests(), binds, "{error:?}");
        assert_eq!(self.impostor.bind_requests(), 0, "{error:?}");
        assert!(!self.impostor.received(PASSWORD.as_bytes()), "{error:?}");
        error
    }
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_takes_no_pin_with_it() {
    let world = World::new().await;
    let report = world.run(world.pinned(&[1]), &[1]).await.unwrap();
    assert_eq!((report.complete, report.verified_by), (true, Verification::Thumbprint));

    // Somebody else is at the second address, and one who passes every octet on to the server at the third.
    let _elsewhere = world.road(2, &world.impostor).await;
    let _passed_on = world.road(3, &world.server).await;
    for last in [2, 3] {
        world.refused(world.pinned(&[1]), &[last], ErrorKind::Certificate).await;
        // Nor does it help to trust anything: the last run was protected better than that.
        let insecure = world.pinned(&[1]).with_insecure(true);
        world.refused(insecure, &[last], ErrorKind::NoSecureTransport).await;
    }
    assert!(world.impostor.connections() > 0, "it was not asked");
    world.refused(world.pinned(&[1, 2]), &[2], ErrorKind::CertificatePin).await;
    // Who is there is no matter, but that it is the address of the pin.
    assert!(world.run(world.pinned(&[1, 3]), &[3]).await.unwrap().complete);
}

#[tokio::test]
async fn of_several_addresses_the_one_that_answers_must_have_the_pin() {
    let world = World::new().await;
    let _elsewhere = world.road(2, &world.impostor).await;
    // At the third address nobody listens.
    let error = world.refused(world.pinned(&[3]), &[2, 3], ErrorKind::Certificate).await;
    let at = error.context().find(|(key, _)| *key == "address").unwrap().1;
    assert!(at.starts_with("127.0.0.2:"), "{error}");
    // All that are pinned come first, so that the impostor is not even asked.
    let asked = world.impostor.connections();
    assert!(world.run(world.pinned(&[1]), &[2, 1]).await.unwrap().complete);
    assert_eq!(world.impostor.connections(), asked);
}

#[tokio::test]
async fn what_a_name_led_to_once_holds_for_every_transport_of_a_connection() {
    let world = World::new().await;
    let _elsewhere = world.road(2, &world.impostor).await;
    world.server.set_script(Script::new().with(When::accepted(), Fault::Close));
    // Neither LDAPS nor StartTLS is there, and LDAP is not allowed; a second look-up would fail in another way.
    let credential = world.pinned(&[]).with_any_certificate(true);
    let error = world.refused(credential, &[1], ErrorKind::Connect).await;
    let tried: Vec<&str> =
        error.context().filter(|(key, _)| *key == "tried").map(|(_, step)| step).collect();
    assert_eq!(tried.len(), 3, "{error}");
    assert!(tried.iter().all(|step| step.contains(" at 127.0.0.1:")), "{error}");
    assert_eq!(world.impostor.connections(), 0);
}

#[tokio::test]
async fn a_resolver_that_never_answers_ends_by_its_own_timeout() {
    let limits = ConnectLimits::new().with_resolve(Duration::from_millis(50));
    // With a port it is a server, and else perhaps a domain.
    for server in ["ldaps://dc1.corp.example.test:636", "corp.example.test"] {
        let source = source(credential(Some(server.to_owned())));
        let source = source.with_connect_limits(limits).with_resolver(Arc::new(Silent));
        let run = sync(&task(), &source, &MemoryRepository::new(), &SyncOptions::new()).await;
        let error = run.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
        assert!(error.to_string().contains("was not resolved in time"), "{error}");
    }
}
