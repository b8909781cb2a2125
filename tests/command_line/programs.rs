//! The programs beside `sync` and `inventory`, each of them at its job once, on a server in this process.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};

use ldap_inventory::value::Timestamp;

use super::{ACCOUNT, PASSWORD, Rig, examples, run};

/// What is started by the tests of this module and of the one above it.
const STARTED: [&str; 7] =
    ["custom_repository", "inventory", "plan", "read_directory", "scheduler", "sync", "thumbprint"];

#[test]
fn every_program_is_started_by_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let is_program =
        |path: &Path| path.join("main.rs").exists() || path.extension() == Some("rs".as_ref());
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let programs = entries.filter(|path| is_program(path));
    let names = programs.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned());
    assert_eq!(names.collect::<BTreeSet<_>>(), STARTED.map(str::to_owned).into());
}

/// What stands in a program's source, every file of it.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_entry = |path: PathBuf| match path.is_dir() {
        true => sources(&path),
        false if path.extension() == Some("rs".as_ref()) => {
            let text = std::fs::read_to_string(&path).unwrap();
            vec![(path, text)]
        }
        false => Vec::new(),
    };
    entries.flat_map(of_entry).collect()
}

#[test]
fn no_program_prints_by_what_panics_where_a_pipe_is_closed_or_a_disk_full() {
    for (path, text) in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")) {
        for printed in ["println!(", "print!("] {
            assert!(!text.contains(printed), "{printed} in {}", path.display());
        }
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_is_status_1_and_a_closed_pipe_is_none() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    for (program, arguments) in [
        ("inventory", vec!["query"]),
        ("inventory", vec!["--inventory", &inventory, "assets"]),
        ("inventory", vec!["--inventory", &inventory, "export", "--format", "ocsf"]),
        ("inventory", vec!["--inventory", &inventory, "export", "--format", "csv"]),
        ("inventory", vec!["--inventory", &inventory, "release", "ldap/corp.example.test"]),
        ("read_directory", vec!["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin]),
    ] {
        for is_full in [true, false] {
            let out: Stdio = match is_full {
                true => std::fs::File::options().write(true).open("/dev/full").unwrap().into(),
                false => Stdio::from(std::io::pipe().unwrap().1),
            };
            let mut command = Command::new(examples().join(program));
            command.args(&arguments).env("LDAP_PASSWORD", PASSWORD).stdout(out);
            let ran = tokio::task::block_in_place(|| command.output().unwrap());
            let said = String::from_utf8(ran.stderr).unwrap();
            assert_eq!(ran.status.code(), Some(i32::from(is_full)), "{arguments:?}: {said}");
            assert!(!said.contains("panicked"), "{said}");
            assert_eq!(said.contains("error: the output cannot be written"), is_full, "{said}");
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_hears_on_standard_error_ends_no_program() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    for (arguments, status) in [
        (&["assets", "--limit", "3"][..], 0),
        (&["assets", "nowhere"], 0),
        (&["assets", "nowhere", "-vv"], 0),
        (&["assets", "--sort", "size"], 2),
        (&["explain", "nowhere"], 1),
    ] {
        let mut command = Command::new(examples().join("inventory"));
        command.args(["--inventory", &inventory]).args(arguments).stdout(Stdio::null());
        command.stderr(std::io::pipe().unwrap().1);
        let ran = tokio::task::block_in_place(|| command.status().unwrap());
        assert_eq!(ran.code(), Some(status), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn read_directory_counts_what_the_server_holds() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin];
    let ran = run("read_directory", &arguments, Some(PASSWORD)).await;
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.stdout, "31 computers\n9 groups\n21 users\n");
    run("read_directory", &arguments, Some("wrong")).await.assert_refused(4);
    run("read_directory", &arguments, None).await.assert_refused(2);
    run("read_directory", &arguments[..4], Some(PASSWORD)).await.assert_refused(4);
}

/// A program that goes on until it is told to stop. Should the test end before that, it ends as well.
pub(super) struct Running {
    child: Child,
    /// What it says, unless nobody listens.
    said: Option<Lines<BufReader<ChildStderr>>>,
}

impl Running {
    pub(super) fn start(arguments: &[&str], password: &str) -> Self {
        let mut command = Command::new(examples().join("scheduler"));
        command.args(arguments).env("LDAP_PASSWORD", password);
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let said = child.stderr.take().map(|said| BufReader::new(said).lines());
        Self { child, said }
    }

    /// What it says until it says this, or ends.
    pub(super) fn hear_until(&mut self, end: &str) -> Vec<String> {
        let mut said = Vec::new();
        let lines = self.said.as_mut().unwrap();
        while !said.last().is_some_and(|line: &String| line.contains(end))
            && let Some(line) = lines.next()
        {
            said.push(line.unwrap());
        }
        said
    }

    /// From now on whatever it says meets a closed pipe.
    pub(super) fn stop_listening(&mut self) {
        self.said = None;
    }

    /// Sends it a signal, as `kill` does.
    pub(super) fn signal(&self, signal: &str) {
        let signal = [signal, &self.child.id().to_string()];
        assert!(Command::new("kill").args(signal).status().unwrap().success());
    }

    /// The status that it ends with.
    pub(super) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(super) fn status(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A time of day that does not come while a test runs.
pub(super) fn in_twelve_hours() -> String {
    let hours = Timestamp::now().as_micros() / 3_600_000_000;
    format!("{:02}:00", (hours + 12) % 24)
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduler_makes_up_for_a_missed_run_and_writes_it() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let (inventory, at) = (rig.file("inventory.db"), in_twelve_hours());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin, "--at", &at];
    let arguments =
        [&arguments[..], &["--domain", "corp.example.test", "--inventory", &inventory]].concat();
    let said = tokio::task::block_in_place(|| {
        Running::start(&arguments, PASSWORD).hear_until("computers read")
    });
    let last = said.last().unwrap();
    assert!(last.contains("31 computers read, 31 assets created, 0 updated"), "{said:?}");
    let listed = run("inventory", &["--inventory", &inventory, "assets", "--json"], None).await;
    assert_eq!(listed.lines().len(), 31);

    // Started anew, it knows that the run was made.
    let said =
        tokio::task::block_in_place(|| Running::start(&arguments, PASSWORD).hear_until("next: "));
    assert_eq!(said.len(), 2, "{said:?}");
    assert_eq!(rig.server.bind_requests(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduler_says_in_a_sentence_what_went_wrong() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let (inventory, account) = (rig.file("inventory.db"), ["--username", ACCOUNT]);
    let there = ["--url", &url, "--domain", "corp.example.test", "--inventory", &inventory];
    let arguments = [&there[..], &account, &["--thumbprint", &pin]].concat();
    let said = tokio::task::block_in_place(|| {
        Running::start(&arguments, "wrong").hear_until("password is wrong")
    });
    let last = said.last().unwrap();
    assert!(last.starts_with("corp.example.test: error: "), "{said:?}");
    assert!(!said.concat().contains("Error {"), "{said:?}");

    for wrong in [&["--at", "late"][..], &["--time-zone", "Nowhere"], &["--url", "http://x"]] {
        let arguments = [&arguments[..], wrong].concat();
        run("scheduler", &arguments, Some(PASSWORD)).await.assert_refused(2);
    }
    run("scheduler", &arguments, None).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduler_runs_the_tasks_of_a_file() {
    let rig = Rig::new().await;
    let (url, pin, at) = (rig.server.url(), rig.server.thumbprint().unwrap(), in_twelve_hours());
    let password = rig.write("password", PASSWORD);
    let task = |name: &str, base: &str| {
        format!(
            "[[task]]\nname = \"{name}\"\nurl = \"{url}\"\nusername = \"{ACCOUNT}\"\nthumbprint = [\"{pin}\"]\n\
             password-file = \"{password}\"\nbase_dn = \"{base}\"\nsite = \"{name}\"\nat = \"{at}\"\n"
        )
    };
    let domain = "DC=corp,DC=example,DC=test";
    let controllers = format!("OU=Domain Controllers,{domain}");
    let tasks = rig.write("tasks.toml", &task("dcs", &controllers));
    let inventory = rig.file("inventory.db");
    let arguments = ["--tasks", &tasks, "--inventory", &inventory];
    let said = tokio::task::block_in_place(|| {
        Running::start(&arguments, "not needed").hear_until("computer read")
    });
    assert!(said.last().unwrap().starts_with("dcs: 1 computer read, 1 asset created"), "{said:?}");
    let listed = run("inventory", &["--inventory", &inventory, "assets", "--json"], None).await;
    assert_eq!(listed.lines()[0]["site"], "dcs");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn scheduler_stops_when_it_is_interrupted() {
    let rig = Rig::new().await;
    let (url, inventory) = (rig.server.url(), rig.file("inventory.db"));
    let arguments = ["--url", &url, "--username", ACCOUNT, "--domain", "corp.example.test"];
    let arguments = [&arguments[..], &["--inventory", &inventory]].concat();
    for signal in ["-INT", "-TERM"] {
        tokio::task::block_in_place(|| {
            let mut running = Running::start(&arguments, PASSWORD);
            // Without a pin the run fails, and the next one is tomorrow.
            assert!(running.hear_until("next: ").last().unwrap().contains("next: "));
            running.signal(signal);
            assert!(running.hear_until("stopping").last().unwrap().contains("stopping"));
            assert_eq!(running.status(), Some(0));
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_file_is_one_line_of_text_and_anything_else_is_refused_before_connecting() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let (file, path) = (rig.files.path().join("secret"), rig.file("secret"));
    let sync = async |contents: &[u8]| {
        std::fs::write(&file, contents).unwrap();
        let account = ["--url", &url, "--username", ACCOUNT, "--password-file", &path];
        run("sync", &[&account[..], &["--thumbprint", &pin, "--json"]].concat(), None).await
    };
    let text = PASSWORD.as_bytes();
    let utf16: Vec<u8> =
        format!("\u{feff}{PASSWORD}\r\n").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let bom = [b"\xef\xbb\xbf", text].concat();
    let endings = [&b""[..], b"\n", b"\r\n", b"\r", b"\n\n"].map(|end| [text, end].concat());
    for contents in endings.into_iter().chain([bom, utf16.clone()]) {
        let ran = sync(&contents).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
    }

    let connections = rig.server.connections();
    for (contents, reason) in [
        ([text, b"\nsecond\n"].concat(), "second line"),
        ([text, b"\rsecond"].concat(), "second line"),
        ([b"\n", text].concat(), "second line"),
        ([text, b"\t"].concat(), "U+0009"),
        ([text, b"\0"].concat(), "zero bytes"),
        (utf16[2..].to_vec(), "zero bytes"),
        ([text, b"\xfc"].concat(), "UTF-8"),
    ] {
        let ran = sync(&contents).await;
        let said = ran.assert_refused(2);
        assert!(said.contains(reason) && said.contains("secret)"), "{said}");
    }
    let variable = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin, "--json"];
    let two = format!("{PASSWORD}\nsecond");
    run("sync", &variable, Some(&two)).await.assert_refused(2);
    assert_eq!(rig.server.connections(), connections);
    let one = format!("{PASSWORD}\r");
    assert_eq!(run("sync", &variable, Some(&one)).await.status, 0);
}
