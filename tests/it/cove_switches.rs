//! The management client in every position of the sandbox's switches for what nobody outside knows about the service.

use crate::cove_bench::{
    builder, calls, everything, good, listed, live_devices, live_ids, live_partners, number,
    reseller, seeded,
};
use api_core::{ErrorKind, Result};
use cove_api::management::{Column, CountEvidence, Depth, PartnerId, PartnerState, UnixTime};
use sandbox::{
    Availability, EmptyList, ManagementSwitches, ModifyPartner, NoResult, OldVisas, Sandbox,
    TotalsShape, UnpaddedColumns,
};
use std::collections::BTreeSet;
use std::time::Duration;

fn customer(sandbox: &Sandbox) -> PartnerId {
    let partners = live_partners(sandbox);
    let found = partners.iter().find(|one| {
        one.level == "EndCustomer" && one.state == "InProduction" && one.external_code.is_empty()
    });
    PartnerId::new(number(found.unwrap().id))
}

/// The devices that the reseller itself has.
fn own(sandbox: &Sandbox) -> BTreeSet<i64> {
    let live = live_devices(sandbox).into_iter();
    live.filter(|one| number(one.partner_id) == reseller().get())
        .map(|one| number(one.id))
        .collect()
}

/// The kind and code of a failure.
fn failure<T: std::fmt::Debug>(result: Result<T>) -> (ErrorKind, Option<String>) {
    let error = result.unwrap_err();
    (error.kind(), error.code().map(str::to_owned))
}

#[tokio::test]
async fn columns_totals_and_row_limits_in_every_position_give_the_same_devices() {
    let plain = ManagementSwitches::default;
    let mut positions = vec![ManagementSwitches {
        forbidden_columns: Vec::new(),
        ..plain()
    }];
    for most_rows in [None, Some(30), Some(100), Some(1000)] {
        positions.push(ManagementSwitches {
            most_rows,
            ..plain()
        });
    }
    for unpadded_columns in [
        UnpaddedColumns::AsAsked,
        UnpaddedColumns::Padded,
        UnpaddedColumns::Dropped,
    ] {
        positions.push(ManagementSwitches {
            unpadded_columns,
            ..plain()
        });
    }
    for totals in [
        TotalsShape::Settings,
        TotalsShape::Object,
        TotalsShape::Null,
    ] {
        positions.push(ManagementSwitches { totals, ..plain() });
    }
    for position in positions {
        let (sandbox, cove) = seeded(position.clone()).await;
        let statistics = cove.device_statistics(&everything()).await.unwrap();
        let expected = live_ids(&sandbox);
        assert_eq!(listed(&statistics), expected, "{position:?}");
        let missing: Vec<String> = statistics
            .missing_columns
            .iter()
            .map(Column::code)
            .collect();
        assert_eq!(missing, ["I2"], "{position:?}");
        let devices = expected.len() as u64;
        let counts = match position.totals {
            TotalsShape::Null => CountEvidence::None,
            TotalsShape::Settings | TotalsShape::Object => CountEvidence::Agrees { devices },
        };
        assert_eq!(statistics.counts, counts, "{position:?}");
    }
}

#[tokio::test]
async fn visas_that_are_short_lived_spent_by_use_or_missing_in_errors_need_no_more_logins() {
    let (sandbox, cove) = seeded(ManagementSwitches {
        visa_life: 60,
        ..ManagementSwitches::default()
    })
    .await;
    for logins in 1..=3 {
        cove.server_info().await.unwrap();
        sandbox.advance_clock(Duration::from_secs(61));
        assert_eq!(calls(&sandbox, "Login"), logins);
    }

    for old_visas in [OldVisas::StayValid, OldVisas::Invalidated] {
        let (sandbox, _) = seeded(ManagementSwitches {
            old_visas,
            ..ManagementSwitches::default()
        })
        .await;
        let cove = builder(&sandbox).max_in_flight(1).build().unwrap();
        let mut callers = tokio::task::JoinSet::new();
        for _ in 0..10 {
            let cove = cove.clone();
            callers.spawn(async move { cove.server_info().await });
        }
        for answer in callers.join_all().await {
            answer.unwrap();
        }
        assert_eq!(calls(&sandbox, "Login"), 1, "{old_visas:?}");
    }

    for visa_in_errors in [true, false] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            visa_in_errors,
            ..ManagementSwitches::default()
        })
        .await;
        for _ in 0..3 {
            let missing = cove.partner(PartnerId::new(3)).await;
            assert_eq!(failure(missing).1.as_deref(), Some("5001"));
            cove.server_info().await.unwrap();
        }
        assert_eq!(calls(&sandbox, "Login"), 1, "{visa_in_errors}");
    }
}

#[tokio::test]
async fn each_role_may_do_what_it_may_and_is_told_by_name_what_not() {
    for role in 1..=7 {
        let (sandbox, cove) = seeded(ManagementSwitches {
            role,
            ..ManagementSwitches::default()
        })
        .await;
        let customer = customer(&sandbox);
        let before = sandbox.partners();
        match (role, cove.link_to_halo(customer, "2210").await) {
            (1..=3, change) => assert!(change.unwrap().written, "{role}"),
            (_, refused) => {
                let error = refused.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Permission, "{role}: {error}");
                assert_eq!(error.operation(), Some("ModifyPartner"), "{role}");
                assert_eq!(sandbox.partners(), before, "{role}");
            }
        }
        match (role, cove.device_statistics(&everything()).await) {
            (1..=5, statistics) => {
                assert_eq!(listed(&statistics.unwrap()), live_ids(&sandbox), "{role}");
            }
            (_, refused) => {
                let permission = (ErrorKind::Permission, Some("13501".to_owned()));
                assert_eq!(failure(refused), permission, "{role}");
            }
        }
        assert_eq!(
            calls(&sandbox, "Login"),
            1,
            "{role}: a login would not help"
        );
    }
}

#[tokio::test]
async fn methods_that_are_closed_or_unknown_say_so_and_the_others_go_on() {
    for availability in [
        Availability::Available,
        Availability::Forbidden,
        Availability::UnknownMethod,
    ] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            history: availability,
            accounts: availability,
            ..ManagementSwitches::default()
        })
        .await;
        let now = UnixTime::new(1_900_000_000);
        let history = cove.device_history(now, &everything()).await;
        let accounts = cove.accounts(reseller()).await;
        let expected = match availability {
            Availability::Available => {
                assert_eq!(listed(&history.unwrap()), live_ids(&sandbox));
                assert_eq!(good(accounts.unwrap()).len(), own(&sandbox).len());
                continue;
            }
            Availability::Forbidden => (ErrorKind::Permission, Some("13501".to_owned())),
            Availability::UnknownMethod => (ErrorKind::Api, Some("-32601".to_owned())),
        };
        assert_eq!(failure(history), expected);
        assert_eq!(failure(accounts), expected);
        let statistics = cove.device_statistics(&everything()).await.unwrap();
        assert_eq!(listed(&statistics), live_ids(&sandbox));
    }
}

#[tokio::test]
async fn accounts_of_the_partner_alone_or_of_all_below_are_each_passed_on_as_they_are() {
    for accounts_depth in [sandbox::Depth::Own, sandbox::Depth::Recursive] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            accounts_depth,
            ..ManagementSwitches::default()
        })
        .await;
        let accounts = good(cove.accounts(reseller()).await.unwrap());
        let found: BTreeSet<i64> = accounts.iter().map(|one| one.id.unwrap().get()).collect();
        let expected = match accounts_depth {
            sandbox::Depth::Own => own(&sandbox),
            sandbox::Depth::Recursive => live_ids(&sandbox).into_iter().collect(),
        };
        assert_eq!(found, expected, "{accounts_depth:?}");
    }
}

#[tokio::test]
async fn empty_lists_and_methods_without_a_result_are_read_in_either_form() {
    for (empty_list, no_result) in [
        (EmptyList::Empty, NoResult::Missing),
        (EmptyList::Empty, NoResult::Null),
        (EmptyList::Null, NoResult::Missing),
        (EmptyList::Null, NoResult::Null),
    ] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            empty_list,
            no_result,
            ..ManagementSwitches::default()
        })
        .await;
        let customer = customer(&sandbox);
        assert!(cove.removed_accounts(&[]).await.unwrap().is_empty());
        let site = live_partners(&sandbox)
            .into_iter()
            .find(|one| one.level == "Site")
            .unwrap();
        let below = cove.partners(PartnerId::new(number(site.id)), Depth::All);
        assert!(below.await.unwrap().is_empty());
        let none = everything().filter("AU == 1");
        let none = cove.device_statistics(&none).await.unwrap();
        assert_eq!(none.counts, CountEvidence::Agrees { devices: 0 });
        assert!(none.devices.is_empty());
        assert!(cove.link_to_halo(customer, "7").await.unwrap().written);
    }
}

#[tokio::test]
async fn a_server_that_clears_what_is_left_out_of_a_write_is_found_out() {
    for modify_partner in [ModifyPartner::KeepsTheRest, ModifyPartner::ClearsTheRest] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            modify_partner,
            ..ManagementSwitches::default()
        })
        .await;
        let customer = customer(&sandbox);
        let link = cove.link_to_halo(customer, "2210").await;
        let state = cove.partner_state(customer).await.unwrap();
        if modify_partner == ModifyPartner::KeepsTheRest {
            assert!(link.unwrap().written);
            assert_eq!(state, PartnerState::InProduction);
        } else {
            assert_eq!(state, PartnerState::Registered);
            let error = link.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            assert!(error.to_string().contains("State"), "{error}");
        }
        assert_eq!(calls(&sandbox, "ModifyPartner"), 1);
    }
}

#[tokio::test]
async fn a_code_that_is_too_long_for_the_server_is_an_error_and_changes_nothing() {
    for limit in [Some(5), Some(9), None] {
        let (sandbox, cove) = seeded(ManagementSwitches {
            external_code_limit: limit,
            ..ManagementSwitches::default()
        })
        .await;
        let customer = customer(&sandbox);
        let before = sandbox.partners();
        let link = cove.link_to_halo(customer, "2210").await;
        if limit == Some(5) {
            assert_eq!(failure(link), (ErrorKind::Api, Some("1001".to_owned())));
            assert_eq!(sandbox.partners(), before);
        } else {
            assert_eq!(link.unwrap().after.as_str(), "HALO:2210");
        }
    }
}
