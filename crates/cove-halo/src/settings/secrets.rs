//! Secrets: from the environment or from files named there, never from the settings file or the command line.

use super::{PairName, SettingsError};
use secrecy::SecretString;
use std::fmt;

/// Longest secret that is read from a file, in bytes.
const MAX_SECRET: u64 = 64 * 1024;

/// What opens the two services.
#[derive(Clone)]
pub struct Secrets {
    /// Key of the N-able Billing API (`COVE_API_KEY`); live counts and EFiles with a table of names go without it.
    pub cove_api_key: Option<SecretString>,
    /// Client id of the Halo API application (`HALO_CLIENT_ID`). Not secret by itself, but part of the pair.
    pub halo_client_id: String,
    /// Client secret of the Halo API application (`HALO_CLIENT_SECRET`).
    pub halo_client_secret: SecretString,
    /// Password of the Cove API user (`COVE_PASSWORD`), for the management source only.
    pub cove_password: Option<SecretString>,
    /// Password of the mail server's user (`SMTP_PASSWORD`), where e-mail is sent and the server wants one.
    pub smtp_password: Option<SecretString>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secrets(…)")
    }
}

impl Secrets {
    /// Reads `HALO_CLIENT_ID`, `HALO_CLIENT_SECRET` and, if they are there, `COVE_API_KEY`, `COVE_PASSWORD` and
    /// `SMTP_PASSWORD`: which of Cove's two is needed depends on the source, and a service that lacks it is not built. Each
    /// may be given as `<NAME>_FILE` instead: the path of a file that holds the secret; white space around it is dropped.
    ///
    /// # Errors
    /// When one is missing, empty, given twice, or its file cannot be read.
    pub fn from_env(env: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let required = |name: &str, what: &str| read(env, name)?.ok_or_else(|| missing(name, what));
        Ok(Self {
            cove_api_key: read(env, "COVE_API_KEY")?.map(SecretString::from),
            halo_client_id: required(
                "HALO_CLIENT_ID",
                "the client id of the HaloPSA API application",
            )?,
            halo_client_secret: required(
                "HALO_CLIENT_SECRET",
                "the client secret of the HaloPSA API application",
            )?
            .into(),
            cove_password: read(env, "COVE_PASSWORD")?.map(SecretString::from),
            smtp_password: read(env, "SMTP_PASSWORD")?.map(SecretString::from),
        })
    }

    /// The secrets of a pair: each from its own variable (`NORTH_COVE_API_KEY` or `NORTH_COVE_API_KEY_FILE`), or else from
    /// the plain one.
    ///
    /// # Errors
    /// As [`Secrets::from_env`].
    pub fn of_pair(
        pair: &PairName,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, SettingsError> {
        let prefixed = |name: &str| {
            let plain = name.strip_suffix("_FILE").unwrap_or(name);
            let own = [plain.to_owned(), format!("{plain}_FILE")].map(|name| pair.variable(&name));
            // Never one form of the pair's own beside the other form of the plain one.
            if own.iter().any(|own| env(own).is_some()) {
                env(&pair.variable(name))
            } else {
                env(name)
            }
        };
        Self::from_env(&prefixed).map_err(|error| of_pair(&error, pair))
    }
}

/// An error about a secret, with the pair it was for.
fn of_pair(error: &SettingsError, pair: &PairName) -> SettingsError {
    let hint = error.hint().map_or_else(String::new, |hint| {
        format!("{hint}; {}… is for this pair alone", pair.variable(""))
    });
    SettingsError::new(format!("pair {pair}: {}", error.message())).with_hint(hint)
}

/// A secret that is needed and was not given.
fn missing(name: &str, what: &str) -> SettingsError {
    SettingsError::new(format!("{name} is not set: {what}")).with_hint(format!(
        "set {name} in the environment, or {name}_FILE to the path of a file that holds it"
    ))
}

/// As [`missing`], for a pair where there is one.
fn missing_of(pair: Option<&PairName>, name: &str, what: &str) -> SettingsError {
    let error = missing(name, what);
    match pair {
        Some(pair) => of_pair(&error, pair),
        None => error,
    }
}

/// The key of the Billing API, where the source needs it.
pub(crate) fn api_key(
    key: Option<SecretString>,
    pair: Option<&PairName>,
) -> Result<SecretString, SettingsError> {
    key.ok_or_else(|| missing_of(pair, "COVE_API_KEY", "the key of the N-able Billing API"))
}

/// The password of Cove's API user, where the source needs it.
pub(crate) fn password(
    password: Option<SecretString>,
    pair: Option<&PairName>,
) -> Result<SecretString, SettingsError> {
    password.ok_or_else(|| missing_of(pair, "COVE_PASSWORD", "the token of Cove's API user"))
}

fn read(env: &dyn Fn(&str) -> Option<String>, name: &str) -> Result<Option<String>, SettingsError> {
    let file_variable = format!("{name}_FILE");
    let value = match (env(name), env(&file_variable)) {
        (Some(_), Some(_)) => {
            return Err(
                SettingsError::new(format!("{name} and {file_variable} are both set"))
                    .with_hint("keep one of the two"),
            );
        }
        (Some(value), None) => value,
        (None, Some(path)) => read_file(&file_variable, &path)?,
        (None, None) => return Ok(None),
    };
    let value = value.trim();
    if value.is_empty() {
        return Err(SettingsError::new(format!("{name} is empty"))
            .with_hint("set it to the secret, or leave it out where it is not needed"));
    }
    if value.chars().any(char::is_control) {
        return Err(
            SettingsError::new(format!("{name} holds a line break or control character"))
                .with_hint("give the secret alone, on one line"),
        );
    }
    Ok(Some(value.to_owned()))
}

fn read_file(variable: &str, path: &str) -> Result<String, SettingsError> {
    let failed = |why: String| {
        SettingsError::new(format!("cannot read the file that {variable} names: {why}"))
            .with_hint(format!("check the path `{path}` and who may read it"))
    };
    let size = std::fs::metadata(path)
        .map_err(|error| failed(error.to_string()))?
        .len();
    if size > MAX_SECRET {
        return Err(failed(format!(
            "it has {size} bytes, too many for a secret"
        )));
    }
    std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))
}
