//! Sign-in by a client certificate (SASL EXTERNAL), over LDAPS and StartTLS, from servers of either kind.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::credential::{CaCertificate, Credential, Sealable, Sharing, SignIn};
use ldap_inventory::directory::Transport;
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{
    AccountState, Fault, LdapResult, OperationKind, Script, ServerTls, TestCa, TestDirectory,
    TestServer, When,
};
use ldap_inventory::value::Secret;
use ldap_inventory::{Error, ErrorKind, Result};

use crate::sync::world::task;

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];
const ACCOUNT: &str = "CN=svc,CN=Users,DC=corp,DC=example,DC=test";

/// More than any of these runs takes on the slowest machine; what hangs is to end as a failure.
const PATIENCE: Duration = Duration::from_secs(120);

/// A company with an authority, and an account that has a certificate of it.
struct Company {
    ca: TestCa,
    directory: TestDirectory,
    certificate: String,
    key: String,
}

impl Company {
    fn new() -> Self {
        let directory = TestDirectory::generated(11, 40, 20, 5);
        directory.write().add_account("svc", "c4nary-never-sent").unwrap();
        let ca = TestCa::new("Example Test CA").unwrap();
        let (certificate, key) = ca.client_certificate("svc").unwrap();
        directory.write().map_certificate(ACCOUNT, &der(&certificate)).unwrap();
        Self { ca, directory, certificate, key }
    }

    fn tls(&self) -> ServerTls {
        ServerTls::signed_by(&self.ca, &NAMES).unwrap()
    }

    /// A domain controller, which asks everybody for a certificate.
    async fn controller(&self) -> TestServer {
        self.serving(self.tls().asking_clients(&self.ca)).await
    }

    async fn serving(&self, tls: ServerTls) -> TestServer {
        let builder = TestServer::builder(&self.directory).with_ldaps(tls.clone());
        builder.with_start_tls(tls).start().await.unwrap()
    }

    fn credential(&self, url: Option<String>) -> Credential {
        self.showing(url, &self.certificate, &self.key)
    }

    fn showing(&self, url: Option<String>, certificate: &str, key: &str) -> Credential {
        let sign_in = SignIn::external(certificate.as_bytes(), &Secret::new(key)).unwrap();
        let authorities = CaCertificate::parse_all(self.ca.certificate_pem().as_bytes()).unwrap();
        Credential::signing_in("reader".parse().unwrap(), sign_in)
            .with_server(url.unwrap().parse().unwrap())
            .with_ca_certificates(authorities)
            .with_sharing(Sharing::Global)
    }
}

fn der(pem: &str) -> Vec<u8> {
    CaCertificate::parse_all(pem.as_bytes()).unwrap()[0].as_der().to_vec()
}

async fn run(credential: Credential) -> Result<SyncReport> {
    let source = LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])));
    let (task, repository, options) = (task(), MemoryRepository::new(), SyncOptions::new());
    let run = sync(&task, &source, &repository, &options);
    tokio::time::timeout(PATIENCE, run).await.expect("a run that ends")
}

/// The error of a run, in which there is nothing of the key.
async fn refused(credential: Credential, kind: ErrorKind, said: &str) -> Error {
    let SignIn::External { key, .. } = credential.sign_in.clone() else { panic!() };
    let error = run(credential).await.unwrap_err();
    let shown = format!("{error:?} {}", error.report());
    assert_eq!(error.kind(), kind, "{shown}");
    assert!(shown.contains(said), "{shown}");
    let body = key.expose().lines().nth(1).unwrap();
    assert!(!shown.contains(body), "{shown}");
    error
}

#[tokio::test]
async fn a_domain_controller_knows_a_certificate_on_ldaps_by_the_handshake_and_on_starttls_by_a_bind()
 {
    let company = Company::new();
    let server = company.controller().await;
    for (url, transport, binds) in
        [(server.ldaps_url(), Transport::Ldaps, 0), (server.ldap_url(), Transport::StartTls, 1)]
    {
        let before = server.bind_requests();
        let report = run(company.credential(url)).await.unwrap();
        assert!(report.complete && report.computers.read >= 40, "{report:?}");
        assert_eq!(report.transport, transport);
        assert_eq!(server.bind_requests() - before, binds);
    }
    let body = company.key.lines().nth(1).unwrap();
    assert!(!server.received(body.as_bytes()), "a private key stays where it is");
}

#[tokio::test]
async fn another_directory_is_asked_to_bind_on_ldaps_as_well() {
    let company = Company::new();
    for tls in [company.tls().only_tls_1_2(), company.tls().only_tls_1_3()] {
        let tls = tls.demanding_of_clients(&company.ca);
        let builder = TestServer::builder(&company.directory).with_external_on_ldaps();
        let builder = builder.with_ldaps(tls.clone()).with_start_tls(tls);
        let server = builder.start().await.unwrap();
        for url in [server.ldaps_url(), server.ldap_url()] {
            let report = run(company.credential(url)).await.unwrap();
            assert!(report.complete && report.computers.read >= 40, "{report:?}");
        }
        assert_eq!(server.bind_requests(), 2);
    }
}

#[tokio::test]
async fn a_credential_with_a_certificate_is_sealed_whole() {
    let company = Company::new();
    let server = company.controller().await;
    let sealed = Sealable::of(&company.credential(server.ldap_url()));
    let again = Sealable::from_bytes(sealed.as_bytes()).credential().unwrap();
    assert!(run(again).await.unwrap().complete);
}

#[tokio::test]
async fn what_no_server_could_accept_is_refused_before_a_connection() {
    let company = Company::new();
    let server = company.controller().await;
    let (other, other_key) = company.ca.client_certificate("other").unwrap();
    let (expired, expired_key) = company.ca.expired_client_certificate("svc").unwrap();
    let url = || server.ldaps_url();
    let foreign = company.showing(url(), &company.certificate, &other_key);
    refused(foreign, ErrorKind::Configuration, "does not belong to the client certificate").await;
    let foreign = company.showing(url(), &other, &company.key);
    refused(foreign, ErrorKind::Configuration, "does not belong to the client certificate").await;
    let expired = company.showing(url(), &expired, &expired_key);
    refused(expired, ErrorKind::Configuration, "has expired; renew it").await;
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_client_certificate_is_never_used_over_plain_ldap() {
    let company = Company::new();
    let builder = TestServer::builder(&company.directory).with_ldap().with_plain_binds();
    let server = builder.start().await.unwrap();
    let credential = company.credential(server.ldap_url()).with_insecure(true);
    let error = refused(credential, ErrorKind::NoSecureTransport, "within TLS alone").await;
    assert!(error.report().contains("plain LDAP"), "{error:?}");
    assert_eq!((server.connections(), server.bind_requests()), (1, 0), "StartTLS was tried");
}

#[tokio::test]
async fn a_server_that_demands_a_certificate_or_another_one_says_so() {
    let company = Company::new();
    let stranger = TestCa::new("Another CA").unwrap();
    let (certificate, key) = stranger.client_certificate("svc").unwrap();
    for tls in [company.tls().only_tls_1_2(), company.tls().only_tls_1_3()] {
        let server = company.serving(tls.demanding_of_clients(&company.ca)).await;
        for url in [server.ldaps_url(), server.ldap_url()] {
            let mut named = company.credential(url.clone());
            named.sign_in = SignIn::simple("CORP\\svc", Secret::new("pw-canary"));
            let error = run(named).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
            assert!(error.report().contains("demands a client certificate"), "{error:?}");
            let strange = company.showing(url, &certificate, &key);
            refused(strange, ErrorKind::Tls, "does not trust the authority").await;
        }
        assert!(!server.received(b"pw-canary"));
    }
}

#[tokio::test]
async fn a_server_that_does_not_ask_for_a_certificate_is_told_from_one_that_refuses_it() {
    let company = Company::new();
    let server = company.serving(company.tls()).await;
    for url in [server.ldaps_url(), server.ldap_url()] {
        refused(company.credential(url), ErrorKind::Tls, "does not ask for a client certificate")
            .await;
    }
    assert_eq!(server.bind_requests(), 0);
}

#[tokio::test]
async fn a_certificate_of_nobody_and_of_a_disabled_account_are_told_and_not_tried_again() {
    let company = Company::new();
    let server = company.controller().await;
    let (certificate, key) = company.ca.client_certificate("nobody").unwrap();
    let nobody = |url| company.showing(url, &certificate, &key);
    refused(nobody(server.ldaps_url()), ErrorKind::NotAuthenticated, "no account").await;
    refused(nobody(server.ldap_url()), ErrorKind::BindRefused, "no account").await;
    company.directory.write().set_account_state(ACCOUNT, AccountState::Disabled).unwrap();
    refused(company.credential(server.ldap_url()), ErrorKind::BindRefused, "is disabled").await;
    assert_eq!(server.bind_requests(), 2);
}

#[tokio::test]
async fn a_server_that_takes_no_external_is_told() {
    let company = Company::new();
    let server = company.controller().await;
    let refusal = LdapResult::new(7, "Unsupported authentication method");
    let when = When::operation(OperationKind::Bind);
    server.set_script(Script::new().with(when, Fault::Answer(refusal)));
    let credential = company.credential(server.ldap_url());
    refused(credential, ErrorKind::BindRefused, "by this client certificate").await;
    assert_eq!(server.bind_requests(), 1);
}
