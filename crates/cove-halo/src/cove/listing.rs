//! Which customers the vendor lists: the proof that one without usage has left, and is not just missing.

use super::CONCURRENCY;
use super::draft::Draft;
use crate::port_error;
use crate::watch::Relay;
use api_core::ErrorKind;
use billing_sync::ids::CustomerId;
use billing_sync::ports::PortError;
use cove_api::billing::{self, BillingClient, TimeFrame};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use std::collections::BTreeSet;

/// Asks for the customers of every contract that the draft has read.
pub(super) async fn list_customers(
    client: &BillingClient,
    relay: &Relay,
    month: TimeFrame,
    draft: &mut Draft,
) -> Result<(), PortError> {
    let contracts = draft.to_list();
    if contracts.is_empty() {
        return Ok(());
    }
    relay.fetching(&format!("customers of {} contracts", contracts.len()));
    let answers: Vec<_> = stream::iter(contracts)
        .map(|contract| async move {
            let id = billing::ContractId::new(contract.as_str());
            let listed = match client.billable_services(month, &id).await {
                Ok(services) => customers_of(&services),
                Err(error) if gives_no_list(error.kind()) => None,
                Err(error) => return Err(port_error(error)),
            };
            Ok((contract, listed))
        })
        .buffered(CONCURRENCY)
        .try_collect()
        .await?;
    for (contract, listed) in answers {
        draft.listed(&contract, listed);
    }
    Ok(())
}

/// The listed customers; `None` when a row of the list could not be read, because then the list proves nothing.
fn customers_of(services: &billing::BillableServices) -> Option<BTreeSet<CustomerId>> {
    let mut customers = BTreeSet::new();
    for client in &services.clients {
        let client = client.good()?;
        if let Some(id) = &client.client_id {
            customers.insert(CustomerId::new(id.as_str()));
        }
    }
    Some(customers)
}

/// Errors that mean "no list for this contract", as opposed to a vendor that cannot be reached.
fn gives_no_list(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Api | ErrorKind::NotFound | ErrorKind::Decode | ErrorKind::Permission
    )
}
