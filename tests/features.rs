//! What each feature costs a host is what the README says.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

#[test]
fn the_readme_says_what_each_feature_adds() {
    let table = table();
    let mut wrong = Vec::new();
    for (feature, beside) in FEATURES {
        let with = crates(&[feature, beside].join(","));
        let without = if feature.is_empty() { BTreeSet::new() } else { crates(beside) };
        let added: Vec<_> = with.difference(&without).collect();
        // Whatever compiles C does it by the crate `cc`.
        let needs_c = added.iter().any(|name| name.starts_with("cc v"));
        let plus = if feature.is_empty() { "" } else { "+" };
        let expected = (format!("{plus}{}", added.len()), needs_c);
        if table.get(feature) != Some(&expected) {
            wrong.push(format!("{feature:?}: {} crates, C: {needs_c}", expected.0));
        }
    }
    assert!(wrong.is_empty(), "the README's table is out of date:\n{}", wrong.join("\n"));
    assert_eq!(table.len(), FEATURES.len(), "a feature in the table is not known here");
}

#[test]
fn a_host_without_ldap_gets_no_tls_and_no_sqlite() {
    for features in ["", "schedule", "testing"] {
        let names = crates(features);
        for heavy in
            ["rustls v", "ldap3 v", "x509-parser v", "ring v", "aws-lc-sys v", "libsqlite3-sys v"]
        {
            assert!(!names.iter().any(|name| name.starts_with(heavy)), "{features:?}: {heavy}");
        }
    }
}

#[test]
fn each_provider_comes_alone() {
    let has = |features, name: &str| crates(features).iter().any(|one| one.starts_with(name));
    assert!(has("aws-lc-rs", "aws-lc-rs v") && !has("aws-lc-rs", "ring v"));
    assert!(has("ring", "ring v") && !has("ring", "aws-lc-rs v"));
}

/// The features that a host may name, and what each is compared with.
const FEATURES: [(&str, &str); 10] = [
    ("", ""),
    ("aws-lc-rs", ""),
    ("ldif", "aws-lc-rs"),
    ("locate", "aws-lc-rs"),
    ("postgres", ""),
    ("ring", ""),
    ("schedule", ""),
    ("sqlite", ""),
    ("testing", ""),
    ("test-server", "aws-lc-rs"),
];

/// The README's table, `| feature | what it is | crates | C |`: crates, and whether there is C to compile.
fn table() -> BTreeMap<String, (String, bool)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let (_, section) = readme.split_once("\n## Features\n").unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    lines.take_while(|line| line.starts_with('|')).map(row).collect()
}

fn row(line: &str) -> (String, (String, bool)) {
    let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
    let [name, _, crates, c] = cells[..] else { panic!("{line}") };
    let feature = name.split('`').nth(1).unwrap_or_default();
    (feature.to_owned(), (crates.to_owned(), c != "none"))
}

/// Every crate that is built for Linux with these features, but for this one: `name vVERSION`.
fn crates(features: &str) -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--no-default-features", "--features", features])
        .args(["--edges", "normal,build", "--prefix", "none", "--format", "{p}"])
        .args(["--target", "x86_64-unknown-linux-gnu"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let names = text.lines().map(|line| line.split(" (").next().unwrap().trim().to_owned());
    names.filter(|name| !name.is_empty() && !name.starts_with("ldap-inventory v")).collect()
}
