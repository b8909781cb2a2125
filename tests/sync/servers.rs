//! Several servers of one credential, over real sockets: the next one only if the one before is not there.

use ldap_inventory::credential::{CaCertificate, Credential, ServerUrl, SignIn};
use ldap_inventory::testing::{
    Fault, LdapResult, OperationKind, Script, ServerTls, TestCa, TestServer, When,
};
use ldap_inventory::value::Secret;
use ldap_inventory::{ErrorKind, Retry};

use super::wire::{PASSWORD, credential, directory, sync_with};

const NAMES: [&str; 2] = ["localhost", "127.0.0.1"];

/// Ports that no test is given and nobody listens on.
const NOBODY: [&str; 2] = ["ldaps://127.0.0.1:1", "ldaps://127.0.0.1:2"];

/// Two servers of one domain over LDAPS, and the authority that vouches for both.
struct Pair {
    ca: TestCa,
    first: TestServer,
    second: TestServer,
}

impl Pair {
    async fn new() -> Self {
        let ca = TestCa::new("Example Test CA").unwrap();
        let start = async || {
            let tls = ServerTls::signed_by(&ca, &NAMES).unwrap();
            TestServer::builder(&directory()).with_ldaps(tls).start().await.unwrap()
        };
        let (first, second) = (start().await, start().await);
        Self { ca, first, second }
    }

    /// For both servers, in order.
    fn credential(&self) -> Credential {
        self.trusted(credential(self.first.ldaps_url()))
    }

    /// For this server before the second.
    fn trusted(&self, credential: Credential) -> Credential {
        let authorities = CaCertificate::parse_all(self.ca.certificate_pem().as_bytes()).unwrap();
        let second: ServerUrl = self.second.ldaps_url().unwrap().parse().unwrap();
        credential.with_ca_certificates(authorities).with_server(second)
    }

    #[track_caller]
    fn assert_second_untouched(&self) {
        assert_eq!(self.second.connections(), 0, "the second server was asked");
    }
}

#[tokio::test]
async fn the_first_server_that_is_there_is_the_only_one_asked() {
    let pair = Pair::new().await;
    let report = sync_with(pair.credential()).await.unwrap();
    assert_eq!(Some(report.server.address), pair.first.ldaps_address());
    assert_eq!(pair.first.bind_requests(), 1);
    pair.assert_second_untouched();
}

#[tokio::test]
async fn where_the_first_cannot_be_reached_the_second_is_asked() {
    let pair = Pair::new().await;
    for unreachable in [
        NOBODY[0].to_owned(),
        // A name that does not exist (RFC 6761).
        "ldaps://dc1.invalid".to_owned(),
    ] {
        let binds = pair.second.bind_requests();
        let report = sync_with(pair.trusted(credential(Some(unreachable)))).await.unwrap();
        assert!(report.complete);
        assert_eq!(Some(report.server.address), pair.second.ldaps_address());
        assert_eq!(pair.second.bind_requests(), binds + 1);
        let failed = report.connect_steps.iter().filter(|step| step.failure.is_some());
        assert!(failed.count() > 0, "the steps tell what was tried: {:?}", report.connect_steps);
    }
}

#[tokio::test]
async fn a_password_that_the_first_refuses_is_not_tried_on_the_second() {
    let pair = Pair::new().await;
    let mut credential = pair.credential();
    credential.sign_in = SignIn::simple("CORP\\svc", Secret::new("c4nary-wrong"));
    let error = sync_with(credential).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::BindRefused, Retry::Never));
    assert_eq!(pair.first.bind_requests(), 1);
    pair.assert_second_untouched();
}

#[tokio::test]
async fn a_certificate_of_the_first_that_does_not_hold_is_final() {
    let pair = Pair::new().await;
    let other = TestCa::new("Another CA").unwrap();
    let pin = pair.second.thumbprint().unwrap();
    for (tls, pinned) in [
        (ServerTls::signed_by(&other, &NAMES).unwrap(), false),
        (ServerTls::self_signed(&NAMES).unwrap(), false),
        (ServerTls::signed_by(&pair.ca, &["dc9.corp.example.test"]).unwrap(), false),
        // The pin of the address is the second server's.
        (ServerTls::signed_by(&pair.ca, &NAMES).unwrap(), true),
    ] {
        pair.first.set_tls(tls).unwrap();
        let mut credential = pair.credential();
        if pinned {
            credential = credential.with_thumbprint(pin.parse().unwrap());
        }
        let error = sync_with(credential).await.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Certificate | ErrorKind::CertificatePin),
            "{error:?}"
        );
        pair.assert_second_untouched();
    }
    assert_eq!(pair.first.bind_requests(), 0);
    assert!(!pair.first.received(PASSWORD.as_bytes()));
}

#[tokio::test]
async fn a_first_server_that_answers_and_fails_is_not_followed_by_the_second() {
    let pair = Pair::new().await;
    let busy = LdapResult::new(51, "come again");
    for fault in [Fault::Answer(busy), Fault::Close, Fault::Reset] {
        let script = Script::new().with(When::operation(OperationKind::Bind), fault.clone());
        pair.first.set_script(script);
        let binds = pair.first.bind_requests();
        sync_with(pair.credential()).await.unwrap_err();
        // The password went out once: whether it was taken is not known.
        assert_eq!(pair.first.bind_requests(), binds + 1, "{fault:?}");
        pair.assert_second_untouched();
    }
}

#[tokio::test]
async fn without_any_server_that_is_there_the_error_names_all_that_were_tried() {
    let credential = credential(Some(NOBODY[0].to_owned()));
    let credential = credential.with_server(NOBODY[1].parse().unwrap());
    let error = sync_with(credential).await.unwrap_err();
    assert_eq!((error.kind(), error.retry()), (ErrorKind::Connect, Retry::Transient));
    let report = error.report();
    assert!([":1:", ":2:"].iter().all(|port| report.contains(port)), "{report}");
}
