//! What keeps a plan from being applied: finality, completeness, limits, other rules, drift.

use crate::harness::{Bench, PERIOD, approval, month, october};
use billing_sync::ids::ClientId;
use billing_sync::plan::GuardName;
use billing_sync::state::StateStore as _;
use billing_sync::state::sqlite::SqliteStore;
use billing_sync::usage::Finality;
use billing_sync::{Decision, MappingDecision};
use cove_halo::ExitCode;

#[tokio::test]
async fn a_month_without_invoice_is_shown_but_not_applied() {
    let bench = Bench::new().await;
    let service = bench.service();
    let november = month(202_611);
    let plan = service.plan(&november).await.unwrap();
    assert_eq!(
        plan.finality(),
        &Finality::Provisional("no invoice for 202611 yet".to_owned())
    );
    assert!(plan.writes().count() > 0);
    let error = service.sync(&november, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::NotFinal);
    assert!(error.hint().is_some());
    assert!(error.plan().is_some(), "the plan is there to be shown");
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn an_open_invoice_makes_the_month_provisional_and_is_named() {
    let bench = Bench::new().await;
    bench
        .sandbox
        .edit(|world| world.set_invoice_status(PERIOD, "OPEN", "PENDING"));
    let plan = bench.service().plan(&october()).await.unwrap();
    let Finality::Provisional(why) = plan.finality() else {
        panic!("an open invoice is not final");
    };
    let invoice = bench
        .sandbox
        .edit(|world| world.invoices(PERIOD)[0].id.clone());
    assert!(
        why.contains(&format!(
            "invoice {invoice} has status OPEN and approval PENDING"
        )),
        "{why}"
    );
    let error = bench.service().apply(plan, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::NotFinal);
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_guard_stops_the_run_until_it_is_overridden_with_a_reason() {
    let bench = Bench::new().await;
    let service = bench.service_with("", "", "[guard]\nmax_created = 0");
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Guard);
    assert!(error.message().contains("max_created"), "{error}");
    assert!(
        error
            .hint()
            .unwrap()
            .contains("--override max_created=REASON")
    );
    assert_eq!(bench.committed(), 0);

    let error = service
        .sync(
            &october(),
            approval().overriding(GuardName::MaxCreated, " "),
        )
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);

    let outcome = service
        .sync(
            &october(),
            approval().overriding(GuardName::MaxCreated, "first month"),
        )
        .await
        .unwrap();
    bench.assert_as_expected();
    let run = service
        .history_of(&outcome.run.unwrap().report.run_id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(run.overrides["max_created"], "first month");
}

#[tokio::test]
async fn an_empty_month_never_reads_as_everything_was_cancelled() {
    let bench = Bench::new().await;
    let service = bench.service();
    service.sync(&october(), approval()).await.unwrap();
    let live = bench.live();
    bench.sandbox.edit(|world| world.remove_all_usage(PERIOD));
    bench.sandbox.clear_requests();
    let error = service.sync(&october(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Guard);
    assert_eq!(error.plan().unwrap().summary().zero, 0);
    assert_eq!(bench.committed(), 0);
    assert_eq!(bench.live(), live);
}

#[tokio::test]
async fn a_contract_that_is_nowhere_makes_the_usage_incomplete() {
    let bench = Bench::new().await;
    let contract = sandbox::CONTRACTS[0];
    let cove = format!("contract_ids = [\"{contract}\", \"999999\"]");
    let error = bench
        .service_with(&cove, "", "")
        .sync(&october(), approval())
        .await
        .unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Guard);
    let gaps = error.plan().unwrap().gaps().join("; ");
    assert!(gaps.contains("contract 999999 was expected"), "{gaps}");
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_plan_made_under_other_rules_is_refused() {
    let bench = Bench::new().await;
    let plan = bench.service().plan(&october()).await.unwrap();
    let other = bench.service_with("", "", "[guard]\nmax_created = 499");
    let error = other.apply(plan, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.message().contains("other rules"), "{error}");
    assert_eq!(bench.committed(), 0);
    assert!(!bench.state().exists());
}

#[tokio::test]
async fn a_saved_plan_of_an_older_month_is_stopped_once_a_newer_one_was_applied() {
    let bench = Bench::new().await;
    let service = bench.service();
    let saved = service.plan(&month(202_609)).await.unwrap();
    service.sync(&october(), approval()).await.unwrap();
    bench.sandbox.clear_requests();
    let error = service.apply(saved, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Guard);
    assert!(error.message().contains("closed_period"), "{error}");
    let hint = error.hint().unwrap();
    assert!(hint.contains("--override closed_period=REASON"), "{hint}");
    assert!(bench.sandbox.requests().is_empty());
}

#[tokio::test]
async fn a_plan_of_another_tenant_is_refused_before_any_request() {
    let here = Bench::new().await;
    let plan = here.service().plan(&october()).await.unwrap();
    assert!(plan.summary().create > 0, "ids of clients alone hold it");
    let there = Bench::new().await;
    let mut settings = there.settings();
    settings.halo.tenant = None;
    let other = Bench::builder(settings).build().unwrap();
    let error = other.apply(plan.clone(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.message().contains("the plan was made for"), "{error}");
    assert!(error.message().contains("tenant sandbox"), "{error}");
    assert!(there.sandbox.requests().is_empty());
    assert!(!there.state().exists());
    here.service().apply(plan, approval()).await.unwrap();
}

#[tokio::test]
async fn a_record_that_moved_since_the_plan_stops_everything() {
    let bench = Bench::new().await;
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    let moved = plan
        .writes()
        .find(|change| change.licence_id.is_some())
        .unwrap();
    let id = moved.licence_id.unwrap().get();
    let before = moved.before.unwrap().to_string();
    bench.sandbox.edit(|world| world.set_count(id, 4711));
    let live = bench.live();
    let error = service.apply(plan, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift);
    let [drift] = error.drift() else {
        panic!("{:?}", error.drift());
    };
    assert_eq!(
        (
            drift.field.as_str(),
            drift.planned.as_str(),
            drift.found.as_str()
        ),
        ("count", before.as_str(), "4711")
    );
    assert_eq!(bench.live(), live);
    assert_eq!(service.history(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_saved_plan_is_refused_once_its_month_was_billed_or_a_person_decided() {
    let bench = Bench::new().await;
    let service = bench.service();
    let saved = service.plan(&october()).await.unwrap();
    let customer = saved.writes().find_map(|it| it.sources.first()).unwrap();
    let store = SqliteStore::open(bench.state()).unwrap();
    let decision = Decision::Customer(MappingDecision {
        customer: customer.customer_id.clone(),
        client: ClientId::new(1),
    });
    let at = "2026-11-06T06:00:00.000Z";
    store
        .decide(std::slice::from_ref(&decision), "ann", at)
        .await
        .unwrap();
    let error = service.apply(saved.clone(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift);
    assert!(error.message().contains("a decision"), "{error}");
    assert_eq!(bench.committed(), 0);

    let question = decision.question();
    store.undecide(&[question], "ann", at).await.unwrap();
    // Something else is corrected and billed meanwhile.
    let corrected = saved.writes().find_map(|it| it.licence_id).unwrap();
    let set = |world: &mut sandbox::World| world.set_count(corrected.get(), 4711);
    assert!(bench.sandbox.edit(set));
    service.sync(&october(), approval()).await.unwrap();
    let written = bench.committed();
    let error = service.apply(saved, approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift);
    assert!(
        error.message().ends_with("began since the plan was made"),
        "{error}"
    );
    assert_eq!((error.drift(), bench.committed()), (&[][..], written));
    assert_eq!(service.history(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_client_that_is_no_longer_the_customers_stops_a_saved_plan() {
    let bench = Bench::new().await;
    let service = bench.service();
    let saved = service.plan(&october()).await.unwrap();
    let billed = saved.writes().find(|it| !it.sources.is_empty()).unwrap();
    let client = billed.client_id.get();
    bench.sandbox.edit(|world| {
        world.set_custom_field(client, "someone-else");
        world.set_client_inactive(client, true);
    });
    let error = service.apply(saved.clone(), approval()).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Drift);
    let of = |field: &str| {
        let drift = error.drift().iter().find(|it| it.field == field).unwrap();
        (drift.key.client.get(), &*drift.found)
    };
    assert_eq!(of("client"), (client, "inactive"));
    assert_eq!(of("customer"), (client, "someone-else"));
    assert_eq!(bench.committed(), 0);
}

#[tokio::test]
async fn a_saved_plan_takes_about_as_many_requests_as_it_says() {
    let bench = Bench::new().await;
    let saved = bench.service().plan(&october()).await.unwrap();
    let told = saved.requests().write_estimate;
    // As another process does it, days later: it knows no list and no field.
    let service = bench.service_with("", "", "");
    bench.sandbox.clear_requests();
    service.apply(saved, approval()).await.unwrap();
    let log = bench.sandbox.requests();
    let sent = log.iter().filter(|it| it.path.contains("/api/")).count() as u64;
    assert!(told.abs_diff(sent) <= told.div_ceil(10), "{told}, {sent}");
}
