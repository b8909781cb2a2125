//! What is published is what is meant: whatever the crate is made of, and nothing of how it is checked elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// What a host reads, or must have.
const EXPECTED: [&str; 9] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
];

/// What is of no use without the repository.
const ELSEWHERE: [&str; 5] = [".ci", ".github", "examples/console", "fuzz", "tests/hosts"];

/// The files of the package, as `cargo package` lists them.
fn packaged() -> BTreeSet<PathBuf> {
    let folder = TempDir::new().unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(PathBuf::from).collect()
}

#[test]
fn the_package_has_what_a_host_needs_and_nothing_of_the_repository() {
    let files = packaged();
    let missing: Vec<_> =
        EXPECTED.into_iter().filter(|file| !files.contains(Path::new(file))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let is_elsewhere = |file: &&PathBuf| ELSEWHERE.iter().any(|folder| file.starts_with(folder));
    let surplus: Vec<_> = files.iter().filter(is_elsewhere).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
}

/// Files that sources name: what they include, and modules that stand elsewhere.
#[test]
fn whatever_a_source_names_is_in_the_package() {
    let files = packaged();
    let mut named = 0;
    let mut missing = Vec::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|it| it == "rs")) {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap();
        for found in ["include_str!(\"", "include_bytes!(\"", "#[path = \""] {
            for name in text.split(found).skip(1).filter_map(|rest| rest.split('"').next()) {
                named += 1;
                let other = beside(file, name);
                if !files.contains(&other) {
                    missing.push(format!("{}: {}", file.display(), other.display()));
                }
            }
        }
    }
    assert!(named > 20, "what sources name was not found");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The path of what a file names from where it stands.
fn beside(file: &Path, name: &str) -> PathBuf {
    let mut path = file.parent().unwrap().to_owned();
    for step in Path::new(name).components() {
        match step {
            Component::ParentDir => _ = path.pop(),
            step => path.push(step),
        }
    }
    path
}
