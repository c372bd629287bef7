//! A document with the environment over it becomes settings. Every error names the line or the variable it is about.

use super::keys::{Kind, keys, list_variable, lists_with_variable, variable_of};
use super::pair_name::PairName;
use super::places::{Places, line_of};
use super::{Settings, SettingsError};
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::de::DeTable;
use toml::{Spanned, Table, Value};

/// What is read, and what goes over it.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) text: &'a str,
    /// The file's name for messages.
    pub(super) origin: &'a str,
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
}

impl<'a> Context<'a> {
    /// The text as a document.
    pub(super) fn parse(&self) -> Result<DeTable<'a>, SettingsError> {
        let document = DeTable::parse(self.text).map_err(|error| self.syntax(&error))?;
        Ok(document.into_inner())
    }

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

/// The settings a document makes with the environment over it, checked; and the keys that the environment overrode.
pub(super) fn settings_of(
    document: DeTable<'_>,
    context: &Context<'_>,
    pair: Option<&PairName>,
) -> Result<(Settings, BTreeSet<String>), SettingsError> {
    let Context { text, origin, env } = *context;
    let mut places = Places::of_document(&document, text, origin, pair)?;
    let document = Spanned::new(0..text.len(), document);
    let syntax = |error: toml::de::Error| context.syntax(&error);
    let mut table =
        Table::deserialize(toml::de::Deserializer::from(document.clone())).map_err(syntax)?;
    let mut settings =
        Settings::deserialize(toml::de::Deserializer::from(document)).map_err(syntax)?;
    for (section, key) in keys() {
        let variable = variable_of(section, key.name);
        let Some(given) = env(&variable) else {
            continue;
        };
        let value = value_of(&given, key.kind, &variable)?;
        put(&mut table, section, key.name, value);
        settings = overridden(&table, &variable)?;
        places.overridden.insert(format!("{section}.{}", key.name));
    }
    for list in lists_with_variable() {
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
