//! The last mile against an independent witness: the sandbox knows what is wrong with each of its lines.

use crate::harness::{Bench, approval, october};
use cove_halo::{ExitCode, LintOutcome};
use std::collections::BTreeSet;

type Row = (serde_json::Value, i64, i64, Option<i64>);

fn found(outcome: &LintOutcome) -> Vec<Row> {
    outcome
        .findings
        .iter()
        .map(|finding| {
            (
                finding.kind.word().into(),
                finding.client_id.unwrap().get(),
                finding.licence_id.unwrap().get(),
                finding.line_id.map(halopsa_api::InvoiceLineId::get),
            )
        })
        .collect()
}

fn expected(bench: &Bench, only: impl Fn(i64) -> bool) -> Vec<Row> {
    bench
        .sandbox
        .expected_lint()
        .into_iter()
        .filter(|one| only(one.licence_id))
        .map(|one| {
            (
                serde_json::to_value(one.kind).unwrap(),
                one.client_id,
                one.licence_id,
                one.line_id,
            )
        })
        .collect()
}

#[tokio::test]
async fn without_a_state_every_subscription_of_a_billed_name_is_judged_as_the_witness_does() {
    let bench = Bench::new().await;
    let outcome = bench.service().lint(&october()).await.unwrap();
    let expected = expected(&bench, |_| true);
    assert_eq!(expected.len(), 8, "one of each kind is seeded");
    assert_eq!(found(&outcome), expected);
    assert_eq!(outcome.exit_code(), ExitCode::Exceptions);
    assert_eq!(bench.committed(), 0);
    assert!(!bench.state().exists());
}

#[tokio::test]
async fn with_a_state_it_is_about_what_is_kept_and_new_subscriptions_have_no_line_yet() {
    let bench = Bench::new().await;
    let service = bench.service();
    let synced = service.sync(&october(), approval()).await.unwrap();
    bench.sandbox.clear_requests();
    let outcome = service.lint(&october()).await.unwrap();
    let kept: BTreeSet<i64> = {
        let expected = bench.sandbox.expected(crate::harness::PERIOD).subscriptions;
        let keys: BTreeSet<(i64, String)> = expected
            .into_iter()
            .map(|one| (one.client_id, one.name))
            .collect();
        bench
            .sandbox
            .subscriptions()
            .into_iter()
            .filter(|one| keys.contains(&(one.client_id, one.name.clone())))
            .map(|one| one.id)
            .collect()
    };
    assert_eq!(found(&outcome), expected(&bench, |id| kept.contains(&id)));
    let made = synced.plan.summary().create;
    let without_line = outcome.by_kind()[&cove_halo::LintKind::NoLine];
    assert_eq!(without_line, made + 1, "one is seeded without");
    // Licences and recurring invoices, a page of 100 each; the token is there already.
    let requests = bench.sandbox.requests();
    assert!(requests.len() <= 6, "{}", requests.len());
    assert!(
        requests
            .iter()
            .all(|request| request.method == "GET" && request.service == sandbox::Service::Halo)
    );
}

#[tokio::test]
async fn findings_go_when_the_lines_are_put_right() {
    let bench = Bench::new().await;
    let service = bench.service();
    for one in bench.sandbox.expected_lint() {
        bench.sandbox.edit(|world| match one.line_id {
            Some(line) => {
                world.edit_invoice_line(line, |line| {
                    line.inactive = one.kind == sandbox::LintKind::InactiveSubscription;
                    line.quantity_type = 4;
                    line.price = 1000.into();
                    line.subscriptions[0].pro_rata = 0;
                });
            }
            None if one.kind == sandbox::LintKind::NoLine => {
                world.add_invoice_line(one.licence_id);
            }
            None => {
                let lines = world.recurring_invoices();
                let twice = lines
                    .iter()
                    .flat_map(|invoice| &invoice.lines)
                    .find(|line| line.subscriptions[0].licence_id == one.licence_id)
                    .unwrap();
                world.edit_invoice_line(twice.id, |line| line.inactive = true);
            }
        });
    }
    assert_eq!(bench.sandbox.expected_lint(), []);
    let outcome = service.lint(&october()).await.unwrap();
    assert_eq!(outcome.findings, []);
    assert!(outcome.checked > 50, "{}", outcome.checked);
    assert_eq!(outcome.exit_code(), ExitCode::Done);
}
