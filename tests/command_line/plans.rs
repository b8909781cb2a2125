//! The brake, plans and the record of runs, as people and programs meet them.

use super::*;

/// Takes this many computers out of the directory.
fn delete(rig: &Rig, count: usize) {
    let mut tree = rig.server.directory().write();
    let computers: Vec<String> = tree
        .entries()
        .filter(|entry| entry.values("objectClass").iter().any(|class| class == b"computer"))
        .filter(|entry| entry.values("isDeleted").is_empty())
        .filter(|entry| !entry.dn().contains("Domain Controllers"))
        .map(|entry| entry.dn().to_owned())
        .collect();
    for dn in computers.iter().take(count) {
        tree.delete(dn).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_is_status_5_and_its_plan_can_be_kept_shown_and_applied() {
    let rig = Rig::new().await;
    let (inventory, plan) = (rig.file("inventory.db"), rig.file("plan.json"));
    let on_inventory = ["--json", "--inventory", &inventory];
    assert_eq!(rig.sync(&on_inventory).await.status, 0);
    delete(&rig, 18);
    let stopped = rig.sync(&[&on_inventory[..], &["--save-plan", &plan]].concat()).await;
    assert_eq!(stopped.status, 5, "{}", stopped.stderr);
    let report = stopped.json();
    assert_eq!((&report["dry_run"], &report["computers"]["missing"]), (&json!(true), &json!(18)));
    let confirmation = report["brake"]["confirmation"].as_str().unwrap();
    let error = stopped.stderr.lines().find(|line| line.starts_with("error: ")).unwrap();
    assert!(
        error.contains("computers would be missing") && error.contains(confirmation),
        "{error}"
    );

    let on_inventory = ["--inventory", &inventory];
    let program = async |options: &[&str]| {
        run("inventory", &[&on_inventory[..], options].concat(), None).await
    };
    // Nothing but the plan is looked at.
    let shown = run("inventory", &["plan", &plan], None).await;
    assert_eq!(shown.status, 0, "{}", shown.stderr);
    assert!(
        shown.stdout.contains("18 of") && shown.stdout.contains(confirmation),
        "{}",
        shown.stdout
    );
    let table = program(&["runs"]).await;
    assert!(table.stdout.contains("stopped"), "{}", table.stdout);
    program(&["apply", &plan]).await.assert_refused(5);
    program(&["apply", &plan, "--confirm", &"0".repeat(32)]).await.assert_refused(5);
    program(&["apply", &inventory]).await.assert_refused(2);
    let applied = program(&["apply", &plan, "--confirm", confirmation, "--json"]).await;
    assert_eq!(applied.json()["dropped"], 0, "{}", applied.stderr);
    let quiet = rig.sync(&["--json", "--inventory", &inventory]).await;
    assert_eq!(quiet.json()["computers"]["missing"], 18, "{}", quiet.stderr);
    assert_eq!(quiet.json()["mode"], "dirsync");

    let runs = program(&["runs", "--json"]).await.lines();
    let outcomes: Vec<&str> = runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    // The run that was stopped is complete, now that its plan is written.
    assert_eq!(outcomes, ["complete"; 3]);
    assert!(runs.iter().all(|run| run["report"]["mode"].is_string()), "{runs:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_run_goes_through_and_another_one_does_not() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    let options = ["--json", "--inventory", &inventory];
    rig.sync(&options).await;
    delete(&rig, 18);
    let report = rig.sync(&options).await.json();
    let confirmation = report["brake"]["confirmation"].as_str().unwrap().to_owned();
    delete(&rig, 1);
    let confirm = |confirmation: String| {
        let options = options.map(str::to_owned).into_iter();
        options.chain(["--confirm".to_owned(), confirmation]).collect::<Vec<String>>()
    };
    let other = confirm(confirmation);
    let other: Vec<&str> = other.iter().map(String::as_str).collect();
    let refused = rig.sync(&other).await;
    assert_eq!(refused.status, 5, "{}", refused.stderr);
    let report = rig.sync(&options).await.json();
    let right = confirm(report["brake"]["confirmation"].as_str().unwrap().to_owned());
    let right: Vec<&str> = right.iter().map(String::as_str).collect();
    let through = rig.sync(&right).await;
    assert_eq!((through.status, &through.json()["computers"]["missing"]), (0, &json!(19)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_cannot_be_kept_hides_neither_the_report_nor_the_brake() {
    let rig = Rig::new().await;
    let (inventory, nowhere) = (rig.file("inventory.db"), rig.file("nowhere/plan.json"));
    let options = ["--inventory", &inventory, "--save-plan", &nowhere];
    let dry = rig.sync(&[&options[..], &["--dry-run"]].concat()).await;
    assert!(dry.assert_refused_in_the_end(1).contains("cannot be written to"), "{}", dry.stderr);
    assert!(dry.stdout.contains("31") && dry.stdout.contains("a dry run"), "{}", dry.stdout);

    assert_eq!(rig.sync(&options[..2]).await.status, 0);
    delete(&rig, 18);
    let stopped = rig.sync(&[&options[..], &["--json"]].concat()).await;
    let said = stopped.assert_refused_in_the_end(5);
    assert!(said.contains("nowhere/plan.json: "), "{said}");
    let report = stopped.json();
    assert_eq!(report["lost"].as_array().unwrap().len(), 18);
    assert!(said.contains(report["brake"]["confirmation"].as_str().unwrap()), "{said}");
}
