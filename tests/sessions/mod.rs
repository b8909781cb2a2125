//! Whole reads from a server that goes wrong, and whose words are tampered with, at random.
//!
//! The process that reads is this test program itself, started anew for [one test](the_process_that_is_attacked) that does
//! nothing otherwise: it ends at the first panic on whatever thread, as a host that was built to abort, none of its threads
//! has more than two megabytes of stack, and what memory it has taken is known.

mod attack;

use std::env;
use std::process::Command;
use std::sync::Arc;

use futures::StreamExt;
use ldap_inventory::testing::SplitMix;

use self::attack::{BESIDE, BUDGET, Plan, Session, Target, WAYS, peak};
use crate::cases::cases;

/// How many sessions there are of each way of reading.
const SESSIONS: u32 = 150;
/// The seed of the first session, and how many there are: `SEED COUNT`.
const ATTACKED: &str = "LDAP_INVENTORY_ATTACKED";
/// What the threads of a host have.
const STACK: usize = 2 << 20;
const MIB: u64 = 1 << 20;

/// The process that is attacked, started anew by
/// [the test below](whatever_a_server_says_a_read_ends_and_is_complete_only_with_all_of_it).
#[test]
fn the_process_that_is_attacked() {
    let Ok(asked) = env::var(ATTACKED) else { return };
    let (seed, count) = asked.split_once(' ').unwrap();
    let (seed, count): (u64, u64) = (seed.parse().unwrap(), count.parse().unwrap());
    let told = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        told(panic);
        std::process::abort();
    }));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(2).thread_stack_size(STACK).enable_all().build().unwrap();
    let attack = std::thread::Builder::new().stack_size(STACK);
    let attack = attack.spawn(move || runtime.block_on(attacked(seed, count))).unwrap();
    attack.join().unwrap();
}

async fn attacked(seed: u64, count: u64) {
    let mut targets = Vec::new();
    for way in WAYS {
        targets.push(Arc::new(Target::new(way).await));
    }
    let before = peak();
    for target in targets {
        let mut complete = 0;
        let sessions = futures::stream::iter(seed..seed + count).map(|seed| {
            let target = Arc::clone(&target);
            async move { tokio::spawn(async move { session(&target, seed).await }).await.unwrap() }
        });
        // Most of them wait for something that does not come.
        let mut sessions = sessions.buffer_unordered(24);
        while let Some(is_complete) = sessions.next().await {
            complete += u64::from(is_complete);
        }
        println!("{:?}: {count} sessions, {complete} complete", target.way);
        if count >= 20 {
            assert!(complete < count);
            assert_eq!(complete > 0, target.is_trusted());
        }
    }
    let taken = peak().saturating_sub(before);
    println!("{} MiB beyond those at the start", taken / MIB);
    assert!(taken <= BUDGET + BESIDE, "{} MiB", taken / MIB);
}

/// A session of chance. Whether the read was complete.
async fn session(target: &Target, seed: u64) -> bool {
    let plan = Plan::choose(&mut SplitMix::new(seed), target.pieces);
    target.play(&format!("session {seed}"), &Session::new(plan)).await
}

#[test]
fn whatever_a_server_says_a_read_ends_and_is_complete_only_with_all_of_it() {
    let seed = env::var("PROPTEST_RNG_SEED").unwrap_or_else(|_| "0".to_owned());
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "sessions::the_process_that_is_attacked", "--nocapture"]);
    let asked = format!("{seed} {}", cases(SESSIONS));
    let output = command.env(ATTACKED, &asked).output().unwrap();
    let (said, told) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "{ATTACKED}='{asked}': {}\n{said}\n{told}", output.status);
}
