//! The page of cases names tests that are there, and says of each case what holds it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The names of all functions of this crate and its tests.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let declared = text.split("fn ").skip(1).filter_map(|rest| {
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_')?;
                Some(rest[..end].to_owned())
            });
            names.extend(declared);
        }
    }
}

/// Whether a row of the page is held as it says, or why not.
fn judge(row: &str, functions: &BTreeSet<String>) -> Result<(), String> {
    let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
    let [case, tests, open] = cells[..] else { return Err(format!("{row}: not three cells")) };
    // A name that is quoted stands between two marks: every second piece is one.
    let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
    for test in &named {
        if !functions.contains(*test) {
            return Err(format!("{case}: there is no test {test}"));
        }
    }
    match named.is_empty() && open.is_empty() {
        true => Err(format!("{case}: neither a test nor a word on what is open")),
        false => Ok(()),
    }
}

#[test]
fn every_case_has_its_tests_or_says_what_is_open() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = BTreeSet::new();
    for folder in ["src", "tests", "examples/console/src", "examples/console/tests"] {
        functions(&root.join(folder), &mut names);
    }
    let page = fs::read_to_string(root.join("tests/threats.md")).unwrap();
    let rows: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| case |"))
        .collect();
    let mut wrong: Vec<String> = rows.iter().filter_map(|row| judge(row, &names).err()).collect();
    let mut cases = BTreeSet::new();
    let case = |row: &&&str| row.trim_matches('|').split('|').next().map(|it| it.trim().to_owned());
    let doubled = rows.iter().filter(|row| !cases.insert(case(row)));
    wrong.extend(doubled.map(|row| format!("told twice: {row}")));
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(rows.len() > 100, "{} cases", rows.len());
}

#[test]
fn a_test_that_is_gone_and_a_case_without_a_word_are_found() {
    let names: BTreeSet<String> = ["is_there".to_owned()].into();
    judge("| one | `is_there` | |", &names).unwrap();
    judge("| one | | not tested |", &names).unwrap();
    judge("| one | `is_there`, `is_gone` | |", &names).unwrap_err();
    judge("| one | | |", &names).unwrap_err();
    judge("| one | `is_there` |", &names).unwrap_err();
}
