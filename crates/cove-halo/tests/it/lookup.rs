//! The same plan, whichever way the server shows custom fields, pages its lists and wraps its answers.

use crate::harness::{Bench, approval, exceptions_of, october};
use billing_sync::plan::Change;
use cove_halo::ExitCode;
use halopsa_api::{HaloClient, LicenceId, LicenceWrite};
use sandbox::{
    BatchFailure, BillingWrapper, CustomFieldValue, CustomFieldsInLists, PostAnswer, Sandbox,
    Switches,
};

async fn changes(switches: Switches, halo: &str) -> Vec<Change> {
    let bench = Bench::with(Sandbox::builder().switches(switches)).await;
    let plan = bench
        .service_with("", halo, "")
        .plan(&october())
        .await
        .unwrap();
    plan.changes().to_vec()
}

fn no_limit() -> Switches {
    Switches {
        rate_limit: None,
        ..Switches::default()
    }
}

#[tokio::test]
async fn every_way_of_reading_the_custom_field_gives_the_same_plan() {
    let expected = changes(no_limit(), "").await;
    assert!(!expected.is_empty());
    for lists in [
        CustomFieldsInLists::Always,
        CustomFieldsInLists::WhenAsked,
        CustomFieldsInLists::Never,
    ] {
        for value in [CustomFieldValue::Text, CustomFieldValue::Number] {
            let switches = Switches {
                custom_fields_in_lists: lists,
                custom_field_value: value,
                page_cap: Some(50),
                ..no_limit()
            };
            for lookup in ["auto", "sql"] {
                let halo = format!("customer_lookup = \"{lookup}\"");
                assert!(
                    changes(switches.clone(), &halo).await == expected,
                    "{lists:?} {value:?} {lookup}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_list_without_the_field_is_an_error_when_the_list_is_all_that_is_allowed() {
    let bench = Bench::with(Sandbox::builder().switches(Switches {
        custom_fields_in_lists: CustomFieldsInLists::Never,
        ..no_limit()
    }))
    .await;
    let service = bench.service_with("", "customer_lookup = \"list\"", "");
    let error = service.plan(&october()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.hint().unwrap().contains("auto"));
}

#[tokio::test]
async fn the_answer_to_a_write_and_the_wrapper_of_usage_make_no_difference() {
    for (post_answer, billing_wrapper, page_cap) in [
        (PostAnswer::Array, BillingWrapper::Wrapped, None),
        (PostAnswer::Object, BillingWrapper::Array, Some(50)),
        (PostAnswer::Empty, BillingWrapper::Bare, Some(100)),
    ] {
        let bench = Bench::with(Sandbox::builder().switches(Switches {
            post_answer,
            billing_wrapper,
            page_cap,
            ..no_limit()
        }))
        .await;
        let outcome = bench.service().sync(&october(), approval()).await.unwrap();
        assert_eq!(outcome.exit_code(), ExitCode::Exceptions, "{post_answer:?}");
        bench.assert_as_expected();
    }
}

#[tokio::test]
async fn one_record_that_the_server_refuses_does_not_take_the_others_with_it() {
    for batch_failure in [
        BatchFailure::AllOrNothing,
        BatchFailure::StopsAtFirstError,
        BatchFailure::SkipsBadOnes,
    ] {
        let bench = Bench::with(Sandbox::builder().switches(Switches {
            batch_failure,
            ..no_limit()
        }))
        .await;
        // No server takes a name of more than 500 characters.
        let service = bench.service_with(
            "",
            "",
            &format!(
                "[[rule]]\nservice = \"Cove Data Protection | Documents\"\nname = \"{}\"\n",
                "x".repeat(501)
            ),
        );
        let run = service
            .sync(&october(), approval())
            .await
            .unwrap()
            .run
            .unwrap();
        let too_long = |record: &&billing_sync::run::ChangeRecord| record.change.name.len() > 500;
        let refused: Vec<_> = run.report.changes.iter().filter(too_long).collect();
        assert!(!refused.is_empty());
        assert!(
            refused
                .iter()
                .all(|record| record.outcome.word() == "rejected"),
            "{refused:?}"
        );
        assert_eq!(run.report.failed(), refused.len());
        assert_eq!(run.report.unknown(), 0);
        assert_eq!(run.exit_code(), ExitCode::Failure);
    }
}

/// The usual way to write "never ends", and a date of no known form: both only describe the subscription.
#[tokio::test]
async fn subscriptions_that_never_end_are_billed_like_any_other() {
    let bench = Bench::with(Sandbox::builder().switches(no_limit())).await;
    let expected = bench.service().plan(&october()).await.unwrap();
    let halo = HaloClient::builder(
        &bench.sandbox.halo_url(),
        sandbox::HALO_CLIENT_ID,
        sandbox::HALO_CLIENT_SECRET.into(),
    )
    .tenant(Some(sandbox::TENANT.to_owned()))
    .build()
    .unwrap();
    let writes: Vec<LicenceWrite> = bench
        .sandbox
        .subscriptions()
        .iter()
        .filter(|record| !record.deleted)
        .map(|record| LicenceWrite::Update {
            id: LicenceId::new(record.id),
            client_id: halopsa_api::ClientId::new(record.client_id),
            fields: serde_json::Map::from_iter([
                ("end_date".to_owned(), "9999-12-31T23:59:59.9999999".into()),
                ("start_date".to_owned(), 5.into()),
            ]),
        })
        .collect();
    assert!(writes.len() > 20, "{}", writes.len());
    for batch in writes.chunks(50) {
        halo.licences().write_many(batch).await.unwrap();
    }
    let plan = bench.service().plan(&october()).await.unwrap();
    assert!(plan.changes() == expected.changes());
    assert_eq!(exceptions_of(&plan), exceptions_of(&expected));
    bench.service().apply(plan, approval()).await.unwrap();
    bench.assert_as_expected();
}
