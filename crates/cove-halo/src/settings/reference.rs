//! The settings reference: what every key means, for the documentation and for new settings files.

use super::Settings;
use super::introduction::{INTRODUCTION, PAIRS};
use super::keys::{Key, LISTS, SECTIONS, variable_of};
use std::fmt::Write as _;
use toml::{Table, Value};

/// The default of a key, as TOML; `None` where there is none.
fn default_of(defaults: &Table, section: &str, key: &Key) -> Option<String> {
    let mut table = defaults;
    for part in section.split('.') {
        table = table.get(part)?.as_table()?;
    }
    match table.get(key.name)? {
        Value::String(text) if text.is_empty() && !key.example.is_empty() => None,
        value => Some(value.to_string()),
    }
}

fn defaults() -> Table {
    // Settings without a value are left out; everything else of the defaults can be written as TOML.
    Table::try_from(Settings::default()).unwrap_or_default()
}

/// The settings reference as Markdown: every key with its variable, default and meaning.
///
/// ```
/// let reference = cove_halo::settings_reference();
/// assert!(reference.contains("| `customer_field` | `\"CFCoveCustomerId\"` |"));
/// ```
pub fn settings_reference() -> String {
    let defaults = defaults();
    let mut text = format!("# Settings\n\n{INTRODUCTION}");
    for section in &SECTIONS {
        let variable = variable_of(section.name, "<KEY>");
        // Writing into a string cannot fail.
        let _ = write!(
            text,
            "\n## `[{}]`\n\n{} Variables: `{variable}`.\n\n| key | default | meaning |\n|---|---|---|\n",
            section.name, section.purpose
        );
        for key in section.keys {
            let default = default_of(&defaults, section.name, key)
                .map_or_else(|| "-".to_owned(), |value| format!("`{value}`"));
            let _ = writeln!(text, "| `{}` | {default} | {} |", key.name, key.meaning);
        }
    }
    for list in &LISTS {
        let _ = write!(
            text,
            "\n## `[[{}]]`\n\n{}\n\n| key | meaning |\n|---|---|\n",
            list.name, list.purpose
        );
        for (key, meaning) in list.keys {
            let _ = writeln!(text, "| `{key}` | {meaning} |");
        }
    }
    let _ = write!(text, "\n## `[[pair]]`\n\n{PAIRS}");
    text
}

/// A settings file with a comment for every key: those in `given` are set, the others commented out with their default.
pub(crate) fn commented_file(given: &Table) -> String {
    let defaults = defaults();
    let mut text = String::from(
        "# Settings of cove-halo-sync. What is commented out has the default that is shown.\n\
         # Secrets are never kept here: set COVE_API_KEY, HALO_CLIENT_ID and HALO_CLIENT_SECRET in the environment,\n\
         # or <NAME>_FILE to the path of a file that holds them.\n",
    );
    for section in &SECTIONS {
        let _ = write!(text, "\n# {}\n[{}]\n", section.purpose, section.name);
        for key in section.keys {
            for line in wrapped(key.meaning) {
                let _ = writeln!(text, "# {line}");
            }
            let (name, example) = (key.name, key.example);
            let set = given
                .get(section.name)
                .and_then(Value::as_table)
                .and_then(|table| table.get(name));
            let _ = match (set, default_of(&defaults, section.name, key)) {
                (Some(value), _) => writeln!(text, "{name} = {value}"),
                (None, Some(default)) => writeln!(text, "# {name} = {default}"),
                // Of what has neither default nor example, only lists are left out where they are empty.
                (None, None) if example.is_empty() => writeln!(text, "# {name} = []"),
                (None, None) if example.bytes().all(|byte| byte.is_ascii_digit()) => {
                    writeln!(text, "# {name} = {example}")
                }
                (None, None) => {
                    writeln!(text, "# {name} = {}", Value::String(example.to_owned()))
                }
            };
        }
    }
    text.push_str(
        "\n# What to do with a service or a customer; the first rule that matches decides alone.\n\
         # [[rule]]\n\
         # service = \"Cove Data Protection | Per GB\"\n\
         # round = \"up\"\n\
         #\n\
         # [[rule]]\n\
         # customer = \"2712428\"\n\
         # action = \"ignore\"\n\
         # reason = \"our own devices\"\n",
    );
    text
}

/// Lines of at most 100 columns.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < 100 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::{LISTS, commented_file, settings_reference};
    use crate::settings::keys::keys;
    use crate::settings::{Settings, SettingsFile};
    use std::collections::BTreeSet;
    use toml::{Table, Value};

    #[test]
    fn every_key_stands_once_and_says_what_it_means() {
        let mut seen = BTreeSet::new();
        for (section, key) in keys() {
            assert!(seen.insert((section, key.name)), "{section}.{}", key.name);
            assert!(!key.meaning.is_empty(), "{section}.{}", key.name);
            assert!(!key.meaning.contains('|'), "{section}.{}", key.name);
        }
        for list in &LISTS {
            for (key, meaning) in list.keys {
                assert!(seen.insert((list.name, *key)), "{}.{key}", list.name);
                assert!(
                    !meaning.is_empty() && !meaning.contains('|'),
                    "{}.{key}",
                    list.name
                );
            }
        }
    }

    /// What a key can be, as reading a value that it cannot be tells; empty for a key that takes any text.
    fn choices_of(place: &str, key: &str, in_list: bool) -> Vec<String> {
        let mut value = Value::Table(Table::from_iter([(key.to_owned(), "?".into())]));
        if in_list {
            value = Value::Array(vec![value]);
        }
        for part in place.rsplit('.') {
            value = Value::Table(Table::from_iter([(part.to_owned(), value)]));
        }
        let Err(error) = value.try_into::<Settings>() else {
            return Vec::new();
        };
        let message = error.to_string();
        let choices = message.split_once("unknown variant `?`, expected");
        // The next line of the message names the key.
        let list = choices.and_then(|(_, list)| list.lines().next());
        let quoted = list.map(|list| list.split('`').skip(1).step_by(2));
        quoted.into_iter().flatten().map(str::to_owned).collect()
    }

    #[test]
    fn a_key_with_choices_names_each_of_them() {
        let single = keys().map(|(place, key)| (place, key.name, key.meaning, false));
        let listed = LISTS.iter().flat_map(|list| {
            let keys = list.keys.iter();
            keys.map(|(key, meaning)| (list.name, *key, *meaning, true))
        });
        let mut with_choices = BTreeSet::new();
        for (place, key, meaning, in_list) in single.chain(listed) {
            for choice in choices_of(place, key, in_list) {
                let named = meaning.contains(&format!("`{choice}`"));
                assert!(named, "{place}.{key} does not say `{choice}`");
                with_choices.insert(format!("{place}.{key}"));
            }
        }
        for key in ["cove.source", "cove.management.trials", "notify.when"] {
            assert!(with_choices.contains(key), "{key}: {with_choices:?}");
        }
        for key in ["rule.action", "rule.round", "allocate.method"] {
            assert!(with_choices.contains(key), "{key}: {with_choices:?}");
        }
        assert_eq!(with_choices.len(), 19, "{with_choices:?}");
    }

    #[test]
    fn the_documentation_is_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
        let documented = std::fs::read_to_string(path).unwrap();
        assert_eq!(
            documented,
            settings_reference(),
            "make it again: cove-halo-sync init --reference > docs/configuration.md"
        );
    }

    #[test]
    fn the_example_of_pairs_in_the_reference_loads() {
        let reference = settings_reference();
        let (_, example) = reference.split_once("```toml\n").unwrap();
        let (example, _) = example.split_once("```").unwrap();
        let file = SettingsFile::from_toml(example, "example").unwrap();
        assert!(matches!(file, SettingsFile::Pairs(pairs) if pairs.len() == 2));
    }

    #[test]
    fn what_is_commented_out_is_the_default() {
        let given: Table = toml::from_str(
            "[cove]\naccount_id = \"A\"\n[halo]\nbase_url = \"https://acme.halopsa.com\"\n",
        )
        .unwrap();
        let text = commented_file(&given);
        let as_written = Settings::from_toml(&text, "f").unwrap();
        // Taken literally: every line with a default becomes a setting. Examples of what has no default stay out.
        let examples: Vec<&str> = keys()
            .filter(|(_, key)| !key.example.is_empty())
            .map(|(_, key)| key.name)
            .collect();
        let switched_on: String = text
            .lines()
            .map(|line| {
                let setting = line.strip_prefix("# ").filter(|rest| {
                    let key = rest.split(" = ").next().unwrap_or_default();
                    let is_key = keys().any(|(_, known)| known.name == key);
                    rest.contains(" = ") && is_key && !examples.contains(&key)
                });
                format!("{}\n", setting.unwrap_or(line))
            })
            .take_while(|line| !line.starts_with("# What to do with a service"))
            .collect();
        assert!(switched_on.contains("\ncutover_day = 5\n"), "{switched_on}");
        assert_eq!(Settings::from_toml(&switched_on, "f").unwrap(), as_written);
        let expected: Settings = given.try_into().unwrap();
        assert_eq!(as_written, expected);
    }
}
