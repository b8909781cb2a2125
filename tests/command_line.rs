//! The example programs, run as people and other tools run them.

mod annotating;
mod assets;
mod deciding;
mod events;
mod exporting;
mod forest;
mod habits;
mod ldif;
mod left_out;
mod names;
mod options;
mod output;
mod planning;
mod plans;
mod postgres;
#[cfg(unix)]
mod private;
mod programs;
mod queries;
mod reporting;
mod scheduling;
mod signing_in;
#[cfg(unix)]
mod terminal;
mod trust;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use ldap_inventory::testing::{
    Fault, OperationKind, Script, ServerTls, TestDirectory, TestServer, When,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A password that is nowhere else, so that it can be looked for.
const PASSWORD: &str = "canary-5b1f-not-for-any-eye";
const ACCOUNT: &str = "svc-inventory@corp.example.test";

const ASSETS: &str = r#"{"names":["dc1.corp.example.test"],"addresses":["10.0.0.1"],"os":"Windows"}
{"names":["printer-1"],"site":"hall","last_seen":"2026-01-02T03:04:05Z"}
{"names":["twin"],"addresses":["10.0.0.2"]}
{"names":["twin"],"addresses":["10.0.0.3"]}
"#;

/// A small domain over LDAPS, and a directory for files.
struct Rig {
    server: TestServer,
    files: TempDir,
}

impl Rig {
    async fn new() -> Self {
        Self::with_script(Script::new()).await
    }

    async fn with_script(script: Script) -> Self {
        let directory = TestDirectory::generated(1, 30, 20, 5);
        directory.write().add_account("svc-inventory", PASSWORD).unwrap();
        Self::over(&directory, script).await
    }

    async fn over(directory: &TestDirectory, script: Script) -> Self {
        let tls = ServerTls::self_signed(&["dc1.corp.example.test"]).unwrap();
        let server = TestServer::builder(directory).with_ldaps(tls).with_ldap().with_script(script);
        Self { server: server.start().await.unwrap(), files: TempDir::new().unwrap() }
    }

    fn file(&self, name: &str) -> String {
        self.files.path().join(name).to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let mut options = fs::OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.write(true).create(true).truncate(true).open(self.file(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
        self.file(name)
    }

    /// Syncs with the right account, password and pin, and what else is asked for.
    async fn sync(&self, options: &[&str]) -> Ran {
        self.sync_as(ACCOUNT, options).await
    }

    async fn sync_as(&self, account: &str, options: &[&str]) -> Ran {
        let (url, pin) = (self.server.url(), self.server.thumbprint().unwrap());
        let password = self.write("password", &format!("{PASSWORD}\n"));
        let mut arguments =
            vec!["--url", &url, "--username", account, "--password-file", &password];
        arguments.extend(["--thumbprint", &pin]);
        arguments.extend(options);
        run("sync", &arguments, None).await
    }
}

/// What a program did.
struct Ran {
    status: i32,
    stdout: String,
    stderr: String,
}

impl Ran {
    /// The one JSON object on standard output.
    fn json(&self) -> Value {
        assert_eq!(self.stdout.trim_end().lines().count(), 1, "{}", self.stdout);
        serde_json::from_str(&self.stdout).unwrap()
    }

    /// One JSON object a line.
    fn lines(&self) -> Vec<Value> {
        assert_eq!(self.status, 0, "{}", self.stderr);
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// A failure with this status: nothing on standard output, one sentence on standard error.
    fn assert_refused(&self, status: i32) -> &str {
        assert_eq!(self.stdout, "");
        self.assert_refused_in_the_end(status)
    }

    /// A failure with this status, and one sentence on standard error.
    fn assert_refused_in_the_end(&self, status: i32) -> &str {
        assert_eq!(self.status, status, "{}", self.stderr);
        let last = self.stderr.lines().filter(|line| line.starts_with("error: ")).count();
        assert_eq!(last, 1, "{}", self.stderr);
        for trace in ["panicked", "backtrace", "Error {"] {
            assert!(!self.stderr.contains(trace), "{}", self.stderr);
        }
        &self.stderr
    }
}

/// Runs an example. Whatever it does, it does not tell the password.
async fn run(program: &'static str, arguments: &[&str], password: Option<&str>) -> Ran {
    run_with(program, arguments, password, Stdio::null()).await
}

/// Runs an example with something on standard input.
async fn run_with(
    program: &'static str,
    arguments: &[&str],
    password: Option<&str>,
    input: Stdio,
) -> Ran {
    let mut command = Command::new(examples().join(program));
    command.args(arguments).env_remove("LDAP_PASSWORD").env("RUST_BACKTRACE", "1").stdin(input);
    if let Some(password) = password {
        command.env("LDAP_PASSWORD", password);
    }
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let ran = Ran {
        status: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    };
    assert!(!ran.stdout.contains(PASSWORD), "{}", ran.stdout);
    assert!(!ran.stderr.contains(PASSWORD), "{}", ran.stderr);
    ran
}

/// Where Cargo puts examples: beside the directory of this test. `cargo test` builds them, and what asks for
/// this test alone does not, so that they might be older than the source.
fn examples() -> &'static Path {
    static EXAMPLES: OnceLock<PathBuf> = OnceLock::new();
    EXAMPLES.get_or_init(|| {
        let this = std::env::current_exe().unwrap();
        let profile = this.parent().and_then(Path::parent).unwrap();
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--examples", "--all-features", "--manifest-path"]);
        cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"));
        cargo.arg("--target-dir").arg(profile.parent().unwrap());
        if profile.ends_with("release") {
            cargo.arg("--release");
        }
        // What Cargo says to this test is not meant for that build: it would make it begin anew.
        for (name, _) in std::env::vars().filter(|(name, _)| is_about_this_package(name)) {
            cargo.env_remove(name);
        }
        assert!(cargo.status().unwrap().success(), "the examples do not build");
        profile.join("examples")
    })
}

fn is_about_this_package(variable: &str) -> bool {
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_CRATE_"]
        .iter()
        .any(|start| variable.starts_with(start))
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_shows_every_level_and_what_is_outside_the_domain() {
    let ran = run("sync", &[], None).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    // Sentences are broken into lines.
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in [
        "known",
        "constraint",
        "full",
        "qualified",
        "short",
        "truncated",
        "ambiguous",
        "skipped",
        "created",
        "LDAPS",
        "a thumbprint",
        "Not in the domain: 12 assets",
        "toms-macbook-pro.local",
        "is a product's default name",
        "Jane decided",
        "another domain",
        "missing",
        "1 value of location was left out of CN=LAB-12,",
    ] {
        assert!(said.contains(expected), "{expected} is missing in\n{}", ran.stdout);
    }
    let widest = ran.stdout.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100), "{widest:?}");
    let lines = ran.stdout.lines().count();
    assert!(lines <= 50, "{lines} lines are more than a screen");
    assert_eq!(ran.stderr, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_report_has_the_documented_keys() {
    let rig = Rig::new().await;
    let assets = rig.write("assets.jsonl", ASSETS);
    let ran = rig.sync(&["--json", "--explain", "--assets", &assets]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    let documented = words(
        "complete dry_run transport verified_by server mode computers users groups referrals \
         left_out warnings duration_seconds stages decisions",
    );
    assert!(keys(&report).is_superset(&documented), "{:?}", keys(&report));
    let computers = words(
        "read matched created beside updated unchanged ambiguous skipped rejected missing gone restored",
    );
    assert_eq!(keys(&report["computers"]), computers);
    let principals = words("read created updated unchanged missing gone rejected");
    assert_eq!(keys(&report["users"]), principals);
    assert_eq!(keys(&report["groups"]), principals);
    let documented = words("address thumbprint dns_host_name domain netbios_domain");
    assert!(keys(&report["server"]).is_superset(&documented), "{:?}", keys(&report["server"]));
    assert_eq!(keys(&report["stages"]), words("connect read plan commit"));

    assert_eq!(report["complete"], true);
    assert_eq!(report["dry_run"], false);
    assert_eq!(report["transport"], "ldaps");
    assert_eq!(report["verified_by"], "thumbprint");
    assert_eq!(report["mode"], "full");
    assert_eq!(report["server"]["thumbprint"], rig.server.thumbprint().unwrap());
    assert_eq!(report["server"]["dns_host_name"], "dc1.corp.example.test");
    assert_eq!(report["computers"]["read"], 31);
    assert_eq!(report["computers"]["matched"], 1, "the domain controller was scanned");

    let decisions = report["decisions"].as_array().unwrap();
    assert_eq!(decisions.len(), 31);
    let controller = decisions.iter().find(|d| d["decision"] == "matched").unwrap();
    let documented = words("object_guid name decision level asset_id reason candidates");
    assert!(keys(controller).is_superset(&documented), "{:?}", keys(controller));
    assert_eq!(controller["level"], "full");
    let candidate = &controller["candidates"][0];
    assert_eq!(keys(candidate), words("asset_id level lost_because"));
    assert_eq!(candidate["asset_id"], controller["asset_id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_json_people_read_tables_and_without_an_inventory_they_are_told() {
    let rig = Rig::new().await;
    let ran = rig.sync(&["--explain"]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("verified by a thumbprint"), "{}", ran.stdout);
    assert!(ran.stdout.contains("no asset has one of its names"), "{}", ran.stdout);
    assert!(ran.stderr.contains("is not kept"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_import_and_a_second_run_change_nothing() {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let options = ["--json", "--inventory", &inventory, "--assets", &assets];
    let first = rig.sync(&options).await;
    let second = rig.sync(&options).await;
    assert_eq!((&*first.stderr, &*second.stderr), ("", ""));
    let (first, second) = (first.json(), second.json());
    assert_eq!(
        (&first["assets"]["created"], &first["assets"]["unchanged"]),
        (&json!(4), &json!(0))
    );
    assert_eq!(
        (&second["assets"]["created"], &second["assets"]["unchanged"]),
        (&json!(0), &json!(4))
    );
    for kind in ["computers", "users", "groups"] {
        assert_eq!(second[kind]["created"], 0, "{kind}");
        assert_eq!(second[kind]["updated"], 0, "{kind}");
        assert_eq!(second[kind]["read"], 0, "{kind}");
    }
    assert_eq!((&first["mode"], &second["mode"]), (&json!("full"), &json!("dirsync")));
    let third = rig.sync(&["--json", "--inventory", &inventory, "--full"]).await.json();
    assert_eq!((&third["mode"], &third["full_because"]), (&json!("full"), &json!("asked")));
    for kind in ["computers", "users", "groups"] {
        assert_eq!((&third[kind]["created"], &third[kind]["updated"]), (&json!(0), &json!(0)));
        assert_eq!(third[kind]["read"], first[kind]["read"], "{kind}");
    }
    for file in fs::read_dir(rig.files.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        let tells = bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
        assert!(!tells || path.ends_with("password"), "{}", path.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_line_updates_the_scanned_part_and_keeps_the_directory_s() {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let options = ["--json", "--inventory", &inventory, "--assets", &assets];
    rig.sync(&options).await;
    rig.write("assets.jsonl", &ASSETS.replace("10.0.0.1", "10.0.0.9"));
    let ran = rig.sync(&options).await;
    let assets = &ran.json()["assets"];
    assert_eq!((&assets["updated"], &assets["unchanged"]), (&json!(1), &json!(3)));
    let query = ["--inventory", &inventory, "assets", "name:=dc1.corp.example.test", "--json"];
    let found = run("inventory", &query, None).await.lines();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["addresses"], serde_json::json!(["10.0.0.9"]));
    assert_eq!(found[0]["sources"], serde_json::json!(["ldap", "scan"]));
    assert_eq!(found[0]["os"], "Windows Server 2022 Standard", "the directory's goes first");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_counts_as_a_real_one_does_and_leaves_the_file_alone() {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let unborn = ["--json", "--inventory", &inventory, "--assets", &assets, "--dry-run"];
    let planned = rig.sync(&unborn).await.json();
    assert!(!Path::new(&inventory).exists());
    assert_eq!(planned["dry_run"], true);
    let done = rig.sync(&unborn[..5]).await.json();

    rig.server.directory().write().add_computer("TWIN").unwrap();
    let more = rig.write("more.jsonl", "{\"names\":[\"kiosk\"]}\n");
    rig.server.directory().write().add_computer("KIOSK").unwrap();
    let before = fs::read(&inventory).unwrap();
    let dry = ["--json", "--inventory", &inventory, "--assets", &more, "--dry-run"];
    let planned_again = rig.sync(&dry).await.json();
    assert_eq!(fs::read(&inventory).unwrap(), before);
    let done_again = rig.sync(&dry[..5]).await.json();

    for (planned, done) in [(planned, done), (planned_again, done_again)] {
        for kind in ["computers", "users", "groups"] {
            assert_eq!(planned[kind], done[kind]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_command_line_is_status_2() {
    let url = "ldaps://127.0.0.1:1";
    let account = ["--url", url, "--username", ACCOUNT];
    run("sync", &["--json"], None).await.assert_refused(2);
    run("sync", &["--url", url], None).await.assert_refused(2);
    let none = run("sync", &account, None).await;
    assert!(none.assert_refused(2).contains("LDAP_PASSWORD"), "{}", none.stderr);
    let wrong = [&account[..], &["--thumbprint", "10.0.0.1"]].concat();
    run("sync", &wrong, Some(PASSWORD)).await.assert_refused(2);
    let absent = [&account[..], &["--ca-file", "/nowhere/ca.pem"]].concat();
    run("sync", &absent, Some(PASSWORD)).await.assert_refused(2);
    for place in ["host:port/db", "host/db?sslmode=perhaps", "host/db?no_such_option=1"] {
        let place = format!("postgres://user:{PASSWORD}@{place}");
        let postgres = [&account[..], &["--inventory", &place]].concat();
        run("sync", &postgres, Some(PASSWORD)).await.assert_refused(2);
        run("inventory", &["--inventory", &place, "assets"], None).await.assert_refused(2);
    }
    let certificates = "postgres://user@db.example/inventory?sslrootcert=/nowhere/our%20own.pem";
    let absent = run("inventory", &["--inventory", certificates, "assets"], None).await;
    assert!(absent.assert_refused(2).contains("/nowhere/our own.pem"), "{}", absent.stderr);
    let quoted = format!("\"postgres://user:{PASSWORD}@db/inventory\"");
    let words = format!("host=db user=user password={PASSWORD}");
    for place in [quoted, words, format!("mysql://user:{PASSWORD}@db/inventory")] {
        let refused = run("inventory", &["--inventory", &place, "assets"], None).await;
        assert!(!refused.assert_refused(2).contains(PASSWORD), "{place}");
        assert!(refused.stderr.contains("misspelt URL"), "{}", refused.stderr);
        let postgres = [&account[..], &["--inventory", &place]].concat();
        let refused = run("sync", &postgres, Some(PASSWORD)).await;
        assert!(!refused.assert_refused(2).contains(PASSWORD), "{place}");
    }
    run("inventory", &["assets"], None).await.assert_refused(2);
    run("inventory", &["--inventory", "/nowhere/a.db", "assets"], None).await.assert_refused(2);
    run("thumbprint", &[], None).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_cut_off_is_status_3_and_removes_nothing() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    let options = ["--json", "--inventory", &inventory, "--base-dn", "DC=corp,DC=example,DC=test"];
    rig.server.set_script(Script::new());
    let whole = rig.sync(&options).await;
    assert_eq!(whole.status, 0, "{}", whole.stderr);
    let bytes = rig.server.bytes_sent();
    let cut = Script::new().with(When::bytes_sent(bytes * 9 / 10), Fault::Reset);
    rig.server.set_script(cut);
    let ran = rig.sync(&[&options[..], &["--full"]].concat()).await;
    assert_eq!(ran.status, 3, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!(report["complete"], false);
    for kind in ["computers", "users", "groups"] {
        assert_eq!(report[kind]["missing"], 0);
        assert_eq!(report[kind]["gone"], 0);
    }
    assert!(ran.stderr.contains("not read to the end"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_permitted_is_status_4_before_any_bind() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let plain = rig.server.ldap_url().unwrap();
    let wrong_pin = format!("127.0.0.1=SHA256:{}=", "A".repeat(43));
    let not_a_certificate = rig.write("ca.pem", "no certificate\n");
    for (url, password, options) in [
        (&url, PASSWORD, vec![]),
        (&url, PASSWORD, vec!["--thumbprint", &wrong_pin]),
        (&url, PASSWORD, vec!["--thumbprint", &wrong_pin, "--insecure"]),
        (&url, PASSWORD, vec!["--ca-file", &not_a_certificate]),
        (&url, "", vec!["--thumbprint", &pin]),
        (&plain, PASSWORD, vec![]),
    ] {
        let mut arguments = vec!["--url", url, "--username", ACCOUNT, "--json"];
        arguments.extend(options);
        let ran = run("sync", &arguments, Some(password)).await;
        ran.assert_refused(4);
    }
    assert_eq!(rig.server.bind_requests(), 0);
    assert!(!rig.server.received(PASSWORD.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_password_is_status_4_and_is_sent_once() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin];
    run("sync", &arguments, Some("wrong")).await.assert_refused(4);
    assert_eq!(rig.server.bind_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn records_have_the_documented_keys() {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let ran = rig.sync(&["--inventory", &inventory, "--assets", &assets]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let list = async |arguments: &[&str]| {
        run("inventory", &[&["--inventory", &inventory], arguments, &["--json"]].concat(), None)
            .await
            .lines()
    };

    let assets = list(&["assets"]).await;
    let documented = words(
        "id names domains addresses macs os os_version os_product os_eol os_eol_extended type hw owner \
         tags comment criticality site sources first_seen last_seen attributes",
    );
    assert!(assets.iter().all(|asset| keys(asset) == documented));
    let controller = assets.iter().find(|a| a["names"][0] == "dc1.corp.example.test").unwrap();
    let computer = &controller["attributes"]["@ldap.computer"][0];
    assert_eq!(computer["sAMAccountName"], "DC1$");
    assert!(computer["servicePrincipalName"].as_str().unwrap().contains('\t'));

    let users = list(&["users"]).await;
    assert_eq!(users.len(), 21);
    let documented = words(
        "id name display_name dn sam_account_name upn email is_disabled state groups attributes",
    );
    assert!(users.iter().all(|user| keys(user) == documented), "{}", users[0]);
    let account = users.iter().find(|user| user["upn"] == ACCOUNT).unwrap();
    assert_eq!(account["name"], "svc-inventory");
    assert_eq!(account["is_disabled"], false);
    let domain_users = "CN=Domain Users,CN=Users,DC=corp,DC=example,DC=test";
    assert_eq!(account["groups"], serde_json::json!([domain_users]));

    let groups = list(&["groups"]).await;
    assert_eq!(groups.len(), 9);
    let documented = words("id name dn members member_count complete state attributes");
    assert!(groups.iter().all(|group| keys(group) == documented), "{}", groups[0]);
    let everybody = groups.iter().find(|group| group["dn"] == domain_users).unwrap();
    assert_eq!(everybody["member_count"], 21);
    let counted = groups.iter().map(|group| group["members"].as_array().unwrap().len());
    assert!(counted.zip(&groups).all(|(count, group)| group["member_count"] == count));

    assert_eq!(list(&["assets", "NOT", "source:ldap"]).await.len(), 3);
    assert_eq!(list(&["assets", "NOT source:ldap", "--limit", "2"]).await.len(), 2);
    assert_eq!(list(&["assets", "printer"]).await.len(), 1);
    assert_eq!(list(&["--organization", "other", "assets"]).await.len(), 0);
    let twins: Vec<Value> = list(&["assets", "name_overlap:t"]).await;
    assert!(twins.len() == 2 && twins.iter().all(|asset| asset["names"][0] == "twin"));
}

#[tokio::test(flavor = "multi_thread")]
async fn assets_are_sorted_counted_and_divided() {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    rig.sync(&["--inventory", &inventory, "--assets", &assets]).await;
    let ask = async |arguments: &[&str]| {
        run("inventory", &[&["--inventory", &inventory, "assets"], arguments].concat(), None).await
    };
    let all = ask(&["--json"]).await.lines();
    let names = async |sort: &str| -> Vec<String> {
        let sorted = ask(&["--sort", sort, "--json", "has:name"]).await.lines();
        sorted.iter().map(|asset| asset["names"][0].as_str().unwrap().to_owned()).collect()
    };
    let mut ascending = names("name").await;
    assert!(ascending.is_sorted(), "{ascending:?}");
    // Twins tie, and stay in the order of their ids.
    let descending = names("-name").await;
    ascending.reverse();
    assert_eq!(descending, ascending);

    let counts = ask(&["--count", "--facet", "source", "--facet", "site", "--json"]).await.json();
    assert_eq!(keys(&counts), words("total facets"));
    assert_eq!(counts["total"], all.len());
    let sources = &counts["facets"][0];
    assert_eq!(keys(sources), words("facet values"));
    assert_eq!(
        (&sources["facet"], &sources["values"][0]["value"]),
        (&"source".into(), &"ldap".into())
    );
    let outside = ask(&["--count", "NOT source:ldap"]).await;
    assert_eq!(outside.stdout, "  3 assets\n");
    ask(&["--sort", "size"]).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_say_how_many_there_are_and_mark_the_place_of_a_mistake() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    rig.sync(&["--inventory", &inventory]).await;
    let table = run("inventory", &["--inventory", &inventory, "users", "--limit", "5"], None).await;
    assert_eq!((table.stdout.lines().count(), &*table.stderr), (6, "5 of 21 users (--limit N)\n"));
    let wrong = ["--inventory", &inventory, "assets", "web (os:windows"];
    let ran = run("inventory", &wrong, None).await;
    let said = ran.assert_refused(2);
    assert!(said.ends_with("\n  web (os:windows\n      ^\n"), "{said}");
    let mistyped = ["--inventory", &inventory, "assets", "web AND os_vresion:10"];
    let ran = run("inventory", &mistyped, None).await;
    let said = ran.assert_refused(2);
    assert!(said.contains("column 9") && said.contains("did you mean `os_version`?"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_prints_the_pin_and_nothing_else() {
    let rig = Rig::new().await;
    let ran = run("thumbprint", &[&rig.server.url()], None).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout.trim_end(), rig.server.thumbprint().unwrap());
    assert!(ran.stderr.contains("dc1.corp.example.test"), "{}", ran.stderr);
    assert_eq!(rig.server.bind_requests(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_of_a_host_keeps_the_contract() {
    let ran = run("custom_repository", &[], None).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stdout.contains("keeps the contract"), "{}", ran.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn people_merge_undo_decide_and_survey_on_the_command_line() {
    let directory = TestDirectory::generated(1, 3, 1, 0);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory.write().add_computer("TWIN").unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let options = ["--inventory", &inventory, "--assets", &assets];
    assert_eq!(rig.sync(&options).await.status, 0);
    let inventory = async |arguments: &[&str]| {
        run("inventory", &[&["--inventory", &inventory], arguments].concat(), None).await
    };
    let count = async || inventory(&["assets", "--json"]).await.lines().len();
    let before = count().await;

    let [waiting] = inventory(&["unresolved", "--json"]).await.lines().try_into().unwrap();
    assert_eq!(waiting["candidates"].as_array().unwrap().len(), 2);
    let [pair] = inventory(&["overlaps", "--json"]).await.lines().try_into().unwrap();
    assert_eq!(pair["key"], "twin");
    let twins = [&pair["first"], &pair["second"]].map(|id| id.as_str().unwrap().to_owned());
    let merge = ["merge", &twins[0], &twins[1], "--by", "anna", "--why", "one machine"];
    let dry = inventory(&[&merge[..], &["--dry-run"]].concat()).await;
    assert!(dry.stdout.contains("nothing was written"), "{}", dry.stdout);
    assert_eq!(count().await, before);
    let merged = inventory(&[&merge[..], &["--json"]].concat()).await.json();
    assert_eq!((merged["survivor"].as_str(), count().await), (Some(&*twins[0]), before - 1));
    inventory(&merge).await.assert_refused(1);

    // The computer that waited has one asset to go to now, and an import finds both of its parts.
    let again = rig.sync(&options).await;
    assert!(again.stdout.contains("0 new, 0 updated, 4 unchanged"), "{}", again.stdout);
    assert_eq!(count().await, before - 1);
    assert!(inventory(&["unresolved", "--json"]).await.lines().is_empty());
    let explained = inventory(&["explain", &twins[0]]).await;
    assert!(explained.stdout.contains("anna merged "), "{}", explained.stdout);
    let id = merged["id"].as_str().unwrap();
    let undone = inventory(&["unmerge", id, "--by", "bob", "--json"]).await.json();
    assert_eq!(undone["restored"][0], *twins[1]);
    let refused = inventory(&["unmerge", id]).await;
    assert!(refused.assert_refused(1).contains("undone already, by bob"), "{}", refused.stderr);

    let object = waiting["object"].as_str().unwrap();
    let separated = inventory(&["separate", &twins[0], object, "--by", "anna"]).await;
    assert!(separated.stdout.contains("is not asset"), "{}", separated.stdout);
    assert!(separated.stdout.contains("moved from"), "{}", separated.stdout);
    let forgotten = inventory(&["forget", &twins[0], object, "--by", "bob", "--json"]).await.json();
    assert_eq!((&forgotten["by"], &forgotten["forgotten"][1]), (&"anna".into(), &"bob".into()));
    inventory(&["link", "printer-1", object, "--by", "anna"]).await;
    let history = inventory(&["history", "--json"]).await.lines();
    let acts: Vec<&str> = history.iter().map(|entry| entry["act"].as_str().unwrap()).collect();
    assert_eq!(acts, ["merged", "unmerged", "separated", "forgot", "linked"]);
    let coverage = inventory(&["coverage", "--json"]).await.json();
    assert_eq!(coverage["total"]["assets"], before);
    for command in ["history", "coverage", "overlaps", "unresolved"] {
        let table = inventory(&[command]).await;
        assert_eq!(table.status, 0, "{}", table.stderr);
        eprintln!("{}", table.stdout);
    }
}
