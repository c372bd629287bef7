//! Who is billed for a device: the end customer above it, found by ids and never by names.

use std::collections::{BTreeMap, BTreeSet};

use api_core::Result;
use api_core::wire::{BadRecord, Guarded};

use super::policy::{Misplaced, Policy, Trials};
use super::{Excluded, Unclassified, Verdict};
use crate::management::client::ManagementClient;
use crate::management::external_code::{ExternalCode, is_recycle_bin};
use crate::management::ids::PartnerId;
use crate::management::model::{PartnerInfo, PartnerLevel, PartnerState};
use crate::management::partners::Depth;

/// Customers by id, each with the one above it.
#[derive(Debug, Clone, Default)]
pub struct CustomerTree {
    customers: BTreeMap<PartnerId, PartnerInfo>,
    bad: Vec<BadRecord>,
}

impl CustomerTree {
    /// The tree of these customers. One without an id is left out: nothing can belong to it.
    pub fn new(customers: impl IntoIterator<Item = PartnerInfo>) -> Self {
        let customers = customers
            .into_iter()
            .filter_map(|info| Some((info.id?, info)))
            .collect();
        Self {
            customers,
            bad: Vec::new(),
        }
    }

    /// A customer.
    pub fn get(&self, partner: PartnerId) -> Option<&PartnerInfo> {
        self.customers.get(&partner)
    }

    /// Customers that could not be read. Their devices are reported as of an unknown customer.
    pub fn bad(&self) -> &[BadRecord] {
        &self.bad
    }

    /// A customer and those above it; ends at a customer that was there before.
    fn upwards(&self, partner: PartnerId) -> Vec<&PartnerInfo> {
        let mut seen = BTreeSet::new();
        let mut chain = Vec::new();
        let mut next = Some(partner);
        while let Some(info) = next
            .filter(|id| seen.insert(*id))
            .and_then(|id| self.get(id))
        {
            chain.push(info);
            next = info.parent_id;
        }
        chain
    }

    /// Who is billed for what a customer has, or why nobody is.
    pub(super) fn payer(
        &self,
        partner: PartnerId,
        policy: &Policy,
    ) -> (Option<&PartnerInfo>, Option<Verdict>) {
        let chain = self.upwards(partner);
        let Some(holder) = chain.first() else {
            return (
                None,
                Some(Verdict::Unclassified(Unclassified::UnknownCustomer)),
            );
        };
        // The bin may stand anywhere above; a mark of provisioning on the reseller says nothing about its customers.
        let in_bin = |info: &&PartnerInfo| info.name.as_deref().is_some_and(is_recycle_bin);
        if policy.skip_recycle_bin && chain.iter().any(in_bin) {
            return (None, Some(Verdict::Excluded(Excluded::RecycleBin)));
        }
        let end = chain
            .iter()
            .position(|info| info.level == Some(PartnerLevel::EndCustomer));
        let payer = match end {
            Some(end) => chain[end],
            None if policy.misplaced == Misplaced::BillHolder => holder,
            None => return (None, Some(Verdict::Unclassified(Unclassified::Misplaced))),
        };
        // What is said of a site or of its customer counts for its devices.
        let below = &chain[..=end.unwrap_or(0)];
        if let Some(excluded) = below.iter().find_map(|info| provisioned(info, policy)) {
            return (Some(payer), Some(Verdict::Excluded(excluded)));
        }
        if payer.state.is_none() {
            return (
                Some(payer),
                Some(Verdict::Unclassified(Unclassified::UnknownState)),
            );
        }
        let excluded = below
            .iter()
            .filter_map(|info| info.state.as_ref())
            .find_map(|state| not_billed(state, policy));
        (Some(payer), excluded.map(Verdict::Excluded))
    }
}

fn provisioned(info: &PartnerInfo, policy: &Policy) -> Option<Excluded> {
    let code = info.external_code.as_deref();
    let provisioned = code.is_some_and(|code| ExternalCode::new(code).is_provisioned());
    (policy.skip_provisioned && provisioned).then_some(Excluded::Provisioned)
}

fn not_billed(state: &PartnerState, policy: &Policy) -> Option<Excluded> {
    match state {
        PartnerState::InProduction => None,
        PartnerState::InTrial if policy.trials == Trials::Include => None,
        PartnerState::InTrial => Some(Excluded::Trial),
        other => Some(Excluded::State(other.clone())),
    }
}

impl ManagementClient {
    /// All customers below one, and itself, as a tree for [`classify`](super::classify).
    ///
    /// # Errors
    /// As any call.
    pub async fn customer_tree(&self, root: PartnerId) -> Result<CustomerTree> {
        let mut tree = CustomerTree::new([self.partner(root).await?]);
        for customer in self.partners(root, Depth::All).await? {
            match customer {
                Guarded::Good(info) => {
                    if let Some(id) = info.id {
                        tree.customers.insert(id, info);
                    }
                }
                Guarded::Bad(bad) => tree.bad.push(bad),
            }
        }
        Ok(tree)
    }
}
