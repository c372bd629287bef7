//! From plan to approved plan: the only way to something that can be applied.

use super::{Guard, GuardName, Plan};
use std::collections::BTreeMap;

/// Who approves, and which tripped guards are overridden with which reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approval {
    by: String,
    overrides: BTreeMap<GuardName, String>,
}

impl Approval {
    /// An approval by a person or a job; the name enters the journal.
    pub fn by(name: impl Into<String>) -> Self {
        Self {
            by: name.into(),
            overrides: BTreeMap::new(),
        }
    }

    /// Overrides a guard. The reason enters the journal.
    #[must_use]
    pub fn overriding(mut self, guard: GuardName, reason: impl Into<String>) -> Self {
        self.overrides.insert(guard, reason.into());
        self
    }
}

/// A plan that may be applied. There is no other way to make one than [`Plan::approve`].
#[derive(Clone, Debug, PartialEq)]
pub struct Approved {
    plan: Plan,
    approval: Approval,
}

impl Approved {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Who approved it.
    pub fn approved_by(&self) -> &str {
        &self.approval.by
    }

    /// Guards that were overridden, with the reason.
    pub fn overrides(&self) -> BTreeMap<String, String> {
        self.approval
            .overrides
            .iter()
            .map(|(guard, reason)| (guard.word().to_owned(), reason.clone()))
            .collect()
    }
}

/// Why a plan is not approved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The ledger does not add up. No override helps: keep the plan and report it.
    #[error("the ledger does not add up for {}: nothing may be written", services.join(", "))]
    Unbalanced {
        /// The services concerned.
        services: Vec<String>,
    },
    /// The period is not final yet: wait for the invoice, or override `finality` with a reason.
    #[error("period {period} is not final: {why}")]
    NotFinal {
        /// The period.
        period: String,
        /// Why not.
        why: String,
    },
    /// Guards are tripped: look at the plan, and override them with a reason if it is right.
    #[error("stopped by guard {}", guards.iter().map(|guard| format!("{} (limit {}, plan has {})", guard.guard, guard.limit, guard.value)).collect::<Vec<_>>().join(", "))]
    Guards {
        /// The guards.
        guards: Vec<Guard>,
    },
    /// An override without a reason: give one.
    #[error("overriding {guard} needs a reason")]
    NoReason {
        /// The guard.
        guard: GuardName,
    },
}

impl Plan {
    /// Approves the plan for apply.
    ///
    /// # Errors
    /// When the ledger does not add up, the period is not final, a guard is tripped, or an override has no reason.
    pub fn approve(self, approval: Approval) -> Result<Approved, Refusal> {
        if !self.ledger().balances() {
            let services = self
                .ledger()
                .unbalanced()
                .map(|row| format!("`{}`", row.service))
                .collect();
            return Err(Refusal::Unbalanced { services });
        }
        if let Some((guard, _)) = approval
            .overrides
            .iter()
            .find(|(_, reason)| reason.trim().is_empty())
        {
            return Err(Refusal::NoReason { guard: *guard });
        }
        let standing: Vec<Guard> = self
            .guards()
            .iter()
            .filter(|guard| guard.tripped && !approval.overrides.contains_key(&guard.guard))
            .cloned()
            .collect();
        if standing
            .iter()
            .any(|guard| guard.guard == GuardName::Finality)
        {
            let why = match self.finality() {
                crate::usage::Finality::Provisional(why) => why.clone(),
                crate::usage::Finality::Final => String::new(),
            };
            return Err(Refusal::NotFinal {
                period: self.period().to_string(),
                why,
            });
        }
        if !standing.is_empty() {
            return Err(Refusal::Guards { guards: standing });
        }
        Ok(Approved {
            plan: self,
            approval,
        })
    }
}
