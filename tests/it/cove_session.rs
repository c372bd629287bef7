//! The session of the management client, its writes, and what faults do to both, against the sandbox.

use crate::cove_bench::{
    builder, calls, everything, fault_at, good, listed, live_ids, live_partners, number, reseller,
    seeded,
};
use api_core::{ErrorKind, SecretString};
use cove_api::management::{Depth, ManagementClient, PartnerId};
use sandbox::{FaultKind, ManagementSwitches, Sandbox};
use std::time::Duration;

/// A customer with a text in its external code that is not ours.
fn coded(sandbox: &Sandbox) -> PartnerId {
    let partners = live_partners(sandbox);
    let customer = partners
        .iter()
        .find(|one| one.level == "EndCustomer" && one.external_code.is_empty())
        .unwrap();
    sandbox.edit(|world| world.set_external_code(customer.id, "ACME-7 | CWM:1478"));
    PartnerId::new(number(customer.id))
}

fn code_of(sandbox: &Sandbox, partner: PartnerId) -> String {
    let partners = sandbox.partners().into_iter();
    let mut found = partners.filter(|one| number(one.id) == partner.get());
    found.next().unwrap().external_code
}

#[tokio::test]
async fn a_refused_login_is_sent_once_and_explains_the_partner_string() {
    let (sandbox, _) = seeded(ManagementSwitches::default()).await;
    let wrong = |partner: &str, password: &str| {
        ManagementClient::builder(
            partner,
            sandbox::MANAGEMENT_USER,
            SecretString::from(password),
        )
        .base_url(&sandbox.management_url())
        .build()
        .unwrap()
    };
    for cove in [
        wrong("Our MSP", sandbox::MANAGEMENT_PASSWORD),
        wrong(sandbox::MANAGEMENT_PARTNER, "canary-password"),
    ] {
        sandbox.clear_requests();
        for _ in 0..3 {
            let error = cove.server_info().await.unwrap_err();
            assert_eq!(
                (error.kind(), error.code()),
                (ErrorKind::Auth, Some("2100"))
            );
            assert!(error.hint().unwrap().contains("partner string"), "{error}");
            assert!(!format!("{error:?} {cove:?}").contains("canary"));
        }
        assert_eq!(sandbox.requests().len(), 1, "failed logins lock the user");
    }
}

#[tokio::test]
async fn twenty_callers_with_an_expired_visa_share_one_new_login() {
    let (sandbox, _) = seeded(ManagementSwitches::default()).await;
    let cove = builder(&sandbox).max_in_flight(20).build().unwrap();
    cove.login().await.unwrap();
    for round in 1..=3 {
        sandbox.advance_clock(Duration::from_secs(15 * 60 + 1));
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let cove = cove.clone();
            callers.spawn(async move { cove.server_info().await });
        }
        for answer in callers.join_all().await {
            assert!(answer.unwrap().version.is_some());
        }
        assert_eq!(calls(&sandbox, "Login"), 1 + round);
    }
    // A visa that is used stays alive, however long that goes on.
    for _ in 0..6 {
        sandbox.advance_clock(Duration::from_secs(600));
        cove.server_info().await.unwrap();
    }
    assert_eq!(calls(&sandbox, "Login"), 4);
}

#[tokio::test]
async fn a_visa_lost_in_the_middle_of_a_run_costs_one_login_and_no_device() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    cove.login().await.unwrap();
    for nth in 1..=3 {
        let kind = FaultKind::TokenRevoked;
        sandbox.set_faults(fault_at("EnumerateAccountStatistics", nth, kind));
        sandbox.clear_requests();
        let statistics = cove.device_statistics(&everything()).await.unwrap();
        assert_eq!(listed(&statistics), live_ids(&sandbox), "page {nth}");
        assert_eq!(calls(&sandbox, "Login"), 1, "page {nth}");
    }
}

#[tokio::test]
async fn lists_that_are_disturbed_while_they_are_read_come_out_whole_or_not_at_all() {
    for kind in [
        FaultKind::DuplicatePage,
        FaultKind::ShiftPage,
        FaultKind::TruncatedBody,
        FaultKind::ResetAfterCommit,
        FaultKind::Status(503),
        FaultKind::MalformedJson,
        FaultKind::Html200,
    ] {
        let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
        sandbox.set_faults(fault_at("EnumerateAccountStatistics", 2, kind.clone()));
        match cove.device_statistics(&everything()).await {
            Ok(statistics) => assert_eq!(listed(&statistics), live_ids(&sandbox), "{kind:?}"),
            Err(error) => assert!(
                matches!(error.kind(), ErrorKind::Decode | ErrorKind::Incomplete)
                    && error.operation() == Some("EnumerateAccountStatistics"),
                "{kind:?}: {error}"
            ),
        }
        sandbox.clear_faults();
        let again = cove.device_statistics(&everything()).await.unwrap();
        assert_eq!(listed(&again), live_ids(&sandbox), "{kind:?}");
    }
}

#[tokio::test]
async fn linking_to_halo_keeps_the_rest_of_the_code_and_writes_once() {
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let customer = coded(&sandbox);
    let change = cove.link_to_halo(customer, "2210").await.unwrap();
    assert_eq!(change.before.as_str(), "ACME-7 | CWM:1478");
    assert_eq!(change.after.as_str(), "ACME-7 | CWM:1478 | HALO:2210");
    assert!(change.written);
    assert_eq!(code_of(&sandbox, customer), change.after.as_str());
    let again = cove.link_to_halo(customer, "2210").await.unwrap();
    assert!(!again.written && again.after == change.after);
    assert_eq!(calls(&sandbox, "ModifyPartner"), 1);
    let moved = cove.link_to_halo(customer, "17").await.unwrap();
    assert_eq!(moved.after.as_str(), "ACME-7 | CWM:1478 | HALO:17");
    assert_eq!(code_of(&sandbox, customer), moved.after.as_str());
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_sent_once_and_found_done_the_next_time() {
    for kind in [
        FaultKind::StatusAfterCommit(500),
        FaultKind::StatusAfterCommit(503),
        FaultKind::ResetAfterCommit,
        FaultKind::TruncatedBody,
        FaultKind::MalformedJson,
        FaultKind::EmptyBody,
    ] {
        let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
        let customer = coded(&sandbox);
        sandbox.set_faults(fault_at("ModifyPartner", 1, kind.clone()));
        let error = cove.link_to_halo(customer, "2210").await.unwrap_err();
        assert!(error.may_have_been_sent(), "{kind:?}: {error}");
        assert_eq!(error.operation(), Some("ModifyPartner"), "{kind:?}");
        assert_eq!(calls(&sandbox, "ModifyPartner"), 1, "{kind:?}");
        let now = code_of(&sandbox, customer);
        assert_eq!(now, "ACME-7 | CWM:1478 | HALO:2210", "{kind:?}");
        let again = cove.link_to_halo(customer, "2210").await.unwrap();
        assert!(!again.written, "{kind:?}");
        assert_eq!(calls(&sandbox, "ModifyPartner"), 1, "{kind:?}");
    }
}

#[tokio::test]
async fn a_write_that_did_not_arrive_changes_nothing_or_is_done_in_the_end() {
    for kind in [
        FaultKind::Status(500),
        FaultKind::ResetBeforeCommit,
        FaultKind::Html200,
    ] {
        let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
        let customer = coded(&sandbox);
        sandbox.set_faults(fault_at("ModifyPartner", 1, kind.clone()));
        // From here it looks like a write whose answer was lost, so it is not repeated.
        let error = cove.link_to_halo(customer, "2210").await.unwrap_err();
        assert!(error.may_have_been_sent(), "{kind:?}: {error}");
        assert_eq!(code_of(&sandbox, customer), "ACME-7 | CWM:1478", "{kind:?}");
        assert!(cove.link_to_halo(customer, "2210").await.unwrap().written);
        assert_eq!(calls(&sandbox, "ModifyPartner"), 2, "{kind:?}");
    }
    let (sandbox, cove) = seeded(ManagementSwitches::default()).await;
    let customer = coded(&sandbox);
    let limit = FaultKind::TooManyRequests {
        retry_after: Some(3),
    };
    sandbox.set_faults(fault_at("ModifyPartner", 1, limit));
    assert!(cove.link_to_halo(customer, "2210").await.unwrap().written);
    assert_eq!(code_of(&sandbox, customer), "ACME-7 | CWM:1478 | HALO:2210");
}

#[tokio::test]
async fn two_clients_never_share_a_session() {
    let (sandbox, one) = seeded(ManagementSwitches::default()).await;
    let other = builder(&sandbox).build().unwrap();
    for cove in [&one, &other, &one.clone(), &other.clone()] {
        good(cove.partners(reseller(), Depth::Children).await.unwrap());
    }
    assert_eq!(calls(&sandbox, "Login"), 2);
}
