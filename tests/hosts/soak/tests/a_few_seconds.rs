//! The soak, for as long as a test may take.

use std::process::Command;

#[test]
fn processes_that_share_a_file_lose_nothing_for_a_few_seconds() {
    let soak = Command::new(env!("CARGO_BIN_EXE_host-soak")).arg("5").status().unwrap();
    assert!(soak.success(), "{soak}");
}
