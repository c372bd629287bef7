//! Cove's management client on a sandbox.

use api_core::SecretString;
use api_core::testing::ManualClock;
use cove_api::management::{
    DeviceStatistics, Guarded, ManagementClient, ManagementClientBuilder, PartnerId,
    StatisticsQuery,
};
use sandbox::{
    Account, Fault, FaultKind, ManagementSwitches, Partner, RESELLER_ID, Sandbox, Service,
    Switches, When,
};
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::sync::Arc;

/// Ids are whole numbers on both sides, of different types.
pub(crate) fn number(id: u64) -> i64 {
    i64::try_from(id).unwrap()
}

/// The partner of the credentials.
pub(crate) fn reseller() -> PartnerId {
    PartnerId::new(number(RESELLER_ID))
}

/// A client with the sandbox's credentials and a clock that does not wait.
pub(crate) fn builder(sandbox: &Sandbox) -> ManagementClientBuilder {
    ManagementClient::builder(
        sandbox::MANAGEMENT_PARTNER,
        sandbox::MANAGEMENT_USER,
        SecretString::from(sandbox::MANAGEMENT_PASSWORD),
    )
    .base_url(&sandbox.management_url())
    .clock(Arc::new(ManualClock::default()))
}

/// A seeded sandbox behind these switches, and a client on it.
pub(crate) async fn seeded(management: ManagementSwitches) -> (Sandbox, ManagementClient) {
    let switches = Switches {
        management,
        ..Switches::default()
    };
    let sandbox = Sandbox::builder().switches(switches).start().await.unwrap();
    let client = builder(&sandbox).build().unwrap();
    (sandbox, client)
}

/// Cove's live devices, by the sandbox's own word.
pub(crate) fn live_devices(sandbox: &Sandbox) -> Vec<Account> {
    let mut accounts = sandbox.accounts();
    accounts.retain(|one| one.removed.is_none());
    accounts
}

/// Cove's live partners, by the sandbox's own word.
pub(crate) fn live_partners(sandbox: &Sandbox) -> Vec<Partner> {
    let mut partners = sandbox.partners();
    partners.retain(|one| one.removed.is_none());
    partners
}

/// The ids of the live devices, in order.
pub(crate) fn live_ids(sandbox: &Sandbox) -> Vec<i64> {
    let ids: BTreeSet<i64> = live_devices(sandbox)
        .iter()
        .map(|one| number(one.id))
        .collect();
    ids.into_iter().collect()
}

/// A list, every record of it readable.
pub(crate) fn good<T: Debug>(list: Vec<Guarded<T>>) -> Vec<T> {
    list.into_iter()
        .map(|record| record.into_result().unwrap())
        .collect()
}

/// The devices of statistics, in the order of the answer.
pub(crate) fn listed(statistics: &DeviceStatistics) -> Vec<i64> {
    assert!(statistics.bad.is_empty(), "{:?}", statistics.bad);
    let devices = statistics.devices.iter();
    devices.map(|row| row.device_id.get()).collect()
}

/// Every device with the columns of billing, in several pages.
pub(crate) fn everything() -> StatisticsQuery {
    StatisticsQuery::billing(reseller()).page_size(100)
}

/// How often a method was called.
pub(crate) fn calls(sandbox: &Sandbox, method: &str) -> usize {
    let requests = sandbox.requests();
    requests
        .iter()
        .filter(|request| request.rpc.as_deref() == Some(method))
        .count()
}

/// A fault at the n-th call of a method.
pub(crate) fn fault_at(method: &str, nth: u64, kind: FaultKind) -> Vec<Fault> {
    let when = When::NthOf {
        service: Service::Management,
        path_contains: method.to_owned(),
        nth,
    };
    vec![Fault::new(when, kind)]
}
