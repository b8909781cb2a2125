//! What people see: tables as wide as the terminal, short ids, colours, questions.

use std::io::{Read, Write};

use super::*;

/// Runs a program on a terminal of so many columns, and types something. What is on the terminal and, apart from that, on
/// standard error.
fn on_terminal(
    program: &str,
    columns: u16,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> (i32, String, String) {
    let (mut pty, pts) = pty_process::blocking::open().unwrap();
    pty.resize(pty_process::Size::new(50, columns)).unwrap();
    let command = pty_process::blocking::Command::new(examples().join(program)).args(arguments);
    let command = command.env_remove("NO_COLOR").env_remove("LDAP_PASSWORD").env("TERM", "xterm");
    let command = command.envs(variables.iter().copied()).stderr(Stdio::piped());
    let mut child = command.spawn(pts).unwrap();
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    // A terminal whose program has ended is an error to read from.
    while let Ok(length @ 1..) = pty.read(&mut part) {
        seen.extend_from_slice(&part[..length]);
    }
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let status = child.wait().unwrap().code().unwrap();
    (status, String::from_utf8(seen).unwrap().replace("\r\n", "\n"), said)
}

async fn filled(computers: usize) -> (Rig, String) {
    let directory = TestDirectory::generated(1, computers, 20, 5);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    (rig, inventory)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_as_wide_as_the_terminal_ordered_by_name_and_says_what_it_leaves_out() {
    let (_rig, inventory) = filled(150).await;
    let count = ["--inventory", &inventory, "assets", "--count", "--json"];
    let total = run("inventory", &count, None).await.json()["total"].as_u64().unwrap();
    for columns in [60, 80, 200] {
        let ask = |arguments: &[&str]| {
            let arguments = [&["--inventory", &inventory], arguments].concat();
            tokio::task::block_in_place(|| {
                on_terminal("inventory", columns, &arguments, &[("NO_COLOR", "1")])
            })
        };
        for kind in ["assets", "users", "groups"] {
            let (status, seen, _) = ask(&[kind]);
            assert_eq!(status, 0, "{seen}");
            let widest = seen.lines().map(|line| line.chars().count()).max().unwrap();
            assert!(widest <= usize::from(columns), "{kind}: {widest} of {columns}\n{seen}");
            assert!(!seen.contains('\u{1b}'), "{seen}");
        }
        let (_, seen, said) = ask(&["assets"]);
        let narrowed = "not every column fits; --columns chooses, and a wider terminal has more\n";
        let narrowed = if columns == 60 { narrowed } else { "" };
        assert_eq!(said, format!("{narrowed}100 of {total} assets (--limit N)\n"));
        assert_eq!(seen.contains("  Operat"), columns != 60, "{seen}");
        assert_eq!(seen.lines().count(), 102, "a title, a rule, and a line for each\n{seen}");
        let rows: Vec<Vec<&str>> =
            seen.lines().skip(2).map(|line| line.split_whitespace().collect()).collect();
        assert!(rows.iter().map(|row| row[1]).is_sorted(), "{seen}");
        let id = rows[0][0];
        assert!((6..=14).contains(&id.len()), "{id}");
        let (status, explained, _) = ask(&["explain", id]);
        assert_eq!(status, 0);
        assert!(explained.contains(id), "{explained}");
        let (_, seen, said) = ask(&["assets", "--limit", "1000"]);
        assert_eq!(seen.lines().count() as u64, total + 2);
        assert_eq!(said, format!("{narrowed}{total} assets\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_person_is_numbered_and_fits() {
    let directory = TestDirectory::generated(1, 3, 2, 1);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory.write().add_computer("TWIN").unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &assets]).await.status, 0);
    for columns in [60, 80, 200] {
        let (status, seen, said) = tokio::task::block_in_place(|| {
            on_terminal("inventory", columns, &["--inventory", &inventory, "unresolved"], &[])
        });
        assert_eq!((status, &*said), (0, ""));
        let seen = console::strip_ansi_codes(&seen).into_owned();
        let widest = seen.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(widest <= usize::from(columns), "{widest} of {columns}\n{seen}");
        for number in ["1", "2"] {
            let is_numbered = |line: &str| line.split_whitespace().next() == Some(number);
            assert!(seen.lines().any(is_numbered), "{seen}");
        }
        assert!(seen.contains("1 computer waits") && seen.contains("TWIN$"), "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_fits_the_terminal_and_what_people_copy_is_whole() {
    let directory = TestDirectory::generated(1, 30, 2, 1);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    directory.write().add_computer("TWIN").unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &assets]).await.status, 0);
    let ask = async |arguments: &[&str]| {
        run("inventory", &[&["--inventory", &inventory], arguments].concat(), None).await
    };
    assert_eq!(ask(&["link", "printer-1", "TWIN", "--why", "seen on its label"]).await.status, 0);
    let on = |columns, arguments: &[&str]| {
        let arguments = [&["--inventory", &inventory], arguments].concat();
        let (status, seen, _) = tokio::task::block_in_place(|| {
            on_terminal("inventory", columns, &arguments, &[("NO_COLOR", "1")])
        });
        assert_eq!(status, 0, "{arguments:?}: {seen}");
        seen
    };
    for columns in [60, 80, 200] {
        for arguments in [
            &["runs"][..],
            &["changes", "--since", "1hour"],
            &["changes", "--since", "2100-01-01"],
            &["events"],
            &["explain", "dc1.corp.example.test"],
            &["coverage"],
            &["history"],
            &["overlaps"],
            &["overlaps", "--near"],
            &["overlaps", "--addresses"],
            &["coverage", "--by", "adSite"],
            &["assets", "--columns", "id,names,last_seen,@ldap.computer.distinguishedName"],
            &["help", "query"],
        ] {
            let seen = on(columns, arguments);
            let widest = seen.lines().map(|line| line.chars().count()).max().unwrap_or_default();
            assert!(widest <= usize::from(columns), "{arguments:?}: {widest} of {columns}\n{seen}");
        }
    }
    let [latest] = ask(&["runs", "--json"]).await.lines().try_into().unwrap();
    let id = latest["id"].as_str().unwrap();
    let runs = on(60, &["runs"]);
    assert!(runs.contains(&format!("  {}  ", &id[id.len() - 8..])), "{runs}");
    let listed = on(60, &["assets", "--columns", "id,names"]);
    for asset in ask(&["assets", "--json"]).await.lines() {
        let id = asset["id"].as_str().unwrap();
        assert!(listed.contains(&format!("{}  ", &id[id.len() - 6..])), "{listed}");
    }
    let changes = on(80, &["changes", "--since", "1hour"]);
    assert!(changes.contains("dc1.corp.example.test"), "{changes}");
    assert!(changes.contains("users whenCreatedTS:"), "what is not told: {changes}");
    let explained = on(80, &["explain", "dc1.corp.example.test"]);
    assert!(explained.contains("dc1.corp.example.test is a name of this asset"), "{explained}");
    assert_eq!(on(80, &["overlaps", "--near"]), "  0 near names\n", "no header without a row");
    assert_eq!(on(80, &["assets", "nowhere"]), "");
    let facets = on(80, &["assets", "--facet", "os"]);
    assert!(facets.contains("Operating system") && facets.contains("none"), "{facets}");
    let [printer] = ask(&["assets", "printer-1", "--json"]).await.lines().try_into().unwrap();
    let id = printer["id"].as_str().unwrap();
    for told in [on(200, &["history"]), on(300, &["changes", "--since", "1hour"])] {
        let decided = told.lines().find(|line| line.contains("decided at")).unwrap();
        assert!(decided.contains(&id[id.len() - 6..]) && !decided.contains(id), "{decided}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_escaped_has_room() {
    let rig = Rig::new().await;
    let escaped = "\\u{202e}".repeat(4);
    let system = "\\u202e".repeat(4);
    let assets =
        rig.write("assets.jsonl", &format!("{{\"names\":[\"web1\"],\"os\":\"{system}\"}}\n"));
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &assets]).await.status, 0);
    let arguments = ["--inventory", &inventory, "assets", "web1", "--columns", "names,os"];
    let (_, seen, _) = tokio::task::block_in_place(|| {
        on_terminal("inventory", 120, &arguments, &[("NO_COLOR", "1")])
    });
    assert!(seen.contains(&escaped) && !seen.contains('…'), "{seen}");
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_waits_for_a_busy_inventory_is_interrupted_at_once() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let held = "UPDATE sources SET lease_holder = zeroblob(16), lease_expires =
                (strftime('%s', 'now') + 3000) * 1000000 WHERE id LIKE 'ldap/%'";
    rusqlite::Connection::open(&inventory).unwrap().execute_batch(held).unwrap();
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin];
    let arguments = [&arguments[..], &["--inventory", &inventory, "--wait", "2000"]].concat();
    for signal in ["-INT", "-TERM"] {
        let (status, seen) = tokio::task::block_in_place(|| {
            let (mut pty, pts) = pty_process::blocking::open().unwrap();
            let command = pty_process::blocking::Command::new(examples().join("sync"));
            let command = command.args(&arguments).env("LDAP_PASSWORD", PASSWORD);
            let mut child = command.spawn(pts).unwrap();
            let (mut seen, mut part, mut is_sent) = (String::new(), [0; 4096], false);
            while let Ok(length @ 1..) = pty.read(&mut part) {
                seen.push_str(&String::from_utf8_lossy(&part[..length]));
                if !is_sent && seen.contains("waiting for at most 2000 s") {
                    let signal = [signal, &child.id().to_string()];
                    assert!(Command::new("kill").args(signal).status().unwrap().success());
                    is_sent = true;
                }
            }
            (child.wait().unwrap().code(), seen)
        });
        assert_eq!(status, Some(130), "{signal}: {seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn colours_are_for_terminals_that_want_them_and_for_those_who_ask() {
    let (_rig, inventory) = filled(3).await;
    let has_colours = |arguments: &[&str], variables: &[(&str, &str)]| {
        let arguments = [&["--inventory", &inventory, "assets"], arguments].concat();
        let seen =
            tokio::task::block_in_place(|| on_terminal("inventory", 80, &arguments, variables));
        assert_eq!(seen.0, 0, "{}", seen.2);
        seen.1.contains('\u{1b}')
    };
    assert!(has_colours(&[], &[]));
    assert!(!has_colours(&[], &[("NO_COLOR", "1")]));
    assert!(!has_colours(&[], &[("TERM", "dumb")]));
    assert!(!has_colours(&["--color", "never"], &[]));
    assert!(has_colours(&["--color", "always"], &[("NO_COLOR", "1")]));
    let piped = run("inventory", &["--inventory", &inventory, "assets"], None).await;
    assert!(!piped.stdout.contains('\u{1b}'));
}

/// Whether what is typed on a process's terminal is not shown.
#[cfg(target_os = "linux")]
fn hides_what_is_typed(process: u32) -> bool {
    let terminal = fs::read_link(format!("/proc/{process}/fd/0")).unwrap();
    let settings = Command::new("stty").arg("-F").arg(terminal).arg("-a").output().unwrap();
    String::from_utf8(settings.stdout).unwrap().split_whitespace().any(|word| word == "-echo")
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn on_a_terminal_the_password_is_asked_for_and_not_shown() {
    let rig = Rig::new().await;
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin];
    let (status, seen) = tokio::task::block_in_place(|| {
        let (mut pty, pts) = pty_process::blocking::open().unwrap();
        let command = pty_process::blocking::Command::new(examples().join("sync"));
        let command = command.args(arguments).env_remove("LDAP_PASSWORD");
        let mut child = command.spawn(pts).unwrap();
        let (mut seen, mut part, mut is_typed) = (Vec::new(), [0; 4096], false);
        while let Ok(length @ 1..) = pty.read(&mut part) {
            seen.extend_from_slice(&part[..length]);
            if !is_typed && String::from_utf8_lossy(&seen).contains("Password of") {
                while !hides_what_is_typed(child.id()) {
                    std::thread::yield_now();
                }
                writeln!(pty, "{PASSWORD}").unwrap();
                is_typed = true;
            }
        }
        (child.wait().unwrap().code().unwrap(), String::from_utf8_lossy(&seen).into_owned())
    });
    assert_eq!(status, 0, "{seen}");
    assert!(seen.contains(&format!("Password of {ACCOUNT}: ")), "{seen}");
    assert!(!seen.contains(PASSWORD), "{seen}");
}
