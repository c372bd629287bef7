//! What earlier runs left behind: the planner's fourth input.

use crate::decision::{MappingDecision, SubscriptionChoice};
use crate::ids::{ContractId, CustomerId, Key, LicenceId, RunId};
use crate::period::Period;
use crate::plan::digest_of;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};

/// What the planner remembers. Empty on a first run, and after the state file was lost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// Subscriptions that this engine made or took over, by key.
    pub owned: Vec<Owned>,
    /// Decisions of a person about which client a vendor's customer is. They come before any other match.
    pub decisions: Vec<MappingDecision>,
    /// Decisions of a person about which record a count is kept on. They come before what is owned and before any name.
    #[serde(default)]
    pub choices: Vec<SubscriptionChoice>,
    /// The newest run, however it ended; `None` when there was none. A plan says that it was made knowing it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_run: Option<RunId>,
}

impl Memory {
    /// Digest of what people decided, in whatever order it is kept: who is who, and which record holds a count.
    pub fn decisions_digest(&self) -> String {
        let mut decisions: Vec<&MappingDecision> = self.decisions.iter().collect();
        decisions.sort_by_key(|decision| (&decision.customer, decision.client));
        let mut choices: Vec<&SubscriptionChoice> = self.choices.iter().collect();
        choices.sort_by_key(|choice| (&choice.key, choice.licence));
        digest_of(&(decisions, choices))
    }

    /// The records that are kept or chosen for something.
    pub(crate) fn records(&self) -> HashSet<LicenceId> {
        let owned = self.owned.iter().map(|owned| owned.licence);
        let chosen = self.choices.iter().map(|choice| choice.licence);
        owned.chain(chosen).collect()
    }
}

/// A subscription that this engine keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// What it is kept for.
    pub key: Key,
    /// The record.
    pub licence: LicenceId,
    /// The count last proved to be there.
    pub count: i64,
    /// The period that count is of.
    pub period: Period,
    /// The customers whose usage it held.
    pub customers: BTreeSet<CustomerId>,
    /// The contracts that usage was under.
    pub contracts: BTreeSet<ContractId>,
}
