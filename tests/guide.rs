//! What the guide says of the code, where the sources tell whether it is so.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::floors::{code, sources};

fn source(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path)).unwrap()
}

fn chapter(name: &str) -> String {
    source(&format!("guide/{name}.rs"))
}

/// The rows of tables, as cells.
fn rows(chapter: &str) -> impl Iterator<Item = Vec<&str>> {
    let rows = chapter.lines().filter_map(|line| line.strip_prefix("//! |")?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(str::trim).collect())
}

#[test]
fn every_chapter_is_listed_and_says_what_it_is_about() {
    let front = chapter("mod");
    let listed = |name: &str| front.contains(&format!(". [`{name}`]: "));
    let chapters: Vec<&str> =
        front.lines().filter_map(|line| line.strip_prefix("pub mod ")).collect();
    assert!(chapters.len() > 10, "the chapters were not found");
    for name in chapters.iter().map(|name| name.trim_end_matches(';')) {
        assert!(listed(name), "{name} is not listed");
        assert!(chapter(name).starts_with("//! "), "{name}");
    }
    let numbers = front.lines().filter_map(|line| line.strip_prefix("//! ")?.split_once(". [`"));
    let numbers: Vec<usize> = numbers.map(|(number, _)| number.parse().unwrap()).collect();
    assert_eq!(numbers, (1..=chapters.len()).collect::<Vec<_>>());
}

#[test]
fn every_span_and_event_is_in_the_guide_with_its_fields() {
    let mut told = BTreeSet::new();
    for (_, file) in sources() {
        let text: String = code(&file).into_iter().map(|(_, line)| line + "\n").collect();
        told.extend(events(&text).map(|event| format!("{event} | `{}`", module(&file))));
    }
    assert!(told.len() > 10, "the events were not found");
    let chapter = chapter("progress");
    let listed = rows(&chapter).filter(|cells| cells.len() == 4 && cells[3].starts_with('`'));
    let listed: BTreeSet<String> = listed.map(|cells| cells.join(" | ")).collect();
    let only = |of: &BTreeSet<String>, not: &BTreeSet<String>| -> Vec<String> {
        of.difference(not).cloned().collect()
    };
    assert_eq!(only(&told, &listed), [""; 0], "is not in the table");
    assert_eq!(only(&listed, &told), [""; 0], "is in the table alone");
}

/// The module that a source file is.
fn module(file: &Path) -> String {
    let inside = file.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let parts: Vec<&str> = inside.iter().map(|part| part.to_str().unwrap()).collect();
    parts.join("::").trim_end_matches(".rs").trim_end_matches("::mod").to_owned()
}

/// The spans and events of a source as rows of the guide's table, but for their module.
fn events(text: &str) -> impl Iterator<Item = String> {
    text.split("tracing::").skip(1).filter_map(|rest| {
        let (name, rest) = rest.split_once('!')?;
        let level = name.strip_suffix("_span").unwrap_or(name);
        if !["trace", "debug", "info", "warn", "error"].contains(&level) {
            return None;
        }
        let arguments = arguments(rest.strip_prefix('(')?);
        let is_text = |argument: &&String| argument.starts_with('"');
        let message = arguments.iter().find(is_text)?.trim_matches('"').to_owned();
        let fields = arguments.iter().filter(|argument| !is_text(argument)).map(|argument| {
            let name = argument.split('=').next().unwrap_or_default();
            format!("`{}`", name.trim().trim_start_matches(['?', '%']))
        });
        let fields = fields.collect::<Vec<_>>().join(", ");
        let what = if name == level { format!("`{level}`") } else { format!("`{level}` span") };
        Some(format!("{what} | {message} | {fields}"))
    })
}

/// What stands between commas up to the parenthesis that ends a list of arguments.
fn arguments(text: &str) -> Vec<String> {
    let (mut all, mut argument, mut depth, mut is_quoted) = (Vec::new(), String::new(), 0, false);
    for c in text.chars() {
        is_quoted ^= c == '"';
        match c {
            _ if is_quoted => argument.push(c),
            ')' if depth == 0 => break,
            ',' if depth == 0 => all.push(std::mem::take(&mut argument)),
            _ => {
                depth += i32::from("([{".contains(c)) - i32::from(")]}".contains(c));
                argument.push(c);
            }
        }
    }
    all.push(argument);
    all.iter().map(|it| it.trim().to_owned()).filter(|it| !it.is_empty()).collect()
}

#[test]
fn a_reader_of_events_sees_what_the_macros_do() {
    let text = "tracing::warn!(error = %e.report(), attempt, \"it (failed), again\");\n\
                let span = tracing::info_span!(\"run\", id = %run.id);\n\
                tracing::debug!(\n    ?step,\n    mode = format_args!(\"{:o}\", mode & 7),\n    \"on its way\"\n);\n\
                tracing::warn!(\"{warning}\");\nuse tracing::Instrument;";
    let expected = [
        "`warn` | it (failed), again | `error`, `attempt`",
        "`info` span | run | `id`",
        "`debug` | on its way | `step`, `mode`",
        "`warn` | {warning} | ",
    ];
    assert_eq!(events(text).collect::<Vec<_>>(), expected);
}

#[test]
fn the_guide_says_of_every_kind_of_error_whom_it_concerns() {
    let text = source("error.rs");
    let (_, variants) = text.split_once("pub enum ErrorKind {\n").unwrap();
    let (variants, _) = variants.split_once("\n}").unwrap();
    let variants = variants.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    let variants: Vec<&str> = variants.map(|line| line.trim_end_matches(',')).collect();
    assert!(variants.len() > 20, "the kinds were not found");
    let chapter = chapter("operating");
    let (_, example) = chapter.split_once("match error.kind() {").unwrap();
    let words: BTreeSet<&str> = example.split(|c: char| !c.is_alphanumeric()).collect();
    let missing: Vec<&&str> = variants.iter().filter(|kind| !words.contains(**kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// Whatever the rules can say of a computer, or of an asset that was not taken, is said by one of the examples.
#[test]
fn every_sentence_of_the_rules_has_an_example() {
    let chapter = chapter("matching");
    let lines = chapter.lines().map(|line| line.trim_start_matches("//!").trim());
    let chapter = lines.collect::<Vec<_>>().join(" ").replace("\\ ", "");
    let files = ["merge/reason.rs", "merge/exclusion.rs", "merge/evidence.rs", "name/weakness.rs"];
    let said: Vec<String> = files.into_iter().flat_map(|file| sentences(&source(file))).collect();
    assert!(said.len() > 50, "the sentences were not found");
    let has_example = |sentence: &&String| !chapter.contains(&**sentence);
    let missing: Vec<&String> = said.iter().filter(has_example).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    let codes = source("merge/reason.rs");
    let codes = codes.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next());
    let is_missing = |code: &&str| *code != "recorded" && !chapter.contains(&format!("\"{code}\""));
    let missing: Vec<&str> = codes.filter(is_missing).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Of each text that a source prints, the longest piece that is not filled in.
fn sentences(source: &str) -> Vec<String> {
    let printing = source.split("impl fmt::Display for ").skip(1);
    let bodies = printing.filter_map(|rest| rest.split("\n}\n").next());
    let texts = bodies.flat_map(|body| body.split('"').skip(1).step_by(2));
    let texts = texts.map(|text| {
        let lines = text.split("\\\n").map(str::trim_start);
        let pieces = lines.collect::<String>();
        let pieces = pieces.split(['{', '}']).step_by(2);
        let pieces = pieces.map(|piece| piece.trim_matches([' ', ',']).to_owned());
        pieces.max_by_key(String::len).unwrap_or_default()
    });
    // What is shorter only joins others.
    texts.filter(|text| text.contains(' ') || text.len() > 8).collect()
}
