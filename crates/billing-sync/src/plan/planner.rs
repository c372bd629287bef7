//! x
use super::Plan;
use crate::ids::ClientId;
use crate::memory::Memory;
use crate::rules::Rules;
use crate::target::TargetSnapshot;
use crate::usage::Usage;

/// Everything a plan is made from.
#[derive(Clone, Copy, Debug)]
pub struct PlanInput<'a> {
    /// What the vendor invoiced.
    pub usage: &'a Usage,
    /// What the target holds.
    pub target: &'a TargetSnapshot,
    /// What the MSP decided.
    pub rules: &'a Rules,
    /// What earlier runs left.
    pub memory: &'a Memory,
    /// Limits the plan to one client; nothing of another client is changed, and nothing goes to zero unseen.
    pub only: Option<ClientId>,
    /// Requests that reading took.
    pub read_requests: u64,
    /// Writes that fit into one request, for the estimate.
    pub batch_size: usize,
}

/// Makes the plan. Pure, total and deterministic.
pub fn plan(input: PlanInput<'_>) -> Plan {
    let _ = input;
    todo!()
}
