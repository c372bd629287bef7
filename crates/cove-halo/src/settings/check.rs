//! What a value must be, beyond its type, and how the settings become the engine's rules.

use super::allocate::allocation_of;
use super::load::{Problem, variable_of};
use super::{
    ActionSetting, AdoptSetting, CoveSource, MatchKey, RuleSettings, Settings, SettingsError,
};
use billing_sync::ids::{CustomerId, ServiceName};
use billing_sync::rules::{Action, Adopt, MatchBy, Rule, Rules, Terms};
use rust_decimal::Decimal;

const MAX_BATCH: u32 = 500;

pub(super) fn problem(path: &str, message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem {
        path: path.to_owned(),
        message: message.into(),
        hint: Some(hint.into()),
    }
}

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

fn required(path: &str, value: &str, what: &str) -> Result<(), Problem> {
    if !value.is_empty() {
        return Ok(());
    }
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    Err(problem(
        path,
        format!("{path} is not set: {what}"),
        format!(
            "set {key} in the section [{section}], or {} in the environment",
            variable_of(section, key)
        ),
    ))
}

fn each_filled(path: &str, values: &[String]) -> Result<(), Problem> {
    if values.iter().any(String::is_empty) {
        return Err(problem(path, "an entry is blank", "remove the blank entry"));
    }
    Ok(())
}

fn check_url(path: &str, value: &str) -> Result<(), Problem> {
    api_core::BaseUrl::parse(value)
        .map(drop)
        .map_err(|error| Problem {
            path: path.to_owned(),
            message: error.message().to_owned(),
            hint: error.hint().map(str::to_owned).or_else(|| {
                Some(
                    "write it as https://host/path; plain http is only for this machine".to_owned(),
                )
            }),
        })
}

pub(super) fn check_name(path: &str, name: &str) -> Result<(), Problem> {
    if name.is_empty() || name.chars().any(char::is_control) {
        return Err(problem(
            path,
            "a subscription needs a name of printable characters",
            "use name = \"{service}\"",
        ));
    }
    let rest = name.replace("{service}", "");
    if rest.contains('{') || rest.contains('}') {
        return Err(problem(
            path,
            format!("`{name}` has a placeholder that does not exist"),
            "the only placeholder is {service}",
        ));
    }
    Ok(())
}

/// One rule of the settings as a rule of the engine.
fn rule_of(index: usize, rule: &RuleSettings) -> Result<Rule, Problem> {
    let RuleSettings {
        service,
        customer,
        action,
        reason,
        until,
        name,
        multiplier,
        free,
        round,
        minimum,
    } = rule;
    let at = |key: &str| format!("rule[{index}].{key}");
    for (key, text) in [("service", service), ("customer", customer), ("name", name)] {
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            return Err(problem(
                &at(key),
                format!("{key} is blank"),
                "fill it or leave it out",
            ));
        }
    }
    let action = match action {
        ActionSetting::Ignore => {
            if name.is_some()
                || multiplier.is_some()
                || free.is_some()
                || round.is_some()
                || minimum.is_some()
            {
                return Err(problem(
                    &format!("rule[{index}]"),
                    "a rule that ignores has no terms",
                    "remove name, multiplier, free, round and minimum, or the action",
                ));
            }
            if service.is_none() && customer.is_none() {
                return Err(problem(
                    &format!("rule[{index}]"),
                    "this rule would ignore everything",
                    "name the service or the customer it is for",
                ));
            }
            let reason = reason
                .as_deref()
                .map(str::trim)
                .filter(|reason| !reason.is_empty());
            let Some(reason) = reason else {
                return Err(problem(
                    &format!("rule[{index}]"),
                    "ignoring needs a reason",
                    "add reason = \"…\"; it is shown with every plan",
                ));
            };
            Action::Ignore {
                reason: reason.to_owned(),
            }
        }
        ActionSetting::Bill => {
            let multiplier = multiplier.unwrap_or(Decimal::ONE);
            if multiplier <= Decimal::ZERO {
                return Err(problem(
                    &at("multiplier"),
                    format!("a multiplier of {multiplier} makes no sense"),
                    "give a number above 0; use action = \"ignore\" to bill nothing",
                ));
            }
            let free = free.unwrap_or(Decimal::ZERO);
            if free < Decimal::ZERO {
                return Err(problem(
                    &at("free"),
                    format!("{free} free units are less than none"),
                    "give 0 or more",
                ));
            }
            if let Some(name) = name {
                check_name(&at("name"), name.trim())?;
            }
            Action::Bill(Terms {
                name: name.as_deref().map(|name| name.trim().to_owned()),
                multiplier,
                free,
                round: round.and_then(Into::into),
                minimum: minimum.unwrap_or(0),
            })
        }
    };
    Ok(Rule {
        customer: customer.as_deref().map(CustomerId::new),
        service: service.as_deref().map(ServiceName::new),
        until: *until,
        action,
    })
}
