//! `[[allocate]]`: what becomes of a charge of a contract as a whole (an additional capacity pool, a committed charge).

use super::RoundSetting;
use super::problem::{Problem, check_name, problem};
use super::rule::{month, text_or_number};
use billing_sync::Period;
use billing_sync::ids::{ContractId, ServiceName};
use billing_sync::rules::{Allocation, Method, Over, Round};
use serde::{Deserialize, Serialize};

/// One declaration. They are tried in order; the first that matches service, contract and period decides. A charge that
/// none matches stays the MSP's own cost, and is listed as an exception.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AllocateSettings {
    /// The service or feature that is charged, exactly as the vendor names it. Required.
    pub service: String,
    /// The contract it is for; left out for every contract.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "text_or_number"
    )]
    pub contract: Option<String>,
    /// What becomes of it.
    pub method: MethodSetting,
    /// With `method = "by-usage"`: the service whose units decide. Required there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The subscription that holds a customer's part, instead of `[subscription] name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What happens to a fraction of the whole charge before it is divided. Default `exact`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub round: Option<RoundSetting>,
    /// The last month it applies to; left out for no end.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "month")]
    pub until: Option<Period>,
}

/// How a charge is allocated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MethodSetting {
    /// It stays the MSP's own cost.
    #[default]
    OwnCost,
    /// The same for every customer of the contract that has usage and a client.
    Equal,
    /// In proportion to the units of the service `by`.
    ByUsage,
}

impl From<RoundSetting> for Option<Round> {
    fn from(setting: RoundSetting) -> Self {
        match setting {
            RoundSetting::Up => Some(Round::Up),
            RoundSetting::Down => Some(Round::Down),
            RoundSetting::HalfUp => Some(Round::HalfUp),
            RoundSetting::Exact => None,
        }
    }
}

/// One declaration of the settings as one of the engine.
pub(super) fn allocation_of(
    index: usize,
    allocate: &AllocateSettings,
) -> Result<Allocation, Problem> {
    let AllocateSettings {
        service,
        contract,
        method,
        by,
        name,
        round,
        until,
    } = allocate;
    let at = |key: &str| format!("allocate[{index}].{key}");
    if service.trim().is_empty() {
        return Err(problem(
            &format!("allocate[{index}]"),
            "it does not say which charge it is for",
            "add service = \"…\", as the exception of the plan names it",
        ));
    }
    for (key, text) in [("contract", contract), ("by", by), ("name", name)] {
        if text.as_ref().is_some_and(|text| text.trim().is_empty()) {
            return Err(problem(
                &at(key),
                format!("{key} is blank"),
                "fill it or leave it out",
            ));
        }
    }
    if *method == MethodSetting::OwnCost && (name.is_some() || round.is_some()) {
        return Err(problem(
            &format!("allocate[{index}]"),
            "what stays own cost has no subscription",
            "remove name and round, or say method = \"equal\" or \"by-usage\"",
        ));
    }
    let over = match (method, by) {
        (MethodSetting::OwnCost, None) => None,
        (MethodSetting::Equal, None) => Some(Over::Customers),
        (MethodSetting::ByUsage, Some(service)) => Some(Over::UsageOf(ServiceName::new(service))),
        (MethodSetting::ByUsage, None) => {
            return Err(problem(
                &format!("allocate[{index}]"),
                "by-usage needs the service whose units decide",
                "add by = \"…\", the name of a billing service",
            ));
        }
        (MethodSetting::OwnCost | MethodSetting::Equal, Some(_)) => {
            return Err(problem(
                &at("by"),
                "`by` is only for method = \"by-usage\"",
                "remove it or change the method",
            ));
        }
    };
    if let Some(name) = name {
        check_name(&at("name"), name.trim())?;
    }
    Ok(Allocation {
        service: ServiceName::new(service),
        contract: contract.as_deref().map(ContractId::new),
        until: *until,
        method: match over {
            None => Method::OwnCost,
            Some(over) => Method::Divide {
                over,
                name: name.as_deref().map(|name| name.trim().to_owned()),
                round: round.and_then(Into::into),
            },
        },
    })
}
