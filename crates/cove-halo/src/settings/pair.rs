//! `[[pair]]`: several accounts and tenants in one file, each with settings of its own over those they share.

use super::document::{Context, settings_of};
use super::pair_name::PairName;
use super::{Settings, SettingsError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Stands for the billing service in `[subscription] name`.
const SERVICE: &str = "{service}";

/// What a settings file holds.
#[derive(Clone, Debug, PartialEq)]
pub enum SettingsFile {
    /// One account and one tenant.
    One(Box<Settings>),
    /// Several, in the order of the file.
    Pairs(Vec<Pair>),
}

/// A vendor account with the tenant its usage goes to, and everything that is set for the two.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// What it is called on the command line and in the environment.
    pub name: PairName,
    /// Its settings: its own tables over those at the top of the file. Its rules come before the shared ones. The state
    /// file and the metrics file are its own: where it names none, the shared name with `-<name>` before the extension.
    pub settings: Settings,
}

impl SettingsFile {
    /// The settings of the pair with that name; without a name, those of a file without pairs.
    ///
    /// # Errors
    /// When there is no such pair, or pairs and no name.
    pub fn select(self, name: Option<&str>) -> Result<Settings, SettingsError> {
        match (self, name) {
            (Self::One(settings), None) => Ok(*settings),
            (Self::One(_), Some(name)) => Err(SettingsError::new(format!(
                "there is no pair `{name}`: the settings have no [[pair]]"
            ))
            .with_hint("leave --pair out, or add a [[pair]] with this name")),
            (Self::Pairs(pairs), Some(name)) => {
                let names = names_of(&pairs);
                let found = pairs.into_iter().find(|pair| pair.name.as_str() == name);
                match found {
                    Some(pair) => Ok(pair.settings),
                    None => Err(SettingsError::new(format!("there is no pair `{name}`"))
                        .with_hint(format!("the settings have: {names}"))),
                }
            }
            (Self::Pairs(pairs), None) => Err(SettingsError::new(format!(
                "the settings have {} pairs, and this is for one of them",
                pairs.len()
            ))
            .with_hint(format!("choose with --pair NAME: {}", names_of(&pairs)))),
        }
    }
}

fn names_of(pairs: &[Pair]) -> String {
    let names: Vec<&str> = pairs.iter().map(|pair| pair.name.as_str()).collect();
    names.join(", ")
}

/// The pairs of a document, taken out of it.
pub(super) fn pairs_of(
    mut document: DeTable<'_>,
    context: &Context<'_>,
) -> Result<Vec<Pair>, SettingsError> {
    let at = document
        .keys()
        .find(|key| key.get_ref().as_ref() == "pair")
        .cloned();
    let entries = at.and_then(|key| document.remove(&key).map(|entries| (key, entries)));
    let Some((key, entries)) = entries else {
        return Ok(Vec::new());
    };
    let wrong = |line| {
        SettingsError::new(format!("{}:{line}: `pair` is not a list of pairs", context.origin))
            .with_hint("begin each pair with a line [[pair]], its tables with [pair.cove], [pair.halo] and so on")
    };
    let DeValue::Array(entries) = entries.into_inner() else {
        return Err(wrong(context.line_of(key.span().start)));
    };
    let mut pairs = Vec::new();
    let mut variables = BTreeMap::new();
    for entry in entries {
        let line = context.line_of(entry.span().start);
        let DeValue::Table(mut own) = entry.into_inner() else {
            return Err(wrong(line));
        };
        let name = take_name(&mut own, line, context)?;
        if let Some(other) = variables.insert(name.variable(""), name.clone()) {
            return Err(SettingsError::new(format!(
                "{}:{line}: the pairs `{other}` and `{name}` cannot be told apart",
                context.origin
            ))
            .with_hint("give each pair a name of its own; capitals, - and _ make no difference"));
        }
        let has = |section: &str, key: &str| {
            own.iter().any(|(name, value)| {
                name.get_ref().as_ref() == section
                    && matches!(value.get_ref(), DeValue::Table(table)
                        if table.keys().any(|name| name.get_ref().as_ref() == key))
            })
        };
        let (has_path, has_metrics) = (has("state", "path"), has("metrics", "file"));
        let mut merged = document.clone();
        lay_over(&mut merged, own);
        let (mut settings, overridden) = settings_of(merged, context, Some(&name))?;
        if !has_path || overridden.contains("state.path") {
            settings.state.path = path_of(&settings.state.path, &name);
        }
        let metrics = &mut settings.metrics.file;
        if !metrics.as_os_str().is_empty() && (!has_metrics || overridden.contains("metrics.file"))
        {
            *metrics = path_of(metrics, &name);
        }
        pairs.push(Pair { name, settings });
    }
    if pairs.is_empty() {
        return Err(wrong(context.line_of(key.span().start)));
    }
    check_together(&pairs).map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        SettingsError::new(format!("{}: {}", context.origin, error.message()))
            .with_optional_hint(hint)
    })?;
    Ok(pairs)
}

fn take_name(
    own: &mut DeTable<'_>,
    line: usize,
    context: &Context<'_>,
) -> Result<PairName, SettingsError> {
    let at_line = |line: usize, message: &str| format!("{}:{line}: {message}", context.origin);
    let key = own
        .keys()
        .find(|key| key.get_ref().as_ref() == "name")
        .cloned();
    let value = key.and_then(|key| own.remove(&key));
    let Some(value) = value else {
        return Err(
            SettingsError::new(at_line(line, "this pair has no name")).with_hint(
                "write name = \"…\" right below its [[pair]], before tables like [pair.cove]",
            ),
        );
    };
    let line = context.line_of(value.span().start);
    let DeValue::String(name) = value.get_ref() else {
        return Err(SettingsError::new(at_line(
            line,
            "the name of a pair is text",
        )));
    };
    PairName::new(name).map_err(|error| {
        let hint = error.hint().map(str::to_owned);
        SettingsError::new(at_line(line, error.message())).with_optional_hint(hint)
    })
}

/// Puts a pair's own tables over the shared ones, key by key. Of two lists of tables (the rules), the pair's own
/// come first, because the first that matches decides.
fn lay_over<'i>(shared: &mut DeTable<'i>, own: DeTable<'i>) {
    for (key, value) in own {
        let before = shared.remove(&key);
        let value = match (before.map(Spanned::into_inner), value) {
            (Some(DeValue::Table(mut below)), value)
                if matches!(value.get_ref(), DeValue::Table(_)) =>
            {
                let span = value.span();
                if let DeValue::Table(above) = value.into_inner() {
                    lay_over(&mut below, above);
                }
                Spanned::new(span, DeValue::Table(below))
            }
            (Some(DeValue::Array(below)), mut value)
                if below
                    .iter()
                    .all(|entry| matches!(entry.get_ref(), DeValue::Table(_))) =>
            {
                if let DeValue::Array(above) = value.get_mut() {
                    for entry in below {
                        above.push(entry);
                    }
                }
                value
            }
            (_, value) => value,
        };
        shared.insert(key, value);
    }
}

/// `cove-halo.db` of the pair north is `cove-halo-north.db`.
fn path_of(path: &Path, name: &PairName) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let file = match path.extension() {
        Some(extension) => format!("{stem}-{name}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{name}"),
    };
    path.with_file_name(file)
}

/// Refuses pairs that would write the same records or the same state file.
fn check_together(pairs: &[Pair]) -> Result<(), SettingsError> {
    for (index, one) in pairs.iter().enumerate() {
        for other in pairs.iter().skip(index + 1) {
            let both = format!("the pairs `{}` and `{}`", one.name, other.name);
            if one.settings.state.path == other.settings.state.path {
                return Err(SettingsError::new(format!(
                    "{both} have the same state file {}",
                    one.settings.state.path.display()
                ))
                .with_hint("leave [pair.state] path out, or give each pair its own"));
            }
            if tenant_of(&one.settings) != tenant_of(&other.settings) {
                continue;
            }
            if let Some(name) = shared_name(&one.settings, &other.settings) {
                return Err(SettingsError::new(format!(
                    "{both} write to one tenant and both name subscriptions `{name}`: they would fight for one record"
                ))
                .with_hint(format!(
                    "give one of them another name, for example [pair.subscription] name = \"{{service}} ({})\"",
                    other.name
                )));
            }
        }
    }
    Ok(())
}

/// The address that tells one tenant from another: pairs with the same share the request budget and the records.
pub(crate) fn tenant_of(settings: &Settings) -> String {
    let url = settings.halo.base_url.trim_end_matches('/').to_lowercase();
    url.strip_suffix("/api").unwrap_or(&url).to_owned()
}

/// A name that subscriptions of both could have: the same pattern, the same fixed name, or a fixed name that a pattern of
/// the other gives to one of its services. Two different patterns are taken to be apart.
fn shared_name(one: &Settings, other: &Settings) -> Option<String> {
    let (names, others) = (names_of_counts(one), names_of_counts(other));
    names
        .iter()
        .find(|name| others.contains(*name) || can_name(other, &others, name))
        .or_else(|| others.iter().find(|name| can_name(one, &names, name)))
        .cloned()
}

/// The names that settings give to subscriptions, as they are written; the bare placeholder of one service is that service.
fn names_of_counts(settings: &Settings) -> BTreeSet<String> {
    let of = |name: &str, service: Option<&str>| {
        let service = service.filter(|_| name.trim() == SERVICE);
        service.unwrap_or(name).trim().to_owned()
    };
    let rules = settings.rules.iter();
    let rules = rules.filter_map(|it| Some(of(it.name.as_deref()?, it.service.as_deref())));
    let allocations = settings.allocations.iter();
    let allocations = allocations.filter_map(|it| Some(of(it.name.as_deref()?, Some(&it.service))));
    let general = of(&settings.subscription.name, None);
    rules.chain(allocations).chain([general]).collect()
}

/// Whether one of these patterns makes this fixed name out of a service that is synced.
fn can_name(settings: &Settings, patterns: &BTreeSet<String>, name: &str) -> bool {
    let products = settings.products();
    let is_synced = |service: &str| {
        !service.is_empty()
            && (products.is_empty() || products.iter().any(|it| service.starts_with(it.as_str())))
    };
    let mut patterns = patterns.iter().filter_map(|it| it.split_once(SERVICE));
    !name.contains(SERVICE)
        && patterns.any(|(before, after)| {
            let rest = name.strip_prefix(before);
            rest.and_then(|rest| rest.strip_suffix(after))
                .is_some_and(is_synced)
        })
}
