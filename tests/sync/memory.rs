//! How much of what a server sends a run holds.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Command, Stdio};

use ldap_inventory::store::SqliteRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::{TestDirectory, TestServer};

use super::wire::{PASSWORD, credential, source};
use super::world::*;

const URL: &str = "LDAP_INVENTORY_MEMORY_URL";

const MIB: u64 = 1 << 20;

/// What a run may hold here.
const BUDGET: u64 = 16 * MIB;

/// The memory of a process beside what it holds of a read: a page on its way, a batch that is written, the store.
const BESIDE: u64 = 64 * MIB;

/// The octets of an entry: nearly as many as a value may have.
const ENTRY: usize = 48 * 1024;

/// The most memory that this process has had at once.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The process that is measured, started anew by [the test below](a_process_takes_no_more_memory_than_its_budget_and_some).
#[tokio::test]
async fn the_process_that_is_measured() {
    let Ok(url) = std::env::var(URL) else { return };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let repository = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    let directory = source(credential(Some(url)).with_insecure(true));
    let options = SyncOptions::new().with_memory_bytes(BUDGET);
    let before = peak();
    let report = sync(&task(), &directory, &repository, &options).await.unwrap();
    let because = report.incomplete_because.unwrap_or_else(|| "complete".to_owned());
    println!("measured {} {} {because}", peak() - before, report.users.read);
}

/// What a process measured that has a place for temporary files, or none: octets beyond those at its start, users that it
/// read, and how the read ended.
fn measured(url: &str, has_files: bool) -> (u64, u64, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "sync::memory::the_process_that_is_measured", "--nocapture"]);
    if !has_files {
        command.env("TMPDIR", "/nowhere/at/all");
    }
    let output = command.env(URL, url).stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    let line = said.lines().find_map(|line| line.split_once("measured ")).unwrap().1;
    let mut words = line.splitn(3, ' ');
    let mut number = || words.next().unwrap().parse().unwrap();
    (number(), number(), words.next().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_takes_no_more_memory_than_its_budget_and_some() {
    let text = "x".repeat(ENTRY);
    let mut ends = BTreeMap::new();
    for (share, octets) in [(50, BUDGET / 2), (100, BUDGET), (200, 2 * BUDGET), (800, 8 * BUDGET)] {
        let directory = TestDirectory::generated(1, 1, 1, 1);
        {
            let mut tree = directory.write();
            tree.add_account("svc", PASSWORD).unwrap();
            for n in 0..octets / ENTRY as u64 {
                let user = tree.add_user(&format!("user{n}")).unwrap();
                tree.set(&user, "info", [text.as_str()]).unwrap();
            }
        }
        let server = TestServer::builder(&directory).with_ldap().with_plain_binds();
        let server = server.start().await.unwrap();
        let url = server.ldap_url().unwrap();
        for has_files in [true, false] {
            let (taken, read, end) = tokio::task::block_in_place(|| measured(&url, has_files));
            println!("{share} % of the budget: {} MiB, {read} users, {end}", taken / MIB);
            assert!(taken <= BUDGET + BESIDE, "{share} % of the budget: {} MiB", taken / MIB);
            if !has_files {
                assert!(read as usize * ENTRY <= BUDGET as usize, "{share} %: {read} users");
            }
            ends.insert((share, has_files), end);
        }
    }
    for share in [50, 100, 200, 800] {
        assert_eq!(ends[&(share, true)], "complete", "what is put aside is no memory");
        let in_memory = &ends[&(share, false)];
        match share {
            50 => assert_eq!(in_memory, "complete"),
            _ => assert!(in_memory.contains("memory_bytes"), "{share} %: {in_memory}"),
        }
    }
}
