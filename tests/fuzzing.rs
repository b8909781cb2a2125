//! The fuzz targets are the package's programs, and each begins from seeds of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_fuzz_target_is_built_and_has_seeds_and_nothing_else_has() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let manifest = fs::read_to_string(fuzz.join("Cargo.toml")).unwrap();
    let manifest: toml::Table = toml::from_str(&manifest).unwrap();
    let programs: BTreeSet<String> = manifest["bin"]
        .as_array()
        .unwrap()
        .iter()
        .map(|program| {
            assert!(fuzz.join(program["path"].as_str().unwrap()).exists(), "{program}");
            program["name"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(programs.len() > 10);
    assert_eq!(names(&fuzz.join("targets")), programs);
    assert_eq!(names(&fuzz.join("seeds")), programs);
    for seeds in programs.iter().map(|program| fuzz.join("seeds").join(program)) {
        assert!(fs::read_dir(&seeds).unwrap().next().is_some(), "{} is empty", seeds.display());
    }
}

/// Words for a target that is not there would never be used.
#[test]
fn every_dictionary_belongs_to_a_target() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let targets = names(&fuzz.join("targets"));
    let files = fs::read_dir(&fuzz).unwrap().map(|entry| entry.unwrap().path());
    for words in files.filter(|path| path.extension().is_some_and(|it| it == "dict")) {
        assert!(targets.contains(words.file_stem().unwrap().to_str().unwrap()), "{words:?}");
    }
}
