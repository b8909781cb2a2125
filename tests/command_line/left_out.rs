//! What is left out of entries, what nobody knows, and reads that end before their end.

use ldap_inventory::testing::{
    Fault, LdapResult, OperationKind, Script, ServerTls, TestDirectory, TestServer, When,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{PASSWORD, Ran, Rig, run};

const BASE: &str = "DC=corp,DC=example,DC=test";

fn directory() -> TestDirectory {
    let directory = TestDirectory::new();
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory
}

async fn inventory(file: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", file], arguments].concat(), None).await
}

/// Attribute, reason and count.
fn left_out(report: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let told = report["left_out"].as_array().unwrap().iter();
    let told =
        told.map(|it| (text(&it["attribute"]), text(&it["reason"]), it["count"].as_u64().unwrap()));
    told.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_cannot_be_decoded_are_counted_named_and_explained() {
    let directory = directory();
    {
        let mut tree = directory.write();
        for (name, attribute, value) in [
            ("PC1", "operatingSystem", b"B\xfcro-Linux".as_slice()),
            ("PC2", "operatingSystem", b"B\xfcro-Linux"),
            ("PC3", "userAccountControl", b"0x1002"),
            ("PC4", "whenCreated", b"never"),
            ("PC5", "dNSHostName", b"pc 5.corp.example.test"),
        ] {
            let dn = tree.add_computer(name).unwrap();
            tree.set(&dn, attribute, [value]).unwrap();
        }
        let dn = tree.add_user("alice").unwrap();
        tree.set(&dn, "userAccountControl", ["0x202"]).unwrap();
    }
    let rig = Rig::over(&directory, Script::new()).await;
    let file = rig.file("inventory.db");
    let first = rig.sync(&["--json", "--inventory", &file]).await;
    assert_eq!(first.status, 0, "{}", first.stderr);
    let report = first.json();
    let told =
        |attribute: &str, reason: &str, count| (attribute.to_owned(), reason.to_owned(), count);
    assert_eq!(
        left_out(&report),
        [
            told("dNSHostName", "not a host name", 1),
            told("operatingSystem", "not UTF-8 text", 2),
            told("userAccountControl", "not a number", 2),
            told("whenCreated", "not a time", 1),
        ]
    );
    let warnings = report["warnings"].as_array().unwrap();
    let sentences = warnings.iter().filter(|it| it.as_str().unwrap().contains("left out of"));
    assert_eq!(sentences.count(), 4, "{warnings:?}");
    assert!(
        first.stderr.contains("2 values of operatingSystem were left out of"),
        "{}",
        first.stderr
    );

    let second = rig.sync(&["--json", "--inventory", &file, "--full"]).await.json();
    assert_eq!(left_out(&second), left_out(&report));
    for kind in ["computers", "users", "groups"] {
        assert_eq!((&second[kind]["created"], &second[kind]["updated"]), (&json!(0), &json!(0)));
    }

    let users = inventory(&file, &["users", "--json", "alice"]).await.lines();
    assert_eq!(users[0]["is_disabled"], Value::Null);
    // Neither true nor false.
    let shown = inventory(&file, &["users", "alice", "--columns", "is_disabled,upn"]).await;
    let row = shown.stdout.lines().nth(1).unwrap();
    assert!(row.starts_with('\t'), "{row}");
    let explained = inventory(&file, &["explain", "pc1.corp.example.test"]).await;
    let said = explained.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        said.contains("Left out") && said.contains("operatingSystem: 1 value, not UTF-8 text"),
        "{}",
        explained.stdout
    );
    let found = inventory(&file, &["assets", "@ldap.computer.leftOut:operatingSystem", "--json"]);
    assert_eq!(found.await.lines().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_becomes_unreadable_ends_nothing_that_was_known() {
    let directory = directory();
    let dn = directory.write().add_computer("PC1").unwrap();
    let os = |value: &[u8]| directory.write().set(&dn, "operatingSystem", [value]).unwrap();
    os(b"Debian 12");
    let rig = Rig::over(&directory, Script::new()).await;
    let file = rig.file("inventory.db");
    rig.sync(&["--inventory", &file]).await;
    os(b"D\xe9bian 13");
    directory.write().set(&dn, "dNSHostName", [b"pc\xe9.corp.example.test".as_slice()]).unwrap();
    for options in [&[][..], &["--full"]] {
        let ran = rig.sync(&[&["--json", "--inventory", &file], options].concat()).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let assets = inventory(&file, &["assets", "name:=pc1.corp.example.test", "--json"]).await;
        let [asset] = &assets.lines()[..] else { panic!("{}", assets.stdout) };
        assert_eq!(asset["os"], "Debian 12");
    }
    os(b"Debian 13");
    rig.sync(&["--inventory", &file]).await;
    let assets = inventory(&file, &["assets", "os:\"Debian 13\"", "--json"]).await.lines();
    assert_eq!(assets.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_pushes_nothing_else_out_of_an_entry() {
    let directory = directory();
    let names = |long: usize| (0..1_200).map(move |n| format!("HTTP/{n:0long$}").into_bytes());
    let certificates = (0..1_166_u32).map(|n| [n.to_be_bytes().as_slice(), &[7; 896]].concat());
    let account = |class: &'static str, list: &'static str, values: Vec<Vec<u8>>| {
        vec![
            ("objectClass", vec![b"top".to_vec(), class.into()]),
            (list, values),
            ("operatingSystem", vec![b"Debian 12".to_vec()]),
            ("dNSHostName", vec![b"big.corp.example.test".to_vec()]),
            ("sAMAccountName", vec![b"big".to_vec()]),
            ("userAccountControl", vec![b"514".to_vec()]),
        ]
    };
    {
        let mut tree = directory.write();
        let (user, computer) =
            (format!("CN=big,CN=Users,{BASE}"), format!("CN=big,CN=Computers,{BASE}"));
        tree.add(&user, account("user", "userCertificate", certificates.collect())).unwrap();
        let names = names(900).collect();
        tree.add(&computer, account("computer", "servicePrincipalName", names)).unwrap();
    }
    let rig = Rig::over(&directory, Script::new()).await;
    let file = rig.file("inventory.db");
    let report = rig.sync(&["--json", "--inventory", &file]).await.json();
    assert_eq!(report["complete"], true);
    let users = inventory(&file, &["users", "--json", "sAMAccountName:=big"]).await.lines();
    assert_eq!(users[0]["is_disabled"], true);
    let certificates = users[0]["attributes"]["userCertificateSHA256"].as_str().unwrap();
    assert_eq!(certificates.split('\t').count(), 1_166);
    let assets =
        inventory(&file, &["assets", "--json", "name:=big.corp.example.test"]).await.lines();
    assert_eq!(assets[0]["os"], "Debian 12");
    let computer = &assets[0]["attributes"]["@ldap.computer"][0];
    assert_eq!(computer["isDisabled"], "true");
    let [(attribute, _, count)] = &left_out(&report)[..] else { panic!("{}", report["left_out"]) };
    assert_eq!(attribute, "servicePrincipalName");
    let kept = computer["servicePrincipalName"].as_str().unwrap().split('\t').count() as u64;
    assert_eq!(kept + count, 1_200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_began_and_broke_off_is_status_3_with_a_report() {
    let rig = Rig::over(&directory(), Script::new()).await;
    // The root DSE, the base, the NetBIOS name, the other domains, the suffixes; then the objects are asked for.
    let objects = || When::operation(OperationKind::Search).nth(6);
    let answer = |code| Fault::Answer(LdapResult::new(code, "no more"));
    let options = ["--json", "--base-dn", BASE, "--delta", "never", "--silence", "1"];
    for fault in [answer(4), answer(11), answer(12), Fault::Reset, Fault::Stall] {
        rig.server.set_script(Script::new().with(objects(), fault.clone()));
        let ran = rig.sync(&options).await;
        assert_eq!(ran.status, 3, "{fault:?}: {}", ran.stderr);
        let report = ran.json();
        assert_eq!((&report["complete"], &report["transport"]), (&json!(false), &json!("ldaps")));
        assert!(report["incomplete_because"].is_string(), "{report}");
        assert!(ran.stderr.contains("not read to the end"), "{}", ran.stderr);
    }
    rig.sync(&["--silence", "0"]).await.assert_refused(2);
}

async fn server_of(
    server: impl FnOnce(
        ldap_inventory::testing::TestServerBuilder,
    ) -> ldap_inventory::testing::TestServerBuilder,
    directory: &TestDirectory,
) -> Rig {
    let tls = ServerTls::self_signed(&["dc1.corp.example.test"]).unwrap();
    let builder = server(TestServer::builder(directory).with_ldaps(tls));
    Rig { server: builder.start().await.unwrap(), files: TempDir::new().unwrap() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_ignores_paging_is_read_whole_unless_its_size_limit_cuts_it() {
    let directory = directory();
    for n in 0..20 {
        directory.write().add_computer(&format!("PC{n}")).unwrap();
    }
    let whole = server_of(|server| server.ignoring_paging(), &directory).await;
    let ran = whole.sync(&["--json"]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let report = ran.json();
    assert_eq!((&report["complete"], &report["computers"]["read"]), (&json!(true), &json!(21)));
    let told = |it: &Value| it.as_str().unwrap().contains("ignores paged results");
    assert_eq!(report["warnings"].as_array().unwrap().iter().filter(|it| told(it)).count(), 1);

    let cut = server_of(|server| server.ignoring_paging().with_max_page_size(10), &directory).await;
    let ran = cut.sync(&["--json"]).await;
    assert_eq!((ran.status, &ran.json()["complete"]), (3, &json!(false)), "{}", ran.stderr);
    // It pages, and says nothing of it.
    let silent =
        Script::new().with(When::operation(OperationKind::Search), Fault::OmitPagedControl);
    let paged =
        server_of(|server| server.with_max_page_size(10).with_script(silent), &directory).await;
    let ran = paged.sync(&["--json", "--delta", "never"]).await;
    assert_eq!((ran.status, &ran.json()["complete"]), (3, &json!(false)), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_of_people_alone_says_why_nothing_was_read() {
    let directory = directory();
    let people = {
        let mut tree = directory.write();
        let people = tree.add_organizational_unit("People").unwrap();
        let classes = ["top", "person", "organizationalPerson", "inetOrgPerson"];
        for name in ["ann", "bob"] {
            let attributes = [("objectClass", classes.to_vec()), ("cn", vec![name])];
            tree.add(&format!("CN={name},{people}"), attributes).unwrap();
        }
        people
    };
    let rig = Rig::over(&directory, Script::new()).await;
    let ran = rig.sync(&["--base-dn", &people]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("neither computers nor users were found below OU=People,"), "{said}");
    assert!(said.contains("inetOrgPerson") && said.contains("check the base DN"), "{said}");
}
