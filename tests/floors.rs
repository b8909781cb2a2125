//! The floors of the house: a room imports only from lower floors, and no files import each other in a circle.

mod door;
mod graph;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use self::door::Door;
use self::graph::Graph;

/// Every room of `src/` and its floor.
const FLOORS: [(&str, u8); 19] = [
    ("guide", 6),
    ("curation", 5),
    ("sync", 5),
    ("grouping", 4),
    ("membership", 3),
    ("merge", 3),
    ("ldap", 3),
    ("store", 3),
    ("testing", 4),
    ("credential", 2),
    ("directory", 2),
    ("asset", 2),
    ("schedule", 2),
    ("task", 2),
    ("name", 1),
    ("os", 1),
    ("value", 1),
    ("query", 1),
    ("error", 0),
];

/// The crate has no more public names than this, modules apart.
const MOST_NAMES: usize = 200;

/// Public and hidden. The crate's own tests and benches are other crates: how they script the wire and read what came over
/// it, their random numbers and made-up inventories. And what is opaque to hosts: they pass on what is in a link, and need
/// no name for it.
const HIDDEN: [&str; 18] = [
    "::asset::Sighting",
    "::query::sql::AttributeBloom",
    "::store::MemoryRows",
    "::testing::AccountState",
    "::testing::DirectoryEntry",
    "::testing::Fault",
    "::testing::Gate",
    "::testing::LdapResult",
    "::testing::OperationKind",
    "::testing::Raw",
    "::testing::RecordedConnection",
    "::testing::RecordedSearch",
    "::testing::Script",
    "::testing::SplitMix",
    "::testing::TestCa",
    "::testing::When",
    "::testing::population",
    "::value::View",
];

/// Crates that only the rooms beside them may name.
const FOREIGN: [(&str, &[&str]); 8] = [
    ("flate2", &["ldap"]),
    ("hickory_resolver", &["ldap"]),
    ("deadpool_postgres", &["store", "query"]),
    ("ldap3", &["ldap", "testing"]),
    ("rustls", &["ldap", "testing"]),
    ("tokio_rustls", &["ldap", "testing"]),
    ("x509_parser", &["ldap", "testing"]),
    ("rusqlite", &["store", "query"]),
];

#[test]
fn every_room_stands_on_a_floor() {
    let floors = floors();
    for (room, file) in sources() {
        assert!(
            room == "lib" || floors.contains_key(room.as_str()),
            "{} has no floor",
            file.display()
        );
    }
}

#[test]
fn a_room_imports_only_from_lower_floors() {
    let floors = floors();
    let mut broken = Vec::new();
    for (room, file) in sources() {
        let Some(floor) = floors.get(room.as_str()) else { continue };
        for (number, line) in code(&file) {
            for other in rooms_named(&line) {
                let allowed = other == room || floors.get(other.as_str()).is_none_or(|f| f < floor);
                if !allowed {
                    broken.push(format!("{}:{number}: {room} names {other}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn foreign_crates_stay_in_their_rooms() {
    let mut broken = Vec::new();
    for (room, file) in sources() {
        for (number, line) in code(&file) {
            for (foreign, rooms) in FOREIGN {
                let named = line.contains(&format!("{foreign}::"))
                    && !line.contains(&format!("_{foreign}::"));
                if named && !rooms.contains(&room.as_str()) {
                    broken.push(format!("{}:{number}: {room} names {foreign}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let graph = Graph::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    assert!(graph.len() > 200, "the modules were not found");
    let circles: Vec<String> = graph.circles().iter().map(|circle| in_words(circle)).collect();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

#[test]
fn a_circle_is_found_however_it_is_closed() {
    let with = |one: &str, other: &str| {
        let parent = "mod one;\nmod other;\npub use self::one::One;\npub(crate) use other::*;";
        let texts =
            [("", "mod room;"), ("room", parent), ("room::one", one), ("room::other", other)];
        let circles = Graph::of_texts(&texts).circles();
        circles.iter().map(|circle| in_words(circle)).collect::<Vec<_>>().join(", ")
    };
    let one = "pub struct One;\npub(super) fn one() -> u8 { super::other::other() }";
    let closed = "room::one -> room::other -> room::one";
    for other in [
        "use super::One;\npub fn other() -> u8 { 1 }",
        "use super::{Two, One as First};\npub fn other() -> u8 { 1 }",
        "use crate::room::one;\npub fn other() -> u8 { let '\"' = c; one::one() }",
        "use crate::{\n    room::{self, other},\n};\npub fn other() -> room::One { 1 }",
        "pub fn other(one: &'static super::super::room::One) -> u8 { 1 }",
    ] {
        assert_eq!(with(one, other), closed, "{other}");
    }
    for other in [
        "/// Like [`One`](super::One).\npub fn other() -> &str { \"super::One \\\" super::One\" }",
        "pub fn other() -> u8 { 1 }\n#[cfg(test)]\nmod tests {\n    use super::super::One;\n}",
        "pub(in crate::room) fn other() -> &str { r#\"super::One\"# }",
        "#[cfg(test)]\nuse super::One;\npub fn other() -> u8 { 1 }",
    ] {
        assert_eq!(with(one, other), "", "{other}");
    }
}

#[test]
fn a_parent_that_only_hands_on_is_in_no_circle() {
    let child = "use super::limit;\npub struct Child;";
    let with = |parent: &str| {
        let texts = [("", "mod room;"), ("room", parent), ("room::child", child)];
        Graph::of_texts(&texts).circles().len()
    };
    let limit = "pub fn limit() {}\nmod child;\npub use child::Child;\n";
    assert_eq!(with(limit), 0);
    assert_eq!(with(&format!("{limit}type It = Child;")), 1);
    assert_eq!(with(&format!("{limit}fn it() -> self::child::Child {{}}")), 1);
}

/// What a host writes that has a table of keys and values, and one that has tables of its own.
#[test]
fn a_store_of_a_host_s_own_is_short() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (file, fewer_than) in
        [("examples/custom_repository.rs", 100), ("tests/hosts/relational/src/lib.rs", 350)]
    {
        let lines = std::fs::read_to_string(root.join(file)).unwrap().lines().count();
        assert!(lines < fewer_than, "{file}: {lines} lines");
    }
}

/// What the guide shows of the tests of a host's program, the program included.
#[test]
fn six_tests_of_a_host_are_short() {
    let chapter = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/guide/mocking.rs");
    let chapter = std::fs::read_to_string(chapter).unwrap();
    let block = chapter.split("//! ```\n").nth(1).unwrap();
    let shown = block.lines().filter(|line| !line.starts_with("//! # "));
    let tests = shown.clone().filter(|line| line.starts_with("//! #[tokio::test"));
    assert_eq!((tests.count(), shown.count() < 80), (6, true));
}

#[test]
fn the_door_is_narrow_and_nothing_has_two_names() {
    let door = Door::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    let named = |name: &str| door.items.contains_key(name);
    assert!(["Error", "LdapSource", "Asset", "sync"].into_iter().all(named), "{door:#?}");
    assert_eq!(door.doubled(), Vec::<String>::new());
    let count = door.items.len();
    let names = door.items.values().flatten().cloned().collect::<Vec<_>>().join("\n");
    assert!(count <= MOST_NAMES, "{count} public names:\n{names}");
    assert_eq!(door.hidden.iter().collect::<Vec<_>>(), HIDDEN);
}

#[test]
fn a_reader_of_the_door_sees_what_rustc_does() {
    let lib = "pub mod room;\nmod inner;\npub use inner::{Inner, More as Other};\npub use room::*;\n\
               pub(crate) use inner::Private;\n#[cfg(fuzzing)]\npub mod fuzzing;";
    let room = "mod deep;\npub use self::deep::Deep;\n#[doc(hidden)]\npub use deep::Hidden;\npub struct Room { pub a: u8 }\n\
                impl Room { pub fn method() {} }\npub async fn walk() {}\npub const SIZE: usize = 1;\n\
                #[cfg(test)]\npub mod tests { pub struct Test; }\npub(super) fn own() {}";
    let texts = |path: &[String]| match path.join("::").as_str() {
        "" => Some(lib.to_owned()),
        "room" => Some(room.to_owned()),
        "inner" | "room::deep" => Some(String::new()),
        _ => None,
    };
    let door = Door::of_texts(&texts);
    let names: Vec<&String> = door.items.keys().collect();
    assert_eq!(names, ["Deep", "Inner", "Other", "Room", "SIZE", "walk"]);
    assert_eq!(door.modules.iter().collect::<Vec<_>>(), ["::room"]);
    assert_eq!(door.hidden.iter().collect::<Vec<_>>(), ["::Hidden", "::room::Hidden"]);
    let doubled = ["::Deep and ::room::Deep", "::Room and ::room::Room", "::SIZE and ::room::SIZE"];
    assert_eq!(door.doubled()[..3], doubled);
}

#[test]
fn the_reader_of_imports_finds_what_it_must() {
    assert_eq!(rooms_named("use crate::asset::{Asset, SourceRecord};"), ["asset"]);
    assert_eq!(rooms_named("let x: crate::ldap::Y = crate::merge::z();"), ["ldap", "merge"]);
    assert_eq!(rooms_named("use crate::{Error, Result};"), Vec::<String>::new());
    assert_eq!(rooms_named("use crate::{asset::Asset, merge};"), ["asset", "merge"]);
}

/// The name of every public item of the crate, modules apart.
pub(crate) fn public_names() -> BTreeSet<String> {
    let door = Door::of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs"));
    door.items.into_keys().collect()
}

/// `a.rs -> b.rs -> a.rs`.
fn in_words(circle: &[PathBuf]) -> String {
    circle.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" -> ")
}

fn floors() -> BTreeMap<&'static str, u8> {
    FLOORS.into_iter().collect()
}

/// The rooms that a line of code names by `crate::room` or within `crate::{..}`.
fn rooms_named(line: &str) -> Vec<String> {
    let names = floors();
    let mut found = Vec::new();
    for after in line.split("crate::").skip(1) {
        let list = match after.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap_or_default(),
            None => after.split([';', ' ', ')', '>', ',']).next().unwrap_or_default(),
        };
        for item in list.split(',') {
            let first = item.trim().split([':', ' ', '{', '(', '<']).next().unwrap_or_default();
            if names.contains_key(first) {
                found.push(first.to_owned());
            }
        }
    }
    found
}

/// Numbered lines of a file that are neither comments nor unit tests.
pub(crate) fn code(file: &Path) -> Vec<(usize, String)> {
    let text = fs::read_to_string(file).unwrap();
    let before_tests = text.lines().take_while(|line| line.trim() != "mod tests {");
    before_tests
        .enumerate()
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
        .map(|(number, line)| (number + 1, line.to_owned()))
        .collect()
}

/// Every source file with the room it belongs to. Unit tests in files of their own are left out.
pub(crate) fn sources() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut pending = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = pending.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                pending.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(&root).unwrap();
                let room = inside.components().next().unwrap().as_os_str().to_str().unwrap();
                if !path.file_stem().is_some_and(|stem| stem.to_str().unwrap().ends_with("tests")) {
                    found.push((room.trim_end_matches(".rs").to_owned(), path));
                }
            }
        }
    }
    assert!(found.len() > 40, "the sources were not found");
    found
}
