//! What one expects of a program: variables, statuses, places, patience.

use super::*;

async fn ask(inventory: &str, arguments: &[&str]) -> Ran {
    run("inventory", &[&["--inventory", inventory], arguments].concat(), None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn every_program_tells_its_version_and_what_its_options_are() {
    for program in ["sync", "inventory", "scheduler", "thumbprint", "read_directory", "plan"] {
        let version = run(program, &["--version"], None).await;
        let expected = format!("{program} {}\n", env!("CARGO_PKG_VERSION"));
        assert_eq!((version.status, version.stdout), (0, expected));
        let help = run(program, &["--help"], None).await;
        assert_eq!(help.status, 0);
        for unfit in ["Some(", "None,", "{ "] {
            assert!(!help.stdout.contains(unfit), "{program}: {unfit} in {}", help.stdout);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_program_completes_its_options_in_shells_and_has_pages_for_man() {
    let pages = tempfile::tempdir().unwrap();
    let directory = pages.path().to_str().unwrap();
    for program in ["sync", "inventory", "scheduler", "thumbprint", "read_directory", "plan"] {
        for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
            let ran = run(program, &["--completions", shell], None).await;
            assert_eq!((ran.status, &*ran.stderr), (0, ""));
            assert!(ran.stdout.contains("completions"), "{program} in {shell}: {}", ran.stdout);
        }
        let unknown = run(program, &["--completions", "teletype"], None).await;
        assert_eq!((unknown.status, &*unknown.stdout), (2, ""));
        let ran = run(program, &["--man-pages", directory], None).await;
        assert_eq!((ran.status, ran.stdout, ran.stderr), (0, String::new(), String::new()));
        let page = fs::read_to_string(pages.path().join(format!("{program}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains("man\\-pages"), "{page}");
    }
    let page = fs::read_to_string(pages.path().join("inventory-annotate.1")).unwrap();
    assert!(page.contains("owner"), "{page}");
    let nowhere = below_a_file(pages.path());
    let ran = run("plan", &["--man-pages", &nowhere], None).await;
    assert_eq!(ran.status, 1);
    assert!(ran.stderr.contains(&nowhere), "{}", ran.stderr);
}

/// A place that no directory can have.
fn below_a_file(directory: &Path) -> String {
    directory.join("plan.1").join("pages").to_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_an_inventory_is_refused_in_a_sentence_before_anything_is_asked() {
    let rig = Rig::new().await;
    let there = rig.files.path().to_str().unwrap();
    let nowhere = rig.file("nowhere/inventory.db");
    for place in ["", "  ", ":memory:", "file:x?mode=memory", there, &nowhere] {
        for dry in [&["--dry-run"][..], &[]] {
            let ran = rig.sync(&[&["--inventory", place], dry].concat()).await;
            ran.assert_refused(2);
        }
        ask(place, &["assets"]).await.assert_refused(2);
    }
    assert_eq!(rig.server.connections(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_base_names_the_domain_s_own_and_an_ou_that_is_not_there_is_refused() {
    let rig = Rig::new().await;
    for base in ["DC=corp,DC=exampel,DC=test", "OU=Nowhere,DC=corp,DC=example,DC=test"] {
        let ran = rig.sync(&["--base-dn", base]).await;
        let said = ran.assert_refused_in_the_end(4);
        assert!(said.contains("DC=corp,DC=example,DC=test"), "{said}");
    }
    for option in ["--exclude-ou", "--include-ou"] {
        let ran = rig.sync(&[option, "OU=Nowhere,DC=corp,DC=example,DC=test"]).await;
        let said = ran.assert_refused_in_the_end(4);
        assert!(said.contains("OU=Nowhere") && said.contains(option), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_could_not_begin_are_on_record() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let (url, account) = (rig.server.url(), ["--username", ACCOUNT]);
    let untrusted = [&["--url", &url, "--inventory", &inventory][..], &account].concat();
    run("sync", &untrusted, Some(PASSWORD)).await.assert_refused_in_the_end(4);
    let nobody = ["--url", "ldaps://127.0.0.1:1", "--inventory", &inventory];
    assert_ne!(run("sync", &[&nobody[..], &account].concat(), Some(PASSWORD)).await.status, 0);
    let runs = ask(&inventory, &["runs", "--json"]).await.lines();
    let outcomes: Vec<&str> = runs.iter().map(|run| run["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["failed", "failed", "complete"]);
    assert!(runs[1]["error"].as_str().unwrap().contains("certificate"), "{}", runs[1]);
    assert!(ask(&inventory, &["runs"]).await.stdout.contains("certificate"));
}

#[tokio::test(flavor = "multi_thread")]
async fn variables_stand_in_for_options() {
    let rig = Rig::new().await;
    let (inventory, pin) = (rig.file("inventory.db"), rig.server.thumbprint().unwrap());
    let environment = |command: &mut Command| {
        command.env("LDAP_URL", rig.server.url()).env("LDAP_USERNAME", ACCOUNT);
        command.env("LDAP_INVENTORY", &inventory).env("LDAP_PASSWORD", PASSWORD);
    };
    let mut sync = Command::new(examples().join("sync"));
    environment(sync.args(["--thumbprint", &pin, "--quiet"]).env_clear());
    let output = tokio::task::spawn_blocking(move || sync.output().unwrap()).await.unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    let mut listed = Command::new(examples().join("inventory"));
    environment(listed.args(["assets", "--count"]));
    let output = tokio::task::spawn_blocking(move || listed.output().unwrap()).await.unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "  31 assets\n");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_busy_inventory_is_status_75_and_a_killed_run_keeps_nobody_away() {
    let directory = TestDirectory::generated(1, 30, 20, 5);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let rig = Rig::over(
        &directory,
        Script::new().with(When::operation(OperationKind::Bind), Fault::Stall),
    )
    .await;
    let inventory = rig.file("inventory.db");
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin];
    let arguments = [&arguments[..], &["--inventory", &inventory, "--json"]].concat();
    let start = || {
        let mut command = Command::new(examples().join("sync"));
        command.args(&arguments).env("LDAP_PASSWORD", PASSWORD).stderr(Stdio::piped());
        command.stdout(Stdio::null()).spawn().unwrap()
    };
    let mut hanging = tokio::task::block_in_place(start);
    let lease = rig.file("inventory.db-lease-1");
    while !Path::new(&lease).exists() {
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    run("sync", &arguments, Some(PASSWORD)).await.assert_refused_in_the_end(75);
    let waited = [&arguments[..], &["--wait", "1"]].concat();
    run("sync", &waited, Some(PASSWORD)).await.assert_refused_in_the_end(75);

    rig.server.set_script(Script::new());
    hanging.kill().unwrap();
    hanging.wait().unwrap();
    let next = run("sync", &arguments, Some(PASSWORD)).await;
    assert_eq!(next.status, 0, "{}", next.stderr);
    assert!(!Path::new(&lease).exists(), "a lease that was given back leaves nothing behind");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_and_sigterm_are_status_130_and_give_the_lease_back() {
    let directory = TestDirectory::generated(1, 30, 20, 5);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let rig = Rig::over(
        &directory,
        Script::new().with(When::operation(OperationKind::Bind), Fault::Stall),
    )
    .await;
    let inventory = rig.file("inventory.db");
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let arguments = ["--url", &url, "--username", ACCOUNT, "--thumbprint", &pin];
    let arguments = [&arguments[..], &["--inventory", &inventory, "--json"]].concat();
    for signal in ["-INT", "-TERM"] {
        let mut command = Command::new(examples().join("sync"));
        command.args(&arguments).env("LDAP_PASSWORD", PASSWORD);
        let mut running = tokio::task::block_in_place(|| {
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        });
        let lease = rig.file("inventory.db-lease-1");
        while !Path::new(&lease).exists() {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        let interrupt = [signal, &running.id().to_string()];
        assert!(Command::new("kill").args(interrupt).status().unwrap().success());
        let status = tokio::task::block_in_place(|| running.wait().unwrap());
        assert_eq!(status.code(), Some(130));
        assert!(!Path::new(&lease).exists(), "{signal}");
    }
    rig.server.set_script(Script::new());
    assert_eq!(run("sync", &arguments, Some(PASSWORD)).await.status, 0);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_lease_of_a_run_that_hangs_is_broken_by_name_and_on_record() {
    let directory = TestDirectory::generated(1, 30, 20, 5);
    directory.write().add_account("svc-inventory", PASSWORD).unwrap();
    let rig = Rig::over(&directory, Script::new()).await;
    let inventory = rig.file("inventory.db");
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let break_it = ["release", "ldap/corp.example.test", "--by", "anna", "--why", "host is gone"];
    let free = ask(&inventory, &break_it).await;
    assert!(free.stdout.contains("no run holds"), "{}{}", free.stdout, free.stderr);
    // A run of a host whose clock was right, and which is gone without a word.
    let late = "UPDATE sources SET lease_holder = zeroblob(16), lease_expires =
                (strftime('%s', 'now') + 600) * 1000000 WHERE id LIKE 'ldap/%'";
    rusqlite::Connection::open(&inventory).unwrap().execute_batch(late).unwrap();
    rig.sync(&["--inventory", &inventory]).await.assert_refused_in_the_end(75);
    assert!(ask(&inventory, &break_it).await.stdout.contains("is broken"));
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    let runs = ask(&inventory, &["runs", "--json"]).await.lines();
    let is_it = |run: &Value| run["error"].as_str().is_some_and(|it| it.contains("host is gone"));
    assert!(runs.iter().any(is_it), "{runs:?}");
    ask(&inventory, &["release", "ldap/nowhere"]).await.assert_refused(2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduler_has_its_tasks_from_a_file_and_tells_the_next_runs() {
    let rig = Rig::new().await;
    let password = rig.write("password", PASSWORD);
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let task = format!(
        "[[task]]\nname = \"Head office\"\nurl = [\"{url}\"]\nusername = \"{ACCOUNT}\"\npassword_file = \"{password}\"\n\
         thumbprint = \"{pin}\"\nexclude-disabled = true\nsite = \"hq\"\nevery = \"6 hours\"\nat = \"02:30\"\n"
    );
    let other = task.replace("Head office", "Branch").replace("6 hours", "1 week");
    let tasks = rig.write("tasks.toml", &format!("{task}\n{other}"));
    let next = run("scheduler", &["--tasks", &tasks, "--next", "7"], None).await;
    let lines: Vec<(&str, &str)> =
        next.stdout.lines().map(|line| line.split_once('\t').unwrap()).collect();
    assert_eq!((next.status, lines.len()), (0, 7), "{}", next.stderr);
    assert!(lines.is_sorted());
    assert!(lines.iter().filter(|(_, name)| *name == "Head office").count() >= 5, "{lines:?}");

    for (broken, reason) in [
        ("url = 1", "no [[task]]"),
        ("[[task]]\nurl = \"x\"\nexclude = true", "--exclude"),
        ("[[task]]\nurl = \"x\"\naccept_weaker_transport = true", "for one run"),
        ("[[task]]\nurl = \"x\"\nexlude-ou = []", "exlude-ou"),
        ("[[task]]\nurl = \"x\"\nexclude-disbled = false", "exclude-disbled"),
        ("[[task]]\nurl = \"x\"\npassword-file = false", "password-file"),
        ("[[task]]\nurl = \"x\"\nexclude-disabled = \"no\"", "neither true nor false"),
        ("[[task]]\nurl = \"x\"\nevery = \"often\"", "often"),
        ("[[task]]\nurl = \"x\"\nat = \"late\"", "late"),
        ("[[task]]\nurl = \"x\"", "--username"),
        ("[[task", "TOML"),
        (&format!("{task}\n{task}"), "Head office"),
    ] {
        let tasks = rig.write("broken.toml", broken);
        let ran = run("scheduler", &["--tasks", &tasks], Some(PASSWORD)).await;
        assert!(ran.assert_refused(2).contains(reason), "{reason}: {}", ran.stderr);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_that_a_schedulers_help_shows_is_one() {
    let rig = Rig::new().await;
    let help = run("scheduler", &["--help"], None).await.stdout;
    let shown = help.lines().skip_while(|line| line.trim() != "[[task]]");
    let shown: Vec<&str> = shown.take_while(|line| !line.is_empty()).collect();
    let tasks = rig.write("tasks.toml", &shown.join("\n"));
    let next = run("scheduler", &["--tasks", &tasks, "--next", "2"], None).await;
    assert_eq!((next.status, &*next.stderr), (0, ""));
    assert!(next.stdout.lines().all(|line| line.ends_with("\tHead office")), "{}", next.stdout);
}

/// Runs an example without what root may do beyond other users: to write a file that may only be read.
#[cfg(target_os = "linux")]
async fn run_without_privileges(program: &str, arguments: &[&str], is_root: bool) -> Ran {
    let program = examples().join(program);
    let mut command = match is_root {
        true => Command::new("setpriv"),
        false => Command::new(&program),
    };
    if is_root {
        command.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(&program);
    }
    command.args(arguments).stdin(Stdio::null());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn an_inventory_that_may_only_be_read_answers_and_says_so_to_whoever_writes() {
    use std::os::unix::fs::PermissionsExt;
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("kept/inventory.db"), rig.write("assets.jsonl", ASSETS));
    let directory = Path::new(&inventory).parent().unwrap();
    fs::create_dir(directory).unwrap();
    assert_eq!(rig.sync(&["--inventory", &inventory, "--assets", &assets]).await.status, 0);
    let permit = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode));
    permit(inventory.as_ref(), 0o400).unwrap();
    let is_root = fs::OpenOptions::new().write(true).open(&inventory).is_ok();
    let (url, pin) = (rig.server.url(), rig.server.thumbprint().unwrap());
    let password = rig.write("password", PASSWORD);
    let account = ["--url", &url, "--username", ACCOUNT, "--password-file", &password];
    let on_it = [&account[..], &["--thumbprint", &pin, "--inventory", &inventory]].concat();
    for mode in [0o555, 0o755] {
        permit(directory, mode).unwrap();
        for command in [
            &["assets"][..],
            &["users", "--count"],
            &["groups", "--members", "--nested"],
            &["unresolved"],
            &["overlaps"],
            &["coverage"],
            &["explain", "printer-1"],
            &["history"],
            &["changes"],
            &["events"],
            &["runs"],
        ] {
            let arguments = [&["--inventory", &inventory], command].concat();
            let ran = run_without_privileges("inventory", &arguments, is_root).await;
            assert_eq!((ran.status, &*ran.stderr), (0, ""), "{command:?}");
        }
        for options in [&["--dry-run"][..], &["--dry-run", "--assets", &assets]] {
            let ran = run_without_privileges("sync", &[&on_it, options].concat(), is_root).await;
            assert_eq!((ran.status, &*ran.stderr), (0, ""), "{options:?}");
        }
        let twins = ["--inventory", &inventory, "link", "printer-1", "DC1"];
        for (program, arguments) in [("inventory", &twins[..]), ("sync", &on_it)] {
            let ran = run_without_privileges(program, arguments, is_root).await;
            let said = ran.assert_refused(1);
            assert_eq!(said.lines().count(), 1, "{said}");
            assert!(said.contains("the inventory may only be read"), "{said}");
        }
        let left = fs::read_dir(directory).unwrap().count();
        assert_eq!(left, 1, "nothing is left beside the file");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_latest_run_comes_first_and_one_that_could_not_begin_is_with_its_directory() {
    let rig = Rig::new().await;
    let inventory = rig.file("inventory.db");
    let refused = ["--url", &rig.server.url(), "--username", ACCOUNT, "--inventory", &inventory];
    let nobody = ["--url", "ldaps://127.0.0.1:1", "--username", ACCOUNT, "--inventory", &inventory];
    assert_eq!(run("sync", &refused, Some(PASSWORD)).await.status, 4);
    assert_eq!(rig.sync(&["--inventory", &inventory]).await.status, 0);
    assert_ne!(run("sync", &nobody, Some(PASSWORD)).await.status, 0);
    let runs = ask(&inventory, &["runs", "--json"]).await.lines();
    let told: Vec<_> = runs.iter().map(|run| [&run["outcome"], &run["source"]]).collect();
    let known = &json!("ldap/corp.example.test");
    assert_eq!(told[0], [&json!("failed"), known], "{told:?}");
    assert_eq!(told[1], [&json!("complete"), known], "{told:?}");
    assert_eq!((told.len(), told[2][0]), (3, &json!("failed")), "{told:?}");
    let piped = ask(&inventory, &["runs"]).await.stdout;
    assert!(piped.lines().nth(2).unwrap().contains("\tcomplete\t"), "{piped}");
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_and_dry_runs_make_nothing_of_an_empty_file() {
    let rig = Rig::new().await;
    let (empty, assets) = (rig.write("empty.db", ""), rig.write("assets.jsonl", ASSETS));
    for command in ["assets", "runs", "overlaps", "check"] {
        let ran = ask(&empty, &[command]).await;
        assert!(ran.assert_refused(2).contains("the file is empty"), "{}", ran.stderr);
    }
    for options in [&["--dry-run"][..], &["--dry-run", "--assets", &assets]] {
        let ran = rig.sync(&[&["--inventory", &empty, "--json"], options].concat()).await;
        assert_eq!(ran.json()["computers"]["read"], 31, "{}", ran.stderr);
    }
    assert_eq!(fs::read(&empty).unwrap(), b"");
    assert_eq!(rig.sync(&["--inventory", &empty]).await.status, 0);
    assert_eq!(ask(&empty, &["assets", "--json"]).await.lines().len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_over_the_file_of_an_older_version_leaves_it_as_it_is() {
    let rig = Rig::new().await;
    let (inventory, assets) = (rig.file("inventory.db"), rig.write("assets.jsonl", ASSETS));
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kept/version-1.db");
    fs::copy(kept, &inventory).unwrap();
    let before = fs::read(&inventory).unwrap();
    for options in [&["--dry-run"][..], &["--dry-run", "--assets", &assets]] {
        let ran = rig.sync(&[&["--inventory", &inventory, "--json"], options].concat()).await;
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(fs::read(&inventory).unwrap() == before, "{options:?}");
    }
    assert_eq!(ask(&inventory, &["check"]).await.status, 0);
}
