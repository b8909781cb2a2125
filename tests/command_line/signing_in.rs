//! Signing in with a certificate, and finding the controllers of a domain.

use super::*;
use ldap_inventory::credential::CaCertificate;
use ldap_inventory::testing::TestCa;

/// A domain controller that asks for client certificates, and the files of an account that has one.
async fn rig() -> (Rig, Vec<String>) {
    let directory = TestDirectory::generated(1, 3, 2, 1);
    let account = directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let ca = TestCa::new("Example Test CA").unwrap();
    let tls = ServerTls::signed_by(&ca, &["127.0.0.1"]).unwrap().asking_clients(&ca);
    let server = TestServer::builder(&directory).with_ldaps(tls.clone()).with_start_tls(tls);
    let rig = Rig { server: server.start().await.unwrap(), files: TempDir::new().unwrap() };
    let (certificate, key) = ca.client_certificate("svc-inventory").unwrap();
    let authorities = CaCertificate::parse_all(certificate.as_bytes()).unwrap();
    directory.write().map_certificate(&account, authorities[0].as_der()).unwrap();
    let file = |name: &str, text: &str| {
        let path = rig.files.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let [certificate, key, ca] = [
        file("client.pem", &certificate),
        file("client.key", &key),
        file("ca.pem", &ca.certificate_pem()),
    ];
    let options = ["--client-cert", &certificate, "--client-key", &key, "--ca-file", &ca];
    let options = options.map(str::to_owned).to_vec();
    (rig, options)
}

async fn sync_with(options: &[&str]) -> Ran {
    run("sync", &[&["--json"], options].concat(), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_stands_for_a_name_and_a_password() {
    let (rig, options) = rig().await;
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    for (url, transport) in [(rig.server.ldaps_url(), "ldaps"), (rig.server.ldap_url(), "starttls")]
    {
        let url = url.unwrap();
        let ran = sync_with(&[&["--url", &url], &options[..]].concat()).await;
        assert_eq!(
            (ran.status, &ran.json()["transport"]),
            (0, &Value::from(transport)),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains("client.key"), "everybody can read it: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_certificate_or_one_beside_a_name_is_a_slip() {
    let (rig, options) = rig().await;
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let url = rig.server.url();
    let url = ["--url", url.as_str()];
    for slip in [&options[..2], &options[2..4], &[&options[..4], &["--username", ACCOUNT]].concat()]
    {
        assert_eq!(sync_with(&[&url, slip].concat()).await.status, 2);
    }
    let swapped = ["--client-cert", options[3], "--client-key", options[1]];
    let ran = sync_with(&[&url[..], &swapped].concat()).await;
    let said = ran.assert_refused(4);
    assert!(said.contains("client") && said.contains("client.pem"), "{said}");
    assert_eq!(rig.server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_without_controllers_is_told_by_the_name_that_was_asked_for() {
    // No such domain is ever there (RFC 6761).
    let ran = run(
        "sync",
        &["--locate", "corp.invalid/Berlin", "--username", ACCOUNT, "--json"],
        Some(PASSWORD),
    )
    .await;
    assert_ne!(ran.status, 0);
    for name in
        ["_ldap._tcp.Berlin._sites.dc._msdcs.corp.invalid", "_ldap._tcp.dc._msdcs.corp.invalid"]
    {
        assert!(ran.stderr.contains(name), "{name}: {}", ran.stderr);
    }
    let ran = run("sync", &["--locate", "10.0.0.1", "--username", ACCOUNT], Some(PASSWORD)).await;
    assert_eq!(ran.status, 2, "{}", ran.stderr);
}
