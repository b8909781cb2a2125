//! International names, as people read and look for them.

use super::*;

/// Scans of a computer by its ASCII form, and of two systems as their makers write them.
const SCANNED: &str = r#"{"names":["xn--bro-pc1-n2a"],"domains":["corp.example.test"]}
{"names":["bücher.lab.example"],"os":"Windows Server® 2008 Standard"}
{"names":["xn--dmin-53d.lab.example"],"os":"WINDOWS SERVER 2012"}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn international_names_are_read_in_letters_and_found_in_every_form() {
    let directory = TestDirectory::generated(1, 3, 2, 1);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory.write().add_computer("BÜRO-PC1").unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", SCANNED));
    let on_inventory = ["--inventory", &inventory];
    let ran = rig.sync(&[&on_inventory[..], &["--assets", &assets, "--explain"]].concat()).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("its short name büro-pc1 is a name of"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("xn--bro"), "{}", ran.stdout);

    let list = async |query: &'static str| {
        let ran = run("inventory", &[&on_inventory[..], &["assets", query]].concat(), None).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.stdout
    };
    for query in [
        "büro",
        "BU\u{308}RO-PC",
        "name:=büro-pc1.corp.example.test",
        "name:=BÜRO-PC1",
        "name:=%ÜRO-pc_",
        "xn--bro-pc1",
        "name:=xn--bro-pc1-n2a",
    ] {
        let found = list(query).await;
        assert!(found.contains("büro-pc1.corp.example.test"), "{query}: {found}");
        assert!(!found.contains("xn--") && !found.contains("lab.example"), "{query}: {found}");
    }
    let servers = list("\"lab.example\" os:\"windows server 20\"").await;
    assert!(servers.contains("bücher.lab.example"), "{servers}");
    // A Cyrillic letter in a Latin word is not drawn as the word that it looks like.
    assert!(servers.contains("xn--dmin-53d.lab.example"), "{servers}");

    let json = [&on_inventory[..], &["assets", "name_count:2 büro", "--json"]].concat();
    let found = run("inventory", &json, None).await.lines();
    let names: BTreeSet<&str> =
        found[0]["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert_eq!(names, BTreeSet::from(["büro-pc1", "büro-pc1.corp.example.test"]));
}
