//! What a value must be, beyond its type, and how the settings become the engine's rules.

use super::allocate::allocation_of;
use super::problem::{Problem, check_name, check_url, each_filled, problem, required};
use super::rule::rule_of;
use super::{AdoptSetting, CoveSource, MatchKey, Settings, SettingsError};
use billing_sync::rules::{Adopt, MatchBy, Rules};

/// Most subscriptions in one request.
const MAX_BATCH: u32 = 500;

impl Settings {
    /// The rules of the engine, as these settings say them.
    ///
    /// # Errors
    /// When a rule cannot be used. Settings made by [`Settings::from_toml`] or [`Settings::load`] were checked.
    pub fn rules(&self) -> Result<Rules, SettingsError> {
        self.engine_rules().map_err(|problem| {
            SettingsError::new(format!("{}: {}", problem.path, problem.message))
                .with_optional_hint(problem.hint)
        })
    }

    fn engine_rules(&self) -> Result<Rules, Problem> {
        Ok(Rules {
            match_by: match self.matching.key {
                MatchKey::ClientId => MatchBy::ClientField,
                MatchKey::Reference => MatchBy::CustomerReference,
            },
            name: self.subscription.name.clone(),
            adopt: match self.subscription.adopt {
                AdoptSetting::Exact => Adopt::Exact,
                AdoptSetting::Never => Adopt::Never,
            },
            products: self.products(),
            rules: self
                .rules
                .iter()
                .enumerate()
                .map(|(index, rule)| rule_of(index, rule))
                .collect::<Result<_, _>>()?,
            allocations: self
                .allocations
                .iter()
                .enumerate()
                .map(|(index, allocate)| allocation_of(index, allocate))
                .collect::<Result<_, _>>()?,
            limits: self.guard.limits()?,
        })
    }

    /// Drops white space around ids and names; an empty optional text means that it is not set.
    pub(super) fn tidy(&mut self) {
        let trim = |text: &mut String| {
            let trimmed = text.trim();
            if trimmed.len() != text.len() {
                *text = trimmed.to_owned();
            }
        };
        let trim_option = |text: &mut Option<String>| {
            *text = text
                .take()
                .map(|text| text.trim().to_owned())
                .filter(|text| !text.is_empty());
        };
        trim(&mut self.cove.base_url);
        trim(&mut self.cove.account_id);
        self.cove.contract_ids.iter_mut().for_each(trim);
        self.cove.products.iter_mut().for_each(trim);
        trim_option(&mut self.cove.partner);
        trim_option(&mut self.cove.username);
        trim(&mut self.cove.management.base_url);
        trim(&mut self.cove.management.documents_product);
        trim(&mut self.cove.management.users_column);
        self.usage.tidy();
        trim(&mut self.halo.base_url);
        trim_option(&mut self.halo.tenant);
        self.halo.scopes.iter_mut().for_each(trim);
        trim(&mut self.halo.customer_field);
        trim(&mut self.subscription.name);
        self.tidy_unattended();
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        if self.usage.is_set() {
            self.usage.check()?;
        } else {
            self.check_cove()?;
        }
        self.check_halo()?;
        self.check_rest()?;
        self.engine_rules().map(drop)
    }

    fn check_cove(&self) -> Result<(), Problem> {
        let cove = &self.cove;
        check_url("cove.base_url", &cove.base_url)?;
        check_url("cove.management.base_url", &cove.management.base_url)?;
        match cove.source {
            CoveSource::BillingApi => {}
            CoveSource::Efile => {
                if cove.efile.is_empty() {
                    return Err(problem(
                        "cove.efile",
                        "cove.efile is not set: the data files of the month's invoices",
                        "set efile = [\"FILE.csv\"] in the section [cove]; they are downloaded from N-ableMe, My Account, Billing",
                    ));
                }
            }
            CoveSource::Management => self.check_management()?,
        }
        if cove.source != CoveSource::Management {
            required(
                "cove.account_id",
                &cove.account_id,
                "the account id of the N-able Billing API (the runbook's sfdcid)",
            )?;
        }
        each_filled("cove.contract_ids", &cove.contract_ids)?;
        each_filled("cove.products", &cove.products)?;
        if !(1..=28).contains(&cove.cutover_day) {
            return Err(problem(
                "cove.cutover_day",
                format!("{} is not a day that every month has", cove.cutover_day),
                "give a day from 1 to 28; the usual one is 5",
            ));
        }
        Ok(())
    }

    fn check_management(&self) -> Result<(), Problem> {
        let cove = &self.cove;
        required(
            "cove.partner",
            cove.partner.as_deref().unwrap_or_default(),
            "the customer's name as Cove's console shows it, with the e-mail in brackets if it shows one",
        )?;
        required(
            "cove.username",
            cove.username.as_deref().unwrap_or_default(),
            "the login name of Cove's API user",
        )?;
        cove.management.users_column().map_err(|error| {
            let message = error.message().to_owned();
            problem(
                "cove.management.users_column",
                message,
                "the usual one is TM",
            )
        })?;
        Ok(())
    }

    fn check_halo(&self) -> Result<(), Problem> {
        let halo = &self.halo;
        required(
            "halo.base_url",
            &halo.base_url,
            "the address of the HaloPSA tenant, for example https://acme.halopsa.com",
        )?;
        check_url("halo.base_url", &halo.base_url)?;
        if halo.scopes.is_empty() {
            return Err(problem(
                "halo.scopes",
                "no scope is given; a token without scope opens nothing",
                "use scopes = [\"all\"]",
            ));
        }
        each_filled("halo.scopes", &halo.scopes)?;
        required(
            "halo.customer_field",
            &halo.customer_field,
            "the client custom field that holds the Cove customer id",
        )?;
        for (key, value, most) in [
            (
                "halo.requests_per_window",
                halo.requests_per_window,
                100_000,
            ),
            ("halo.window_seconds", halo.window_seconds, 86_400),
            ("halo.write_batch", halo.write_batch, MAX_BATCH),
            ("halo.concurrency", halo.concurrency, 64),
        ] {
            if value == 0 || value > most {
                return Err(problem(
                    key,
                    format!("{value} is out of range"),
                    format!("give a number from 1 to {most}"),
                ));
            }
        }
        Ok(())
    }

    fn check_rest(&self) -> Result<(), Problem> {
        check_name("subscription.name", &self.subscription.name)?;
        if self.state.path.as_os_str().is_empty() {
            return Err(problem(
                "state.path",
                "the state file has no name",
                "use path = \"cove-halo.db\"",
            ));
        }
        self.check_unattended()
    }
}
