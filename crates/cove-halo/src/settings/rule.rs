//! `[[rule]]`: what to do with a service, a customer, or one service of one customer.

use super::problem::{Problem, check_name, problem};
use billing_sync::Period;
use billing_sync::ids::{CustomerId, ServiceName};
use billing_sync::rules::{Action, Rule, Terms};
use rust_decimal::Decimal;
use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use std::fmt;

/// One rule. Rules are tried in order; the first that matches customer, service and period decides alone. Without a
/// matching rule a service is billed as it is, and a fraction is an exception.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RuleSettings {
    /// The billing service it is for, exactly as the vendor names it; left out for every service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// The vendor's customer id it is for; left out for every customer.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_number"
    )]
    pub customer: Option<String>,
    /// Bill (the default) or ignore.
    pub action: ActionSetting,
    /// Why it is ignored; required with `action = "ignore"`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last month it applies to; left out for no end.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "month")]
    pub until: Option<Period>,
    /// The subscription's name instead of `[subscription] name`. Services with the same name are combined.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Units of the subscription per vendor unit, for example 0.001 for GB to TB. Default 1.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "decimal",
        serialize_with = "write_decimal"
    )]
    pub multiplier: Option<Decimal>,
    /// Units that are not billed. Default 0.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "decimal",
        serialize_with = "write_decimal"
    )]
    pub free: Option<Decimal>,
    /// What happens to a fraction. Default `exact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundSetting>,
    /// The smallest count while there is any usage. Default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u32>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ActionSetting {
    /// Bill on the rule's terms.
    #[default]
    Bill,
    /// Do not bill; the units are counted as ignored.
    Ignore,
}

/// What happens to a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundSetting {
    /// To the next whole number above.
    Up,
    /// To the whole number below.
    Down,
    /// To the nearest whole number; a half goes up.
    HalfUp,
    /// A fraction is an exception.
    Exact,
}

struct Scalar;

impl Visitor<'_> for Scalar {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a number")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.trim().to_owned())
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        Ok(number.to_string())
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        Ok(number.to_string())
    }

    // The shortest text that reads back as the same float is what the person wrote.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<String, E> {
        Ok(number.to_string())
    }
}

pub(super) fn text_or_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    deserializer.deserialize_any(Scalar).map(Some)
}

pub(super) fn month<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Period>, D::Error> {
    let text = deserializer.deserialize_any(Scalar)?;
    text.parse().map(Some).map_err(de::Error::custom)
}

pub(super) fn decimal<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Decimal>, D::Error> {
    let text = deserializer.deserialize_any(Scalar)?;
    Decimal::from_str_exact(&text).map(Some).map_err(|_| {
        de::Error::custom(format!(
            "`{}` is not a decimal number",
            text.chars().take(40).collect::<String>()
        ))
    })
}

#[expect(clippy::ref_option, reason = "serde passes a reference to the field")]
pub(super) fn write_decimal<S: Serializer>(
    value: &Option<Decimal>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        None => serializer.serialize_none(),
        Some(number) => match i64::try_from(*number) {
            Ok(whole) if number.is_integer() => serializer.serialize_i64(whole),
            _ => serializer.collect_str(number),
        },
    }
}

/// One rule of the settings as a rule of the engine.
pub(super) fn rule_of(index: usize, rule: &RuleSettings) -> Result<Rule, Problem> {
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
