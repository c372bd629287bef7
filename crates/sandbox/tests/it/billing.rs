//! The Billing API: shapes, identity, soft failures, what each operation shows of the world.

use std::collections::BTreeMap;

use sandbox::{ACCOUNT_ID, API_KEY, BillingWrapper, CONTRACTS, Sandbox, Switches};
use serde_json::{Value, json};

use crate::http::{Answer, billing, send};
use crate::shape::assert_same_shape;

async fn start() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

#[tokio::test]
async fn invoices_have_the_documented_shape() {
    let sandbox = start().await;
    let body = billing(&sandbox, "InvoicesReady", "202610").await.json();
    assert_same_shape(
        &body,
        &[include_str!("../samples/billing/invoices_ready.seen.json")],
        &[],
        &[],
    );
    let invoices = body["InvoicesReady"].as_array().unwrap();
    assert_eq!(invoices.len(), 2);
    assert_eq!(invoices[0]["InvoiceDate"], "November  01, 2026");
    assert_eq!(invoices[0]["ActivityStartDate"], "2026-10-01");
    let contracts: Vec<_> = invoices[0]["Contracts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["ContractID"])
        .collect();
    assert_eq!(
        contracts,
        [
            &json!(CONTRACTS[0].to_string()),
            &json!(CONTRACTS[1].to_string())
        ]
    );
    assert!(invoices[1].get("Contracts").is_none());
    for invoice in invoices {
        assert_eq!(
            (&invoice["Status"], &invoice["ApprovalStatus"]),
            (&json!("CLOSED"), &json!("APPROVED"))
        );
    }
}

#[tokio::test]
async fn billable_services_have_the_documented_shape() {
    let sandbox = start().await;
    let body = billing(
        &sandbox,
        "PSABillableServices",
        &format!("202610/{}", CONTRACTS[0]),
    )
    .await
    .json();
    let sample = include_str!("../samples/billing/psa_billable_services.reconstructed.json");
    assert_same_shape(&body, &[sample], &[], &["$.TenantId"]);
    let services = body["Billable Services"].as_array().unwrap();
    assert!(
        services
            .iter()
            .any(|one| one["BillingServiceName"] == "Cove Data Protection | Additional Capacity")
    );
}

#[tokio::test]
async fn usage_details_have_the_documented_shape() {
    let sandbox = start().await;
    let invoice = sandbox.edit(|world| world.invoices(202_610)[0].id.clone());
    let path = format!("202610/{}/{invoice}", CONTRACTS[0]);
    let body = billing(&sandbox, "PSAUsageDetailsDevices", &path)
        .await
        .json();
    let sample = include_str!("../samples/billing/psa_usage_details_devices.reconstructed.json");
    assert_same_shape(&body, &[sample], &[], &[]);
    assert_eq!(body["TotalByContracts"][0]["InvoiceId"], invoice.as_str());
    for line in lines(&body) {
        let (quantity, price, amount) = (&line["Quantity"], &line["Price"], &line["Amount"]);
        if line["BillingServiceName"] == "Cove Data Protection | Server" {
            assert_eq!(
                (quantity, price, amount),
                (&json!("1"), &json!("20.5"), &json!("20.5"))
            );
        }
    }
}

#[tokio::test]
async fn usage_by_time_frame_has_the_documented_shape_and_no_prices() {
    let sandbox = start().await;
    let body = billing(&sandbox, "PSAUsageByTimeFrame", "202609")
        .await
        .json();
    let sample = include_str!("../samples/billing/psa_usage_by_timeframe.reconstructed.json");
    assert_same_shape(&body, &[sample], &[], &[]);
    let contracts = body["UsageDetailDevices"].as_array().unwrap();
    assert_eq!(contracts.len(), 4);
    assert_eq!(contracts[3]["ProductName"], "Example EDR product");
    assert_eq!(contracts[3]["PgaCode"], "0999");
    assert!(!body.to_string().contains("\"Price\""));
}

#[tokio::test]
async fn contract_c_bills_extra_storage_in_one_month() {
    let sandbox = start().await;
    let pool = |body: &Value, at: usize| {
        body["UsageDetailDevices"][at]["TotalByContracts"][0]["AdditionalCapacity"][0].clone()
    };
    let body = billing(&sandbox, "PSAUsageByTimeFrame", "202610")
        .await
        .json();
    assert_eq!(pool(&body, 2)["Quantity"], "120");
    assert_eq!(pool(&body, 0).get("Quantity"), None);
    assert!(
        pool(&body, 0)["AdditionalCapacity"]
            .as_str()
            .unwrap()
            .starts_with("-1830.47900000000")
    );
    let before = billing(&sandbox, "PSAUsageByTimeFrame", "202609")
        .await
        .json();
    assert_eq!(pool(&before, 2).get("Quantity"), None);
}

#[tokio::test]
async fn the_month_after_has_usage_and_no_invoice() {
    let sandbox = start().await;
    let invoices = billing(&sandbox, "InvoicesReady", "202611").await;
    assert_eq!(invoices.json(), json!({"InvoicesReady": []}));
    let usage = billing(&sandbox, "PSAUsageByTimeFrame", "202611")
        .await
        .json();
    assert!(lines(&usage["UsageDetailDevices"][0]).len() > 100);
}

#[tokio::test]
async fn a_month_nobody_knows_is_empty() {
    let sandbox = start().await;
    assert_eq!(
        billing(&sandbox, "InvoicesReady", "203001").await.json(),
        json!({"InvoicesReady": []})
    );
    let usage = billing(&sandbox, "PSAUsageByTimeFrame", "203001").await;
    assert_eq!(
        (usage.status, usage.json()),
        (200, json!({"UsageDetailDevices": []}))
    );
}

#[tokio::test]
async fn a_wrong_contract_or_invoice_fails_softly() {
    let sandbox = start().await;
    let services = billing(&sandbox, "PSABillableServices", "202610/999").await;
    assert_eq!(services.status, 200);
    let sample = include_str!(
        "../samples/billing/psa_billable_services.invalid_contract.reconstructed.json"
    );
    assert_same_shape(&services.json(), &[sample], &[], &[]);
    for path in [
        "202610/999/1",
        &format!("202610/{}/1", CONTRACTS[0]),
        "202610/abc/x",
    ] {
        let usage = billing(&sandbox, "PSAUsageDetailsDevices", path).await;
        assert_eq!(usage.status, 200, "{path}");
        assert!(usage.json().get("Clients").is_none(), "{path}");
    }
}

#[tokio::test]
async fn callers_must_post_with_key_agent_and_account() {
    let sandbox = start().await;
    let target = format!("/ws/rest/V1/PSA_API/InvoicesReady/{ACCOUNT_ID}/202610");
    let agent = ("User-Agent", "test");
    let call = async |method, target: &str, headers: &[(&str, &str)]| -> Answer {
        send(&sandbox, method, target, headers, "").await.unwrap()
    };
    assert_eq!(
        call("GET", &target, &[agent, ("x-api-key", API_KEY)])
            .await
            .status,
        405
    );
    assert_eq!(
        call("POST", &target, &[("x-api-key", API_KEY)])
            .await
            .status,
        403
    );
    let blocked = ("User-Agent", "python-requests/2.32");
    assert_eq!(
        call("POST", &target, &[blocked, ("x-api-key", API_KEY)])
            .await
            .status,
        403
    );
    let wrong = call("POST", &target, &[agent, ("x-api-key", "wrong")]).await;
    assert_eq!((wrong.status, wrong.body.as_str()), (401, "Unauthorized"));
    assert_eq!(call("POST", &target, &[agent]).await.status, 401);
    let lower = target.replace(ACCOUNT_ID, &ACCOUNT_ID.to_lowercase());
    assert_eq!(
        call("POST", &lower, &[agent, ("x-api-key", API_KEY)])
            .await
            .status,
        401
    );
    let month = target.replace("202610", "202613");
    assert_eq!(
        call("POST", &month, &[agent, ("x-api-key", API_KEY)])
            .await
            .status,
        400
    );
    let unknown = target.replace("InvoicesReady", "Nothing");
    assert_eq!(
        call("POST", &unknown, &[agent, ("x-api-key", API_KEY)])
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn the_wrapper_switch_wraps_bare_answers() {
    let sandbox = start().await;
    let path = format!("202610/{}", CONTRACTS[0]);
    let bare = billing(&sandbox, "PSABillableServices", &path).await.json();
    let switched = |billing_wrapper| Switches {
        billing_wrapper,
        ..Switches::default()
    };
    sandbox.set_switches(switched(BillingWrapper::Wrapped));
    let wrapped = billing(&sandbox, "PSABillableServices", &path).await.json();
    assert_eq!(wrapped, json!({"PSABillableServices": bare}));
    sandbox.set_switches(switched(BillingWrapper::Array));
    let array = billing(&sandbox, "PSABillableServices", &path).await.json();
    assert_eq!(array, json!([bare]));
}

#[tokio::test]
async fn ids_and_quantities_come_as_text_and_as_numbers() {
    let sandbox = start().await;
    let details = {
        let invoice = sandbox.edit(|world| world.invoices(202_610)[0].id.clone());
        let path = format!("202610/{}/{invoice}", CONTRACTS[0]);
        billing(&sandbox, "PSAUsageDetailsDevices", &path)
            .await
            .json()
    };
    let by_time = billing(&sandbox, "PSAUsageByTimeFrame", "202610")
        .await
        .json();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (answer, name) in [
        (&details, "details"),
        (&by_time["UsageDetailDevices"][0], "by time frame"),
    ] {
        let ids = answer["Clients"]
            .as_array()
            .unwrap()
            .iter()
            .map(|client| &client["ClientId"]);
        let numbers = ids.filter(|id| id.is_number()).count();
        assert!(
            numbers > 0 && numbers < answer["Clients"].as_array().unwrap().len(),
            "{name}"
        );
        kinds.insert(
            name,
            lines(answer)
                .iter()
                .filter(|line| line["Quantity"].is_number())
                .count(),
        );
    }
    assert_eq!(kinds["details"], 0);
    assert!(kinds["by time frame"] > 0);
}

#[tokio::test]
async fn both_usage_operations_tell_the_same_quantities() {
    let sandbox = start().await;
    let by_time = billing(&sandbox, "PSAUsageByTimeFrame", "202610")
        .await
        .json();
    let invoices = sandbox.edit(|world| world.invoices(202_610));
    for (at, contract) in CONTRACTS[..3].iter().enumerate() {
        let invoice = invoices
            .iter()
            .find(|invoice| invoice.contracts.contains(contract))
            .unwrap();
        let path = format!("202610/{contract}/{}", invoice.id);
        let details = billing(&sandbox, "PSAUsageDetailsDevices", &path)
            .await
            .json();
        let sums = |answer: &Value| -> Vec<(String, String)> {
            let text = |value: &Value| {
                value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned)
            };
            lines(answer)
                .iter()
                .map(|line| (text(&line["BillingServiceName"]), text(&line["Quantity"])))
                .collect()
        };
        assert_eq!(sums(&details), sums(&by_time["UsageDetailDevices"][at]));
    }
}

/// All usage lines of one contract's answer.
fn lines(answer: &Value) -> Vec<&Value> {
    let clients = answer["Clients"].as_array().unwrap().iter();
    let devices = clients.flat_map(|client| client["Devices"].as_array().unwrap());
    devices
        .flat_map(|device| device["TotalByService"].as_array().unwrap())
        .collect()
}
