//! From the settings file and the environment to checked settings.

use super::document::{Context, settings_of};
use super::keys::{is_variable, keys, list_variable, lists_with_variable, variable_of};
use super::pair::{SettingsFile, pairs_of};
use super::suggest::nearest;
use super::{Settings, SettingsError};
use std::path::Path;

/// The settings file that is read when none is named.
pub const DEFAULT_FILE: &str = "cove-halo.toml";

/// Longest settings file that is read, in bytes.
const MAX_FILE: u64 = 4 * 1024 * 1024;

impl Settings {
    /// Reads and checks settings from TOML text. `origin` is the file's name for messages.
    ///
    /// # Errors
    /// When the text is not TOML, a key is unknown, or a value is missing or cannot be used.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, SettingsError> {
        SettingsFile::from_toml(text, origin)?.select(None)
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
            .map(|(section, key)| variable_of(section, key.name))
            .collect();
        known.extend(lists_with_variable().map(list_variable));
        for name in names {
            if is_variable(&name) && !known.contains(&name) && !others.contains(&name.as_str()) {
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

impl SettingsFile {
    /// Reads and checks settings from TOML text. `origin` is the file's name for messages.
    ///
    /// # Errors
    /// As [`Settings::from_toml`]; also when two pairs would get into each other's way.
    pub fn from_toml(text: &str, origin: &str) -> Result<Self, SettingsError> {
        read_text(text, origin, &|_| None)
    }

    /// Reads the settings file and applies the environment over it, for every pair alike.
    ///
    /// # Errors
    /// As [`Settings::load`]; also when two pairs would get into each other's way.
    pub fn load(
        path: Option<&Path>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let (text, origin) = text_of(path)?;
        read_text(&text, &origin, env)
    }
}

/// The text of the settings file and its name for messages. Without a path, a default file that is not there is empty.
fn text_of(path: Option<&Path>) -> Result<(String, String), SettingsError> {
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

fn read_text(
    text: &str,
    origin: &str,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<SettingsFile, SettingsError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let context = Context { text, origin, env };
    let document = context.parse()?;
    let has_pairs = document.keys().any(|key| key.get_ref().as_ref() == "pair");
    if has_pairs {
        return Ok(SettingsFile::Pairs(pairs_of(document, &context)?));
    }
    let (settings, _) = settings_of(document, &context, None)?;
    Ok(SettingsFile::One(Box::new(settings)))
}
