//! What people say of assets.

use serde_json::{Value, json};

use super::{ASSETS, Ran, Rig, run};

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

async fn assets(inventory: &str, query: &str) -> Vec<Value> {
    ask(inventory, &["assets", query, "--json"]).await.lines()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_say_stays_and_is_found_and_told() {
    let rig = Rig::new().await;
    let (inventory, file) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let sync = ["--inventory", &inventory, "--assets", &file];
    assert_eq!(rig.sync(&sync).await.status, 0);

    let said = ["annotate", "printer-1", "--owner", "Jane", "--tag", "pci", "--tag", "env=prod"];
    let more = ["--criticality", "High", "--comment", "on lease", "--by", "anna", "--why", "audit"];
    let ran = ask(&inventory, &[&said[..], &more[..], &["--json"]].concat()).await;
    let [changed] = ran.lines().try_into().unwrap();
    assert_eq!(
        (&changed["name"], changed["fields"].as_array().unwrap().len()),
        (&json!("printer-1"), 5)
    );
    let again = ask(&inventory, &[&said[..], &more[..]].concat()).await;
    assert_eq!((again.status, &*again.stderr), (0, "0 assets changed, of 1\n"));

    assert_eq!(rig.sync(&[&sync[..], &["--full"]].concat()).await.status, 0);
    for query in ["owner:jane", "tag:pci", "tag:env=prod", "criticality:high", "comment:lease"] {
        let found = assets(&inventory, query).await;
        assert_eq!(found.len(), 1, "{query}");
        assert_eq!(found[0]["names"], json!(["printer-1"]), "{query}");
        assert_eq!(found[0]["tags"], json!(["pci", "env=prod"]));
    }
    assert_eq!(assets(&inventory, "NOT has:owner").await.len(), 33);
    let history = ask(&inventory, &["history", "--json"]).await.lines();
    let [entry] = history.try_into().unwrap();
    assert_eq!(
        (&entry["act"], &entry["by"], &entry["why"]),
        (&json!("annotated"), &json!("anna"), &json!("audit"))
    );
    let explained = ask(&inventory, &["explain", "printer-1", "--json"]).await.json();
    let values = explained["values"].as_array().unwrap();
    let owner = values.iter().find(|value| value["field"] == "owner").unwrap();
    assert_eq!((&owner["value"], &owner["source"]), (&json!("Jane"), &json!("person/curation")));
    let changes = ask(&inventory, &["changes", "--since", "today", "--json"]).await.lines();
    let decided = changes.iter().filter(|change| change["change"] == "decided").count();
    assert_eq!(decided, 1, "{changes:?}");
    assert_eq!(ask(&inventory, &["check"]).await.stdout, "");

    let away = ["annotate", "tag:pci", "--no-tag", "pci", "--owner", "", "--comment", ""];
    let ran = ask(&inventory, &away).await;
    assert_eq!((ran.status, &*ran.stderr), (0, "1 asset changed, of 1\n"));
    assert!(ran.stdout.contains("no owner (was Jane), no tag pci, no comment"), "{}", ran.stdout);
    let [left] = assets(&inventory, "printer-1").await.try_into().unwrap();
    assert_eq!((&left["owner"], &left["tags"]), (&json!(null), &json!(["env=prod"])));
    assert_eq!(left["criticality"], "high");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_assets_are_annotated_by_a_query_after_a_dry_run() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let all = ["annotate", "source:ldap", "--tag", "domain"];
    let dry = ask(&inventory, &[&all[..], &["--dry-run"]].concat()).await;
    assert_eq!((dry.status, &*dry.stderr), (0, "31 assets would change, of 31\n"));
    assert!(assets(&inventory, "tag:domain").await.is_empty());
    let ran = ask(&inventory, &all).await;
    assert_eq!((ran.status, &*ran.stderr), (0, "31 assets changed, of 31\n"));
    assert_eq!(assets(&inventory, "tag:=domain").await.len(), 31);
    assert_eq!(ask(&inventory, &["history", "--json"]).await.lines().len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_said_is_refused_in_a_sentence() {
    let rig = Rig::new().await;
    let (inventory, file) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &file]).await.status, 0);
    for (said, status) in [
        (&["printer-1"][..], 2),
        (&["printer-1", "--criticality", "immense"], 2),
        (&["printer-1", "--tag", ""], 2),
        (&["printer-1", "--tag", "=x"], 2),
        (&["printer-1", "--owner", "a\u{7}b"], 2),
        (&["twin", "--owner", "jane"], 2),
        (&["nowhere", "--owner", "jane"], 1),
        (&["colour:red", "--owner", "jane"], 2),
    ] {
        let ran = ask(&inventory, &[&["annotate"], said].concat()).await;
        ran.assert_refused_in_the_end(status);
    }
    assert!(ask(&inventory, &["history", "--json"]).await.lines().is_empty());
}
