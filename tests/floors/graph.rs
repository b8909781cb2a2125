//! Which file of `src/` imports from which, read from the text: modules as they are declared, `use`, and paths in line.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

/// A module by its path from the root: `["sync", "read"]`.
type ModulePath = Vec<String>;

/// The modules of a crate, and what each imports.
pub(super) struct Graph {
    modules: BTreeMap<ModulePath, Module>,
}

#[derive(Default)]
struct Module {
    /// The file, from `src/`.
    file: PathBuf,
    /// Items that the file itself defines.
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Everything but comments, texts, tests and `use`, as words and signs.
    tokens: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Import {
    pub(super) path: Vec<String>,
    /// What the file calls it; `*` for everything.
    pub(super) name: String,
    is_public: bool,
}

/// What a path leads to.
enum Target {
    /// An item, by the module whose file defines it.
    Item(ModulePath),
    Module(ModulePath),
}

impl Graph {
    /// That of the crate whose root is this `lib.rs`. Modules that only tests have are left out.
    pub(super) fn of(root: &Path) -> Self {
        let mut graph = Self { modules: BTreeMap::new() };
        graph.add(root.parent().unwrap(), root.to_owned(), Vec::new());
        graph
    }

    /// A graph of made-up files, each a module's path (`a::b`; empty for the root) and text.
    pub(super) fn of_texts(texts: &[(&str, &str)]) -> Self {
        let mut modules = BTreeMap::new();
        for (path, text) in texts {
            let file = PathBuf::from(if path.is_empty() { "lib.rs" } else { path });
            let path = path.split("::").filter(|name| !name.is_empty()).map(str::to_owned);
            let (module, _) = Module::read(file, text);
            modules.insert(path.collect(), module);
        }
        Self { modules }
    }

    /// How many files there are.
    pub(super) fn len(&self) -> usize {
        self.modules.len()
    }

    /// One circle of files for each of their knots, the shortest through its first file: `a.rs -> b.rs -> a.rs`.
    pub(super) fn circles(&self) -> Vec<Vec<PathBuf>> {
        let edges = self.edges();
        let mut circles = Vec::new();
        let mut done: BTreeSet<&ModulePath> = BTreeSet::new();
        for start in edges.keys() {
            if done.contains(start) {
                continue;
            }
            if let Some(circle) = shortest_circle(&edges, start) {
                let reached = reachable(&edges, start);
                let knot = reached.into_iter().filter(|to| reachable(&edges, to).contains(start));
                done.extend(knot);
                let file = |module: &ModulePath| self.modules[module].file.clone();
                circles.push(circle.iter().map(file).collect());
            }
        }
        circles
    }

    fn add(&mut self, source: &Path, file: PathBuf, path: ModulePath) {
        let text = fs::read_to_string(&file).unwrap();
        let (module, children) = Module::read(file.strip_prefix(source).unwrap().into(), &text);
        for child in children {
            let folder: PathBuf = path.iter().collect();
            let folder = source.join(folder);
            let mut found =
                [folder.join(format!("{child}.rs")), folder.join(&child).join("mod.rs")]
                    .into_iter()
                    .filter(|file| file.exists());
            let file = found.next().unwrap_or_else(|| panic!("{path:?} has no file for {child}"));
            self.add(source, file, path.iter().cloned().chain([child]).collect());
        }
        self.modules.insert(path, module);
    }

    fn edges(&self) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
        let edges = self.modules.keys().map(|path| {
            let mut to = self.imported_by(path);
            to.remove(path);
            (path.clone(), to)
        });
        edges.collect()
    }

    /// The modules whose items the code of one names.
    fn imported_by(&self, path: &ModulePath) -> BTreeSet<ModulePath> {
        let module = &self.modules[path];
        let mut found = BTreeSet::new();
        for import in &module.imports {
            // Handing on what others define is no use of it.
            let is_used = !import.is_public || module.tokens.contains(&import.name);
            if is_used && let Some(Target::Item(at)) = self.resolve(path, &import.path, 0) {
                found.insert(at);
            }
        }
        for inline in inline_paths(&module.tokens) {
            if let Some(Target::Item(at)) = self.resolve(path, &inline, 0) {
                found.insert(at);
            }
        }
        found
    }

    /// Where a path leads to that is written in a module. `None`: out of the crate.
    fn resolve(&self, from: &ModulePath, path: &[String], depth: usize) -> Option<Target> {
        let (first, rest) = path.split_first()?;
        let up = &from[..from.len().saturating_sub(1)];
        match first.as_str() {
            _ if depth > 20 => None,
            "crate" => self.walk(Vec::new(), rest, depth),
            "self" => self.walk(from.clone(), rest, depth),
            "super" if rest.first().is_some_and(|next| next == "super") => {
                self.resolve(&up.to_vec(), rest, depth)
            }
            "super" => self.walk(up.to_vec(), rest, depth),
            name => {
                let target = self.step(from, name, rest.is_empty(), depth)?;
                self.go_on(target, rest, depth)
            }
        }
    }

    fn walk(&self, at: ModulePath, rest: &[String], depth: usize) -> Option<Target> {
        let Some((name, rest)) = rest.split_first() else { return Some(Target::Module(at)) };
        if name == "*" {
            return Some(Target::Item(at));
        }
        // A macro, or something that this reader does not know: it is somewhere in the file.
        let target = self.step(&at, name, rest.is_empty(), depth).unwrap_or(Target::Item(at));
        self.go_on(target, rest, depth)
    }

    fn go_on(&self, target: Target, rest: &[String], depth: usize) -> Option<Target> {
        match target {
            Target::Module(at) => self.walk(at, rest, depth),
            Target::Item(at) => Some(Target::Item(at)),
        }
    }

    /// What a module knows by a name: a child, an item of its own, or something that it imports. A module may have the
    /// name of a function: whatever is not the end of a path is no function.
    fn step(&self, at: &ModulePath, name: &str, is_last: bool, depth: usize) -> Option<Target> {
        let module = self.modules.get(at)?;
        let child: ModulePath = at.iter().cloned().chain([name.to_owned()]).collect();
        let child = self.modules.contains_key(&child).then_some(Target::Module(child));
        if !is_last && child.is_some() {
            return child;
        }
        if module.items.contains(name) {
            return Some(Target::Item(at.clone()));
        }
        let import = module.imports.iter().find(|import| import.name == name);
        let imported = import.and_then(|import| self.resolve(at, &import.path, depth + 1));
        imported.or(child)
    }
}

impl Module {
    /// Reads a file, and says which modules it declares.
    fn read(file: PathBuf, text: &str) -> (Self, Vec<String>) {
        let mut module = Self { file, ..Self::default() };
        let mut children = Vec::new();
        let tokens = without_tests(tokens(text));
        let mut rest = tokens.as_slice();
        let mut depth = 0_i32;
        let mut is_public = false;
        while let Some((token, after)) = rest.split_first() {
            rest = after;
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                "use" => {
                    let end = rest.iter().position(|token| token == ";").unwrap_or(rest.len());
                    read_tree(&rest[..end], &[], is_public, &mut module.imports);
                    rest = &rest[end..];
                }
                "mod" if rest.get(1).is_some_and(|token| token == ";") => {
                    children.push(rest[0].clone());
                }
                "struct" | "enum" | "union" | "trait" | "type" | "fn" | "const" | "static"
                    if depth == 0 =>
                {
                    module.items.extend(rest.first().cloned());
                }
                "macro_rules" if depth == 0 => module.items.extend(rest.get(1).cloned()),
                "pub" if rest.first().is_some_and(|token| token == "(") => {
                    let end = rest.iter().position(|token| token == ")").unwrap_or_default();
                    rest = &rest[end + 1..];
                    is_public = true;
                    continue;
                }
                _ => module.tokens.push(token.clone()),
            }
            is_public = token == "pub";
        }
        (module, children)
    }
}

/// Reads what stands between `use` and its semicolon.
pub(super) fn read_tree(
    tokens: &[String],
    before: &[String],
    is_public: bool,
    into: &mut Vec<Import>,
) {
    let mut path = before.to_vec();
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        match token.as_str() {
            "::" => {}
            "{" => {
                let inside = &after[..after.len().saturating_sub(1)];
                for branch in branches(inside) {
                    read_tree(branch, &path, is_public, into);
                }
                return;
            }
            "as" => {
                let name = after.first().cloned().unwrap_or_default();
                into.push(Import { path, name, is_public });
                return;
            }
            "self" if !path.is_empty() => {}
            name => path.push(name.to_owned()),
        }
        rest = after;
    }
    let name = path.last().cloned().unwrap_or_default();
    into.push(Import { path, name, is_public });
}

/// The branches of a tree, which commas divide.
fn branches(tokens: &[String]) -> Vec<&[String]> {
    let mut depth = 0;
    let is_end = |token: &String| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token == ","
    };
    tokens.split(is_end).filter(|branch| !branch.is_empty()).collect()
}

/// Paths of two names and more.
fn inline_paths(tokens: &[String]) -> Vec<Vec<String>> {
    let mut paths = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut tokens = tokens.iter().peekable();
    while let Some(token) = tokens.next() {
        if is_word(token) {
            path.push(token.clone());
            if tokens.next_if(|token| *token == "::").is_some() {
                continue;
            }
        }
        if path.len() > 1 {
            paths.push(std::mem::take(&mut path));
        }
        path.clear();
    }
    paths
}

/// Words and signs, without comments and texts.
pub(super) fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if let Some(length) = length_of_text(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            let is_end = |c: char| !c.is_alphanumeric() && c != '_';
            let length = rest.find(is_end).unwrap_or(rest.len());
            tokens.push(rest[..length].to_owned());
            length
        } else if rest.starts_with("::") {
            tokens.push("::".to_owned());
            2
        } else {
            if !first.is_whitespace() {
                tokens.push(first.to_string());
            }
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    tokens
}

/// How long the text is that the code begins with, if it begins with one. Lifetimes are none.
fn length_of_text(code: &str) -> Option<usize> {
    let raw = code.strip_prefix('b').unwrap_or(code);
    if let Some(hashes) = raw.strip_prefix('r') {
        let count = hashes.len() - hashes.trim_start_matches('#').len();
        let end = format!("\"{}", "#".repeat(count));
        let inside = hashes[count..].strip_prefix('"')?;
        return Some(code.len() - inside.len() + inside.find(&end)? + end.len());
    }
    let quote = raw.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let inside = &raw[1..];
    let is_lifetime = quote == '\'' && !inside.starts_with('\\') && {
        let mut chars = inside.chars();
        chars.next();
        chars.next() != Some('\'')
    };
    if is_lifetime {
        return None;
    }
    let mut is_escaped = false;
    let end = inside.find(|c| {
        let ends = c == quote && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        ends
    })?;
    Some(code.len() - inside.len() + end + 1)
}

/// The code without what only tests have: whatever follows `#[cfg(test)]`, up to its semicolon or closing brace.
pub(super) fn without_tests(tokens: Vec<String>) -> Vec<String> {
    const ONLY_TESTS: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        if !rest.iter().take(7).eq(ONLY_TESTS.iter()) {
            kept.push(token.clone());
            rest = after;
            continue;
        }
        let mut depth = 0;
        let is_end = |token: &String| {
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth -= 1,
                _ => {}
            }
            depth == 0 && matches!(token.as_str(), ";" | "}")
        };
        let end = rest.iter().position(is_end).map_or(rest.len(), |end| end + 1);
        rest = &rest[end..];
    }
    kept
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

fn reachable<'a>(
    edges: &'a BTreeMap<ModulePath, BTreeSet<ModulePath>>,
    start: &ModulePath,
) -> BTreeSet<&'a ModulePath> {
    let mut found = BTreeSet::new();
    let mut pending: Vec<&ModulePath> = edges[start].iter().collect();
    while let Some(next) = pending.pop() {
        if found.insert(next) {
            pending.extend(&edges[next]);
        }
    }
    found
}

fn shortest_circle(
    edges: &BTreeMap<ModulePath, BTreeSet<ModulePath>>,
    start: &ModulePath,
) -> Option<Vec<ModulePath>> {
    let mut came: BTreeMap<&ModulePath, &ModulePath> = BTreeMap::new();
    let mut pending = VecDeque::from([start]);
    while let Some(at) = pending.pop_front() {
        for next in &edges[at] {
            if next == start {
                let back = std::iter::successors(Some(at), |at| came.get(at).copied());
                let mut circle: Vec<ModulePath> = back.cloned().collect();
                circle.reverse();
                circle.push(start.clone());
                return Some(circle);
            }
            if next != start && !came.contains_key(next) {
                came.insert(next, at);
                pending.push_back(next);
            }
        }
    }
    None
}
