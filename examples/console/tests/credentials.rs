//! Credentials: tested, pinned, and never shown.

use ldap_inventory::credential::CaCertificate;
use ldap_inventory::testing::{ServerTls, TestCa, TestDirectory, TestServer};

use crate::browser::Browser;

const PASSWORD: &str = "canary-7f3a with spaces";

/// A credential for the demonstration's directory, without a pin.
async fn added(browser: &Browser, url: &str, account: &str, password: &str) -> String {
    let fields =
        [("id", "second"), ("servers", url), ("username", account), ("password", password)];
    let answer = browser.post("/credentials", &fields).await;
    let place = answer.leads_to().to_owned();
    assert_eq!(place, "/credential?id=second");
    place
}

#[tokio::test]
async fn a_password_is_never_shown_again() {
    let (demonstration, browser) = Browser::of_demonstration().await;
    let (url, account) = (demonstration.directory_url(), demonstration.account());
    let place = added(&browser, &url, account, PASSWORD).await;
    for path in ["/credentials", &place, "/tasks", "/metrics"] {
        let answer = browser.get(path).await;
        assert!(!answer.body.contains("canary") && !answer.head.contains("canary"), "{path}");
    }
    for path in ["/credential/test", "/credential/certificate"] {
        let answer = browser.post(path, &[("id", "second")]).await;
        assert!(!answer.body.contains("canary"), "{path}: {}", answer.body);
    }
    let again = [("id", "second"), ("servers", &url), ("username", account), ("password", "x")];
    let again = browser.post("/credentials", &again).await;
    assert_eq!(again.status, 409);
}

#[tokio::test]
async fn the_ladder_is_shown_and_a_pin_lets_it_through() {
    let (demonstration, browser) = Browser::of_demonstration().await;
    let (url, account) = (demonstration.directory_url(), demonstration.account());
    let place = added(&browser, &url, account, demonstration.password()).await;

    let refused = browser.post("/credential/test", &[("id", "second")]).await.body;
    assert!(
        refused.contains("role=\"alert\"") && refused.contains("see what the server presents"),
        "{refused}"
    );
    let presented = browser.post("/credential/certificate", &[("id", "second")]).await;
    assert!(presented.body.contains("dc1.corp.example.test"), "{}", presented.body);
    let pin = presented.field("thumbprint");
    assert!(pin.starts_with("127.0.0.1=SHA256:"), "{pin}");

    browser.post("/credential/pin", &[("id", "second"), ("thumbprint", &pin)]).await.leads_to();
    assert!(browser.page(&place).await.contains(&pin));
    let through = browser.post("/credential/test", &[("id", "second")]).await.body;
    assert!(through.contains("Signed in to") && through.contains("a thumbprint"), "{through}");
    assert!(through.contains("LDAPS at 127.0.0.1"), "{through}");

    let wrong = [("id", "second"), ("password", PASSWORD)];
    browser.post("/credential/password", &wrong).await.leads_to();
    let refused = browser.post("/credential/test", &[("id", "second")]).await.body;
    assert!(!refused.contains("Signed in to") && refused.contains("role=\"alert\""), "{refused}");
}

#[tokio::test]
async fn an_account_signs_in_by_a_certificate_whose_key_is_never_shown() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let directory = TestDirectory::generated(1, 3, 2, 1);
    let ca = TestCa::new("Example Test CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap().asking_clients(&ca);
    let server = TestServer::builder(&directory).with_ldaps(tls).start().await.unwrap();
    let account = directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let certified = || {
        let (certificate, key) = ca.client_certificate("svc-inventory").unwrap();
        let der = CaCertificate::parse_all(certificate.as_bytes()).unwrap();
        directory.write().map_certificate(&account, der[0].as_der()).unwrap();
        (certificate, key)
    };
    let (certificate, key) = certified();
    let (url, authority) = (server.url(), ca.certificate_pem());
    let fields = [
        ("id", "certified"),
        ("servers", url.as_str()),
        ("username", ""),
        ("password", ""),
        ("certificate", &certificate),
        ("key", &key),
        ("ca_certificates", &authority),
    ];
    let place = browser.post("/credentials", &fields).await.leads_to().to_owned();
    let test = async |key: &str| {
        let secret = key.lines().nth(1).unwrap();
        for path in ["/credentials", &place] {
            let page = browser.page(path).await;
            assert!(page.contains("by a certificate") && !page.contains(secret), "{path}");
        }
        let tested = browser.post("/credential/test", &[("id", "certified")]).await.body;
        assert!(tested.contains("Signed in to") && !tested.contains(secret), "{tested}");
    };
    test(&key).await;

    let (certificate, key) = certified();
    let path = "/credential/client-certificate";
    let others = [("id", "certified"), ("certificate", certificate.as_str()), ("key", &key)];
    browser.post(path, &others).await.leads_to();
    test(&key).await;
    let password = [("id", "certified"), ("username", "reader"), ("password", "x")];
    assert_eq!(browser.post(path, &password).await.status, 409);
    for (what, field, value) in [
        ("both ways", "password", PASSWORD),
        ("half of one", "key", ""),
        ("no key", "key", "canary-7f3a"),
        ("neither way", "certificate", ""),
    ] {
        let mut fields = fields;
        fields[0].1 = "refused";
        fields.iter_mut().filter(|(name, _)| *name == field).for_each(|it| it.1 = value);
        if what == "neither way" {
            fields.iter_mut().filter(|(name, _)| *name == "key").for_each(|it| it.1 = value);
        }
        let refused = browser.post("/credentials", &fields).await;
        assert_eq!(refused.status, 400, "{what}: {refused:?}");
        assert!(!refused.body.contains("canary"), "{what}: {}", refused.body);
    }
}

#[tokio::test]
async fn a_credential_that_is_used_stays() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let used = browser.post("/credential/remove", &[("id", "reader")]).await;
    assert_eq!(used.status, 409);
    assert!(used.body.contains("Headquarters"), "{}", used.body);
    browser.post("/tasks/1/remove", &[]).await.leads_to();
    browser.post("/credential/remove", &[("id", "reader")]).await.leads_to();
    assert!(browser.page("/credentials").await.contains("There is none yet"));
}
