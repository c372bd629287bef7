//! What faults do to the billing client: a typed error whichever way it is asked, or a repeat that changes no figure.

use crate::cove_contract::{billed, gathered, month, normal, of_totals, seeded, truth};
use api_core::{Error, ErrorKind};
use cove_api::billing::{BillingClient, ContractId, InvoiceId, TotalsOptions};
use sandbox::{BillingWrapper, Fault, FaultKind, Service, When};

/// What a lasting fault comes to, for every way of asking.
async fn failures(
    client: &BillingClient,
    contract: &ContractId,
    invoice: &InvoiceId,
) -> Vec<Error> {
    let options = TotalsOptions::default();
    let stream = async {
        let stream = client.stream_usage_by_timeframe(month()).await?;
        gathered(stream).await
    };
    vec![
        client.invoices_ready(month()).await.unwrap_err(),
        client
            .billable_services(month(), contract)
            .await
            .unwrap_err(),
        client
            .usage_details(month(), contract, invoice)
            .await
            .unwrap_err(),
        client
            .total_usage_details(month(), contract, invoice, options)
            .await
            .unwrap_err(),
        client.usage_by_timeframe(month()).await.unwrap_err(),
        client
            .total_usage_by_timeframe(month(), options)
            .await
            .unwrap_err(),
        stream.await.unwrap_err(),
    ]
}

#[tokio::test]
async fn a_lasting_fault_is_a_typed_error_whichever_way_it_is_asked() {
    for (kind, expected) in [
        (
            FaultKind::TruncatedBody,
            &[ErrorKind::Transport, ErrorKind::Incomplete][..],
        ),
        (FaultKind::Html200, &[ErrorKind::Decode]),
        (FaultKind::ResetAfterCommit, &[ErrorKind::Transport]),
        (
            FaultKind::MalformedJson,
            &[ErrorKind::Decode, ErrorKind::Incomplete],
        ),
        (FaultKind::Status(503), &[ErrorKind::Status]),
        (
            FaultKind::TooManyRequests {
                retry_after: Some(7),
            },
            &[ErrorKind::RateLimited],
        ),
    ] {
        let (sandbox, client) = seeded(BillingWrapper::Bare).await;
        let (contract, invoice) = billed(&client).await.remove(0);
        sandbox.set_faults(vec![Fault::new(When::Always, kind.clone())]);
        for error in failures(&client, &contract, &invoice).await {
            let operation = error.operation().map(str::to_owned);
            assert!(operation.is_some(), "{kind:?}: {error}");
            assert!(
                expected.contains(&error.kind()),
                "{kind:?} {operation:?}: {:?} {error}",
                error.kind()
            );
            assert!(!format!("{error:?}").contains(sandbox::API_KEY));
        }
    }
}

#[tokio::test]
async fn a_passing_fault_costs_a_repeat_and_changes_no_figure() {
    for kind in [
        FaultKind::TruncatedBody,
        FaultKind::ResetBeforeCommit,
        FaultKind::ResetAfterCommit,
        FaultKind::Status(502),
        FaultKind::TooManyRequests { retry_after: None },
        FaultKind::Latency(2),
        FaultKind::Drip,
    ] {
        let (sandbox, client) = seeded(BillingWrapper::Bare).await;
        let when = When::NthOf {
            service: Service::Billing,
            path_contains: "PSAUsageByTimeFrame".to_owned(),
            nth: 1,
        };
        sandbox.set_faults(vec![Fault::new(when, kind.clone())]);
        let options = TotalsOptions::default();
        let (totals, _) = client
            .total_usage_by_timeframe(month(), options)
            .await
            .unwrap();
        let requests = sandbox.requests().len();
        let harmless = matches!(kind, FaultKind::Latency(_) | FaultKind::Drip);
        assert_eq!(requests, if harmless { 1 } else { 2 }, "{kind:?}");
        assert_eq!(
            normal(&of_totals(&totals)),
            normal(&truth(&sandbox)),
            "{kind:?}"
        );
    }
}
