//! What is reported of a directory, with names that nobody has.

use std::collections::BTreeSet;

use ldap_inventory::testing::{Script, TestDirectory};

use super::{PASSWORD, Ran, Rig, run};

/// Two of one name, a name that was cut, one that any host could have, a manager, a service, letters beyond ASCII.
fn directory() -> TestDirectory {
    let directory = TestDirectory::generated(1, 12, 8, 3);
    let mut write = directory.write();
    write.add_account("svc-inventory", PASSWORD).unwrap();
    let computers: [(&str, &[(&str, &str)]); 5] = [
        ("TWIN-A", &[("dNSHostName", "twin.corp.example.test")]),
        ("TWIN-B", &[("dNSHostName", "twin.corp.example.test")]),
        (
            "REPORTING-SERVE",
            &[
                ("dNSHostName", "reporting-server-7.corp.example.test"),
                ("servicePrincipalName", "MSSQLSvc/reporting-server-7.corp.example.test:1433"),
                ("description", "Buchhaltung Köln, Frau Schröder"),
            ],
        ),
        ("RASPBERRYPI", &[("dNSHostName", "raspberrypi.corp.example.test")]),
        ("LOCALHOST", &[("location", "CORP\\Deadbeef")]),
    ];
    for (name, attributes) in computers {
        let dn = write.add_computer(name).unwrap();
        for (name, value) in attributes {
            write.set(&dn, name, [*value]).unwrap();
        }
    }
    drop(write);
    directory
}

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

/// Every word of what the inventory knows that a person would not want to be told.
async fn names(inventory: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (records, kind) in [("assets", "@ldap.computer"), ("users", ""), ("groups", "")] {
        for record in ask(inventory, &[records, "--json"]).await.lines() {
            let attributes = match kind {
                "" => record["attributes"].clone(),
                kind => record["attributes"][kind][0].clone(),
            };
            for name in
                ["cn", "dNSHostName", "sAMAccountName", "displayName", "mail", "description"]
            {
                let words = attributes[name].as_str().unwrap_or_default();
                let words = words.split(|letter: char| !letter.is_alphanumeric());
                names.extend(words.filter(|word| word.len() > 5).map(str::to_lowercase));
            }
        }
    }
    for kept in ["raspberrypi", "localhost", "domain", "computers", "controllers", "admins"] {
        names.remove(kept);
    }
    names
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_no_name_of_anybody_and_is_decided_on_alike() {
    let rig = Rig::over(&directory(), Script::new()).await;
    let inventory = rig.file("inventory.db");
    let truth = rig.sync(&["--inventory", &inventory, "--json"]).await.json();
    let file = rig.file("report.ldif");
    let ran = ask(&inventory, &["report", "--users", "--groups", "--output", &file]).await;
    assert_eq!((ran.status, &*ran.stdout), (0, ""), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("not reported, since names may be in it: "), "{}", ran.stderr);
    let report = std::fs::read_to_string(&file).unwrap();
    let (told, names) = (report.to_lowercase(), names(&inventory).await);
    assert!(names.contains("reporting") && names.contains("schröder"), "{names:?}");
    let is_named = |line: &&str| names.iter().any(|name| line.contains(name.as_str()));
    let betrayed: Vec<&str> =
        told.lines().filter(|line| !line.starts_with("operatingsystem")).filter(is_named).collect();
    assert!(betrayed.is_empty(), "{betrayed:#?}");
    for kept in ["cn: raspberrypi", "dc=test", "mssqlsvc/", ":1433"] {
        assert!(told.contains(kept), "{kept} is not in\n{told}");
    }

    let again = rig.file("again.db");
    let ran = run("sync", &["--ldif", &file, "--inventory", &again, "--json"], None).await;
    let read = ran.json();
    for kind in ["computers", "users", "groups"] {
        for count in ["read", "created", "ambiguous", "skipped", "rejected"] {
            assert_eq!(read[kind][count], truth[kind][count], "{count} of {kind}");
        }
    }
    let shape = |records: Vec<serde_json::Value>| {
        let mut sizes: Vec<(usize, usize)> = records
            .iter()
            .map(|record| {
                let size = |key: &str| record[key].as_array().map_or(0, Vec::len);
                (size("names") + size("members"), size("groups"))
            })
            .collect();
        sizes.sort_unstable();
        sizes
    };
    for records in ["assets", "users", "groups"] {
        let own = shape(ask(&inventory, &[records, "--json"]).await.lines());
        assert_eq!(shape(ask(&again, &[records, "--json"]).await.lines()), own, "{records}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_reports_have_nothing_in_common_and_a_query_says_what_is_reported() {
    let rig = Rig::over(&directory(), Script::new()).await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let twins = ["report", "name:twin.corp.example.test"];
    let (one, other) = (ask(&inventory, &twins).await, ask(&inventory, &twins).await);
    let values = |report: &str, name: &str| -> Vec<String> {
        let values = report.lines().filter_map(|line| line.strip_prefix(name));
        values.map(str::to_owned).collect()
    };
    let hosts = values(&one.stdout, "dNSHostName: ");
    assert_eq!(hosts.len(), 2, "{}", one.stdout);
    assert_eq!(hosts[0], hosts[1], "the same name has the same pseudonym");
    assert_ne!(hosts, values(&other.stdout, "dNSHostName: "));
    for name in ["objectGUID:: ", "objectSid:: ", "dn: "] {
        let (one, other) = (values(&one.stdout, name), values(&other.stdout, name));
        assert!(!one.is_empty() && one.iter().all(|value| !other.contains(value)), "{name}");
    }
    ask(&inventory, &["report", "nme:x"]).await.assert_refused(2);
}
