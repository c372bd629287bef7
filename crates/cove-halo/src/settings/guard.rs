//! `[guard]`: limits for a plan as a whole, and `[[guard.client]]` for single clients.

use super::problem::{Problem, problem};
use super::rule::{decimal, write_decimal};
use billing_sync::ids::ClientId;
use billing_sync::rules::{ClientLimit, Limits};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// `[guard]`: limits for a plan as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GuardSettings {
    /// Share of the existing managed subscriptions that may change, in percent.
    pub max_changed_percent: u32,
    /// Changes below which that share is not measured, so that a small client base can be billed unattended.
    pub min_changed: u32,
    /// Subscriptions that may go to zero.
    pub max_zeroed: u32,
    /// Subscriptions that may be created.
    pub max_created: u32,
    /// Change of one client's counts against what it had, in percent.
    pub max_client_change_percent: u32,
    /// What all changes of counts together may be worth in the vendor's money; left out for no limit.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "decimal",
        serialize_with = "write_decimal"
    )]
    pub max_money_delta: Option<Decimal>,
    /// Limits of single clients.
    #[serde(rename = "client", skip_serializing_if = "Vec::is_empty")]
    pub clients: Vec<ClientGuardSettings>,
}

/// `[[guard.client]]`: what one client is limited to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClientGuardSettings {
    /// The PSA's id of the client. Required.
    pub id: i64,
    /// Change of its counts against what it had, in percent, instead of `max_client_change_percent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_change_percent: Option<u32>,
    /// The highest count that a change may give any of its subscriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_count: Option<u32>,
}

impl Default for GuardSettings {
    fn default() -> Self {
        let Limits {
            max_changed_percent,
            min_changed,
            max_zeroed,
            max_created,
            max_client_change_percent,
            max_money_delta,
            clients: _,
        } = Limits::default();
        Self {
            max_changed_percent,
            min_changed,
            max_zeroed,
            max_created,
            max_client_change_percent,
            max_money_delta,
            clients: Vec::new(),
        }
    }
}

impl GuardSettings {
    /// The limits of the engine, as these settings say them.
    pub(super) fn limits(&self) -> Result<Limits, Problem> {
        if let Some(limit) = self.max_money_delta
            && limit < Decimal::ZERO
        {
            return Err(problem(
                "guard.max_money_delta",
                format!("{limit} is less than nothing"),
                "give 0 or more, or leave it out for no limit",
            ));
        }
        let mut seen = BTreeSet::new();
        let mut clients = Vec::new();
        for (index, client) in self.clients.iter().enumerate() {
            let path = format!("guard.client[{index}]");
            if client.id <= 0 {
                return Err(problem(
                    &path,
                    "it does not say which client it is for",
                    "add id = 12, the client's id in the PSA",
                ));
            }
            if !seen.insert(client.id) {
                return Err(problem(
                    &path,
                    format!("client {} has limits twice", client.id),
                    "put them into one [[guard.client]]",
                ));
            }
            if client.max_change_percent.is_none() && client.max_count.is_none() {
                return Err(problem(
                    &path,
                    format!("client {} has no limit", client.id),
                    "add max_change_percent or max_count",
                ));
            }
            clients.push(ClientLimit {
                client: ClientId::new(client.id),
                max_change_percent: client.max_change_percent,
                max_count: client.max_count,
            });
        }
        Ok(Limits {
            max_changed_percent: self.max_changed_percent,
            min_changed: self.min_changed,
            max_zeroed: self.max_zeroed,
            max_created: self.max_created,
            max_client_change_percent: self.max_client_change_percent,
            max_money_delta: self.max_money_delta,
            clients,
        })
    }
}
