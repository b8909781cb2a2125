//! What a reader of the crate's documentation can name: every public item that a path leads to, read from the text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::graph::{tokens, without_tests};

/// The door of a crate.
#[derive(Debug, Default)]
pub(super) struct Door {
    /// Modules that are public, by their paths.
    pub(super) modules: BTreeSet<String>,
    /// Every other public item by its name, with the paths that lead to it.
    pub(super) items: BTreeMap<String, BTreeSet<String>>,
    /// What is public and `#[doc(hidden)]`.
    pub(super) hidden: BTreeSet<String>,
}

/// Where the texts of modules are.
type Texts<'a> = &'a dyn Fn(&[String]) -> Option<String>;

impl Door {
    /// That of the crate whose root is this `lib.rs`.
    pub(super) fn of(root: &Path) -> Self {
        let source = root.parent().unwrap();
        Self::of_texts(&|path| {
            let folder = source.join(path.iter().collect::<PathBuf>());
            let files = match path {
                [] => vec![root.to_owned()],
                _ => vec![folder.with_extension("rs"), folder.join("mod.rs")],
            };
            files.into_iter().find_map(|file| fs::read_to_string(file).ok())
        })
    }

    /// That of a crate whose modules have these texts, the root's path being empty.
    pub(super) fn of_texts(texts: Texts<'_>) -> Self {
        let mut door = Self::default();
        door.enter(texts, &[], "");
        door
    }

    /// Notes the public items of a module that is seen at a path.
    fn enter(&mut self, texts: Texts<'_>, module: &[String], seen_at: &str) {
        for item in public_items(&texts(module).unwrap_or_default()) {
            if item.kind == "use" {
                for (path, name) in leaves(&item.rest) {
                    self.hand_on(texts, module, seen_at, &item, &path, &name);
                }
                continue;
            }
            let name = item.rest[0].clone();
            let at = format!("{seen_at}::{name}");
            if item.is_hidden {
                self.hidden.insert(at);
            } else if item.kind == "mod" {
                self.modules.insert(at.clone());
                self.enter(texts, &[module, &[name]].concat(), &at);
            } else {
                self.items.entry(name).or_default().insert(at);
            }
        }
    }

    /// Notes what a public `use` names: an item, a module, or all that is in one.
    fn hand_on(
        &mut self,
        texts: Texts<'_>,
        module: &[String],
        seen_at: &str,
        item: &Item,
        path: &[String],
        name: &str,
    ) {
        let target = resolve(module, path);
        let at = format!("{seen_at}::{name}");
        if item.is_hidden {
            self.hidden.insert(at);
        } else if name == "*" {
            self.enter(texts, &target, seen_at);
        } else if texts(&target).is_some() {
            self.modules.insert(at.clone());
            self.enter(texts, &target, &at);
        } else {
            self.items.entry(name.to_owned()).or_default().insert(at);
        }
    }

    /// Names to which several paths lead, with these.
    pub(super) fn doubled(&self) -> Vec<String> {
        let doubled = self.items.values().filter(|paths| paths.len() > 1);
        doubled.map(|paths| paths.iter().cloned().collect::<Vec<_>>().join(" and ")).collect()
    }
}

/// A public item: what begins it, and what follows.
struct Item {
    kind: String,
    rest: Vec<String>,
    is_hidden: bool,
}

/// The public items of a file, those inside others apart, and those that only a fuzzer sees.
fn public_items(text: &str) -> Vec<Item> {
    const KINDS: [&str; 9] =
        ["const", "enum", "fn", "mod", "static", "struct", "trait", "type", "use"];
    let tokens = without_tests(tokens(text));
    let mut items = Vec::new();
    let (mut depth, mut attributes) = (0_i32, Vec::new());
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        match token.as_str() {
            "#" if depth == 0 => {
                let end = end_of_attribute(rest);
                attributes.extend_from_slice(&rest[..end]);
                rest = &rest[end..];
            }
            "pub" if depth == 0 && after.first().is_some_and(|next| next != "(") => {
                let is_kind = |token: &String| KINDS.contains(&token.as_str());
                let begin = after.iter().position(is_kind).unwrap_or_default();
                let end = after.iter().position(|token| token == ";").unwrap_or(after.len());
                let has = |word: &str| attributes.iter().any(|token| token == word);
                if !has("fuzzing") {
                    items.push(Item {
                        kind: after[begin].clone(),
                        rest: after[begin + 1..end.max(begin + 2)].to_vec(),
                        is_hidden: has("hidden"),
                    });
                }
            }
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(token.as_str(), ";" | "}") {
            attributes.clear();
        }
    }
    items
}

/// How many tokens the rest of an attribute has.
fn end_of_attribute(tokens: &[String]) -> usize {
    let mut depth = 0;
    let is_end = |token: &String| {
        match token.as_str() {
            "[" => depth += 1,
            "]" => depth -= 1,
            _ => {}
        }
        depth == 0
    };
    tokens.iter().skip_while(|token| *token == "!").position(is_end).map_or(0, |end| end + 1)
}

/// Every path that a `use` names, and the name that it gives it.
fn leaves(tree: &[String]) -> Vec<(Vec<String>, String)> {
    let mut imports = Vec::new();
    super::graph::read_tree(tree, &[], true, &mut imports);
    imports.into_iter().map(|import| (import.path, import.name)).collect()
}

/// The module that a path would lead to, written in a module.
fn resolve(module: &[String], path: &[String]) -> Vec<String> {
    let mut target = module.to_vec();
    for step in path.iter().filter(|step| *step != "*") {
        match step.as_str() {
            "crate" => target.clear(),
            "self" => {}
            "super" => _ = target.pop(),
            name => target.push(name.to_owned()),
        }
    }
    target
}
