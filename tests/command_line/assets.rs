//! Scanned assets, as people import them.

use ldap_inventory::testing::{Script, TestDirectory};
use serde_json::{Value, json};

use super::{PASSWORD, Ran, Rig, run};
use std::path::Path;

/// A domain with HOST7, KIOSK and UXPC-01, in which an inventory is kept.
async fn rig() -> Rig {
    let directory: TestDirectory = TestDirectory::generated(1, 1, 1, 0);
    {
        let mut tree = directory.write();
        tree.add_account("svc-inventory", PASSWORD).unwrap();
        for name in ["HOST7", "KIOSK", "UXPC-01"] {
            tree.add_computer(name).unwrap();
        }
    }
    Rig::over(&directory, Script::new()).await
}

/// Syncs with this file, and whatever else is asked for.
async fn import(rig: &Rig, file: impl AsRef<[u8]>, options: &[&str]) -> Ran {
    let (inventory, assets) = (rig.file("inventory.db"), rig.file("assets.jsonl"));
    std::fs::write(&assets, file).unwrap();
    let all = [&["--json", "--inventory", &inventory, "--assets", &assets], options].concat();
    rig.sync(&all).await
}

/// What the report says of the import.
fn imported(ran: &Ran) -> Value {
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.json()["assets"].clone()
}

/// New, joined, updated, unchanged.
fn counts(ran: &Ran) -> [u64; 4] {
    let imported = imported(ran);
    ["created", "joined", "updated", "unchanged"].map(|key| imported[key].as_u64().unwrap())
}

fn left_out(ran: &Ran) -> Vec<Value> {
    imported(ran)["left_out"].as_array().unwrap().clone()
}

async fn assets(rig: &Rig, query: &str) -> Vec<Value> {
    let inventory = rig.file("inventory.db");
    run("inventory", &["--inventory", &inventory, "assets", query, "--json"], None).await.lines()
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_spellings_are_understood() {
    for (file, what) in [
        (r#"{"names":["CORP\\HOST7"]}"#.to_owned(), "domain and name"),
        (r#"{"names":["HOST7$"]}"#.to_owned(), "account"),
        (r#"{"names":["host7.corp.example.test."]}"#.to_owned(), "dot"),
        (r#"{"names":["host7:445"]}"#.to_owned(), "port"),
        (r#"{"names":[" host7 "]}"#.to_owned(), "blanks"),
        (r#"{"names":"host7"}"#.to_owned(), "no list"),
        ("\u{feff}{\"names\":[\"host7\"]}\r\n\r\n".to_owned(), "mark and CRLF"),
        (r#"{"names":["host7"],"os":null,"addresses":null}"#.to_owned(), "null"),
    ] {
        let rig = rig().await;
        let ran = import(&rig, &file, &[]).await;
        assert_eq!((counts(&ran), left_out(&ran)), ([1, 0, 0, 0], vec![]), "{what}");
        assert_eq!(ran.json()["computers"]["matched"], 1, "{what}");
        let found = assets(&rig, "name:host7").await;
        assert_eq!(found.len(), 1, "{what}: {found:?}");
        assert_eq!(found[0]["sources"], json!(["ldap", "scan"]), "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_taken_is_left_out_with_its_line_and_the_rest_goes_on() {
    let rig = rig().await;
    let file = [
        r#"{"names":["web1"]}"#,
        r#"{"names":["HOST7 (old)"]}"#,
        r#"{"names":["web2","","N/A"]}"#,
        "not JSON",
        r#"{"names":["web3"],"addresses":["10.0.0.999"],"os":7,"last_seen":"2999-01-01T00:00:00Z"}"#,
        r#"{"names":["web4"],"adresses":["10.0.0.4"]}"#,
        r#"{"id":"x","names":["web5"]}"#,
        r#"{"id":"x","names":["web6"]}"#,
    ];
    let ran = import(&rig, file.join("\r\n"), &[]).await;
    assert_eq!(counts(&ran), [4, 0, 0, 0]);
    let told: Vec<(u64, Option<String>)> = left_out(&ran)
        .iter()
        .map(|l| (l["line"].as_u64().unwrap(), l["field"].as_str().map(str::to_owned)))
        .collect();
    let told: Vec<(u64, Option<&str>)> = told.iter().map(|(n, f)| (*n, f.as_deref())).collect();
    let expected = [
        (2, Some("names")),
        (2, None),
        (3, Some("names")),
        (3, Some("names")),
        (4, None),
        (5, Some("addresses")),
        (5, Some("os")),
        (5, Some("last_seen")),
        (6, Some("adresses")),
        (7, None),
        (8, None),
    ];
    assert_eq!(told, expected);
    assert!(left_out(&ran).iter().all(|l| !l["reason"].as_str().unwrap().is_empty()));
    let named = ran.stderr.lines().filter(|line| line.contains("assets.jsonl:")).count();
    assert_eq!(named, 11, "{}", ran.stderr);
    let first = "assets.jsonl:2: names: \"HOST7 (old)\" is left out: a host name cannot contain the character ' '";
    assert!(ran.stderr.contains(first), "{}", ran.stderr);
    assert!(ran.stderr.contains("and 1 more left out"), "{}", ran.stderr);
    assert_eq!(counts(&import(&rig, file.join("\n"), &[]).await), [0, 0, 0, 4]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_any_kind_never_stops_the_sync() {
    let rig = rig().await;
    let text = "{\"names\":[\"web1\"]}\r\n{\"names\":[\"web2\"]}\r\n";
    let utf16: Vec<u8> =
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(counts(&import(&rig, &utf16, &[]).await), [2, 0, 0, 0]);
    assert_eq!(counts(&import(&rig, text, &[]).await), [0, 0, 0, 2]);
    let huge = format!("{{\"names\":[\"{}\"]}}\n{text}", "a".repeat(3 << 20));
    let ran = import(&rig, huge, &[]).await;
    assert_eq!((counts(&ran), left_out(&ran).len()), ([0, 0, 0, 2], 1));
    assert!(ran.stderr.len() < 2_000, "{}", ran.stderr);
    let long = "a".repeat(2_000);
    for (file, left) in [
        (b"".to_vec(), 0),
        (b"\n\n".to_vec(), 0),
        (vec![0xff; 40], 1),
        (vec![0; 40], 1),
        (b"[]".to_vec(), 1),
        (format!("{{\"names\":[\"{long}\"]}}").into_bytes(), 2),
        (b"{\"names\":[\"b\xfcro\"]}".to_vec(), 1),
        ("[".repeat(200_000).into_bytes(), 1),
    ] {
        let ran = import(&rig, &file, &[]).await;
        let told = left_out(&ran);
        assert_eq!((counts(&ran), told.len()), ([0; 4], left), "{told:?}");
        assert_eq!(ran.json()["complete"], true);
    }
    let missing = rig.file("missing.jsonl");
    rig.sync(&["--assets", &missing]).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strict_import_names_every_bad_line_and_does_nothing() {
    let rig = rig().await;
    let bad = [
        ("{\"names\":[]}", "at least one name"),
        ("{\"addresses\":[\"10.0.0.1\"]}", "at least one name"),
        ("{\"names\":[\"a b\"]}", "character"),
        ("{\"names\":[\"a\"],\"adresses\":[]}", "unknown field"),
        ("{\"names\":[\"a\"],\"last_seen\":\"yesterday\"}", "RFC 3339"),
        ("not json", "expected"),
    ];
    let lines: Vec<&str> = bad.iter().map(|(line, _)| *line).collect();
    let file = format!("{{\"names\":[\"good\"]}}\n\n{}\n", lines.join("\n"));
    let ran = import(&rig, file, &["--strict"]).await;
    let said = ran.assert_refused(2);
    for (number, (line, reason)) in (3..).zip(bad) {
        let told = said.lines().any(|said| {
            said.contains(&format!("assets.jsonl:{number}: ")) && said.contains(reason)
        });
        assert!(told, "{line}: {said}");
    }
    assert!(!said.contains(" at line "), "{said}");
    assert!(!Path::new(&rig.file("inventory.db")).exists());
    assert_eq!(rig.server.connections(), 0);
    let good = import(&rig, "{\"names\":[\"good\"]}", &["--strict"]).await;
    assert_eq!(counts(&good), [1, 0, 0, 0]);
    for option in ["--strict", "--assets-complete"] {
        rig.sync(&[option]).await.assert_refused(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scan_finds_its_own_records_and_the_computers_of_a_sync_again() {
    let rig = rig().await;
    let week_one = "{\"names\":[\"host7\"]}\n{\"names\":[\"web1\"]}\n";
    let week_two = "{\"names\":[\"web1\",\"web1.corp.example.test\"]}
        {\"names\":[\"host7\",\"host7.corp.example.test\"],\"addresses\":[\"10.0.0.7\"]}\n";
    assert_eq!(counts(&import(&rig, week_one, &[]).await), [2, 0, 0, 0]);
    let before = assets(&rig, "").await.len();
    assert_eq!(counts(&import(&rig, week_two, &[]).await), [0, 0, 2, 0]);
    let [host] = assets(&rig, "name:host7").await.try_into().unwrap();
    assert_eq!(
        (&host["sources"], &host["addresses"]),
        (&json!(["ldap", "scan"]), &json!(["10.0.0.7"]))
    );

    let late = "{\"names\":[\"uxpc-01.corp.example.test\"]}";
    let ran = import(&rig, late, &[]).await;
    assert_eq!(counts(&ran), [0, 1, 0, 0]);
    assert_eq!(imported(&ran)["joined"], 1);
    assert_eq!(assets(&rig, "").await.len(), before);
    let [joined] = assets(&rig, "name:uxpc-01").await.try_into().unwrap();
    let explain =
        ["--inventory", &rig.file("inventory.db"), "explain", joined["id"].as_str().unwrap()];
    let explained = run("inventory", &explain, None).await.stdout;
    let explained = explained.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(explained.contains("is a name of this asset"), "{explained}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_records_of_one_name_keep_their_addresses() {
    let rig = rig().await;
    let kiosk = |last: u8| format!("{{\"names\":[\"kiosk\"],\"addresses\":[\"10.0.0.{last}\"]}}\n");
    let both = kiosk(8) + &kiosk(9);
    assert_eq!(counts(&import(&rig, both, &[]).await), [2, 0, 0, 0]);
    assert_eq!(counts(&import(&rig, kiosk(9), &[]).await), [0, 0, 0, 1]);
    let mut known: Vec<String> =
        assets(&rig, "source:scan").await.iter().map(|a| a["addresses"].to_string()).collect();
    known.sort();
    assert_eq!(known, [r#"["10.0.0.8"]"#, r#"["10.0.0.9"]"#]);
    let ran = import(&rig, kiosk(10), &[]).await;
    assert_eq!(counts(&ran), [0; 4]);
    assert!(left_out(&ran)[0]["reason"].as_str().unwrap().contains("could be"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_complete_file_does_not_have_is_ended() {
    let rig = rig().await;
    let (web, db) = ("{\"names\":[\"web1\"]}\n", "{\"names\":[\"db1\"]}\n");
    import(&rig, format!("{web}{db}"), &[]).await;
    assert_eq!(imported(&import(&rig, web, &[]).await)["ended"], json!([]));
    let unclear = import(&rig, format!("{web}not JSON"), &["--assets-complete"]).await;
    assert_eq!(imported(&unclear)["ended"], json!([]));
    assert!(unclear.stderr.contains("which records these lines are: 2"), "{}", unclear.stderr);
    assert_eq!(assets(&rig, "name:=db1").await.len(), 1);
    let dry = import(&rig, web, &["--assets-complete", "--dry-run"]).await;
    assert_eq!(imported(&dry)["ended"][0]["name"], "db1");
    assert_eq!(assets(&rig, "name:=db1").await.len(), 1);
    let ran = import(&rig, web, &["--assets-complete"]).await;
    assert_eq!(imported(&ran)["ended"][0]["name"], "db1");
    assert_eq!(ran.stderr, "");
    assert!(assets(&rig, "name:=db1 NOT alias:=db1").await.is_empty());
    assert_eq!(assets(&rig, "alias:=db1").await.len(), 1, "nothing is deleted");
    assert_eq!(assets(&rig, "name:=db1").await.len(), 1, "by its former name too");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_files_of_two_scanners_do_not_speak_for_each_other() {
    let rig = rig().await;
    let complete = |scanner: &'static str| ["--assets-complete", "--assets-source", scanner];
    let (web, db) = ("{\"names\":[\"web1\"],\"id\":\"1\"}", "{\"names\":[\"db1\"],\"id\":\"1\"}");
    assert_eq!(counts(&import(&rig, web, &complete("hq")).await), [1, 0, 0, 0]);
    let other = import(&rig, db, &complete("branch")).await;
    assert_eq!((counts(&other), &imported(&other)["ended"]), ([1, 0, 0, 0], &json!([])));
    assert_eq!(counts(&import(&rig, web, &complete("hq")).await), [0, 0, 0, 1]);
    let both = format!("{web}\n{}", db.replace("\"1\"", "\"2\""));
    let joined = import(&rig, both, &complete("hq")).await;
    assert_eq!(counts(&joined), [0, 1, 0, 1], "an asset of another scanner, joined by its name");
    assert_eq!(assets(&rig, "name:=db1").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_imported_is_told_if_the_directory_then_fails() {
    let rig = rig().await;
    let (inventory, file) = (rig.file("inventory.db"), rig.write("a.jsonl", super::ASSETS));
    let directory = ["--url", "ldaps://127.0.0.1:1", "--username", "reader@corp.example.test"];
    let all = [&directory[..], &["--inventory", &inventory, "--assets", &file, "--json"]].concat();
    let failed = run("sync", &all, Some(PASSWORD)).await;
    let said = failed.assert_refused(1);
    assert!(said.contains("scanned assets, before that: 4 new, 0 updated"), "{said}");
    let dry = run("sync", &[&all[..], &["--dry-run"]].concat(), Some(PASSWORD)).await;
    assert!(!dry.assert_refused(1).contains("scanned assets"), "{}", dry.stderr);
    assert_eq!(assets(&rig, "source:scan").await.len(), 4);

    // A file that is not there is told before anybody is asked for a password.
    let missing = rig.file("missing.jsonl");
    let early = run("sync", &[&directory[..], &["--assets", &missing]].concat(), None).await;
    assert!(early.assert_refused(2).contains("missing.jsonl"), "{}", early.stderr);
}
