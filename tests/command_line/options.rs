//! What is read, what is left out, and which server is asked.

use ldap_inventory::testing::{ServerTls, TestDirectory, TestServer};
use serde_json::{Value, json};

use super::{ACCOUNT, PASSWORD, Rig, Script, run};

const BASE: &str = "DC=corp,DC=example,DC=test";

/// Two units with two computers each, one of which is disabled.
fn directory() -> TestDirectory {
    let directory = TestDirectory::new();
    let mut tree = directory.write();
    tree.add_account("svc-inventory", PASSWORD).unwrap();
    for unit in ["Berlin", "Lyon"] {
        let ou = tree.add_organizational_unit(unit).unwrap();
        for n in [1, 2] {
            let dn = tree.add_computer_in(&ou, &format!("{unit}{n}")).unwrap();
            if n == 2 {
                tree.set(&dn, "userAccountControl", ["4098"]).unwrap();
            }
        }
    }
    drop(tree);
    directory
}

async fn rig() -> Rig {
    Rig::over(&directory(), Script::new()).await
}

/// The names of the computers that were read and those that were left out, with why.
async fn left_out(rig: &Rig, options: &[&str]) -> (Vec<String>, Vec<(String, String)>) {
    let ran = rig.sync(&[&["--json", "--explain"], options].concat()).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    let decisions = report["decisions"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let name = |decision: &Value| text(&decision["name"]).split('.').next().unwrap().to_owned();
    let skipped = decisions.iter().filter(|decision| decision["decision"] == "skipped");
    let mut skipped: Vec<_> = skipped.map(|d| (name(d), text(&d["reason"]))).collect();
    let mut read: Vec<String> = decisions.iter().map(name).collect();
    assert_eq!(report["computers"]["read"], json!(read.len()));
    assert_eq!(report["computers"]["skipped"], json!(skipped.len()));
    read.sort_unstable();
    skipped.sort_unstable();
    (read, skipped)
}

#[tokio::test(flavor = "multi_thread")]
async fn several_bases_and_a_filter_narrow_what_is_read() {
    let rig = rig().await;
    let (berlin, lyon) = (format!("OU=Berlin,{BASE}"), format!("OU=Lyon,{BASE}"));
    let read = async |options: &[&str]| left_out(&rig, options).await.0;
    assert_eq!(read(&[]).await, ["berlin1", "berlin2", "dc1", "lyon1", "lyon2"]);
    let both = ["--base-dn", &berlin, "--base-dn", &lyon];
    assert_eq!(read(&both).await, ["berlin1", "berlin2", "lyon1", "lyon2"]);
    let filter = ["--base-dn", &berlin, "--computer-filter", "(cn=*1)"];
    assert_eq!(read(&filter).await, ["berlin1"]);
    for bad in [&["--computer-filter", "cn=x"], &["--base-dn", "Berlin"]] {
        let ran = rig.sync(bad).await;
        assert!([1, 2].contains(&ran.status), "{}", ran.stderr);
        ran.assert_refused(ran.status);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_below_one_base_say_nothing_of_another() {
    let directory = directory();
    let rig = Rig::over(&directory, Script::new()).await;
    let inventory = rig.file("inventory.db");
    let run = async |unit: &str, options: &[&str]| {
        let base = format!("OU={unit},{BASE}");
        let always = ["--json", "--inventory", &inventory, "--base-dn", &base];
        let ran = rig.sync(&[&always[..], options].concat()).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.json()
    };
    for (unit, mode) in [
        ("Berlin", "full"),
        ("Lyon", "full"),
        ("Berlin", "dirsync"),
        ("Berlin", "dirsync"),
        ("Lyon", "dirsync"),
    ] {
        let report = run(unit, &[]).await;
        assert_eq!((&report["computers"]["missing"], &report["mode"]), (&json!(0), &json!(mode)));
        assert_eq!(report["warnings"], json!([]));
    }
    directory.write().delete(&format!("CN=Lyon1,OU=Lyon,{BASE}")).unwrap();
    let missing =
        async |unit, options: &[&str]| run(unit, options).await["computers"]["missing"].clone();
    assert_eq!(missing("Berlin", &["--full"]).await, json!(0));
    assert_eq!(missing("Lyon", &[]).await, json!(1));
    assert_eq!(missing("Berlin", &[]).await, json!(0));
    // It moves to where the other run looks.
    let moved = format!("CN=Berlin2,OU=Berlin,{BASE}");
    directory.write().move_to(&moved, &format!("OU=Lyon,{BASE}")).unwrap();
    let lyon = run("Lyon", &[]).await;
    assert_eq!(
        (&lyon["computers"]["created"], &lyon["computers"]["matched"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(missing("Berlin", &["--full"]).await, json!(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_account_is_told_what_it_does_not_show_and_may_take_over() {
    let directory = directory();
    directory.write().add_account("other", PASSWORD).unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let inventory = rig.file("inventory.db");
    let always = ["--json", "--full", "--inventory", &inventory];
    let first = rig.sync(&always).await.json();
    assert_eq!(first["warnings"], json!([]));
    directory.write().delete(&format!("CN=Lyon1,OU=Lyon,{BASE}")).unwrap();
    let other = "other@corp.example.test";
    let read = rig.sync_as(other, &always).await.json();
    assert_eq!(read["computers"]["missing"], json!(0));
    let warning = read["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("1 known object") && warning.contains("take"), "{warning}");
    let taken_over = rig.sync_as(other, &[&always[..], &["--take-over"]].concat()).await.json();
    assert_eq!(taken_over["computers"]["missing"], json!(1));
    assert_eq!(taken_over["warnings"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_computers_are_missing_if_somebody_says_so() {
    let directory = directory();
    let rig = Rig::over(&directory, Script::new()).await;
    for (full, file) in [(&[][..], "changes.db"), (&["--full"][..], "full.db")] {
        let last = ["Berlin1", "Berlin2"].map(|name| format!("CN={name},OU=Berlin,{BASE}"));
        let (base, file) = (format!("OU=Berlin,{BASE}"), rig.file(file));
        let always = ["--json", "--inventory", &file, "--base-dn", &base];
        let options = [&always[..], full].concat();
        let read = rig.sync(&options).await.json();
        assert_eq!(read["computers"]["read"], json!(2));
        for dn in &last {
            directory.write().delete(dn).unwrap();
        }
        let doubtful = rig.sync(&options).await.json();
        assert_eq!(doubtful["computers"]["missing"], json!(0));
        let warnings = doubtful["warnings"].to_string();
        assert!(
            warnings.contains("2 are known") && warnings.contains("accept-empty"),
            "{warnings}"
        );
        let accepted = rig.sync(&[&options[..], &["--accept-empty"]].concat()).await.json();
        assert_eq!(accepted["computers"]["missing"], json!(2));
        let warnings = accepted["warnings"].to_string();
        assert!(!warnings.contains("accept-empty"), "{warnings}");
        let ou = format!("OU=Berlin,{BASE}");
        for name in ["Berlin1", "Berlin2"] {
            directory.write().add_computer_in(&ou, name).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_out_is_counted_and_explained() {
    let rig = rig().await;
    let (berlin, lyon) = (format!("OU=Berlin,{BASE}"), format!("OU=Lyon,{BASE}"));
    let skipped = async |options: &[&str]| left_out(&rig, options).await.1;
    let told = |computers: &[&str], why: &str| -> Vec<(String, String)> {
        let why = format!("{why}, and the task leaves such computers out");
        computers.iter().map(|computer| ((*computer).to_owned(), why.clone())).collect()
    };
    let disabled = told(&["berlin2", "lyon2"], "its account is disabled");
    assert_eq!(skipped(&["--exclude-disabled"]).await, disabled);
    let below = told(&["berlin1", "berlin2"], &format!("it is below {berlin}"));
    assert_eq!(skipped(&["--exclude-ou", &berlin]).await, below);
    let outside =
        told(&["berlin1", "berlin2", "dc1"], "it is below none of the OUs that the task includes");
    assert_eq!(skipped(&["--include-ou", &lyon]).await, outside);
    let both = ["--include-ou", &lyon, "--include-ou", BASE];
    assert_eq!(skipped(&both).await, []);
    // The directory has the times of 2025, and the domain controller is excepted.
    let stale = told(
        &["berlin1", "berlin2", "lyon1", "lyon2"],
        "it was last used on 2025-02-02, more than 200 days ago",
    );
    assert_eq!(skipped(&["--exclude-stale", "200"]).await, stale);
    assert_eq!(skipped(&["--exclude-stale", "200000"]).await, []);
    for (option, value) in [("--exclude-stale", "soon"), ("--exclude-ou", "Berlin")] {
        rig.sync(&[option, value]).await.assert_refused(2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_is_asked_only_if_the_one_before_is_not_there() {
    let rig = rig().await;
    let tls = ServerTls::self_signed(&["dc2.corp.example.test"]).unwrap();
    let directory = rig.server.directory();
    let second = TestServer::builder(directory).with_ldaps(tls).start().await.unwrap();
    let (first_url, second_url) = (rig.server.url(), second.url());
    // Both are at one address, which may have either certificate.
    let pins = [rig.server.thumbprint().unwrap(), second.thumbprint().unwrap()];
    let ask = async |urls: [&str; 2], password| {
        let [first, second] = urls;
        let servers = ["--url", first, "--url", second, "--username", ACCOUNT, "--json"];
        let trusted = ["--thumbprint", &pins[0], "--thumbprint", &pins[1]];
        run("sync", &[&servers[..], &trusted].concat(), Some(password)).await
    };

    let ran = ask(["ldaps://127.0.0.1:1", &second_url], PASSWORD).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["server"]["thumbprint"], pins[1]);
    assert_eq!(rig.server.connections(), 0);

    let connections = second.connections();
    ask([&first_url, &second_url], "wrong").await.assert_refused(4);
    assert_eq!((rig.server.bind_requests(), second.connections()), (1, connections));
}
