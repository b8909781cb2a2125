//! Nothing that the crate does takes more stack than a thread of a small host has, and a panic ends the process: so there
//! was none.
#![cfg(unix)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// What threads have unless they are told otherwise, in kilobytes.
const STACK: &str = "2048";
/// Where the program does everything, and what.
const PLACES: [&str; 2] = ["main thread", "worker"];
const WORK: [&str; 10] = [
    "memory",
    "sqlite",
    "server",
    "attack",
    "plan",
    "people",
    "scan",
    "queries",
    "nested groups",
    "seeds",
];

/// Has cargo build the program, and says where it is.
fn program() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--features", "program", "--manifest-path"]);
    cargo.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let built = cargo.arg("--target-dir").arg(target).status().unwrap();
    assert!(built.success(), "{built}");
    target.join("debug/host-abort")
}

/// Starts it with that little stack for its first thread, which is as much as the others get.
fn run(program: &Path, argument: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -s {STACK} && exec \"$0\" {argument}")]).arg(program);
    shell.env_remove("RUST_MIN_STACK").output().unwrap()
}

#[test]
fn a_host_that_aborts_on_a_panic_and_has_small_stacks_does_everything() {
    let program = program();
    let output = run(&program, "everything");
    let said = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{}\n{said}\n{told}", output.status);
    let done: Vec<&str> = said.lines().filter_map(|line| Some(line.split_once(" — ")?.0)).collect();
    let all =
        PLACES.iter().flat_map(|place| WORK.iter().map(move |work| format!("{place}: {work}")));
    assert_eq!(done, all.collect::<Vec<_>>());

    // It is what it is said to be: neither a panic nor a stack that is full lets it go on.
    for end in ["panic", "overflow"] {
        let output = run(&program, end);
        assert_eq!(output.status.code(), None, "{end}: {output:?}");
        assert!(output.stdout.is_empty(), "{end}: {output:?}");
    }
}
