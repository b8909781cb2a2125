//! Credentials: tested, pinned, and never shown.

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
async fn a_credential_that_is_used_stays() {
    let (_demonstration, browser) = Browser::of_demonstration().await;
    let used = browser.post("/credential/remove", &[("id", "reader")]).await;
    assert_eq!(used.status, 409);
    assert!(used.body.contains("Headquarters"), "{}", used.body);
    browser.post("/tasks/1/remove", &[]).await.leads_to();
    browser.post("/credential/remove", &[("id", "reader")]).await.leads_to();
    assert!(browser.page("/credentials").await.contains("There is none yet"));
}
