//! What a pair is called: on the command line, in the environment, in the names of its files.

use super::SettingsError;
use std::fmt;

/// The name of a pair: letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairName(String);

impl PairName {
    /// Takes a name.
    ///
    /// # Errors
    /// When it is blank, holds another character, or its variables could not be told from those of the settings.
    pub fn new(name: &str) -> Result<Self, SettingsError> {
        let name = name.trim();
        let usable = |text: char| text.is_ascii_alphanumeric() || matches!(text, '-' | '_');
        if name.is_empty() || name.len() > 40 || !name.chars().all(usable) {
            return Err(SettingsError::new(format!(
                "`{}` is not a name for a pair",
                name.chars().take(40).collect::<String>()
            ))
            .with_hint("use up to 40 letters, digits, - and _, for example name = \"north\""));
        }
        let name = Self(name.to_owned());
        if name.variable("").starts_with("COVE_HALO_") {
            return Err(SettingsError::new(format!(
                "a pair cannot be called `{name}`: its variables would look like settings"
            ))
            .with_hint("choose another name"));
        }
        Ok(name)
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The pair's own form of a variable, for example `NORTH_COVE_API_KEY`.
    pub fn variable(&self, plain: &str) -> String {
        format!("{}_{plain}", self.0.replace('-', "_").to_uppercase())
    }
}

impl fmt::Display for PairName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
