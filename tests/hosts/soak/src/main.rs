//! Many processes on one SQLite inventory, for as long as one likes.
//!
//! Some sync: each a directory of its own, and all of them one that they contend for. Others are people, who annotate,
//! merge and take merges back, and readers, who search, list and check. All the while the directories change, and processes
//! are killed and start again. Whatever a process was told, it tells on; in the end the inventory is compared with all that
//! was told, and with the directories ([`laws`]).
//!
//! What is tried is the same for the same seed. What meets what is up to the machine.

mod directories;
mod figures;
mod laws;
mod people;
mod process;
mod readers;
mod syncing;
mod told;
mod watched;

use std::path::Path;
use std::time::{Duration, Instant};

use ldap_inventory::store::SqliteRepository;
use ldap_inventory::testing::SplitMix;
use ldap_inventory::value::OrganizationId;
use ldap_inventory::{Error, ErrorKind, Result};
use tokio::time::sleep;

use directories::Directories;
use process::{Processes, Role};

/// The longest time between two kills, and between two changes of the directories.
const KILL: u64 = 5_000;
const CHANGE: u64 = 150;

const USAGE: &str = "usage: host-soak [SECONDS [SEED [PROCESSES THAT SYNC]]]";

#[tokio::main]
async fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.first().is_some_and(|word| word == process::AS_A_PROCESS) {
        return process::work(&words[1..]).await;
    }
    let mut numbers = Vec::new();
    for word in &words {
        numbers.push(word.parse().map_err(|_| Error::new(ErrorKind::Configuration, USAGE))?);
    }
    let number = |n: usize, usual: u64| numbers.get(n).copied().unwrap_or(usual);
    let hosts = number(2, 2).max(1) as usize;
    soak(Duration::from_secs(number(0, 600)), number(1, 1), hosts).await
}

/// The organization whose inventory it is.
fn acme() -> OrganizationId {
    OrganizationId::new("acme").expect("a name")
}

async fn soak(time: Duration, seed: u64, hosts: usize) -> Result<()> {
    println!("{} s, seed {seed}, {hosts} processes that sync", time.as_secs());
    let folder = tempfile::tempdir().expect("a folder for the inventory");
    let file = folder.path().join("inventory.db");
    let mut directories = Directories::serve(seed, hosts).await?;
    let before = people::begin_with_assets(&file, &directories).await?;
    let roles = (0..hosts).map(Role::Sync).chain((0..people::PERSONS).map(Role::Person));
    let roles: Vec<Role> = roles.chain((0..readers::READERS).map(Role::Reader)).collect();
    let mut processes = Processes::start(&roles, &file, &directories.urls(), seed);

    let follower = laws::Follower::follow(file.clone());
    let mut random = SplitMix::new(seed);
    let (begun, mut kill, mut change) = (Instant::now(), Duration::ZERO, Duration::ZERO);
    while begun.elapsed() < time {
        sleep(Duration::from_millis(20)).await;
        if begun.elapsed() >= change {
            directories.change()?;
            change = begun.elapsed() + up_to(&mut random, CHANGE);
        }
        if begun.elapsed() >= kill {
            kill = begun.elapsed() + up_to(&mut random, KILL);
            processes.kill(random.below(roles.len())).await;
        }
    }
    let told = processes.stop().await;
    let heard = follower.stop().await?;
    figures::print(&told, begun.elapsed());
    let broken = check(&file, &directories, &told, (&heard, before)).await?;
    println!("\ninventory: {} KiB", file.metadata().map_or(0, |file| file.len() / 1024));
    if broken.is_empty() {
        println!("every law holds");
        return Ok(());
    }
    let path = folder.keep();
    broken.iter().for_each(|law| println!("BROKEN: {law}"));
    let message =
        format!("{} laws are broken; the inventory is in {}", broken.len(), path.display());
    Err(Error::new(ErrorKind::Store, message))
}

async fn check(
    file: &Path,
    directories: &Directories,
    told: &told::Ledger,
    heard: (&[String], usize),
) -> Result<Vec<String>> {
    let repository = SqliteRepository::open(file)?;
    let mut broken = told.broken();
    broken.extend(laws::nothing_is_lost(&repository, told, heard).await?);
    broken.extend(laws::what_people_said_stands(&repository, told).await?);
    broken.extend(laws::the_inventory_is_in_step(&repository, directories).await?);
    let findings = repository.check().await?;
    broken.extend(findings.into_iter().map(|finding| format!("inventory check: {finding}")));
    Ok(broken)
}

fn up_to(random: &mut SplitMix, milliseconds: u64) -> Duration {
    Duration::from_millis(random.next_u64() % milliseconds)
}
