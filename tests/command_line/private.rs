//! Files that are nobody else's business: what is created, what is followed, what is read.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

fn mode(file: &str) -> u32 {
    fs::metadata(file).unwrap().permissions().mode() & 0o777
}

fn set_mode(file: &str, mode: u32) {
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_and_a_plan_are_their_owners_alone() {
    let rig = Rig::new().await;
    let (inventory, plan) = (rig.file("inventory.db"), rig.file("plan.json"));
    let planning = ["--dry-run", "--inventory", &inventory, "--save-plan", &plan];
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    assert_eq!(rig.sync(&planning).await.status, 0);
    assert_eq!((mode(&inventory), mode(&plan)), (0o600, 0o600));
    // Whoever gave other permissions has them kept, and hears of it.
    set_mode(&inventory, 0o644);
    set_mode(&plan, 0o640);
    let ran = rig.sync(&planning).await;
    assert_eq!((mode(&inventory), mode(&plan)), (0o644, 0o640));
    assert!(ran.stderr.contains("every user of this machine can read"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("plan.json"), "{}", ran.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_plan_is_written_through_a_symbolic_link_or_left_in_halves() {
    let rig = Rig::new().await;
    let precious = rig.write("precious", "kept");
    let link = rig.file("plan.json");
    symlink(&precious, &link).unwrap();
    let ran = rig.sync(&["--dry-run", "--quiet", "--save-plan", &link]).await;
    assert!(ran.assert_refused_in_the_end(1).contains("symbolic link"), "{}", ran.stderr);
    assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
    let inventory = rig.file("inventory.db");
    symlink(&precious, &inventory).unwrap();
    for dry in [&["--dry-run"][..], &[]] {
        let ran = rig.sync(&[&["--inventory", &inventory], dry].concat()).await;
        assert!(ran.assert_refused_in_the_end(4).contains("symbolic link"), "{}", ran.stderr);
    }
    assert_eq!(fs::read_to_string(&precious).unwrap(), "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_needs_no_right_to_write() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    set_mode(&inventory, 0o400);
    let before = fs::read(&inventory).unwrap();
    for command in [&["assets"][..], &["users"], &["groups"], &["runs"], &["check"], &["overlaps"]]
    {
        let ran = run("inventory", &[&["--inventory", &inventory], command].concat(), None).await;
        assert_eq!((ran.status, &*ran.stderr), (0, ""), "{command:?}");
    }
    assert!(before == fs::read(&inventory).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_file_is_a_short_line_and_everybodys_is_warned_of() {
    let rig = Rig::new().await;
    let password = rig.write("secret", &format!("\u{feff}{PASSWORD}\r\n"));
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let by = async |password: &str| {
        let account = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin, "--quiet"];
        let arguments = [&account[..], &["--password-file", password]].concat();
        run("sync", &arguments, None).await
    };
    set_mode(&password, 0o644);
    let ran = by(&password).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("every user of this machine can read"), "{}", ran.stderr);
    set_mode(&password, 0o600);
    assert!(!by(&password).await.stderr.contains("every user"));
    let long = rig.write("long", &"x".repeat(4097));
    for endless in [long.as_str(), "/dev/zero"] {
        let ran = by(endless).await;
        assert!(ran.assert_refused(2).contains("more than 4096 bytes"), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_too_long_or_has_no_end_is_refused_whatever_it_is_for() {
    let rig = Rig::new().await;
    let scan = rig.write("scan.jsonl", "");
    std::fs::File::options().write(true).open(&scan).unwrap().set_len((1 << 30) + 1).unwrap();
    for (option, file) in [("--ca-file", "/dev/zero"), ("--assets", &*scan)] {
        let ran = rig.sync(&[option, file]).await;
        assert!(ran.assert_refused(2).contains("it has more than"), "{}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_prints_a_line_for_each_finding_and_has_a_status() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let check = async || run("inventory", &["--inventory", &inventory, "check"], None).await;
    let ran = check().await;
    assert_eq!((ran.status, &*ran.stdout, &*ran.stderr), (0, "", ""));
    let damage = "DELETE FROM match_keys WHERE asset = 1; UPDATE runs SET document = '{'";
    rusqlite::Connection::open(&inventory).unwrap().execute_batch(damage).unwrap();
    let ran = check().await;
    assert_eq!((ran.status, ran.stdout.lines().count()), (1, 2), "{}", ran.stdout);
}
