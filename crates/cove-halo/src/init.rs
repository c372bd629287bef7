//! A first settings file: from a few answers to a commented file that loads.

use crate::settings::{Audience, MatchKey, Settings, SettingsError, commented_file};
use serde::Serialize;
use std::path::PathBuf;
use toml::{Table, Value};

/// The variables that a first run needs beside the settings file, each with what it is.
pub const SECRET_VARIABLES: [(&str, &str); 3] = [
    ("COVE_API_KEY", "the key of the N-able Billing API"),
    (
        "HALO_CLIENT_ID",
        "the client id of the HaloPSA API application",
    ),
    ("HALO_CLIENT_SECRET", "its client secret"),
];

/// What a new settings file says; what is `None` or empty keeps its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitAnswers {
    /// The account id of the N-able Billing API. Required.
    pub account_id: String,
    /// The contracts to read; empty for every contract.
    pub contract_ids: Vec<String>,
    /// Who the account buys from.
    pub audience: Option<Audience>,
    /// The address of the HaloPSA tenant. Required.
    pub halo_url: String,
    /// The tenant's name.
    pub tenant: Option<String>,
    /// The custom field that holds the customer id.
    pub customer_field: Option<String>,
    /// What is compared to find a customer's client.
    pub match_key: Option<MatchKey>,
    /// The state file.
    pub state: Option<PathBuf>,
}

impl InitAnswers {
    /// The commented settings file. It loads, and says what was answered; everything else is the default.
    ///
    /// # Errors
    /// When an answer cannot be used.
    ///
    /// ```
    /// use cove_halo::{InitAnswers, Settings};
    ///
    /// let text = InitAnswers {
    ///     account_id: "001H234578asdfIAS".to_owned(),
    ///     halo_url: "https://acme.halopsa.com".to_owned(),
    ///     ..InitAnswers::default()
    /// }
    /// .to_toml()?;
    /// assert_eq!(Settings::from_toml(&text, "new")?.cove.account_id, "001H234578asdfIAS");
    /// # Ok::<(), cove_halo::SettingsError>(())
    /// ```
    pub fn to_toml(&self) -> Result<String, SettingsError> {
        let text = commented_file(&self.table()?);
        Settings::from_toml(&text, "the new settings")?;
        Ok(text)
    }

    fn table(&self) -> Result<Table, SettingsError> {
        let mut table = Table::new();
        let mut put = |section: &str, key: &str, value: Value| {
            let entry = table
                .entry(section)
                .or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(entry) = entry {
                entry.insert(key.to_owned(), value);
            }
        };
        let text = |text: &str| Value::String(text.trim().to_owned());
        put("cove", "account_id", text(&self.account_id));
        put("halo", "base_url", text(&self.halo_url));
        let contracts: Vec<Value> = self.contract_ids.iter().map(|id| text(id)).collect();
        if !contracts.is_empty() {
            put("cove", "contract_ids", Value::Array(contracts));
        }
        if let Some(audience) = self.audience {
            put("cove", "audience", word(audience)?);
        }
        let some = |answer: &Option<String>| {
            answer
                .as_deref()
                .map(str::trim)
                .filter(|answer| !answer.is_empty())
                .map(text)
        };
        if let Some(tenant) = some(&self.tenant) {
            put("halo", "tenant", tenant);
        }
        if let Some(field) = some(&self.customer_field) {
            put("halo", "customer_field", field);
        }
        if let Some(key) = self.match_key {
            put("match", "key", word(key)?);
        }
        if let Some(state) = &self.state {
            let Some(path) = state.to_str() else {
                return Err(SettingsError::new(format!(
                    "the name of the state file {} is not readable text",
                    state.display()
                ))
                .with_hint("choose a path of plain letters"));
            };
            put("state", "path", text(path));
        }
        Ok(table)
    }
}

fn word(choice: impl Serialize) -> Result<Value, SettingsError> {
    Value::try_from(choice).map_err(|error| SettingsError::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::InitAnswers;
    use crate::settings::{Audience, MatchKey, Settings};

    fn answers() -> InitAnswers {
        InitAnswers {
            account_id: " 001H\"x ".to_owned(),
            halo_url: "https://acme.halopsa.com".to_owned(),
            ..InitAnswers::default()
        }
    }

    #[test]
    fn two_answers_make_a_file_that_loads_with_every_other_default() {
        let text = answers().to_toml().unwrap();
        let mut expected = Settings::default();
        "001H\"x".clone_into(&mut expected.cove.account_id);
        "https://acme.halopsa.com".clone_into(&mut expected.halo.base_url);
        assert_eq!(Settings::from_toml(&text, "f").unwrap(), expected);
        assert!(
            text.lines().all(|line| line.chars().count() <= 120),
            "{text}"
        );
    }

    #[test]
    fn every_answer_reaches_the_settings() {
        let text = InitAnswers {
            contract_ids: vec!["238877".to_owned(), " 238878".to_owned()],
            audience: Some(Audience::Indirect),
            tenant: Some("acme".to_owned()),
            customer_field: Some("CFBackupId".to_owned()),
            match_key: Some(MatchKey::Reference),
            state: Some("state/cove.db".into()),
            ..answers()
        }
        .to_toml()
        .unwrap();
        let settings = Settings::from_toml(&text, "f").unwrap();
        assert_eq!(settings.cove.contract_ids, ["238877", "238878"]);
        assert_eq!(settings.cove.audience, Audience::Indirect);
        assert_eq!(settings.halo.tenant.as_deref(), Some("acme"));
        assert_eq!(settings.halo.customer_field, "CFBackupId");
        assert_eq!(settings.matching.key, MatchKey::Reference);
        assert_eq!(settings.state.path.to_str(), Some("state/cove.db"));
    }

    #[test]
    fn an_answer_that_cannot_be_used_makes_no_file() {
        for (answers, words) in [
            (InitAnswers::default(), "account_id is not set"),
            (
                InitAnswers {
                    halo_url: "http://acme.halopsa.com".to_owned(),
                    ..answers()
                },
                "http",
            ),
        ] {
            let error = answers.to_toml().unwrap_err();
            assert!(error.message().contains(words), "{error}");
            assert!(error.hint().is_some());
        }
    }
}
