//! Two exports reconciled offline.

use super::{Ran, run};
use crate::companies::generate::company::Forest;
use crate::companies::generate::export::export;
use serde_json::{Value, json};
use tempfile::TempDir;

const ASSETS: &str = "id,name
a1,web1.corp.example
a1,WEB1
a2,db1
a3,mail.lab.example
a4,twin
a5,twin
a6,not a host name
";

const HOSTS: &str = "guid,fqdn,cn
11111111-1111-1111-1111-111111111111,web1.corp.example,WEB1
22222222-2222-2222-2222-222222222222,,DB1
33333333-3333-3333-3333-333333333333,mail.corp.example,MAIL
44444444-4444-4444-4444-444444444444,,TWIN
h5,new1.corp.example,NEW1
";

async fn plan(files: &[(&str, &str)], options: &[&str]) -> Ran {
    let dir = TempDir::new().unwrap();
    let mut arguments: Vec<String> = Vec::new();
    for (option, text) in files {
        let path = dir.path().join(option);
        std::fs::write(&path, text).unwrap();
        arguments.extend([format!("--{option}"), path.to_str().unwrap().to_owned()]);
    }
    arguments.extend(options.iter().map(|option| (*option).to_owned()));
    run("plan", &arguments.iter().map(String::as_str).collect::<Vec<_>>(), None).await
}

fn without_times(ran: &Ran) -> Value {
    let mut answer: Value = serde_json::from_str(&ran.stdout).unwrap();
    for key in ["load_seconds", "index_seconds", "plan_seconds"] {
        let seconds = answer.as_object_mut().unwrap().remove(key).unwrap();
        assert!(seconds.as_f64().is_some(), "{key}: {seconds}");
    }
    answer
}

#[tokio::test]
async fn two_exports_are_reconciled_whatever_the_number_of_threads() {
    for threads in ["1", "2", "5"] {
        let files = [("assets", ASSETS), ("hosts", HOSTS)];
        let ran = plan(&files, &["--json", "--threads", threads]).await;
        assert_eq!((ran.status, ran.stderr.as_str()), (0, ""));
        let expected = json!({
            "assets": 6, "hosts": 5, "matched": 2, "created": 2, "beside": 0, "ambiguous": 1,
            "names_left_out": 1,
        });
        assert_eq!(without_times(&ran), expected);
    }
}

#[tokio::test]
async fn an_answer_is_scored_and_wrong_ties_are_named() {
    let truth = "guid,asset
11111111-1111-1111-1111-111111111111,a1
22222222-2222-2222-2222-222222222222,
44444444-4444-4444-4444-444444444444,a5
h5,
";
    let files = [("assets", ASSETS), ("hosts", HOSTS), ("truth", truth)];
    let ran = plan(&files, &["--json"]).await;
    let answer = without_times(&ran);
    assert_eq!((&answer["precision"], &answer["recall"]), (&json!(0.5), &json!(0.5)));
    assert_eq!(answer["without_truth"], 1);
    let wrong = json!([{
        "guid": "22222222-2222-2222-2222-222222222222", "asset": "a2", "truth": null,
        "reason": "its short name db1 is a name of this asset, and no domain contradicts it",
    }]);
    assert_eq!(answer["wrong"], wrong);
    let told = plan(&files, &[]).await;
    assert!(told.stdout.contains("precision 0.500000: 1 of 2 ties are right"), "{}", told.stdout);
    assert!(told.stdout.contains("wrong: 22222222-2222-2222-2222-222222222222 is new, not a2"));
}

#[tokio::test]
async fn what_nobody_can_say_is_to_be_flagged_and_every_tie_is_a_guess() {
    let truth = "guid,asset
11111111-1111-1111-1111-111111111111,?
22222222-2222-2222-2222-222222222222,a2
33333333-3333-3333-3333-333333333333,?
44444444-4444-4444-4444-444444444444,?
h5,a3
";
    let files = [("assets", ASSETS), ("hosts", HOSTS), ("truth", truth)];
    let answer = without_times(&plan(&files, &["--json"]).await);
    let counted = ["right", "there", "open", "flagged", "flagged_needlessly"];
    let counted = counted.map(|key| answer[key].as_u64().unwrap());
    assert_eq!(counted, [1, 2, 3, 1, 0]);
    assert_eq!((&answer["precision"], &answer["recall"]), (&json!(0.5), &json!(0.5)));
    let faults = |key: &str| {
        let faults = answer[key].as_array().unwrap().iter();
        let told = faults.map(|it| (it["guid"].clone(), it["asset"].clone(), it["truth"].clone()));
        told.collect::<Vec<_>>()
    };
    let first = json!("11111111-1111-1111-1111-111111111111");
    assert_eq!(faults("wrong"), [(first, json!("a1"), json!("?"))]);
    let third = json!("33333333-3333-3333-3333-333333333333");
    let missed = [(third, Value::Null, json!("?")), (json!("h5"), Value::Null, json!("a3"))];
    assert_eq!(faults("missed"), missed);
    let told = plan(&files, &[]).await.stdout;
    let sentence = "flagged   0.333333: 1 of 3 of which nobody can say, 0 needlessly";
    assert!(told.contains(sentence), "{told}");
    let wrong = "wrong: nobody can say whether 11111111-1111-1111-1111-111111111111 is a1: ";
    assert!(told.contains(wrong), "{told}");
}

#[tokio::test]
async fn what_stands_beside_assets_of_a_common_name_is_flagged() {
    let assets: String = (1..=6).map(|n| format!("a{n},web1\n")).collect();
    let assets = format!("id,name\n{assets}b1,averylonghostna\nb2,pc9.other.example\n");
    let hosts = "guid,fqdn,cn
h1,web1.corp.example,WEB1
h2,averylonghostname1.corp.example,AVERYLONGHOSTNA
h3,averylonghostname2.corp.example,AVERYLONGHOST-2
h4,pc9.corp.example,PC9
";
    let truth = "guid,asset\nh1,?\nh2,?\nh3,?\nh4,\n";
    let files = [("assets", &*assets), ("hosts", hosts), ("truth", truth)];
    let answer = without_times(&plan(&files, &["--json"]).await);
    let counted = ["created", "beside", "ambiguous", "open", "flagged", "flagged_needlessly"];
    let counted = counted.map(|key| answer[key].as_u64().unwrap());
    assert_eq!(counted, [4, 3, 0, 3, 3, 0]);
    assert_eq!((&answer["missed"], &answer["wrong"]), (&json!([]), &json!([])));
    let told = plan(&files, &[]).await.stdout;
    assert!(told.contains("beside             3  (of these: "), "{told}");
}

#[tokio::test]
async fn what_is_flagged_although_it_can_be_known_is_counted() {
    let truth = "guid,asset\n44444444-4444-4444-4444-444444444444,a4\n";
    let files = [("assets", ASSETS), ("hosts", HOSTS), ("truth", truth)];
    let answer = without_times(&plan(&files, &["--json"]).await);
    assert_eq!((&answer["flagged_needlessly"], &answer["open"]), (&json!(1), &json!(0)));
    assert_eq!(answer["missed"][0]["truth"], "a4");
}

#[tokio::test]
async fn a_suffix_below_the_domain_of_a_computer_is_its_own_unless_it_is_another_ones() {
    let assets = "id,name
a1,pc1.dhcp.corp.example
a2,pc2.eu.corp.example
a3,pc3.dhcp.eu.corp.example
";
    let hosts = "guid,fqdn,cn
h1,pc1.corp.example,PC1
h2,pc2.corp.example,PC2
h3,pc3.corp.example,PC3
h4,pc3.eu.corp.example,PC3
";
    let truth = "guid,asset\nh1,a1\nh2,\nh3,\nh4,a3\n";
    let files = [("assets", assets), ("hosts", hosts), ("truth", truth)];
    let answer = without_times(&plan(&files, &["--json"]).await);
    assert_eq!((&answer["wrong"], &answer["missed"]), (&json!([]), &json!([])));
    assert_eq!((&answer["matched"], &answer["created"]), (&json!(2), &json!(2)));
}

#[tokio::test]
async fn an_asset_that_two_computers_may_be_is_neither_of_them() {
    let assets = "id,name\na1,web1\n";
    let hosts = "guid,fqdn,cn\nh1,web1.corp.example,WEB1\nh2,web1.lab.example,WEB1\n";
    let answer = without_times(&plan(&[("assets", assets), ("hosts", hosts)], &["--json"]).await);
    assert_eq!((&answer["ambiguous"], &answer["matched"]), (&json!(2), &json!(0)));
}

/// Kinds of cases of which nothing is asked, although nobody can say: what many have, and the beginning of several longer
/// names, is no evidence.
const UNASKED: [&str; 6] = [
    "cut name of two",
    "cut name of two, one has the account",
    "cut name in both domains",
    "cut name in both domains, one told",
    "name of seven",
    "FQDN of dead accounts",
];

#[tokio::test]
async fn of_labelled_companies_no_tie_is_wrong_and_none_is_missed() {
    for forest in [Forest::One, Forest::Two] {
        let (folder, export) = (TempDir::new().unwrap(), export(8, 2_000, forest));
        export.write(folder.path()).unwrap();
        let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let [assets, hosts, truth] = ["assets.csv", "hosts.csv", "truth.csv"].map(file);
        let files = ["--assets", &assets, "--hosts", &hosts, "--truth", &truth];
        let answer = without_times(&run("plan", &[&files[..], &["--json"]].concat(), None).await);
        assert_eq!(answer["hosts"], export.hosts.len());
        assert_eq!((&answer["wrong"], &answer["without_truth"]), (&json!([]), &json!(0)));
        assert_eq!((&answer["recall"], &answer["flagged_needlessly"]), (&json!(1.0), &json!(0)));
        for missed in answer["missed"].as_array().unwrap() {
            let mut truth = export.truth.iter();
            let [_, _, kind] = truth.find(|[guid, ..]| missed["guid"] == **guid).unwrap();
            assert!(UNASKED.contains(&kind.as_str()), "{kind}: {missed}");
        }
    }
}

#[tokio::test]
async fn a_guid_is_the_same_however_it_is_written() {
    let guid = "AAAAAAAA-BBBB-CCCC-DDDD-EEEEEEEEEEEE";
    let hosts = format!("guid,fqdn,cn\n{guid},web1.corp.example,WEB1\n");
    for written in [guid.to_owned(), guid.to_lowercase()] {
        let truth = format!("guid,asset\n{written},a2\n");
        let files = [("assets", ASSETS), ("hosts", hosts.as_str()), ("truth", truth.as_str())];
        let answer = without_times(&plan(&files, &["--json"]).await);
        assert_eq!((&answer["without_truth"], &answer["precision"]), (&json!(0), &json!(0.0)));
    }
    for other in ["guid,asset\n22222222-2222-2222-2222-222222222222,a1\n", "guid,asset\n"] {
        let files = [("assets", ASSETS), ("hosts", hosts.as_str()), ("truth", other)];
        let ran = plan(&files, &["--json"]).await;
        assert_eq!((ran.status, &*ran.stdout), (2, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains("is about one of the hosts"), "{}", ran.stderr);
    }
}

#[tokio::test]
async fn what_is_no_guid_meets_none_that_is_given() {
    let low = (0_u8..3).map(|n| format!("00000000-0000-0000-0000-0000000000{n:02x}"));
    let high = (0xfd_u8..=0xff).map(|n| format!("ffffffff-ffff-ffff-ffff-ffffffffff{n:02x}"));
    let other = (0..5).map(|n| format!("host-{n}"));
    let rows = low.chain(other).chain(high).zip(0..).map(|(id, n)| format!("{id},,NEW{n}\n"));
    let hosts = format!("guid,fqdn,cn\n{}", rows.collect::<String>());
    let ran = plan(&[("assets", ASSETS), ("hosts", hosts.as_str())], &["--json"]).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!((&without_times(&ran)["hosts"], &*ran.stderr), (&json!(11), ""));
}

#[tokio::test]
async fn nothing_of_the_files_reaches_a_terminal_raw() {
    let assets = "id,name\na1\u{202e}\u{1b}[31m,web1.corp.example\n";
    let hosts = "guid,fqdn,cn\nh1\u{202e}\u{1b}[31m,web1.corp.example,WEB1\n";
    let truth = "guid,asset\nh1\u{202e}\u{1b}[31m,a2\u{202e}\n";
    let files = [("assets", assets), ("hosts", hosts), ("truth", truth)];
    for options in [&["--json"][..], &[]] {
        let ran = plan(&files, options).await;
        assert!(ran.stdout.contains("u{202e}") || ran.stdout.contains("\\u202e"), "{}", ran.stdout);
        assert!(!ran.stdout.contains(['\u{202e}', '\u{1b}']), "{:?}", ran.stdout);
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_named_by_file_and_line() {
    for (files, sentence) in [
        ([("assets", "id,names\n"), ("hosts", HOSTS)], "it has no column \"name\""),
        ([("assets", "id,name\n,web1\n"), ("hosts", HOSTS)], "line 2: the row has no id"),
        ([("assets", ASSETS), ("hosts", "guid,fqdn,cn\nx,,A\nx,,B\n")], "line 3: the guid \"x\""),
    ] {
        let ran = plan(&files, &[]).await;
        assert_eq!((ran.status, ran.stdout.as_str()), (2, ""), "{sentence}");
        assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
        assert_eq!(ran.stderr.lines().count(), 1);
    }
}

#[tokio::test]
async fn columns_may_stand_in_any_order_beside_others() {
    let assets = "\u{feff}name,owner,id\nweb1.corp.example,jane,a1\n";
    let hosts = "cn,guid,fqdn\nWEB1,h1,web1.corp.example\n";
    let ran = plan(&[("assets", assets), ("hosts", hosts)], &["--json"]).await;
    assert_eq!(without_times(&ran)["matched"], 1);
}
