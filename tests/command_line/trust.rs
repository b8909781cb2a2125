//! Trust on first use: a refusal shows what was presented, and what would accept it.

use super::*;

async fn refused(rig: &Rig, url: &str, options: &[&str]) -> String {
    let arguments = [&["--url", url, "--username", ACCOUNT, "--json"], options].concat();
    let ran = run("sync", &arguments, Some(PASSWORD)).await;
    assert_eq!(rig.server.bind_requests(), 0);
    ran.assert_refused_in_the_end(4).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_shows_the_certificate_and_the_options_that_would_accept_it() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let said = refused(&rig, &url, &[]).await;
    for expected in [
        "subject",
        "issuer",
        "dc1.corp.example.test",
        "valid",
        " to ",
        "hexadecimal",
        &format!("--thumbprint '{pin}'"),
        "--ca-file ca.pem",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // What is shown is taken, in either spelling.
    let line = said.lines().find_map(|line| line.trim().strip_prefix("hexadecimal")).unwrap();
    for hexadecimal in [line.trim().to_owned(), line.trim().replace(':', "").to_lowercase()] {
        let arguments = ["--url", &url, "--username", ACCOUNT, "--json", "--thumbprint"];
        let pin = format!("127.0.0.1={hexadecimal}");
        let ran = run("sync", &[&arguments[..], &[&pin]].concat(), Some(PASSWORD)).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_given_pin_is_said() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let elsewhere = pin.replace("127.0.0.1", "10.9.8.7");
    let said = refused(&rig, &url, &["--thumbprint", &elsewhere]).await;
    assert!(said.contains("for 10.9.8.7, and the server is at 127.0.0.1"), "{said}");
    let other = format!("127.0.0.1=SHA256:{}=", "A".repeat(43));
    let said = refused(&rig, &url, &["--thumbprint", &other]).await;
    assert!(said.contains("of another certificate") && said.contains(&pin), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_starttls_the_missing_option_is_named() {
    let directory = TestDirectory::generated(1, 3, 2, 1);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let tls = ServerTls::self_signed(&[]).unwrap();
    let server =
        TestServer::builder(&directory).with_ldap().with_start_tls(tls).start().await.unwrap();
    let rig = Rig { server, files: TempDir::new().unwrap() };
    let url = rig.server.ldap_url().unwrap();
    let said = refused(&rig, &url, &[]).await;
    assert!(said.contains("names        none"), "{said}");
    let line = said.lines().find(|line| line.contains("--thumbprint '")).unwrap();
    assert!(line.ends_with("--pins-on-starttls"), "{line}");
    let pin = line.split('\'').nth(1).unwrap();
    let said = refused(&rig, &url, &["--thumbprint", pin]).await;
    assert!(said.contains("--pins-on-starttls") && !said.contains("Compare"), "{said}");
    let arguments =
        ["--url", &url, "--username", ACCOUNT, "--thumbprint", pin, "--pins-on-starttls"];
    assert_eq!(run("sync", &arguments, Some(PASSWORD)).await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_weaker_transport_than_last_time_is_accepted_once_and_by_name() {
    let rig = Rig::new().await;
    let (inventory, url) = (rig.file("inventory.db"), rig.server.url());
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let binds = rig.server.bind_requests();
    let unverified = ["--url", &url, "--username", ACCOUNT, "--any-certificate"];
    let unverified = [&unverified[..], &["--inventory", &inventory]].concat();
    let ou = ["--exclude-ou", "OU=Nowhere,DC=corp,DC=example,DC=test"];
    for more in [&[][..], &["--dry-run"], &ou] {
        let ran = run("sync", &[&unverified[..], more].concat(), Some(PASSWORD)).await;
        let said = ran.assert_refused_in_the_end(4);
        assert!(said.contains("accept the weaker transport"), "{said}");
    }
    assert_eq!(rig.server.bind_requests(), binds);
    let accepted = [&unverified[..], &["--accept-weaker-transport"]].concat();
    assert_eq!(run("sync", &accepted, Some(PASSWORD)).await.status, 0);
    assert_eq!(run("sync", &unverified, Some(PASSWORD)).await.status, 0);
}
