//! Numbers explained, and what people changed since, against the sandbox.

use crate::harness::{Bench, PERIOD, SERVER, approval, october};
use billing_sync::plan::ChangeKind;
use cove_halo::{ExitCode, Service, WhyFrom, WhyOutcome, WhyRequest};
use rust_decimal::Decimal;

fn question(who: &str, from: WhyFrom) -> WhyRequest {
    WhyRequest {
        who: who.to_owned(),
        service: None,
        from,
    }
}

async fn newest(service: &Service, who: &str) -> WhyOutcome {
    service
        .why(&question(who, WhyFrom::NewestRun))
        .await
        .unwrap()
}

#[tokio::test]
async fn every_number_the_judge_expects_is_explained_down_to_its_devices() {
    let bench = Bench::new().await;
    let service = bench.service();
    let synced = service.sync(&october(), approval()).await.unwrap();
    bench.sandbox.clear_requests();
    for want in bench.sandbox.expected(PERIOD).subscriptions {
        let found = newest(&service, &format!("client:{}", want.client_id)).await;
        let row = found
            .why
            .subscriptions
            .iter()
            .find(|row| row.change.name == want.name)
            .unwrap();
        assert_eq!(row.change.after, want.count);
        assert!(row.proved, "{row:?}");
        assert_eq!(
            row.steps.last().unwrap().value,
            Decimal::from(want.count),
            "{row:?}"
        );
        for source in &row.change.sources {
            let devices: Decimal = source.devices.iter().map(|device| device.quantity).sum();
            if !source.devices.is_empty() {
                assert_eq!(devices, source.quantity, "{source:?}");
            }
        }
        assert_eq!(found.plan_id, *synced.plan.id());
    }
    assert_eq!(bench.sandbox.requests(), [], "it asks nobody");
}

#[tokio::test]
async fn a_count_that_stayed_is_explained_by_the_newest_run() {
    let bench = Bench::new().await;
    let service = bench.service();
    service.sync(&october(), approval()).await.unwrap();
    service.sync(&october(), approval()).await.unwrap();
    let want = &bench.sandbox.expected(PERIOD).subscriptions[0];
    let found = newest(&service, &format!("client:{}", want.client_id)).await;
    let row = &found.why.subscriptions[0];
    assert_eq!((row.change.kind, row.outcome), (ChangeKind::Keep, None));
    assert!(!row.change.sources.is_empty());
    let document = found.to_json();
    assert_eq!(document["schema"], 1);
    assert_eq!(document["client_id"], want.client_id);
    assert_eq!(document["period"], "202610");
    assert_eq!(document["source"]["kind"], "run");
    assert_eq!(document["source"]["status"], "nothing");
}

#[tokio::test]
async fn a_plan_explains_before_anything_is_applied() {
    let bench = Bench::new().await;
    let service = bench.service();
    let plan = service.plan(&october()).await.unwrap();
    let change = plan
        .changes()
        .iter()
        .find(|change| change.name == SERVER)
        .unwrap()
        .clone();
    let customer = change.sources[0].customer_id.clone();
    let mut request = question(
        &format!("customer:{customer}"),
        WhyFrom::Plan(Box::new(plan)),
    );
    request.service = Some("Server".to_owned());
    let found = service.why(&request).await.unwrap();
    let [row] = found.why.subscriptions.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(row.change, change);
    assert_eq!(found.run, None);
    assert_eq!(found.to_json()["source"]["kind"], "plan");
    assert!(!bench.state().exists());
}

#[tokio::test]
async fn a_customer_that_matched_nobody_is_explained_by_its_exception() {
    let bench = Bench::new().await;
    let service = bench.service();
    let synced = service.sync(&october(), approval()).await.unwrap();
    let unmatched = synced
        .plan
        .exceptions()
        .iter()
        .find(|it| it.kind.word() == "unmatched_customer" && it.customer_id.is_some())
        .unwrap();
    let id = unmatched.customer_id.clone().unwrap();
    let found = newest(&service, id.as_str()).await;
    assert!(found.why.exceptions.contains(unmatched));
    assert_eq!(found.why.subscriptions, []);
    assert_eq!(found.why.client_id, None);
}

#[tokio::test]
async fn what_cannot_be_found_or_is_not_clear_is_usage_and_says_what_to_do() {
    let bench = Bench::new().await;
    let service = bench.service();
    for from in [WhyFrom::NewestRun, WhyFrom::Run("no-run".into())] {
        let early = service.why(&question("1", from)).await.unwrap_err();
        assert_eq!(early.exit_code(), ExitCode::Usage);
        assert!(early.hint().unwrap().contains("--plan"), "{early:?}");
    }
    let synced = service.sync(&october(), approval()).await.unwrap();
    let name = &synced.plan.changes()[0].client_name;
    for who in ["999999", name, "client:x", "customer:", ""] {
        let error = service
            .why(&question(who, WhyFrom::NewestRun))
            .await
            .unwrap_err();
        assert_eq!(error.exit_code(), ExitCode::Usage, "{who}: {error:?}");
        assert!(error.hint().is_some(), "{who}");
    }
    let error = service
        .why(&question("1", WhyFrom::Run("no-run".into())))
        .await
        .unwrap_err();
    assert!(error.message().contains("no-run"));
}

#[tokio::test]
async fn a_number_that_is_a_client_and_another_clients_customer_is_not_guessed_at() {
    let bench = Bench::new().await;
    let twin = bench.sandbox.edit(|world| {
        let first = world.add_client("First", "first");
        world.add_client("Second", first.to_string());
        let contract = sandbox::CONTRACTS[0];
        let units = sandbox::Milli::units(1);
        world.add_usage(PERIOD, contract, ("first", "First"), SERVER, units);
        world.add_usage(
            PERIOD,
            contract,
            (&first.to_string(), "Second"),
            SERVER,
            units,
        );
        first
    });
    let service = bench.service();
    let plan = Box::new(service.plan(&october()).await.unwrap());
    let ask = |who: String| question(&who, WhyFrom::Plan(plan.clone()));
    let error = service.why(&ask(twin.to_string())).await.unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Usage);
    assert!(error.hint().unwrap().contains(&format!("client:{twin}")));
    let client = service.why(&ask(format!("client:{twin}"))).await.unwrap();
    assert_eq!(client.why.client_name, "First");
    let customer = service.why(&ask(format!("customer:{twin}"))).await.unwrap();
    assert_eq!(customer.why.client_name, "Second");
}

#[tokio::test]
async fn drift_tells_who_was_edited_and_writes_nothing() {
    let bench = Bench::new().await;
    let service = bench.service();
    let early = service.drift().await.unwrap_err();
    assert_eq!(early.exit_code(), ExitCode::Usage);
    let run = service.sync(&october(), approval()).await.unwrap();
    let run = run.run.unwrap().report;
    let none = service.drift().await.unwrap();
    assert_eq!(none.exit_code(), ExitCode::Done);
    assert!(none.checked >= run.changes.len());
    assert_eq!(none.agreeing, none.checked);

    let record = &run.changes[0];
    let id = record.written_id.unwrap().get();
    bench.sandbox.edit(|world| world.set_count(id, 4711));
    bench.sandbox.clear_requests();
    let drift = service.drift().await.unwrap();
    assert_eq!(drift.exit_code(), ExitCode::Drift);
    assert_eq!(bench.committed(), 0);
    let document = drift.to_json();
    assert_eq!(document["drifted"], 1);
    let difference = &document["differences"][0];
    assert_eq!(difference["what"], "edited");
    assert_eq!(difference["found"], "4711");
    assert_eq!(difference["planned"], record.change.after.to_string());
    assert_eq!(difference["client_name"], record.change.client_name);
    assert_eq!(difference["period"], "202610");

    service.sync(&october(), approval()).await.unwrap();
    assert_eq!(service.drift().await.unwrap().drifted, []);
}
