//! What pipes and files get: every row, nothing cut.

use super::*;

/// A rig with an inventory, and what asks it.
async fn filled() -> (Rig, String) {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let ran = rig.sync(&["--inventory", &inventory, "--assets", &assets]).await;
    assert_eq!((ran.status, &*ran.stderr), (0, ""), "success is silent on standard error");
    (rig, inventory)
}

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

/// The cells of tab-separated lines, by title.
fn rows(text: &str) -> Vec<Vec<(String, String)>> {
    let mut lines = text.lines().map(|line| line.split('\t').map(str::to_owned));
    let titles: Vec<String> = lines.next().unwrap().collect();
    let row = |cells: Vec<String>| {
        assert_eq!(cells.len(), titles.len(), "{cells:?}");
        titles.iter().cloned().zip(cells).collect()
    };
    lines.map(|cells| row(cells.collect())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipe_gets_every_row_and_nothing_is_cut() {
    let (_rig, inventory) = filled().await;
    for kind in ["assets", "users", "groups"] {
        let json = ask(&inventory, &[kind, "--json"]).await.lines();
        let piped = ask(&inventory, &[kind]).await;
        assert_eq!((piped.status, &*piped.stderr), (0, ""));
        let rows = rows(&piped.stdout);
        assert_eq!(rows.len(), json.len(), "{kind}");
        let ids: BTreeSet<&str> =
            rows.iter().flatten().filter(|(title, _)| title == "id").map(|(_, id)| &**id).collect();
        assert!(json.iter().all(|record| ids.contains(record["id"].as_str().unwrap())), "{kind}");
        assert!(!piped.stdout.contains('…'), "{}", piped.stdout);
        for record in &json {
            for text in record["groups"].as_array().into_iter().flatten() {
                assert!(piped.stdout.contains(text.as_str().unwrap()));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn coverage_in_a_pipe_has_the_keys_and_numbers_of_its_json() {
    let (_rig, inventory) = filled().await;
    let json = ask(&inventory, &["coverage", "--json"]).await.json();
    let rows = rows(&ask(&inventory, &["coverage"]).await.stdout);
    let (total, of_sites) = rows.split_last().unwrap();
    assert_eq!(of_sites.len(), json["rows"].as_array().unwrap().len());
    let titles: BTreeSet<&str> = total.iter().map(|(title, _)| &**title).collect();
    assert_eq!(titles, keys(&json["rows"][0]));
    for (key, number) in &total[2..] {
        assert_eq!(*number, json["total"][key].to_string(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_place_new_assets_and_are_counted_and_listed_where_several_have_one() {
    let directory = TestDirectory::generated(1, 0, 1, 0);
    {
        let mut tree = directory.write();
        tree.add_account("svc-inventory", PASSWORD).unwrap();
        let zone = tree.add_dns_zone("corp.example.test").unwrap();
        tree.add_subnet("10.1.0.0/16", "Berlin").unwrap();
        for (name, addresses) in [("WEB1", &["10.1.0.5", "*10.1.0.9"][..]), ("WEB2", &["10.1.0.5"])]
        {
            tree.add_computer(name).unwrap();
            tree.set_addresses(&zone, name, addresses).unwrap();
        }
    }
    let rig = Rig::over(&directory, Script::new()).await;
    let inventory = rig.file("inventory.db");
    let options =
        ["--inventory", &inventory, "--addresses", "dns", "--site-by-ad-site", "berlin=branch"];
    assert_eq!(rig.sync(&options).await.status, 0);
    let shared = ask(&inventory, &["overlaps", "--addresses", "--json"]).await.lines();
    assert_eq!((shared.len(), &shared[0]["address"]), (1, &serde_json::json!("10.1.0.5")));
    assert_eq!(shared[0]["assets"].as_array().unwrap().len(), 2);
    assert_eq!(shared[0]["assets"][0]["records"], serde_json::json!(["2026-01-01T00:00:00Z"]));
    let piped = rows(&ask(&inventory, &["overlaps", "--addresses"]).await.stdout);
    let names: Vec<&str> = piped.iter().map(|row| row[2].1.as_str()).collect();
    assert_eq!(names.len(), 2, "{piped:?}");
    let coverage = ask(&inventory, &["coverage", "--by", "adSite", "--json"]).await.json();
    let counted = |n: usize| {
        let row = &coverage["rows"][n];
        (
            row["site"].clone(),
            row["ad_site"].clone(),
            row["assets"].clone(),
            row.get("os").is_none(),
        )
    };
    assert_eq!(counted(0), ("branch".into(), "Berlin".into(), 2.into(), true));
    assert_eq!(counted(1), ("default".into(), "".into(), 1.into(), true));
    let found = ask(&inventory, &["assets", "@ldap.computer.adSite:\"Berlin\"", "--count"]).await;
    assert_eq!(found.stdout, "  2 assets\n");
    for wrong in [
        &["--addresses", "dhcp"][..],
        &["--site-by-ad-site", "Berlin=hq"],
        &["--addresses", "dns", "--site-by-ad-site", "Berlin"],
    ] {
        let ran = rig.sync(&[&["--inventory", &inventory], wrong].concat()).await;
        assert_eq!(ran.status, 2, "{wrong:?}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_computer_without_a_host_name_is_shown_by_its_account() {
    let directory = TestDirectory::generated(1, 3, 1, 0);
    {
        let mut tree = directory.write();
        tree.add_account("svc-inventory", PASSWORD).unwrap();
        let computer = tree.add_computer("GREENHOUSE").unwrap();
        tree.set(&computer, "dNSHostName", [""; 0]).unwrap();
        tree.set(&computer, "sAMAccountName", ["the greenhouse$"]).unwrap();
        tree.set(&computer, "cn", ["the greenhouse"]).unwrap();
    }
    let rig = Rig::over(&directory, Script::new()).await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let asked = ask(&inventory, &["assets", "@ldap.computer.sAMAccountName:the*"]).await;
    let rows = rows(&asked.stdout);
    assert_eq!(rows.len(), 1, "{}", asked.stdout);
    assert!(rows[0].contains(&("names".into(), "the greenhouse$".into())), "{rows:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_kinds_of_record_are_sorted_counted_and_shown_by_columns() {
    let (_rig, inventory) = filled().await;
    for (kind, name, one) in [
        ("assets", "names", "printer"),
        ("users", "name", "svc-inventory"),
        ("groups", "name", "\"domain users\""),
    ] {
        let columns = ask(&inventory, &[kind, "--columns", name]).await.stdout;
        let mut lines: Vec<String> = columns.lines().map(str::to_lowercase).collect();
        assert_eq!(lines.remove(0), name);
        let known: Vec<String> =
            lines.into_iter().map(|line| line.split("; ").next().unwrap().to_owned()).collect();
        let named: Vec<_> = known.iter().filter(|name| !name.is_empty()).collect();
        assert!(named.is_sorted(), "{kind}: {named:?}");
        let key = if kind == "assets" { "-name" } else { name };
        let sorted = ask(&inventory, &[kind, "--sort", key, "--columns", name, "--json"]).await;
        assert_eq!(sorted.lines().len(), known.len());
        assert!(sorted.lines().iter().all(|record| keys(record) == words(name)));
        assert_eq!(
            ask(&inventory, &[kind, one, "--count"]).await.stdout,
            format!("  1 {}\n", &kind[..kind.len() - 1])
        );
        let counted = ask(&inventory, &[kind, "--count", "--json"]).await.json();
        assert_eq!(counted["total"], known.len());
        ask(&inventory, &[kind, "--columns", "no_such_thing"]).await.assert_refused(2);
        ask(&inventory, &[kind, "--columns", "no_such_thing", "--json"]).await.assert_refused(2);
        ask(&inventory, &[kind, "--count", "--columns", "id"]).await.assert_refused(2);
        ask(&inventory, &[kind, "--count", "--sort", "id"]).await.assert_refused(2);
        ask(&inventory, &[kind, "--sort", "no_such_thing"]).await.assert_refused(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn attributes_are_columns_and_csv_is_quoted_where_it_must_be() {
    let (_rig, inventory) = filled().await;
    let attribute = "@ldap.computer.sAMAccountName";
    let columns = format!("names,{attribute}");
    let csv = ask(&inventory, &["assets", "dc1", "--csv", "--columns", &columns]).await;
    assert_eq!(
        csv.stdout.lines().collect::<Vec<_>>(),
        [format!("names,{attribute}").as_str(), "dc1.corp.example.test; dc1,DC1$"]
    );
    let users =
        ask(&inventory, &["users", "svc-inventory", "--csv", "--columns", "sAMAccountName,dn"])
            .await;
    let line = users.stdout.lines().nth(1).unwrap();
    assert!(line.starts_with("svc-inventory,\"CN=svc-inventory,"), "{line}");
    ask(&inventory, &["users", "--csv", "--json"]).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_changed_nothing_says_so_and_a_quiet_one_nothing() {
    let (rig, inventory) = filled().await;
    let again = rig.sync(&["--inventory", &inventory]).await;
    assert!(again.stdout.contains("Nothing changed."), "{}", again.stdout);
    let quiet = rig.sync(&["--inventory", &inventory, "--quiet"]).await;
    assert_eq!((quiet.status, &*quiet.stdout, &*quiet.stderr), (0, "", ""));
    rig.server.directory().write().add_computer("NEWCOMER").unwrap();
    let changed = rig.sync(&["--inventory", &inventory]).await;
    assert!(!changed.stdout.contains("Nothing changed."), "{}", changed.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_ones_are_the_same_in_json_and_in_tables() {
    let (_rig, inventory) = filled().await;
    for (kind, name) in [("assets", "names"), ("users", "name"), ("groups", "name")] {
        let piped = ask(&inventory, &[kind, "--limit", "4", "--columns", "id"]).await.stdout;
        let json = ask(&inventory, &[kind, "--limit", "4", "--columns", "id", "--json"]).await;
        let ids: Vec<Value> = json.lines().iter().map(|record| record["id"].clone()).collect();
        assert_eq!(ids, piped.lines().skip(1).collect::<Vec<_>>(), "{kind}");
        // An attribute that only the last record may have is a column all the same.
        let rare = ask(&inventory, &[kind, "--columns", &format!("{name},cn"), "--json"]).await;
        assert!(rare.lines().iter().all(|record| keys(record).contains("cn")), "{kind}");
        let none = ask(&inventory, &[kind, "--limit", "0", "-source:nowhere", "--json"]).await;
        assert_eq!((none.status, &*none.stdout, &*none.stderr), (0, "", ""), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facets_in_a_pipe_or_a_file_are_one_table() {
    let (_rig, inventory) = filled().await;
    let facets = ["assets", "--facet", "os", "--facet", "site"];
    let piped = ask(&inventory, &facets).await;
    assert_eq!((piped.status, &*piped.stderr), (0, "34 assets\n"));
    let csv = ask(&inventory, &[&facets[..], &["--csv"]].concat()).await;
    assert_eq!(csv.stdout.replace(',', "\t"), piped.stdout);
    let rows = rows(&piped.stdout);
    let titles: Vec<&str> = rows[0].iter().map(|(title, _)| &**title).collect();
    assert_eq!(titles, ["facet", "value", "assets"]);
    let json = ask(&inventory, &[&facets[..], &["--json"]].concat()).await.json();
    let mut expected = Vec::new();
    for divided in json["facets"].as_array().unwrap() {
        for value in divided["values"].as_array().unwrap() {
            let text = value["value"].as_str().unwrap_or_default();
            expected.push(
                [divided["facet"].as_str().unwrap(), text, &value["assets"].to_string()]
                    .map(str::to_owned),
            );
        }
    }
    let found: Vec<_> =
        rows.iter().map(|row| [0, 1, 2].map(|column| row[column].1.clone())).collect();
    assert_eq!(found, expected);
    assert!(found.iter().any(|[_, value, _]| value.is_empty()), "what has no system: {found:?}");
    for option in [["--columns", "id"], ["--sort", "name"]] {
        ask(&inventory, &[&facets[..], &option].concat()).await.assert_refused(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn members_beyond_the_limit_are_told_and_options_of_other_lists_refused() {
    let (_rig, inventory) = filled().await;
    let members = ["groups", "=\"domain users\"", "--members"];
    let all = ask(&inventory, &members).await;
    assert_eq!((rows(&all.stdout).len(), &*all.stderr), (21, ""));
    let few = ask(&inventory, &[&members[..], &["--limit", "5"]].concat()).await;
    assert_eq!((rows(&few.stdout).len(), &*few.stderr), (5, "5 of 21 members (--limit N)\n"));
    for option in [&["--count"][..], &["--columns", "dn"], &["--sort", "name"]] {
        ask(&inventory, &[&members[..], option].concat()).await.assert_refused(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_the_inventory_does_not_have_is_refused() {
    let (_rig, inventory) = filled().await;
    let guid = "11111111-1111-1111-1111-111111111111";
    for command in [
        &["runs", "--source", "ldap/nowhere"][..],
        &["unresolved", "--source", "ldap/nowhere"],
        &["settle", "twin", "1", "--source", "ldap/nowhere"],
        &["link", "printer-1", "dc1", "--source", "ldap/nowhere"],
        &["separate", "printer-1", guid, "--source", "ldap/nowhere"],
        &["release", "ldap/nowhere"],
    ] {
        let ran = ask(&inventory, command).await;
        assert!(ran.assert_refused(2).contains("no directory ldap/nowhere"), "{}", ran.stderr);
    }
    let known = ask(&inventory, &["runs", "--source", "ldap/corp.example.test", "--json"]).await;
    assert_eq!(known.lines().len(), 1);
}

/// What would drive a terminal, reorder a line or end one.
const UNPRINTABLE: [char; 6] = ['\u{1b}', '\u{9b}', '\u{202e}', '\u{200f}', '\u{2028}', '\u{2029}'];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_foreign_reaches_a_terminal_raw_from_whatever_library_it_comes() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    let foreign: String = UNPRINTABLE.iter().collect();
    let escaped: String = foreign.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    let assets = rig.write(
        "assets.jsonl",
        &format!(
            "{{\"names\":[\"a\"],\"x{escaped}\":1}}\n{{\"names\":[\"b\"],\"os\":\"Linux{escaped}\",\"site\":\"hq{escaped}\"}}\n"
        ),
    );
    let plan = rig.write("plan.json", &format!("{{\"task\":{{\"name\":1}},\"x{foreign}\":0}}"));
    let kind = rig.write("kind.json", &format!("{{\"report\":{{\"mode\":\"{escaped}\"}}}}"));
    let quoted = format!("\"{foreign}");
    let mut ran = vec![rig.sync(&["--inventory", &inventory, "--assets", &assets]).await];
    ran.push(rig.sync(&["--dry-run", "--json", "--assets", &assets]).await);
    for arguments in [
        &["assets"][..],
        &["assets", "--json"],
        &["assets", "--json", "--columns", "os"],
        &["assets", "--json", "--sort", "os", "--columns", "os"],
        &["assets", "--json", "--limit", "5"],
        &["assets", "--facet", "os"],
        &["changes", "--json"],
        &["events"],
        &["events", "--json"],
        &["runs", "--json"],
        &["explain", "b"],
        &["plan", &plan],
        &["plan", &kind],
        &["assets", &quoted],
    ] {
        ran.push(ask(&inventory, arguments).await);
    }
    for Ran { stdout, stderr, .. } in ran {
        for raw in UNPRINTABLE {
            assert!(!stdout.contains(raw) && !stderr.contains(raw), "{stdout:?} {stderr:?}");
        }
    }
}
