//! The whole way up the ladder, against servers on loopback.

mod identity;
mod ports;
mod refusals;
mod server;

use std::net::IpAddr;
use std::time::Duration;

use rcgen::{BasicConstraints, IsCa, KeyPair};
use rustls::version::{TLS12, TLS13};
use tokio::net::TcpListener;

use self::identity::{Authority, Identity, dated, named};
use self::server::{Script, Server, Tls};
use super::*;
use crate::credential::{CaCertificate, CertificateDigest, SignIn, Thumbprint};
use crate::value::{CredentialId, Secret};

const HOST: &str = "127.0.0.1";
/// Fewer keys and signatures are verified by it.
const TLS: TlsProvider = TlsProvider::Ring;
const CANARY: &str = "canary-5b1d";
const SUCCESS: &[u8] = &[0x30, 12, 2, 1, 1, 0x78, 7, 0x0a, 1, 0, 4, 0, 4, 0];

fn result(code: u8) -> Vec<u8> {
    let mut answer = SUCCESS.to_vec();
    answer[9] = code;
    answer
}

fn credential(urls: &[String]) -> Credential {
    let id = CredentialId::new("corp").unwrap();
    let urls = urls.iter().map(|url| ServerUrl::parse(url).unwrap());
    urls.fold(Credential::new(id, "svc", Secret::new(CANARY)), Credential::with_server)
}

fn at(server: &Server) -> Credential {
    credential(&[server.address.to_string()])
}

fn pin(digest: CertificateDigest) -> Thumbprint {
    Thumbprint::new(HOST.parse().unwrap(), digest)
}

fn other_pin() -> Thumbprint {
    pin(CertificateDigest::new([7; 32]))
}

fn limits() -> ConnectLimits {
    ConnectLimits::new()
}

/// LDAPS and StartTLS with this certificate.
fn both(identity: &Identity) -> Script {
    let tls = Tls::Serve(identity.serve());
    Script { ldaps: tls.clone(), starttls: Some((SUCCESS.to_vec(), tls)) }
}

fn ldaps(identity: &Identity) -> Script {
    Script { ldaps: Tls::Serve(identity.serve()), starttls: None }
}

fn starttls(identity: &Identity) -> Script {
    Script { ldaps: Tls::Close, ..both(identity) }
}

/// The servers of a credential.
async fn connect(
    credential: &Credential,
    least: Option<(Transport, Verification)>,
    limits: &ConnectLimits,
    tls: TlsProvider,
) -> Result<Connected> {
    let targets: Vec<Target> = credential.servers.iter().map(Target::from).collect();
    super::connect(&targets, credential, least, limits, tls).await.map_err(Unconnected::into_error)
}

/// Connects, and holds that nothing was sent but StartTLS requests and TLS.
async fn attempt(server: &Server, credential: &Credential) -> Result<Connected> {
    let limits = ConnectLimits { tls: Duration::from_secs(30), ..limits() };
    let outcome = connect(credential, None, &limits, TLS).await;
    for record in server.records() {
        let rest =
            record.strip_prefix(b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037");
        assert_is_tls(rest.unwrap_or(&record));
        assert!(!record.windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()));
    }
    if let Err(error) = &outcome {
        assert!(!format!("{error:?}").contains(CANARY));
    }
    outcome
}

fn assert_is_tls(mut bytes: &[u8]) {
    while let [kind, 3, _, high, low, rest @ ..] = bytes {
        assert!((20..=23).contains(kind), "{bytes:?}");
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = rest.get(length..).unwrap_or_default();
    }
    assert!(bytes.len() < 5, "{bytes:?}");
}

async fn refused(server: &Server, credential: &Credential) -> Error {
    let error = attempt(server, credential).await.unwrap_err();
    assert_ne!(error.message(), "", "{error:?}");
    error
}

/// The connections that were made: a final error makes one.
fn connections(server: &Server) -> usize {
    server.records().len()
}

#[tokio::test]
async fn ldaps_is_verified_by_the_credentials_own_authority() {
    let authority = Authority::new();
    let identity = authority.issue(named(&[HOST]));
    let mut server = Server::start(both(&identity)).await;
    let credential = at(&server).with_ca_certificates(authority.certificates());
    let connected = attempt(&server, &credential).await.unwrap();
    assert_eq!(connected.transport, Transport::Ldaps);
    assert_eq!(connected.verification, Verification::CertificateAuthority);
    assert_eq!(connected.peer, server.address);
    assert_eq!(connected.certificate.as_ref().unwrap().digest, identity.digest());
    assert_eq!(connected.steps.len(), 1);
    drop(connected);
    assert_eq!(server.heard_within_tls().await, b"", "nothing is said before the bind");
}

#[tokio::test]
async fn without_ldaps_starttls_is_verified_the_same_way() {
    let authority = Authority::new();
    let server = Server::start(starttls(&authority.issue(named(&[HOST])))).await;
    let credential = at(&server).with_ca_certificates(authority.certificates());
    let connected = attempt(&server, &credential).await.unwrap();
    assert_eq!(connected.transport, Transport::StartTls);
    assert_eq!(connected.verification, Verification::CertificateAuthority);
    assert_eq!(connected.steps.len(), 2);
    assert!(connected.steps[0].failure.is_some());
    assert_eq!(connected.steps[1].failure, None);
}

#[tokio::test]
async fn every_provider_shakes_hands_and_the_one_of_the_process_is_not_asked_for() {
    let authority = Authority::new();
    let server = Server::start(ldaps(&authority.issue(named(&[HOST])))).await;
    let trusting = at(&server).with_ca_certificates(authority.certificates());
    for tls in [TlsProvider::AwsLcRs, TlsProvider::Ring] {
        let connected = connect(&trusting, None, &limits(), tls).await.unwrap();
        assert_eq!(connected.verification, Verification::CertificateAuthority, "{tls:?}");
        let error = connect(&at(&server), None, &limits(), tls).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Certificate, "{tls:?}");
    }
    assert!(rustls::crypto::CryptoProvider::get_default().is_none());
}

#[tokio::test]
async fn a_host_name_is_verified_as_a_name() {
    let authority = Authority::new();
    let server = Server::start(ldaps(&authority.issue(named(&["localhost"])))).await;
    let url = format!("ldaps://localhost:{}", server.address.port());
    let credential = credential(&[url]).with_ca_certificates(authority.certificates());
    attempt(&server, &credential).await.unwrap();
    let error = refused(&server, &at(&server).with_ca_certificates(authority.certificates())).await;
    assert!(error.message().contains("only for localhost"), "{error}");
}

#[tokio::test]
async fn each_bad_certificate_has_its_own_error_and_ends_it_all() {
    let authority = Authority::new();
    let mut ca_leaf = named(&[HOST]);
    ca_leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for (identity, words) in [
        (Identity::self_made(named(&[HOST])), "self-made"),
        (Authority::named("Another").issue(named(&[HOST])), "is not trusted"),
        (Authority::new().issue(named(&[HOST])), "did not sign it"),
        (authority.issue(dated(&[HOST], 2001, 2002)), "expired on 2002-01-01"),
        (authority.issue(dated(&[HOST], 4001, 4002)), "not valid before 4001-01-01"),
        (authority.issue(named(&["dc1.corp.example", "10.0.0.1"])), "dc1.corp.example, 10.0.0.1"),
        (authority.issue(named(&["*.corp.example"])), "only for *.corp.example"),
        (authority.issue(named(&[])), "names no host"),
        (authority.issue(ca_leaf), "CA:TRUE"),
        (Identity::version_1(), "version 1"),
    ] {
        for script in [ldaps(&identity), starttls(&identity)] {
            let first = if matches!(script.ldaps, Tls::Close) { 2 } else { 1 };
            let server = Server::start(script).await;
            let credential = at(&server)
                .with_server(ServerUrl::parse(HOST).unwrap())
                .with_ca_certificates(authority.certificates());
            let error = refused(&server, &credential).await;
            assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
            assert!(error.message().contains(words), "{}", error.report());
            let presented = pin(identity.digest()).to_string();
            assert!(error.context().any(|c| c == ("presented", presented.as_str())), "{error}");
            assert_eq!(connections(&server), first, "{error}");
        }
    }
}

#[tokio::test]
async fn an_authoritys_own_certificate_on_a_server_is_refused_though_it_is_trusted() {
    let mut params = named(&[HOST]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let identity = Identity::self_made(params);
    let server = Server::start(ldaps(&identity)).await;
    let trusted = CaCertificate::parse_all(&identity.der).unwrap();
    let error = refused(&server, &at(&server).with_ca_certificates(trusted)).await;
    assert!(error.message().contains("CA:TRUE"), "{error}");
}

#[tokio::test]
async fn a_self_made_certificate_that_is_no_authority_vouches_for_itself_once_trusted() {
    let identity = Identity::self_made(named(&[HOST]));
    let server = Server::start(ldaps(&identity)).await;
    let trusted = CaCertificate::parse_all(&identity.der).unwrap();
    let connected = attempt(&server, &at(&server).with_ca_certificates(trusted)).await.unwrap();
    assert_eq!(connected.verification, Verification::CertificateAuthority);
}

#[tokio::test]
async fn a_pin_accepts_what_no_authority_could() {
    let mut ca_leaf = named(&[]);
    ca_leaf.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    for identity in [
        Identity::self_made(named(&[HOST])),
        Identity::self_made(dated(&["other.example"], 2001, 2002)),
        Identity::self_made(ca_leaf),
        Identity::version_1(),
    ] {
        for versions in [&[&TLS12], &[&TLS13]] {
            let tls = Tls::Serve(identity.serve_with(versions, identity.key()));
            let server = Server::start(Script { ldaps: tls.clone(), starttls: None }).await;
            let credential = at(&server).with_thumbprint(pin(identity.digest()));
            let connected = attempt(&server, &credential).await.unwrap();
            assert_eq!(connected.transport, Transport::Ldaps);
            assert_eq!(connected.verification, Verification::Thumbprint);

            let answer = Some((SUCCESS.to_vec(), tls));
            let server = Server::start(Script { ldaps: Tls::Close, starttls: answer }).await;
            let credential = at(&server).with_thumbprint(pin(identity.digest()));
            let error = refused(&server, &credential).await;
            assert_eq!(error.kind(), ErrorKind::Certificate);
            let credential = credential.with_pins_on_starttls(true);
            let connected = attempt(&server, &credential).await.unwrap();
            assert_eq!(connected.transport, Transport::StartTls);
            assert_eq!(connected.verification, Verification::Thumbprint);
        }
    }
}

#[tokio::test]
async fn a_pin_decides_against_a_good_authority_and_against_insecure() {
    let authority = Authority::new();
    let identity = authority.issue(named(&[HOST]));
    let server = Server::start(both(&identity)).await;
    let credential =
        at(&server).with_ca_certificates(authority.certificates()).with_thumbprint(other_pin());
    for credential in [credential.clone(), credential.with_insecure(true)] {
        let error = refused(&server, &credential).await;
        assert_eq!(error.kind(), ErrorKind::CertificatePin);
        let context: Vec<_> = error.context().collect();
        assert!(context.contains(&("pinned", &other_pin().to_string())), "{error}");
        assert!(context.contains(&("presented", &pin(identity.digest()).to_string())), "{error}");
    }
    assert_eq!(connections(&server), 2);
}

#[tokio::test]
async fn either_of_two_pins_is_accepted() {
    let identity = Identity::self_made(named(&[HOST]));
    let server = Server::start(ldaps(&identity)).await;
    let pins = [other_pin(), pin(identity.digest())];
    let connected = attempt(&server, &at(&server).with_thumbprints(pins)).await.unwrap();
    assert_eq!(connected.certificate.unwrap().digest, identity.digest());
}

#[tokio::test]
async fn a_pin_of_another_address_vouches_for_nothing() {
    let identity = Identity::self_made(named(&[HOST]));
    let server = Server::start(ldaps(&identity)).await;
    let elsewhere = Thumbprint::new("127.0.0.2".parse().unwrap(), identity.digest());
    let error = refused(&server, &at(&server).with_thumbprint(elsewhere)).await;
    assert_eq!(error.kind(), ErrorKind::Certificate);
}

#[tokio::test]
async fn a_certificate_without_its_key_is_refused_by_every_rule_in_every_version() {
    let authority = Authority::new();
    let identity = authority.issue(named(&[HOST]));
    let stolen = KeyPair::generate().unwrap();
    for versions in [&[&TLS12], &[&TLS13]] {
        let tls = Tls::Serve(identity.serve_with(versions, &stolen));
        let answer = Some((SUCCESS.to_vec(), tls.clone()));
        let server = Server::start(Script { ldaps: tls, starttls: answer }).await;
        let plain = at(&server);
        for credential in [
            plain.clone().with_ca_certificates(authority.certificates()),
            plain.clone().with_thumbprint(pin(identity.digest())),
            plain.clone().with_insecure(true),
        ] {
            let error = refused(&server, &credential).await;
            assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
            assert!(error.message().contains("prove"), "{error}");
        }
        assert_eq!(connections(&server), 3);
    }
}

#[tokio::test]
async fn a_v1_certificate_without_its_key_is_refused_too() {
    let identity = Identity::version_1();
    let stolen = KeyPair::generate().unwrap();
    for versions in [&[&TLS12], &[&TLS13]] {
        let tls = Tls::Serve(identity.serve_with(versions, &stolen));
        let server = Server::start(Script { ldaps: tls, starttls: None }).await;
        let credential = at(&server).with_thumbprint(pin(identity.digest()));
        let error = refused(&server, &credential).await;
        assert!(error.message().contains("prove"), "{error}");
    }
}

#[tokio::test]
async fn insecure_accepts_any_certificate_and_says_so() {
    let identity = Identity::self_made(dated(&["other.example"], 2001, 2002));
    for (script, transport) in
        [(ldaps(&identity), Transport::Ldaps), (starttls(&identity), Transport::StartTls)]
    {
        let server = Server::start(script).await;
        let connected = attempt(&server, &at(&server).with_insecure(true)).await.unwrap();
        assert_eq!(connected.transport, transport);
        assert_eq!(connected.verification, Verification::Nothing);
        assert!(connected.warnings[0].contains("was not verified"), "{:?}", connected.warnings);
    }
}

#[tokio::test]
async fn a_stripped_starttls_needs_insecure_and_no_pin() {
    for code in [2, 12, 52, 53] {
        let stripped = Script { ldaps: Tls::Close, starttls: Some((result(code), Tls::Silence)) };
        let server = Server::start(stripped).await;
        let plain = at(&server);
        for credential in [
            plain.clone(),
            plain.clone().with_thumbprint(other_pin()),
            plain.clone().with_thumbprint(other_pin()).with_insecure(true),
            plain
                .clone()
                .with_thumbprint(other_pin())
                .with_insecure(true)
                .with_pins_on_starttls(true),
        ] {
            let error = refused(&server, &credential).await;
            assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error:?}");
        }
        let connected = attempt(&server, &plain.with_insecure(true)).await.unwrap();
        assert_eq!(connected.transport, Transport::Ldap);
        assert_eq!(connected.verification, Verification::Nothing);
        assert!(connected.warnings[0].contains("not encrypted"), "{:?}", connected.warnings);
    }
}

#[tokio::test]
async fn blocking_ldaps_does_not_make_a_pinned_server_an_unverified_one() {
    let impostor = Identity::self_made(named(&[HOST]));
    let server = Server::start(starttls(&impostor)).await;
    let credential = at(&server).with_thumbprint(other_pin()).with_insecure(true);
    assert_eq!(refused(&server, &credential).await.kind(), ErrorKind::Certificate);
    let credential = credential.with_pins_on_starttls(true);
    assert_eq!(refused(&server, &credential).await.kind(), ErrorKind::CertificatePin);
}

#[tokio::test]
async fn an_authority_over_starttls_beside_an_unused_pin_is_said() {
    let authority = Authority::new();
    let server = Server::start(starttls(&authority.issue(named(&[HOST])))).await;
    let credential =
        at(&server).with_thumbprint(other_pin()).with_ca_certificates(authority.certificates());
    let connected = attempt(&server, &credential).await.unwrap();
    assert_eq!(connected.verification, Verification::CertificateAuthority);
    assert!(connected.warnings.iter().any(|w| w.contains("pins_on_starttls")));
}

#[tokio::test]
async fn starttls_that_ends_in_something_else_than_tls_is_final() {
    let bind_response = vec![0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];
    for then in [Tls::Say(bind_response), Tls::Close] {
        let script = Script { ldaps: Tls::Close, starttls: Some((SUCCESS.to_vec(), then)) };
        let server = Server::start(script).await;
        let error = refused(&server, &at(&server).with_insecure(true)).await;
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        assert_eq!(connections(&server), 2);
    }
}

#[tokio::test]
async fn a_close_or_a_notice_instead_of_the_starttls_answer_is_an_error() {
    let server = Server::start(Script { ldaps: Tls::Close, starttls: None }).await;
    assert_eq!(refused(&server, &at(&server)).await.kind(), ErrorKind::Connect);
    let mut notice = result(52);
    notice[4] = 0;
    for (answer, kind) in [
        (notice, ErrorKind::Disconnected),
        ([SUCCESS, SUCCESS].concat(), ErrorKind::Protocol),
        (vec![0x30; 30_000], ErrorKind::Protocol),
    ] {
        let script = Script { ldaps: Tls::Close, starttls: Some((answer, Tls::Silence)) };
        let server = Server::start(script).await;
        let error = refused(&server, &at(&server).with_insecure(true)).await;
        assert_eq!(error.kind(), kind, "{error:?}");
    }
}

#[tokio::test]
async fn tls_too_old_is_an_error_and_no_reason_for_plain_ldap() {
    let old_hello =
        [&[0x16, 3, 2, 0, 42, 2, 0, 0, 38, 3, 2][..], &[9; 32], &[0, 0, 0x2f, 0]].concat();
    // After a handshake failure it is asked again, by somebody who accepts any certificate whatever.
    for (bytes, asked) in
        [(vec![0x15, 3, 1, 0, 2, 2, 70], 1), (vec![0x15, 3, 3, 0, 2, 2, 40], 2), (old_hello, 1)]
    {
        let script = Script { ldaps: Tls::Say(bytes), starttls: Some((result(2), Tls::Close)) };
        let server = Server::start(script).await;
        let error = refused(&server, &at(&server).with_insecure(true)).await;
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        assert!(error.message().contains("TLS version"), "{error}");
        assert_eq!(connections(&server), asked);
    }
}

#[tokio::test]
async fn after_a_server_hello_no_other_transport_is_tried() {
    let cut_off = b"\x16\x03\x03\x40\x00\x02\x00".to_vec();
    // A message in the handshake that is larger than any may be, as a chain of 64 KiB is.
    let too_large = vec![0x16, 3, 3, 0, 4, 2, 0x7f, 0xff, 0xff];
    for bytes in [cut_off, too_large] {
        let script = Script { ldaps: Tls::Say(bytes), starttls: Some((result(2), Tls::Close)) };
        let server = Server::start(script).await;
        let error = refused(&server, &at(&server).with_insecure(true)).await;
        assert_eq!(error.kind(), ErrorKind::Tls, "{error:?}");
        assert_eq!(connections(&server), 1);
    }
}

#[tokio::test]
async fn any_certificate_is_one_setting_and_plain_ldap_another() {
    let server = Server::start(both(&Identity::self_made(named(&[HOST])))).await;
    let error = refused(&server, &at(&server).with_plain_ldap(true)).await;
    assert_eq!(error.kind(), ErrorKind::Certificate, "{error:?}");
    attempt(&server, &at(&server).with_any_certificate(true)).await.unwrap();
    let stripped = Script { ldaps: Tls::Close, starttls: Some((result(2), Tls::Silence)) };
    let server = Server::start(stripped).await;
    let error = refused(&server, &at(&server).with_any_certificate(true)).await;
    assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error:?}");
    let plain = attempt(&server, &at(&server).with_plain_ldap(true)).await.unwrap();
    assert_eq!(plain.transport, Transport::Ldap);
}

#[tokio::test]
async fn a_connection_that_would_protect_less_than_the_one_before_is_not_made() {
    use Transport::{Ldap, Ldaps, StartTls};
    use Verification::{CertificateAuthority, Nothing, Thumbprint};
    let at_least = async |server: &Server, least| {
        let insecure = at(server).with_insecure(true);
        connect(&insecure, Some(least), &limits(), TLS).await
    };
    let server = Server::start(both(&Identity::self_made(named(&[HOST])))).await;
    for least in [(Ldaps, Thumbprint), (StartTls, CertificateAuthority)] {
        let error = at_least(&server, least).await.unwrap_err();
        assert_eq!((error.kind(), error.retry()), (ErrorKind::NoSecureTransport, Retry::Never));
    }
    assert_eq!(connections(&server), 0);
    at_least(&server, (StartTls, Nothing)).await.unwrap();
    let stripped = Script { ldaps: Tls::Close, starttls: Some((result(2), Tls::Silence)) };
    let server = Server::start(stripped).await;
    for least in [(Ldaps, Nothing), (StartTls, Nothing)] {
        let error = at_least(&server, least).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error:?}");
    }
    at_least(&server, (Ldap, Nothing)).await.unwrap();
}

#[tokio::test]
async fn what_is_no_tls_at_all_is_a_transport_that_is_not_there() {
    for ldaps in
        [Tls::Close, Tls::Say(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec()), Tls::Say(result(2))]
    {
        let script = Script { ldaps, starttls: Some((result(2), Tls::Close)) };
        let server = Server::start(script).await;
        let error = refused(&server, &at(&server)).await;
        assert_eq!(error.kind(), ErrorKind::NoSecureTransport, "{error:?}");
        let tried = error.context().filter(|(key, _)| *key == "tried").count();
        assert_eq!(tried, 3, "{error}");
    }
}

#[tokio::test]
async fn silence_ends_by_its_own_timeout_and_both_causes_are_named() {
    let script = Script { ldaps: Tls::Silence, starttls: Some((Vec::new(), Tls::Silence)) };
    let server = Server::start(script).await;
    let short = Duration::from_millis(100);
    let limits = limits().with_tls(short).with_starttls(short);
    let error = connect(&at(&server), None, &limits, TLS).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    let text = error.to_string();
    assert!(text.contains("TLS handshake in time") && text.contains("StartTLS request in time"));
}

#[tokio::test]
async fn an_answer_to_starttls_is_accepted_at_its_limits_and_refused_one_past_them() {
    let identity = Identity::self_made(named(&[HOST]));
    let server = Server::start(starttls(&identity)).await;
    let insecure = at(&server).with_insecure(true);
    let within = async |limits: ConnectLimits| {
        connect(&insecure, None, &limits, TLS).await.map(|connected| connected.transport)
    };
    // The message, the operation in it, and the parts of that.
    let (octets, depth) = (SUCCESS.len(), 3);
    let at_both = limits().with_answer_bytes(octets).with_answer_depth(depth);
    assert_eq!(within(at_both).await.unwrap(), Transport::StartTls);
    for (past, kind) in [
        (at_both.with_answer_bytes(octets - 1), ErrorKind::LimitExceeded),
        (at_both.with_answer_depth(depth - 1), ErrorKind::Protocol),
    ] {
        assert_eq!(within(past).await.unwrap_err().kind(), kind);
    }
}

/// Where every address of 127.0.0.0/8 is one's own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn as_many_addresses_are_tried_as_the_limit_says_and_none_past_it() {
    let identity = Identity::self_made(named(&[HOST]));
    let server = Server::start(ldaps(&identity)).await;
    let insecure = at(&server).with_insecure(true);
    // Nobody listens at the first ones.
    let addresses = [4, 3, 2, 1].map(|last| IpAddr::from([127, 0, 0, last]));
    let mut target =
        Target::from(&ServerUrl::parse(&format!("ldaps://dc1:{}", server.address.port())).unwrap());
    target.addresses = Some(Ok(addresses.to_vec()));
    let within = async |addresses| {
        let limits = limits().with_addresses(addresses);
        super::connect(std::slice::from_ref(&target), &insecure, None, &limits, TLS).await
    };
    let unconnected = within(3).await.unwrap_err();
    assert_eq!(unconnected.error.kind(), ErrorKind::Connect);
    assert_eq!((unconnected.steps.len(), connections(&server)), (3, 0));
    let connected = within(4).await.unwrap();
    assert_eq!((connected.peer, connected.steps.len()), (server.address, 4));
}

/// Where whoever comes to a full queue hears nothing at all.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn packets_that_are_dropped_before_there_is_a_connection_end_by_their_own_timeout() {
    use socket2::{Domain, Socket, Type};
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&"127.0.0.1:0".parse::<SocketAddr>().unwrap().into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    let waiting = [(); 4].map(|()| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_nonblocking(true).unwrap();
        let _ = socket.connect(&address);
        socket
    });
    let short = limits().with_tcp(Duration::from_millis(100));
    let silent = credential(&[format!("ldaps://{}", address.as_socket().unwrap())]);
    let error = connect(&silent, None, &short, TLS).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    assert!(error.to_string().contains("no connection in time"), "{error}");
    // An address that is dead for one transport is so for all of them.
    assert_eq!(error.context().filter(|(key, _)| *key == "tried").count(), 1, "{error}");
    drop(waiting);
}

#[tokio::test]
async fn the_next_server_is_asked_only_if_one_cannot_be_reached() {
    let closed = TcpListener::bind((HOST, 0)).await.unwrap().local_addr().unwrap();
    let good = Identity::self_made(named(&[HOST]));
    let server = Server::start(ldaps(&good)).await;
    let urls =
        [closed.to_string(), "ldaps://[::1%nowhere]:1".to_owned(), server.address.to_string()];
    let pinned = credential(&urls).with_thumbprint(pin(good.digest()));
    let connected = attempt(&server, &pinned).await.unwrap();
    assert_eq!(connected.peer, server.address);
    assert_eq!(connected.steps.len(), 3);

    let bad = Server::start(ldaps(&Identity::self_made(named(&[HOST])))).await;
    let urls = [bad.address.to_string(), server.address.to_string()];
    let error = refused(&bad, &credential(&urls).with_thumbprint(pin(good.digest()))).await;
    assert_eq!(error.kind(), ErrorKind::CertificatePin);
    assert_eq!(connections(&server), 1);
}

#[tokio::test]
async fn a_refused_credential_opens_no_connection() {
    let server = Server::start(Script { ldaps: Tls::Close, starttls: None }).await;
    let mut credential = at(&server).with_insecure(true);
    credential.sign_in = SignIn::simple("CORP\\svc", Secret::new(""));
    assert_eq!(refused(&server, &credential).await.kind(), ErrorKind::Configuration);
    assert_eq!(connections(&server), 0);
}

#[tokio::test]
async fn ipv6_connects_and_is_pinned_like_any_address() {
    let identity = Identity::self_made(named(&["::1"]));
    let loopback: IpAddr = "::1".parse().unwrap();
    let Ok(server) = Server::start_on(loopback, ldaps(&identity)).await else {
        return; // A machine without IPv6.
    };
    let pin = Thumbprint::parse(&format!("[0:0::1]={}", identity.digest())).unwrap();
    let connected = attempt(&server, &at(&server).with_thumbprint(pin)).await.unwrap();
    assert_eq!(connected.verification, Verification::Thumbprint);
    let trusted = CaCertificate::parse_all(&identity.der).unwrap();
    attempt(&server, &at(&server).with_ca_certificates(trusted)).await.unwrap();
}

#[tokio::test]
async fn a_broken_ca_certificate_is_named_by_its_number() {
    let authority = Authority::new();
    let server = Server::start(ldaps(&authority.issue(named(&[HOST])))).await;
    let broken = CaCertificate::parse_all(&[0x30, 1, 0]).unwrap();
    let credential =
        at(&server).with_ca_certificates(authority.certificates()).with_ca_certificates(broken);
    let error = refused(&server, &credential).await;
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.context().any(|c| c == ("item", "2")), "{error}");
}

#[tokio::test]
async fn a_probe_shows_the_certificate_and_its_pin_line() {
    let identity = Identity::self_made(dated(&["dc1.corp.example", "10.0.0.1"], 2001, 2002));
    let server = Server::start(both(&identity)).await;
    for (scheme, starttls) in [("", false), ("", true), ("ldap://", false)] {
        let url = ServerUrl::parse(&format!("{scheme}{}", server.address)).unwrap();
        let presented = ServerCertificate::probe(&url, starttls, TLS, &limits()).await.unwrap();
        assert_eq!(presented.len(), 1);
        let (address, certificate) = &presented[0];
        let certificate = certificate.as_ref().unwrap();
        assert_eq!(certificate.thumbprint(address.ip()), pin(identity.digest()));
        assert_eq!(certificate.names, ["dc1.corp.example", "10.0.0.1"]);
        assert!(certificate.subject.contains("127.0.0.1") && certificate.is_self_issued());
        assert!(certificate.not_after.to_string().starts_with("2002-01-01"));
    }
    let by_starttls = server.records().iter().filter(|record| record[0] == 0x30).count();
    assert_eq!(by_starttls, 2);
}

#[tokio::test]
async fn a_probe_of_what_has_no_certificate_says_so() {
    let server =
        Server::start(Script { ldaps: Tls::Close, starttls: Some((result(52), Tls::Close)) }).await;
    let url = ServerUrl::parse(&server.address.to_string()).unwrap();
    for starttls in [false, true] {
        let presented = ServerCertificate::probe(&url, starttls, TLS, &limits()).await.unwrap();
        assert!(presented[0].1.is_err());
    }
}
