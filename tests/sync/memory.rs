//! How much of what a server sends a run holds.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};

use async_trait::async_trait;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use ldap_inventory::Result;
use ldap_inventory::directory::{
    DirectoryEvent, DirectoryObject, DirectorySource, Page, ReadEnd, ReadRequest, ReadScope,
    ServerIdentity, Transport, Verification,
};
use ldap_inventory::name::DistinguishedName;
use ldap_inventory::store::SqliteRepository;
use ldap_inventory::sync::{SyncOptions, sync};
use ldap_inventory::testing::{TestDirectory, TestServer};
use ldap_inventory::value::{ObjectGuid, ObjectKind};

use super::wire::{PASSWORD, credential, source};
use super::world::*;

/// Where the process that is measured finds what it reads: the URL of a server, or how many [small computers](SmallComputers)
/// it makes up.
const URL: &str = "LDAP_INVENTORY_MEMORY_URL";
const COMPUTERS: &str = "LDAP_INVENTORY_MEMORY_COMPUTERS";

const MIB: u64 = 1 << 20;

/// What a run may hold here.
const BUDGET: u64 = 16 * MIB;

/// The memory of a process beside what it holds of a read: a page on its way, a batch that is written, the store.
const BESIDE: u64 = 64 * MIB;

/// The octets of an entry: nearly as many as a value may have.
const ENTRY: usize = 48 * 1024;

/// As many very small computers, made up page by page: next to nothing of them is text.
#[derive(Debug)]
struct SmallComputers(u64);

impl SmallComputers {
    /// What one of them takes, at the least.
    const EACH: u64 = 600;

    fn object(number: u64) -> DirectoryObject {
        let name = format!("{number:x}");
        let dn = DistinguishedName::parse(&format!("CN={name},DC=x")).unwrap();
        let guid = ObjectGuid::from_bytes(u128::from(number).to_le_bytes());
        let mut object = DirectoryObject::new(ObjectKind::Computer, guid, dn);
        object.attributes = [("sAMAccountName", name.as_str())].into_iter().collect();
        object
    }
}

#[async_trait]
impl DirectorySource for SmallComputers {
    async fn read(&self, _: ReadRequest) -> Result<BoxStream<'static, Result<DirectoryEvent>>> {
        let scope = ReadScope::of_account(["small"], [DistinguishedName::parse("DC=x")?]);
        let nobody = ServerIdentity::at(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        let (ldap, nothing) = (Transport::Ldap, Verification::Nothing);
        let end = Box::new(ReadEnd::complete(scope, ldap, nothing, nobody));
        let begin = DirectoryEvent::Begin(end.clone());
        let (count, page_size) = (self.0, 1_000);
        let pages = (0..count).step_by(page_size).map(move |first| {
            let objects = (first..count).take(page_size).map(Self::object).collect();
            DirectoryEvent::Page(Page { objects, ..Page::default() })
        });
        let events = [begin].into_iter().chain(pages).chain([DirectoryEvent::End(end)]);
        Ok(stream::iter(events.map(Ok)).boxed())
    }
}

/// The most memory that this process has had at once.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The process that is measured, started anew by [the test below](a_process_takes_no_more_memory_than_its_budget_and_some).
#[tokio::test]
async fn the_process_that_is_measured() {
    let variable = |name| std::env::var(name).ok();
    let directory: Box<dyn DirectorySource> = match (variable(URL), variable(COMPUTERS)) {
        (None, None) => return,
        (_, Some(count)) => Box::new(SmallComputers(count.parse().unwrap())),
        (url, None) => Box::new(source(credential(url).with_insecure(true))),
    };
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let repository = SqliteRepository::open(folder.path().join("inventory.db")).unwrap();
    let options = SyncOptions::new().with_memory_bytes(BUDGET);
    let before = peak();
    let report = sync(&task(), &directory, &repository, &options).await.unwrap();
    let because = report.incomplete_because.unwrap_or_else(|| "complete".to_owned());
    println!("measured {} {} {because}", peak() - before, report.users.read);
}

/// What a process measured that has a place for temporary files, or none: octets beyond those at its start, users that it
/// read, and how the read ended. The variable tells it what to read.
fn measured(variable: (&str, &str), has_files: bool) -> (u64, u64, String) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "sync::memory::the_process_that_is_measured", "--nocapture"]);
    if !has_files {
        command.env("TMPDIR", "/nowhere/at/all");
    }
    let (name, value) = variable;
    let output = command.env(name, value).stderr(Stdio::inherit()).output().unwrap();
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
            let (taken, read, end) =
                tokio::task::block_in_place(|| measured((URL, &url), has_files));
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

#[test]
fn very_small_computers_take_no_more_than_the_budget_and_some() {
    for (share, is_complete) in [(50, true), (100, false), (200, false)] {
        let count = BUDGET * share / 100 / SmallComputers::EACH;
        let (taken, _, end) = measured((COMPUTERS, &count.to_string()), true);
        println!("{share} % of the budget: {} MiB, {count} computers, {end}", taken / MIB);
        assert!(taken <= BUDGET + BESIDE, "{share} % of the budget: {} MiB", taken / MIB);
        assert_eq!(end == "complete", is_complete, "{share} %: {end}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_that_wait_for_their_ranges_take_no_more_than_the_budget_and_some() {
    let text = "x".repeat(ENTRY);
    for (share, is_complete) in [(50, true), (100, false), (200, false)] {
        let directory = TestDirectory::generated(1, 1, 3, 1);
        {
            let mut tree = directory.write();
            tree.add_account("svc", PASSWORD).unwrap();
            let members = ["anna", "ben", "carol"].map(|name| tree.add_user(name).unwrap());
            for n in 0..BUDGET * share / 100 / ENTRY as u64 {
                let group = tree.add_group(&format!("group{n}")).unwrap();
                tree.set(&group, "info", [text.as_str()]).unwrap();
                tree.set(&group, "member", members.iter().map(String::as_str)).unwrap();
            }
        }
        // All of them are on one page.
        let server = TestServer::builder(&directory).with_max_values(2);
        let server = server.with_ldap().with_plain_binds().start().await.unwrap();
        let url = server.ldap_url().unwrap();
        let (taken, _, end) = tokio::task::block_in_place(|| measured((URL, &url), true));
        println!("{share} % of the budget: {} MiB, {end}", taken / MIB);
        assert!(taken <= BUDGET + BESIDE, "{share} % of the budget: {} MiB", taken / MIB);
        assert_eq!(end == "complete", is_complete, "{share} %: {end}");
    }
}
