//! The distributor's side of the Billing API: shapes, scope, identity, and the same figures as the customers' side.

use std::collections::BTreeMap;

use sandbox::{
    API_KEY, BillingWrapper, CONTRACTS, DISTRIBUTOR_API_KEY, DISTRIBUTOR_ID, Sandbox, Switches,
};
use serde_json::{Value, json};

use crate::http::{Answer, billing, send};
use crate::shape::assert_same_shape;

async fn start() -> Sandbox {
    Sandbox::builder().start().await.unwrap()
}

async fn call(sandbox: &Sandbox, id: &str, key: &str, operation: &str, rest: &str) -> Answer {
    let target = format!("/ws/rest/V2/Channel_UP_API/{operation}/{id}/{rest}");
    let headers = [("x-api-key", key), ("User-Agent", "test")];
    send(sandbox, "POST", &target, &headers, "{}")
        .await
        .unwrap()
}

async fn ask(sandbox: &Sandbox, operation: &str, rest: &str) -> Answer {
    call(
        sandbox,
        DISTRIBUTOR_ID,
        DISTRIBUTOR_API_KEY,
        operation,
        rest,
    )
    .await
}

/// The ids of the month's invoices, of every element of the outer array.
async fn invoice_ids(sandbox: &Sandbox) -> Vec<u64> {
    let body = ask(sandbox, "Invoices", "202610").await.json();
    let elements = body.as_array().unwrap().iter();
    let invoices = elements.flat_map(|one| one["Invoices"].as_array().unwrap());
    invoices
        .map(|one| one["InvoiceId"].as_u64().unwrap())
        .collect()
}

#[tokio::test]
async fn distributor_answers_have_the_shape_that_a_public_client_reads() {
    let sandbox = start().await;
    let sample = |name| match name {
        "Invoices" => include_str!("../samples/billing/channel_up_invoices.reconstructed.json"),
        "InvoiceDetails" => {
            include_str!("../samples/billing/channel_up_invoice_details.reconstructed.json")
        }
        _ => include_str!("../samples/billing/channel_up_usage_details_devices.reconstructed.json"),
    };
    let invoices = ask(&sandbox, "Invoices", "202610").await.json();
    assert_same_shape(&invoices, &[sample("Invoices")], &[], &[]);
    assert_eq!(
        invoices.as_array().unwrap().len(),
        2,
        "more than the first element matters"
    );
    let mut contracts = BTreeMap::new();
    for invoice in invoice_ids(&sandbox).await {
        let body = ask(&sandbox, "InvoiceDetails", &invoice.to_string())
            .await
            .json();
        assert_same_shape(&body, &[sample("InvoiceDetails")], &[], &[]);
        for contract in body["Contracts"].as_array().unwrap() {
            let key = contract["DistributorInternalSfdcAccountId"].clone();
            contracts.insert(contract["ContractId"].as_u64().unwrap(), key);
        }
    }
    let reseller = json!("RESELLER-0001");
    let expected = [
        (CONTRACTS[0], reseller.clone()),
        (CONTRACTS[1], reseller),
        (CONTRACTS[2], Value::Null),
    ];
    assert_eq!(contracts, BTreeMap::from(expected));
    let path = format!("202610/{}", CONTRACTS[2]);
    let body = ask(&sandbox, "UsageDetailsDevices", &path).await.json();
    let text_id = "$.Clients[].ClientId";
    let mut plain = body.clone();
    for client in plain["Clients"].as_array_mut().unwrap() {
        if client["ClientId"].is_string() {
            client["ClientId"] = 1.into();
        }
    }
    assert_same_shape(&plain, &[sample("UsageDetailsDevices")], &[], &[]);
    assert!(
        body["Clients"]
            .as_array()
            .unwrap()
            .iter()
            .any(|one| one["ClientId"].is_number()),
        "{text_id}"
    );
    assert_eq!(
        body["CommittedCharges"],
        json!([{"BillingServiceName": "Cove Data Protection | Additional Capacity", "Quantity": "120", "Price": "0.02"}])
    );
}

#[tokio::test]
async fn the_distributor_sees_the_same_figures_and_only_its_own_contracts() {
    let sandbox = start().await;
    let lines = |body: &Value| -> Vec<(Value, Value)> {
        let clients = body["Clients"].as_array().unwrap().iter();
        let devices = clients.flat_map(|one| one["Devices"].as_array().unwrap());
        devices
            .flat_map(|one| one["TotalByService"].as_array().unwrap())
            .map(|one| (one["BillingServiceName"].clone(), one["Quantity"].clone()))
            .collect()
    };
    let invoices = sandbox.edit(|world| world.invoices(202_610));
    for contract in &CONTRACTS[..3] {
        let invoice = invoices
            .iter()
            .find(|one| one.contracts.contains(contract))
            .unwrap();
        let rest = format!("202610/{contract}/{}", invoice.id);
        let theirs = billing(&sandbox, "PSAUsageDetailsDevices", &rest)
            .await
            .json();
        let rest = format!("202610/{contract}");
        let ours = ask(&sandbox, "UsageDetailsDevices", &rest).await.json();
        assert!(!lines(&ours).is_empty());
        assert_eq!(lines(&ours), lines(&theirs));
    }
    // The fourth contract was bought elsewhere; nor are unknown ids an error.
    for contract in [CONTRACTS[3], 1] {
        let rest = format!("202610/{contract}");
        let none = ask(&sandbox, "UsageDetailsDevices", &rest).await;
        assert_eq!(
            (none.status, none.json()),
            (200, json!({"BpAccountId": 12348}))
        );
    }
    let none = ask(&sandbox, "InvoiceDetails", "1").await;
    assert_eq!((none.status, none.json()), (200, json!({})));
    assert_eq!(ask(&sandbox, "Invoices", "203001").await.json(), json!([]));
    sandbox.set_switches(Switches {
        billing_wrapper: BillingWrapper::Wrapped,
        ..Switches::default()
    });
    let wrapped = ask(&sandbox, "InvoiceDetails", "1").await.json();
    assert_eq!(wrapped, json!({"InvoiceDetails": {}}));
}

#[tokio::test]
async fn a_distributor_needs_its_own_id_and_key() {
    let sandbox = start().await;
    for (id, key) in [
        (DISTRIBUTOR_ID, API_KEY),
        (sandbox::ACCOUNT_ID, DISTRIBUTOR_API_KEY),
        (DISTRIBUTOR_ID, ""),
    ] {
        for (operation, rest) in [
            ("Invoices", "202610"),
            ("InvoiceDetails", "1"),
            ("UsageDetailsDevices", "202610/238877"),
        ] {
            let answer = call(&sandbox, id, key, operation, rest).await;
            assert_eq!(answer.status, 401, "{id} {operation}");
        }
    }
    assert_eq!(ask(&sandbox, "Invoices", "202613").await.status, 400);
    let target = format!(
        "/ws/rest/V1/PSA_API/InvoicesReady/{}/202610",
        sandbox::ACCOUNT_ID
    );
    let headers = [("x-api-key", DISTRIBUTOR_API_KEY), ("User-Agent", "test")];
    let theirs = send(&sandbox, "POST", &target, &headers, "").await.unwrap();
    assert_eq!(theirs.status, 401);
}
