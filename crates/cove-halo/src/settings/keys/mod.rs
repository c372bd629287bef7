//! Every key that can be set: its section, how its variable is read, and what it means. One table for reading the settings,
//! for the documentation and for new settings files.

mod lists;
mod target;
mod unattended;
mod usage;

const PREFIX: &str = "COVE_HALO_";

/// The sections, in the order of the file.
pub(super) const SECTIONS: [Section; 11] = [
    usage::COVE,
    usage::COVE_MANAGEMENT,
    usage::USAGE,
    target::HALO,
    target::MATCH,
    target::SUBSCRIPTION,
    target::GUARD,
    target::STATE,
    unattended::SCHEDULE,
    unattended::NOTIFY,
    unattended::METRICS,
];

/// The lists of tables.
pub(super) const LISTS: [List; 3] = [lists::RULE, lists::ALLOCATE, lists::GUARD_CLIENT];

/// A table of the file.
pub(super) struct Section {
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) purpose: &'static str,
    pub(super) keys: &'static [Key],
}

/// A key of a section.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) meaning: &'static str,
    /// For what has no default; else empty.
    pub(super) example: &'static str,
}

/// How the text of a variable becomes a value.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    /// `true` or `false`.
    Switch,
    List,
}

/// A list of tables.
pub(super) struct List {
    pub(super) name: &'static str,
    /// What it is for.
    pub(super) purpose: &'static str,
    /// Whether a variable can replace it as a whole.
    pub(super) has_variable: bool,
    /// Each with what it means.
    pub(super) keys: &'static [(&'static str, &'static str)],
}

impl Key {
    const fn new(name: &'static str, kind: Kind, meaning: &'static str) -> Self {
        Self {
            name,
            kind,
            meaning,
            example: "",
        }
    }

    const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }
}

const fn text(name: &'static str, meaning: &'static str) -> Key {
    Key::new(name, Kind::Text, meaning)
}

const fn number(name: &'static str, meaning: &'static str) -> Key {
    Key::new(name, Kind::Number, meaning)
}

const fn switch(name: &'static str, meaning: &'static str) -> Key {
    Key::new(name, Kind::Switch, meaning)
}

const fn list(name: &'static str, meaning: &'static str) -> Key {
    Key::new(name, Kind::List, meaning)
}

/// Every key with the name of its section.
pub(super) fn keys() -> impl Iterator<Item = (&'static str, &'static Key)> {
    SECTIONS
        .iter()
        .flat_map(|section| section.keys.iter().map(|key| (section.name, key)))
}

/// The section of that name.
pub(super) fn section(name: &str) -> Option<&'static Section> {
    SECTIONS.iter().find(|section| section.name == name)
}

/// The section that a key of that name belongs into.
pub(super) fn home_of(key: &str) -> Option<&'static str> {
    keys()
        .find(|(_, known)| known.name == key)
        .map(|(home, _)| home)
}

/// The list of tables of that name.
pub(super) fn list_of(name: &str) -> Option<&'static List> {
    LISTS.iter().find(|list| list.name == name)
}

/// The lists that a variable can replace as a whole.
pub(super) fn lists_with_variable() -> impl Iterator<Item = &'static str> {
    let replaceable = LISTS.iter().filter(|list| list.has_variable);
    replaceable.map(|list| list.name)
}

/// The variable that overrides a key, for example `COVE_HALO_HALO_TENANT` for `tenant` in `[halo]`.
pub fn variable_of(section: &str, key: &str) -> String {
    format!("{PREFIX}{section}_{key}")
        .replace('.', "_")
        .to_uppercase()
}

/// The variable that replaces a list as a whole.
pub(super) fn list_variable(list: &str) -> String {
    format!("{PREFIX}{list}").to_uppercase()
}

/// True for the name of a variable that can only be meant for the settings.
pub(super) fn is_variable(name: &str) -> bool {
    name.starts_with(PREFIX)
}

#[cfg(test)]
pub(super) fn all_keys() -> std::collections::BTreeSet<String> {
    keys()
        .map(|(section, key)| format!("{section}.{}", key.name))
        .chain(LISTS.iter().flat_map(|list| {
            let keys = list.keys.iter();
            keys.map(move |(key, _)| format!("{}.{key}", list.name))
        }))
        .collect()
}
