//! Acting on what one sees: names, parts of ids, numbers; losses and changes by name.

use super::*;

const TWINS: &str = r#"{"names":["twin"],"addresses":["10.0.0.2"],"site":"hall"}
{"names":["twin"],"addresses":["10.0.0.3"],"site":"yard"}
{"names":["printer-1"]}
"#;

/// A domain with a computer that two assets could be, synced.
async fn with_twins() -> (Rig, String) {
    let directory = TestDirectory::generated(1, 6, 2, 1);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory.write().add_computer("TWIN").unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", TWINS));
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &assets]).await.status, 0);
    (rig, inventory)
}

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_is_meant_by_part_of_its_id_or_by_its_name_and_else_the_candidates_are_listed() {
    let (_rig, inventory) = with_twins().await;
    let [printer] =
        ask(&inventory, &["assets", "printer", "--json"]).await.lines().try_into().unwrap();
    let id = printer["id"].as_str().unwrap();
    for meant in [id, &id[id.len() - 12..], "printer-1", "PRINTER-1"] {
        let explained = ask(&inventory, &["explain", meant, "--json"]).await.json();
        assert_eq!(explained["asset"], *id, "{meant}");
    }
    let ran = ask(&inventory, &["explain", "twin"]).await;
    let said = ran.assert_refused(2);
    for expected in ["hall", "yard", "10.0.0.2", "10.0.0.3"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    // Ids of one time begin alike.
    let ran = ask(&inventory, &["explain", &id[..6]]).await;
    assert!(ran.assert_refused(2).contains("several assets"), "{}", ran.stderr);
    assert!(ask(&inventory, &["explain", "nobody"]).await.assert_refused(1).contains("nobody"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_shown_with_all_it_takes_and_settled_by_number() {
    let (_rig, inventory) = with_twins().await;
    let shown = ask(&inventory, &["unresolved"]).await.stdout;
    for expected in ["TWIN$", "corp.example.test", "hall", "yard", "10.0.0.2", "10.0.0.3"] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let [waiting] = ask(&inventory, &["unresolved", "--json"]).await.lines().try_into().unwrap();
    assert_eq!(
        (&waiting["account"], &waiting["domain"]),
        (&"TWIN$".into(), &"corp.example.test".into())
    );
    let second = waiting["candidates"][1]["asset_id"].as_str().unwrap();

    for wrong in ["0", "3", "one", "-1"] {
        let ran = ask(&inventory, &["settle", "twin", "--", wrong]).await;
        ran.assert_refused(2);
    }
    ask(&inventory, &["settle", "nobody", "1"]).await.assert_refused(1);
    let settled = ask(&inventory, &["settle", "twin", "2", "--by", "anna", "--json"]).await.json();
    assert_eq!(
        (&settled["asset"], &settled["kind"], &settled["by"]),
        (&json!(second), &"must_link".into(), &"anna".into())
    );
    assert!(ask(&inventory, &["unresolved", "--json"]).await.lines().is_empty());
    let [linked] = ask(&inventory, &["assets", "twin source:ldap", "--json"])
        .await
        .lines()
        .try_into()
        .unwrap();
    assert_eq!(linked["id"], *second);

    // A computer is meant by its name as well, and all of it can be taken back.
    let forgotten = ask(&inventory, &["forget", second, "TWIN"]).await;
    assert_eq!(forgotten.status, 0, "{}", forgotten.stderr);
    assert_eq!(ask(&inventory, &["unresolved", "--json"]).await.lines().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_that_is_none_of_its_candidates_gets_an_asset_of_its_own() {
    let (rig, inventory) = with_twins().await;
    let before = ask(&inventory, &["assets", "--json"]).await.lines().len();
    let settled =
        ask(&inventory, &["settle", "twin", "new", "--why", "a third one", "--json"]).await;
    assert_eq!(settled.lines().len(), 2);
    assert!(settled.lines().iter().all(|decided| decided["kind"] == "cannot_link"));
    assert!(ask(&inventory, &["unresolved", "--json"]).await.lines().is_empty());
    let twins = ask(&inventory, &["assets", "twin", "--json"]).await.lines();
    assert_eq!(twins.len(), 3);
    assert_eq!(twins.iter().filter(|asset| asset["sources"] == json!(["ldap"])).count(), 1);
    assert_eq!(rig.sync(&["--inventory", &inventory, "--full"]).await.status, 0);
    assert_eq!(ask(&inventory, &["assets", "--json"]).await.lines().len(), before + 1);
    for twin in twins.iter().filter(|asset| asset["sources"] == json!(["scan"])) {
        let taken_back = ask(&inventory, &["forget", twin["id"].as_str().unwrap(), "twin"]).await;
        assert_eq!(taken_back.status, 0, "{}", taken_back.stderr);
    }
    assert_eq!(ask(&inventory, &["unresolved", "--json"]).await.lines().len(), 1);
    assert_eq!(ask(&inventory, &["assets", "--json"]).await.lines().len(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn overlaps_are_merged_in_bulk_from_standard_input() {
    let (rig, inventory) = with_twins().await;
    let pairs = ask(&inventory, &["overlaps", "--json"]).await.stdout;
    assert_eq!(pairs.lines().count(), 1);
    let before = ask(&inventory, &["assets", "--json"]).await.lines().len();
    let merge = async |pairs: &str, options: &[&str]| {
        let file = rig.write("pairs", pairs);
        let arguments = [&["--inventory", &inventory, "merge", "-"], options].concat();
        run_with("inventory", &arguments, None, std::fs::File::open(file).unwrap().into()).await
    };
    let dry = merge(&pairs, &["--dry-run"]).await;
    assert!(dry.stdout.contains("nothing was written"), "{}", dry.stderr);
    merge("{\"first\":1}\n", &[]).await.assert_refused(2);
    let odd = rig.file("odd");
    fs::write(&odd, [pairs.as_bytes(), b"\xff\n"].concat()).unwrap();
    for (input, place) in [(odd.as_str(), "line 2"), ("/", "line 1")] {
        let input = fs::File::open(input).unwrap().into();
        let ran =
            run_with("inventory", &["--inventory", &inventory, "merge", "-"], None, input).await;
        let said = ran.assert_refused(2);
        assert!(said.contains(&format!("{place} of the standard input cannot be read")), "{said}");
    }
    assert_eq!(ask(&inventory, &["assets", "--json"]).await.lines().len(), before);
    let merged = merge(&pairs, &["--by", "anna", "--json"]).await.lines();
    assert_eq!(merged.len(), 1);
    assert_eq!(ask(&inventory, &["assets", "--json"]).await.lines().len(), before - 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_asset_that_no_source_has_is_deleted_and_any_other_is_not() {
    let (rig, inventory) = with_twins().await;
    let refused = ask(&inventory, &["delete", "printer-1"]).await;
    assert!(refused.assert_refused(1).contains("scan/import"), "{}", refused.stderr);
    let fewer: String = TWINS.lines().take(2).map(|line| format!("{line}\n")).collect();
    let assets = rig.write("assets.jsonl", &fewer);
    rig.sync(&["--inventory", &inventory, "--assets", &assets, "--assets-complete"]).await;
    let [printer] = ask(&inventory, &["assets", "alias:=printer-1", "--json"])
        .await
        .lines()
        .try_into()
        .unwrap();
    let id = printer["id"].as_str().unwrap();
    let deleted = ask(&inventory, &["delete", id, "--by", "anna", "--why", "typed wrong"]).await;
    assert_eq!(deleted.status, 0, "{}", deleted.stderr);
    ask(&inventory, &["explain", id]).await.assert_refused(1);
    let history = ask(&inventory, &["history", "--json"]).await.lines();
    let last = history.last().unwrap();
    assert_eq!(
        (&last["act"], &last["by"], &last["why"]),
        (&"deleted".into(), &"anna".into(), &"typed wrong".into())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_is_named_in_the_report_in_the_brake_and_among_the_changes() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let delete = |count: usize| {
        let mut tree = rig.server.directory().write();
        let computers: Vec<String> = tree
            .entries()
            .filter(|entry| entry.values("objectClass").iter().any(|class| class == b"computer"))
            .filter(|entry| entry.values("isDeleted").is_empty())
            .map(|entry| entry.dn().to_owned())
            .filter(|dn| !dn.contains("Domain Controllers"))
            .take(count)
            .collect();
        for dn in &computers {
            tree.delete(dn).unwrap();
        }
        let name = |dn: &String| dn.split([',', '=']).nth(1).unwrap().to_owned();
        computers.iter().map(name).collect::<Vec<String>>()
    };
    let [lost] = delete(1).try_into().unwrap();
    let ran = rig.sync(&["--inventory", &inventory]).await;
    assert!(ran.stdout.contains(&lost) && ran.stdout.contains("missing"), "{}", ran.stdout);
    let row = ran.stdout.lines().find(|line| line.contains(&lost)).unwrap();
    let named = row.split_whitespace().last().unwrap();
    let explained = ask(&inventory, &["explain", named, "--json"]).await.json();
    let changes = ask(&inventory, &["changes", "--since", "1hour", "--json"]).await.lines();
    let missing: Vec<&Value> = changes.iter().filter(|c| c["change"] == "missing").collect();
    let name = missing[0]["name"].as_str().unwrap();
    assert!(missing.len() == 1 && name.starts_with(&lost.to_lowercase()), "{name} {lost}");
    assert_eq!(explained["asset"], missing[0]["asset"], "the end of the id names it");
    let is_it = |change: &&Value| change["asset"] == missing[0]["asset"];
    assert!(changes.iter().filter(is_it).all(|change| change["name"] == name), "{changes:?}");
    assert_eq!(changes.iter().filter(|c| c["change"] == "created").count(), 31);

    let many = delete(18);
    let stopped = rig.sync(&["--inventory", &inventory, "--json"]).await;
    assert_eq!(stopped.status, 5);
    let told = stopped.json();
    let named: Vec<&str> = told["lost"]
        .as_array()
        .unwrap()
        .iter()
        .map(|lost| lost["name"].as_str().unwrap())
        .collect();
    assert!(many.iter().all(|name| named.contains(&&**name)), "{named:?}");
    let error = stopped.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
    assert!(
        many.iter().any(|name| error.contains(&**name)) && error.contains("and 15 more"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_tell_what_became_what_since_a_time_or_a_run() {
    let (rig, inventory) = with_twins().await;
    let changed =
        TWINS.replace(r#""names":["printer-1"]"#, r#""names":["printer-1"],"os":"VxWorks""#);
    let runs = ask(&inventory, &["runs", "--json"]).await.lines();
    let run = runs[0]["id"].as_str().unwrap().to_owned();
    assert!(runs[0]["checkpoint"]["token"].is_string(), "{}", runs[0]["checkpoint"]);
    let assets = rig.write("assets.jsonl", &changed);
    rig.sync(&["--inventory", &inventory, "--assets", &assets]).await;
    ask(&inventory, &["settle", "twin", "1", "--by", "anna"]).await;
    let times =
        ["2026-01-01", "2026-01-01T12:00", "2026-01-01 12:00:00", "2026-01-01T12:00:00+01:00"];
    let lengths = ["yesterday", "today", "2hours", &run, &run[run.len() - 8..]];
    for since in [&times[..], &lengths].concat() {
        let ran = ask(&inventory, &["changes", "--since", since, "--json"]).await;
        let changes = ran.lines();
        let decided = changes.iter().find(|change| change["change"] == "decided").unwrap();
        assert!(decided["reason"].as_str().unwrap().contains("anna"), "{since}");
    }
    // Since the run began, the printer is an old acquaintance.
    let ran = ask(&inventory, &["changes", "--since", &run, "--json"]).await.lines();
    let updated =
        ran.iter().find(|c| c["change"] == "updated" && c["name"] == "printer-1").unwrap();
    assert_eq!(updated["fields"][0], json!({ "field": "os", "from": null, "to": "VxWorks" }));
    let table = ask(&inventory, &["changes", "--since", &run]).await.stdout;
    assert!(table.contains("os: + VxWorks"), "{table}");
    for wrong in ["soon", "2026-13-01", "7fortnights", "ffffffff"] {
        ask(&inventory, &["changes", "--since", wrong]).await.assert_refused(2);
    }
}
