//! Where each value came from: the line of every key, and which a variable overrode. Refuses keys that there are not.

use super::SettingsError;
use super::keys::{
    self, List, SECTIONS, Section, home_of, list_names, list_of, list_variable, variable_of,
};
use super::pair_name::PairName;
use super::suggest::nearest;
use std::collections::{BTreeMap, BTreeSet};
use toml::de::{DeTable, DeValue};

/// Words in a key that say a secret was put where it does not belong.
const SECRET_WORDS: [&str; 5] = ["secret", "api_key", "apikey", "password", "client_id"];

/// Where each value came from.
#[derive(Debug)]
pub(super) struct Places<'a> {
    origin: &'a str,
    pair: Option<&'a PairName>,
    lines: BTreeMap<String, usize>,
    /// The keys and lists that a variable overrode.
    pub(super) overridden: BTreeSet<String>,
}

impl<'a> Places<'a> {
    /// The lines of a document's keys; refuses the unknown ones.
    pub(super) fn of_document(
        document: &DeTable<'_>,
        text: &str,
        origin: &'a str,
        pair: Option<&'a PairName>,
    ) -> Result<Self, SettingsError> {
        let mut places = Self {
            origin,
            pair,
            lines: BTreeMap::new(),
            overridden: BTreeSet::new(),
        };
        walk(document, text, &mut places)?;
        Ok(places)
    }

    fn at_line(&self, line: usize) -> String {
        format!("{}:{line}", self.origin)
    }

    /// Where a value came from, for a message.
    pub(super) fn of(&self, path: &str) -> String {
        let root = path.split('[').next().unwrap_or(path);
        if list_of(root).is_some() && self.overridden.contains(root) {
            return list_variable(root);
        }
        if self.overridden.contains(path)
            && let Some((section, key)) = path.rsplit_once('.')
        {
            return variable_of(section, key);
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

/// Notes the line of every known key.
fn walk(document: &DeTable<'_>, text: &str, places: &mut Places<'_>) -> Result<(), SettingsError> {
    for (name, value) in document {
        let line = line_of(text, name.span().start);
        let section = name.get_ref().as_ref();
        if let Some(list) = list_of(section) {
            walk_list(list, value.get_ref(), text, places)?;
            continue;
        }
        let Some(known) = keys::section(section) else {
            let sections = SECTIONS
                .iter()
                .map(|known| known.name)
                .chain(list_names())
                .chain(["pair"]);
            // A key written above the first section header is the usual cause.
            let hint = home_of(section)
                .map(|home| format!("`{section}` belongs into the section [{home}]"))
                .or_else(|| {
                    nearest(section, sections).map(|meant| format!("did you mean [{meant}]?"))
                })
                .or_else(|| secret_hint(section));
            return Err(SettingsError::new(format!(
                "{}: unknown section or key `{section}`",
                places.at_line(line)
            ))
            .with_optional_hint(hint));
        };
        places.lines.insert(section.to_owned(), line);
        walk_section(known, value.get_ref(), text, places)?;
    }
    Ok(())
}

fn walk_section(
    section: &Section,
    value: &DeValue<'_>,
    text: &str,
    places: &mut Places<'_>,
) -> Result<(), SettingsError> {
    let DeValue::Table(table) = value else {
        return Ok(());
    };
    for (key, value) in table {
        let line = line_of(text, key.span().start);
        let path = format!("{}.{}", section.name, key.get_ref());
        if let Some(list) = list_of(&path) {
            walk_list(list, value.get_ref(), text, places)?;
            continue;
        }
        places.lines.insert(path.clone(), line);
        if let Some(inner) = keys::section(&path) {
            walk_section(inner, value.get_ref(), text, places)?;
            continue;
        }
        let known = section.keys.iter().map(|key| key.name);
        let within = format!("[{}]", section.name);
        known_key(key.get_ref(), known, &within, line, places)?;
    }
    Ok(())
}

fn walk_list(
    list: &List,
    value: &DeValue<'_>,
    text: &str,
    places: &mut Places<'_>,
) -> Result<(), SettingsError> {
    let DeValue::Array(tables) = value else {
        return Ok(());
    };
    for (index, entry) in tables.iter().enumerate() {
        let line = line_of(text, entry.span().start);
        places.lines.insert(format!("{}[{index}]", list.name), line);
        if let DeValue::Table(table) = entry.get_ref() {
            for (key, _) in table {
                let line = line_of(text, key.span().start);
                known_key(
                    key.get_ref(),
                    list.keys.iter().map(|(key, _)| *key),
                    &format!("[[{}]]", list.name),
                    line,
                    places,
                )?;
                places
                    .lines
                    .insert(format!("{}[{index}].{}", list.name, key.get_ref()), line);
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
        .or_else(|| home_of(key).map(|home| format!("`{key}` belongs into the section [{home}]")));
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

/// The line of a place in the text, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(offset)
        .filter(|byte| **byte == b'\n')
        .count()
        + 1
}
