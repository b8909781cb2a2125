//! What is told to those who follow: from the beginning, behind a cursor, as it happens, and no more once it is pruned.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use super::*;

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

/// An inventory that was synced once.
async fn synced() -> (Rig, String) {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    (rig, inventory)
}

fn count(events: &[Value], kind: &str) -> usize {
    events.iter().filter(|event| event["event"] == kind).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_printed_once_wherever_one_goes_on() {
    let (_rig, inventory) = synced().await;
    let all = ask(&inventory, &["events", "--json"]).await.lines();
    assert_eq!(count(&all, "asset_created"), 31);
    assert_eq!(count(&all, "object_first_seen"), 31 + 21 + 9);
    assert_eq!(all.last().unwrap()["event"], "run_ended");
    let (mut read, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut arguments = vec!["events", "--json", "--limit", "17"];
        arguments.extend(after.iter().flat_map(|after| ["--after", after.as_str()]));
        let page = ask(&inventory, &arguments).await.lines();
        let Some(last) = page.last() else { break };
        after = Some(last["cursor"].as_str().unwrap().to_owned());
        read.extend(page);
    }
    assert_eq!(read, all);
    assert!(ask(&inventory, &["events", "--json", "--after", "end"]).await.lines().is_empty());
    let table = ask(&inventory, &["events"]).await.stdout;
    assert_eq!(table.lines().count(), all.len() + 1);
    assert!(table.starts_with("at\tcursor\tsource\tevent\twhat\n"), "{table}");
    ask(&inventory, &["events", "--after", "nowhere"]).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_too_late_is_told_to_begin_anew() {
    let (rig, inventory) = synced().await;
    let first = ask(&inventory, &["events", "--json", "--limit", "1"]).await.json();
    let kept = ask(&inventory, &["prune", "--before", "1hour"]).await;
    assert_eq!(kept.status, 0, "{}", kept.stderr);
    assert_eq!(ask(&inventory, &["events", "--json", "--limit", "1"]).await.json(), first);
    assert_eq!(ask(&inventory, &["prune", "--before", "0min"]).await.status, 0);
    for arguments in [&["events"][..], &["events", "--after", first["cursor"].as_str().unwrap()]] {
        let ran = ask(&inventory, arguments).await;
        assert!(ran.assert_refused(1).contains("begin anew"), "{}", ran.stderr);
    }
    let end = ["events", "--json", "--after", "end"];
    assert!(ask(&inventory, &end).await.lines().is_empty());
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn old_runs_are_pruned_and_the_next_one_does_as_before() {
    let (rig, inventory) = synced().await;
    for _ in 0..3 {
        assert_eq!(rig.sync(&["--inventory", &inventory, "--full"]).await.status, 0);
    }
    let runs = async || ask(&inventory, &["runs", "--json"]).await.lines();
    let all = runs().await;
    assert_eq!(all.len(), 4);
    assert_eq!(ask(&inventory, &["prune", "--keep-runs", "3"]).await.status, 0);
    assert_eq!(runs().await, all[..3]);
    assert_eq!(ask(&inventory, &["prune", "--runs-before", "1hour"]).await.status, 0);
    assert_eq!(runs().await, all[..3]);
    let pruned = ask(&inventory, &["prune", "--runs-before", "0min", "--keep-runs", "2"]).await;
    assert!(pruned.stderr.contains("No record of a run from before"), "{}", pruned.stderr);
    assert_eq!(runs().await, all[..2]);
    // What is told is no run.
    let events = ask(&inventory, &["events", "--json"]).await.lines();
    assert_eq!(count(&events, "run_ended"), 4);
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    assert_eq!(runs().await[0]["outcome"], "complete");
    let gone = all[3]["id"].as_str().unwrap();
    let since = ask(&inventory, &["changes", "--since", gone]).await;
    assert!(since.assert_refused(2).contains("no run"), "{}", since.stderr);
    for arguments in [&["prune"][..], &["prune", "--keep-runs", "3", "--up-to", "1"]] {
        ask(&inventory, arguments).await.assert_refused(2);
    }
}

/// A program that follows. Should the test end before, it ends as well.
struct Follower(Child);

impl Drop for Follower {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_printed_as_it_happens_until_ctrl_c() {
    let (rig, inventory) = synced().await;
    let arguments = ["--inventory", &inventory, "events", "--follow", "--json", "--after", "end"];
    let mut command = Command::new(examples().join("inventory"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut follower = Follower(command.spawn().unwrap());
    let mut lines = BufReader::new(follower.0.stdout.take().unwrap()).lines();
    // It may still be about to begin: so there is something new again and again, until it has seen some of it.
    let (heard, mut news) = tokio::sync::oneshot::channel();
    let listener = std::thread::spawn(move || {
        let line = lines.next().unwrap().unwrap();
        heard.send(()).unwrap();
        line
    });
    while news.try_recv().is_err() {
        assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    }
    let event: Value = serde_json::from_str(&listener.join().unwrap()).unwrap();
    assert_eq!(event["event"], "run_ended");
    let signal = ["-INT", &follower.0.id().to_string()];
    assert!(Command::new("kill").args(signal).status().unwrap().success());
    assert_eq!(follower.0.wait().unwrap().code(), Some(0));
}
