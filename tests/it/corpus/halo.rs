//! What must hold for any bytes that HaloPSA may answer: shared by the corpus test and the fuzz targets.

use api_core::testing::{ManualClock, Scripted, ScriptedTransport};
use api_core::{RetryPolicy, SecretString};
use halopsa_api::{
    ClientId, HaloClient, LicenceId, ListClients, ListLicences, ListRecurringInvoices,
    error_message,
};
use std::future::Future;
use std::sync::Arc;

const TOKEN: &str =
    r#"{"scope":"all","token_type":"Bearer","access_token":"canary-token","expires_in":3600}"#;

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// A client whose every call is answered by these bytes.
fn answered(status: u16, bytes: &[u8]) -> HaloClient {
    let bytes = bytes.to_vec();
    let transport = ScriptedTransport::by(move |request| match request.uri().path() {
        "/auth/token" => Scripted::json(200, TOKEN),
        _ => Scripted::json(status, bytes.clone()),
    });
    HaloClient::builder(
        "http://127.0.0.1:9",
        "canary-id",
        SecretString::from("canary-secret"),
    )
    .token_url("http://127.0.0.1:9/auth/token")
    .transport(Arc::new(transport))
    .clock(Arc::new(ManualClock::default()))
    .retry(RetryPolicy::none())
    .build()
    .unwrap()
}

/// Any answer to a list is a list read to its end or an error that names the call, and shows no secret.
pub(crate) fn halo_lists(bytes: &[u8]) {
    let halo = answered(200, bytes);
    block_on(async {
        let licence = LicenceId::new(1);
        let invoices = ListRecurringInvoices::default();
        let failures = [
            halo.clients()
                .list(ListClients::default())
                .collect_all()
                .await
                .err(),
            halo.licences()
                .list(ListLicences::default())
                .collect_all()
                .await
                .err(),
            halo.recurring_invoices()
                .list(invoices)
                .collect_all()
                .await
                .err(),
            halo.licences().changes(licence).collect_all().await.err(),
            halo.external_links().collect_all().await.err(),
            halo.clients().get(ClientId::new(1)).await.err(),
            halo.licences().get(licence).await.err(),
            halo.reports().sql("SELECT 1 AS [one]").await.err(),
        ];
        for error in failures.into_iter().flatten() {
            assert!(error.operation().is_some(), "{error}");
            assert!(!error.to_string().contains('\n'), "{error}");
            assert!(!format!("{error:?} {error}").contains("canary"), "{error}");
        }
    });
}

/// The body of a failed call becomes at most one short line without control characters, and the call an error.
pub(crate) fn halo_errors(bytes: &[u8]) {
    if let Some(message) = error_message(bytes) {
        assert!(!message.trim().is_empty());
        assert!(!message.contains(char::is_control), "{message:?}");
        assert!(message.chars().count() <= 1_000, "{message:?}");
    }
    let halo = answered(400, bytes);
    let error = block_on(halo.clients().get(ClientId::new(1))).unwrap_err();
    assert_eq!(error.status().map(|status| status.as_u16()), Some(400));
    assert!(!error.to_string().contains(char::is_control), "{error}");
}
