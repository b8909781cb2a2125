//! Queries as people write them: what is found, what is refused, and what is told where nothing is found.

use super::*;

/// A small domain with groups within groups, a user with a comma in its name, and scanned assets.
async fn rig() -> (Rig, String) {
    let directory = TestDirectory::generated(1, 3, 2, 1);
    {
        let mut tree = directory.write();
        tree.add_account("svc-inventory", PASSWORD).unwrap();
        let pat = tree.add_user("O'Brien, Pat").unwrap();
        let alice = tree.add_user("alice.archer").unwrap();
        let [top, middle, bottom] =
            ["UX Top", "UX Middle", "UX Bottom"].map(|name| tree.add_group(name).unwrap());
        for (group, member) in
            [(&top, &middle), (&middle, &bottom), (&bottom, &top), (&bottom, &pat), (&top, &alice)]
        {
            tree.add_values(group, "member", [member.as_str()]).unwrap();
        }
    }
    let rig = Rig::over(&directory, Script::new()).await;
    let scanned = r#"{"names":["ux-1.lab.example"],"os":"Windows Server 2012 R2","addresses":["10.0.0.5"]}
{"names":["ux-2.lab.example"],"os":"Ubuntu 24.04","last_seen":"2026-01-02T03:04:05Z"}
"#;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", scanned));
    let ran = rig.sync(&["--inventory", &inventory, "--assets", &assets]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    (rig, inventory)
}

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_found_as_people_ask_for_them() {
    let (_rig, inventory) = rig().await;
    for (query, found) in [
        ("ux*", 2),
        ("ux-?.lab*", 2),
        ("os:win*2012*", 1),
        ("ux* (last_seen:>90days OR last_seen:never)", 2),
        ("source:scan last_seen:never", 1),
        ("source:scan state:present", 2),
        ("state:gone,missing,unresolved", 0),
        ("address:10.0.*", 1),
    ] {
        let ran = ask(&inventory, &["assets", query, "--json"]).await;
        assert_eq!(ran.lines().len(), found, "{query}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_value_is_shown_at_its_place() {
    let (_rig, inventory) = rig().await;
    for (kind, query, place, hint) in [
        ("assets", "ux last_seen:2026-13-01", "column 14", "`never`"),
        ("assets", "last_seen:30days", "column 11", "`<30days`"),
        ("assets", "address:10.0.0.0/33", "column 9", "network"),
        ("assets", "alive:t", "column 1", "`last_seen:<7days`"),
        ("assets", "state:vanished", "column 7", "`missing`"),
        ("users", "disabled:true", "column 1", "`is_disabled:true`"),
        ("groups", "complete:maybe", "column 10", "`true`"),
        ("users", "is_disabled:maybe", "column 13", "`true` or `false`"),
        ("assets", "last_seen:2026-11-20T10:00:00[America/New_York]", "column 11", "`never`"),
    ] {
        let ran = ask(&inventory, &[kind, query]).await;
        let said = ran.assert_refused(2);
        assert!(said.contains(place) && said.contains(hint), "{query}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_place_of_a_mistake_is_marked_below_what_is_printed() {
    let (_rig, inventory) = rig().await;
    for (query, before) in [
        ("bü os_vresion:1", "bü "),
        ("東京 os_vresion:1", "東京 "),
        ("a\u{202e}b os_vresion:1", "a\\u{202e}b "),
    ] {
        let ran = ask(&inventory, &["assets", query]).await;
        let said = ran.assert_refused(2);
        let caret = said.lines().last().unwrap();
        let width = console::measure_text_width(before) + 2;
        assert_eq!(caret, format!("{}^", " ".repeat(width)), "{said}");
        assert!(said.contains(&format!("\n  {before}os_vresion:1\n")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_result_of_nothing_says_how_the_query_was_read_and_what_is_near() {
    let (_rig, inventory) = rig().await;
    for (kind, query, expected) in [
        (
            "assets",
            "os:windows server 2012",
            &["Read as: os:windows AND server AND 2012", "os:\"windows server 2012\""][..],
        ),
        ("assets", "os:windws", &["os:windows"]),
        ("assets", "os=windows", &["os:windows"]),
        ("assets", "source:ad", &["source:ldap"]),
        ("assets", "@ldap.computer.whenCreated:<1s", &["@ldap.computer.whenCreatedTS:<1s"]),
        ("users", "displayNam:zzz", &["displayName:zzz"]),
        ("assets", "last_seen:>2999-01-01", &["near is @scan.asset.lastSeenTS:>2999-01-01"]),
    ] {
        let ran = ask(&inventory, &[kind, query, "--json"]).await;
        assert_eq!((ran.status, ran.stdout.as_str()), (0, ""), "{query}: {}", ran.stderr);
        assert!(ran.stderr.starts_with(&format!("0 {kind}. Read as: ")), "{}", ran.stderr);
        for expected in expected {
            assert!(ran.stderr.contains(expected), "{query}: {}", ran.stderr);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_dn_that_is_printed_finds_itself() {
    let (_rig, inventory) = rig().await;
    for user in ask(&inventory, &["users", "--json"]).await.lines() {
        let dn = user["dn"].as_str().unwrap();
        for query in [format!("dn:\"{dn}\""), format!("dn:=\"{dn}\"")] {
            let found = ask(&inventory, &["users", &query, "--json"]).await.lines();
            assert!(found.iter().any(|found| found["dn"] == user["dn"]), "{query}");
        }
    }
    let found = ask(&inventory, &["groups", "member:\"CN=O'Brien\\, Pat\"", "--json"]).await;
    let groups: Vec<Value> = found.lines().into_iter().map(|group| group["name"].clone()).collect();
    assert!(groups.contains(&json!("UX Bottom")), "{groups:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_members_are_shown_on_request_with_the_group_that_names_them() {
    let (_rig, inventory) = rig().await;
    let users = async |arguments: &[&str]| {
        ask(&inventory, &[&["users", "--json"], arguments].concat()).await.lines().len()
    };
    assert_eq!(users(&["group:\"UX Top\""]).await, 1);
    assert_eq!(users(&["group:\"UX Top\"", "--nested"]).await, 2);
    assert_eq!(users(&["nested:\"UX Top\""]).await, 2);
    let direct = ask(&inventory, &["groups", "=\"UX Top\"", "--members", "--json"]).await.lines();
    assert_eq!(direct.len(), 2);
    let nested = ["groups", "=\"UX Top\"", "--members", "--nested"];
    let all = ask(&inventory, &[&nested[..], &["--json"]].concat()).await.lines();
    let pat = all.iter().find(|member| member["dn"].as_str().unwrap().contains("Pat")).unwrap();
    assert!(pat["via"].as_str().unwrap().starts_with("CN=UX Bottom"), "{pat}");
    assert_eq!((all.len(), &pat["path"]), (4, &json!("nested")));
    let table = ask(&inventory, &nested).await.stdout;
    assert!(table.contains("via UX Bottom"), "{table}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_condition_with_a_dash_before_it_is_its_opposite_and_an_option_stays_one() {
    let (_rig, inventory) = rig().await;
    let found = async |arguments: &[&str]| {
        let (kind, rest) = arguments.split_first().unwrap();
        let ran = ask(&inventory, &[&[*kind, "--json"], rest].concat()).await;
        ran.lines().len()
    };
    assert_eq!(found(&["assets", "-source:ldap"]).await, 2);
    assert_eq!(found(&["assets", "-source:ldap", "--limit", "1"]).await, 1);
    assert_eq!(found(&["assets", "--sort", "-name", "ux*", "-os:ubuntu"]).await, 1);
    assert_eq!(found(&["assets", "-source:ldap -(os:windows OR os:solaris)"]).await, 1);
    assert_eq!(found(&["assets", "-ux-1", "source:scan"]).await, 1);
    assert_eq!(found(&["assets", "--", "-source:ldap"]).await, 2);
    let disabled = found(&["users", "is_disabled:false"]).await;
    assert_eq!(found(&["users", "-is_disabled:t", "-v"]).await, disabled);
    for mistyped in ["--cuont", "-json", "--count=x", "-limit"] {
        let ran = ask(&inventory, &["assets", "-source:ldap", mistyped]).await;
        assert!(ran.assert_refused(2).contains("--help"), "{mistyped}: {}", ran.stderr);
    }
    let ran = ask(&inventory, &["assets", "-os_vresion:10"]).await;
    assert!(ran.assert_refused(2).contains("did you mean `os_version`?"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_manual_has_every_field() {
    for arguments in [&["help", "query"][..], &["query"]] {
        let manual = run("inventory", arguments, None).await;
        assert_eq!(manual.status, 0, "{}", manual.stderr);
        for field in
            ["name_overlap", "last_seen", "sam_account_name", "complete", "nested", "never"]
        {
            assert!(manual.stdout.contains(field), "{field}: {}", manual.stdout);
        }
        assert!(!manual.stdout.contains("…"), "nothing is cut: {}", manual.stdout);
    }
}
