//! The domains that a directory knows, listed.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn the_domains_of_the_forest_are_listed_with_a_task_for_each_and_nothing_is_read() {
    let rig = Rig::new().await;
    let base = rig.server.directory().read().base_dn().to_owned();
    let values = [
        ("objectClass", vec!["top", "leaf", "trustedDomain"]),
        ("trustPartner", vec!["partner.example.invalid"]),
        ("flatName", vec!["PARTNER"]),
        ("trustDirection", vec!["2"]),
        ("trustType", vec!["2"]),
    ];
    let partner = format!("CN=partner.example.invalid,CN=System,{base}");
    rig.server.directory().write().add(&partner, values).unwrap();

    let inventory = rig.file("inventory.db");
    let ran = rig.sync(&["--forest", "--json", "--site", "hq", "--inventory", &inventory]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let listed = ran.json();
    let domains = listed["domains"].as_array().unwrap();
    let told = |field: &str| domains.iter().map(|it| it[field].clone()).collect::<Vec<_>>();
    assert_eq!(told("dns_name"), ["corp.example.test", "partner.example.invalid"]);
    assert_eq!(told("relation"), ["own", "trusted"]);
    assert_eq!(told("url"), ["domain:corp.example.test", "domain:partner.example.invalid"]);
    let task = &domains[1]["task"];
    assert_eq!(
        (&task["source"], &task["site"]),
        (&json!("ldap/partner.example.invalid"), &json!("hq"))
    );
    assert!(domains[0]["sid"].as_str().unwrap().starts_with("S-1-5-21-"));
    assert!(!std::path::Path::new(&inventory).exists());

    let ran = rig.sync(&["--forest"]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    for said in [
        "Domain\tRelation",
        "corp.example.test\town\tCORP",
        "partner.example.invalid\ttrusted\tPARTNER",
    ] {
        assert!(ran.stdout.contains(said), "{said}: {}", ran.stdout);
    }
    for other in [&["--dry-run"][..], &["--full"], &["--quiet"]] {
        assert_eq!(rig.sync(&[&["--forest"], other].concat()).await.status, 2, "{other:?}");
    }
}
