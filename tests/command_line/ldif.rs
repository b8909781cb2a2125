//! Exports of a directory in place of a server, and reports with other names.

use ldap_inventory::value::ObjectGuid;

use super::*;

/// What decisions came to, in the order of objectGUIDs.
fn verdicts(report: &Value) -> Vec<(String, Value, Value)> {
    let mut decisions = report["decisions"].as_array().unwrap().clone();
    let guid = |decision: &Value| decision["object_guid"].as_str().unwrap().parse::<ObjectGuid>();
    decisions.sort_by_key(|decision| guid(decision).unwrap());
    decisions
        .iter()
        .map(|it| {
            let candidates = it["candidates"].as_array().unwrap().len();
            let decision = it["decision"].as_str().unwrap();
            (
                format!("{decision} of {candidates}"),
                it["level"].clone(),
                it["doubtful"].is_null().into(),
            )
        })
        .collect()
}

/// A domain with a computer for every level, and for most that may speak against one.
fn domain() -> TestDirectory {
    let directory = TestDirectory::generated(1, 30, 20, 5);
    let mut tree = directory.write();
    tree.add_account("svc-inventory", PASSWORD).unwrap();
    for name in [
        "WEB1",
        "DB1",
        "MAIL",
        "TWIN",
        "APPSERVER-BERLIN-01",
        "RASPBERRYPI",
        "KIOSK",
        "B\u{fc}ro-PC",
        "FAR",
    ] {
        tree.add_computer(name).unwrap();
    }
    // Joined in advance: NetBIOS has its name alone, and has it cut.
    let cut = tree.add_computer("FILESERVER-MUNICH").unwrap();
    tree.set(&cut, "dNSHostName", [""; 0]).unwrap();
    drop(tree);
    directory
}

const SCANNED: &str = r#"{"names":["web1.corp.example.test"],"os":"Windows Server 2022"}
{"names":["db1"],"domains":["CORP"]}
{"names":["mail"],"addresses":["10.0.0.9"]}
{"names":["twin"],"addresses":["10.0.0.2"]}
{"names":["twin"],"addresses":["10.0.0.3"]}
{"names":["appserver-berli"]}
{"names":["fileserver-munich.local"]}
{"names":["raspberrypi"]}
{"names":["kiosk.local"]}
{"names":["b\u00fcro-pc"],"last_seen":"2026-01-02T03:04:05Z"}
{"names":["far.other.example"]}
{"names":["printer-secret.corp.example.test"]}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_report_decides_as_the_original_did_and_names_nobody() {
    let directory = domain();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, scanned) = (rig.file("inventory.db"), rig.write("assets.jsonl", SCANNED));
    let original = rig
        .sync(&["--inventory", &inventory, "--assets", &scanned, "--explain", "--json"])
        .await
        .json();
    let levels: BTreeSet<&str> = original["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|decision| decision["level"].as_str())
        .collect();
    assert_eq!(levels, BTreeSet::from(["full", "qualified", "short", "truncated"]));

    for packed in ["", ".gz"] {
        let (ldif, assets) = (rig.file(&format!("report.ldif{packed}")), rig.file("report.jsonl"));
        let report = ["--inventory", &inventory, "report", "-o", &ldif, "--assets", &assets];
        let reported = run("inventory", &report, None).await;
        assert_eq!((reported.status, &*reported.stdout), (0, ""), "{}", reported.stderr);
        let again =
            ["--ldif", &ldif, "--ldif-complete", "--assets", &assets, "--explain", "--json"];
        let again = run("sync", &[&again[..], &["--dry-run"]].concat(), None).await;
        assert_eq!(again.status, 0, "{}", again.stderr);
        assert_eq!(verdicts(&again.json()), verdicts(&original));
    }

    let all = std::fs::read_to_string(rig.file("report.ldif")).unwrap().to_lowercase()
        + &std::fs::read_to_string(rig.file("report.jsonl")).unwrap().to_lowercase();
    let words = |text: &str| -> BTreeSet<String> {
        let words = text.to_lowercase();
        let words = words.split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
        words.filter(|word| word.len() > 3 && word.contains(char::is_alphabetic)).collect()
    };
    // What every domain has, and a name that says nothing of a host.
    let kept = "computers configuration domain controllers partitions raspberrypi system users";
    let (said, kept) = (words(&all), words(kept));
    let tree = directory.read();
    for entry in tree.entries() {
        for attribute in ["cn", "sAMAccountName", "dNSHostName", "displayName", "mail"] {
            for name in entry.values(attribute) {
                let own = words(&String::from_utf8_lossy(name));
                let told: Vec<_> =
                    own.difference(&kept).filter(|word| said.contains(*word)).collect();
                assert!(told.is_empty(), "{attribute}: {told:?}");
            }
        }
    }
    for secret in ["berlin", "munich", "printer", "secret"] {
        assert!(!said.contains(secret), "{secret}");
    }
    assert!(!all.contains("10.0.0."));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_shows_nothing_is_incomplete_unless_somebody_says_that_it_is_whole() {
    let rig = Rig::new().await;
    let entry = "dn: CN=WEB1,CN=Computers,DC=corp,DC=example\nobjectClass: computer\n\
                 objectGUID:: MDEyMzQ1Njc4OWFiY2RlZg==\ndNSHostName: web1.corp.example\n\n";
    let (file, inventory) = (rig.write("export.ldif", entry), rig.file("inventory.db"));
    let sync = async |options: &[&str]| {
        let arguments = [&["--ldif", &file, "--inventory", &inventory, "--json"][..], options];
        run("sync", &arguments.concat(), None).await
    };
    let doubted = sync(&[]).await;
    assert_eq!((doubted.status, &doubted.json()["computers"]["created"]), (3, &1.into()));
    assert!(
        doubted.stderr.contains("nothing shows that the export is whole"),
        "{}",
        doubted.stderr
    );
    let vouched = sync(&["--ldif-complete"]).await;
    assert_eq!(vouched.status, 0, "{}", vouched.stderr);
    assert_eq!(vouched.json()["server"]["domain"], "corp.example");
    let people = run("sync", &["--ldif", &file, "--ldif-complete"], None).await;
    assert!(people.stdout.contains("none: an export"), "{}", people.stdout);
    run("sync", &["--ldif", &rig.file("none")], None).await.assert_refused(2);
    let nameless = rig.write("nameless.ldif", "dn: O=x\nobjectClass: organization\n\n");
    run("sync", &["--ldif", &nameless], None).await.assert_refused(2);
    assert_eq!(rig.server.connections(), 0);
}
