//! The inventory in the formats of other systems, and theirs in the inventory.

use std::collections::BTreeSet;
use std::path::Path;

use ldap_inventory::testing::{Script, TestDirectory};
use ldap_inventory::value::Timestamp;
use serde_json::{Value, json};

use super::{PASSWORD, Ran, Rig, run};

const SCANNED: &str = r#"{"id":"1","names":["dc1.corp.example.test"],"addresses":["10.0.0.1","fe80::1"],"macs":["00-1B-44-11-3A-B7"],"os":"Windows Server 2019 Standard","os_version":"10.0 (17763)","type":"Server","hw":"Dell PowerEdge R640","first_seen":1767225600,"last_seen":1780369445}
{"id":"2","names":["printer-1"],"macs":["001b.4411.3ab8","02:00:00:ff:fe:00:00:01"],"type":"Printer"}
{"id":"3","addresses":["10.0.0.3"]}
"#;

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

/// An inventory of a directory and a scan, in which somebody has annotated something.
async fn inventory(rig: &Rig) -> String {
    let (inventory, file) = (rig.file("inventory.db"), rig.write("assets.jsonl", SCANNED));
    let ran = rig.sync(&["--inventory", &inventory, "--assets", &file]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let said = ["annotate", "dc1.corp.example.test", "--owner", "jane", "--tag", "pci"];
    let more = ["--comment", "on lease", "--criticality", "high"];
    assert_eq!(ask(&inventory, &[&said[..], &more].concat()).await.status, 0);
    inventory
}

/// The published schema's facts: which attributes there are, of which type, and which are required.
struct Schema(Value);

impl Schema {
    fn new() -> Self {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/command_line/ocsf.json");
        Self(serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap())
    }

    /// Whether an event is one of its class.
    fn check_event(&self, event: &Value) {
        let class = &self.0["classes"][event["class_uid"].to_string()];
        self.check(class, event, "event");
        let (class, activity) = (event["class_uid"].as_u64(), event["activity_id"].as_u64());
        assert_eq!(event["type_uid"].as_u64(), Some(class.unwrap() * 100 + activity.unwrap()));
        assert_eq!(event["metadata"]["version"], self.0["version"]);
    }

    fn check(&self, attributes: &Value, object: &Value, what: &str) {
        let (attributes, object) = (attributes.as_object().unwrap(), object.as_object().unwrap());
        for (name, kind) in attributes {
            let is_required = kind.as_str().unwrap().ends_with('!');
            assert!(!is_required || object.contains_key(name), "{what} has no {name}");
        }
        for (name, value) in object {
            let kind = attributes.get(name).unwrap_or_else(|| panic!("{what} has a {name}"));
            let kind = kind.as_str().unwrap().trim_end_matches('!');
            let what = format!("{what}.{name}");
            match kind.strip_suffix("[]") {
                Some(kind) => {
                    let values = value.as_array().unwrap_or_else(|| panic!("{what}: {value}"));
                    values.iter().for_each(|value| self.check_value(kind, value, &what));
                }
                None => self.check_value(kind, value, &what),
            }
        }
    }

    fn check_value(&self, kind: &str, value: &Value, what: &str) {
        let text = value.as_str();
        let is_right = match kind {
            "string_t" | "hostname_t" => text.is_some(),
            "integer_t" | "long_t" | "timestamp_t" => value.is_i64() || value.is_u64(),
            "boolean_t" => value.is_boolean(),
            "ip_t" => text.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok()),
            "email_t" => text.is_some_and(|text| text.contains('@')),
            "mac_t" => text.is_some_and(|text| {
                let pairs: Vec<&str> = text.split(':').collect();
                let is_pair = |pair: &&str| u8::from_str_radix(pair, 16).is_ok();
                pairs.len() == 6 && pairs.iter().all(is_pair)
            }),
            "object" => value.is_object(),
            object => {
                self.check(&self.0["objects"][object], value, what);
                let one_of = self.0["at_least_one"][object].as_array();
                one_of.is_none_or(|one_of| {
                    one_of.iter().any(|name| value.get(name.as_str().unwrap()).is_some())
                })
            }
        };
        assert!(is_right, "{what} is no {kind}: {value}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_and_users_are_events_of_the_published_schema() {
    let rig = Rig::new().await;
    let inventory = inventory(&rig).await;
    let (schema, format) = (Schema::new(), ["export", "--format", "ocsf"]);
    let devices = ask(&inventory, &format).await.lines();
    assert_eq!(devices.len(), 33);
    devices.iter().for_each(|event| schema.check_event(event));
    let is_controller = |event: &&Value| event["device"]["hostname"] == "dc1.corp.example.test";
    let controller = devices.iter().find(is_controller).unwrap();
    let device = &controller["device"];
    let told = ["mac", "model", "desc", "type_id"].map(|name| &device[name]);
    let expected = json!(["00:1b:44:11:3a:b7", "Dell PowerEdge R640", "on lease", 1]);
    assert_eq!(json!(told), expected);
    assert_eq!((&device["os"]["type_id"], &device["owner"]["name"]), (&json!(100), &json!("jane")));
    assert_eq!(device["network_interfaces"].as_array().unwrap().len(), 3);
    assert_eq!(controller["unmapped"]["tags"], json!(["pci"]));
    assert_eq!(controller["class_uid"], 5001);

    let users = ask(&inventory, &[&format[..], &["--users"]].concat()).await.lines();
    assert_eq!(users.len(), 21);
    users.iter().for_each(|event| schema.check_event(event));
    assert!(users.iter().all(|event| event["class_uid"] == 5003));
    let grouped = users.iter().filter(|event| event["user"]["groups"].is_array()).count();
    assert!(grouped > 0, "{}", users[0]);
    let some = ask(&inventory, &[&format[..], &["tag:pci"]].concat()).await.lines();
    assert_eq!(some.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runzero_takes_is_what_its_schema_says() {
    let rig = Rig::new().await;
    let inventory = inventory(&rig).await;
    let assets = ask(&inventory, &["export", "--format", "runzero"]).await.lines();
    assert_eq!(assets.len(), 33);
    let known: BTreeSet<&str> = super::words(
        "id networkInterfaces hostnames domain firstSeenTS os osVersion model deviceType tags customAttributes",
    );
    for asset in &assets {
        assert!(super::keys(asset).is_subset(&known), "{asset}");
        assert!(asset["id"].is_string() && asset["customAttributes"].is_object(), "{asset}");
        let attributes = asset["customAttributes"].as_object().unwrap();
        assert!(attributes.values().all(Value::is_string), "{asset}");
    }
    let controller = assets.iter().find(|asset| asset["tags"] == json!(["pci"])).unwrap();
    assert_eq!(
        controller["networkInterfaces"],
        json!([{
            "ipv4Addresses": ["10.0.0.1"],
            "ipv6Addresses": ["fe80::1"],
            "macAddress": "00:1b:44:11:3a:b7",
        }])
    );
    let printer = assets.iter().find(|asset| asset["hostnames"] == json!(["printer-1"])).unwrap();
    assert_eq!(printer["networkInterfaces"].as_array().unwrap().len(), 2);
    assert_eq!(printer["deviceType"], "Printer");
    let users = ask(&inventory, &["export", "--format", "runzero", "--users"]).await;
    users.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_goes_out_and_comes_in_again() {
    let rig = Rig::new().await;
    let first = inventory(&rig).await;
    let (file, second) = (rig.file("assets.csv"), rig.file("second.db"));
    let columns = "id,names,addresses,macs,os,os_version,type,hw,first_seen,last_seen";
    let export = ["export", "--format", "csv", "--columns", columns, "--output", &file];
    let ran = ask(&first, &export).await;
    assert_eq!((ran.status, &*ran.stdout, &*ran.stderr), (0, "", ""));
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().next(), Some(columns));
    assert_eq!(text.lines().count(), 34);

    let sync = ["--inventory", &second, "--assets", &file, "--strict", "--json", "--dry-run"];
    let imported = rig.sync(&sync).await.json()["assets"].clone();
    let counts = ["created", "unchanged"].map(|key| imported[key].as_u64().unwrap());
    assert_eq!((counts, &imported["left_out"]), ([33, 0], &json!([])));

    // Whether any of the records has an attribute is chance, and no error.
    let rare = ["export", "--format", "csv", "--columns", "id,@ldap.computer.noSuch"];
    let ran = ask(&first, &rare).await;
    assert_eq!((ran.status, ran.stdout.lines().count()), (0, 34));

    let unknown = ["export", "--format", "csv", "--columns", "names,colour"];
    assert_eq!(ask(&first, &unknown).await.assert_refused(2).lines().count(), 1);
    let before = std::fs::read(&file).unwrap();
    let ran = ask(&first, &[&unknown[..], &["--output", &file]].concat()).await;
    ran.assert_refused(2);
    assert_eq!(std::fs::read(&file).unwrap(), before, "a file is whole or as it was");
    for wrong in [&["--format", "ocsf", "--columns", "id"][..], &["--format", "xml"], &[]] {
        assert_eq!(ask(&first, &[&["export"], wrong].concat()).await.status, 2, "{wrong:?}");
    }
}

/// Whoever may write into a directory or a scan chooses texts, and somebody opens the table in a spreadsheet.
#[tokio::test(flavor = "multi_thread")]
async fn a_spreadsheet_runs_nothing_of_a_table_that_is_for_it() {
    const SAID: &str = r#"{"names":["host-a"],"hw":"=cmd|' /C calc'!A0"}
{"names":["host-b"],"hw":"@SUM(1+1)*cmd|' /C calc'!A0"}
{"names":["host-c"],"hw":"+49 30 1234-5"}
{"names":["host-d"],"hw":"Dell, \"Latitude\""}
"#;
    let rig = Rig::new().await;
    let (inventory, file) = (rig.file("inventory.db"), rig.write("assets.jsonl", SAID));
    let sync = ["--inventory", &inventory, "--assets", &file];
    assert_eq!(rig.sync(&sync).await.status, 0);
    let export = async |format: &str| {
        let said = ["export", "source:scan", "--columns", "names,hw", "--format", format];
        let mut ran = ask(&inventory, &said).await;
        ran.stdout = sorted(&ran.stdout);
        ran
    };
    // Programs get what is there, and people are told.
    let csv = export("csv").await;
    let raw = [
        "host-a,=cmd|' /C calc'!A0",
        "host-b,@SUM(1+1)*cmd|' /C calc'!A0",
        "host-c,+49 30 1234-5",
        r#"host-d,"Dell, ""Latitude""""#,
        "names,hw",
    ];
    assert_eq!(csv.stdout.lines().collect::<Vec<_>>(), raw);
    let told = "2 values begin as formulas do; --format spreadsheet lets no spreadsheet run them\n";
    assert_eq!((csv.status, &*csv.stderr), (0, told));

    let spreadsheet = export("spreadsheet").await;
    let text = [
        r#""host-a","'=cmd|' /C calc'!A0""#,
        r#""host-b","'@SUM(1+1)*cmd|' /C calc'!A0""#,
        r#""host-c","'+49 30 1234-5""#,
        r#""host-d","Dell, ""Latitude""""#,
        r#""names","hw""#,
    ];
    assert_eq!(spreadsheet.stdout.lines().collect::<Vec<_>>(), text);
    assert_eq!((spreadsheet.status, &*spreadsheet.stderr), (0, ""));

    let search = ["assets", "source:scan", "--columns", "names,hw"];
    let shown = ask(&inventory, &[&search[..], &["--spreadsheet"]].concat()).await;
    assert_eq!(sorted(&shown.stdout), spreadsheet.stdout);
    let shown = ask(&inventory, &[&search[..], &["--csv"]].concat()).await;
    assert_eq!(sorted(&shown.stdout), csv.stdout);
    let both = ask(&inventory, &[&search[..], &["--csv", "--spreadsheet"]].concat()).await;
    both.assert_refused(2);
}

/// Lines in their order.
fn sorted(text: &str) -> String {
    let lines: BTreeSet<&str> = text.lines().collect();
    lines.into_iter().map(|line| format!("{line}\n")).collect()
}

/// What a decision takes from one asset and gives to another changes both.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_since_has_the_assets_that_got_and_lost_a_record() {
    const FOUND: &str = "{\"names\":[\"web1.corp.example.test\"]}\n{\"names\":[\"web1\"]}\n";
    let directory = TestDirectory::generated(1, 6, 2, 1);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory.write().add_computer("WEB1").unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, file) = (rig.file("inventory.db"), rig.write("assets.jsonl", FOUND));
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &file]).await.status, 0);
    let found = ask(&inventory, &["assets", "web1", "--json"]).await.lines();
    let id = |asset: &Value| asset["id"].as_str().unwrap().to_owned();
    let both: BTreeSet<String> = found.iter().map(id).collect();
    let matched = found.iter().find(|asset| asset["sources"] == json!(["ldap", "scan"])).unwrap();
    let matched = id(matched);
    assert_eq!(both.len(), 2);

    for decision in ["separate", "forget"] {
        let now = Timestamp::now().to_string();
        let ran = ask(&inventory, &[decision, &matched, "WEB1"]).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let export = ["export", "--format", "ocsf", "--since", &now];
        let exported = ask(&inventory, &export).await.lines();
        let exported = exported.iter().map(|event| event["device"]["uid"].as_str().unwrap());
        assert_eq!(exported.map(str::to_owned).collect::<BTreeSet<_>>(), both, "{decision}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_changed_since_a_run_is_exported() {
    let rig = Rig::new().await;
    let (inventory, file) = (rig.file("inventory.db"), rig.write("assets.jsonl", SCANNED));
    let sync = ["--inventory", &inventory, "--assets", &file];
    assert_eq!(rig.sync(&sync).await.status, 0);
    assert_eq!(rig.sync(&[&sync[..], &["--full"]].concat()).await.status, 0);
    let runs = ask(&inventory, &["runs", "--json"]).await.lines();
    let [last, first] = [&runs[0], &runs[1]].map(|run| run["id"].as_str().unwrap());
    let since = async |run: &str, more: &[&str]| {
        let export = ["export", "--format", "ocsf", "--since", run];
        ask(&inventory, &[&export[..], more].concat()).await.lines().len()
    };
    assert_eq!((since(first, &[]).await, since(first, &["--users"]).await), (31, 21));
    assert_eq!((since(last, &[]).await, since(last, &["--users"]).await), (0, 0));
    let said = ["annotate", "printer-1", "--owner", "jane"];
    assert_eq!(ask(&inventory, &said).await.status, 0);
    assert_eq!(since(last, &[]).await, 1);
    assert_eq!(since("2026-01-01", &["owner:jane"]).await, 1);
    let nowhen = ask(&inventory, &["export", "--format", "ocsf", "--since", "nowhen"]).await;
    nowhen.assert_refused(2);
}

/// An export of assets from runZero, as its schema has it, with names that scanners give.
fn export_of_runzero() -> String {
    let odd =
        ["NONE", "IPMI", "", "  ", "Living Room TV", "BÜRO-PC", "プリンタ", "localhost", "x\u{7}y"];
    let systems = ["Ubuntu Linux", "Microsoft Windows Server 2019", ""];
    let kinds = ["Server", "Desktop", ""];
    let lines = (0..500).map(|n| {
        let mut names = vec![odd[n % odd.len()].to_owned()];
        if n % 3 > 0 {
            names.push(format!("host{n}.corp.example"));
        }
        json!({
            "id": format!("e77602e0-3fb8-4734-aef9-{n:012}"),
            "created_at": 1_767_225_600,
            "organization_id": "1",
            "alive": n % 2 == 0,
            "names": names,
            "addresses": [format!("10.0.{}.{}", n / 250, n % 250 + 1)],
            "addresses_extra": [],
            "macs": [format!("00:1b:44:11:{:02x}:{:02x}", n / 256, n % 256)],
            "os": systems[n % 3],
            "os_version": "",
            "type": kinds[n % 3],
            "hw": if n % 2 == 0 { "" } else { "Dell OptiPlex" },
            "first_seen": 1_767_225_600 + n,
            "last_seen": if n % 50 == 0 { 0 } else { 1_780_369_445 },
            "services": {},
            "tags": {},
            "attributes": {"ip.ttl": "64"},
        })
        .to_string()
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_of_runzero_with_odd_names_comes_in_and_comes_again_without_a_change() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    let import = async |text: &str, more: &[&str]| {
        let file = rig.write("runzero.jsonl", text);
        let all = ["--inventory", &inventory, "--assets", &file, "--json"];
        rig.sync(&[&all[..], more].concat()).await
    };
    let text = export_of_runzero();
    let first = import(&text, &[]).await;
    assert_eq!(first.status, 0, "{}", first.stderr);
    let imported = first.json()["assets"].clone();
    assert_eq!((&imported["created"], &imported["joined"]), (&json!(500), &json!(0)));
    assert_eq!(imported["passed_over"]["services"], 500);
    let left_out = imported["left_out"].as_array().unwrap();
    assert!(left_out.iter().all(|left| left["field"] == "names"), "{left_out:?}");
    assert!(first.stderr.contains("alive (500), attributes (500)"), "{}", first.stderr);

    let bad = format!("{text}\n{{\"id\":\nnot JSON\n");
    let again = import(&bad, &[]).await.json()["assets"].clone();
    assert_eq!((&again["unchanged"], &again["updated"]), (&json!(500), &json!(0)));
    let whole = again["left_out"].as_array().unwrap().iter().filter(|left| left["field"].is_null());
    let lines: Vec<u64> = whole.map(|left| left["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [501, 502]);
    import(&bad, &["--strict"]).await.assert_refused(2);

    let found = ask(&inventory, &["assets", "mac:00-1B-44-11-01-03", "--json"]).await.lines();
    let [host] = found.try_into().unwrap();
    assert_eq!(host["macs"], json!(["00:1b:44:11:01:03"]));
    assert_eq!((&host["hw"], &host["type"]), (&json!("Dell OptiPlex"), &json!("Desktop")));
    assert_eq!(
        ask(&inventory, &["assets", "hw:optiplex", "--count"]).await.stdout,
        "  250 assets\n"
    );
    assert_eq!(ask(&inventory, &["check"]).await.stdout, "");
}
