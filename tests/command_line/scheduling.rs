//! A scheduler by night: directories that are busy, inventories that do not answer, and nobody who listens.

use ldap_inventory::asset::{AssetRepository as _, Batch, RunOutcome, RunRecord};
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::value::{BatchId, RunId, SourceId, Timestamp};
use tokio::task::block_in_place;

use super::programs::{Running, in_twelve_hours};
use super::*;

const DIRECTORY: &str = "corp.example.test";

async fn runs(inventory: &str) -> Vec<Value> {
    run("inventory", &["--inventory", inventory, "runs", "--json"], None).await.lines()
}

/// What starts a scheduler on this rig whose one task is due at once, unless it ran before.
fn arguments(rig: &Rig) -> Vec<String> {
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let task = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin, "--domain", DIRECTORY];
    let when = ["--at", &in_twelve_hours(), "--inventory", &rig.file("inventory.db")];
    task.iter().chain(&when).map(|text| (*text).to_owned()).collect()
}

fn start(rig: &Rig) -> Running {
    let arguments = arguments(rig);
    Running::start(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), PASSWORD)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_finds_its_directory_busy_waits_for_it_and_runs() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let held = "UPDATE sources SET lease_holder = zeroblob(16), lease_expires =
                (strftime('%s', 'now') + 600) * 1000000 WHERE id LIKE 'ldap/%'";
    rusqlite::Connection::open(&inventory).unwrap().execute_batch(held).unwrap();
    let mut running = block_in_place(|| start(&rig));
    let said = block_in_place(|| running.hear_until("waiting"));
    assert!(said.last().unwrap().contains("another run holds the source"), "{said:?}");
    let free = ["--inventory", &inventory, "release", "ldap/corp.example.test", "--by", "anna"];
    assert_eq!(run("inventory", &free, None).await.status, 0);
    let said = block_in_place(|| running.hear_until("computers read"));
    assert!(said.last().unwrap().contains("computers read"), "{said:?}");
    let runs = runs(&inventory).await;
    let own: Vec<&Value> = runs.iter().filter(|run| run["task"] == DIRECTORY).collect();
    assert_eq!((own.len(), &own[0]["outcome"]), (1, &json!("complete")), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tasks_of_one_directory_at_one_time_both_run() {
    let rig = Rig::new().await;
    let (url, pin, at) = (rig.server.url(), rig.server.thumbprint().unwrap(), in_twelve_hours());
    let password = rig.write("password", PASSWORD);
    let task = |name: &str, base: &str| {
        format!(
            "[[task]]\nname = \"{name}\"\nurl = \"{url}\"\nusername = \"{ACCOUNT}\"\nthumbprint = \"{pin}\"\n\
             password-file = \"{password}\"\nbase-dn = \"{base}\"\nat = \"{at}\"\n"
        )
    };
    let domain = "DC=corp,DC=example,DC=test";
    let controllers = format!("OU=Domain Controllers,{domain}");
    let tasks = rig.write("tasks.toml", &(task("all", domain) + &task("dcs", &controllers)));
    let inventory = rig.file("inventory.db");
    let mut running = Running::start(&["--tasks", &tasks, "--inventory", &inventory], "not needed");
    let mut said = block_in_place(|| running.hear_until(" read, "));
    said.extend(block_in_place(|| running.hear_until(" read, ")));
    for name in ["all: ", "dcs: "] {
        let is_done = |line: &&String| line.starts_with(name) && line.contains(" read, ");
        assert_eq!(said.iter().filter(is_done).count(), 1, "{said:?}");
    }
    let runs = runs(&inventory).await;
    let told: BTreeSet<_> = runs.iter().map(|run| run["task"].as_str().unwrap()).collect();
    assert_eq!((runs.len(), told), (2, words("all dcs")));
    assert!(runs.iter().all(|run| run["outcome"] == "complete"), "{runs:?}");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn runs_go_on_where_nobody_listens() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    let mut running = block_in_place(|| start(&rig));
    running.stop_listening();
    // Until it is made there is no inventory, and the first run is noted at its end.
    let listed = ["--inventory", &inventory, "runs", "--json"];
    while run("inventory", &listed, None).await.stdout.is_empty() {
        assert!(running.is_running(), "it ended without a word");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(runs(&inventory).await[0]["outcome"], "complete");
    running.signal("-TERM");
    assert_eq!(block_in_place(|| running.status()), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_that_does_not_answer_is_asked_until_it_does() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let connection = rusqlite::Connection::open(&inventory).unwrap();
    let sql = "SELECT document FROM runs";
    let document: rusqlite::types::Value = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    let set = |document: &rusqlite::types::Value| {
        connection.execute("UPDATE runs SET document = ?1", [document]).unwrap();
    };
    set(&"{".to_owned().into());
    let mut running = block_in_place(|| start(&rig));
    let said = block_in_place(|| running.hear_until("asking again"));
    assert!(said.last().unwrap().starts_with("corp.example.test: error: "), "{said:?}");
    set(&document);
    let said = block_in_place(|| running.hear_until("computers read"));
    assert!(said.last().unwrap().contains("computers read"), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_remembered_however_many_others_came_since() {
    let rig = Rig::new().await;
    let said = block_in_place(|| start(&rig).hear_until("computers read"));
    assert!(said.last().unwrap().contains("31 computers read"), "{said:?}");
    let repository = SqliteRepository::open(rig.file("inventory.db")).unwrap();
    for _ in 0..120 {
        let (run, now) = (RunId::random_v7(), Timestamp::now());
        let record = RunRecord::new(run, "another", (now, now), RunOutcome::Failed);
        let source = SourceId::new("ldap", DIRECTORY).unwrap();
        let batch = Batch::new(BatchId::random_v7(), "default".parse().unwrap(), source);
        let _ = repository.commit(batch.closing(None, record)).await.unwrap();
    }
    drop(repository);
    let said = block_in_place(|| start(&rig).hear_until("next: "));
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(rig.server.bind_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_option_that_has_no_effect_is_refused() {
    let rig = Rig::new().await;
    let all = arguments(&rig);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let weaker = [&all[..], &["--accept-weaker-transport"]].concat();
    let ran = run("scheduler", &weaker, Some(PASSWORD)).await;
    assert!(ran.assert_refused(2).contains("for one run"), "{}", ran.stderr);
    let early = [&all[..8], &["--at", "2:30"]].concat();
    let ran = run("scheduler", &early, Some(PASSWORD)).await;
    let said = ran.assert_refused(2);
    assert!(said.contains("--at \"2:30\"") && said.contains("HH:MM"), "{said}");
    assert!(!said.contains("2026-"), "a date that nobody typed: {said}");

    let tasks = rig.write("tasks.toml", "[[task]]\nurl = \"dc1\"\nusername = \"reader\"\n");
    for option in [["--every", "1 hour"], ["--at", "02:30"], ["--url", "x"], ["--site", "hq"]] {
        let arguments = [&["--tasks", &tasks, "--next"][..], &option].concat();
        let ran = run("scheduler", &arguments, None).await;
        let said = ran.assert_refused(2);
        assert!(said.contains(option[0]) && said.contains("--tasks"), "{said}");
    }
    assert_eq!(run("scheduler", &["--tasks", &tasks, "--next"], None).await.status, 0);
}
