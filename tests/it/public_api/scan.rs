//! Reads a crate's files from its root on, and keeps what is public.

use super::lines::{declared, inside, maker, methods_of, module, name};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A public item with the names it has inside: fields, variants, methods.
struct Item {
    /// The public module it is reached by.
    module: String,
    kind: String,
    name: String,
    file: PathBuf,
    inside: Vec<String>,
}

#[derive(Default)]
pub(super) struct Scan {
    items: Vec<Item>,
    /// Methods by the type's name, with the file they are in.
    methods: Vec<(String, PathBuf, Vec<String>)>,
}

/// A module: its file, and the public one that its items are reached by.
struct Place<'a> {
    file: &'a Path,
    reached_by: &'a str,
    is_public: bool,
}

impl Scan {
    /// Everything public of the crate with this root, a line each, by module.
    pub(super) fn of_crate(library: &Path, name: &str) -> String {
        let mut scan = Self::default();
        scan.file(&Place {
            file: library,
            reached_by: name,
            is_public: true,
        });
        scan.settle();
        scan.list(name)
    }

    fn file(&mut self, place: &Place<'_>) {
        let text = std::fs::read_to_string(place.file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let own: Vec<String> = lines
            .iter()
            .filter_map(|line| Some(module(line)?.0))
            .collect();
        let mut left_out = false;
        for (at, line) in lines.iter().enumerate() {
            let marks = ["#[doc(hidden)]", "#[cfg(test)]"];
            if marks.contains(line) {
                left_out = true;
            } else if !line.starts_with("#[") {
                if !left_out {
                    self.line(line, &lines[at + 1..], place, &own);
                    if let Some(name) = line.strip_prefix("macro_rules! ")
                        && lines[..at].last() == Some(&"#[macro_export]")
                    {
                        let root = place.reached_by.split("::").next().unwrap();
                        self.add("macro", name.trim_end_matches(" {"), root, place);
                    }
                }
                left_out = false;
            }
        }
    }

    /// Takes one line that is not indented; `below` are those after it.
    fn line(&mut self, line: &str, below: &[&str], place: &Place<'_>, own: &[String]) {
        let body = || {
            below
                .iter()
                .take_while(|line| !line.starts_with(['}', ')']))
        };
        let names = |kind: &str| {
            let is_open = line.ends_with('{');
            let found = body().filter_map(|line| inside(kind, line));
            found.filter(|_| is_open).collect::<Vec<_>>()
        };
        if let Some((kind, name)) = declared(line) {
            let inside = names(kind);
            self.add(kind, &name, place.reached_by, place).inside = inside;
        } else if let Some(of) = methods_of(line) {
            self.methods
                .push((of, place.file.to_owned(), names("methods")));
        } else if line.starts_with("macro_rules! ") {
            // What a macro of the crate always makes, whatever it is given.
            for (kind, name) in body().filter_map(|line| declared(line.trim_start())) {
                if ["struct", "enum"].contains(&kind) {
                    self.add(kind, &name, place.reached_by, place);
                }
            }
        } else if let Some(maker) = maker(line) {
            let types = body().filter_map(|line| inside("enum", line));
            for made in types.filter(|name| name.contains(char::is_lowercase)) {
                self.add(&maker, &made, place.reached_by, place);
            }
        } else if let Some(used) = line.strip_prefix("pub use ") {
            let from = name(used);
            let is_own = own.contains(&from) || ["crate", "self", "super"].contains(&from.as_str());
            if !is_own {
                let more = below.iter().take_while(|_| !line.ends_with(';'));
                let more: Vec<&str> = more.take_while(|line| **line != "};").copied().collect();
                let whole = format!("{used}{}", more.join(" "));
                self.add("use", whole.trim_end_matches(';'), place.reached_by, place);
            }
        } else if let Some((child, is_public)) = module(line) {
            let is_public = place.is_public && is_public;
            let reached_by = if is_public {
                format!("{}::{child}", place.reached_by)
            } else {
                place.reached_by.to_owned()
            };
            self.file(&Place {
                file: &file_of(place.file, &child),
                reached_by: &reached_by,
                is_public,
            });
        }
    }

    fn add(&mut self, kind: &str, name: &str, module: &str, place: &Place<'_>) -> &mut Item {
        self.items.push(Item {
            module: module.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            file: place.file.to_owned(),
            inside: Vec::new(),
        });
        self.items.last_mut().unwrap()
    }

    /// Gives every method to its type: of several with its name, the one whose file is nearest.
    fn settle(&mut self) {
        for (of, file, methods) in std::mem::take(&mut self.methods) {
            let near = |item: &Item| {
                let pairs = item.file.components().zip(file.components());
                pairs.take_while(|(one, other)| one == other).count()
            };
            let types = self.items.iter_mut();
            let types = types.filter(|item| item.name == of && item.kind != "fn");
            if let Some(item) = types.max_by_key(|item| near(item)) {
                item.inside.extend(methods);
            }
        }
    }

    fn list(self, root: &str) -> String {
        let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
        modules.entry(root.to_owned()).or_default();
        for item in self.items {
            let mut line = format!("{} {}", item.kind, item.name);
            if !item.inside.is_empty() {
                write!(line, ": {}", item.inside.join(", ")).unwrap();
            }
            modules.entry(item.module).or_default().push(line);
        }
        let mut text = String::new();
        for (module, mut lines) in modules {
            lines.sort();
            writeln!(text, "{module}").unwrap();
            for line in lines {
                writeln!(text, "  {line}").unwrap();
            }
        }
        text
    }
}

/// The file of a module that another file declares.
fn file_of(parent: &Path, child: &str) -> PathBuf {
    let folder = match parent.file_stem().unwrap().to_str().unwrap() {
        "lib" | "mod" => parent.with_file_name(child),
        _ => parent.with_extension("").join(child),
    };
    let alone = folder.with_extension("rs");
    if alone.exists() {
        alone
    } else {
        folder.join("mod.rs")
    }
}
