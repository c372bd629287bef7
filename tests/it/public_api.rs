//! The lists of public items in `docs/public-api.md` against the code, so that a change of the API is seen where it is reviewed.
//!
//! `unreachable_pub` is a lint of the workspace, so what is written as `pub` can be reached from outside; and the code is formatted,
//! so that a line says what it is. `PUBLIC_API_RECORD=1` writes the lists anew.

use crate::docs::read;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

const CRATES: [&str; 6] = [
    "api-core",
    "cove-api",
    "halopsa-api",
    "billing-sync",
    "cove-halo",
    "sandbox",
];

/// A public item with the names it has inside: fields, variants, methods.
struct Item {
    /// The public module it is reached by.
    module: String,
    kind: &'static str,
    name: String,
    file: PathBuf,
    inside: Vec<String>,
}

/// The name at the start of a text.
fn name(text: &str) -> String {
    let letters = text.chars();
    letters
        .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
        .collect()
}

/// Kind and rest of a line that declares something public.
fn declared(line: &str) -> Option<(&'static str, &str)> {
    let line = line.strip_prefix("pub ")?;
    let line = ["async ", "const fn "].iter().fold(line, |line, word| {
        let is_function = line.starts_with("const fn ") || line.starts_with("async fn ");
        match line.strip_prefix(word) {
            Some(rest) if is_function && *word == "async " => rest,
            Some(_) if is_function => &line["const ".len()..],
            _ => line,
        }
    });
    ["struct", "enum", "trait", "fn", "const", "static", "type"]
        .into_iter()
        .find_map(|kind| Some((kind, line.strip_prefix(kind)?.strip_prefix(' ')?)))
}

/// The type that a block of methods is for; `None` for other lines and for implementations of traits.
fn methods_of(line: &str) -> Option<String> {
    let line = line.strip_prefix("impl")?;
    let line = match line.strip_prefix('<') {
        Some(generics) => {
            let mut depth = 1;
            let end = generics.find(|letter| {
                depth += match letter {
                    '<' => 1,
                    '>' => -1,
                    _ => 0,
                };
                depth == 0
            })?;
            &generics[end + 1..]
        }
        None => line,
    };
    let of_trait = line.contains(" for ");
    (!of_trait).then(|| name(line.trim_start()))
}

/// What a line inside an item adds to its names.
fn named_inside(kind: &str, line: &str) -> Option<String> {
    let line = line.strip_prefix("    ")?;
    match kind {
        "struct" => line.strip_prefix("pub ").map(name),
        "enum" => line.starts_with(char::is_uppercase).then(|| name(line)),
        "trait" => {
            let line = line.strip_prefix("async ").unwrap_or(line);
            line.strip_prefix("fn ").map(name)
        }
        "methods" => declared(line).map(|(_, rest)| name(rest)),
        _ => None,
    }
}

/// Reads a crate's files, module by module.
#[derive(Default)]
struct Scan {
    items: Vec<Item>,
    /// Methods by the type's name, with the file they are in.
    methods: Vec<(String, PathBuf, Vec<String>)>,
    /// What is handed on of other crates, by module.
    handed_on: BTreeMap<String, Vec<String>>,
}

impl Scan {
    fn file(&mut self, file: &Path, module: &str, is_public: bool) {
        let text = std::fs::read_to_string(file).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let own: Vec<String> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("pub mod ").or(line.strip_prefix("mod ")))
            .map(name)
            .collect();
        let mut hidden = false;
        let mut for_tests = false;
        for (at, line) in lines.iter().enumerate() {
            let below = |kind: &'static str| {
                let body = lines[at + 1..].iter().take_while(|line| **line != "}");
                let is_open = line.ends_with('{');
                let inside = body.filter_map(move |line| named_inside(kind, line));
                inside.filter(|name| is_open && !name.is_empty()).collect()
            };
            if let Some((kind, rest)) = declared(line).filter(|_| !hidden && !for_tests) {
                self.items.push(Item {
                    module: module.to_owned(),
                    kind,
                    name: name(rest),
                    file: file.to_owned(),
                    inside: below(kind),
                });
            } else if let Some(of) = methods_of(line).filter(|_| !for_tests) {
                self.methods.push((of, file.to_owned(), below("methods")));
            } else if let Some(rest) = line.strip_prefix("macro_rules! ")
                && lines[..at].last() == Some(&"#[macro_export]")
            {
                self.add(("macro", name(rest)), "", file);
            } else if ["text_id!", "int_id!"]
                .iter()
                .any(|it| line.starts_with(it))
            {
                let made = lines[at + 1..]
                    .iter()
                    .take_while(|line| !line.starts_with([')', '}']));
                for line in made
                    .map(|line| line.trim())
                    .filter(|line| line.starts_with(char::is_uppercase))
                {
                    self.add(("id", name(line)), module, file);
                }
            } else if let Some(rest) = line.strip_prefix("pub use ").filter(|_| !hidden) {
                let is_own = own.contains(&name(rest))
                    || ["crate", "self", "super"].contains(&name(rest).as_str());
                if !is_own {
                    let whole: String = lines[at..]
                        .iter()
                        .scan(false, |ended, line| {
                            let go_on = !*ended;
                            *ended |= line.ends_with(';');
                            go_on.then(|| format!("{} ", line.trim()))
                        })
                        .collect();
                    let whole = whole.trim_start_matches("pub use ").trim_end_matches("; ");
                    self.handed_on
                        .entry(module.to_owned())
                        .or_default()
                        .push(whole.replace("{ ", "{").replace(", }", "}"));
                }
            } else if let Some((public, rest)) = line
                .strip_prefix("pub mod ")
                .map(|rest| (true, rest))
                .or(line.strip_prefix("mod ").map(|rest| (false, rest)))
                .filter(|(_, rest)| rest.ends_with(';') && !for_tests && !hidden)
            {
                let child = name(rest);
                let is_public = is_public && public;
                let module = match is_public {
                    true => format!("{module}::{child}"),
                    false => module.to_owned(),
                };
                self.file(&file_of(file, &child), &module, is_public);
            }
            hidden = (hidden && line.starts_with("#[")) || *line == "#[doc(hidden)]";
            for_tests = (for_tests && line.starts_with("#[")) || *line == "#[cfg(test)]";
        }
    }

    fn add(&mut self, (kind, name): (&'static str, String), module: &str, file: &Path) {
        self.items.push(Item {
            module: module.to_owned(),
            kind,
            name,
            file: file.to_owned(),
            inside: Vec::new(),
        });
    }

    /// Gives every method to its type: of several with its name, the one whose file is nearest.
    fn settle(&mut self) {
        for (of, file, methods) in std::mem::take(&mut self.methods) {
            let near = |item: &Item| {
                let pairs = item.file.components().zip(file.components());
                pairs.take_while(|(one, other)| one == other).count()
            };
            let types = self
                .items
                .iter_mut()
                .filter(|item| item.name == of && item.kind != "fn");
            if let Some(item) = types.max_by_key(|item| near(item)) {
                item.inside.extend(methods);
            }
        }
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

/// The public items of a crate, a line each, by module.
fn list_of(package: &str) -> String {
    let library = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../crates")
        .join(package)
        .join("src/lib.rs");
    let mut scan = Scan::default();
    let root = package.replace('-', "_");
    scan.file(&library, &root, true);
    scan.settle();
    let mut modules: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, uses) in scan.handed_on {
        let lines = uses.into_iter().map(|it| format!("use {it}"));
        modules.entry(module).or_default().extend(lines);
    }
    for item in scan.items {
        let module = if item.module.is_empty() {
            root.clone()
        } else {
            item.module
        };
        let mut line = format!("{} {}", item.kind, item.name);
        if !item.inside.is_empty() {
            write!(line, ": {}", item.inside.join(", ")).unwrap();
        }
        modules.entry(module).or_default().push(line);
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

/// The page before the list of a crate, the list, and what comes after it.
fn parts<'a>(page: &'a str, package: &str) -> (&'a str, &'a str, &'a str) {
    let begin = format!("<!-- {package} -->\n\n```text\n");
    let at = page
        .find(&begin)
        .unwrap_or_else(|| panic!("no list of {package}"))
        + begin.len();
    let (list, after) = page[at..].split_at(page[at..].find("```\n").unwrap());
    (&page[..at], list, after)
}

#[test]
fn the_lists_of_public_items_are_those_of_the_code() {
    let mut page = read("docs/public-api.md");
    let record = std::env::var_os("PUBLIC_API_RECORD").is_some();
    for package in CRATES {
        let code = list_of(package);
        let (before, list, after) = parts(&page, package);
        if record {
            page = format!("{before}{code}{after}");
            continue;
        }
        let new: Vec<&str> = code
            .lines()
            .filter(|line| !list.lines().any(|it| it == *line))
            .collect();
        let gone: Vec<&str> = list
            .lines()
            .filter(|line| !code.lines().any(|it| it == *line))
            .collect();
        assert_eq!(
            list, code,
            "{package} has other public items than docs/public-api.md says. New: {new:#?}, gone: {gone:#?}. If that is meant: \
             PUBLIC_API_RECORD=1 cargo test -p tests public_api"
        );
    }
    if record {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/public-api.md");
        std::fs::write(path, page).unwrap();
    }
}

#[test]
fn a_list_has_what_is_public_and_nothing_else() {
    let core = list_of("api-core");
    for line in [
        "api_core\n",
        "\n  macro int_id\n",
        "\n  struct BaseUrl: ",
        "\n  trait Transport: send\n",
        "\n  use secrecy::{ExposeSecret, SecretString}\n",
        "\napi_core::testing\n",
    ] {
        assert!(core.contains(line), "{line}: {core}");
    }
    assert!(!core.contains("private"), "{core}");
    let halo = list_of("halopsa-api");
    assert!(halo.contains("\n  id LicenceId\n"), "{halo}");
    let engine = list_of("billing-sync");
    let plan = engine
        .lines()
        .find(|line| line.starts_with("  struct Plan: "));
    assert!(
        plan.is_some_and(|line| line.contains("approve")),
        "methods of another file: {plan:?}"
    );
}
