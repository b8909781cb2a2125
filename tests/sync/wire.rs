//! Whole runs over real sockets, from a server that speaks like a domain controller into a file.

use std::sync::Arc;
use std::time::Duration;

use ldap_inventory::credential::{CaCertificate, Credential, Sharing, SignIn};
use ldap_inventory::directory::{Transport, Verification};
use ldap_inventory::ldap::LdapSource;
use ldap_inventory::store::{MemoryCredentialStore, MemoryRepository};
use ldap_inventory::sync::{SyncOptions, SyncReport, sync};
use ldap_inventory::testing::{
    Fault, LdapResult, OperationKind, Raw, Script, ServerTls, TestCa, TestDirectory, TestServer,
    When,
};
use ldap_inventory::value::{ObjectKind, ReadMode, Secret};
use ldap_inventory::{Error, ErrorKind, Result, Retry};

use super::world::*;

pub(crate) const PASSWORD: &str = "c4nary-8d1f0b52";
const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// More than any of these runs takes on the slowest machine; what hangs is to end as a failure.
const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn directory() -> TestDirectory {
    let directory = TestDirectory::generated(11, 120, 60, 12);
    directory.write().add_account("svc", PASSWORD).unwrap();
    directory
}

pub(crate) fn credential(url: Option<String>) -> Credential {
    let secret = Secret::new(PASSWORD);
    Credential::new("reader".parse().unwrap(), "CORP\\svc", secret)
        .with_server(url.unwrap().parse().unwrap())
        .with_sharing(Sharing::Global)
}

pub(crate) fn source(credential: Credential) -> LdapSource {
    LdapSource::new(Arc::new(MemoryCredentialStore::from_iter([credential])))
}

pub(crate) async fn sync_with(credential: Credential) -> Result<SyncReport> {
    let (source, repository) = (source(credential), MemoryRepository::new());
    let (task, options) = (task(), SyncOptions::new());
    let run = sync(&task, &source, &repository, &options);
    tokio::time::timeout(PATIENCE, run).await.expect("a run that ends")
}

pub(crate) fn trusting(credential: Credential, ca: &TestCa) -> Credential {
    let pem = ca.certificate_pem();
    credential.with_ca_certificates(CaCertificate::parse_all(pem.as_bytes()).unwrap())
}

struct Fixture {
    ca: TestCa,
    server: TestServer,
}

impl Fixture {
    /// A server with LDAPS, and LDAP with StartTLS.
    async fn new() -> Self {
        let ca = TestCa::new("Example Test CA").unwrap();
        let tls = ServerTls::signed_by(&ca, &NAMES).unwrap();
        let builder = TestServer::builder(&directory()).with_ldaps(tls.clone());
        let server = builder.with_start_tls(tls).start().await.unwrap();
        Self { ca, server }
    }

    fn ldaps(&self) -> Credential {
        credential(self.server.ldaps_url())
    }

    fn ldap(&self) -> Credential {
        credential(self.server.ldap_url())
    }
}

/// How the real directory is counted: computers, users, groups.
fn counted(directory: &TestDirectory) -> [u64; 3] {
    let tree = directory.read();
    let mut counts = [0; 3];
    for entry in tree.entries() {
        let is = |class: &str| {
            entry.values("objectClass").iter().any(|v| v.eq_ignore_ascii_case(class.as_bytes()))
        };
        if !entry.dn().ends_with(tree.base_dn()) {
            continue;
        }
        if is("computer") {
            counts[0] += 1;
        } else if is("user") {
            counts[1] += 1;
        } else if is("group") {
            counts[2] += 1;
        }
    }
    counts
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn a_domain_goes_into_a_file_and_a_second_run_changes_nothing() {
    use ldap_inventory::store::SqliteRepository;

    let fixture = Fixture::new().await;
    let folder = tempfile::tempdir().unwrap();
    let repository = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    let source = source(trusting(fixture.ldaps(), &fixture.ca));
    let report = sync(&task(), &source, &repository, &SyncOptions::new()).await.unwrap();
    assert!(report.complete, "{report:?}");
    let expected = counted(fixture.server.directory());
    assert_eq!([report.computers.read, report.users.read, report.groups.read], expected);
    assert_eq!(report.server.dns_host_name.as_deref(), Some("dc1.corp.example.test"));
    let stored = links(&repository).await;
    let of = |kind| stored.iter().filter(|link| link.kind == kind).count() as u64;
    assert_eq!([of(ObjectKind::User), of(ObjectKind::Group)], expected[1..]);
    assert_eq!(of(ObjectKind::Computer), report.computers.created + report.computers.matched);
    assert_consistent(&repository).await;
    assert!(repository.check().await.unwrap().is_empty());

    let before = inventory(&repository).await;
    let again = sync(&task(), &source, &repository, &SyncOptions::new()).await.unwrap();
    assert_eq!((again.computers.created, again.computers.updated), (0, 0));
    assert_eq!((again.users.updated, again.groups.updated), (0, 0));
    assert_same(&inventory(&repository).await, &before, "the second run");
    fixture.server.all_closed().await;
    assert!(!fixture.server.received_in_clear(PASSWORD.as_bytes()));
}

#[tokio::test]
async fn laps_is_told_by_its_times_and_its_passwords_are_never_asked_for() {
    const EXPIRY: [&str; 2] = ["msLAPS-PasswordExpirationTime", "ms-Mcs-AdmPwdExpirationTime"];
    let fixture = Fixture::new().await;
    let secrets = ["ms-Mcs-AdmPwd", "msLAPS-Password", "msLAPS-EncryptedPassword"];
    {
        let mut tree = fixture.server.directory().write();
        let computer = tree.add_computer("LAPS1").unwrap();
        tree.set(&computer, EXPIRY[0], ["134485408000000000"]).unwrap();
        for secret in secrets {
            tree.set(&computer, secret, [PASSWORD]).unwrap();
        }
    }
    let directory = source(trusting(fixture.ldaps(), &fixture.ca));
    let asked = || -> Vec<String> {
        let recorded = fixture.server.recorded();
        let searches = recorded.iter().flat_map(|connection| &connection.searches);
        searches
            .flat_map(|search| search.attributes.iter().map(|name| name.to_lowercase()))
            .collect()
    };
    let repository = MemoryRepository::new();
    // Not by a task that does not want to know,
    sync(&task(), &directory, &repository, &SyncOptions::new()).await.unwrap();
    assert!(!asked().iter().any(|name| name.contains("laps") || name.contains("admpwd")));
    // nor by one that names them: it is refused before anything is asked for.
    let before = asked().len();
    for secret in secrets {
        let task = task().with_extra_attributes([secret.to_lowercase()]).with_laps();
        let refused = sync(&task, &directory, &repository, &SyncOptions::new()).await;
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Configuration, "{secret}");
    }
    assert_eq!(asked().len(), before);
    let report = sync(&task().with_laps(), &directory, &repository, &SyncOptions::new()).await;
    assert!(report.unwrap().complete);
    let asked = asked();
    assert!(EXPIRY.iter().all(|name| asked.contains(&name.to_lowercase())));
    assert!(!secrets.iter().any(|secret| asked.contains(&secret.to_lowercase())), "{asked:?}");
    let known = assets(&repository).await;
    let said = |name: &str| {
        let parts = known.iter().flat_map(|asset| &asset.parts);
        parts.filter_map(|part| part.attributes.first(name).map(str::to_owned)).collect::<Vec<_>>()
    };
    assert_eq!(said("hasLaps"), ["true"]);
    assert_eq!(said("lapsExpiresTS"), ["2027-03-03T09:46:40Z"]);
    assert!(secrets.iter().all(|secret| said(secret).is_empty()));
}

#[tokio::test]
async fn a_computer_that_enters_a_filter_by_a_membership_is_read_though_it_did_not_change() {
    let directory = TestDirectory::new();
    let (staff, inside, outside) = {
        let mut tree = directory.write();
        tree.add_account("svc", PASSWORD).unwrap();
        let staff = tree.add_group("Managed").unwrap();
        let [inside, outside] = ["IN1", "OUT1"].map(|name| tree.add_computer(name).unwrap());
        tree.add_values(&staff, "member", [inside.clone()]).unwrap();
        (staff, inside, outside)
    };
    let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
    let server = server.start().await.unwrap();
    let source = source(credential(server.ldap_url()).with_insecure(true));
    let task = task().with_computer_filter(format!("(memberOf={staff})"));
    let repository = MemoryRepository::new();
    let run = async || {
        let report = sync(&task, &source, &repository, &SyncOptions::new()).await.unwrap();
        (report.mode == ReadMode::Full, report.computers.created, report.computers.missing)
    };
    assert_eq!(run().await, (true, 1, 0), "{inside}");
    directory.write().add_values(&staff, "member", [outside]).unwrap();
    assert_eq!(run().await, (false, 1, 0));
    assert_eq!(run().await, (false, 0, 0));
}

#[tokio::test]
async fn every_form_of_the_user_name_is_sent_as_it_is_given() {
    let fixture = Fixture::new().await;
    let base = fixture.server.directory().read().base_dn().to_owned();
    for name in [
        "CORP\\svc".to_owned(),
        "svc@corp.example.test".to_owned(),
        format!("CN=svc,CN=Users,{base}"),
    ] {
        let mut credential = trusting(fixture.ldaps(), &fixture.ca);
        credential.sign_in = SignIn::simple(name.as_str(), Secret::new(PASSWORD));
        let binds = fixture.server.bind_requests();
        let report = sync_with(credential).await.unwrap();
        assert!(report.complete && report.computers.read > 100, "{name}");
        assert_eq!(fixture.server.bind_requests(), binds + 1);
        let last = fixture.server.recorded().pop().unwrap();
        assert!(last.contains(name.as_bytes()), "{name}");
    }
}

#[tokio::test]
async fn the_report_says_how_the_server_was_reached_and_verified() {
    let fixture = Fixture::new().await;
    let pin = fixture.server.thumbprint().unwrap();
    let pinned = |c: Credential| c.with_thumbprint(pin.parse().unwrap());
    let (ca, none) = (Verification::CertificateAuthority, Verification::Nothing);
    let by_pin = Verification::Thumbprint;
    for (credential, transport, verification, words) in [
        (pinned(fixture.ldaps()), Transport::Ldaps, by_pin, ["ldaps", "thumbprint"]),
        (trusting(fixture.ldaps(), &fixture.ca), Transport::Ldaps, ca, ["ldaps", "ca"]),
        (trusting(fixture.ldap(), &fixture.ca), Transport::StartTls, ca, ["starttls", "ca"]),
        (
            pinned(fixture.ldap()).with_pins_on_starttls(true),
            Transport::StartTls,
            by_pin,
            ["starttls", "thumbprint"],
        ),
        (fixture.ldaps().with_insecure(true), Transport::Ldaps, none, ["ldaps", "nothing"]),
        (fixture.ldap().with_insecure(true), Transport::StartTls, none, ["starttls", "nothing"]),
    ] {
        let report = sync_with(credential).await.unwrap();
        assert!(report.complete);
        assert_eq!((report.transport, report.verified_by), (transport, verification));
        assert_eq!(report.server.thumbprint.as_deref(), Some(pin.as_str()));
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!([&json["transport"], &json["verified_by"]], words);
    }
    assert!(!fixture.server.received_in_clear(PASSWORD.as_bytes()));
}

/// Runs, and asserts the error's kind and that no server saw a bind request or the password.
async fn refused(server: &TestServer, credential: Credential, kind: ErrorKind) -> Error {
    let (binds, shown) = (server.bind_requests(), format!("{credential:?}"));
    let error = sync_with(credential).await.expect_err(&shown);
    assert_eq!(error.kind(), kind, "{error:?} for {shown}");
    assert_ne!(error.retry(), Retry::Transient, "{error:?}");
    assert_eq!(server.bind_requests(), binds, "{error:?}");
    assert!(!server.received(PASSWORD.as_bytes()), "{error:?}");
    error
}

#[tokio::test]
async fn what_is_not_trusted_never_sees_a_bind_request() {
    let fixture = Fixture::new().await;
    let server = &fixture.server;
    let other = ServerTls::self_signed(&NAMES).unwrap();
    let wrong = format!("127.0.0.1={}", other.thumbprint());
    let wrong = |c: Credential| trusting(c, &fixture.ca).with_thumbprint(wrong.parse().unwrap());
    let mut messages = vec![
        refused(server, wrong(fixture.ldaps()), ErrorKind::CertificatePin).await,
        refused(server, wrong(fixture.ldaps()).with_insecure(true), ErrorKind::CertificatePin)
            .await,
        refused(server, fixture.ldaps(), ErrorKind::Certificate).await,
        refused(server, fixture.ldap(), ErrorKind::Certificate).await,
    ];
    let starttls = wrong(fixture.ldap()).with_pins_on_starttls(true);
    refused(server, starttls, ErrorKind::CertificatePin).await;
    let mut empty = trusting(fixture.ldaps(), &fixture.ca);
    empty.sign_in = SignIn::simple("CORP\\svc", Secret::new(""));
    let connections = server.connections();
    messages.push(refused(server, empty, ErrorKind::Configuration).await);
    assert_eq!(server.connections(), connections, "an empty password is refused before connecting");
    server.set_tls(ServerTls::signed_by(&fixture.ca, &["dc9.corp.example.test"]).unwrap()).unwrap();
    let trusted = trusting(fixture.ldaps(), &fixture.ca);
    messages.push(refused(server, trusted, ErrorKind::Certificate).await);
    server.set_tls(ServerTls::expired(&fixture.ca, &NAMES).unwrap()).unwrap();
    let trusted = trusting(fixture.ldaps(), &fixture.ca);
    messages.push(refused(server, trusted, ErrorKind::Certificate).await);
    let unverified: Vec<&str> = messages[2..].iter().map(Error::message).collect();
    assert!(unverified[0] != unverified[3] && unverified[3] != unverified[4], "{unverified:?}");
    // A certificate that does not hold is final: StartTLS and plain LDAP are not tried instead.
    assert!(server.recorded().iter().all(|c| c.plain.is_empty() || !c.contains(b"objectClass")));
}

#[tokio::test]
async fn plain_ldap_without_insecure_and_a_stripped_starttls_never_see_a_bind_request() {
    let plain = TestServer::builder(&directory()).with_ldap().with_plain_binds();
    let plain = plain.start().await.unwrap();
    refused(&plain, credential(plain.ldap_url()), ErrorKind::NoSecureTransport).await;

    let fixture = Fixture::new().await;
    for code in [1, 2, 52, 53, 80] {
        let when = When::operation(OperationKind::StartTls);
        let strip = Fault::Answer(LdapResult::new(code, "no TLS here"));
        fixture.server.set_script(Script::new().with(when, strip));
        let trusted = trusting(fixture.ldap(), &fixture.ca);
        let error = sync_with(trusted).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "result {code}: {error:?}");
    }
    assert_eq!(fixture.server.bind_requests(), 0);
    // It says yes and goes on in the clear.
    let when = When::operation(OperationKind::StartTls);
    let lie = Fault::Answer(LdapResult::success());
    fixture.server.set_script(Script::new().with(when, lie));
    for credential in [trusting(fixture.ldap(), &fixture.ca), fixture.ldap().with_insecure(true)] {
        sync_with(credential).await.unwrap_err();
    }
    assert_eq!(fixture.server.bind_requests(), 0);
    assert!(!fixture.server.received(PASSWORD.as_bytes()));
}

#[tokio::test]
async fn a_run_that_is_protected_less_than_the_last_complete_one_stops_before_the_password() {
    let fixture = Fixture::new().await;
    let plain = TestServer::builder(&directory()).with_ldap().with_plain_binds();
    let plain = plain.start().await.unwrap();
    let repository = MemoryRepository::new();
    let run = async |credential: Credential, accepts: bool| {
        let options = SyncOptions::new().with_accept_weaker_transport(accepts);
        sync(&task(), &source(credential), &repository, &options).await
    };
    let by_plain_ldap = || credential(plain.ldap_url()).with_insecure(true);
    assert!(run(trusting(fixture.ldaps(), &fixture.ca), false).await.unwrap().complete);
    for weaker in [by_plain_ldap(), fixture.ldaps().with_insecure(true), by_plain_ldap()] {
        let error = run(weaker, false).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::NoSecureTransport, Retry::Never));
        assert!(error.to_string().contains("accept the weaker transport"), "{error}");
    }
    assert_eq!(plain.bind_requests(), 0);
    // What failed since does not count, and what was accepted once is how it is from now on.
    assert!(run(trusting(fixture.ldap(), &fixture.ca), false).await.unwrap().complete);
    assert_eq!(run(by_plain_ldap(), true).await.unwrap().transport, Transport::Ldap);
    assert_eq!(run(by_plain_ldap(), false).await.unwrap().transport, Transport::Ldap);
}

#[tokio::test]
async fn a_starttls_answer_that_is_cut_anywhere_is_followed_by_no_bind_request() {
    let fixture = Fixture::new().await;
    let script = || Script::new().with(When::operation(OperationKind::Bind), Fault::Close);
    fixture.server.set_script(script());
    sync_with(trusting(fixture.ldap(), &fixture.ca)).await.unwrap_err();
    let binds = fixture.server.bind_requests();
    let answer = fixture.server.bytes_sent();
    assert!(answer > 10, "{answer}");
    for bytes in 0..answer {
        let cut = script().with(When::bytes_sent(bytes), Fault::Truncate);
        fixture.server.set_script(cut);
        sync_with(trusting(fixture.ldap(), &fixture.ca)).await.unwrap_err();
        assert_eq!(fixture.server.bind_requests(), binds, "cut after {bytes} of {answer}");
    }
}

#[tokio::test]
async fn a_refused_password_is_sent_exactly_once() {
    let fixture = Fixture::new().await;
    for base in [fixture.ldaps(), fixture.ldap()] {
        let mut credential = trusting(base, &fixture.ca).with_insecure(true);
        credential.sign_in = SignIn::simple("CORP\\svc", Secret::new("c4nary-wrong"));
        // A second server that is never asked.
        let again = credential.servers[0].clone();
        let binds = fixture.server.bind_requests();
        let error = sync_with(credential.with_server(again)).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::BindRefused, Retry::Never));
        assert_eq!(fixture.server.bind_requests(), binds + 1);
        assert!(!format!("{error:?} {error} {}", error.report()).contains("c4nary"));
    }
}

#[tokio::test]
async fn what_would_overflow_a_parser_is_a_protocol_error() {
    let nested = Raw::nested_sequences(8_000);
    assert!(nested.len() > 30_000, "{}", nested.len());
    let ca = TestCa::new("Example Test CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &NAMES).unwrap();
    for kind in [OperationKind::StartTls, OperationKind::Bind, OperationKind::Search] {
        let when = || When::operation(kind);
        for fault in [Fault::Instead(nested.clone().into()), Fault::Before(nested.clone().into())] {
            let server = TestServer::builder(&directory()).with_plain_binds();
            let server = match kind {
                OperationKind::StartTls => server.with_start_tls(tls.clone()),
                _ => server.with_ldap(),
            };
            let script = Script::new().with(when(), fault);
            let server = server.with_script(script).start().await.unwrap();
            let credential = trusting(credential(server.ldap_url()), &ca).with_insecure(true);
            let error = sync_with(credential).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Protocol, "{kind:?}: {error:?}");
            let binds = usize::from(kind != OperationKind::StartTls);
            assert_eq!(server.bind_requests(), binds, "{kind:?}");
            tokio::time::timeout(PATIENCE, server.all_closed()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_would_overflow_a_parser_in_the_middle_of_a_read_leaves_it_incomplete() {
    let fixture = Fixture::new().await;
    let repository = MemoryRepository::new();
    let source = source(trusting(fixture.ldaps(), &fixture.ca));
    sync(&task(), &source, &repository, &SyncOptions::new()).await.unwrap();
    let before = inventory(&repository).await;
    let total = fixture.server.bytes_sent();
    for n in 1..10 {
        let when = When::bytes_sent(total * n / 10);
        let fault = Fault::Before(Raw::nested_sequences(8_000).into());
        fixture.server.set_script(Script::new().with(when, fault));
        let everything = SyncOptions::new().with_full_read(true);
        let report = sync(&task(), &source, &repository, &everything).await;
        assert!(report.is_err() || !report.unwrap().complete, "{n} of 10");
        assert_same(&inventory(&repository).await, &before, format!("{n} of 10"));
    }
}
