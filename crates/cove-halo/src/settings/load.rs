//! From file and environment to checked settings. Every error names the file and line, or the variable, it is about.

use super::pair::{self, PairName, SettingsFile};
use super::suggest::nearest;
use super::{Settings, SettingsError};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use toml::de::{DeTable, DeValue};
use toml::{Spanned, Table, Value};

/// The settings file that is read when none is named.
pub const DEFAULT_FILE: &str = "cove-halo.toml";

const PREFIX: &str = "COVE_HALO_";

/// Longest settings file that is read, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

/// How the text of a variable becomes a value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Switch,
    List,
}

/// Every section with its keys. A test holds it against the types.
const SECTIONS: [(&str, &[(&str, Kind)]); 11] = [
    (
        "cove",
        &[
            ("source", Kind::Text),
            ("base_url", Kind::Text),
            ("account_id", Kind::Text),
            ("contract_ids", Kind::List),
            ("audience", Kind::Text),
            ("partner", Kind::Text),
            ("username", Kind::Text),
            ("cutover_day", Kind::Number),
            ("products", Kind::List),
            ("efile", Kind::List),
            ("efile_customers", Kind::Text),
        ],
    ),
    (
        "cove.management",
        &[
            ("base_url", Kind::Text),
            ("servers", Kind::Text),
            ("undefined_physicality", Kind::Text),
            ("fair_use_physical_server", Kind::Number),
            ("fair_use_virtual_server", Kind::Number),
            ("fair_use_workstation", Kind::Number),
            ("fair_use_pool", Kind::Text),
            ("gigabyte", Kind::Text),
            ("minimum_additional", Kind::Number),
            ("trials", Kind::Text),
            ("misplaced", Kind::Text),
            ("recycle_bin", Kind::Text),
            ("provisioned", Kind::Text),
            ("documents_product", Kind::Text),
            ("users_column", Kind::Text),
        ],
    ),
    (
        "usage",
        &[
            ("path", Kind::Text),
            ("vendor", Kind::Text),
            ("final_from_day", Kind::Number),
            ("lists_everybody", Kind::Switch),
            ("total_row", Kind::Text),
            ("delimiter", Kind::Text),
            ("decimal", Kind::Text),
            ("rows", Kind::Text),
            ("customer", Kind::Text),
            ("customer_name", Kind::Text),
            ("customer_reference", Kind::Text),
            ("service", Kind::Text),
            ("service_name", Kind::Text),
            ("quantity", Kind::Text),
            ("unit", Kind::Text),
            ("contract", Kind::Text),
            ("amount", Kind::Text),
            ("device", Kind::Text),
        ],
    ),
    (
        "halo",
        &[
            ("base_url", Kind::Text),
            ("tenant", Kind::Text),
            ("scopes", Kind::List),
            ("customer_field", Kind::Text),
            ("customer_lookup", Kind::Text),
            ("requests_per_window", Kind::Number),
            ("window_seconds", Kind::Number),
            ("write_batch", Kind::Number),
            ("concurrency", Kind::Number),
        ],
    ),
    ("match", &[("key", Kind::Text)]),
    (
        "subscription",
        &[("name", Kind::Text), ("adopt", Kind::Text)],
    ),
    (
        "guard",
        &[
            ("max_changed_percent", Kind::Number),
            ("min_changed", Kind::Number),
            ("max_zeroed", Kind::Number),
            ("max_created", Kind::Number),
            ("max_client_change_percent", Kind::Number),
            ("max_money_delta", Kind::Text),
        ],
    ),
    ("state", &[("path", Kind::Text)]),
    (
        "schedule",
        &[
            ("cron", Kind::Text),
            ("timezone", Kind::Text),
            ("jitter_seconds", Kind::Number),
        ],
    ),
    (
        "notify",
        &[
            ("when", Kind::Text),
            ("webhook", Kind::Text),
            ("webhook_shape", Kind::Text),
            ("names", Kind::Switch),
            ("ticket", Kind::Switch),
            ("ticket_client", Kind::Number),
            ("ticket_type", Kind::Number),
            ("smtp_host", Kind::Text),
            ("smtp_port", Kind::Number),
            ("smtp_user", Kind::Text),
            ("from", Kind::Text),
            ("to", Kind::List),
        ],
    ),
    ("metrics", &[("file", Kind::Text)]),
];

const RULE_KEYS: [&str; 10] = [
    "service",
    "customer",
    "action",
    "reason",
    "until",
    "name",
    "multiplier",
    "free",
    "round",
    "minimum",
];

const ALLOCATE_KEYS: [&str; 7] = [
    "service", "contract", "method", "by", "name", "round", "until",
];

const CLIENT_KEYS: [&str; 3] = ["id", "max_change_percent", "max_count"];

/// Every list of tables with its keys.
pub(super) const LISTS: [(&str, &[&str]); 3] = [
    ("rule", &RULE_KEYS),
    ("allocate", &ALLOCATE_KEYS),
    ("guard.client", &CLIENT_KEYS),
];

/// The variables that replace a list as a whole.
const LIST_VARIABLES: [&str; 2] = ["rule", "allocate"];

/// Words in a key that say a secret was put where it does not belong.
const SECRET_WORDS: [&str; 5] = ["secret", "api_key", "apikey", "password", "client_id"];

/// The variable that overrides a key, for example `COVE_HALO_HALO_TENANT` for `tenant` in `[halo]`.
pub fn variable_of(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}_{key}")
        .replace('.', "_")
        .to_uppercase()
}

/// A value that does not do, by the path of its key (`halo.base_url`, `rule[0].free`).
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

/// What is read, and what goes over it.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) text: &'a str,
    /// The file's name for messages.
    pub(super) origin: &'a str,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

impl Context<'_> {
    /// The line of a place in the text, from 1.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        line_of(self.text, offset)
    }

    /// Only the message: the error's own text quotes the line, which may hold something private.
    fn syntax(&self, error: &toml::de::Error) -> SettingsError {
        let line = error.span().map_or(1, |span| self.line_of(span.start));
        SettingsError::new(format!(
            "{}:{line}: {}",
            self.origin,
            error.message().lines().collect::<Vec<_>>().join(" ")
        ))
    }
}

/// Where each value came from.
#[derive(Debug)]
struct Places<'a> {
    origin: &'a str,
    pair: Option<&'a PairName>,
    lines: BTreeMap<String, usize>,
    overridden: BTreeSet<String>,
}

impl Places<'_> {
    fn at_line(&self, line: usize) -> String {
        format!("{}:{line}", self.origin)
    }

    fn of(&self, path: &str) -> String {
        let root = path.split('[').next().unwrap_or(path);
        if self.overridden.contains(path) || self.overridden.contains(root) {
            return match path.rsplit_once('.') {
                Some((section, key)) if !section.contains('[') => variable_of(section, key),
                _ => list_variable(root),
            };
        }
        match self.lines.get(path) {
            Some(line) => self.at_line(*line),
            None => match self.pair {
                Some(pair) => format!("{}, pair {pair}", self.origin),
                None => self.origin.to_owned(),
            },
        }
    }
}

impl Settings {
    /// Reads and checks settings from TOML text. `origin` is the file's name for messages.
    ///
    /// # Errors
    /// When the text is not TOML, a key is unknown, or a value is missing or cannot be used.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, SettingsError> {
        read_file_text(text, origin, &|_| None)?.select(None)
    }

    /// Reads the settings file and applies the environment over it. Without a path, `cove-halo.toml` is read if it
    /// is there; otherwise everything must come from the environment.
    ///
    /// # Errors
    /// When the file cannot be read, a key is unknown, or a value is missing or cannot be used.
    pub fn load(
        path: Option<&Path>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        SettingsFile::load(path, env)?.select(None)
    }

    /// Checks that every variable whose name begins with `COVE_HALO_` overrides a key: a misspelt variable would
    /// otherwise change nothing, silently. `others` are names of that form that belong to the program.
    ///
    /// # Errors
    /// When a variable overrides nothing; names the one that was probably meant.
    pub fn check_environment(
        names: impl IntoIterator<Item = String>,
        others: &[&str],
    ) -> Result<(), SettingsError> {
        let mut known: Vec<String> = keys()
            .map(|(section, key, _)| variable_of(section, key))
            .collect();
        known.extend(LIST_VARIABLES.map(list_variable));
        for name in names {
            if name.starts_with(PREFIX)
                && !known.contains(&name)
                && !others.contains(&name.as_str())
            {
                let hint = match nearest(&name, known.iter().map(String::as_str)) {
                    Some(meant) => format!("did you mean {meant}?"),
                    None => "a key is overridden by COVE_HALO_<SECTION>_<KEY>, for example COVE_HALO_HALO_TENANT".to_owned(),
                };
                return Err(SettingsError::new(format!(
                    "the variable {name} overrides no setting"
                ))
                .with_hint(hint));
            }
        }
        Ok(())
    }
}

fn list_variable(list: &str) -> String {
    format!("{PREFIX}{list}").to_uppercase()
}

/// The text of the settings file and its name for messages. Without a path, a default file that is not there is empty.
pub(super) fn text_of(path: Option<&Path>) -> Result<(String, String), SettingsError> {
    let file = path.unwrap_or(Path::new(DEFAULT_FILE));
    let text = match read_file(file) {
        Ok(text) => text,
        Err(error) if path.is_none() && error.kind() == std::io::ErrorKind::NotFound => {
            String::new()
        }
        Err(error) => {
            return Err(
                SettingsError::new(format!("cannot read {}: {error}", file.display())).with_hint(
                    "name the settings file with --config FILE, or make one with `init`",
                ),
            );
        }
    };
    Ok((text, file.display().to_string()))
}

fn read_file(path: &Path) -> std::io::Result<String> {
    let size = std::fs::metadata(path)?.len();
    if size > MAX_FILE {
        return Err(std::io::Error::other(format!(
            "it has {size} bytes, too many for a settings file"
        )));
    }
    std::fs::read_to_string(path)
}

pub(super) fn keys() -> impl Iterator<Item = (&'static str, &'static str, Kind)> {
    SECTIONS
        .iter()
        .flat_map(|(section, keys)| keys.iter().map(|(key, kind)| (*section, *key, *kind)))
}

pub(super) fn read_file_text(
    text: &str,
    origin: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<SettingsFile, SettingsError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let context = Context { text, origin, env };
    let document = DeTable::parse(text)
        .map_err(|error| context.syntax(&error))?
        .into_inner();
    let has_pairs = document.keys().any(|key| key.get_ref().as_ref() == "pair");
    if has_pairs {
        return Ok(SettingsFile::Pairs(pair::pairs_of(document, &context)?));
    }
    let (settings, _) = settings_of(document, &context, None)?;
    Ok(SettingsFile::One(Box::new(settings)))
}

/// The settings a document makes with the environment over it, checked; and the keys that the environment overrode.
pub(super) fn settings_of(
    document: DeTable<'_>,
    context: &Context<'_>,
    pair: Option<&PairName>,
) -> Result<(Settings, BTreeSet<String>), SettingsError> {
    let Context { text, origin, env } = *context;
    let mut places = Places {
        origin,
        pair,
        lines: BTreeMap::new(),
        overridden: BTreeSet::new(),
    };
    walk(&document, text, &mut places)?;
    let document = Spanned::new(0..text.len(), document);
    let syntax = |error: toml::de::Error| context.syntax(&error);
    let mut table =
        Table::deserialize(toml::de::Deserializer::from(document.clone())).map_err(syntax)?;
    let mut settings =
        Settings::deserialize(toml::de::Deserializer::from(document)).map_err(syntax)?;
    for (section, key, kind) in keys() {
        let variable = variable_of(section, key);
        let Some(given) = env(&variable) else {
            continue;
        };
        let value = value_of(&given, kind, &variable)?;
        put(&mut table, section, key, value);
        settings = overridden(&table, &variable)?;
        places.overridden.insert(format!("{section}.{key}"));
    }
    for list in LIST_VARIABLES {
        let variable = list_variable(list);
        let Some(given) = env(&variable) else {
            continue;
        };
        let tables: Table = toml::from_str(&format!("{list} = {given}")).map_err(|error| {
            SettingsError::new(format!("{variable}: {}", error.message()))
                .with_hint("write it as a TOML array of tables on one line: [{ service = \"…\", round = \"up\" }]")
        })?;
        table.extend(tables);
        settings = overridden(&table, &variable)?;
        places.overridden.insert(list.to_owned());
    }
    settings.tidy();
    settings.check().map_err(|problem| {
        SettingsError::new(format!("{}: {}", places.of(&problem.path), problem.message))
            .with_optional_hint(problem.hint)
    })?;
    Ok((settings, places.overridden))
}

/// Puts a value into a section, whose name may have several parts.
fn put(table: &mut Table, section: &str, key: &str, value: Value) {
    let (first, rest) = match section.split_once('.') {
        Some((first, rest)) => (first, Some(rest)),
        None => (section, None),
    };
    let entry = table
        .entry(first)
        .or_insert_with(|| Value::Table(Table::new()));
    // What is no table is refused when the settings are read from it.
    if let Value::Table(entry) = entry {
        match rest {
            Some(rest) => put(entry, rest, key, value),
            None => drop(entry.insert(key.to_owned(), value)),
        }
    }
}

fn overridden(table: &Table, variable: &str) -> Result<Settings, SettingsError> {
    table.clone().try_into().map_err(|error: toml::de::Error| {
        SettingsError::new(format!("{variable}: {}", error.message()))
            .with_hint("the variable overrides the settings file; correct it or unset it")
    })
}

fn value_of(given: &str, kind: Kind, variable: &str) -> Result<Value, SettingsError> {
    Ok(match kind {
        Kind::Text => Value::String(given.to_owned()),
        Kind::Number => Value::Integer(given.trim().parse().map_err(|_| {
            SettingsError::new(format!("{variable}: `{given}` is not a whole number"))
                .with_hint("the variable overrides the settings file; correct it or unset it")
        })?),
        Kind::Switch => Value::Boolean(given.trim().parse().map_err(|_| {
            SettingsError::new(format!("{variable}: `{given}` is neither true nor false"))
                .with_hint("the variable overrides the settings file; correct it or unset it")
        })?),
        Kind::List => Value::Array(
            given
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .map(|item| Value::String(item.to_owned()))
                .collect(),
        ),
    })
}

/// Refuses unknown keys and notes the line of every known one.
fn walk(document: &DeTable<'_>, text: &str, places: &mut Places<'_>) -> Result<(), SettingsError> {
    for (name, value) in document {
        let line = line_of(text, name.span().start);
        let section = name.get_ref().as_ref();
        if let Some((list, keys)) = LISTS.iter().find(|(list, _)| *list == section) {
            walk_list(list, keys, value.get_ref(), text, places)?;
            continue;
        }
        if !is_section(section) {
            let sections = SECTIONS
                .iter()
                .map(|(name, _)| *name)
                .chain(LIST_VARIABLES)
                .chain(["pair"]);
            // A key written above the first section header is the usual cause.
            let hint = keys()
                .find(|(_, key, _)| *key == section)
                .map(|(home, ..)| format!("`{section}` belongs into the section [{home}]"))
                .or_else(|| {
                    nearest(section, sections).map(|meant| format!("did you mean [{meant}]?"))
                })
                .or_else(|| secret_hint(section));
            return Err(SettingsError::new(format!(
                "{}: unknown section or key `{section}`",
                places.at_line(line)
            ))
            .with_optional_hint(hint));
        }
        places.lines.insert(section.to_owned(), line);
        walk_section(section, value.get_ref(), text, places)?;
    }
    Ok(())
}

fn is_section(name: &str) -> bool {
    SECTIONS.iter().any(|(known, _)| *known == name)
}

fn walk_section(
    section: &str,
    value: &DeValue<'_>,
    text: &str,
    places: &mut Places<'_>,
) -> Result<(), SettingsError> {
    let DeValue::Table(table) = value else {
        return Ok(());
    };
    for (key, value) in table {
        let line = line_of(text, key.span().start);
        let path = format!("{section}.{}", key.get_ref());
        if let Some((list, keys)) = LISTS.iter().find(|(list, _)| *list == path) {
            walk_list(list, keys, value.get_ref(), text, places)?;
            continue;
        }
        places.lines.insert(path.clone(), line);
        if is_section(&path) {
            walk_section(&path, value.get_ref(), text, places)?;
            continue;
        }
        let known = keys().filter(|(home, ..)| *home == section);
        let known: Vec<&str> = known.map(|(_, key, _)| key).collect();
        let within = format!("[{section}]");
        known_key(key.get_ref(), known.into_iter(), &within, line, places)?;
    }
    Ok(())
}

fn walk_list(
    list: &str,
    keys: &[&str],
    value: &DeValue<'_>,
    text: &str,
    places: &mut Places<'_>,
) -> Result<(), SettingsError> {
    let DeValue::Array(tables) = value else {
        return Ok(());
    };
    for (index, entry) in tables.iter().enumerate() {
        let line = line_of(text, entry.span().start);
        places.lines.insert(format!("{list}[{index}]"), line);
        if let DeValue::Table(table) = entry.get_ref() {
            for (key, _) in table {
                let line = line_of(text, key.span().start);
                known_key(
                    key.get_ref(),
                    keys.iter().copied(),
                    &format!("[[{list}]]"),
                    line,
                    places,
                )?;
                places
                    .lines
                    .insert(format!("{list}[{index}].{}", key.get_ref()), line);
            }
        }
    }
    Ok(())
}

fn known_key<'a>(
    key: &str,
    mut known: impl Iterator<Item = &'a str> + Clone,
    section: &str,
    line: usize,
    places: &Places<'_>,
) -> Result<(), SettingsError> {
    let candidates = known.clone();
    if known.any(|known| known == key) {
        return Ok(());
    }
    let hint = nearest(key, candidates)
        .map(|meant| format!("did you mean `{meant}`?"))
        .or_else(|| secret_hint(key))
        .or_else(|| {
            keys()
                .find(|(_, other, _)| *other == key)
                .map(|(home, ..)| format!("`{key}` belongs into the section [{home}]"))
        });
    Err(SettingsError::new(format!(
        "{}: unknown key `{key}` in {section}",
        places.at_line(line)
    ))
    .with_optional_hint(hint))
}

fn secret_hint(key: &str) -> Option<String> {
    let key = key.to_lowercase();
    SECRET_WORDS.iter().any(|word| key.contains(word)).then(|| {
        "secrets are not kept in this file: set COVE_API_KEY, HALO_CLIENT_ID and HALO_CLIENT_SECRET in the environment".to_owned()
    })
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}

#[cfg(test)]
pub(super) fn all_keys() -> BTreeSet<String> {
    keys()
        .map(|(section, key, _)| format!("{section}.{key}"))
        .chain(
            LISTS
                .iter()
                .flat_map(|(list, keys)| keys.iter().map(move |key| format!("{list}.{key}"))),
        )
        .collect()
}
